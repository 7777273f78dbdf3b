//! The database owns the truth: submissions, credentials, reports, skills, events, deliveries.
//! Comes in: model types. Goes out: model types. Two databases, SQLite and PostgreSQL, behind one type.
//! Must not know: verification, queues, connectors, HTTP.

mod api_keys;
mod audit;
mod backlog;
mod backpacks;
mod candidates;
mod connection;
mod connections;
mod credentials;
mod deliveries;
mod doors_schema;
mod erasure;
pub mod error;
mod events;
mod exchanges;
mod hosted;
mod invitations;
mod ledger;
mod oauth;
mod outbox;
mod receipts;
mod schema;
mod settings;
mod skills;
mod submissions;
mod text;
mod transaction;

pub use audit::AuditEntry;
pub use backlog::Backlog;
pub use backpacks::PullEnd;
pub use credentials::{CredentialRow, KnownBytes};
pub use error::StoreError;
pub use hosted::Shelf;
pub use oauth::Refreshable;
pub use outbox::Outgoing;
pub use receipts::MadeReceipt;
pub use submissions::{FileRecord, SubmissionRequest};
pub use transaction::Transaction;

use crate::model::credential::{CredentialStatus, NormalizedCredential};
use crate::model::delivery::DeliveryState;
use crate::model::ids::{CandidateRef, ConnectionId, CredentialId, EventId, SubmissionId, TenantId};
use crate::model::report::{Outcome, VerificationReport};
use crate::model::submission::Channel;
use crate::seal::Sealer;
use chrono::{DateTime, Utc};
use connection::{AnyConnection, Database};
use std::sync::Arc;

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
    /// Absent for rejected credentials.
    pub status: Option<CredentialStatus>,
    pub report: VerificationReport,
    /// Its `status` is the one of today.
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
    /// When its status should be asked again; `None`: never.
    pub next_check_at: Option<DateTime<Utc>>,
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
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    vault: Vault,
}

/// What keeps stored values secret.
#[derive(Clone)]
struct Vault {
    sealer: Sealer,
    /// Key of the hashes by which a person's addresses are found.
    identity_key: Arc<[u8; 32]>,
}

impl Store {
    /// Opens `sqlite://path` or `postgres://…` and brings the schema up to date. An error of `Internal` says that the
    /// URL, the schema or the master key is wrong; `Unavailable`, that the database can't be reached.
    pub async fn connect(url: &str, sealer: Sealer) -> Result<Self> {
        let url = url.to_owned();
        let opened = tokio::task::spawn_blocking(move || Database::open(&url)).await;
        let database = opened.map_err(|error| StoreError::Internal(error.to_string()))??;
        let for_key = sealer.clone();
        let identity_key = database.write(move |connection| settings::identity_key(connection, &for_key)).await?;
        Ok(Self(Arc::new(Inner { database, vault: Vault { sealer, identity_key: Arc::new(identity_key) } })))
    }

    /// Whether the database answers.
    pub async fn check(&self) -> Result<()> {
        self.read(|connection| {
            use diesel::connection::SimpleConnection;
            Ok(connection.batch_execute("SELECT 1")?)
        })
        .await
    }

    /// One transaction of several steps: committed when `work` is `Ok`, else nothing of it happened. Runs on the
    /// blocking pool.
    pub async fn transaction<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let vault = self.0.vault.clone();
        self.write(move |connection| work(&mut Transaction::new(connection, &vault))).await
    }

    async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
    {
        self.0.database.read(work).await
    }

    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
    {
        self.0.database.write(work).await
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
