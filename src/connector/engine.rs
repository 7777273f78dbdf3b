//! The parts that all runs of manifests share: templates, the outside world, rates and tokens, the clock.
//! Must not know: the steps of a run, which are in `run` and `check`.

use super::limits::{Gates, Turns};
use super::outside::Outside;
use super::template::Templates;
use crate::model::clock::Clock;
use crate::model::ids::ConnectionId;
use std::sync::Arc;

/// Interprets manifests. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(super) templates: Arc<Templates>,
    pub(super) outside: Arc<dyn Outside>,
    pub(super) gates: Gates,
    pub(super) clock: Clock,
    /// `None`: this process alone uses the connections.
    pub(super) turns: Option<Arc<dyn Turns>>,
}

impl Engine {
    pub fn new(outside: Arc<dyn Outside>, clock: Clock) -> Self {
        Self { templates: Arc::new(Templates), outside, gates: Gates::default(), clock, turns: None }
    }

    /// Keeps request rates together with other processes.
    #[must_use]
    pub fn with_turns(self, turns: Arc<dyn Turns>) -> Self {
        Self { turns: Some(turns), ..self }
    }

    /// Drops what is cached for a connection that is gone.
    pub fn forget(&self, connection: &ConnectionId) {
        self.gates.forget(connection);
    }
}
