//! The parts that every handler may use; made once by the composition root and shared by all server threads.
//! Must not know: which implementations stand behind the ports.

use super::budget::Budget;
use super::docs::reference::Subject;
use super::peers::Peers;
use super::ports::{Connectors, Tasks};
use super::seats::Seats;
use super::watch::Watch;
use crate::account::Accounts;
use crate::channel::{Applications, Channels};
use crate::document::Limits;
use crate::model::clock::Clock;
use crate::model::ids::{ExchangeId, TenantId};
use crate::model::retention::RetentionRules;
use crate::pipeline::Pipeline;
use crate::store::{Store, StoreError};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Cheap to clone. The store, the clock and the limits are those of the pipeline that the channels feed: there is one of each.
#[derive(Clone)]
pub struct State {
    pub channels: Channels,
    /// Who signs in.
    pub accounts: Accounts,
    /// What connections read of the employer's systems.
    pub applications: Applications,
    /// For tenants that have no rules of their own.
    pub retention: RetentionRules,
    pub connectors: Arc<dyn Connectors>,
    pub tasks: Arc<dyn Tasks>,
    /// What is counted, and what the monitoring may ask.
    pub watch: Watch,
    /// Memory that bodies of requests may take at the same time.
    pub budget: Budget,
    /// First part of the names on the broker, for the description of the events.
    pub queue_prefix: Arc<str>,
    /// The tenant that may change the taxonomies of all.
    pub taxonomies_of: TenantId,
    /// Taxonomies that are imported at the same time.
    pub imports: Arc<Semaphore>,
    /// The API reference, made when a page first shows it.
    pub reference: Arc<OnceLock<Vec<Subject>>>,
    /// Where requests come from.
    pub peers: Peers,
    /// Waiting pages that are open at the same time, by their exchange.
    pub streams: Seats<ExchangeId>,
    /// The gateway is about to stop: answers that would go on for ever end.
    pub ending: CancellationToken,
}

impl State {
    pub fn pipeline(&self) -> &Pipeline {
        &self.channels.pipeline
    }

    pub fn store(&self) -> &Store {
        &self.channels.pipeline.store
    }

    pub fn clock(&self) -> &Clock {
        &self.channels.pipeline.clock
    }

    pub fn limits(&self) -> &Limits {
        &self.channels.pipeline.examiner.limits
    }

    /// The rules of retention that count for a tenant.
    pub async fn retention_rules(&self, tenant: &TenantId) -> Result<RetentionRules, StoreError> {
        Ok(self.retention.with(self.store().retention_override(tenant).await?))
    }

    /// How the gateway is reached from outside, without a trailing slash.
    pub fn public_url(&self) -> &str {
        &self.channels.public_url
    }

    /// Whether people reach the gateway with TLS.
    pub fn is_secure(&self) -> bool {
        self.public_url().starts_with("https://")
    }
}
