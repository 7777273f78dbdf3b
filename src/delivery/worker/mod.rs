//! Takes a connection's messages from the queue and delivers them, one attempt per message.
//! Comes in: messages. Goes out: attempts in the store, acknowledgements to the queue, always in that order.
//! Killing the process between any two lines repeats an attempt at most, and the ledger makes the repetition harmless.

mod result;
mod supervise;

pub use result::delivery_result;

use crate::connector::Engine;
use crate::connector::job::Job;
use crate::connector::ledger::{Ledger, LedgerError};
use crate::connector::registry::{Connector, Registry};
use crate::connector::run::{End, RunReport};
use crate::connector::secrets;
use crate::connector::stop::{Stop, StopKind};
use crate::model::clock::Clock;
use crate::model::connection::{Connection, ConnectionState};
use crate::model::delivery::{Attempt, Delivery, DeliveryResult};
use crate::model::event::Event;
use crate::model::ids::{AttemptId, ConnectionId, EventId, TenantId};
use crate::model::ledger::LedgerEntry;
use crate::queue::{Message, Queue, QueueError};
use crate::store::{Store, StoreError};
use async_trait::async_trait;
use chrono::Duration as Span;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// An attempt that takes longer is broken off; its unfinished write stays marked as started.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(300);
/// Longer than an attempt may take: two workers must not hold one delivery.
const LEASE: Span = Span::seconds(420);

/// `delivery.*` of the configuration, as far as the worker needs it.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Waits between attempts; after the last one the delivery is a dead letter.
    pub retry_schedule: Vec<Duration>,
    /// Deliveries of one connection at a time; a manifest may say less.
    pub concurrency: u16,
    /// Where `file:` secrets must lie; empty means nowhere.
    pub secrets_dir: PathBuf,
}

/// The message was given back and will come again.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// The result of handling one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// An attempt was made and recorded.
    Attempted,
    /// No attempt was needed: the delivery is finished, not due, claimed by another worker, or not for this connection.
    Skipped,
    /// The connection is paused: the message went back, and the caller should take no more messages.
    Paused,
}

/// Delivers for every active connection.
pub struct Worker {
    store: Store,
    queue: Arc<dyn Queue>,
    registry: Registry,
    engine: Engine,
    clock: Clock,
    options: WorkerOptions,
    wake: Arc<Notify>,
}

impl Worker {
    /// `wake` tells the worker to look for new, resumed and paused connections at once.
    pub fn new(
        store: Store,
        queue: Arc<dyn Queue>,
        registry: Registry,
        engine: Engine,
        clock: Clock,
        options: WorkerOptions,
        wake: Arc<Notify>,
    ) -> Self {
        Self { store, queue, registry, engine, clock, options, wake }
    }

    /// Handles one message, from claim to acknowledgement. Sleeps only to keep a system's request rate.
    pub async fn handle(&self, tenant: &TenantId, connection: &ConnectionId, message: Message) -> Result<Handled, WorkerError> {
        let Message { event, receipt } = message;
        match self.attempt(tenant, connection, &event).await {
            Ok(Handled::Paused) => {
                receipt.give_back().await?;
                Ok(Handled::Paused)
            }
            Ok(handled) => {
                receipt.acknowledge().await?;
                Ok(handled)
            }
            Err(error) => {
                if let Err(error) = receipt.give_back().await {
                    tracing::warn!(%connection, event = %event.id, %error, "a message could not be given back; the broker returns it when the channel closes");
                }
                Err(error)
            }
        }
    }

    async fn attempt(&self, tenant: &TenantId, id: &ConnectionId, event: &Event) -> Result<Handled, WorkerError> {
        let Some(connection) = self.store.connection(tenant, id).await? else {
            return Ok(Handled::Skipped);
        };
        if event.tenantid != connection.tenant_id {
            tracing::error!(connection = %id, event = %event.id, "an event of another tenant was dropped from a connection's queue");
            return Ok(Handled::Skipped);
        }
        if connection.state == ConnectionState::Paused {
            return Ok(Handled::Paused);
        }
        let started_at = self.clock.now();
        let Some(delivery) = self.store.claim_delivery(id, &event.id, started_at, LEASE).await? else {
            return Ok(Handled::Skipped);
        };
        // Earlier attempts and no reason for a failure: this is a replay of a delivered event.
        let again = delivery.attempts > 0 && delivery.reason.is_none();
        let report = self.deliver(&connection, event, again).await?;
        let paused = matches!(&report.end, End::Stopped(Stop { kind: StopKind::ConfigError, .. }));
        self.record(&connection, event, &delivery, report, started_at).await?;
        if paused {
            tracing::warn!(connection = %id, event = %event.id, "a connection was paused because of a configuration error");
        }
        Ok(Handled::Attempted)
    }

    /// Problems with the connector or the secrets are results, not errors: they pause the connection.
    async fn deliver(&self, connection: &Connection, event: &Event, again: bool) -> Result<RunReport, WorkerError> {
        let stopped = |stop: Stop| RunReport { end: End::Stopped(stop), calls: Vec::new() };
        let Some(connector) = self.registry.get(&connection.connector) else {
            let message = "This gateway has no connector of that name. Install it, then resume the connection.";
            return Ok(stopped(Stop::config("connector_missing", message)));
        };
        let secrets =
            match secrets::resolve(&self.store.connection_secrets(&connection.id).await?, &self.options.secrets_dir).await {
                Ok(secrets) => secrets,
                Err(error) => return Ok(stopped(Stop::config("secret_unreadable", error.to_string()))),
            };
        let candidate = self.store.candidate_identity(&connection.tenant_id, &event.partitionkey).await?;
        let ledger = StoredLedger { worker: self, connection: &connection.id, event: &event.id };
        let job = Job { connector: &connector, connection, secrets: &secrets, event, candidate: &candidate, again };
        let run = tokio::time::timeout(ATTEMPT_LIMIT, self.engine.deliver(&job, &ledger)).await;
        Ok(run.unwrap_or_else(|_| {
            let kind = StopKind::Retry { wait: None, limited: false };
            stopped(Stop::new(kind, "took_too_long", "The attempt took longer than five minutes and was broken off."))
        }))
    }

    async fn record(
        &self,
        connection: &Connection,
        event: &Event,
        delivery: &Delivery,
        report: RunReport,
        started_at: chrono::DateTime<chrono::Utc>,
    ) -> Result<(), WorkerError> {
        let finished_at = self.clock.now();
        let tries = delivery.attempts.saturating_sub(delivery.attempts_before);
        let result = delivery_result(report.end, tries, &self.options.retry_schedule, finished_at, rand::random());
        let (name, why) = result::told(&result);
        let attempt = Attempt {
            id: AttemptId::generate(),
            delivery_id: delivery.id.clone(),
            number: delivery.attempts + 1,
            started_at,
            finished_at,
            result: name.to_owned(),
            reason: why.map(|(reason, _)| reason.to_owned()),
            message: why.map(|(_, message)| message.to_owned()),
            calls: report.calls,
        };
        if let DeliveryResult::Permanent { reason, .. } = &result {
            // Publish before the commit: publishing twice is better than never.
            self.queue.publish_dead(&connection.id, event, reason).await?;
        }
        match self.store.record_attempt(&attempt, &result).await {
            // The worker that held the lease in between has recorded this attempt.
            Err(StoreError::Conflict(_)) => {}
            recorded => recorded?,
        }
        tracing::info!(
            connection = %connection.id,
            connector = %connection.connector,
            delivery = %delivery.id,
            event = %event.id,
            attempt = attempt.number,
            result = name,
            reason = attempt.reason.as_deref().unwrap_or_default(),
            "a delivery attempt was recorded"
        );
        Ok(())
    }

    fn connector_of(&self, connection: &Connection) -> Option<Arc<Connector>> {
        self.registry.get(&connection.connector)
    }
}

/// The ledger of one event at one connection, in the database.
struct StoredLedger<'a> {
    worker: &'a Worker,
    connection: &'a ConnectionId,
    event: &'a EventId,
}

#[async_trait]
impl Ledger for StoredLedger<'_> {
    async fn entry(&self, step: &str) -> Result<Option<LedgerEntry>, LedgerError> {
        let entry = self.worker.store.ledger_entry(self.connection, self.event, step).await;
        entry.map_err(|_| away())
    }

    async fn put(&self, step: &str, entry: &LedgerEntry) -> Result<(), LedgerError> {
        let now = self.worker.clock.now();
        let put = self.worker.store.put_ledger_entry(self.connection, self.event, step, entry, now).await;
        put.map_err(|_| away())
    }
}

fn away() -> LedgerError {
    LedgerError("The gateway's own database could not be reached; the delivery is tried again.".to_owned())
}
