//! Moves events from the outbox to the queue, and tells the workers of lanes that are due again.
//! One [`Relay::step`] sleeps nowhere, so that tests and `drain` can call it; several relays may run at once.
//! Killing the process between any two lines loses nothing: deliveries are made in the transaction that takes the events,
//! events are marked only after the queue has confirmed them, and a worker claims an event once although it may be published twice.

use crate::connector::Registry;
use crate::model::clock::Clock;
use crate::model::ids::{ConnectionId, TenantId};
use crate::queue::{Queue, QueueError};
use crate::store::{Outgoing, Store, StoreError};
use chrono::Duration;
use futures_util::future::join_all;
use std::collections::{BTreeSet, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Events per step.
const BATCH: u32 = 200;
/// How long a relay may take for a batch before another one does.
const RELAY_LEASE: Duration = Duration::seconds(7);
/// How long a message about a lane may wait in a queue before another is published.
const QUEUE_PATIENCE: Duration = Duration::minutes(5);
/// Time between two looks at the outbox while the relay is not woken: short after work, doubled while there is none.
const FIRST_POLL: std::time::Duration = std::time::Duration::from_millis(50);
const POLL: std::time::Duration = std::time::Duration::from_secs(1);
/// After a step that found little, events gather so long: a step costs nearly the same for one event and for a hundred.
const GATHERING: std::time::Duration = std::time::Duration::from_millis(8);
/// The longest wait after errors.
const MAX_PAUSE: std::time::Duration = std::time::Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Cheap to clone; clones share the wake-up.
#[derive(Clone)]
pub struct Relay {
    store: Store,
    queue: Arc<dyn Queue>,
    clock: Clock,
    registry: Registry,
    wake: Arc<Notify>,
    /// Connections whose queues this relay has declared: before the first message, or the message would be lost.
    declared: Arc<Mutex<HashSet<ConnectionId>>>,
}

impl Relay {
    pub fn new(store: Store, queue: Arc<dyn Queue>, registry: Registry, clock: Clock) -> Self {
        Self { store, queue, clock, registry, wake: Arc::new(Notify::new()), declared: Arc::default() }
    }

    /// Call it once, before the first step: it marks the messages of a stopped process's queue for publishing again.
    pub async fn start(&self) -> Result<(), RelayError> {
        if !self.queue.keeps_messages() {
            self.store.expect_empty_queue(self.clock.now()).await?;
        }
        Ok(())
    }

    /// Wakes a sleeping relay.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Publishes one batch of events and a message for each due lane of a batch; returns their number. 0: no work is due.
    pub async fn step(&self) -> Result<usize, RelayError> {
        let published = self.publish_events().await?;
        let again = self.publish_due_lanes().await?;
        Ok(published + again)
    }

    async fn publish_events(&self) -> Result<usize, RelayError> {
        let registry = self.registry.clone();
        // A connector that is not installed: the delivery says so.
        let handled =
            move |connector: &str, event_type| registry.get(connector).is_none_or(|known| known.handler(event_type).is_some());
        let now = self.clock.now();
        if !self.queue.keeps_messages() {
            return self.publish_within(self.store.take_for_own_queue(now, QUEUE_PATIENCE, BATCH, handled).await?).await;
        }
        let taken = self.store.take_unpublished(now, RELAY_LEASE, QUEUE_PATIENCE, BATCH, handled).await?;
        let mut takers = BTreeSet::new();
        for outgoing in &taken {
            takers.extend(outgoing.takers.iter().map(|taker| (outgoing.event.tenantid.clone(), taker.clone())));
        }
        if let Err(error) = self.declare_all(takers).await {
            let positions: Vec<i64> = taken.iter().map(|outgoing| outgoing.position).collect();
            self.store.release_unpublished(&positions).await?;
            return Err(error.into());
        }
        // All at once: the confirms come back together.
        let results = join_all(taken.iter().map(|outgoing| self.queue.publish(&outgoing.event))).await;
        let (mut confirmed, mut failed, mut first_error) = (Vec::new(), Vec::new(), None);
        for (outgoing, result) in taken.into_iter().zip(results) {
            match result {
                Ok(()) => confirmed.push(outgoing.position),
                Err(error) => {
                    failed.push(outgoing.position);
                    first_error = first_error.or(Some(error));
                }
            }
        }
        if !confirmed.is_empty() {
            self.store.mark_published(&confirmed, self.clock.now()).await?;
        }
        let Some(error) = first_error else { return Ok(confirmed.len()) };
        // Release the events at once instead of at the end of the lease.
        self.store.release_unpublished(&failed).await?;
        Err(error.into())
    }

    /// The queue within the process gets one message per connection that takes the event. A connection whose list is full or gone
    /// is told of the lane again later.
    async fn publish_within(&self, taken: Vec<Outgoing>) -> Result<usize, RelayError> {
        let mut turned_away = Vec::new();
        for Outgoing { event, takers, .. } in &taken {
            for taker in takers {
                let published = match self.declare(&event.tenantid, taker).await {
                    Ok(()) => self.queue.publish_to(taker, event).await,
                    Err(error) => Err(error),
                };
                if published.is_err() {
                    turned_away.push((taker.clone(), event.partitionkey.clone()));
                }
            }
        }
        if !turned_away.is_empty() {
            self.store.forget_hints(&turned_away, self.clock.now()).await?;
        }
        Ok(taken.len())
    }

    /// One after the other: a broker that is asked for the same new queue several times at once may refuse its first messages.
    async fn declare_all(&self, all: BTreeSet<(TenantId, ConnectionId)>) -> Result<(), QueueError> {
        for (tenant, connection) in all {
            self.declare(&tenant, &connection).await?;
        }
        Ok(())
    }

    async fn declare(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<(), QueueError> {
        let is_declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner).contains(connection);
        if !is_declared {
            self.queue.declare(tenant, connection).await?;
            self.declared.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.clone());
        }
        Ok(())
    }

    async fn publish_due_lanes(&self) -> Result<usize, RelayError> {
        let due = self.store.take_due_lanes(self.clock.now(), QUEUE_PATIENCE, BATCH).await?;
        let told = due.iter().map(|(connection, event)| (event.tenantid.clone(), connection.clone())).collect();
        if let Err(error) = self.declare_all(told).await {
            let lost: Vec<_> = due.into_iter().map(|(connection, event)| (connection, event.partitionkey)).collect();
            self.store.forget_hints(&lost, self.clock.now()).await?;
            return Err(error.into());
        }
        let results = join_all(due.iter().map(|(connection, event)| self.queue.publish_to(connection, event))).await;
        let (count, mut lost, mut first_error) = (due.len(), Vec::new(), None);
        for ((connection, event), result) in due.into_iter().zip(results) {
            let Err(error) = result else { continue };
            if let QueueError::Refused(_) = error {
                // The connection's queue is gone: declare it again before the next message.
                self.declared.lock().unwrap_or_else(PoisonError::into_inner).remove(&connection);
            }
            lost.push((connection, event.partitionkey));
            if !matches!(error, QueueError::Full) {
                first_error = first_error.or(Some(error));
            }
        }
        if !lost.is_empty() {
            // The lanes stay due, but no message about them is in the queue.
            self.store.forget_hints(&lost, self.clock.now()).await?;
        }
        match first_error {
            None => Ok(count - lost.len()),
            Some(error) => Err(error.into()),
        }
    }

    /// Steps until `shutdown` ends: at once while there is much work, after a short rest while there is little, else when woken or
    /// after a second.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        tokio::pin!(shutdown);
        let mut pause = POLL;
        let mut poll = FIRST_POLL;
        let mut started = false;
        loop {
            let result = match started {
                true => self.step().await,
                false => self.start().await.map(|()| 1),
            };
            let wait = match result {
                Ok(done) => {
                    started = true;
                    pause = POLL;
                    poll = if done > 0 { FIRST_POLL } else { (poll * 2).min(POLL) };
                    if (1..BATCH as usize).contains(&done) {
                        tokio::time::sleep(GATHERING).await;
                    }
                    if done > 0 { std::time::Duration::ZERO } else { poll }
                }
                Err(error) => {
                    tracing::warn!(%error, "a relay step failed and will be tried again");
                    pause = (pause * 2).min(MAX_PAUSE);
                    pause.mul_f64(0.5 + rand::random::<f64>() / 2.0)
                }
            };
            let woken = self.wake.notified();
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = woken => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}
