//! Trust policies that people publish, and what they would change.

use super::ids::{CandidateRef, CredentialId};
use super::report::Outcome;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// One publication of a tenant's trust policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyVersion {
    pub id: String,
    /// TOML or JSON; `None`: the policy file counts again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Who published it, for example `api_key:<id>`.
    pub actor: String,
    pub created_at: DateTime<Utc>,
}

/// What a policy would change in the verdicts on past credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// Credentials that were looked at, the newest first.
    pub examined: usize,
    /// Whether there are older credentials that were not looked at.
    pub has_more: bool,
    pub changes: Vec<VerdictChange>,
    /// Credentials whose verdict would change.
    #[serde(skip)]
    pub credentials: Vec<CredentialId>,
}

impl Trial {
    pub fn changed(&self) -> usize {
        self.changes.iter().map(|change| change.credentials).sum()
    }
}

/// Verdicts of one kind that would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictChange {
    pub issuer_id: String,
    pub issuer_name: Option<String>,
    pub from: Outcome,
    pub to: Outcome,
    pub credentials: usize,
}

/// An issuer that no rule of the policy speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenIssuer {
    pub issuer_id: String,
    /// The name that the issuer gives itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub credentials: usize,
    /// The oldest of its credentials that were looked at.
    pub first: FirstBadge,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FirstBadge {
    pub credential_id: CredentialId,
    pub submission_id: super::ids::SubmissionId,
    pub candidate_ref: CandidateRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub received_at: DateTime<Utc>,
}
