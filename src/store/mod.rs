//! The database owns the truth: submissions, credentials, reports, skills, events, deliveries.
//! Comes in: model types. Goes out: model types. Two databases, SQLite and PostgreSQL, behind one type.
//! Must not know: verification, queues, connectors, HTTP.

pub mod error;

pub use error::StoreError;

use crate::model::candidate::{Candidate, Identity};
use crate::model::connection::{Connection, ConnectionState, Secrets};
use crate::model::credential::NormalizedCredential;
use crate::model::delivery::{Attempt, Delivery, DeliveryResult, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::{ApiKeyId, CandidateRef, ConnectionId, CredentialId, DeliveryId, EventId, SubmissionId, TenantId};
use crate::model::report::{Outcome, VerificationReport};
use crate::model::skill::SkillAssertion;
use crate::model::submission::{CandidateHint, Channel, Submission};
use crate::model::tenant::ApiKey;
use crate::seal::Sealer;
use chrono::{DateTime, Utc};

pub type Result<T> = std::result::Result<T, StoreError>;

/// A page of a list: rows after the cursor, oldest or newest first as each list says.
#[derive(Clone, Debug)]
pub struct Page {
    pub limit: u32,
    /// The last row of the page before: an id, or for events the sequence number.
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
    pub report: VerificationReport,
    pub normalized: Option<NormalizedCredential>,
    pub created_at: DateTime<Utc>,
}

/// One credential of a submission, ready to be written with its events in one transaction.
#[derive(Clone, Debug)]
pub struct NewCredential {
    pub id: CredentialId,
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
    pub fingerprint: String,
    pub report: VerificationReport,
    pub normalized: Option<NormalizedCredential>,
}

#[derive(Clone, Debug)]
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
}

/// What an idempotency key was used for before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    New,
    /// The same request was accepted before.
    Same(SubmissionId),
    /// The key was used for another request.
    Conflict,
}

/// Cheap to clone. Every call runs on the blocking pool.
#[derive(Clone)]
pub struct Store {}

impl Store {
    /// Opens `sqlite://path` or `postgres://…` and brings the schema up to date.
    pub async fn connect(_url: &str, _sealer: Sealer) -> Result<Self> {
        unimplemented!()
    }
    pub async fn check(&self) -> Result<()> {
        unimplemented!()
    }

    // -- api keys: src/store/api_keys.rs
    /// `hash`: lower-case hex SHA-256 of the key.
    pub async fn create_api_key(
        &self,
        _tenant: &TenantId,
        _name: &str,
        _prefix: &str,
        _hash: &str,
        _now: DateTime<Utc>,
    ) -> Result<ApiKey> {
        unimplemented!()
    }
    pub async fn find_api_key(&self, _hash: &str, _now: DateTime<Utc>) -> Result<Option<ApiKey>> {
        unimplemented!()
    }
    pub async fn list_api_keys(&self, _tenant: &TenantId) -> Result<Vec<ApiKey>> {
        unimplemented!()
    }
    pub async fn revoke_api_key(&self, _tenant: &TenantId, _id: &ApiKeyId, _now: DateTime<Utc>) -> Result<bool> {
        unimplemented!()
    }

    // -- candidates: src/store/candidates.rs
    /// Finds the tenant's person by reference or by any address or DID (keyed hashes), or makes a new one; remembers what is new about them.
    pub async fn find_or_create_candidate(
        &self,
        _tenant: &TenantId,
        _hint: &CandidateHint,
        _now: DateTime<Utc>,
    ) -> Result<CandidateRef> {
        unimplemented!()
    }
    pub async fn candidate(&self, _tenant: &TenantId, _candidate: &CandidateRef) -> Result<Option<Candidate>> {
        unimplemented!()
    }
    pub async fn candidate_identity(&self, _tenant: &TenantId, _candidate: &CandidateRef) -> Result<Identity> {
        unimplemented!()
    }
    /// Removes everything about the person and writes `candidate.erased`. False when there is no such person.
    pub async fn erase_candidate(&self, _tenant: &TenantId, _candidate: &CandidateRef, _now: DateTime<Utc>) -> Result<bool> {
        unimplemented!()
    }
    /// Skills of the person's credentials that are in force.
    pub async fn candidate_skills(&self, _tenant: &TenantId, _candidate: &CandidateRef) -> Result<Vec<SkillAssertion>> {
        unimplemented!()
    }

    // -- submissions: src/store/submissions.rs
    /// Reserves an idempotency key; `request_hash` tells a repetition from a misuse.
    pub async fn idempotency(
        &self,
        _tenant: &TenantId,
        _key: &str,
        _request_hash: &str,
        _now: DateTime<Utc>,
    ) -> Result<Idempotency> {
        unimplemented!()
    }
    pub async fn submission(&self, _tenant: &TenantId, _id: &SubmissionId) -> Result<Option<Submission>> {
        unimplemented!()
    }
    pub async fn list_submissions(&self, _tenant: &TenantId, _page: &Page) -> Result<Vec<Submission>> {
        unimplemented!()
    }

    // -- credentials: src/store/credentials.rs
    pub async fn credential(&self, _tenant: &TenantId, _id: &CredentialId) -> Result<Option<StoredCredential>> {
        unimplemented!()
    }
    /// (media type, bytes exactly as received)
    pub async fn credential_source(&self, _tenant: &TenantId, _id: &CredentialId) -> Result<Option<(String, Vec<u8>)>> {
        unimplemented!()
    }
    /// Newest first.
    pub async fn list_credentials(
        &self,
        _tenant: &TenantId,
        _filter: &CredentialFilter,
        _page: &Page,
    ) -> Result<Vec<StoredCredential>> {
        unimplemented!()
    }

    // -- events, the outbox: src/store/events.rs
    /// Oldest first; `page.after` is the outbox position. Returns (position, event).
    pub async fn list_events(&self, _tenant: &TenantId, _page: &Page) -> Result<Vec<(i64, Event)>> {
        unimplemented!()
    }
    pub async fn event(&self, _tenant: &TenantId, _id: &EventId) -> Result<Option<Event>> {
        unimplemented!()
    }

    // -- connections: src/store/connections.rs
    pub async fn create_connection(&self, _connection: &Connection, _secrets: &Secrets) -> Result<()> {
        unimplemented!()
    }
    /// Replaces fields, mapping, filters and name; only the secrets given are replaced.
    pub async fn update_connection(&self, _connection: &Connection, _secrets: &Secrets) -> Result<bool> {
        unimplemented!()
    }
    pub async fn connection(&self, _tenant: &TenantId, _id: &ConnectionId) -> Result<Option<Connection>> {
        unimplemented!()
    }
    pub async fn list_connections(&self, _tenant: &TenantId) -> Result<Vec<Connection>> {
        unimplemented!()
    }
    /// Of all tenants.
    pub async fn active_connections(&self) -> Result<Vec<Connection>> {
        unimplemented!()
    }
    pub async fn connection_secrets(&self, _id: &ConnectionId) -> Result<Secrets> {
        unimplemented!()
    }
    pub async fn set_connection_state(
        &self,
        _tenant: &TenantId,
        _id: &ConnectionId,
        _state: ConnectionState,
        _reason: Option<&str>,
        _now: DateTime<Utc>,
    ) -> Result<bool> {
        unimplemented!()
    }
    pub async fn delete_connection(&self, _tenant: &TenantId, _id: &ConnectionId) -> Result<bool> {
        unimplemented!()
    }

    // -- deliveries and attempts: src/store/deliveries.rs
    pub async fn list_deliveries(&self, _tenant: &TenantId, _filter: &DeliveryFilter, _page: &Page) -> Result<Vec<Delivery>> {
        unimplemented!()
    }
    pub async fn delivery(&self, _tenant: &TenantId, _id: &DeliveryId) -> Result<Option<(Delivery, Vec<Attempt>)>> {
        unimplemented!()
    }
    /// Makes it pending again, due now; the same event id, a new attempt.
    pub async fn replay_delivery(&self, _tenant: &TenantId, _id: &DeliveryId, _now: DateTime<Utc>) -> Result<bool> {
        unimplemented!()
    }
    /// Takes the delivery for one attempt: `None` when it is finished, not due, or leased by another worker.
    /// The lease ends by itself, so that a killed worker's delivery is taken again.
    pub async fn claim_delivery(
        &self,
        _connection: &ConnectionId,
        _event: &EventId,
        _now: DateTime<Utc>,
        _lease: chrono::Duration,
    ) -> Result<Option<Delivery>> {
        unimplemented!()
    }
    /// Writes the attempt and the delivery's new state in one transaction, and frees the lease.
    pub async fn record_attempt(&self, _attempt: &Attempt, _result: &DeliveryResult) -> Result<()> {
        unimplemented!()
    }

    // -- ledger of connector writes: src/store/ledger.rs
    pub async fn ledger_entry(&self, _connection: &ConnectionId, _event: &EventId, _step: &str) -> Result<Option<LedgerEntry>> {
        unimplemented!()
    }
    pub async fn put_ledger_entry(
        &self,
        _connection: &ConnectionId,
        _event: &EventId,
        _step: &str,
        _entry: &LedgerEntry,
        _now: DateTime<Utc>,
    ) -> Result<()> {
        unimplemented!()
    }
}

/// What is known of one write of one step for one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    pub state: LedgerState,
    pub remote_id: Option<String>,
    /// Lower-case hex SHA-256 of the request.
    pub request_digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerState {
    /// The request was about to be sent: whether it arrived is unknown.
    Started,
    Done,
    /// The target answered that it refused: the write was certainly not applied.
    Refused,
}

/// A submission that is about to be written, with the door that it came through.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    pub id: SubmissionId,
    pub tenant_id: TenantId,
    pub channel: Channel,
    pub candidate_ref: Option<CandidateRef>,
}
