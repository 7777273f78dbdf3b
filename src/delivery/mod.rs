//! The way of events out of the gateway: from the outbox to the queue, and from the queue through a connector to an employer's system.
//! Comes in: outbox rows, queued messages. Goes out: one delivery per event and connection, with its attempts on record.
//! Must not know: HTTP handlers, how credentials are verified.

pub mod relay;
mod turns;
pub mod worker;

pub use turns::SharedTurns;
pub use worker::{Counters, Worker, WorkerOptions};
