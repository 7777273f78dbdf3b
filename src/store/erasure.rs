//! Erasing a person: all their rows, and one last event that says only that they were erased.

use super::pool::empty_log;
use super::schema::{candidates, connections, credentials, events, lanes, submission_credentials, submissions};
use super::transaction::Transaction;
use super::{Result, Store};
use crate::model::event::{Audience, CandidateEventData, Event, EventType};
use crate::model::ids::{CandidateRef, EventId, TenantId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// Each waits as long as the database waits for a lock.
const EMPTYING_TRIES: u32 = 3;

impl Store {
    /// Removes everything about the person and writes `candidate.erased`. False when there is no such person.
    pub async fn erase_candidate(&self, tenant: &TenantId, candidate: &CandidateRef, now: DateTime<Utc>) -> Result<bool> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        let erased = self.transaction(move |transaction| erase(transaction, &tenant, &candidate, now)).await?;
        if erased {
            self.empty_log().await;
        }
        Ok(erased)
    }

    /// The person is erased already: a log that can't be emptied now is emptied by a later erasure, or when the gateway stops.
    async fn empty_log(&self) {
        for _ in 0..EMPTYING_TRIES {
            match self.read(empty_log).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(cause = %error, "the write-ahead log could not be emptied after an erasure"),
            }
        }
        tracing::warn!("the write-ahead log is in use and still holds what was written before an erasure");
    }
}

fn erase(transaction: &mut Transaction<'_>, tenant: &TenantId, candidate: &CandidateRef, now: DateTime<Utc>) -> Result<bool> {
    let Some(sequence) = transaction.lock_candidate(tenant, candidate)? else { return Ok(false) };
    // A wallet's answer to a request about the person would bring them back.
    transaction.end_exchanges(tenant, candidate)?;
    let connection = &mut *transaction.connection;
    let of_tenant = connections::table.filter(connections::tenant_id.eq(tenant.as_str())).select(connections::id);
    let of_tenant: Vec<String> = of_tenant.load(connection)?;
    let of_person = lanes::table.filter(lanes::connection_id.eq_any(of_tenant));
    diesel::delete(of_person.filter(lanes::candidate_ref.eq(candidate.as_str()))).execute(connection)?;
    // Deliveries and attempts go with the events; skills, links and files with credentials and submissions.
    let of_person = events::table.filter(events::tenant_id.eq(tenant.as_str()));
    diesel::delete(of_person.filter(events::candidate_ref.eq(candidate.as_str()))).execute(connection)?;
    let of_person = credentials::table.filter(credentials::tenant_id.eq(tenant.as_str()));
    let of_person = of_person.filter(credentials::candidate_ref.eq(candidate.as_str()));
    let ids: Vec<String> = of_person.select(credentials::id).load(connection)?;
    for some in ids.chunks(500) {
        let links = submission_credentials::table.filter(submission_credentials::credential_id.eq_any(some));
        diesel::delete(links).execute(connection)?;
    }
    diesel::delete(of_person).execute(connection)?;
    let of_person = submissions::table.filter(submissions::tenant_id.eq(tenant.as_str()));
    diesel::delete(of_person.filter(submissions::candidate_ref.eq(candidate.as_str()))).execute(connection)?;
    let of_person = candidates::table.filter(candidates::tenant_id.eq(tenant.as_str()));
    diesel::delete(of_person.filter(candidates::id.eq(candidate.as_str()))).execute(connection)?;
    let event = erased(tenant, candidate, sequence + 1, now)?;
    transaction.append_events(&[(event, Audience::Everyone)])?;
    Ok(true)
}

fn erased(tenant: &TenantId, candidate: &CandidateRef, sequence: i64, now: DateTime<Utc>) -> Result<Event> {
    let data = CandidateEventData { candidate_ref: candidate.clone(), previous_ref: None };
    let data = serde_json::to_value(data).map_err(|error| super::StoreError::Internal(error.to_string()))?;
    Ok(Event {
        specversion: "1.0".to_owned(),
        id: EventId::generate(),
        source: format!("/tenants/{tenant}/gateway"),
        event_type: EventType::CandidateErased,
        subject: format!("candidates/{candidate}"),
        time: now,
        datacontenttype: "application/json".to_owned(),
        dataschema: crate::model::event::CANDIDATE_SCHEMA.to_owned(),
        tenantid: tenant.clone(),
        partitionkey: candidate.clone(),
        sequence: format!("{sequence:010}"),
        privacymode: "pseudonymous".to_owned(),
        causationid: None,
        data,
    })
}
