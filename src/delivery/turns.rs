//! Keeps a connection's request rate over all processes that share a database.
//! Comes in: a connection and its rate. Goes out: when its next request may be sent.

use crate::connector::limits::{Rate, Turns, Wait};
use crate::model::clock::Clock;
use crate::model::ids::ConnectionId;
use crate::store::{Store, Turn};
use async_trait::async_trait;
use std::time::Duration;

/// Turns that the database gives out.
pub struct SharedTurns {
    pub store: Store,
    pub clock: Clock,
}

#[async_trait]
impl Turns for SharedTurns {
    async fn next(&self, connection: &ConnectionId, rate: Rate, patience: Duration) -> Wait {
        match self.store.take_turn(connection, rate.between(), patience, self.clock.now()).await {
            Ok(Turn::In(wait)) => Wait::For(wait),
            Ok(Turn::TooLate(wait)) => Wait::TooLong(wait),
            Err(error) => {
                tracing::warn!(%connection, %error, "no turn of the connection's request rate could be had");
                Wait::TooLong(patience)
            }
        }
    }
}
