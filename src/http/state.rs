//! What every handler may use; made once by the composition root and shared by all server threads.
//! Must not know: which implementations stand behind the ports.

use super::budget::Budget;
use super::metrics::Metrics;
use super::ports::{Connectors, Health, Tasks};
use crate::channel::Channels;
use crate::document::Limits;
use crate::model::clock::Clock;
use crate::pipeline::Pipeline;
use crate::seal::Sealer;
use crate::store::Store;
use std::sync::Arc;

/// Cheap to clone.
#[derive(Clone)]
pub struct State {
    pub store: Store,
    pub pipeline: Pipeline,
    pub channels: Channels,
    pub clock: Clock,
    pub limits: Limits,
    /// How the gateway is reached from outside, without a trailing slash.
    pub public_url: String,
    /// Seals session cookies.
    pub sealer: Sealer,
    pub connectors: Arc<dyn Connectors>,
    pub health: Arc<dyn Health>,
    pub tasks: Arc<dyn Tasks>,
    pub metrics: Metrics,
    /// Memory that uploads may take at the same time.
    pub budget: Budget,
}
