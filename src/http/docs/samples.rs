//! One sample of each event type. Comes in: a type. Goes out: an event of that type about an invented person, as a receiver gets it.

use crate::model::event::EventType;
use serde::Serialize;
use serde_json::{Value, json};

const CREDENTIAL: &str = include_str!("../../../connectors/webhook/fixtures/credential_verified.json");
const SKILL: &str = include_str!("../../../connectors/xapi/fixtures/skill_asserted.json");
const CANDIDATE: &str = include_str!("../../../connectors/xapi/fixtures/candidate_merged.json");

/// An event type in the catalogue.
#[derive(Debug, Serialize)]
pub struct Sample {
    pub event_type: &'static str,
    pub when: &'static str,
    /// Address of the schema of its data.
    pub schema: &'static str,
    pub schema_name: String,
    pub json: String,
}

/// Every type with its sample, in the order of the list of types.
pub fn all() -> Vec<Sample> {
    EventType::ALL.iter().map(|event_type| sample(*event_type)).collect()
}

fn sample(event_type: EventType) -> Sample {
    let event = event(event_type);
    let schema_name = event["dataschema"].as_str().unwrap_or_default().to_owned();
    let schema = match family(event_type) {
        "credential" => "/schemas/events/credential-event.json",
        "skill" => "/schemas/events/skill-event.json",
        _ => "/schemas/events/candidate-event.json",
    };
    Sample { event_type: event_type.as_str(), when: when(event_type), schema, schema_name, json: format!("{event:#}") }
}

fn family(event_type: EventType) -> &'static str {
    event_type.as_str().split('.').nth(2).unwrap_or_default()
}

/// The last word of the type's name: `asserted`.
fn change(event_type: EventType) -> &'static str {
    event_type.as_str().split('.').nth(3).unwrap_or_default()
}

/// The event, made from the one of its family by what its type changes.
pub fn event(event_type: EventType) -> Value {
    let base = match family(event_type) {
        "credential" => CREDENTIAL,
        "skill" => SKILL,
        _ => CANDIDATE,
    };
    let mut event: Value = serde_json::from_str(base).unwrap_or_default();
    let change = change(event_type);
    event["type"] = json!(event_type.as_str());
    match event_type {
        EventType::CredentialVerified | EventType::SkillAsserted => {}
        EventType::CredentialRejected => {
            event["data"] = json!({
                "candidate_ref": event["data"]["candidate_ref"],
                "credential": {
                    "id": event["data"]["credential"]["id"],
                    "outcome": "rejected",
                    "verified_at": event["data"]["credential"]["verified_at"],
                    "fingerprint": event["data"]["credential"]["fingerprint"],
                },
                "reason": {"code": "expired", "message": "The credential is not valid at this time."},
                "skills": [],
                "projections": {"plain": []},
            });
        }
        EventType::CredentialAttention => {
            event["data"]["credential"]["outcome"] = json!("attention");
            event["data"]["reason"] =
                json!({"code": "issuer_unknown", "message": "No one you trust has vouched for the issuer."});
        }
        EventType::CredentialReinstated => {}
        EventType::CredentialRevoked
        | EventType::CredentialSuspended
        | EventType::CredentialExpired
        | EventType::CredentialSuperseded => {
            event["data"]["credential"]["status"] = json!(change);
        }
        EventType::SkillUpdated | EventType::SkillWithdrawn | EventType::SkillExpired => {
            event["data"]["change"] = json!(change);
            if event_type != EventType::SkillUpdated {
                event["data"]["assertion"]["status"] = json!(change);
            }
        }
        EventType::SkillRemapped => {
            event["data"]["change"] = json!(change);
            event["data"]["previous"] =
                json!({"taxonomy": "own", "uri": "urn:example:monitoring", "label": "Monitoring", "relation": "close"});
        }
        EventType::CandidateLinked => {
            event["data"] = json!({"candidate_ref": "c_7f2e", "linked": {"kind": "email", "source": "stated", "proven": false}});
        }
        EventType::CandidateMerged => {}
        EventType::CandidateErased => event["data"] = json!({"candidate_ref": "c_7f2e", "also_known_as": ["c_old"]}),
    }
    if family(event_type) == "candidate" {
        event["subject"] = json!("candidates/c_7f2e");
    }
    event
}

fn when(event_type: EventType) -> &'static str {
    match event_type {
        EventType::CredentialVerified => "A credential was accepted.",
        EventType::CredentialRejected => "A credential was rejected. The event holds the reason and none of its content.",
        EventType::CredentialAttention => "A credential needs a person's attention.",
        EventType::CredentialRevoked => "The issuer revoked the credential.",
        EventType::CredentialSuspended => "The issuer suspended the credential.",
        EventType::CredentialReinstated => "A suspended credential counts again.",
        EventType::CredentialExpired => "The credential's end date has passed.",
        EventType::CredentialSuperseded => "A newer edition replaced the credential.",
        EventType::SkillAsserted => "A credential asserts a skill; sent again when the credential's outcome changes.",
        EventType::SkillUpdated => "A skill of a valid credential changed, for example its level.",
        EventType::SkillRemapped => "A skill means another concept now; previous is the earlier concept.",
        EventType::SkillWithdrawn => "A skill lost its last valid credential, or a person decided that the text is no skill.",
        EventType::SkillExpired => "The credential behind the skill expired.",
        EventType::CandidateLinked => "The gateway learned a further address or DID of a candidate.",
        EventType::CandidateMerged => "Two candidates turned out to be one person.",
        EventType::CandidateErased => "All data about a candidate was erased: delete your copy.",
    }
}
