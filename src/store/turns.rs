//! Turns of a connection's request rate, for all processes together.
//! Comes in: how far apart two requests must be. Goes out: the moment of the caller's own turn, or how long it would have to wait.

use super::pool::{AnyConnection, each_backend};
use super::schema::turns;
use super::{Result, Store};
use crate::model::ids::ConnectionId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The turn is the caller's: so long until then.
    In(Duration),
    /// No turn was taken, because it would have come only after this time.
    TooLate(Duration),
}

impl Store {
    /// Whether other processes may use the same database.
    pub fn is_shared(&self) -> bool {
        self.0.database.is_shared()
    }

    /// Takes the next turn, when it comes within `patience`.
    pub async fn take_turn(
        &self,
        connection: &ConnectionId,
        between: Duration,
        patience: Duration,
        now: DateTime<Utc>,
    ) -> Result<Turn> {
        let (id, now) = (connection.clone(), now.timestamp_micros());
        self.write_soon(move |connection| {
            let first = (turns::connection_id.eq(id.as_str()), turns::next_at.eq(now));
            each_backend!(connection, c => {
                diesel::insert_into(turns::table).values(first).on_conflict_do_nothing().execute(c)
            })?;
            let own = turns::table.filter(turns::connection_id.eq(id.as_str())).select(turns::next_at);
            let free: i64 = match connection {
                AnyConnection::Sqlite(sqlite) => own.first(sqlite)?,
                #[cfg(feature = "postgres")]
                AnyConnection::Postgres(postgres) => own.for_update().first(postgres)?,
            };
            let turn = free.max(now);
            let wait = Duration::from_micros(turn.abs_diff(now));
            if wait > patience {
                return Ok(Turn::TooLate(wait));
            }
            let between = i64::try_from(between.as_micros()).unwrap_or(i64::MAX);
            let target = turns::table.filter(turns::connection_id.eq(id.as_str()));
            diesel::update(target).set(turns::next_at.eq(turn.saturating_add(between))).execute(connection)?;
            Ok(Turn::In(wait))
        })
        .await
    }
}
