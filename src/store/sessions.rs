//! Sessions that a person ended. The pages' cookie holds its session; an ended session is noted here until the cookie's own end, so that
//! no copy of it is good for anything.

use super::pool::each_backend;
use super::schema::ended_sessions;
use super::text::time_text;
use super::{Result, Store};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

impl Store {
    /// `ends_at`: when the cookie ends by itself. Ending a session twice changes nothing.
    pub async fn end_session(&self, id: &str, ends_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
        let id = id.to_owned();
        self.write(move |connection| {
            diesel::delete(ended_sessions::table.filter(ended_sessions::ends_at.lt(time_text(now)))).execute(connection)?;
            let row = (ended_sessions::id.eq(&id), ended_sessions::ends_at.eq(time_text(ends_at)));
            each_backend!(connection, c => diesel::insert_into(ended_sessions::table).values(row).on_conflict_do_nothing().execute(c))?;
            Ok(())
        })
        .await
    }

    pub async fn is_session_ended(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.read(move |connection| {
            let found: i64 = ended_sessions::table.filter(ended_sessions::id.eq(id)).count().get_result(connection)?;
            Ok(found > 0)
        })
        .await
    }
}
