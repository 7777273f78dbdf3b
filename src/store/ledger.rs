//! The recorded writes to employer systems, so that no write is made twice.

use super::pool::each_backend;
use super::schema::ledger;
use super::text::{clean, time_text};
use super::{Result, Store, StoreError};
use crate::model::ids::{ConnectionId, EventId};
use crate::model::ledger::{LedgerEntry, LedgerState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

const STARTED: &str = "started";
const DONE: &str = "done";
const REFUSED: &str = "refused";

impl Store {
    pub async fn ledger_entry(&self, connection: &ConnectionId, event: &EventId, step: &str) -> Result<Option<LedgerEntry>> {
        let (id, event, step) = (connection.clone(), event.clone(), step.to_owned());
        self.read(move |connection| {
            let found: Option<(String, Option<String>, String)> = ledger::table
                .filter(ledger::connection_id.eq(id.as_str()))
                .filter(ledger::event_id.eq(event.as_str()))
                .filter(ledger::step.eq(&step))
                .select((ledger::state, ledger::remote_id, ledger::request_digest))
                .first(connection)
                .optional()?;
            let Some((state, remote_id, request_digest)) = found else { return Ok(None) };
            let state = match state.as_str() {
                STARTED => LedgerState::Started,
                DONE => LedgerState::Done,
                REFUSED => LedgerState::Refused,
                _ => return Err(StoreError::Internal("a ledger entry can't be read".to_owned())),
            };
            Ok(Some(LedgerEntry { state, remote_id, request_digest }))
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
        let (id, event, step, entry) = (connection.clone(), event.clone(), step.to_owned(), entry.clone());
        self.write(move |connection| {
            let state = match entry.state {
                LedgerState::Started => STARTED,
                LedgerState::Done => DONE,
                LedgerState::Refused => REFUSED,
            };
            let values = (
                ledger::state.eq(state),
                ledger::remote_id.eq(entry.remote_id.as_deref().map(clean)),
                ledger::request_digest.eq(&entry.request_digest),
                ledger::updated_at.eq(time_text(now)),
            );
            let key = (ledger::connection_id.eq(id.as_str()), ledger::event_id.eq(event.as_str()), ledger::step.eq(&step));
            each_backend!(connection, c => {
                diesel::insert_into(ledger::table)
                    .values((key, values.clone()))
                    .on_conflict((ledger::connection_id, ledger::event_id, ledger::step))
                    .do_update()
                    .set(values)
                    .execute(c)
            })?;
            Ok(())
        })
        .await
    }
}
