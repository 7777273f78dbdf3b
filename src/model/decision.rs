//! What people decided about a skill's text.

use super::skill::Concept;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// The text means a concept.
    Concept,
    /// The text is no skill: it is not published.
    NotASkill,
    /// The text stays as it is, without a concept.
    LeaveUnmapped,
}

/// A decision about all skills of one tenant with the same label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub id: String,
    /// The label as it was shown.
    pub label: String,
    /// Only credentials of this issuer; absent: of everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_id: Option<String>,
    pub ruling: Ruling,
    /// Present exactly for the ruling `concept`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concept: Option<Concept>,
    /// The API key or session that decided.
    pub by: String,
    pub decided_at: DateTime<Utc>,
    /// Automatic mappings of earlier credentials that the decision changed.
    #[serde(default)]
    pub corrected: u32,
    /// When the decision was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<DateTime<Utc>>,
}

/// A text that waits for a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReviewEntry {
    pub label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// People with such a skill.
    pub people: u32,
    pub credentials: u32,
    /// Some of the issuers, by identifier.
    pub issuers: Vec<String>,
    /// Up to five, most probable first.
    pub suggestions: Vec<Concept>,
}

/// How often people corrected what was mapped without them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Precision {
    /// Automatic mappings in force, and those that decisions changed.
    pub automatic: u32,
    pub corrected: u32,
}
