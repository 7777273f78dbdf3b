//! Identifiers of the target system that later events about a person need. Comes in: a name that the manifest chose, and an identifier.
//! Goes out: all names of a person at a connection. They outlive the person's rows until the erasure was delivered, because the system's
//! records are found by them.

use super::channel_schema::remembered;
use super::pool::{AnyConnection, each_backend};
use super::schema::connections;
use super::text::{clean, time_text};
use super::{Result, Store};
use crate::model::ids::{CandidateRef, ConnectionId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::BTreeMap;

/// Most names of one person at one connection.
const MAX_NAMES: i64 = 2_000;

impl Store {
    /// Name → identifier.
    pub async fn remembered(&self, id: &ConnectionId, candidate: &CandidateRef) -> Result<BTreeMap<String, String>> {
        let (id, candidate) = (id.clone(), candidate.clone());
        self.read(move |connection| {
            let rows: Vec<(String, String)> = remembered::table
                .filter(remembered::connection_id.eq(id.as_str()))
                .filter(remembered::candidate_ref.eq(candidate.as_str()))
                .order(remembered::updated_at.desc())
                .limit(MAX_NAMES)
                .select((remembered::name, remembered::remote_id))
                .load(connection)?;
            Ok(rows.into_iter().collect())
        })
        .await
    }

    /// Keeps the identifier under the name, or forgets the name.
    pub async fn remember(
        &self,
        of: (&ConnectionId, &CandidateRef),
        name: &str,
        remote_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (id, candidate, name, remote_id) = (of.0.clone(), of.1.clone(), clean(name), remote_id.map(clean));
        self.write(move |connection| {
            let Some(remote_id) = remote_id else {
                let target = remembered::table
                    .filter(remembered::connection_id.eq(id.as_str()))
                    .filter(remembered::candidate_ref.eq(candidate.as_str()))
                    .filter(remembered::name.eq(&name));
                diesel::delete(target).execute(connection)?;
                return Ok(());
            };
            let row = (
                remembered::connection_id.eq(id.as_str()),
                remembered::candidate_ref.eq(candidate.as_str()),
                remembered::name.eq(&name),
                remembered::remote_id.eq(&remote_id),
                remembered::updated_at.eq(time_text(now)),
            );
            each_backend!(connection, c => {
                diesel::insert_into(remembered::table)
                    .values(row)
                    .on_conflict((remembered::connection_id, remembered::candidate_ref, remembered::name))
                    .do_update()
                    .set((
                        remembered::remote_id.eq(excluded(remembered::remote_id)),
                        remembered::updated_at.eq(excluded(remembered::updated_at)),
                    ))
                    .execute(c)
            })?;
            Ok(())
        })
        .await
    }

    /// Forgets all names of a person whose erasure was delivered.
    pub async fn forget_remembered(&self, id: &ConnectionId, candidate: &CandidateRef) -> Result<()> {
        let (id, candidate) = (id.clone(), candidate.clone());
        self.write(move |connection| {
            let target = remembered::table
                .filter(remembered::connection_id.eq(id.as_str()))
                .filter(remembered::candidate_ref.eq(candidate.as_str()));
            diesel::delete(target).execute(connection)?;
            Ok(())
        })
        .await
    }
}

/// After a merger, what was remembered of one person is found under the other. A name that both have stays where it is.
pub(super) fn merge(connection: &mut AnyConnection, tenant: &str, from: &str, into: &str) -> Result<()> {
    // Another employer may use the same reference.
    let own: Vec<String> =
        connections::table.filter(connections::tenant_id.eq(tenant)).select(connections::id).load(connection)?;
    let known: Vec<(String, String)> = remembered::table
        .filter(remembered::candidate_ref.eq(into))
        .select((remembered::connection_id, remembered::name))
        .load(connection)?;
    let moving: Vec<(String, String)> = remembered::table
        .filter(remembered::candidate_ref.eq(from))
        .filter(remembered::connection_id.eq_any(own))
        .select((remembered::connection_id, remembered::name))
        .load(connection)?;
    for (id, name) in moving.into_iter().filter(|moving| !known.contains(moving)) {
        let target = remembered::table
            .filter(remembered::connection_id.eq(id))
            .filter(remembered::candidate_ref.eq(from))
            .filter(remembered::name.eq(name));
        diesel::update(target).set(remembered::candidate_ref.eq(into)).execute(connection)?;
    }
    Ok(())
}
