//! The tenant's person, behind an opaque reference.

use super::ids::CandidateRef;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A candidate as the API shows it: no name, no address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub candidate_ref: CandidateRef,
    pub created_at: DateTime<Utc>,
    pub credentials: u32,
    pub skills: u32,
}

/// The person's known addresses and names; sealed at rest, read only by connectors that must find the person in an employer system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dids: Vec<String>,
}
