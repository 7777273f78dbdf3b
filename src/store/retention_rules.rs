//! The tenants' rules of retention, when they are next applied, and until when a person is kept.
//! Comes in: rules, a person's purposes. Goes out: the same; whose turn it is to apply them.

use super::pool::{AnyConnection, each_backend};
use super::privacy_schema::{person_purposes, retention_rules, retention_runs};
use super::schema::{candidates, credentials, submissions, tenants};
use super::text::{clean, json_text, parse_json, parse_time, parse_times, time_text};
use super::{Result, Store};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::retention::{Kept, RetentionOverride};
use chrono::{DateTime, Duration, Utc};
use diesel::dsl::max;
use diesel::prelude::*;

impl Store {
    /// Every tenant, by name.
    pub async fn list_tenants(&self) -> Result<Vec<TenantId>> {
        self.read(|connection| {
            let ids: Vec<String> = tenants::table.order(tenants::id.asc()).select(tenants::id).load(connection)?;
            Ok(ids.into_iter().map(TenantId).collect())
        })
        .await
    }

    /// The tenant's own rules; empty when there are none.
    pub async fn retention_override(&self, tenant: &TenantId) -> Result<RetentionOverride> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let own = retention_rules::table.filter(retention_rules::tenant_id.eq(tenant.as_str()));
            let rules: Option<String> = own.select(retention_rules::rules).first(connection).optional()?;
            rules.as_deref().map_or_else(|| Ok(RetentionOverride::default()), parse_json)
        })
        .await
    }

    pub async fn put_retention(&self, tenant: &TenantId, own: &RetentionOverride, actor: &str, now: DateTime<Utc>) -> Result<()> {
        let (tenant, rules, actor) = (tenant.clone(), json_text(own)?, clean(actor));
        self.write(move |connection| {
            let values = (
                retention_rules::rules.eq(&rules),
                retention_rules::actor.eq(&actor),
                retention_rules::updated_at.eq(time_text(now)),
            );
            let row = (retention_rules::tenant_id.eq(tenant.as_str()), values.clone());
            each_backend!(connection, c => {
                diesel::insert_into(retention_rules::table)
                    .values(row)
                    .on_conflict(retention_rules::tenant_id)
                    .do_update()
                    .set(values)
                    .execute(c)
            })?;
            Ok(())
        })
        .await
    }

    /// Whether it is the caller's turn to apply the tenant's rules; then nobody else's until `now + lease`.
    pub async fn take_retention_turn(&self, tenant: &TenantId, now: DateTime<Utc>, lease: Duration) -> Result<bool> {
        let tenant = tenant.clone();
        self.write_soon(move |connection| {
            let moment = time_text(now);
            let first = (retention_runs::tenant_id.eq(tenant.as_str()), retention_runs::next_at.eq(&moment));
            each_backend!(connection, c => {
                diesel::insert_into(retention_runs::table).values(first).on_conflict_do_nothing().execute(c)
            })?;
            let due = retention_runs::table
                .filter(retention_runs::tenant_id.eq(tenant.as_str()))
                .filter(retention_runs::next_at.le(&moment));
            Ok(diesel::update(due).set(retention_runs::next_at.eq(time_text(now + lease))).execute(connection)? == 1)
        })
        .await
    }

    /// The rules were applied; they are applied again at `next_at`.
    pub async fn end_retention_turn(&self, tenant: &TenantId, next_at: DateTime<Utc>) -> Result<()> {
        let tenant = tenant.clone();
        self.write_soon(move |connection| {
            let own = retention_runs::table.filter(retention_runs::tenant_id.eq(tenant.as_str()));
            diesel::update(own).set(retention_runs::next_at.eq(time_text(next_at))).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Keeps what the person was told: the purpose, and until when what they shared is kept.
    pub async fn add_purpose(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        purpose: &str,
        kept_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (tenant, candidate, purpose) = (tenant.clone(), candidate.clone(), clean(purpose));
        self.transaction(move |transaction| {
            let candidate = transaction.current_ref(&tenant, &candidate)?;
            if transaction.lock_candidate(&tenant, &candidate)?.is_none() {
                return Ok(());
            }
            let values = (
                person_purposes::id.eq(uuid::Uuid::now_v7().to_string()),
                person_purposes::tenant_id.eq(tenant.as_str()),
                person_purposes::candidate_ref.eq(candidate.as_str()),
                person_purposes::purpose.eq(purpose),
                person_purposes::kept_until.eq(time_text(kept_until)),
                person_purposes::created_at.eq(time_text(now)),
            );
            diesel::insert_into(person_purposes::table).values(values).execute(transaction.connection)?;
            Ok(())
        })
        .await
    }

    /// `candidates_days`: the rule for persons who were told no purpose; 0: none.
    pub async fn kept_until(&self, tenant: &TenantId, candidate: &CandidateRef, candidates_days: u32) -> Result<Kept> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.read(move |connection| {
            let told: Vec<(String, String)> = person_purposes::table
                .filter(person_purposes::tenant_id.eq(tenant.as_str()))
                .filter(person_purposes::candidate_ref.eq(candidate.as_str()))
                .order(person_purposes::id.desc())
                .select((person_purposes::purpose, person_purposes::kept_until))
                .load(connection)?;
            let purposes: Vec<(String, DateTime<Utc>)> =
                told.into_iter().map(|(purpose, until)| Ok((purpose, parse_time(&until)?))).collect::<Result<_>>()?;
            let last = purposes.iter().map(|(_, until)| *until).max();
            let until = match (last, candidates_days) {
                (Some(last), _) => Some(last),
                (None, 0) => None,
                (None, days) => last_seen(connection, &tenant, &candidate)?.map(|seen| seen + Duration::days(i64::from(days))),
            };
            Ok(Kept { until, purposes })
        })
        .await
    }
}

/// When the last thing came in for the person.
fn last_seen(connection: &mut AnyConnection, tenant: &TenantId, candidate: &CandidateRef) -> Result<Option<DateTime<Utc>>> {
    let made: Option<String> = candidates::table
        .filter(candidates::tenant_id.eq(tenant.as_str()))
        .filter(candidates::id.eq(candidate.as_str()))
        .select(candidates::created_at)
        .first(connection)
        .optional()?;
    let of_credentials: Option<String> = credentials::table
        .filter(credentials::tenant_id.eq(tenant.as_str()))
        .filter(credentials::candidate_ref.eq(candidate.as_str()))
        .select(max(credentials::created_at))
        .first(connection)?;
    let of_submissions: Option<String> = submissions::table
        .filter(submissions::tenant_id.eq(tenant.as_str()))
        .filter(submissions::candidate_ref.eq(candidate.as_str()))
        .select(max(submissions::created_at))
        .first(connection)?;
    parse_times([made, of_credentials, of_submissions].into_iter().flatten().max())
}
