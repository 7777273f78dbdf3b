//! The parts that all runs of manifests share: templates, the outside world, rates and tokens, the clock.
//! Must not know: the steps of a run, which are in `run` and `check`.

use super::limits::Gates;
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
}

impl Engine {
    pub fn new(outside: Arc<dyn Outside>, clock: Clock) -> Self {
        Self { templates: Arc::new(Templates::default()), outside, gates: Gates::default(), clock }
    }

    /// Drops what is cached for a connection that is gone.
    pub fn forget(&self, connection: &ConnectionId) {
        self.gates.forget(connection);
    }
}
