//! The recorded writes to employer systems, so that no write is made twice.

use super::pool::AnyConnection;
use super::prepared::load_for_keys;
use super::schema::ledger;
use super::text::{clean, time_text};
use super::transaction::write_rows;
use super::{Result, Store, StoreError};
use crate::model::ids::{ConnectionId, EventId};
use crate::model::ledger::{LedgerEntry, LedgerState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::{BTreeMap, HashMap};

const STARTED: &str = "started";
const DONE: &str = "done";
const REFUSED: &str = "refused";

#[derive(Insertable)]
#[diesel(table_name = ledger, treat_none_as_default_value = false)]
pub(super) struct Row {
    connection_id: String,
    event_id: String,
    step: String,
    state: &'static str,
    remote_id: Option<String>,
    request_digest: String,
    updated_at: String,
}

impl Row {
    pub(super) fn of(connection: &ConnectionId, event: &EventId, step: &str, entry: &LedgerEntry, now: DateTime<Utc>) -> Self {
        let state = match entry.state {
            LedgerState::Started => STARTED,
            LedgerState::Done => DONE,
            LedgerState::Refused => REFUSED,
        };
        Self {
            connection_id: connection.0.clone(),
            event_id: event.0.clone(),
            step: step.to_owned(),
            state,
            remote_id: entry.remote_id.as_deref().map(clean),
            request_digest: entry.request_digest.clone(),
            updated_at: time_text(now),
        }
    }
}

impl Store {
    pub async fn ledger_entry(&self, connection: &ConnectionId, event: &EventId, step: &str) -> Result<Option<LedgerEntry>> {
        let (id, event, step) = (connection.clone(), event.clone(), step.to_owned());
        self.read(move |connection| {
            let mut found = of_events(connection, id.as_str(), &[event.as_str()])?;
            Ok(found.remove(event.as_str()).and_then(|mut entries| entries.remove(&step)))
        })
        .await
    }

    /// Writes or replaces the entry of the step.
    pub async fn put_ledger_entry(
        &self,
        connection: &ConnectionId,
        event: &EventId,
        step: &str,
        entry: &LedgerEntry,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let row = Row::of(connection, event, step, entry, now);
        self.write(move |connection| put(connection, vec![row])).await
    }
}

/// Event → step → entry.
pub(super) fn of_events(
    connection: &mut AnyConnection,
    id: &str,
    events: &[&str],
) -> Result<HashMap<String, BTreeMap<String, LedgerEntry>>> {
    let mut found: HashMap<String, BTreeMap<String, LedgerEntry>> = HashMap::new();
    if events.is_empty() {
        return Ok(found);
    }
    let rows: Vec<(String, String, String, Option<String>, String)> = load_for_keys!(
        connection,
        events,
        ledger::table.filter(ledger::connection_id.eq(id)).filter(ledger::event_id.eq_any(events)).select((
            ledger::event_id,
            ledger::step,
            ledger::state,
            ledger::remote_id,
            ledger::request_digest
        ))
    )?;
    for (event, step, state, remote_id, request_digest) in rows {
        let state = match state.as_str() {
            STARTED => LedgerState::Started,
            DONE => LedgerState::Done,
            REFUSED => LedgerState::Refused,
            _ => return Err(StoreError::Internal("a ledger entry can't be read".to_owned())),
        };
        found.entry(event).or_default().insert(step, LedgerEntry { state, remote_id, request_digest });
    }
    Ok(found)
}

/// Writes or replaces entries; each step of an event at most once.
pub(super) fn put(connection: &mut AnyConnection, rows: Vec<Row>) -> Result<()> {
    write_rows!(connection, rows, |rows| {
        let values = (
            ledger::state.eq(excluded(ledger::state)),
            ledger::remote_id.eq(excluded(ledger::remote_id)),
            ledger::request_digest.eq(excluded(ledger::request_digest)),
            ledger::updated_at.eq(excluded(ledger::updated_at)),
        );
        diesel::insert_into(ledger::table)
            .values(rows)
            .on_conflict((ledger::connection_id, ledger::event_id, ledger::step))
            .do_update()
            .set(values)
    });
    Ok(())
}
