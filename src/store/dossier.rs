//! What a page about a candidate shows beside credentials and skills: lists of candidates, addresses in full, what was delivered.
//! Comes in: a tenant and a candidate. Goes out: rows. Must not know: how a page shows them.

use super::identities::{self, is_address};
use super::pool::{AnyConnection, each_backend};
use super::schema::{candidate_aliases, candidates, credentials, deliveries, events};
use super::sealed::readable;
use super::text::{parse_name, parse_time, to_u32};
use super::transaction::ROWS_PER_STATEMENT;
use super::{Result, Store};
use crate::model::candidate::{FullAddress, FullIdentity};
use crate::model::delivery::DeliveryState;
use crate::model::ids::{CandidateRef, ConnectionId, TenantId};
use crate::model::record::Page;
use crate::model::search::{DeliveredTo, Found, ListedCandidate};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Events of a candidate whose deliveries are counted, the newest first.
const MOST_EVENTS: i64 = 5_000;

impl Store {
    /// Newest first. `named`: only these.
    pub async fn list_candidates(
        &self,
        tenant: &TenantId,
        named: Option<Vec<CandidateRef>>,
        page: &Page,
    ) -> Result<Found<ListedCandidate>> {
        let (tenant, page) = (tenant.clone(), page.clone());
        self.read(move |connection| {
            let mut query = candidates::table
                .filter(candidates::tenant_id.eq(tenant.as_str()))
                .order((candidates::created_at.desc(), candidates::id.desc()))
                .limit(i64::from(page.limit))
                .select((candidates::id, candidates::created_at))
                .into_boxed();
            if let Some(named) = named {
                query = query.filter(candidates::id.eq_any(named.into_iter().map(|candidate| candidate.0)));
            }
            if let Some(after) = &page.after {
                let before: Option<String> = candidates::table
                    .filter(candidates::tenant_id.eq(tenant.as_str()))
                    .filter(candidates::id.eq(after))
                    .select(candidates::created_at)
                    .first(connection)
                    .optional()?;
                let before = before.unwrap_or_default();
                let same_moment = candidates::created_at.eq(before.clone()).and(candidates::id.lt(after.clone()));
                query = query.filter(candidates::created_at.lt(before).or(same_moment));
            }
            let mut rows: Vec<(String, String)> = query.load(connection)?;
            let wanted = page.limit.saturating_sub(1) as usize;
            let is_more = rows.len() > wanted;
            rows.truncate(wanted);
            let ids: Vec<&str> = rows.iter().map(|(id, ..)| id.as_str()).collect();
            let counts = credential_counts(connection, &tenant, &ids)?;
            let listed = |(id, created_at): (String, String)| {
                Ok(ListedCandidate {
                    credentials: to_u32(counts.get(&id).copied().unwrap_or_default()),
                    candidate_ref: CandidateRef(id),
                    created_at: parse_time(&created_at)?,
                })
            };
            let rows: Vec<ListedCandidate> = rows.into_iter().map(listed).collect::<Result<_>>()?;
            let next = is_more.then(|| rows.last().map(|row| row.candidate_ref.to_string())).flatten();
            Ok(Found { rows, next })
        })
        .await
    }

    /// Names, references, and addresses in full, for the employer's own people.
    pub async fn full_identity(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<FullIdentity> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let mut identity = FullIdentity { aliases: aliases(connection, &tenant, &candidate)?, ..FullIdentity::default() };
            let rows = identities::rows_of(connection, &tenant, &[candidate.as_str()])?;
            let opened = readable(rows, |row| Ok((row.opened(connection, &vault, &tenant)?, row)))?;
            for (value, row) in opened {
                if row.kind == identities::NAME {
                    identity.names.push(value);
                } else if row.kind == identities::ATS_ID {
                    identity.ats_ids.push(value);
                } else if is_address(&row.kind) {
                    identity.addresses.push(FullAddress {
                        value,
                        kind: parse_name(&row.kind)?,
                        source: parse_name(&row.source)?,
                        created_at: parse_time(&row.created_at)?,
                        id: row.digest,
                    });
                }
            }
            let employers: Option<i64> = candidates::table
                .filter(candidates::tenant_id.eq(tenant.as_str()))
                .filter(candidates::id.eq(candidate.as_str()))
                .select(candidates::employer_ref)
                .first(connection)
                .optional()?;
            identity.is_employers = employers.is_some_and(|employers| employers != 0);
            Ok(identity)
        })
        .await
    }

    /// What became of the events about the candidate, for each connection.
    pub async fn delivered_to(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Vec<DeliveredTo>> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.read(move |connection| {
            let mut refs = aliases(connection, &tenant, &candidate)?;
            refs.push(candidate);
            let refs: Vec<&str> = refs.iter().map(CandidateRef::as_str).collect();
            let ids: Vec<String> = events::table
                .filter(events::tenant_id.eq(tenant.as_str()))
                .filter(events::candidate_ref.eq_any(refs))
                .order(events::position.desc())
                .limit(MOST_EVENTS)
                .select(events::id)
                .load(connection)?;
            let mut found: BTreeMap<String, DeliveredTo> = BTreeMap::new();
            for some in ids.chunks(ROWS_PER_STATEMENT) {
                let rows: Vec<(String, String, String)> = each_backend!(connection, c => {
                    deliveries::table
                        .filter(deliveries::event_id.eq_any(some))
                        .select((deliveries::connection_id, deliveries::state, deliveries::updated_at))
                        .load(c)
                })?;
                for (connection_id, state, updated_at) in rows {
                    let at = parse_time(&updated_at)?;
                    let to = found.entry(connection_id.clone()).or_insert_with(|| DeliveredTo::none(ConnectionId(connection_id)));
                    count(to, DeliveryState::parse(&state), at);
                }
            }
            Ok(found.into_values().collect())
        })
        .await
    }
}

fn aliases(connection: &mut AnyConnection, tenant: &TenantId, candidate: &CandidateRef) -> Result<Vec<CandidateRef>> {
    let ids: Vec<String> = candidate_aliases::table
        .filter(candidate_aliases::tenant_id.eq(tenant.as_str()))
        .filter(candidate_aliases::candidate_ref.eq(candidate.as_str()))
        .order(candidate_aliases::created_at.asc())
        .select(candidate_aliases::id)
        .load(connection)?;
    Ok(ids.into_iter().map(CandidateRef).collect())
}

fn credential_counts(connection: &mut AnyConnection, tenant: &TenantId, ids: &[&str]) -> Result<HashMap<String, i64>> {
    let counts: Vec<(String, i64)> = credentials::table
        .filter(credentials::tenant_id.eq(tenant.as_str()))
        .filter(credentials::candidate_ref.eq_any(ids))
        .group_by(credentials::candidate_ref)
        .select((credentials::candidate_ref, diesel::dsl::count_star()))
        .load(connection)?;
    Ok(counts.into_iter().collect())
}

fn count(to: &mut DeliveredTo, state: Option<DeliveryState>, at: DateTime<Utc>) {
    match state {
        Some(DeliveryState::Delivered | DeliveryState::Unchanged) => {
            to.delivered += 1;
            to.since = Some(to.since.map_or(at, |since| since.min(at)));
        }
        Some(DeliveryState::Pending) => to.waiting += 1,
        Some(DeliveryState::Parked | DeliveryState::Dead) | None => to.stopped += 1,
    }
}
