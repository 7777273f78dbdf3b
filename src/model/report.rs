//! The result of verifying one credential: ordered checks, each with a plain sentence and a next step.

use super::code::Code;
use super::credential::{Format, Securing};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The verdict that a person acts on.
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

/// The checks, in the order of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckId {
    Format,
    Context,
    Schema,
    Proof,
    /// The key belongs to the issuer and may be used to issue credentials.
    Controller,
    /// The signature covers every JSON value that a reader would see.
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

    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Context => "context",
            Self::Schema => "schema",
            Self::Proof => "proof",
            Self::Controller => "controller",
            Self::Integrity => "integrity",
            Self::Validity => "validity",
            Self::Status => "status",
            Self::IssuerTrust => "issuer_trust",
            Self::Recipient => "recipient",
            Self::Nested => "nested",
        }
    }

    /// The question that the check answers, for readers.
    pub fn question(self) -> &'static str {
        match self {
            Self::Format => "Does the file hold a well-formed credential?",
            Self::Context => {
                "Does the gateway know all vocabularies of the credential, so that the meaning of its words is certain?"
            }
            Self::Schema => "Does the credential have the structure that its format and its issuer's own schema prescribe?",
            Self::Proof => "Does the signature match, or is the badge hosted on its issuer's site?",
            Self::Controller => "Does the key belong to the issuer, and may it be used to issue credentials?",
            Self::Integrity => "Does the signature cover every value that a reader sees?",
            Self::Validity => "Is the credential within its period of validity, and addressed to this reader?",
            Self::Status => "Has the issuer revoked or suspended the credential?",
            Self::IssuerTrust => "Does the trust policy accept the issuer?",
            Self::Recipient => "Is the credential about the named person?",
            Self::Nested => "Can the credentials and endorsements inside the credential be relied on?",
        }
    }
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

/// A finding of a check: a warning or an error, in the shape of RFC 9457.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A problem type URI: a standard's or our own.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub problem_type: Option<String>,
    pub code: Code,
    /// One plain sentence.
    pub detail: String,
    /// JSON Pointer (RFC 6901) to the finding's place in the credential, if it has a single place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

impl Finding {
    /// A finding with the problem type of the code. `detail`: a clause or a sentence.
    pub fn new(code: Code, detail: impl AsRef<str>) -> Self {
        Self { problem_type: code.problem_type(), code, detail: sentence(detail.as_ref()), pointer: None }
    }

    /// Adds the place, as a JSON Pointer.
    pub fn at(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    /// Sets a problem type other than the code's.
    pub fn typed(self, problem_type: Option<String>) -> Self {
        Self { problem_type, ..self }
    }
}

/// The result of one named check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub id: CheckId,
    pub status: CheckStatus,
    /// Code of the deciding finding, for example `revoked`, `expired`, `signature_invalid`, `ok`.
    pub code: Code,
    /// One plain sentence for a recruiter.
    pub message: String,
    /// The next step for the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Intermediate values for a developer (`verify --explain`): hashes, canonical form, resolved key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Value>,
}

impl Check {
    /// A check with the next step of the code. `message`: a clause or a sentence.
    pub fn new(id: CheckId, status: CheckStatus, code: Code, message: impl AsRef<str>) -> Self {
        let message = sentence(message.as_ref());
        let next_step = code.next_step().map(str::to_owned);
        Self { id, status, code, message, next_step, findings: Vec::new(), explain: None }
    }

    pub fn pass(id: CheckId, message: impl AsRef<str>) -> Self {
        Self::new(id, CheckStatus::Pass, Code::Ok, message)
    }

    pub fn fail(id: CheckId, code: Code, message: impl AsRef<str>) -> Self {
        Self::new(id, CheckStatus::Fail, code, message)
    }

    pub fn warning(id: CheckId, code: Code, message: impl AsRef<str>) -> Self {
        Self::new(id, CheckStatus::Warning, code, message)
    }

    pub fn could_not_check(id: CheckId, code: Code, message: impl AsRef<str>) -> Self {
        Self::new(id, CheckStatus::CouldNotCheck, code, message)
    }

    pub fn not_applicable(id: CheckId, message: impl AsRef<str>) -> Self {
        Self::new(id, CheckStatus::NotApplicable, Code::NotApplicable, message)
    }

    /// Sets a next step other than the code's.
    pub fn next(mut self, next_step: impl Into<String>) -> Self {
        self.next_step = Some(next_step.into());
        self
    }

    pub fn finding(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// Adds a finding with the check's message, under the code's problem type.
    pub fn found(self) -> Self {
        let finding = Finding::new(self.code, &self.message);
        self.finding(finding)
    }

    /// Whether the check or one of its findings has the code.
    pub fn says(&self, code: Code) -> bool {
        self.code == code || self.findings.iter().any(|finding| finding.code == code)
    }

    /// Adds the findings of another check.
    pub fn with_findings_of(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self
    }
}

/// A clause as a sentence: capital letter, full stop. An address or identifier at the beginning stays unchanged.
pub fn sentence(clause: &str) -> String {
    let is_word = clause.split(' ').next().is_some_and(|word| !word.contains([':', '.', '/', '_']));
    let mut letters = clause.chars();
    let mut text: String = match letters.next() {
        Some(first) if is_word => first.to_uppercase().chain(letters).collect(),
        _ => clause.to_owned(),
    };
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

/// The trust policy of a verdict, so that the verdict can be reproduced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    pub name: String,
    /// Lower-case hex SHA-256 of the loaded policy.
    pub sha256: String,
}

/// The report on a credential. An invalid credential is a report, never an `Err`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerificationReport {
    pub format: Format,
    pub secured_with: Securing,
    pub outcome: Outcome,
    /// One per [`CheckId`], in that order.
    pub checks: Vec<Check>,
    pub verified_at: DateTime<Utc>,
    /// The issuer's identifier that the proof binds; `None` if the content can't be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_id: Option<String>,
    /// The issuer's name and its source: a registry, or the credential itself.
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

    /// Whether a check or a finding has the code.
    pub fn says(&self, code: Code) -> bool {
        self.checks.iter().any(|check| check.says(code))
    }

    /// The check that decides the outcome: the first failure, else the first check that needs attention.
    pub fn deciding_check(&self) -> Option<&Check> {
        let with = |status| self.checks.iter().find(move |check| check.status == status);
        with(CheckStatus::Fail).or_else(|| with(CheckStatus::CouldNotCheck)).or_else(|| with(CheckStatus::Warning))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerName {
    pub name: String,
    /// The registry that confirms the name; `None` for the issuer's own statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
}

/// An inner credential, verified alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NestedReport {
    /// JSON Pointer to the inner credential in the outer credential.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_but_an_address_stays_as_it_is() {
        assert_eq!(sentence("the key is missing"), "The key is missing.");
        assert_eq!(sentence("https://example.org/keys could not be fetched"), "https://example.org/keys could not be fetched.");
        assert_eq!(sentence("example.org did not answer"), "example.org did not answer.");
        assert_eq!(sentence("The key is missing."), "The key is missing.");
    }

    #[test]
    fn a_check_reads_as_a_sentence_with_a_next_step_and_a_type() {
        let check = Check::fail(CheckId::Proof, Code::SignatureInvalid, "the signature does not match").found();
        assert_eq!(check.message, "The signature does not match.");
        assert!(check.next_step.is_some_and(|next| !next.is_empty()));
        assert_eq!(check.findings[0].problem_type, Code::SignatureInvalid.problem_type());
    }
}
