//! Reads and writes events. outbox.rs moves them to the queue.

use super::packed::Kind;
use super::pool::AnyConnection;
use super::schema::events;
use super::sealed::{readable, readable_one};
use super::text::{name_text, time_text};
use super::transaction::{Transaction, insert_all};
use super::{Result, Store, StoreError, Vault};
use crate::model::event::{Audience, Envelope, Event, EventType};
use crate::model::ids::{CandidateRef, EventId, TenantId};
use crate::model::record::Page;
use crate::trace;
use diesel::prelude::*;
use std::collections::HashMap;

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: &'a str,
    tenant_id: &'a str,
    candidate_ref: &'a str,
    event_type: &'static str,
    audience: String,
    body: Vec<u8>,
    created_at: String,
}

impl Store {
    /// Oldest first; `page.after` is the outbox position. Returns (position, event).
    pub async fn list_events(&self, tenant: &TenantId, page: &Page) -> Result<Vec<(i64, Event)>> {
        let (tenant, limit, vault) = (tenant.clone(), i64::from(page.limit), self.0.vault.clone());
        // No event follows a number that is larger than the largest possible number.
        let after: i64 = page.after.as_deref().map_or(0, |text| text.parse().unwrap_or(i64::MAX));
        self.read(move |connection| {
            let rows: Vec<(i64, String, Vec<u8>)> = events::table
                .filter(events::tenant_id.eq(tenant.as_str()))
                .filter(events::position.gt(after))
                .order(events::position.asc())
                .limit(limit)
                .select((events::position, events::id, events::body))
                .load(connection)?;
            readable(rows, |(position, id, body)| Ok((position, vault.unpack_json(connection, &place(&id), &body)?)))
        })
        .await
    }

    pub async fn event(&self, tenant: &TenantId, id: &EventId) -> Result<Option<Event>> {
        let (tenant, id, vault) = (tenant.clone(), id.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let body: Option<Vec<u8>> = events::table
                .filter(events::id.eq(id.as_str()))
                .filter(events::tenant_id.eq(tenant.as_str()))
                .select(events::body)
                .first(connection)
                .optional()?;
            readable_one(body, |body| vault.unpack_json(connection, &place(id.as_str()), &body))
        })
        .await
    }

    /// Those of the events that are there, by their ids; at most as many as a page has rows.
    pub async fn events(&self, tenant: &TenantId, ids: Vec<EventId>) -> Result<HashMap<EventId, Event>> {
        let (tenant, vault) = (tenant.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let rows: Vec<(String, Vec<u8>)> = events::table
                .filter(events::id.eq_any(ids.iter().map(EventId::as_str)))
                .filter(events::tenant_id.eq(tenant.as_str()))
                .select((events::id, events::body))
                .load(connection)?;
            let found = readable(rows, |(id, body)| {
                let event = vault.unpack_json(connection, &place(&id), &body)?;
                Ok((EventId(id), event))
            })?;
            Ok(found.into_iter().collect())
        })
        .await
    }
}

impl Transaction<'_> {
    /// Writes events to the outbox, with the connections that they are for. To be called last: from here on until
    /// the commit no other transaction writes events, so that positions become visible in their order and a reader of
    /// "everything after position n" misses none.
    pub fn append_events(&mut self, new: &[(Event, Audience)]) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        self.lock_names(&["outbox".to_owned()])?;
        let mut rows = Vec::with_capacity(new.len());
        let traceparent = trace::current();
        for (event, audience) in new {
            // Of an erased person nothing is told but that they were erased.
            let key = match event.event_type {
                EventType::CandidateErased => self.vault.master(),
                _ => self.key_of(&event.tenantid, &event.partitionkey)?,
            };
            rows.push(NewRow {
                id: event.id.as_str(),
                tenant_id: event.tenantid.as_str(),
                candidate_ref: event.partitionkey.as_str(),
                event_type: event.event_type.as_str(),
                audience: name_text(audience)?,
                body: match &traceparent {
                    None => key.pack_json(&place(event.id.as_str()), Kind::Event, event)?,
                    Some(_) => {
                        let traced = Event { traceparent: traceparent.clone(), ..event.clone() };
                        key.pack_json(&place(event.id.as_str()), Kind::Event, &traced)?
                    }
                },
                created_at: time_text(event.time),
            });
        }
        insert_all!(self.connection, events::table, rows);
        Ok(())
    }
}

/// The columns of an event that its carriers need.
pub(super) type EnvelopeRow = (String, String, String, String, Vec<u8>);
type EnvelopeColumns = (events::id, events::event_type, events::tenant_id, events::candidate_ref, events::body);

pub(super) fn envelope() -> EnvelopeColumns {
    (events::id, events::event_type, events::tenant_id, events::candidate_ref, events::body)
}

pub(super) fn into_envelope(
    connection: &mut AnyConnection,
    vault: &Vault,
    (id, event_type, tenant, candidate, body): EnvelopeRow,
) -> Result<Envelope> {
    // A hint for the queue within this process has no body.
    let body = if body.is_empty() { String::new() } else { vault.unpack_text(connection, &place(&id), &body)? };
    let event_type =
        EventType::parse(&event_type).ok_or_else(|| StoreError::Internal("a stored event type is unknown".to_owned()))?;
    let (id, tenantid, partitionkey) = (EventId(id), TenantId(tenant), CandidateRef(candidate));
    Ok(Envelope { id, event_type, tenantid, partitionkey, body: body.into() })
}

fn place(id: &str) -> String {
    format!("event:{id}")
}
