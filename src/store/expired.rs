//! What the rules of retention take away: persons whose time is over, old requests to wallets, old certificates of erasure.
//! Comes in: a tenant, rules, a moment. Goes out: numbers; persons, whom the caller erases as everybody is erased. Old events: `retention`.

use super::channel_schema::exchanges;
use super::pool::{AnyConnection, each_backend};
use super::privacy_schema::{erasure_records, person_purposes};
use super::retention::old_events;
use super::schema::{candidates, credentials, submissions};
use super::text::time_text;
use super::{Result, Store};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::retention::{Expired, RetentionRules};
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;

/// Persons that a preview counts, at most.
const MOST_COUNTED: i64 = 100_000;

impl Store {
    /// What the rules would take away now.
    pub async fn count_expired(&self, tenant: &TenantId, rules: &RetentionRules, now: DateTime<Utc>) -> Result<Expired> {
        let (tenant, rules) = (tenant.clone(), *rules);
        self.read(move |connection| {
            let mut expired =
                Expired { candidates: due(connection, &tenant, &rules, now, MOST_COUNTED)?.len() as u64, ..Expired::default() };
            if let Some(cut) = RetentionRules::cut(rules.requests_days, now) {
                let old = exchanges::table
                    .filter(exchanges::tenant_id.eq(tenant.as_str()))
                    .filter(exchanges::expires_at.lt(time_text(cut)));
                let number: i64 = old.count().get_result(connection)?;
                expired.requests = number.unsigned_abs();
            }
            if let Some(cut) = RetentionRules::cut(rules.events_days, now) {
                expired.events = old_events(connection, &tenant, cut, MOST_COUNTED)?.len() as u64;
            }
            if let Some(cut) = RetentionRules::cut(rules.certificates_days, now) {
                let old = erasure_records::table
                    .filter(erasure_records::tenant_id.eq(tenant.as_str()))
                    .filter(erasure_records::erased_at.lt(time_text(cut)));
                let number: i64 = old.count().get_result(connection)?;
                expired.certificates = number.unsigned_abs();
            }
            Ok(expired)
        })
        .await
    }

    /// Persons whose time is over, at most `limit`.
    pub async fn expired_candidates(
        &self,
        tenant: &TenantId,
        rules: &RetentionRules,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<CandidateRef>> {
        let (tenant, rules) = (tenant.clone(), *rules);
        self.read(move |connection| due(connection, &tenant, &rules, now, i64::from(limit))).await
    }

    /// Deletes requests to wallets that ended, and certificates of erasure, that are too old.
    pub async fn delete_expired(&self, tenant: &TenantId, rules: &RetentionRules, now: DateTime<Utc>) -> Result<Expired> {
        let (tenant, rules) = (tenant.clone(), *rules);
        self.write(move |connection| {
            let mut deleted = Expired::default();
            if let Some(cut) = RetentionRules::cut(rules.requests_days, now) {
                let old = exchanges::table
                    .filter(exchanges::tenant_id.eq(tenant.as_str()))
                    .filter(exchanges::expires_at.lt(time_text(cut)));
                deleted.requests = diesel::delete(old).execute(connection)? as u64;
            }
            if let Some(cut) = RetentionRules::cut(rules.certificates_days, now) {
                let old = erasure_records::table
                    .filter(erasure_records::tenant_id.eq(tenant.as_str()))
                    .filter(erasure_records::erased_at.lt(time_text(cut)));
                deleted.certificates = diesel::delete(old).execute(connection)? as u64;
            }
            Ok(deleted)
        })
        .await
    }
}

/// Persons who were told purposes, all of which are over; and persons who were told none, for whom nothing came in since the cut.
fn due(
    connection: &mut AnyConnection,
    tenant: &TenantId,
    rules: &RetentionRules,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<CandidateRef>> {
    let now_text = time_text(now);
    let purposes = || {
        person_purposes::table
            .filter(person_purposes::tenant_id.eq(candidates::tenant_id))
            .filter(person_purposes::candidate_ref.eq(candidates::id))
    };
    let mut found: Vec<String> = each_backend!(connection, c => {
        candidates::table
            .filter(candidates::tenant_id.eq(tenant.as_str()))
            .filter(exists(purposes()))
            .filter(not(exists(purposes().filter(person_purposes::kept_until.gt(&now_text)))))
            .order(candidates::id.asc())
            .limit(limit)
            .select(candidates::id)
            .load(c)
    })?;
    if let Some(cut) = RetentionRules::cut(rules.candidates_days, now).map(time_text) {
        let left = limit - i64::try_from(found.len()).unwrap_or(limit);
        let newer_credentials = credentials::table
            .filter(credentials::tenant_id.eq(candidates::tenant_id))
            .filter(credentials::candidate_ref.eq(candidates::id))
            .filter(credentials::created_at.ge(&cut));
        let newer_submissions = submissions::table
            .filter(submissions::tenant_id.eq(candidates::tenant_id))
            .filter(submissions::candidate_ref.eq(candidates::id.nullable()))
            .filter(submissions::created_at.ge(&cut));
        let silent: Vec<String> = each_backend!(connection, c => {
            candidates::table
                .filter(candidates::tenant_id.eq(tenant.as_str()))
                .filter(candidates::created_at.lt(&cut))
                .filter(not(exists(purposes())))
                .filter(not(exists(newer_credentials)))
                .filter(not(exists(newer_submissions)))
                .order(candidates::id.asc())
                .limit(left)
                .select(candidates::id)
                .load(c)
        })?;
        found.extend(silent);
    }
    Ok(found.into_iter().map(CandidateRef).collect())
}
