//! Who a candidate is in a connection's system, where a person has said it: nobody is searched there any more.
//! Comes in: a connection, a candidate, the system's identifier. Goes out: the identifier for each attempt.

use super::pool::{AnyConnection, each_backend};
use super::prepared::load_for_keys;
use super::schema::{candidates, person_links};
use super::text::{clean, parse_time, time_text};
use super::{Result, Store};
use crate::model::connection::PersonLink;
use crate::model::ids::{CandidateRef, ConnectionId, TenantId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::HashMap;

impl Store {
    /// Oldest first.
    pub async fn person_links(&self, tenant: &TenantId, id: &ConnectionId) -> Result<Vec<PersonLink>> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read(move |connection| {
            let rows: Vec<(String, String, String)> = person_links::table
                .filter(person_links::connection_id.eq(id.as_str()))
                .filter(person_links::tenant_id.eq(tenant.as_str()))
                .order((person_links::created_at.asc(), person_links::candidate_ref.asc()))
                .select((person_links::candidate_ref, person_links::remote_id, person_links::created_at))
                .load(connection)?;
            let link = |(candidate_ref, remote_id, created_at): (String, String, String)| {
                Ok(PersonLink { candidate_ref: CandidateRef(candidate_ref), remote_id, created_at: parse_time(&created_at)? })
            };
            rows.into_iter().map(link).collect()
        })
        .await
    }

    /// Replaces an earlier link. False when there is no such candidate.
    pub async fn link_person(
        &self,
        (tenant, id): (&TenantId, &ConnectionId),
        candidate: &CandidateRef,
        remote_id: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (tenant, id, candidate, remote_id) = (tenant.clone(), id.clone(), candidate.clone(), clean(remote_id));
        self.write(move |connection| {
            let known = candidates::table
                .filter(candidates::tenant_id.eq(tenant.as_str()))
                .filter(candidates::id.eq(candidate.as_str()))
                .count();
            let known: i64 = known.get_result(connection)?;
            if known == 0 {
                return Ok(false);
            }
            let row = (
                person_links::connection_id.eq(id.as_str()),
                person_links::tenant_id.eq(tenant.as_str()),
                person_links::candidate_ref.eq(candidate.as_str()),
                person_links::remote_id.eq(&remote_id),
                person_links::created_at.eq(time_text(now)),
            );
            each_backend!(connection, c => {
                diesel::insert_into(person_links::table)
                    .values(row)
                    .on_conflict((person_links::connection_id, person_links::candidate_ref))
                    .do_update()
                    .set((
                        person_links::remote_id.eq(excluded(person_links::remote_id)),
                        person_links::created_at.eq(excluded(person_links::created_at)),
                    ))
                    .execute(c)
            })?;
            Ok(true)
        })
        .await
    }

    /// Links the candidate unless somebody is linked already: a link is not changed by what a stranger writes into an application.
    pub async fn link_person_if_new(
        &self,
        (tenant, id): (&TenantId, &ConnectionId),
        candidate: &CandidateRef,
        remote_id: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (tenant, id, candidate, remote_id) = (tenant.clone(), id.clone(), candidate.clone(), clean(remote_id));
        self.write(move |connection| {
            let row = (
                person_links::connection_id.eq(id.as_str()),
                person_links::tenant_id.eq(tenant.as_str()),
                person_links::candidate_ref.eq(candidate.as_str()),
                person_links::remote_id.eq(&remote_id),
                person_links::created_at.eq(time_text(now)),
            );
            let known = candidates::table
                .filter(candidates::tenant_id.eq(tenant.as_str()))
                .filter(candidates::id.eq(candidate.as_str()))
                .count();
            let known: i64 = known.get_result(connection)?;
            if known == 1 {
                each_backend!(connection, c => {
                    diesel::insert_into(person_links::table).values(row).on_conflict_do_nothing().execute(c)
                })?;
            }
            Ok(())
        })
        .await
    }

    /// False when there is no such link.
    pub async fn unlink_person(&self, tenant: &TenantId, id: &ConnectionId, candidate: &CandidateRef) -> Result<bool> {
        let (tenant, id, candidate) = (tenant.clone(), id.clone(), candidate.clone());
        self.write(move |connection| {
            let link = person_links::table
                .filter(person_links::connection_id.eq(id.as_str()))
                .filter(person_links::tenant_id.eq(tenant.as_str()))
                .filter(person_links::candidate_ref.eq(candidate.as_str()));
            Ok(diesel::delete(link).execute(connection)? == 1)
        })
        .await
    }
}

/// The identifiers of those of the candidates that are linked.
pub(super) fn of(connection: &mut AnyConnection, id: &str, candidates: &[&str]) -> Result<HashMap<String, String>> {
    let rows: Vec<(String, String)> = load_for_keys!(
        connection,
        candidates,
        person_links::table
            .filter(person_links::connection_id.eq(id))
            .filter(person_links::candidate_ref.eq_any(candidates))
            .select((person_links::candidate_ref, person_links::remote_id))
    )?;
    Ok(rows.into_iter().collect())
}

/// After a merger, the links of one person are those of the other, where the other has none.
pub(super) fn merge(connection: &mut AnyConnection, tenant: &str, from: &str, into: &str) -> Result<()> {
    let of = |candidate: &str| {
        let own = person_links::table.filter(person_links::tenant_id.eq(tenant.to_owned()));
        own.filter(person_links::candidate_ref.eq(candidate.to_owned()))
    };
    let taken: Vec<String> = of(into).select(person_links::connection_id).load(connection)?;
    let moving = of(from).filter(person_links::connection_id.ne_all(taken));
    diesel::update(moving).set(person_links::candidate_ref.eq(into)).execute(connection)?;
    Ok(())
}
