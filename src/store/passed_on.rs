//! Which skills of a person were passed on to which connections, and when: for the person.
//! Comes in: a tenant and a candidate. Goes out: what the connections' systems took, the newest first.

use super::events::{EnvelopeRow, envelope, into_envelope};
use super::schema::{candidate_aliases, deliveries, events};
use super::sealed::readable;
use super::text::parse_time;
use super::{Result, Store};
use crate::model::delivery::DeliveryState;
use crate::model::ids::{CandidateRef, ConnectionId, TenantId};
use crate::model::person::PassedOn;
use diesel::prelude::*;
use serde_json::Value;

/// Deliveries that are shown.
const MOST: i64 = 500;

impl Store {
    /// At most 500, the newest first.
    pub async fn passed_on(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Vec<PassedOn>> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let mut refs: Vec<String> = candidate_aliases::table
                .filter(candidate_aliases::tenant_id.eq(tenant.as_str()))
                .filter(candidate_aliases::candidate_ref.eq(candidate.as_str()))
                .select(candidate_aliases::id)
                .load(connection)?;
            refs.push(candidate.0);
            let taken = [DeliveryState::Delivered.as_str(), DeliveryState::Unchanged.as_str()];
            let rows: Vec<(String, String, EnvelopeRow)> = deliveries::table
                .inner_join(events::table.on(events::position.eq(deliveries::position)))
                .filter(deliveries::tenant_id.eq(tenant.as_str()))
                .filter(events::tenant_id.eq(tenant.as_str()))
                .filter(events::candidate_ref.eq_any(refs))
                .filter(deliveries::state.eq_any(taken))
                .order(deliveries::position.desc())
                .limit(MOST)
                .select((deliveries::connection_id, deliveries::updated_at, envelope()))
                .load(connection)?;
            readable(rows, |(to, at, event)| {
                let event = into_envelope(connection, &vault, event)?;
                let body: Value = serde_json::from_str(&event.body).unwrap_or_default();
                Ok(PassedOn { connection_id: ConnectionId(to), at: parse_time(&at)?, skills: skills_in(&body["data"]) })
            })
        })
        .await
    }
}

/// The names of the skills in an event's data.
fn skills_in(data: &Value) -> Vec<String> {
    let listed = data["skills"].as_array().into_iter().flatten();
    let skills = listed.chain(std::iter::once(&data["assertion"]));
    let mut names: Vec<String> = skills.filter_map(|skill| skill["label"]["text"].as_str().map(str::to_owned)).collect();
    names.dedup();
    names
}
