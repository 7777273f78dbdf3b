//! Skills: one row per credential and assertion, with its status of today.

use super::packed::{Kind, pack_json, unpack_json};
use super::schema::{credentials, skills};
use super::text::{clean, name_text, parse_name, time_text};
use super::transaction::{Transaction, insert_all};
use super::{Result, Store};
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
    label: String,
    concept_uri: Option<String>,
    assertion: Vec<u8>,
    created_at: String,
    label_key: String,
    method: Option<String>,
}

impl Store {
    /// Skills of the person's credentials that are in force; each assertion once.
    pub async fn candidate_skills(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Vec<SkillAssertion>> {
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.read(move |connection| {
            let rows: Vec<(Vec<u8>, String)> = skills::table
                .filter(skills::tenant_id.eq(tenant.as_str()))
                .filter(skills::candidate_ref.eq(candidate.as_str()))
                .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
                .order((skills::label.asc(), skills::assertion_id.asc(), skills::credential_id.desc()))
                .select((skills::assertion, skills::status))
                .load(connection)?;
            let mut found: Vec<SkillAssertion> = rows.into_iter().map(into_model).collect::<Result<_>>()?;
            found.dedup_by(|one, other| one.assertion_id == other.assertion_id);
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
        let (tenant, candidate) = (tenant.clone(), candidate.clone());
        self.read(move |connection| {
            let rows: Vec<(String, String, String)> = skills::table
                .inner_join(credentials::table)
                .filter(skills::tenant_id.eq(tenant.as_str()))
                .filter(skills::candidate_ref.eq(candidate.as_str()))
                .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
                .order((skills::label.asc(), skills::assertion_id.asc(), skills::credential_id.asc()))
                .select((skills::credential_id, credentials::outcome, skills::assertion))
                .load(connection)?;
            let one = |(id, outcome, assertion): (String, String, String)| {
                Ok((CredentialId::from(id), parse_name(&outcome)?, parse_json(&assertion)?))
            };
            rows.into_iter().map(one).collect()
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
                label: clean(&skill.label.text),
                concept_uri: skill.concepts.first().and_then(|concept| concept.uri.as_deref()).map(clean),
                assertion: pack_json(Kind::Normalized, skill)?,
                created_at: time_text(now),
                label_key: clean(&skill.label.key()),
                method: skill.method().as_ref().map(name_text).transpose()?,
            });
        }
        insert_all!(self.connection, skills::table, rows);
        Ok(())
    }

    /// The credential's skills that are in force.
    pub fn skills_in_force(&mut self, credential: &CredentialId) -> Result<Vec<SkillAssertion>> {
        let rows: Vec<(Vec<u8>, String)> = skills::table
            .filter(skills::credential_id.eq(credential.as_str()))
            .filter(skills::status.eq(name_text(&SkillStatus::Asserted)?))
            .order(skills::assertion_id.asc())
            .select((skills::assertion, skills::status))
            .load(self.connection)?;
        rows.into_iter().map(into_model).collect()
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

    /// Writes what became of a skill that is there.
    pub fn update_skill(&mut self, credential: &CredentialId, skill: &SkillAssertion) -> Result<()> {
        let target = skills::table
            .filter(skills::credential_id.eq(credential.as_str()))
            .filter(skills::assertion_id.eq(skill.assertion_id.as_str()));
        let values = (
            skills::status.eq(name_text(&skill.status)?),
            skills::mapping_status.eq(name_text(&skill.mapping_status)?),
            skills::concept_uri.eq(skill.concepts.first().and_then(|concept| concept.uri.as_deref()).map(clean)),
            skills::assertion.eq(json_text(skill)?),
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

fn into_model((assertion, status): (Vec<u8>, String)) -> Result<SkillAssertion> {
    let mut skill: SkillAssertion = unpack_json(assertion)?;
    skill.status = parse_name(&status)?;
    Ok(skill)
}
