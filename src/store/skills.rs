//! Skills: one row per credential and assertion, with its status of today.

use super::packed::Kind;
use super::schema::{credentials, skills};
use super::text::{clean, name_text, parse_name, time_text};
use super::transaction::{Transaction, insert_all};
use super::{Result, Store, Vault};
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
    concept_uri: Option<String>,
    assertion: Vec<u8>,
    created_at: String,
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
            let mut found: Vec<SkillAssertion> = rows.into_iter().map(|row| into_model(&vault, row)).collect::<Result<_>>()?;
            found.dedup_by(|one, other| one.assertion_id == other.assertion_id);
            found.sort_by(|one, other| one.label.text.cmp(&other.label.text));
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
        let mut rows = Vec::with_capacity(new.len());
        for (credential, skill) in new {
            rows.push(NewRow {
                credential_id: credential.as_str(),
                assertion_id: &skill.assertion_id,
                tenant_id: tenant.as_str(),
                candidate_ref: candidate.as_str(),
                status: name_text(&skill.status)?,
                mapping_status: name_text(&skill.mapping_status)?,
                concept_uri: skill.concepts.first().and_then(|concept| concept.uri.as_deref()).map(clean),
                assertion: self.vault.pack_json(&place(credential.as_str()), Kind::Normalized, skill)?,
                created_at: time_text(now),
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
        rows.into_iter().map(|row| into_model(self.vault, row)).collect()
    }

    /// What other credentials of the person assert and is in force: (assertion id, concept URI, the credential's outcome).
    pub fn supported_elsewhere(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        except: &CredentialId,
    ) -> Result<Vec<(String, Option<String>, Outcome)>> {
        let rows: Vec<(String, Option<String>, String)> = skills::table
            .inner_join(credentials::table)
            .filter(skills::tenant_id.eq(tenant.as_str()))
            .filter(skills::candidate_ref.eq(candidate.as_str()))
            .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
            .filter(skills::credential_id.ne(except.as_str()))
            .select((skills::assertion_id, skills::concept_uri, credentials::outcome))
            .load(self.connection)?;
        rows.into_iter().map(|(assertion, uri, outcome)| Ok((assertion, uri, parse_name(&outcome)?))).collect()
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

fn place(credential: &str) -> String {
    format!("credential:{credential}:skill")
}

fn into_model(vault: &Vault, (credential, assertion, status): Row) -> Result<SkillAssertion> {
    let mut skill: SkillAssertion = vault.unpack_json(&place(&credential), &assertion)?;
    skill.status = parse_name(&status)?;
    Ok(skill)
}
