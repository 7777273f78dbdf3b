//! Skills: one row per credential and assertion, with its status of today.

use super::packed::Kind;
use super::pool::AnyConnection;
use super::schema::{credentials, skills};
use super::sealed::readable;
use super::text::{name_text, parse_name, time_text};
use super::transaction::{Transaction, insert_all};
use super::{Result, Store, Vault, identities};
use crate::model::ids::{CandidateRef, CredentialId, TenantId};
use crate::model::report::Outcome;
use crate::model::skill::{SkillAssertion, SkillStatus};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

#[derive(Insertable)]
#[diesel(table_name = skills, treat_none_as_default_value = false)]
struct NewRow<'a> {
    credential_id: &'a str,
    assertion_id: &'a str,
    tenant_id: &'a str,
    candidate_ref: &'a str,
    status: String,
    mapping_status: String,
    assertion: Vec<u8>,
    created_at: String,
    label_key: String,
    method: Option<String>,
}

impl Store {
    /// Skills of the person's credentials that are in force; each assertion once.
    pub async fn candidate_skills(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Vec<SkillAssertion>> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let rows: Vec<Row> = skills::table
                .filter(skills::tenant_id.eq(tenant.as_str()))
                .filter(skills::candidate_ref.eq(candidate.as_str()))
                .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
                .order((skills::assertion_id.asc(), skills::credential_id.desc()))
                .select((skills::credential_id, skills::assertion, skills::status))
                .load(connection)?;
            let mut found: Vec<SkillAssertion> = readable(rows, |row| into_model(connection, &vault, row))?;
            found.dedup_by(|one, other| one.assertion_id == other.assertion_id);
            found.sort_by(|one, other| one.label.text.cmp(&other.label.text));
            Ok(found)
        })
        .await
    }
}

impl Store {
    /// Every skill in force of the person, with the credential that gives it and its outcome.
    pub async fn candidate_support(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
    ) -> Result<Vec<(CredentialId, Outcome, SkillAssertion)>> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let rows: Vec<(String, String, Vec<u8>)> = skills::table
                .inner_join(credentials::table)
                .filter(skills::tenant_id.eq(tenant.as_str()))
                .filter(skills::candidate_ref.eq(candidate.as_str()))
                .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
                .order((skills::assertion_id.asc(), skills::credential_id.asc()))
                .select((skills::credential_id, credentials::outcome, skills::assertion))
                .load(connection)?;
            let mut found: Vec<(CredentialId, Outcome, SkillAssertion)> = readable(rows, |(id, outcome, assertion)| {
                let skill = vault.unpack_json(connection, &place(&id), &assertion)?;
                Ok((CredentialId::from(id), parse_name(&outcome)?, skill))
            })?;
            found.sort_by_cached_key(|(_, _, skill)| skill.label.key());
            Ok(found)
        })
        .await
    }
}

impl Transaction<'_> {
    /// Writes the skills of new credentials of one person.
    pub fn insert_skills(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        new: &[(&CredentialId, &SkillAssertion)],
        now: DateTime<Utc>,
    ) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        let key = self.key_of(tenant, candidate)?;
        let mut rows = Vec::with_capacity(new.len());
        for (credential, skill) in new {
            rows.push(NewRow {
                credential_id: credential.as_str(),
                assertion_id: &skill.assertion_id,
                tenant_id: tenant.as_str(),
                candidate_ref: candidate.as_str(),
                status: name_text(&skill.status)?,
                mapping_status: name_text(&skill.mapping_status)?,
                assertion: key.pack_json(&place(credential.as_str()), Kind::Normalized, skill)?,
                created_at: time_text(now),
                label_key: label_digest(self.vault, tenant, &skill.label.key())?,
                method: skill.method().as_ref().map(name_text).transpose()?,
            });
        }
        insert_all!(self.connection, skills::table, rows);
        Ok(())
    }

    /// The credential's skills that are in force.
    pub fn skills_in_force(&mut self, credential: &CredentialId) -> Result<Vec<SkillAssertion>> {
        let rows: Vec<Row> = skills::table
            .filter(skills::credential_id.eq(credential.as_str()))
            .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
            .order(skills::assertion_id.asc())
            .select((skills::credential_id, skills::assertion, skills::status))
            .load(self.connection)?;
        readable(rows, |row| into_model(self.connection, self.vault, row))
    }

    /// What other credentials of the person assert and is in force, with the credential's outcome.
    pub fn supported_elsewhere(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        except: &CredentialId,
    ) -> Result<Vec<(SkillAssertion, Outcome)>> {
        let rows: Vec<(Row, String)> = skills::table
            .inner_join(credentials::table)
            .filter(skills::tenant_id.eq(tenant.as_str()))
            .filter(skills::candidate_ref.eq(candidate.as_str()))
            .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
            .filter(skills::credential_id.ne(except.as_str()))
            .select(((skills::credential_id, skills::assertion, skills::status), credentials::outcome))
            .load(self.connection)?;
        readable(rows, |(row, outcome)| Ok((into_model(self.connection, self.vault, row)?, parse_name(&outcome)?)))
    }

    /// Writes the new state of a stored skill.
    pub fn update_skill(&mut self, credential: &CredentialId, skill: &SkillAssertion) -> Result<()> {
        let key = self.key_of_credential(credential)?;
        let target = skills::table
            .filter(skills::credential_id.eq(credential.as_str()))
            .filter(skills::assertion_id.eq(skill.assertion_id.as_str()));
        let values = (
            skills::status.eq(name_text(&skill.status)?),
            skills::mapping_status.eq(name_text(&skill.mapping_status)?),
            skills::assertion.eq(key.pack_json(&place(credential.as_str()), Kind::Normalized, skill)?),
            skills::method.eq(skill.method().as_ref().map(name_text).transpose()?),
        );
        diesel::update(target).set(values).execute(self.connection)?;
        Ok(())
    }

    /// Sets the status of all skills of the credential.
    pub fn set_skill_status(&mut self, credential: &CredentialId, status: SkillStatus) -> Result<()> {
        let target = skills::table.filter(skills::credential_id.eq(credential.as_str()));
        diesel::update(target).set(skills::status.eq(name_text(&status)?)).execute(self.connection)?;
        Ok(())
    }

    /// Removes the skills of a credential that is about to get new ones.
    pub fn remove_skills(&mut self, credential: &CredentialId) -> Result<()> {
        diesel::delete(skills::table.filter(skills::credential_id.eq(credential.as_str()))).execute(self.connection)?;
        Ok(())
    }
}

/// Credential, sealed assertion, status.
type Row = (String, Vec<u8>, String);

pub(super) fn place(credential: &str) -> String {
    format!("credential:{credential}:skill")
}

/// By what equal labels are found: the text is read from a person's credential, so that only a keyed hash of it is kept in clear.
pub(super) fn label_digest(vault: &Vault, tenant: &TenantId, label_key: &str) -> Result<String> {
    identities::digest(vault, tenant, "label", label_key)
}

fn into_model(connection: &mut AnyConnection, vault: &Vault, (credential, assertion, status): Row) -> Result<SkillAssertion> {
    let mut skill: SkillAssertion = vault.unpack_json(connection, &place(&credential), &assertion)?;
    skill.status = parse_name(&status)?;
    Ok(skill)
}
