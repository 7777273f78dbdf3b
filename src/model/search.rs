//! What people look for in lists of credentials and candidates, and the rows that they see there.

use super::credential::{CredentialStatus, LanguageMap};
use super::ids::{CandidateRef, ConnectionId, CredentialId, SubmissionId};
use super::report::Outcome;
use chrono::{DateTime, Utc};

/// Which credentials are looked for; an empty search finds all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialSearch {
    /// An e-mail address, a candidate's reference, or words of a candidate's name, of a title and of an issuer's name.
    pub text: String,
    pub outcome: Option<Outcome>,
    /// The issuer's identifier.
    pub issuer: Option<String>,
}

/// A page of a list, with the cursor of the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    pub rows: Vec<T>,
    /// The id after which the next page begins; absent at the end of the list.
    pub next: Option<String>,
}

/// A credential as a list shows it. Nothing of a rejected credential's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCredential {
    pub id: CredentialId,
    pub submission_id: SubmissionId,
    pub candidate_ref: CandidateRef,
    /// Name of the file that it came in.
    pub file: String,
    pub outcome: Outcome,
    pub status: Option<CredentialStatus>,
    /// The achievement's name; empty when the credential was rejected or has no name.
    pub title: LanguageMap,
    pub issuer_id: Option<String>,
    pub issuer_name: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A candidate as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCandidate {
    pub candidate_ref: CandidateRef,
    pub credentials: u32,
    pub created_at: DateTime<Utc>,
}

/// What became of the events about a candidate at one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredTo {
    pub connection_id: ConnectionId,
    pub delivered: u32,
    /// Their next attempt is to come.
    pub waiting: u32,
    /// They need a person, or were given up.
    pub stopped: u32,
    /// The first delivery.
    pub since: Option<DateTime<Utc>>,
}

impl DeliveredTo {
    pub fn none(connection_id: ConnectionId) -> Self {
        Self { connection_id, delivered: 0, waiting: 0, stopped: 0, since: None }
    }
}
