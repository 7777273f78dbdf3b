//! The composition root: the only place that chooses implementations, starts tasks and stops them.
//! Comes in: settings and a clock. Goes out: a running gateway.

mod counting;
pub mod disk;
mod first_key;
mod ports;
mod queues;
mod retention;
mod run;
mod state;
mod telemetry;
mod traces;
mod verifier;

pub use queues::connect_queue;
pub use run::{Listening, Started};
pub use telemetry::Telemetry;
pub use verifier::{build_verifier, build_verifiers, load_policy};

use crate::channel::Applications;
use crate::config::{DeliverySettings, MasterKeyError, Settings, VerifySettings, master_key};
use crate::connector::Engine;
use crate::connector::file::FileWriter;
use crate::connector::outside::World;
use crate::connector::registry::{Registry, RegistryError};
use crate::delivery::SharedTurns;
use crate::delivery::relay::{Relay, RelayError};
use crate::delivery::worker::{Worker, WorkerError, WorkerOptions};
use crate::examine::Examiner;
use crate::http::metrics::Metrics;
use crate::http_client::{HttpClient, HttpError};
use crate::model::clock::Clock;
use crate::pipeline::{Pipeline, PipelineError};
use crate::protocol::link::LinkAsker;
use crate::queue::{Queue, QueueError};
use crate::seal::Sealer;
use crate::skills::Mapper;
use crate::store::{Store, StoreError};
use crate::taxonomy::Library;
use counting::Counting;
use ports::{Jobs, Tracker};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Time for which `drain` waits at an empty queue.
const DRAIN_PATIENCE: Duration = Duration::from_millis(100);

/// The reason why the gateway can't start or continue.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Relay(#[from] RelayError),
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error(transparent)]
    Connectors(#[from] RegistryError),
    #[error("the metrics could not be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error("the outbound HTTP client could not be made: {0}")]
    HttpClient(#[from] HttpError),
    /// A person must change the settings.
    #[error("{0}")]
    Settings(String),
    #[error("{address} can't be listened on: {cause}. http.listen (serve --listen) and metrics.listen name the addresses")]
    Listen { address: String, cause: std::io::Error },
    #[error("the server failed: {0}")]
    Server(#[from] std::io::Error),
}

/// The parts of the running gateway. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub settings: Arc<Settings>,
    pub clock: Clock,
    pub store: Store,
    pub queue: Arc<dyn Queue>,
    /// Fetches what strangers name.
    issuer_client: HttpClient,
    pub pipeline: Pipeline,
    pub connectors: Registry,
    engine: Engine,
    /// Reads applications of employers' systems.
    pub applications: Applications,
    relay: Relay,
    worker: Arc<Worker>,
    /// Work that continues after a request.
    jobs: Jobs,
    /// Tasks that run as long as the gateway does.
    background: Tracker,
    metrics: Metrics,
    /// Cancelled: the proxy in front should turn to another gateway.
    leaving: CancellationToken,
    /// Ends answers that would go on for ever.
    ending: CancellationToken,
}

impl App {
    /// Opens the store, the queue and the outbound client that the settings name.
    pub async fn build(settings: Settings, clock: Clock) -> Result<Self, AppError> {
        let master = Sealer::new(&*master_key(&settings.security)?);
        let store = Store::connect(settings.database.url.expose(), master).await?;
        let queue = connect_queue(&settings).await?;
        let issuer_client = HttpClient::new(&settings.issuer_client)?.considerate();
        let verifiers = build_verifiers(&settings.verify, &settings.intake, issuer_client.clone())?;
        let Counting { metrics, verification, attempts } = Counting::new()?;
        let links =
            LinkAsker::new(Some(issuer_client.clone()), &settings.channels.link_hosts, &settings.channels.link_platforms_off);
        let pipeline = Pipeline {
            examiner: Examiner::new(verifiers, settings.intake.clone()).with_links(links).timed_by(verification),
            store: store.clone(),
            mapper: Mapper::new(Library::new(&settings.skills.taxonomies_dir)),
            clock: clock.clone(),
            status_interval: status_interval(&settings.verify),
        };
        pipeline.load_published_policies().await?;
        let connectors = Registry::load(&settings.delivery.connectors_dir)?;
        let world =
            World::new(HttpClient::new(&settings.http_client)?, FileWriter::inside(Some(files_folder(&settings.delivery)?)));
        let mut engine = Engine::new(Arc::new(world), clock.clone());
        if store.is_shared() {
            engine = engine.with_turns(Arc::new(SharedTurns { store: store.clone(), clock: clock.clone() }));
        }
        let connections_changed = Arc::new(Notify::new());
        let worker = Worker::new(
            store.clone(),
            queue.clone(),
            connectors.clone(),
            engine.clone(),
            clock.clone(),
            worker_options(&settings.delivery),
            connections_changed.clone(),
        );
        let worker = Arc::new(worker.counted_by(attempts));
        let applications = Applications {
            pipeline: pipeline.clone(),
            http: issuer_client.clone(),
            settings: Arc::new(settings.channels.clone()),
            registry: connectors.clone(),
            engine: engine.clone(),
            secrets_dir: settings.delivery.secrets_dir.clone(),
        };
        let relay = Relay::new(store.clone(), queue.clone(), connectors.clone(), clock.clone());
        let jobs = Jobs { pipeline: pipeline.clone(), relay: relay.clone(), connections_changed, tracker: Tracker::default() };
        Ok(Self {
            settings: Arc::new(settings),
            clock,
            store,
            queue,
            issuer_client,
            pipeline,
            connectors,
            engine,
            applications,
            relay,
            worker,
            jobs,
            background: Tracker::default(),
            metrics,
            leaving: CancellationToken::new(),
            ending: CancellationToken::new(),
        })
    }

    /// Works, relays and delivers until no work is due. Tests call it instead of sleeping.
    pub async fn drain(&self) -> Result<(), AppError> {
        loop {
            self.jobs.tracker.wait().await;
            while self.pipeline.map_again().await? > 0 {}
            let relayed = self.relay.step().await?;
            let delivered = self.worker.drain(DRAIN_PATIENCE).await?;
            if relayed + delivered == 0 {
                return Ok(());
            }
        }
    }
}

/// `None`: no repeated status checks.
fn status_interval(settings: &VerifySettings) -> Option<chrono::Duration> {
    (settings.status_check_hours > 0).then(|| chrono::Duration::hours(i64::from(settings.status_check_hours)))
}

fn worker_options(settings: &DeliverySettings) -> WorkerOptions {
    let retry_schedule = settings.retry_schedule_seconds.iter().copied().map(Duration::from_secs).collect();
    WorkerOptions {
        retry_schedule,
        concurrency: settings.concurrency,
        secrets_dir: settings.secrets_dir.clone(),
        drain: Duration::from_secs(settings.drain_seconds),
    }
}

/// The folder that connectors may write to. Makes a missing folder.
fn files_folder(settings: &DeliverySettings) -> Result<PathBuf, AppError> {
    let unusable =
        |error: std::io::Error| AppError::Settings(format!("delivery.files_dir {}: {error}", settings.files_dir.display()));
    std::fs::create_dir_all(&settings.files_dir).map_err(unusable)?;
    settings.files_dir.canonicalize().map_err(unusable)
}
