//! Carries events from the outbox to the connections' workers, and to every other queue that is bound to the exchange.
//! Comes in: events that are already stored. Goes out: the same events, at least once.
//! Must not know: the meaning and the delivery of events. The database holds the state; the queue only carries messages.

pub mod memory;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
pub mod topology;

use crate::model::event::Envelope;
use crate::model::ids::{ConnectionId, TenantId};
use async_trait::async_trait;

#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// The broker is away: try again later.
    #[error("the message queue can't be reached: {0}")]
    Unavailable(String),
    /// The queue is full for now; the caller must publish the event again later.
    #[error("the queue is full")]
    Full,
    /// The broker refused: a person must look.
    #[error("the message queue refused: {0}")]
    Refused(String),
}

#[async_trait]
pub trait Queue: Send + Sync {
    /// Whether published events survive the end of this process.
    fn keeps_messages(&self) -> bool;

    /// Makes sure that the connection's queue exists and takes the tenant's events. Idempotent.
    async fn declare(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<(), QueueError>;

    /// Removes the connection's queue and its messages.
    async fn remove(&self, connection: &ConnectionId) -> Result<(), QueueError>;

    /// Publishes to every connection of the tenant; returns once the queue has confirmed it.
    async fn publish(&self, event: &Envelope) -> Result<(), QueueError>;

    /// Publishes to one connection only: a retry or a replay.
    async fn publish_to(&self, connection: &ConnectionId, event: &Envelope) -> Result<(), QueueError>;

    /// Publishes to the dead-letter exchange.
    async fn publish_dead(&self, connection: &ConnectionId, event: &Envelope, reason: &str) -> Result<(), QueueError>;

    /// Starts to take the connection's messages, at most `prefetch` unacknowledged at a time.
    async fn consume(&self, connection: &ConnectionId, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError>;

    /// Whether the queue answers.
    async fn ping(&self) -> Result<(), QueueError>;
}

#[async_trait]
pub trait Consumer: Send {
    /// The next message; `None` when the queue was closed or the broker went away.
    async fn next(&mut self) -> Option<Message>;
}

/// A message that is delivered again unless it is acknowledged.
pub struct Message {
    pub event: Envelope,
    pub receipt: Box<dyn Receipt>,
}

#[async_trait]
pub trait Receipt: Send {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError>;
    /// Gives the message back; the queue delivers it again.
    async fn give_back(self: Box<Self>) -> Result<(), QueueError>;
}
