//! The outcome of verifying one credential: ordered checks, each with a plain sentence and a next step.

use super::credential::{Format, Securing};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The three-valued verdict that a person acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Accepted,
    Attention,
    Rejected,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Attention => "attention",
            Self::Rejected => "rejected",
        }
    }
}

/// The checks, in the order in which they are made and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckId {
    Format,
    Context,
    Schema,
    Proof,
    /// The key belongs to the issuer and is allowed to assert.
    Controller,
    /// Every JSON value that a reader would see is covered by the signature.
    Integrity,
    Validity,
    Status,
    IssuerTrust,
    Recipient,
    /// Credentials inside this one: CLR entries, endorsements.
    Nested,
}

impl CheckId {
    pub const ALL: [CheckId; 11] = [
        Self::Format,
        Self::Context,
        Self::Schema,
        Self::Proof,
        Self::Controller,
        Self::Integrity,
        Self::Validity,
        Self::Status,
        Self::IssuerTrust,
        Self::Recipient,
        Self::Nested,
    ];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    Pass,
    Fail,
    Warning,
    NotApplicable,
    CouldNotCheck,
}

/// Code of the finding that results could have been left out, which changes what may be read from those that are there.
pub const RESULT_WITHHOLDABLE: &str = "result_withholdable";

/// One thing that a check found: an RFC 9457-shaped detail of a warning or an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A problem type URI: the standard's where one defines it, else ours. See `verify::codes`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub problem_type: Option<String>,
    /// Stable, snake_case, never changed once released.
    pub code: String,
    /// One plain sentence.
    pub detail: String,
    /// JSON Pointer (RFC 6901) into the credential, where one place is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// The result of one named check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub id: CheckId,
    pub status: CheckStatus,
    /// Stable code of the deciding finding, for example `revoked`, `expired`, `signature_invalid`, `ok`.
    pub code: String,
    /// One plain sentence for a recruiter.
    pub message: String,
    /// What the reader can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Intermediate values for a developer (`verify --explain`): hashes, canonical form, resolved key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Value>,
}

impl Check {
    pub fn new(id: CheckId, status: CheckStatus, code: &str, message: impl Into<String>) -> Self {
        Self { id, status, code: code.to_owned(), message: message.into(), next_step: None, findings: Vec::new(), explain: None }
    }

    pub fn pass(id: CheckId, message: impl Into<String>) -> Self {
        Self::new(id, CheckStatus::Pass, "ok", message)
    }

    pub fn fail(id: CheckId, code: &str, message: impl Into<String>) -> Self {
        Self::new(id, CheckStatus::Fail, code, message)
    }

    pub fn warning(id: CheckId, code: &str, message: impl Into<String>) -> Self {
        Self::new(id, CheckStatus::Warning, code, message)
    }

    pub fn could_not_check(id: CheckId, code: &str, message: impl Into<String>) -> Self {
        Self::new(id, CheckStatus::CouldNotCheck, code, message)
    }

    pub fn not_applicable(id: CheckId, message: impl Into<String>) -> Self {
        Self::new(id, CheckStatus::NotApplicable, "not_applicable", message)
    }

    pub fn next(mut self, next_step: impl Into<String>) -> Self {
        self.next_step = Some(next_step.into());
        self
    }

    pub fn finding(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// This check, with what another one found beside.
    pub fn with_findings_of(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self
    }
}

/// The trust policy that decided, so that a verdict can be reproduced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    pub name: String,
    /// Lower-case hex SHA-256 of the policy as loaded.
    pub sha256: String,
}

/// Everything found out about one credential. An invalid credential is a report, never an `Err`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerificationReport {
    pub format: Format,
    pub secured_with: Securing,
    pub outcome: Outcome,
    /// One per [`CheckId`], in that order.
    pub checks: Vec<Check>,
    pub verified_at: DateTime<Utc>,
    /// The issuer's identifier as the proof binds it; `None` when the content can't be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_id: Option<String>,
    /// The issuer's name and where it comes from: a registry, or the credential itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_name: Option<IssuerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// Reports of the credentials inside this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nested: Vec<NestedReport>,
}

impl VerificationReport {
    pub fn check(&self, id: CheckId) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The first check that decided the outcome, in order of weight: a failure, else what needs attention.
    pub fn deciding_check(&self) -> Option<&Check> {
        let with = |status| self.checks.iter().find(move |check| check.status == status);
        with(CheckStatus::Fail).or_else(|| with(CheckStatus::CouldNotCheck)).or_else(|| with(CheckStatus::Warning))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerName {
    pub name: String,
    /// The registry that vouches for the name, or `None` when the issuer only says so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
}

/// A credential inside another one, verified alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NestedReport {
    /// JSON Pointer to it in the outer credential.
    pub pointer: String,
    /// `credential` or `endorsement`.
    pub role: NestedRole,
    pub report: VerificationReport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NestedRole {
    Credential,
    Endorsement,
}
