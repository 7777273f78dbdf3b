//! The circuit breakers of connections, for all processes together. A connection whose last answer was good has no row.
//! Comes in: what attempts showed of the system. Goes out: whether deliveries may be claimed now.
//! Whoever notes something holds the lanes of its attempts; lanes of others are told only when nobody has locked them.

use super::lanes::{self, State};
use super::pool::{AnyConnection, each_backend};
use super::schema::{breakers, lanes as lane_table};
use super::text::{json_text, parse_json, time_text};
use super::{Result, Store, connections};
use crate::model::breaker::{Breaker, PROBE, Permit, Sign};
use crate::model::ids::{CandidateRef, ConnectionId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::BTreeMap;

/// Lanes that are woken at once when the system is back; the others wait until their own time.
const MOST_WOKEN: i64 = 5_000;

impl Store {
    /// The breakers of these connections; those of systems that answer well are missing.
    pub async fn breakers(&self, ids: &[ConnectionId]) -> Result<BTreeMap<ConnectionId, Breaker>> {
        let ids: Vec<String> = ids.iter().map(|id| id.0.clone()).collect();
        self.read(move |connection| {
            let rows: Vec<(String, String)> = breakers::table
                .filter(breakers::connection_id.eq_any(ids))
                .select((breakers::connection_id, breakers::state))
                .load(connection)?;
            rows.into_iter().map(|(id, state)| Ok((ConnectionId(id), parse_json(&state)?))).collect()
        })
        .await
    }
}

fn breaker(connection: &mut AnyConnection, id: &str) -> Result<Option<Breaker>> {
    let found: Option<String> = each_backend!(connection, c => {
        breakers::table.filter(breakers::connection_id.eq(id)).select(breakers::state).first(c).optional()
    })?;
    found.map(|state| parse_json(&state)).transpose()
}

/// Whether deliveries of the connection may be claimed now.
pub(super) fn permit(connection: &mut AnyConnection, id: &str, now: DateTime<Utc>) -> Result<Permit> {
    Ok(breaker(connection, id)?.map_or(Permit::All, |breaker| breaker.permit(now)))
}

/// Of the lanes with work, the first tries whether the system is back; the others wait.
pub(super) fn keep_one(
    connection: &mut AnyConnection,
    id: &str,
    states: &mut BTreeMap<String, State>,
    now: DateTime<Utc>,
) -> Result<()> {
    let with_work = states.values_mut().filter(|state| matches!(state, State::Work(_)));
    let (mut tries, until) = (false, now + PROBE);
    for state in with_work {
        if tries {
            *state = State::NotDue(until);
        }
        tries = true;
    }
    let Some(mut breaker) = breaker(connection, id)?.filter(|_| tries) else { return Ok(()) };
    breaker.resting_until = Some(until);
    put(connection, id, &breaker)
}

/// Notes what attempts showed of the system, in their order. Pauses a connection that needs a person.
pub(super) fn note(connection: &mut AnyConnection, id: &str, signs: &[(&CandidateRef, &Sign, DateTime<Utc>)]) -> Result<()> {
    let before = breaker(connection, id)?;
    let mut now = before.clone().unwrap_or_default();
    let mut pause = None;
    for (about, sign, at) in signs {
        pause = now.note(sign, about, *at, rand::random()).map(|why| (why, *at)).or(pause);
    }
    let is_well = now == Breaker::default();
    match before {
        None if is_well => {}
        Some(before) if is_well => {
            close(connection, id)?;
            if let Some((.., at)) = signs.last().filter(|_| before.resting_until.is_some()) {
                wake(connection, id, *at)?;
            }
        }
        _ => put(connection, id, &now)?,
    }
    match pause {
        None => Ok(()),
        Some((why, at)) => connections::pause(connection, id, &why, at),
    }
}

/// Forgets what was noted: a person resumed or changed the connection.
pub(super) fn reset(connection: &mut AnyConnection, id: &str, now: DateTime<Utc>) -> Result<()> {
    if breaker(connection, id)?.is_some() {
        close(connection, id)?;
        wake(connection, id, now)?;
    }
    Ok(())
}

fn close(connection: &mut AnyConnection, id: &str) -> Result<()> {
    diesel::delete(breakers::table.filter(breakers::connection_id.eq(id))).execute(connection)?;
    Ok(())
}

fn put(connection: &mut AnyConnection, id: &str, breaker: &Breaker) -> Result<()> {
    let state = json_text(breaker)?;
    let row = (breakers::connection_id.eq(id), breakers::state.eq(&state));
    each_backend!(connection, c => {
        diesel::insert_into(breakers::table)
            .values(row)
            .on_conflict(breakers::connection_id)
            .do_update()
            .set(breakers::state.eq(&state))
            .execute(c)
    })?;
    Ok(())
}

/// Lanes that wait for the system are looked at now.
fn wake(connection: &mut AnyConnection, id: &str, now: DateTime<Utc>) -> Result<()> {
    let sleeping = lane_table::table
        .filter(lane_table::connection_id.eq(id))
        .filter(lane_table::holder.is_null())
        .filter(lane_table::look_at.gt(time_text(now)))
        .order(lane_table::look_at.asc())
        .limit(MOST_WOKEN)
        .select(lane_table::candidate_ref);
    let sleeping: Vec<String> = match connection {
        AnyConnection::Sqlite(sqlite) => sleeping.load(sqlite)?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => sleeping.for_update().skip_locked().load(postgres)?,
    };
    lanes::let_go(connection, id, &sleeping, now)
}
