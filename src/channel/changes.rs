//! Tells waiting pages at once that an exchange changed. Within one process; across processes a page also looks by itself.

use crate::model::ids::ExchangeId;
use tokio::sync::broadcast;

const BUFFERED: usize = 1024;

/// Cheap to clone.
#[derive(Clone)]
pub struct Changes(broadcast::Sender<ExchangeId>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::channel(BUFFERED).0)
    }
}

impl Changes {
    /// Having no listeners is not an error.
    pub fn announce(&self, exchange: &ExchangeId) {
        drop(self.0.send(exchange.clone()));
    }

    pub fn listen(&self) -> broadcast::Receiver<ExchangeId> {
        self.0.subscribe()
    }
}
