//! The composition root: the only place that chooses implementations, starts tasks and stops them.
//! Comes in: settings and a clock. Goes out: a running gateway.

mod first_key;
mod health;
mod queues;
mod run;
mod tasks;
mod telemetry;
mod verifier;

pub use queues::connect_queue;
pub use run::Started;
pub use telemetry::telemetry;
pub use verifier::build_verifier;

use crate::config::{MasterKeyError, Settings, master_key};
use crate::http_client::{HttpClient, HttpError};
use crate::model::clock::Clock;
use crate::pipeline::Pipeline;
use crate::queue::{Queue, QueueError};
use crate::seal::Sealer;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use tasks::Tracker;
use tokio::sync::Notify;

/// Why the gateway can't start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error("the outbound HTTP client could not be made: {0}")]
    HttpClient(#[from] HttpError),
    /// A person must change the settings.
    #[error("{0}")]
    Settings(String),
    #[error("{address} can't be listened on: {cause}")]
    Listen { address: String, cause: std::io::Error },
    #[error("the server failed: {0}")]
    Server(#[from] std::io::Error),
}

/// Everything that the gateway runs on. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub settings: Arc<Settings>,
    pub clock: Clock,
    pub sealer: Sealer,
    pub store: Store,
    pub queue: Arc<dyn Queue>,
    pub http_client: HttpClient,
    pub pipeline: Pipeline,
    /// Tasks that outlive a request.
    tracker: Tracker,
    /// Rings when there may be something to relay or deliver.
    wake: Arc<Notify>,
}

impl App {
    /// Opens the store, the queue and the outbound client that the settings name.
    pub async fn build(settings: Settings, clock: Clock) -> Result<Self, AppError> {
        let sealer = Sealer::new(&*master_key(&settings.security)?);
        let store = Store::connect(settings.database.url.expose(), sealer.clone()).await?;
        let queue = connect_queue(&settings).await?;
        let http_client = HttpClient::new(&settings.http_client)?;
        let verifier = build_verifier(&settings.verify, &settings.intake, http_client.clone())?;
        let pipeline = Pipeline { verifier, store: store.clone(), limits: settings.intake.clone(), clock: clock.clone() };
        Ok(Self {
            settings: Arc::new(settings),
            clock,
            sealer,
            store,
            queue,
            http_client,
            pipeline,
            tracker: Tracker::default(),
            wake: Arc::new(Notify::new()),
        })
    }
}
