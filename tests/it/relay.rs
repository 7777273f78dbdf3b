//! The relay between outbox and queue: a full queue, a broker that is away, two relays at once.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use skillgate::connector::Registry;
use skillgate::delivery::relay::Relay;
use skillgate::model::clock::Clock;
use skillgate::model::connection::Secrets;
use skillgate::model::event::Envelope;
use skillgate::model::ids::{ConnectionId, TenantId};
use skillgate::model::record::{DeliveryFilter, Page};
use skillgate::queue::memory::MemoryQueue;
use skillgate::queue::{Consumer, Message, Queue, QueueError};
use std::sync::Arc;

on_both_databases!(
    a_queue_that_was_full_gets_the_rest_later,
    a_broker_that_is_away_gets_everything_when_it_is_back,
    two_relays_at_once_make_one_delivery_each,
);

async fn soon(consumer: &mut Box<dyn Consumer>) -> Option<Message> {
    tokio::time::timeout(std::time::Duration::from_millis(50), consumer.next()).await.ok().flatten()
}

async fn a_queue_that_was_full_gets_the_rest_later(database: &TestStore) {
    let connection = made::connection("ATS");
    database.store.create_connection(&connection, &Secrets::new()).await.unwrap();
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new());
    let relay = Relay::new(database.store.clone(), queue.clone(), Registry::default(), Clock::fixed(noon()));
    queue.declare(&made::tenant(), &connection.id).await.unwrap();
    let filler = Envelope::of(&crate::queue::event(&made::tenant(), 1)).unwrap();
    while queue.publish_to(&connection.id, &filler).await.is_ok() {}
    made::submit(&database.store, made::named("ada"), vec![made::credential("badge", vec![])]).await;
    let page = Page { limit: 1, after: None };
    let expected = database.store.list_events(&made::tenant(), &page).await.unwrap().pop().unwrap().1;
    relay.step().await.unwrap();
    queue.remove(&connection.id).await.unwrap();
    queue.declare(&made::tenant(), &connection.id).await.unwrap();
    assert_eq!(relay.step().await.unwrap(), 1, "what was turned away is published again");
    let mut consumer = queue.consume(&connection.id, 10).await.unwrap();
    let message = soon(&mut consumer).await.unwrap();
    assert_eq!(message.event, Envelope::of(&expected).unwrap());
    message.receipt.acknowledge().await.unwrap();
    assert!(soon(&mut consumer).await.is_none());
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
    async fn declare(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<(), QueueError> {
        self.ask()?;
        self.inner.declare(tenant, connection).await
    }
    async fn remove(&self, connection: &ConnectionId) -> Result<(), QueueError> {
        self.inner.remove(connection).await
    }
    async fn publish(&self, event: &Envelope) -> Result<(), QueueError> {
        self.ask()?;
        self.inner.publish(event).await
    }
    async fn publish_to(&self, connection: &ConnectionId, event: &Envelope) -> Result<(), QueueError> {
        self.ask()?;
        self.inner.publish_to(connection, event).await
    }
    async fn publish_dead(&self, connection: &ConnectionId, event: &Envelope, reason: &str) -> Result<(), QueueError> {
        self.inner.publish_dead(connection, event, reason).await
    }
    async fn consume(&self, connection: &ConnectionId, prefetch: u16) -> Result<Box<dyn Consumer>, QueueError> {
        self.inner.consume(connection, prefetch).await
    }
    async fn ping(&self) -> Result<(), QueueError> {
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
    let relay = Relay::new(store.clone(), queue.clone(), Registry::default(), Clock::fixed(noon()));
    assert!(relay.step().await.is_err());
    assert!(relay.step().await.is_err());
    assert_eq!(store.count_unpublished().await.unwrap(), 3);
    queue.away.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(relay.step().await.unwrap(), 3, "at once, although no time has passed");
    assert_eq!(relay.step().await.unwrap(), 0);
    let mut consumer = queue.consume(&connection.id, 10).await.unwrap();
    let mut sequences = Vec::new();
    while let Some(message) = soon(&mut consumer).await {
        sequences.push(message.event.event().unwrap().sequence);
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
    let relays = [0, 1].map(|_| Relay::new(store.clone(), queue.clone(), Registry::default(), Clock::fixed(noon())));
    let steps = futures_util::future::join_all(relays.iter().map(Relay::step)).await;
    assert_eq!(steps.into_iter().map(|step| step.unwrap()).sum::<usize>(), 30);
    let page = Page { limit: 100, after: None };
    let deliveries = store.list_deliveries(&made::tenant(), &DeliveryFilter::default(), &page).await.unwrap();
    assert_eq!(deliveries.len(), 30);
    assert_eq!(store.count_unpublished().await.unwrap(), 0);
}
