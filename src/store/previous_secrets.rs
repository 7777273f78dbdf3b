//! Secrets of connections as they were before their last change. They count until their grace period ends.
//! Comes in: secrets that are being replaced. Goes out: their old values, opened, for the worker only.

use super::connections::open;
use super::pool::{AnyConnection, each_backend};
use super::schema::{connection_secrets, previous_secrets};
use super::text::{parse_time, time_text};
use super::{Result, Store, Vault};
use crate::model::connection::Secrets;
use crate::model::ids::ConnectionId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::BTreeMap;

impl Store {
    /// Old values whose grace period has not ended.
    pub async fn previous_secrets(&self, id: &ConnectionId, now: DateTime<Utc>) -> Result<Secrets> {
        let (id, vault) = (id.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let rows: Vec<(String, Vec<u8>)> = previous_secrets::table
                .filter(previous_secrets::connection_id.eq(id.as_str()))
                .filter(previous_secrets::ends_at.gt(time_text(now)))
                .select((previous_secrets::name, previous_secrets::value))
                .load(connection)?;
            rows.into_iter().map(|(name, sealed)| Ok((name.clone(), open(&vault, &id, &name, &sealed)?))).collect()
        })
        .await
    }

    /// For each connection the names of the secrets whose old values count, with the end of their grace periods.
    pub async fn grace_periods(
        &self,
        ids: &[ConnectionId],
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<ConnectionId, BTreeMap<String, DateTime<Utc>>>> {
        let ids: Vec<String> = ids.iter().map(|id| id.0.clone()).collect();
        self.read(move |connection| {
            let rows: Vec<(String, String, String)> = previous_secrets::table
                .filter(previous_secrets::connection_id.eq_any(ids))
                .filter(previous_secrets::ends_at.gt(time_text(now)))
                .select((previous_secrets::connection_id, previous_secrets::name, previous_secrets::ends_at))
                .load(connection)?;
            let mut periods: BTreeMap<ConnectionId, BTreeMap<String, DateTime<Utc>>> = BTreeMap::new();
            for (id, name, ends_at) in rows {
                periods.entry(ConnectionId(id)).or_default().insert(name, parse_time(&ends_at)?);
            }
            Ok(periods)
        })
        .await
    }
}

/// Before the new secrets are written: their present values count until `until`, or no longer. A value that stays as it is ends
/// nothing.
pub(super) fn keep(
    connection: &mut AnyConnection,
    vault: &Vault,
    id: &ConnectionId,
    new: &Secrets,
    until: Option<DateTime<Utc>>,
) -> Result<()> {
    for (name, secret) in new {
        let present: Option<Vec<u8>> = connection_secrets::table
            .filter(connection_secrets::connection_id.eq(id.as_str()))
            .filter(connection_secrets::name.eq(name))
            .select(connection_secrets::value)
            .first(connection)
            .optional()?;
        let Some(present) = present else { continue };
        if open(vault, id, name, &present)?.expose() == secret.expose() {
            continue;
        }
        let Some(until) = until else {
            let old = previous_secrets::table.filter(previous_secrets::connection_id.eq(id.as_str()));
            diesel::delete(old.filter(previous_secrets::name.eq(name))).execute(connection)?;
            continue;
        };
        let row = (
            previous_secrets::connection_id.eq(id.as_str()),
            previous_secrets::name.eq(name),
            previous_secrets::value.eq(present),
            previous_secrets::ends_at.eq(time_text(until)),
        );
        each_backend!(connection, c => {
            diesel::insert_into(previous_secrets::table)
                .values(row)
                .on_conflict((previous_secrets::connection_id, previous_secrets::name))
                .do_update()
                .set((
                    previous_secrets::value.eq(excluded(previous_secrets::value)),
                    previous_secrets::ends_at.eq(excluded(previous_secrets::ends_at)),
                ))
                .execute(c)
        })?;
    }
    Ok(())
}
