//! What a process that stops leaves behind, and what the next one makes of it. The real relay, worker, engine and ledger
//! deliver to a real socket and are dropped at a station; ten minutes later a new set of them starts on the same database and
//! queue. Shown, on both databases and both queues: at every station named below, and at every wait between the system's
//! answer and the acknowledgement, a write declared `natural`, `set` or `observe` has its effect exactly once; one declared
//! `ledger_only` is never written twice, and is parked when nobody can know whether it arrived.

use crate::support::broker::TestBroker;
use crate::support::databases::{TestStore, noon, sealer};
use crate::support::effects::{EffectsSystem, Kind};
use crate::support::gateway;
use crate::support::made;
use crate::support::stations::{Station, Stop, WatchedQueue, WatchedWorld};
use chrono::{DateTime, Duration, Utc};
use skillgate::app::connect_queue;
use skillgate::connector::file::FileWriter;
use skillgate::connector::outside::World;
use skillgate::connector::{Engine, Registry};
use skillgate::delivery::relay::Relay;
use skillgate::delivery::{Worker, WorkerOptions};
use skillgate::http_client::HttpClient;
use skillgate::model::clock::Clock;
use skillgate::model::connection::Secrets;
use skillgate::model::delivery::{Delivery, DeliveryState};
use skillgate::model::event::Event;
use skillgate::model::ids::{ConnectionId, EventId};
use skillgate::model::record::{DeliveryFilter, Page};
use skillgate::store::Store;
use std::sync::Arc;

/// Longer than every lease: what a stopped process held is free again.
pub const LATER: Duration = Duration::minutes(10);

/// Makes each function of the list a test on every pair of database and queue; what needs a server is left out of a plain
/// `cargo test`.
macro_rules! on_every_ground {
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test($crate::recovery::Ground::new($crate::support::databases::TestStore::sqlite().await, None).await).await;
            })+
        }
        mod rabbitmq_with_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs RabbitMQ"]
            async fn $test() {
                let broker = $crate::support::broker::TestBroker::of_the_run();
                let database = $crate::support::databases::TestStore::sqlite().await;
                super::$test($crate::recovery::Ground::new(database, Some(broker)).await).await;
            })+
        }
        #[cfg(feature = "postgres")]
        mod postgres_with_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs PostgreSQL"]
            async fn $test() {
                super::$test($crate::recovery::Ground::new($crate::support::databases::TestStore::postgres().await, None).await).await;
            })+
        }
        #[cfg(feature = "postgres")]
        mod postgres_with_rabbitmq {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            #[ignore = "needs PostgreSQL and RabbitMQ"]
            async fn $test() {
                let broker = $crate::support::broker::TestBroker::of_the_run();
                let database = $crate::support::databases::TestStore::postgres().await;
                super::$test($crate::recovery::Ground::new(database, Some(broker)).await).await;
            })+
        }
    };
}
pub(crate) use on_every_ground;

on_every_ground!(
    a_natural_write_has_its_effect_once_wherever_the_process_stops,
    a_value_that_is_set_is_set_wherever_the_process_stops,
    a_write_after_a_look_has_its_effect_once_wherever_the_process_stops,
    a_write_that_only_the_ledger_knows_is_parked_when_its_fate_is_unknown_and_never_repeated,
);

/// What outlives a process: database, queue, the employer's system.
pub struct Ground {
    pub database: TestStore,
    pub broker: Option<TestBroker>,
    pub system: EffectsSystem,
    pub folder: tempfile::TempDir,
}

impl Ground {
    pub async fn new(database: TestStore, broker: Option<TestBroker>) -> Self {
        Self { database, broker, system: EffectsSystem::start().await, folder: tempfile::tempdir().unwrap() }
    }

    pub fn settings(&self) -> skillgate::config::Settings {
        gateway::settings(&self.database.url, self.broker.as_ref(), self.folder.path())
    }

    pub async fn connect(&self, kind: Kind) -> ConnectionId {
        let connection = self.system.connection(kind);
        self.database.store.create_connection(&connection, &Secrets::new()).await.unwrap();
        if let Some(broker) = &self.broker {
            broker.remove_at_the_end(&connection.id);
        }
        connection.id
    }

    /// The last event of the feed.
    pub async fn last_event(&self) -> Event {
        let page = Page { limit: 500, after: None };
        self.database.store.list_events(&made::tenant(), &page).await.unwrap().pop().unwrap().1
    }

    pub async fn delivery(&self, event: &EventId) -> Delivery {
        let filter = DeliveryFilter { event_id: Some(event.clone()), ..DeliveryFilter::default() };
        let page = Page { limit: 10, after: None };
        let mut found = self.database.store.list_deliveries(&made::tenant(), &filter, &page).await.unwrap();
        assert_eq!(found.len(), 1, "one delivery per event and connection");
        found.remove(0)
    }

    /// One process: all that lives in memory, on a runtime of its own that ends with it. True: it was stopped at the station.
    async fn process(&self, at: DateTime<Utc>, station: Option<Station>) -> bool {
        let settings = self.settings();
        let process = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let stop = Stop::at(station);
            // When the runtime is left, what the database was told by then has happened.
            runtime.block_on(async { stop.live(deliver(settings, at, stop.clone())).await })
        };
        tokio::task::spawn_blocking(process).await.unwrap()
    }

    /// New processes until the delivery is settled.
    async fn recover(&self, at: DateTime<Utc>, event: &EventId, told: &str) -> Delivery {
        for _ in 0..20 {
            assert!(!self.process(at, None).await);
            let unpublished = self.database.store.count_unpublished().await.unwrap();
            if unpublished == 0 {
                let delivery = self.delivery(event).await;
                if delivery.state != DeliveryState::Pending {
                    return delivery;
                }
            }
        }
        panic!("{told}: the event stays undelivered");
    }
}

/// Relay and worker as the composition root wires them, around a queue and a world that can be left.
async fn deliver(settings: skillgate::config::Settings, at: DateTime<Utc>, stop: Arc<Stop>) {
    let clock = Clock::fixed(at);
    let store = Store::connect(settings.database.url.expose(), sealer()).await.unwrap();
    let queue: Arc<dyn skillgate::queue::Queue> =
        Arc::new(WatchedQueue { inner: connect_queue(&settings).await.unwrap(), stop: stop.clone(), told: None });
    let world = World::new(HttpClient::new(&settings.http_client).unwrap(), FileWriter::default());
    let engine = Engine::new(Arc::new(WatchedWorld { inner: world, stop }), clock.clone());
    let options = WorkerOptions {
        retry_schedule: vec![std::time::Duration::from_secs(60)],
        concurrency: 1,
        secrets_dir: settings.delivery.secrets_dir.clone(),
        drain: std::time::Duration::from_secs(30),
    };
    let registry = Registry::load(&settings.delivery.connectors_dir).unwrap();
    let relay = Relay::new(store.clone(), queue.clone(), registry.clone(), clock.clone());
    let worker = Worker::new(store, queue, registry, engine, clock, options, Arc::default());
    relay.start().await.unwrap();
    let patience = std::time::Duration::from_millis(100);
    while relay.step().await.unwrap() + worker.drain(patience).await.unwrap() > 0 {}
}

const NAMED: [Station; 9] = [
    Station::BeforePublishing,
    Station::AfterPublishing,
    Station::AfterConsuming,
    Station::BeforeLooking,
    Station::AfterLooking,
    Station::BeforeWriting,
    Station::AfterWriting,
    Station::BeforeAcknowledging,
    Station::AfterAcknowledging,
];
/// There are fewer waits than that between the answer and the acknowledgement.
const MOST_WAITS: usize = 40;

/// Stops one process at each station, each time with an event of its own, and hands over what was left in the end.
async fn stop_everywhere(ground: &Ground, kind: Kind, settled: impl Fn(Option<Station>, &Event, &Delivery)) {
    ground.connect(kind).await;
    let mut now = noon();
    let mut round = 0;
    let mut stop_at = async |station: Option<Station>| {
        round += 1;
        let badge = made::credential(&format!("badge {round}"), vec![]);
        made::submit(&ground.database.store, made::named(&format!("person-{round}")), vec![badge]).await;
        let event = ground.last_event().await;
        // Without a station the process is never started: it was stopped after the commit.
        let stopped = match station {
            None => true,
            Some(_) => ground.process(now, station).await,
        };
        now += LATER;
        let delivery = ground.recover(now, &event.id, &format!("{station:?}")).await;
        now += LATER;
        settled(station, &event, &delivery);
        stopped
    };
    assert!(stop_at(None).await);
    for station in NAMED {
        let looks = matches!(station, Station::BeforeLooking | Station::AfterLooking);
        assert_eq!(stop_at(Some(station)).await, !looks || kind == Kind::Observe, "{station:?}");
    }
    let mut waits = 0;
    while stop_at(Some(Station::WaitsAfterWriting(waits + 1))).await {
        waits += 1;
        assert!(waits < MOST_WAITS);
    }
    assert!(waits >= 2, "the record and the acknowledgement are waited for, not {waits} times");
    assert_eq!(ground.database.store.count_unpublished().await.unwrap(), 0);
}

fn is_delivered(delivery: &Delivery) -> bool {
    matches!(delivery.state, DeliveryState::Delivered | DeliveryState::Unchanged)
}

async fn once(ground: Ground, kind: Kind) {
    stop_everywhere(&ground, kind, |station, event, delivery| {
        assert!(is_delivered(delivery), "{station:?}: {delivery:?}");
        assert_eq!(ground.system.effects(event.id.as_str()), 1, "{station:?}");
    })
    .await;
}

async fn a_natural_write_has_its_effect_once_wherever_the_process_stops(ground: Ground) {
    once(ground, Kind::Natural).await;
}

async fn a_value_that_is_set_is_set_wherever_the_process_stops(ground: Ground) {
    once(ground, Kind::Set).await;
}

async fn a_write_after_a_look_has_its_effect_once_wherever_the_process_stops(ground: Ground) {
    once(ground, Kind::Observe).await;
}

async fn a_write_that_only_the_ledger_knows_is_parked_when_its_fate_is_unknown_and_never_repeated(ground: Ground) {
    stop_everywhere(&ground, Kind::LedgerOnly, |station, event, delivery| {
        let written = ground.system.writes(event.id.as_str());
        let parked = delivery.state == DeliveryState::Parked && delivery.reason.as_deref() == Some("ambiguous_write");
        match station {
            Some(Station::BeforeWriting) => assert!(parked && written == 0, "{station:?}: {delivery:?}, {written} writes"),
            Some(Station::AfterWriting) => assert!(parked && written == 1, "{station:?}: {delivery:?}, {written} writes"),
            Some(Station::WaitsAfterWriting(_)) => {
                assert!((parked || is_delivered(delivery)) && written == 1, "{station:?}: {delivery:?}, {written} writes");
            }
            _ => assert!(is_delivered(delivery) && written == 1, "{station:?}: {delivery:?}, {written} writes"),
        }
    })
    .await;
}
