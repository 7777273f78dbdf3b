//! Rows to store, stored rows, and pages of lists.

use super::candidate::IdentitySource;
use super::credential::{CredentialStatus, NormalizedCredential};
use super::delivery::DeliveryState;
use super::ids::{CandidateRef, ConnectionId, CredentialId, EventId, SubmissionId, TenantId};
use super::report::{Outcome, VerificationReport};
use super::submission::{Channel, PersonBy};
use chrono::{DateTime, Utc};

/// A page of a list: rows after the cursor, in the list's order.
#[derive(Clone, Debug)]
pub struct Page {
    pub limit: u32,
    /// The last row of the previous page: an id, or for events the sequence number.
    pub after: Option<String>,
}

/// A credential as stored.
#[derive(Clone, Debug)]
pub struct StoredCredential {
    pub id: CredentialId,
    pub tenant_id: TenantId,
    pub submission_id: SubmissionId,
    pub candidate_ref: CandidateRef,
    pub name: String,
    pub media_type: String,
    pub fingerprint: String,
    pub outcome: Outcome,
    /// Absent for rejected credentials.
    pub status: Option<CredentialStatus>,
    pub report: VerificationReport,
    /// Its `status` is the current status.
    pub normalized: Option<NormalizedCredential>,
    pub created_at: DateTime<Utc>,
}

/// What the store can look a person up by, beside a reference. Only keyed hashes of it are compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    Did(String),
    Email(String),
    /// Bytes that came in for nobody, with what else tells their owner from others.
    Bytes(String),
}

/// A person whom a mark stands for, and where the gateway has that from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub candidate_ref: CandidateRef,
    pub source: IdentitySource,
}

/// Whose a credential of a submission is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// The person of the whole submission.
    #[default]
    Submission,
    /// The person who was named for the file.
    Listed(CandidateRef),
    /// Nobody was named: the person whom the credential is about.
    Subject(SubjectOwner),
}

/// The person whom a credential is about, where nobody was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectOwner {
    /// A person who is known, or a fresh reference.
    pub candidate_ref: CandidateRef,
    /// Absent for a fresh reference, which counts only when none of the marks stands for a person meanwhile.
    pub known_by: Option<PersonBy>,
    /// By which the person is found again, the strongest first.
    pub marks: Vec<Mark>,
    /// What is said of the person beside the marks.
    pub name: Option<String>,
}

/// One credential of a submission, to be written with its events in one transaction.
#[derive(Clone, Debug)]
pub struct NewCredential {
    pub id: CredentialId,
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
    pub fingerprint: String,
    pub report: VerificationReport,
    pub normalized: Option<NormalizedCredential>,
    /// The moment of the next status check; `None`: never.
    pub next_check_at: Option<DateTime<Utc>>,
    pub owner: Owner,
    /// Addresses that are proven to be the person's when the credential is accepted.
    pub proven: Vec<Mark>,
}

#[derive(Clone, Debug, Default)]
pub struct CredentialFilter {
    pub candidate_ref: Option<CandidateRef>,
    pub outcome: Option<Outcome>,
    pub submission_id: Option<SubmissionId>,
}

#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    pub connection_id: Option<ConnectionId>,
    pub state: Option<DeliveryState>,
    pub event_id: Option<EventId>,
    pub candidate_ref: Option<CandidateRef>,
    /// Stable code of the last result.
    pub reason: Option<String>,
    /// Made at this moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Made before this moment.
    pub until: Option<DateTime<Utc>>,
}

/// The earlier use of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    New,
    /// The same request was accepted before.
    Same(SubmissionId),
    /// The key was used for another request.
    Conflict,
}

/// A submission to write, with its channel.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// Whoever was erased later is not brought back by it.
    pub received_at: DateTime<Utc>,
    pub id: SubmissionId,
    pub tenant_id: TenantId,
    pub channel: Channel,
    pub candidate_ref: Option<CandidateRef>,
}
