//! The state that the composition root hands to the HTTP server.

use super::ports::{Dependencies, InstalledConnectors};
use super::{App, AppError, disk};
use crate::account::Accounts;
use crate::channel::Channels;
use crate::http::State;
use crate::http::budget::Budget;
use crate::http::peers::Peers;
use crate::http::seats::Seats;
use crate::http::watch::Watch;
use crate::model::ids::TenantId;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Open waiting pages of one request to a wallet: each looks at the database every few seconds.
const STREAMS: usize = 8;

/// Boundaries and part headers around the files of a form, or around the credential in a message.
const ENVELOPE_BYTES: usize = 1 << 20;

impl App {
    /// What the monitoring may ask.
    pub(super) fn watch(&self) -> Watch {
        let folders = disk::folders(&self.settings);
        let health = Dependencies { store: self.store.clone(), queue: self.queue.clone(), folders };
        Watch {
            store: self.store.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            health: Arc::new(health),
            key: self.settings.metrics.key.clone(),
            is_apart: !self.settings.metrics.listen.is_empty(),
            leaving: self.leaving.clone(),
        }
    }

    fn accounts(&self) -> Accounts {
        Accounts::new(self.settings.accounts.clone(), self.store.clone(), self.clock.clone())
    }

    /// `public_url`: the gateway's public address, without a trailing slash.
    pub fn http_state(&self, public_url: &str) -> Result<State, AppError> {
        let channels =
            Channels::new(self.settings.channels.clone(), public_url, self.pipeline.clone(), self.issuer_client.clone())
                .map_err(|error| AppError::Settings(error.to_string()))?;
        let connectors = InstalledConnectors {
            registry: self.connectors.clone(),
            engine: self.engine.clone(),
            secrets_dir: self.settings.delivery.secrets_dir.clone(),
        };
        let limits = &self.settings.intake;
        let with_envelope = |bytes: usize| bytes.saturating_add(ENVELOPE_BYTES);
        Ok(State {
            channels,
            accounts: self.accounts(),
            applications: self.applications.clone(),
            retention: self.settings.retention,
            connectors: Arc::new(connectors),
            tasks: Arc::new(self.jobs.clone()),
            watch: self.watch(),
            taxonomies_of: TenantId(self.settings.skills.managed_by.clone()),
            imports: Arc::new(Semaphore::new(1)),
            reference: Arc::default(),
            queue_prefix: self.settings.queue.prefix.as_str().into(),
            budget: Budget::new(with_envelope(limits.max_upload_bytes), with_envelope(limits.max_file_bytes)),
            streams: Seats::new(STREAMS),
            ending: self.ending.clone(),
            peers: Peers::new(&self.settings.http.proxies, self.settings.http.connections_per_address),
        })
    }
}
