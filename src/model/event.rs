//! The events that the gateway publishes (CloudEvents 1.0). See schemas/events and schemas/asyncapi.yaml.

use super::candidate::{AddressKind, IdentitySource};
use super::code::Code;
use super::credential::{Achievement, Attainment, CredentialStatus, Issuer};
use super::ids::{CandidateRef, CredentialId, EventId, TenantId};
use super::report::Outcome;
use super::skill::{Concept, SkillAssertion};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

macro_rules! event_types {
    ($($variant:ident => $name:literal),+ $(,)?) => {
        /// The closed list of event types; the major version is part of the name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventType {
            $(#[serde(rename = $name)] $variant),+
        }

        impl EventType {
            pub const ALL: &'static [EventType] = &[$(EventType::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|event_type| event_type.as_str() == name)
            }
        }
    };
}

event_types! {
    CredentialVerified => "org.skillgate.credential.verified.v1",
    CredentialRejected => "org.skillgate.credential.rejected.v1",
    CredentialAttention => "org.skillgate.credential.attention.v1",
    CredentialRevoked => "org.skillgate.credential.revoked.v1",
    CredentialSuspended => "org.skillgate.credential.suspended.v1",
    CredentialReinstated => "org.skillgate.credential.reinstated.v1",
    CredentialExpired => "org.skillgate.credential.expired.v1",
    CredentialSuperseded => "org.skillgate.credential.superseded.v1",
    SkillAsserted => "org.skillgate.skill.asserted.v1",
    SkillUpdated => "org.skillgate.skill.updated.v1",
    SkillRemapped => "org.skillgate.skill.remapped.v1",
    SkillWithdrawn => "org.skillgate.skill.withdrawn.v1",
    SkillExpired => "org.skillgate.skill.expired.v1",
    CandidateLinked => "org.skillgate.candidate.linked.v1",
    CandidateMerged => "org.skillgate.candidate.merged.v1",
    CandidateErased => "org.skillgate.candidate.erased.v1",
}

/// `dataschema` of the events whose data is [`CredentialEventData`], [`SkillEventData`] and [`CandidateEventData`].
pub const CREDENTIAL_SCHEMA: &str = "urn:skillgate:schema:credential-event:1";
pub const SKILL_SCHEMA: &str = "urn:skillgate:schema:skill-event:1";
pub const CANDIDATE_SCHEMA: &str = "urn:skillgate:schema:candidate-event:1";

/// The structured JSON form of a CloudEvent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Always `1.0`.
    pub specversion: String,
    pub id: EventId,
    /// `/tenants/{tenant}/gateway`
    pub source: String,
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// `candidates/{candidate_ref}/credentials/{credential}`
    pub subject: String,
    /// The moment at which the gateway learned the fact, UTC.
    pub time: DateTime<Utc>,
    pub datacontenttype: String,
    pub dataschema: String,
    pub tenantid: TenantId,
    /// The candidate; events with one key keep their order.
    pub partitionkey: CandidateRef,
    /// Zero-padded to 10 digits, counted per candidate from 1.
    pub sequence: String,
    /// `pseudonymous`: no name, address, DID, photo, narrative or evidence.
    pub privacymode: String,
    /// The submission, delivery or review that caused the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// The trace of the work that caused the event (CloudEvents' extension for distributed tracing), when traces are collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    pub data: Value,
}

/// An event in transit: its JSON, and the parts that its carriers need. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    pub id: EventId,
    pub event_type: EventType,
    pub tenantid: TenantId,
    pub partitionkey: CandidateRef,
    /// The structured JSON form. Empty in a hint within one process.
    pub body: Arc<str>,
}

impl Envelope {
    /// # Errors
    /// The event can't be written as JSON.
    pub fn of(event: &Event) -> serde_json::Result<Self> {
        Ok(Self {
            id: event.id.clone(),
            event_type: event.event_type,
            tenantid: event.tenantid.clone(),
            partitionkey: event.partitionkey.clone(),
            body: serde_json::to_string(event)?.into(),
        })
    }

    /// # Errors
    /// The text is not an event.
    pub fn read(body: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Head {
            id: EventId,
            #[serde(rename = "type")]
            event_type: EventType,
            tenantid: TenantId,
            partitionkey: CandidateRef,
        }
        let Head { id, event_type, tenantid, partitionkey } = serde_json::from_str(body)?;
        Ok(Self { id, event_type, tenantid, partitionkey, body: body.into() })
    }

    /// The event's own member, when it has one.
    pub fn traceparent(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Head {
            traceparent: Option<String>,
        }
        serde_json::from_str::<Head>(&self.body).ok()?.traceparent
    }

    /// # Errors
    /// The body is not an event.
    pub fn event(&self) -> serde_json::Result<Event> {
        serde_json::from_str(&self.body)
    }
}

/// The connections that receive an event, by their outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    Everyone,
    Accepted,
    Attention,
    /// Connections that receive accepted credentials, but no credentials that need attention.
    OnlyAccepted,
    OnlyAttention,
}

impl Event {
    /// `sequence`: the event's own number among those about the candidate.
    pub fn about_candidate(
        event_type: EventType,
        tenant: &TenantId,
        data: &CandidateEventData,
        sequence: i64,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: EventId::generate(),
            source: format!("/tenants/{tenant}/gateway"),
            event_type,
            subject: format!("candidates/{}", data.candidate_ref),
            time: now,
            datacontenttype: "application/json".to_owned(),
            dataschema: CANDIDATE_SCHEMA.to_owned(),
            tenantid: tenant.clone(),
            partitionkey: data.candidate_ref.clone(),
            sequence: format!("{sequence:010}"),
            privacymode: "pseudonymous".to_owned(),
            causationid: None,
            traceparent: None,
            // Plain texts: writing them as JSON can't fail.
            data: serde_json::to_value(data).unwrap_or_default(),
        }
    }
}

impl Audience {
    /// Connections that receive the outcome. A rejection goes to connections that receive more than accepted credentials.
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accepted => Self::Accepted,
            Outcome::Attention | Outcome::Rejected => Self::Attention,
        }
    }

    /// Connections that receive the outcome, and connections that received the earlier outcome.
    pub fn of_change(before: Outcome, now: Outcome) -> Self {
        if Self::of(before) == Self::of(now) { Self::of(now) } else { Self::Everyone }
    }

    pub fn includes(self, taken: &[Outcome]) -> bool {
        let (accepted, attention) = (taken.contains(&Outcome::Accepted), taken.contains(&Outcome::Attention));
        match self {
            Self::Everyone => true,
            Self::Accepted => accepted,
            Self::Attention => attention,
            Self::OnlyAccepted => accepted && !attention,
            Self::OnlyAttention => attention && !accepted,
        }
    }
}

/// `data` of `credential.*` events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CredentialEventData {
    pub candidate_ref: CandidateRef,
    pub credential: CredentialSummary,
    /// The deciding check's stable code and plain sentence; absent for an accepted credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The skills, for subscribers that use one event per credential. Empty for a rejected credential.
    pub skills: Vec<SkillAssertion>,
    pub projections: Projections,
}

/// `data` of `skill.*` events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillEventData {
    pub candidate_ref: CandidateRef,
    /// `asserted`, `updated`, `remapped`, `withdrawn`, `expired`
    pub change: String,
    /// For `remapped`: the concept that the skill was taken to mean before; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Concept>,
    pub assertion: SkillAssertion,
    pub credential: CredentialSummary,
    pub projections: Projections,
}

/// `data` of `candidate.*` events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CandidateEventData {
    pub candidate_ref: CandidateRef,
    /// For `merged`: the reference that is an alias from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_ref: Option<CandidateRef>,
    /// For `linked`: what the gateway learned of the candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<LinkedAddress>,
    /// For `erased`: references that were merged into this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_known_as: Vec<CandidateRef>,
}

impl CandidateEventData {
    pub fn of(candidate_ref: &CandidateRef) -> Self {
        Self { candidate_ref: candidate_ref.clone(), previous_ref: None, linked: None, also_known_as: Vec::new() }
    }
}

/// An address or DID that was linked to a candidate: what it is, never which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedAddress {
    pub kind: AddressKind,
    pub source: IdentitySource,
    pub proven: bool,
}

/// A credential in an event, without members that name the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CredentialSummary {
    pub id: CredentialId,
    pub outcome: Outcome,
    pub verified_at: DateTime<Utc>,
    /// Lower-case hex SHA-256 of the bytes as received.
    pub fingerprint: String,
    /// Absent for rejected credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CredentialStatus>,
    /// Whether the person attained it, by the credential's results.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attainment: Option<Attainment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub achievement: Option<Achievement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Issuer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: Code,
    pub message: String,
}

/// The same skills in other shapes for receivers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Projections {
    /// Display names of the attained skills, each once.
    pub plain: Vec<String>,
}
