//! The database owns the truth: submissions, credentials, reports, skills, events, deliveries.
//! Comes in: model types. Goes out: model types. Two databases, SQLite and PostgreSQL, behind one type.
//! Must not know: verification, queues, connectors, HTTP.

mod account_schema;
mod api_keys;
mod applications;
mod attempts;
mod audit;
mod backfill;
mod backlog;
mod backpacks;
mod breakers;
mod candidates;
mod certificates;
mod channel_schema;
mod clock;
mod condition;
mod connection_health;
mod connections;
mod credentials;
mod data_keys;
mod deliveries;
mod dossier;
mod erased;
mod erasure;
pub mod error;
mod events;
mod exchanges;
mod expired;
mod hosted;
mod idempotency;
mod identities;
mod installation_key;
mod invitations;
mod lanes;
mod ledger;
mod marks;
mod merge;
mod migrations;
mod oauth;
mod outage;
mod outbox;
mod packed;
mod passed_on;
mod person_links;
mod person_notes;
mod person_pages;
mod policies;
mod pool;
mod prepared;
mod previous_secrets;
mod privacy_schema;
mod push;
mod receipts;
mod remembered;
mod replays;
mod request_templates;
mod retention;
mod retention_rules;
mod review;
mod review_work;
mod row_counts;
mod schema;
mod sealed;
mod sealed_settings;
mod search;
mod search_words;
mod sessions;
mod sharing;
mod sign_in;
mod skills;
mod submissions;
mod text;
mod transaction;
mod turns;
mod users;
mod writer;

pub use attempts::{Record, Recorded};
pub use audit::AuditFault;
pub use backfill::{Backfill, BackfillPage};
pub use backlog::Backlog;
pub use backpacks::PullEnd;
pub use condition::Condition;
pub use credentials::{CredentialRow, KnownBytes};
pub use error::StoreError;
pub use hosted::Shelf;
pub use installation_key::Rotation;
pub use lanes::{Claim, LaneWork, Work};
pub use merge::Standing;
pub use oauth::Refreshable;
pub use outbox::Outgoing;
pub use pool::PoolUse;
pub use receipts::MadeReceipt;
pub use review_work::SkillJob;
pub use sessions::Open;
pub use sign_in::{Attempt, SignIn};
pub use submissions::{FileRecord, FoundCredential, SubmissionRequest};
pub use transaction::Transaction;
pub use turns::Turn;
pub use users::UserChange;

use crate::seal::Sealer;
use data_keys::KnownKeys;
use pool::{AnyConnection, Database};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing::Span;

/// After a write found no room, small writes that fit don't show that there is room.
const FULL_FOR: Duration = Duration::from_secs(15);

pub type Result<T> = std::result::Result<T, StoreError>;

/// Cheap to clone. Every call runs on the blocking pool.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    /// The master key that the store was opened with.
    master: Sealer,
    vault: Vault,
    /// When a write found no room. It is forgotten once a write found room, but not at once: small writes fit where large ones don't.
    full_at: Mutex<Option<Instant>>,
}

/// The promise that a write makes to its caller once it has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Promise {
    /// It counts, but a power cut in the next moment may undo it. A later write that is kept takes it to the disk, too.
    Soon,
    /// It is on the disk.
    Kept,
}

/// The keys that keep stored values secret.
#[derive(Clone)]
struct Vault {
    sealer: Sealer,
    /// Key of the hashes by which a person's addresses are found.
    identity_key: Arc<[u8; 32]>,
    known: Arc<KnownKeys>,
}

impl Store {
    /// Opens `sqlite://path` or `postgres://…` and brings the schema up to date. An error of `Internal` says that the
    /// URL, the schema or the master key is wrong; `Unavailable`, that the database can't be reached.
    pub async fn connect(url: &str, master: Sealer) -> Result<Self> {
        let url = url.to_owned();
        let opened = tokio::task::spawn_blocking(move || Database::open(&url)).await;
        let database = opened.map_err(|error| StoreError::Internal(error.to_string()))??;
        let for_key = master.clone();
        let keys = move |connection: &mut AnyConnection| {
            let sealer = installation_key::sealer(connection, &for_key)?;
            let identity_key = sealed_settings::identity_key(connection, &sealer)?;
            Ok((sealer, identity_key))
        };
        let (sealer, identity_key) = database.write(Promise::Kept, keys).await?;
        Ok(Self(Arc::new(Inner {
            database,
            master,
            vault: Vault { sealer, identity_key: Arc::new(identity_key), known: Arc::default() },
            full_at: Mutex::default(),
        })))
    }

    /// Whether the database answers, has the gateway's tables, and has room. Only after a write found no room is another tried.
    pub async fn ping(&self) -> Result<()> {
        let full_at = *self.full_at();
        if let Some(at) = full_at {
            self.write(sealed_settings::write_nothing_new).await?;
            if at.elapsed() < FULL_FOR {
                return Err(StoreError::Full("a write found no room a moment ago".to_owned()));
            }
            self.full_at().take_if(|last| *last == at);
        }
        self.read(|connection| {
            use diesel::connection::SimpleConnection;
            Ok(connection.batch_execute("SELECT id FROM tenants LIMIT 1")?)
        })
        .await
    }

    /// The use of the connections to the database, by pool.
    pub fn pool_use(&self) -> Vec<PoolUse> {
        self.0.database.pool_use()
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
        // The writer's thread takes up the caller's trace.
        let span = Span::current();
        let written = self.0.database.write(Promise::Kept, move |connection| span.in_scope(|| work(connection))).await;
        self.note_room(&written);
        written
    }

    fn note_room<T>(&self, written: &Result<T>) {
        if let Err(StoreError::Full(_)) = written {
            *self.full_at() = Some(Instant::now());
        }
    }

    fn full_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For writes that are repeated when a power cut undoes them: leases, messages that a queue got, attempts of a worker.
    async fn write_soon<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
    {
        let written = self.0.database.write(Promise::Soon, work).await;
        self.note_room(&written);
        written
    }
}
