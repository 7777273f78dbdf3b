//! Killing the process between any two steps loses nothing and repeats no effect. A kill is: everything in memory is
//! dropped, the database is opened anew, some time passes.

use crate::databases::{TestStore, made, noon, on_both_databases};
use chrono::{DateTime, Duration, Utc};
use skillgate::delivery::relay::Relay;
use skillgate::model::clock::Clock;
use skillgate::model::connection::Secrets;
use skillgate::model::delivery::{Attempt, DeliveryResult, DeliveryState};
use skillgate::model::ids::{AttemptId, ConnectionId};
use skillgate::model::record::{DeliveryFilter, Page};
use skillgate::queue::memory::MemoryQueue;
use skillgate::queue::{Consumer, Message, Queue, QueueError};
use skillgate::store::Store;
use std::sync::Arc;

on_both_databases!(
    nothing_is_lost_wherever_the_process_is_killed,
    a_queue_that_was_full_gets_the_rest_later,
    a_broker_that_is_away_gets_everything_when_it_is_back,
    two_relays_at_once_make_one_delivery_each,
);

/// The stations of an event, in order: the process is killed just after the one named.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::enum_variant_names, reason = "they read as what they are: killed after …")]
enum Killed {
    AfterCommit,
    AfterTheRelayTookIt,
    AfterPublishing,
    AfterMarking,
    AfterConsuming,
    AfterClaiming,
    AfterRecording,
    AfterAcknowledging,
}

const STATIONS: [Killed; 8] = [
    Killed::AfterCommit,
    Killed::AfterTheRelayTookIt,
    Killed::AfterPublishing,
    Killed::AfterMarking,
    Killed::AfterConsuming,
    Killed::AfterClaiming,
    Killed::AfterRecording,
    Killed::AfterAcknowledging,
];

const LEASE: Duration = Duration::seconds(60);

/// What lives in memory only.
struct Process {
    store: Store,
    clock: Clock,
    queue: Arc<dyn Queue>,
    relay: Relay,
}

impl Process {
    async fn start(database: &TestStore, at: DateTime<Utc>) -> Self {
        let (store, clock) = (database.reopened().await, Clock::fixed(at));
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new());
        let relay = Relay::new(store.clone(), queue.clone(), clock.clone());
        relay.start().await.unwrap();
        Self { store, clock, queue, relay }
    }

    /// Takes what waits for the connection; each claimed message has its effect once and is recorded.
    async fn work(&self, connection: &ConnectionId, effects: &mut Vec<String>) {
        self.queue.declare(&made::tenant(), connection).await.unwrap();
        while self.relay.step().await.unwrap() > 0 {}
        let mut consumer = self.queue.consume(connection, 10).await.unwrap();
        while let Some(message) = soon(&mut consumer).await {
            let claimed = self.store.claim_delivery(connection, &message.event.id, self.clock.now(), LEASE).await.unwrap();
            if let Some(delivery) = claimed {
                effects.push(message.event.id.to_string());
                let attempt = attempt(&delivery, self.clock.now());
                self.store.record_attempt(&attempt, &DeliveryResult::Delivered).await.unwrap();
            }
            message.receipt.acknowledge().await.unwrap();
        }
    }
}

async fn soon(consumer: &mut Box<dyn Consumer>) -> Option<Message> {
    tokio::time::timeout(std::time::Duration::from_millis(50), consumer.next()).await.ok().flatten()
}

fn attempt(delivery: &skillgate::model::delivery::Delivery, at: DateTime<Utc>) -> Attempt {
    Attempt {
        id: AttemptId::generate(),
        delivery_id: delivery.id.clone(),
        number: delivery.attempts + 1,
        started_at: at,
        finished_at: at,
        result: "delivered".to_owned(),
        reason: None,
        message: None,
        calls: Vec::new(),
    }
}

async fn nothing_is_lost_wherever_the_process_is_killed(database: &TestStore) {
    let connection = made::connection("ATS");
    database.store.create_connection(&connection, &Secrets::new()).await.unwrap();
    let mut now = noon();
    let mut effects = Vec::new();
    for (round, killed) in STATIONS.into_iter().enumerate() {
        let badge = made::credential(&format!("badge {round}"), vec![]);
        made::submit(&database.store, made::named("ada"), vec![badge]).await;
        live_until(killed, database, &connection.id, now, &mut effects).await;
        now += Duration::minutes(10);
        Process::start(database, now).await.work(&connection.id, &mut effects).await;
        assert_eq!(effects.len(), round + 1, "killed {killed:?}: {effects:?}");
    }
    let mut distinct = effects.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), STATIONS.len());
    let page = Page { limit: 100, after: None };
    let deliveries = database.store.list_deliveries(&made::tenant(), &DeliveryFilter::default(), &page).await.unwrap();
    assert_eq!(deliveries.len(), STATIONS.len());
    assert!(deliveries.iter().all(|delivery| delivery.state == DeliveryState::Delivered && delivery.attempts == 1));
    assert_eq!(database.store.count_unpublished().await.unwrap(), 0);
}

async fn live_until(
    killed: Killed,
    database: &TestStore,
    connection: &ConnectionId,
    now: DateTime<Utc>,
    effects: &mut Vec<String>,
) {
    let process = Process::start(database, now).await;
    process.queue.declare(&made::tenant(), connection).await.unwrap();
    if killed == Killed::AfterCommit {
        return;
    }
    if matches!(killed, Killed::AfterTheRelayTookIt | Killed::AfterPublishing) {
        let taken = process.store.take_unpublished(now, Duration::seconds(30), Duration::minutes(5), 10).await.unwrap();
        assert_eq!(taken.len(), 1);
        if killed == Killed::AfterPublishing {
            process.queue.publish(&taken[0].event).await.unwrap();
        }
        return;
    }
    assert_eq!(process.relay.step().await.unwrap(), 1);
    if killed == Killed::AfterMarking {
        return;
    }
    let mut consumer = process.queue.consume(connection, 1).await.unwrap();
    let message = soon(&mut consumer).await.unwrap();
    if killed == Killed::AfterConsuming {
        return;
    }
    let claimed = process.store.claim_delivery(connection, &message.event.id, now, LEASE).await.unwrap().unwrap();
    if killed == Killed::AfterClaiming {
        return;
    }
    effects.push(message.event.id.to_string());
    process.store.record_attempt(&attempt(&claimed, now), &DeliveryResult::Delivered).await.unwrap();
    if killed == Killed::AfterRecording {
        return;
    }
    message.receipt.acknowledge().await.unwrap();
}

async fn a_queue_that_was_full_gets_the_rest_later(database: &TestStore) {
    let connection = made::connection("ATS");
    database.store.create_connection(&connection, &Secrets::new()).await.unwrap();
    let process = Process::start(database, noon()).await;
    process.queue.declare(&made::tenant(), &connection.id).await.unwrap();
    let filler = crate::queue::event(&made::tenant(), 1);
    while process.queue.publish_to(&connection.id, &filler).await.is_ok() {}
    made::submit(&database.store, made::named("ada"), vec![made::credential("badge", vec![])]).await;
    process.relay.step().await.unwrap();
    process.queue.remove(&connection.id).await.unwrap();
    process.queue.declare(&made::tenant(), &connection.id).await.unwrap();
    let mut effects = Vec::new();
    process.work(&connection.id, &mut effects).await;
    assert_eq!(effects.len(), 1);
}

/// Refuses everything while it is away.
struct Away {
    inner: MemoryQueue,
    away: std::sync::atomic::AtomicBool,
}

impl Away {
    fn ask(&self) -> Result<(), QueueError> {
        match self.away.load(std::sync::atomic::Ordering::SeqCst) {
            true => Err(QueueError::Unavailable("away".to_owned())),
            false => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl Queue for Away {
    fn keeps_messages(&self) -> bool {
        true
    }
    async fn declare(&self, tenant: &skillgate::model::ids::TenantId, connection: &ConnectionId) -> Result<(), QueueError> {
        self.ask()?;
        self.inner.declare(tenant, connection).await
    }
    async fn remove(&self, connection: &ConnectionId) -> Result<(), QueueError> {
        self.inner.remove(connection).await
    }
    async fn publish(&self, event: &skillgate::model::event::Event) -> Result<(), QueueError> {
        self.ask()?;
        self.inner.publish(event).await
    }
    async fn publish_to(&self, connection: &ConnectionId, event: &skillgate::model::event::Event) -> Result<(), QueueError> {
        self.ask()?;
        self.inner.publish_to(connection, event).await
    }
    async fn publish_dead(
        &self,
        connection: &ConnectionId,
        event: &skillgate::model::event::Event,
        reason: &str,
    ) -> Result<(), QueueError> {
        self.inner.publish_dead(connection, event, reason).await
    }
    async fn consume(&self, connection: &ConnectionId, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        self.inner.consume(connection, prefetch).await
    }
    async fn check(&self) -> Result<(), QueueError> {
        self.ask()
    }
}

async fn a_broker_that_is_away_gets_everything_when_it_is_back(TestStore { store, .. }: &TestStore) {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    for n in 0..3 {
        made::submit(store, made::named("ada"), vec![made::credential(&format!("badge {n}"), vec![])]).await;
    }
    let queue = Arc::new(Away { inner: MemoryQueue::new(), away: true.into() });
    let relay = Relay::new(store.clone(), queue.clone(), Clock::fixed(noon()));
    assert!(relay.step().await.is_err());
    assert!(relay.step().await.is_err());
    assert_eq!(store.count_unpublished().await.unwrap(), 3);
    queue.away.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(relay.step().await.unwrap(), 3, "at once, although no time has passed");
    assert_eq!(relay.step().await.unwrap(), 0);
    let mut consumer = queue.consume(&connection.id, 10).await.unwrap();
    let mut sequences = Vec::new();
    while let Some(message) = soon(&mut consumer).await {
        sequences.push(message.event.sequence.clone());
        message.receipt.acknowledge().await.unwrap();
    }
    assert_eq!(sequences, ["0000000001", "0000000002", "0000000003"]);
}

async fn two_relays_at_once_make_one_delivery_each(TestStore { store, .. }: &TestStore) {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    for n in 0..30 {
        made::submit(store, made::named("ada"), vec![made::credential(&format!("badge {n}"), vec![])]).await;
    }
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new());
    let relays = [0, 1].map(|_| Relay::new(store.clone(), queue.clone(), Clock::fixed(noon())));
    let steps = futures_util::future::join_all(relays.iter().map(Relay::step)).await;
    assert_eq!(steps.into_iter().map(|step| step.unwrap()).sum::<usize>(), 30);
    let page = Page { limit: 100, after: None };
    let deliveries = store.list_deliveries(&made::tenant(), &DeliveryFilter::default(), &page).await.unwrap();
    assert_eq!(deliveries.len(), 30);
    assert_eq!(store.count_unpublished().await.unwrap(), 0);
}
