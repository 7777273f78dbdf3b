//! The state that the composition root hands to the HTTP server.

use super::ports::{Dependencies, InstalledConnectors};
use super::{App, AppError};
use crate::channel::Channels;
use crate::http::State;
use crate::http::budget::Budget;
use crate::http::metrics::Metrics;
use std::sync::Arc;

/// Uploads in memory at the same time, as a multiple of the largest one.
const UPLOADS_AT_ONCE: usize = 4;

impl App {
    /// `public_url`: how the gateway is reached from outside, without a trailing slash.
    pub fn http_state(&self, public_url: &str) -> Result<State, AppError> {
        let channels = Channels::new(self.settings.channels.clone(), public_url, self.pipeline.clone(), self.http_client.clone())
            .map_err(|error| AppError::Settings(error.to_string()))?;
        let connectors = InstalledConnectors {
            registry: self.connectors.clone(),
            engine: self.engine.clone(),
            secrets_dir: self.settings.delivery.secrets_dir.clone(),
        };
        let health = Dependencies { store: self.store.clone(), queue: self.queue.clone() };
        Ok(State {
            channels,
            sealer: self.sealer.clone(),
            connectors: Arc::new(connectors),
            health: Arc::new(health),
            tasks: Arc::new(self.jobs.clone()),
            metrics: Metrics::new(prometheus::Registry::new())?,
            budget: Budget::new(self.settings.intake.max_upload_bytes.saturating_mul(UPLOADS_AT_ONCE)),
            queue_prefix: self.settings.queue.prefix.as_str().into(),
        })
    }
}
