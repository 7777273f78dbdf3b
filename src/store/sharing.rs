//! Whether a person's skills are passed on to connections: the person may withdraw the consent, and give it again.
//! Comes in: a person's decision, a lane. Goes out: parked deliveries, where the person wants nothing sent. The event that tells of an
//! erasure, and those that say what a reference stands for, are sent nevertheless.

use super::pool::AnyConnection;
use super::schema::{candidate_aliases, candidates, deliveries, events};
use super::text::{parse_times, time_text};
use super::{Result, Store};
use crate::model::delivery::DeliveryState;
use crate::model::event::EventType;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::person::NoteKind;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::BTreeSet;

/// `reason` of a delivery that was not made because the person wants nothing sent.
pub const CONSENT_WITHDRAWN: &str = "consent_withdrawn";
const MESSAGE: &str = "The person has withdrawn the consent to pass skills on; nothing was sent.";

impl Store {
    /// Stops or allows that the person's skills are passed on, and notes it. False when there is no such person.
    pub async fn set_sharing(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        is_allowed: bool,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.transaction(move |transaction| {
            let candidate = transaction.current_ref(&tenant, &candidate)?;
            if transaction.lock_candidate(&tenant, &candidate)?.is_none() {
                return Ok(false);
            }
            let before = stopped_at(transaction.connection, &tenant, &candidate)?;
            if before.is_none() == is_allowed {
                return Ok(true);
            }
            let target =
                candidates::table.filter(candidates::tenant_id.eq(tenant.as_str())).filter(candidates::id.eq(candidate.as_str()));
            let moment = (!is_allowed).then(|| time_text(now));
            diesel::update(target).set(candidates::sharing_stopped_at.eq(moment)).execute(transaction.connection)?;
            let kind = if is_allowed { NoteKind::SharingAllowed } else { NoteKind::SharingStopped };
            transaction.note(&tenant, &candidate, kind, None, now)?;
            Ok(true)
        })
        .await
    }

    /// Since when nothing about the person is passed on; `None` while it is.
    pub async fn sharing_stopped_at(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Option<DateTime<Utc>>> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.read(move |connection| stopped_at(connection, &tenant, &candidate)).await
    }
}

fn stopped_at(connection: &mut AnyConnection, tenant: &TenantId, candidate: &CandidateRef) -> Result<Option<DateTime<Utc>>> {
    let found: Option<Option<String>> = candidates::table
        .filter(candidates::tenant_id.eq(tenant.as_str()))
        .filter(candidates::id.eq(candidate.as_str()))
        .select(candidates::sharing_stopped_at)
        .first(connection)
        .optional()?;
    parse_times(found.flatten())
}

/// Parks what waits for the connection about those of the persons who want nothing sent. Their lanes must be locked. Every way to a
/// connection passes here: new events, replays, events that are filled in later.
pub(super) fn park_stopped(
    connection: &mut AnyConnection,
    tenant: &TenantId,
    id: &str,
    lanes: &[&str],
    now: DateTime<Utc>,
) -> Result<()> {
    let somebody: Option<String> = candidates::table
        .filter(candidates::tenant_id.eq(tenant.as_str()))
        .filter(candidates::sharing_stopped_at.is_not_null())
        .select(candidates::id)
        .first(connection)
        .optional()?;
    if somebody.is_none() {
        return Ok(());
    }
    let stopped = stopped_among(connection, tenant, lanes)?;
    if stopped.is_empty() {
        return Ok(());
    }
    let about_persons = [EventType::CandidateErased, EventType::CandidateMerged, EventType::CandidateLinked]
        .map(|event_type| event_type.as_str());
    for lane in stopped {
        let waiting: Vec<String> = deliveries::table
            .inner_join(events::table.on(events::position.eq(deliveries::position)))
            .filter(deliveries::connection_id.eq(id))
            .filter(deliveries::candidate_ref.eq(&lane))
            .filter(deliveries::state.eq(DeliveryState::Pending.as_str()))
            .filter(events::event_type.ne_all(about_persons))
            .select(deliveries::id)
            .load(connection)?;
        for some in waiting.chunks(super::transaction::ROWS_PER_STATEMENT) {
            let values = (
                deliveries::state.eq(DeliveryState::Parked.as_str()),
                deliveries::reason.eq(Some(CONSENT_WITHDRAWN)),
                deliveries::message.eq(Some(MESSAGE)),
                deliveries::next_attempt_at.eq(None::<String>),
                deliveries::updated_at.eq(time_text(now)),
            );
            diesel::update(deliveries::table.filter(deliveries::id.eq_any(some))).set(values).execute(connection)?;
        }
    }
    Ok(())
}

/// Those of the references that stand for persons who want nothing sent; a lane may be called by an alias.
fn stopped_among(connection: &mut AnyConnection, tenant: &TenantId, refs: &[&str]) -> Result<BTreeSet<String>> {
    let aliases: Vec<(String, String)> = candidate_aliases::table
        .filter(candidate_aliases::tenant_id.eq(tenant.as_str()))
        .filter(candidate_aliases::id.eq_any(refs))
        .select((candidate_aliases::id, candidate_aliases::candidate_ref))
        .load(connection)?;
    let mut asked: Vec<&str> = refs.to_vec();
    asked.extend(aliases.iter().map(|(_, current)| current.as_str()));
    let stopped: BTreeSet<String> = candidates::table
        .filter(candidates::tenant_id.eq(tenant.as_str()))
        .filter(candidates::id.eq_any(asked))
        .filter(candidates::sharing_stopped_at.is_not_null())
        .select(candidates::id)
        .load(connection)?
        .into_iter()
        .collect();
    let by_alias = aliases.iter().filter(|(_, current)| stopped.contains(current)).map(|(alias, _)| alias.clone());
    let by_alias: Vec<String> = by_alias.collect();
    let named = refs.iter().map(|one| (*one).to_owned());
    Ok(named.filter(|one| stopped.contains(one) || by_alias.contains(one)).collect())
}
