//! What is published about a credential: from reports and normalised credentials to CloudEvents. Pure.
//! Pseudonymous by construction: only fields that describe the achievement, its issuer and its skills are taken over, and
//! reasons are sentences of ours. Must not know: the database, the queue.

use crate::model::credential::{Attainment, NormalizedCredential};
use crate::model::event::{
    Audience, CREDENTIAL_SCHEMA, CredentialEventData, CredentialSummary, Event, EventType, Projections, Reason, SKILL_SCHEMA,
    SkillEventData,
};
use crate::model::ids::{CandidateRef, CredentialId, EventId, TenantId};
use crate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use crate::model::skill::SkillAssertion;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashSet;

/// Writes the events about one person, numbering them on.
pub struct EventWriter {
    pub tenant: TenantId,
    pub candidate: CandidateRef,
    /// The submission, delivery or review that leads to them.
    pub cause: Option<String>,
    pub now: DateTime<Utc>,
    /// Number of the last event about the person.
    pub sequence: i64,
    /// Each with the connections that it is for.
    pub events: Vec<(Event, Audience)>,
}

/// What was published of a credential, or of the one that it replaces.
pub struct Published {
    pub outcome: Outcome,
    /// The skills that it gave, in force until now.
    pub skills: Vec<SkillAssertion>,
}

impl EventWriter {
    /// `sequence`: the number of the last event about the person, whose row is locked.
    pub fn new(tenant: &TenantId, candidate: &CandidateRef, cause: Option<String>, now: DateTime<Utc>, sequence: i64) -> Self {
        Self { tenant: tenant.clone(), candidate: candidate.clone(), cause, now, sequence, events: Vec::new() }
    }

    /// The verdict on a credential. Who was told another one hears of this one too, even if it is not one that they take.
    pub fn verdict(
        &mut self,
        summary: &CredentialSummary,
        report: &VerificationReport,
        skills: &[SkillAssertion],
        before: Option<&Published>,
    ) {
        let event_type = match report.outcome {
            Outcome::Accepted => EventType::CredentialVerified,
            Outcome::Attention => EventType::CredentialAttention,
            Outcome::Rejected => EventType::CredentialRejected,
        };
        let audience = match before {
            Some(before) if before.outcome != report.outcome => Audience::Everyone,
            _ => Audience::of(report.outcome),
        };
        self.credential_for(audience, event_type, summary, reason(report), skills);
    }

    /// The skills that a credential gives, as they differ from those published before. Another outcome asserts all of them
    /// anew: some connections that take it did not take the earlier one.
    pub fn skills(&mut self, summary: &CredentialSummary, skills: &[SkillAssertion], before: Option<&Published>) {
        let published = before.filter(|before| before.outcome == summary.outcome).map_or(&[][..], |before| &before.skills);
        for skill in skills.iter().filter(|skill| is_held(skill)) {
            match published.iter().find(|earlier| earlier.assertion_id == skill.assertion_id) {
                None => self.skill(EventType::SkillAsserted, summary, skill),
                Some(earlier) if earlier != skill => self.skill(EventType::SkillUpdated, summary, skill),
                Some(_) => {}
            }
        }
    }

    pub fn credential(
        &mut self,
        event_type: EventType,
        summary: &CredentialSummary,
        reason: Option<Reason>,
        skills: &[SkillAssertion],
    ) {
        self.credential_for(Audience::of(summary.outcome), event_type, summary, reason, skills);
    }

    fn credential_for(
        &mut self,
        audience: Audience,
        event_type: EventType,
        summary: &CredentialSummary,
        reason: Option<Reason>,
        skills: &[SkillAssertion],
    ) {
        let data = CredentialEventData {
            candidate_ref: self.candidate.clone(),
            credential: summary.clone(),
            reason,
            skills: skills.to_vec(),
            projections: projections(skills),
        };
        self.write(audience, event_type, summary, CREDENTIAL_SCHEMA, &data);
    }

    pub fn skill(&mut self, event_type: EventType, summary: &CredentialSummary, skill: &SkillAssertion) {
        self.skill_for(Audience::of(summary.outcome), event_type, summary, skill);
    }

    pub fn skill_for(&mut self, audience: Audience, event_type: EventType, summary: &CredentialSummary, skill: &SkillAssertion) {
        let change = match event_type {
            EventType::SkillUpdated => "updated",
            EventType::SkillRemapped => "remapped",
            EventType::SkillWithdrawn => "withdrawn",
            EventType::SkillExpired => "expired",
            _ => "asserted",
        };
        let data = SkillEventData {
            candidate_ref: self.candidate.clone(),
            change: change.to_owned(),
            assertion: skill.clone(),
            credential: summary.clone(),
            projections: projections(std::slice::from_ref(skill)),
        };
        self.write(audience, event_type, summary, SKILL_SCHEMA, &data);
    }

    fn write(
        &mut self,
        audience: Audience,
        event_type: EventType,
        summary: &CredentialSummary,
        schema: &str,
        data: &impl Serialize,
    ) {
        // Plain structs of text and numbers: writing them as JSON can't fail.
        let Ok(data) = serde_json::to_value(data) else { return };
        self.sequence += 1;
        let event = Event {
            specversion: "1.0".to_owned(),
            id: EventId::generate(),
            source: format!("/tenants/{}/gateway", self.tenant),
            event_type,
            subject: format!("candidates/{}/credentials/{}", self.candidate, summary.id),
            time: self.now,
            datacontenttype: "application/json".to_owned(),
            dataschema: schema.to_owned(),
            tenantid: self.tenant.clone(),
            partitionkey: self.candidate.clone(),
            sequence: format!("{:010}", self.sequence),
            privacymode: "pseudonymous".to_owned(),
            causationid: self.cause.clone(),
            data,
        };
        self.events.push((event, audience));
    }
}

/// A credential as events show it. Of a rejected one nothing but its fingerprint is told.
pub fn summary(
    id: &CredentialId,
    fingerprint: &str,
    report: &VerificationReport,
    normalized: Option<&NormalizedCredential>,
) -> CredentialSummary {
    let shown = normalized.filter(|_| report.outcome != Outcome::Rejected);
    CredentialSummary {
        id: id.clone(),
        outcome: report.outcome,
        verified_at: report.verified_at,
        fingerprint: fingerprint.to_owned(),
        status: shown.map(|shown| shown.status),
        achievement: shown.map(|shown| shown.achievement.clone()),
        issuer: shown.map(|shown| shown.issuer.clone()),
        valid_from: shown.and_then(|shown| shown.valid_from),
        valid_until: shown.and_then(|shown| shown.valid_until),
    }
}

/// The skills of a credential and of those inside it, each assertion once.
pub fn all_skills(normalized: &NormalizedCredential) -> Vec<SkillAssertion> {
    fn collect(normalized: &NormalizedCredential, seen: &mut HashSet<String>, found: &mut Vec<SkillAssertion>) {
        let fresh = normalized.skills.iter().filter(|skill| seen.insert(skill.assertion_id.clone()));
        found.extend(fresh.cloned());
        for part in &normalized.parts {
            collect(&part.credential, seen, found);
        }
    }
    let mut found = Vec::new();
    collect(normalized, &mut HashSet::new(), &mut found);
    found
}

/// Whether the person has the skill, as far as is known: a failed or unfinished course asserts none.
pub fn is_held(skill: &SkillAssertion) -> bool {
    !matches!(skill.attainment, Attainment::NotAttained | Attainment::InProgress)
}

fn projections(skills: &[SkillAssertion]) -> Projections {
    let mut seen = HashSet::new();
    let names = skills.iter().filter(|skill| is_held(skill)).map(|skill| skill.label.text.as_str());
    let plain = names.filter(|name| seen.insert(name.to_lowercase())).map(str::to_owned).collect();
    Projections { plain }
}

/// Code and sentence of the check that decided; `None` when all is well. The sentence is ours: a check's own may quote an
/// address or the credential.
pub fn reason(report: &VerificationReport) -> Option<Reason> {
    let check = report.deciding_check()?;
    let message = match (check.status, check.id) {
        (CheckStatus::CouldNotCheck, CheckId::Status) => {
            "The issuer could not be asked whether the credential is still in force."
        }
        (CheckStatus::CouldNotCheck, CheckId::Proof | CheckId::Controller) => "The signature could not be checked.",
        (CheckStatus::CouldNotCheck, CheckId::Recipient) => "Whether the credential is about this person could not be told.",
        (CheckStatus::CouldNotCheck, _) => "A check could not be made.",
        (_, CheckId::Format) => "The file is not in a form that can be read as a credential.",
        (_, CheckId::Context) => "The credential uses terms whose meaning is not known here.",
        (_, CheckId::Schema) => "The credential departs from the form that its standard asks for.",
        (_, CheckId::Proof) => "The signature does not prove that the credential is unchanged.",
        (_, CheckId::Controller) => "The signing key does not belong to the issuer, or may not be used for this.",
        (_, CheckId::Integrity) => "A part of the credential is not covered by its signature.",
        (_, CheckId::Validity) => "The credential is not valid at this time.",
        (_, CheckId::Status) => "The issuer says that the credential is not in force.",
        (_, CheckId::IssuerTrust) => "Nobody vouches for the issuer.",
        (_, CheckId::Recipient) => "The credential does not show that it is about this person.",
        (_, CheckId::Nested) => "A credential inside this one needs attention.",
    };
    Some(Reason { code: check.code.clone(), message: message.to_owned() })
}
