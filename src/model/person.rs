//! The person's own page: its link, and what the person wrote there.

use super::ids::{CandidateRef, ConnectionId, TenantId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A link to the page. The capability itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonPage {
    pub id: String,
    #[serde(skip)]
    pub tenant_id: TenantId,
    pub candidate_ref: CandidateRef,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What a person wrote or decided on the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonNote {
    pub id: String,
    pub candidate_ref: CandidateRef,
    pub kind: NoteKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    pub created_at: DateTime<Utc>,
    /// When somebody of the employer's dealt with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Something about the person is wrong.
    Error,
    /// The person wants to be erased.
    Erasure,
    /// The person withdrew the consent to pass skills on.
    SharingStopped,
    /// The person gave it again.
    SharingAllowed,
}

impl NoteKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Erasure => "erasure",
            Self::SharingStopped => "sharing_stopped",
            Self::SharingAllowed => "sharing_allowed",
        }
    }
}

/// Something about a person that a connection's system took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOn {
    pub connection_id: ConnectionId,
    pub at: DateTime<Utc>,
    /// Names of the skills in it.
    pub skills: Vec<String>,
}
