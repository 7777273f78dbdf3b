//! One worker's service of one connection: its name as the holder of lanes, and what every delivery of the connection needs.
//! Comes in: persons to claim lanes of. Goes out: claimed lanes, prepared connections.
//! Must not know: the order of messages, how a lane is delivered.

use super::{LEASE, Worker, WorkerError};
use crate::connector::job::Setup;
use crate::connector::secrets;
use crate::connector::stop::Stop;
use crate::model::connection::Connection;
use crate::model::event::Envelope;
use crate::model::ids::{CandidateRef, ConnectionId, TenantId};
use crate::store::Claim;
use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time between two renewals of the leases.
pub const RENEWAL: Duration = Duration::from_secs(2);
/// So much earlier than the lease the worker stops by itself.
const MARGIN: Duration = Duration::from_secs(1);
/// Secrets that are references may change where they are kept; they are read again after this time.
const FRESH: Duration = Duration::from_secs(30);

/// A connection as its deliveries need it.
pub struct Prepared {
    pub connector: String,
    /// `Err`: the connection can't be used, and why.
    pub setup: Result<Setup, Stop>,
    /// When the connection was last changed.
    version: DateTime<Utc>,
    made: Instant,
}

pub struct Session<'a> {
    pub worker: &'a Worker,
    pub tenant: TenantId,
    pub connection: ConnectionId,
    /// The name under which lanes are claimed: no other session has it.
    pub holder: String,
    /// Cancelled: no new attempt is begun.
    pub stop: CancellationToken,
    prepared: Mutex<Option<Arc<Prepared>>>,
    /// When the leases were renewed for the last time.
    renewed: Mutex<Instant>,
}

impl<'a> Session<'a> {
    pub fn new(worker: &'a Worker, tenant: &TenantId, connection: &ConnectionId, stop: CancellationToken) -> Self {
        Self {
            worker,
            tenant: tenant.clone(),
            connection: connection.clone(),
            holder: uuid::Uuid::now_v7().to_string(),
            stop,
            prepared: Mutex::default(),
            renewed: Mutex::new(Instant::now()),
        }
    }

    pub async fn claim(&self, candidates: &[CandidateRef]) -> Result<Claim, WorkerError> {
        let of = (&self.tenant, &self.connection);
        let now = self.worker.clock.now();
        Ok(self.worker.store.claim_lanes(of, candidates, &self.holder, now, LEASE).await?)
    }

    /// A failure is told in the log: without renewal the lanes are given up in time.
    pub async fn renew(&self, candidates: &[CandidateRef]) {
        let begun = Instant::now();
        let until = self.worker.clock.now() + LEASE;
        match self.worker.store.renew_lanes(&self.connection, candidates, &self.holder, until).await {
            Ok(()) => *lock(&self.renewed) = begun,
            Err(error) => tracing::warn!(connection = %self.connection, %error, "leases of lanes could not be renewed"),
        }
    }

    /// Lets lanes go before they are empty.
    pub async fn release(&self, candidates: &[CandidateRef]) -> Result<(), WorkerError> {
        let now = self.worker.clock.now();
        Ok(self.worker.store.release_lanes(&self.connection, candidates, &self.holder, now).await?)
    }

    /// Ends when a lane that was claimed at `claimed` may no longer be this session's.
    pub async fn lost(&self, claimed: Instant) {
        let life = LEASE.to_std().unwrap_or_default().saturating_sub(MARGIN);
        loop {
            let until = claimed.max(*lock(&self.renewed)) + life;
            if Instant::now() >= until {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// The connection in the version that a claim has seen. `None`: the connection was removed.
    pub async fn prepared(&self, version: DateTime<Utc>) -> Result<Option<Arc<Prepared>>, WorkerError> {
        let known = lock(&self.prepared).clone();
        let is_fresh = |known: &Arc<Prepared>| known.version >= version && known.made.elapsed() < FRESH;
        if let Some(known) = known.filter(is_fresh) {
            return Ok(Some(known));
        }
        let Some(connection) = self.worker.store.connection(&self.tenant, &self.connection).await? else { return Ok(None) };
        let (connector, version) = (connection.connector.clone(), connection.updated_at);
        let setup = self.setup(connection).await?;
        let prepared = Arc::new(Prepared { connector, setup, version, made: Instant::now() });
        *lock(&self.prepared) = Some(prepared.clone());
        Ok(Some(prepared))
    }

    /// Problems with the connector or the secrets are results, not errors: they pause the connection.
    async fn setup(&self, connection: Connection) -> Result<Result<Setup, Stop>, WorkerError> {
        let Some(connector) = self.worker.registry.get(&connection.connector) else {
            let message = "This gateway has no connector of that name. Install it, then resume the connection.";
            return Ok(Err(Stop::config("connector_missing", message)));
        };
        let sealed = self.worker.store.connection_secrets(&connection.id).await?;
        let folder = &self.worker.options.secrets_dir;
        let secrets = match secrets::resolve(&sealed, &self.tenant, folder).await {
            Ok(secrets) => secrets,
            Err(error) => return Ok(Err(Stop::config("secret_unreadable", error.to_string()))),
        };
        let old = self.worker.store.previous_secrets(&connection.id, self.worker.clock.now()).await?;
        // What can't be read any more is not needed.
        let old = secrets::resolve(&old, &self.tenant, folder).await.unwrap_or_default();
        Ok(Ok(Setup::new(connector, connection, secrets).with_previous(old)))
    }

    /// Notes a message that should never have come here.
    pub fn refuse(&self, event: &Envelope) {
        tracing::error!(connection = %self.connection, event = %event.id, "an event of another tenant was dropped from a connection's queue");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
