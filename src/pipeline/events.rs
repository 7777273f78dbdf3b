//! Events about credentials. Comes in: reports and normalised credentials. Goes out: CloudEvents.
//! Pseudonymous by construction: only fields that describe the achievement, its issuer and its skills are taken over, and
//! reasons are sentences of ours. The transaction is asked one thing: which other credentials of the person give a skill.
//! Must not know: the queue.

use crate::model::credential::{Attainment, NormalizedCredential};
use crate::model::event::{
    Audience, CREDENTIAL_SCHEMA, CandidateEventData, CredentialEventData, CredentialSummary, Event, EventType, LinkedAddress,
    Projections, Reason, SKILL_SCHEMA, SkillEventData,
};
use crate::model::ids::{CandidateRef, CredentialId, EventId, TenantId};
use crate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use crate::model::skill::{Concept, MappingStatus, SkillAssertion, SkillStatus};
use crate::store::{Result, Transaction};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::HashSet;

/// Writes the events about one person, numbering them on.
pub struct EventWriter {
    tenant: TenantId,
    candidate: CandidateRef,
    /// The submission, delivery or review that leads to them.
    cause: Option<String>,
    now: DateTime<Utc>,
    /// Number of the last event about the person.
    sequence: i64,
    /// Each with the connections that it is for.
    events: Vec<(Event, Audience)>,
}

/// A credential as its events show it.
pub struct Shown {
    pub summary: CredentialSummary,
    /// Why the verdict is not "accepted".
    pub reason: Option<Reason>,
    /// The skills of the credential and of those inside it, each assertion once.
    pub skills: Vec<SkillAssertion>,
}

impl Shown {
    /// Of a rejected credential nothing but its fingerprint is shown.
    pub fn of(
        id: &CredentialId,
        fingerprint: &str,
        report: &VerificationReport,
        normalized: Option<&NormalizedCredential>,
    ) -> Self {
        Self {
            summary: summary(id, fingerprint, report, normalized),
            reason: reason(report),
            skills: normalized.map(all_skills).unwrap_or_default(),
        }
    }
}

/// The published facts about a credential, or about the credential that it replaces.
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

    /// Puts the events into the outbox, with the number of the last one.
    pub fn write(self, transaction: &mut Transaction<'_>) -> Result<()> {
        transaction.set_sequence(&self.tenant, &self.candidate, self.sequence)?;
        transaction.append_events(&self.events)
    }

    /// Publishes the verdict on a credential, what is no longer given, and what is: in that order, so that a reader of every
    /// event is left with what holds.
    pub fn publish(&mut self, transaction: &mut Transaction<'_>, shown: &Shown, before: Option<&Published>) -> Result<()> {
        self.verdict(shown, before);
        if let Some(before) = before {
            self.withdraw(transaction, &shown.summary, before, &shown.skills)?;
        }
        self.skills(shown, before);
        Ok(())
    }

    /// Publishes which of the skills given before are no longer given, to those who no longer have them from any credential
    /// that they take.
    pub fn withdraw(
        &mut self,
        transaction: &mut Transaction<'_>,
        summary: &CredentialSummary,
        before: &Published,
        kept: &[SkillAssertion],
    ) -> Result<()> {
        self.lose(transaction, summary, before, kept, SkillStatus::Withdrawn)
    }

    /// As [`EventWriter::withdraw`], for skills of a credential whose validity ended.
    pub fn expire(&mut self, transaction: &mut Transaction<'_>, summary: &CredentialSummary, before: &Published) -> Result<()> {
        self.lose(transaction, summary, before, &[], SkillStatus::Expired)
    }

    fn lose(
        &mut self,
        transaction: &mut Transaction<'_>,
        summary: &CredentialSummary,
        before: &Published,
        kept: &[SkillAssertion],
        status: SkillStatus,
    ) -> Result<()> {
        let event_type = if status == SkillStatus::Expired { EventType::SkillExpired } else { EventType::SkillWithdrawn };
        let is_kept = |skill: &SkillAssertion| kept.iter().any(|new| new.assertion_id == skill.assertion_id && is_given(new));
        // A skill that another credential gives under the same outcome is not withdrawn.
        let is_same_outcome = before.outcome == summary.outcome;
        let questionable: Vec<&SkillAssertion> =
            before.skills.iter().filter(|skill| !(is_same_outcome && is_kept(skill))).collect();
        if questionable.is_empty() {
            return Ok(());
        }
        let support = transaction.supported_elsewhere(&self.tenant, &self.candidate, &summary.id)?;
        for skill in questionable {
            let elsewhere = support.iter().filter(|(other, _)| supports(other, skill));
            let still: HashSet<Outcome> =
                elsewhere.map(|(_, outcome)| *outcome).chain(is_kept(skill).then_some(summary.outcome)).collect();
            if let Some(audience) = losers(before.outcome, &still) {
                let lost = SkillAssertion { status, ..skill.clone() };
                self.skill_for(audience, event_type, summary, &lost, None);
            }
        }
        Ok(())
    }

    /// The verdict on a credential. A connection that received an earlier, different verdict also gets this
    /// one, whatever its filter.
    fn verdict(&mut self, shown: &Shown, before: Option<&Published>) {
        let outcome = shown.summary.outcome;
        let event_type = match outcome {
            Outcome::Accepted => EventType::CredentialVerified,
            Outcome::Attention => EventType::CredentialAttention,
            Outcome::Rejected => EventType::CredentialRejected,
        };
        let audience = match before {
            Some(before) => Audience::of_change(before.outcome, outcome),
            None => Audience::of(outcome),
        };
        self.credential_for(audience, event_type, &shown.summary, shown.reason.clone(), &shown.skills);
    }

    /// The skills that a credential gives, as they differ from those published before. Another outcome asserts all of them
    /// anew: some connections that take it did not take the earlier one.
    pub fn skills(&mut self, shown: &Shown, before: Option<&Published>) {
        let summary = &shown.summary;
        let published = before.filter(|before| before.outcome == summary.outcome).map_or(&[][..], |before| &before.skills);
        for skill in shown.skills.iter().filter(|skill| is_given(skill)) {
            match published.iter().find(|earlier| earlier.assertion_id == skill.assertion_id) {
                None => self.skill(EventType::SkillAsserted, summary, skill),
                Some(earlier) if first_uri(earlier) != first_uri(skill) => self.remapped(summary, earlier, skill),
                Some(earlier) if earlier != skill => self.skill(EventType::SkillUpdated, summary, skill),
                Some(_) => {}
            }
        }
    }

    /// Publishes that a skill means another concept than before.
    pub fn remapped(&mut self, summary: &CredentialSummary, before: &SkillAssertion, skill: &SkillAssertion) {
        let previous = before.concepts.first().cloned();
        self.skill_for(Audience::of(summary.outcome), EventType::SkillRemapped, summary, skill, previous);
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
        let skills: Vec<SkillAssertion> =
            skills.iter().filter(|skill| skill.mapping_status != MappingStatus::Rejected).map(without_suggestions).collect();
        let data = CredentialEventData {
            candidate_ref: self.candidate.clone(),
            credential: summary.clone(),
            reason,
            projections: projections(&skills),
            skills,
        };
        self.add(audience, event_type, summary, CREDENTIAL_SCHEMA, &data);
    }

    /// An event about the candidate. `previous`: a reference that was merged into the candidate's.
    pub fn candidate(&mut self, event_type: EventType, previous: Option<&CandidateRef>, linked: Option<LinkedAddress>) {
        let data = CandidateEventData { previous_ref: previous.cloned(), linked, ..CandidateEventData::of(&self.candidate) };
        self.sequence += 1;
        let event = Event::about_candidate(event_type, &self.tenant, &data, self.sequence, self.now);
        self.events.push((Event { causationid: self.cause.clone(), ..event }, Audience::Everyone));
    }

    pub fn skill(&mut self, event_type: EventType, summary: &CredentialSummary, skill: &SkillAssertion) {
        self.skill_for(Audience::of(summary.outcome), event_type, summary, skill, None);
    }

    fn skill_for(
        &mut self,
        audience: Audience,
        event_type: EventType,
        summary: &CredentialSummary,
        skill: &SkillAssertion,
        previous: Option<Concept>,
    ) {
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
            previous,
            assertion: without_suggestions(skill),
            credential: summary.clone(),
            projections: projections(std::slice::from_ref(skill)),
        };
        self.add(audience, event_type, summary, SKILL_SCHEMA, &data);
    }

    fn add(
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
            traceparent: None,
            data,
        };
        self.events.push((event, audience));
    }
}

fn first_uri(skill: &SkillAssertion) -> Option<&str> {
    skill.concepts.first().and_then(|concept| concept.uri.as_deref())
}

/// Suggestions are for the people who decide, not for other systems.
fn without_suggestions(skill: &SkillAssertion) -> SkillAssertion {
    SkillAssertion { alternatives: Vec::new(), ..skill.clone() }
}

fn summary(
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
        attainment: shown.map(|shown| shown.attainment),
        achievement: shown.map(|shown| shown.achievement.clone()),
        issuer: shown.map(|shown| shown.issuer.clone()),
        valid_from: shown.and_then(|shown| shown.valid_from),
        valid_until: shown.and_then(|shown| shown.valid_until),
    }
}

fn all_skills(normalized: &NormalizedCredential) -> Vec<SkillAssertion> {
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

/// Whether the skill is published: it is held, and nobody decided that it is no skill.
pub fn is_given(skill: &SkillAssertion) -> bool {
    is_held(skill) && skill.mapping_status != MappingStatus::Rejected
}

/// Whether the skill is kept at all: a failed or unfinished course asserts no skill. A skill of unknown attainment is kept, and says so.
pub fn is_held(skill: &SkillAssertion) -> bool {
    !matches!(skill.attainment, Attainment::NotAttained | Attainment::InProgress)
}

fn projections(skills: &[SkillAssertion]) -> Projections {
    let mut seen = HashSet::new();
    let attained = skills.iter().filter(|skill| skill.attainment == Attainment::Attained);
    let names = attained.map(|skill| skill.label.text.as_str());
    let plain = names.filter(|name| seen.insert(name.to_lowercase())).map(str::to_owned).collect();
    Projections { plain }
}

/// Code and sentence of the check that decided; `None` when all is well. The sentence is ours: a check's own may quote an
/// address or the credential.
fn reason(report: &VerificationReport) -> Option<Reason> {
    let check = report.deciding_check()?;
    let message = match (check.status, check.id) {
        (CheckStatus::CouldNotCheck, CheckId::Status) => "It could not be checked whether the credential is still valid.",
        (CheckStatus::CouldNotCheck, CheckId::Proof | CheckId::Controller) => "The signature could not be checked.",
        (CheckStatus::CouldNotCheck, CheckId::Recipient) => {
            "It could not be checked whether the credential is about this person."
        }
        (CheckStatus::CouldNotCheck, _) => "A check could not be made.",
        (_, CheckId::Format) => "The file can't be read as a credential.",
        (_, CheckId::Context) => "The credential uses words whose meaning the gateway does not know.",
        (_, CheckId::Schema) => "The credential differs from the structure that its standard prescribes.",
        (_, CheckId::Proof) => "The signature does not prove that the credential is unchanged.",
        (_, CheckId::Controller) => "The signing key does not belong to the issuer, or may not be used for this.",
        (_, CheckId::Integrity) => "The signature does not cover the whole credential.",
        (_, CheckId::Validity) => "The credential is not valid at this time.",
        (_, CheckId::Status) => "The issuer says that the credential is not valid now.",
        (_, CheckId::IssuerTrust) => "No one you trust has vouched for the issuer.",
        (_, CheckId::Recipient) => "The credential does not show that it is about this person.",
        (_, CheckId::Nested) => "A credential inside this one needs attention.",
    };
    Some(Reason { code: check.code, message: message.to_owned() })
}

/// The same assertion, or the same concept.
fn supports(other: &SkillAssertion, skill: &SkillAssertion) -> bool {
    let concept = |skill: &SkillAssertion| skill.concepts.first().and_then(|concept| concept.uri.clone());
    other.assertion_id == skill.assertion_id || (concept(skill).is_some() && concept(other) == concept(skill))
}

/// Which connections must hear of the withdrawal of a skill, given its outcome and the outcomes that still support it.
fn losers(before: Outcome, still: &HashSet<Outcome>) -> Option<Audience> {
    let only = |outcome| still.len() == 1 && still.contains(&outcome);
    match before {
        // Those who take only another outcome lost the skill when the credential left that outcome, or never had it.
        _ if still.is_empty() => Some(Audience::of(before)),
        Outcome::Accepted if only(Outcome::Attention) => Some(Audience::OnlyAccepted),
        Outcome::Attention if only(Outcome::Accepted) => Some(Audience::OnlyAttention),
        _ => None,
    }
}
