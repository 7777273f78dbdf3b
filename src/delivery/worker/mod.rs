//! Takes a connection's messages from the queue. A message is a hint: it says that events about one person wait for the
//! connection. Whoever can claim that lane delivers its events, in order; all other hints of the lane are acknowledged.
//! Comes in: messages. Goes out: attempts in the store, acknowledgements to the queue.
//! Killing the process between any two lines repeats attempts at most, and the ledger makes the repetition harmless.

mod counters;
mod hints;
mod lane;
mod ledger;
mod recorder;
mod result;
mod session;
mod supervise;

pub use counters::Counters;
pub use result::delivery_result;

use crate::connector::{Engine, Registry};
use crate::model::clock::Clock;
use crate::model::ids::{CandidateRef, ConnectionId, TenantId};
use crate::queue::{Message, Queue, QueueError};
use crate::store::{Claim, Store, StoreError};
use chrono::Duration as Span;
use recorder::Recorder;
use session::Session;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

/// A worker that does not say for so long that it lives loses its lanes. After a kill the people of these lanes wait for so long.
const LEASE: Span = Span::seconds(7);

/// `delivery.*` of the configuration, as far as the worker needs it.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Waits between attempts; after the last attempt the delivery is a dead letter.
    pub retry_schedule: Vec<Duration>,
    /// Deliveries of one connection at a time; a manifest may say less.
    pub concurrency: u16,
    /// Holds the tenants' folders of `file:` secrets; empty: no tenant has `file:` secrets.
    pub secrets_dir: PathBuf,
    /// Time that running attempts have to end after the worker was told to stop.
    pub drain: Duration,
}

/// The message was given back and will come again.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The worker could not say in time that it lives: another worker may have the lane.
    #[error("a lane was lost because its lease could not be renewed")]
    LaneLost,
}

/// The result of handling one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// At least one attempt was made and recorded.
    Attempted,
    /// No attempt was needed: the lane is empty, not due, or another worker's, or the event is not for this connection.
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
    recorder: Recorder,
    counters: Option<Counters>,
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
        let recorder = Recorder::new(store.clone(), clock.clone(), LEASE);
        Self { store, queue, registry, engine, clock, options, wake, recorder, counters: None }
    }

    /// Counts its attempts.
    #[must_use]
    pub fn counted_by(self, counters: Counters) -> Self {
        self.registry.iter().for_each(|connector| counters.expect(&connector.manifest.connector));
        Self { counters: Some(counters), ..self }
    }

    /// Handles one message: claims the lane that it speaks of, delivers all that is due in it, and acknowledges. Sleeps only to
    /// keep a system's request rate.
    pub async fn handle(&self, tenant: &TenantId, connection: &ConnectionId, message: Message) -> Result<Handled, WorkerError> {
        let Message { event, receipt } = message;
        let session = Session::new(self, tenant, connection, CancellationToken::new());
        let handled = match event.tenantid == *tenant {
            true => self.deliver_lane(&session, &event.partitionkey).await,
            false => {
                session.refuse(&event);
                Ok(Handled::Skipped)
            }
        };
        match handled {
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

    async fn deliver_lane(&self, session: &Session<'_>, candidate: &CandidateRef) -> Result<Handled, WorkerError> {
        let slots = Semaphore::new(1);
        let lanes = match session.claim(std::slice::from_ref(candidate)).await? {
            Claim::Gone => return Ok(Handled::Skipped),
            Claim::Paused => return Ok(Handled::Paused),
            Claim::Lanes { claimed, .. } => claimed,
        };
        let mut handled = Handled::Skipped;
        for lane in lanes {
            let deliver = session.deliver(lane, &slots);
            tokio::pin!(deliver);
            loop {
                let renew = async {
                    tokio::time::sleep(session::RENEWAL).await;
                    session.renew(std::slice::from_ref(candidate)).await;
                };
                tokio::select! {
                    attempts = &mut deliver => {
                        if attempts? > 0 {
                            handled = Handled::Attempted;
                        }
                        break;
                    }
                    () = renew => {}
                }
            }
        }
        Ok(handled)
    }
}
