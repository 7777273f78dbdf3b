//! Skills that must be mapped again: after a decision, after it was taken back, after a taxonomy changed. Comes in: jobs. Goes out: the
//! next credentials of a job. Must not know: how skills are mapped.

use super::credentials::{CredentialRow, place};
use super::packed::Kind;
use super::schema::{credentials, skill_jobs, skill_settings, skills, tenants};
use super::sealed::readable;
use super::skills::label_digest;
use super::text::{name_text, parse_time, time_text};
use super::transaction::Transaction;
use super::{Result, Store};
use crate::model::credential::NormalizedCredential;
use crate::model::ids::{CredentialId, TenantId};
use crate::model::record::StoredCredential;
use crate::model::skill::{MappingStatus, SkillStatus};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// Skills of one tenant that must be mapped again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillJob {
    pub id: String,
    pub tenant_id: TenantId,
    /// Only skills with this label ([`Transaction::label_digest`]); empty: all.
    pub label_key: String,
    /// The decision that leads to it, when that is all that changed.
    pub decision_id: Option<String>,
    /// The last credential that was done.
    pub position: String,
    pub not_before: DateTime<Utc>,
    /// The second time.
    pub last: bool,
}

/// Id, tenant, label key, decision, position, not before, last.
type JobRow = (String, String, String, Option<String>, String, String, i64);

impl Store {
    /// The oldest job that is due.
    pub async fn next_skill_job(&self, now: DateTime<Utc>) -> Result<Option<SkillJob>> {
        self.read(move |connection| {
            let row: Option<JobRow> = skill_jobs::table
                .filter(skill_jobs::not_before.le(time_text(now)))
                .order(skill_jobs::id.asc())
                .first(connection)
                .optional()?;
            let Some((id, tenant, label_key, decision_id, position, not_before, last)) = row else { return Ok(None) };
            let (tenant_id, not_before) = (TenantId::from(tenant), parse_time(&not_before)?);
            Ok(Some(SkillJob { id, tenant_id, label_key, decision_id, position, not_before, last: last != 0 }))
        })
        .await
    }

    /// The next credentials whose skills the job is about, in the order of their ids.
    pub async fn credentials_to_map(&self, job: &SkillJob, limit: u32) -> Result<Vec<StoredCredential>> {
        let (job, vault) = (job.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let mut query = skills::table
                .filter(skills::tenant_id.eq(job.tenant_id.as_str()))
                .filter(skills::credential_id.gt(&job.position))
                .filter(
                    skills::status
                        .eq(name_text(&SkillStatus::Asserted)?)
                        .or(skills::mapping_status.eq(name_text(&MappingStatus::Rejected)?)),
                )
                .select(skills::credential_id)
                .distinct()
                .into_boxed();
            if !job.label_key.is_empty() {
                query = query.filter(skills::label_key.eq(&job.label_key));
            }
            let ids: Vec<String> = query.order(skills::credential_id.asc()).limit(i64::from(limit)).load(connection)?;
            let rows: Vec<CredentialRow> = credentials::table
                .filter(credentials::id.eq_any(&ids))
                .order(credentials::id.asc())
                .select(CredentialRow::as_select())
                .load(connection)?;
            readable(rows, |row| row.into_model(connection, &vault))
        })
        .await
    }

    /// Tenants with the target catalogue of their skills and the state of the taxonomies that mapped them.
    pub async fn mapped_states(&self) -> Result<Vec<(TenantId, Option<String>, String)>> {
        self.read(|connection| {
            let all: Vec<String> = tenants::table.select(tenants::id).order(tenants::id.asc()).load(connection)?;
            let known: Vec<(String, Option<String>, String)> = skill_settings::table.load(connection)?;
            let of = |tenant: String| {
                let row = known.iter().find(|(id, ..)| *id == tenant);
                let (catalogue, state) = row.map(|(_, catalogue, state)| (catalogue.clone(), state.clone())).unwrap_or_default();
                (TenantId::from(tenant), catalogue, state)
            };
            Ok(all.into_iter().map(of).collect())
        })
        .await
    }
}

impl Transaction<'_> {
    /// By what skills with this label are found.
    pub fn label_digest(&self, tenant: &TenantId, label_key: &str) -> Result<String> {
        label_digest(self.vault, tenant, label_key)
    }

    pub fn insert_skill_job(&mut self, job: &SkillJob) -> Result<()> {
        let row = (
            skill_jobs::id.eq(job.id.as_str()),
            skill_jobs::tenant_id.eq(job.tenant_id.as_str()),
            skill_jobs::label_key.eq(&job.label_key),
            skill_jobs::decision_id.eq(job.decision_id.as_deref()),
            skill_jobs::position.eq(job.position.as_str()),
            skill_jobs::not_before.eq(time_text(job.not_before)),
            skill_jobs::last.eq(i64::from(job.last)),
        );
        diesel::insert_into(skill_jobs::table).values(row).execute(self.connection)?;
        Ok(())
    }

    /// Notes how far the job is. False when another process did the same step.
    pub fn advance_skill_job(&mut self, job: &SkillJob, position: &str) -> Result<bool> {
        let target = skill_jobs::table.filter(skill_jobs::id.eq(&job.id)).filter(skill_jobs::position.eq(&job.position));
        Ok(diesel::update(target).set(skill_jobs::position.eq(position)).execute(self.connection)? == 1)
    }

    pub fn finish_skill_job(&mut self, job: &SkillJob) -> Result<()> {
        diesel::delete(skill_jobs::table.filter(skill_jobs::id.eq(&job.id))).execute(self.connection)?;
        Ok(())
    }

    /// From now on the tenant's skills count as mapped with this state. False when another process noted it.
    pub fn set_mapped_state(&mut self, tenant: &TenantId, before: &str, state: &str) -> Result<bool> {
        let own = skill_settings::table.filter(skill_settings::tenant_id.eq(tenant.as_str()));
        let same = own.filter(skill_settings::state.eq(before));
        let changed = diesel::update(same).set(skill_settings::state.eq(state)).execute(self.connection)?;
        if changed == 1 {
            return Ok(true);
        }
        let is_known: i64 = own.count().get_result(self.connection)?;
        if is_known > 0 {
            return Ok(false);
        }
        let row = (skill_settings::tenant_id.eq(tenant.as_str()), skill_settings::state.eq(state));
        diesel::insert_into(skill_settings::table).values(row).execute(self.connection)?;
        Ok(true)
    }

    /// Keeps the credential as it is read now; its verdict stays as it is.
    pub fn set_normalized(&mut self, id: &CredentialId, normalized: &NormalizedCredential, now: DateTime<Utc>) -> Result<()> {
        let target = credentials::table.filter(credentials::id.eq(id.as_str()));
        let content = self.key_of_credential(id)?.pack_json(&place(id.as_str()), Kind::Normalized, normalized)?;
        let values = (credentials::normalized.eq(Some(content)), credentials::updated_at.eq(time_text(now)));
        diesel::update(target).set(values).execute(self.connection)?;
        Ok(())
    }
}
