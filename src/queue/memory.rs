//! The queue within one process: a bounded list per connection, lost when the process stops. The relay publishes again the
//! events that were lost or that a full list refused; it reads them from the deliveries.

use super::{Consumer, Message, Queue, QueueError, Receipt};
use crate::model::event::Envelope;
use crate::model::ids::{ConnectionId, TenantId};
use async_trait::async_trait;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Messages per connection.
pub const CAPACITY: usize = 10_000;

/// Cheap to clone; clones share the lists.
#[derive(Clone, Default)]
pub struct MemoryQueue {
    lists: Arc<Mutex<HashMap<ConnectionId, Arc<List>>>>,
}

struct List {
    tenant: TenantId,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<Envelope>,
    closed: bool,
}

impl MemoryQueue {
    pub fn new() -> Self {
        Self::default()
    }

    fn list(&self, connection: &ConnectionId) -> Option<Arc<List>> {
        lock(&self.lists).get(connection).cloned()
    }
}

impl List {
    /// False when the list is full.
    fn push(&self, event: &Envelope) -> bool {
        let mut waiting = lock(&self.waiting);
        if waiting.events.len() >= CAPACITY {
            return false;
        }
        waiting.events.push_back(event.clone());
        drop(waiting);
        self.arrived.notify_one();
        true
    }

    fn push_front(&self, event: Envelope) {
        lock(&self.waiting).events.push_front(event);
        self.arrived.notify_one();
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    fn keeps_messages(&self) -> bool {
        false
    }

    async fn declare(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<(), QueueError> {
        let make = || Arc::new(List { tenant: tenant.clone(), waiting: Mutex::default(), arrived: Notify::new() });
        lock(&self.lists).entry(connection.clone()).or_insert_with(make);
        Ok(())
    }

    async fn remove(&self, connection: &ConnectionId) -> Result<(), QueueError> {
        if let Some(list) = lock(&self.lists).remove(connection) {
            lock(&list.waiting).closed = true;
            list.arrived.notify_waiters();
            list.arrived.notify_one();
        }
        Ok(())
    }

    async fn publish(&self, event: &Envelope) -> Result<(), QueueError> {
        let lists: Vec<_> = lock(&self.lists).values().filter(|list| list.tenant == event.tenantid).cloned().collect();
        let room = lists.iter().map(|list| list.push(event)).filter(|fits| !fits).count() == 0;
        if room { Ok(()) } else { Err(QueueError::Full) }
    }

    async fn publish_to(&self, connection: &ConnectionId, event: &Envelope) -> Result<(), QueueError> {
        match self.list(connection) {
            None => Err(QueueError::Refused(format!("connection {connection} has no queue"))),
            Some(list) if list.push(event) => Ok(()),
            Some(_) => Err(QueueError::Full),
        }
    }

    /// The database keeps dead letters; within one process there is no other listener.
    async fn publish_dead(&self, connection: &ConnectionId, event: &Envelope, reason: &str) -> Result<(), QueueError> {
        tracing::info!(%connection, event = %event.id, reason, "a delivery became a dead letter");
        Ok(())
    }

    async fn consume(&self, connection: &ConnectionId, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        let missing = || QueueError::Refused(format!("connection {connection} has no queue"));
        let list = self.list(connection).ok_or_else(missing)?;
        let slots = Arc::new(Semaphore::new(usize::from(prefetch.max(1))));
        Ok(Box::new(MemoryConsumer { list, slots }))
    }

    async fn ping(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

struct MemoryConsumer {
    list: Arc<List>,
    slots: Arc<Semaphore>,
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self) -> Option<Message> {
        let slot = self.slots.clone().acquire_owned().await.ok()?;
        loop {
            let arrived = self.list.arrived.notified();
            {
                let mut waiting = lock(&self.list.waiting);
                if waiting.closed {
                    return None;
                }
                if let Some(event) = waiting.events.pop_front() {
                    if !waiting.events.is_empty() {
                        // Another consumer of the same list may be waiting.
                        self.list.arrived.notify_one();
                    }
                    let receipt = MemoryReceipt { event: Some(event.clone()), list: self.list.clone(), slot: Some(slot) };
                    return Some(Message { event, receipt: Box::new(receipt) });
                }
            }
            arrived.await;
        }
    }
}

/// Gives the message back when it is dropped unacknowledged, as a broker does when a consumer goes away.
struct MemoryReceipt {
    event: Option<Envelope>,
    list: Arc<List>,
    slot: Option<OwnedSemaphorePermit>,
}

impl Drop for MemoryReceipt {
    fn drop(&mut self) {
        // Free the place first: the consumer that the message wakes must be able to take it.
        drop(self.slot.take());
        if let Some(event) = self.event.take() {
            self.list.push_front(event);
        }
    }
}

#[async_trait]
impl Receipt for MemoryReceipt {
    async fn acknowledge(mut self: Box<Self>) -> Result<(), QueueError> {
        self.event = None;
        Ok(())
    }

    async fn give_back(self: Box<Self>) -> Result<(), QueueError> {
        drop(self);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
