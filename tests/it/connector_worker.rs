//! The worker against a real database and a real socket: what is recorded, what is acknowledged, what is sent twice.

use crate::support::employer::Employer;
use crate::support::stations::{Stop, Told, WatchedQueue};
use chrono::{DateTime, Duration as Span, Utc};
use serde_json::{Value, json};
use skillgate::connector::file::FileWriter;
use skillgate::connector::outside::World;
use skillgate::connector::{Engine, Registry};
use skillgate::delivery::worker::Handled;
use skillgate::delivery::{Worker, WorkerOptions};
use skillgate::http_client::{HttpClient, HttpClientConfig};
use skillgate::model::clock::Clock;
use skillgate::model::connection::{Carries, Connection, ConnectionState, Secrets, default_outcomes};
use skillgate::model::delivery::{Attempt, Delivery, DeliveryState};
use skillgate::model::event::{Audience, Envelope, Event};
use skillgate::model::ids::{CandidateRef, ConnectionId, TenantId};
use skillgate::model::ledger::{LedgerEntry, LedgerState};
use skillgate::model::record::{DeliveryFilter, Page};
use skillgate::model::secret::Secret;
use skillgate::queue::memory::MemoryQueue;
use skillgate::queue::{Consumer, Message, Queue, QueueError, Receipt};
use skillgate::seal::Sealer;
use skillgate::store::Store;
use std::path::Path;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Notes what was done to it and to its messages; holds none.
#[derive(Clone, Default)]
struct NotedQueue(Arc<Mutex<Vec<String>>>);

impl NotedQueue {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[async_trait::async_trait]
impl Queue for NotedQueue {
    fn keeps_messages(&self) -> bool {
        false
    }
    async fn declare(&self, _: &TenantId, _: &ConnectionId) -> Result<(), QueueError> {
        Ok(())
    }
    async fn remove(&self, _: &ConnectionId) -> Result<(), QueueError> {
        Ok(())
    }
    async fn publish(&self, _: &Envelope) -> Result<(), QueueError> {
        Ok(())
    }
    async fn publish_to(&self, _: &ConnectionId, _: &Envelope) -> Result<(), QueueError> {
        Ok(())
    }
    async fn publish_dead(&self, _: &ConnectionId, event: &Envelope, reason: &str) -> Result<(), QueueError> {
        self.note(format!("dead {} {reason}", event.id));
        Ok(())
    }
    async fn consume(&self, _: &ConnectionId, _: u16) -> Result<Box<dyn Consumer>, QueueError> {
        Err(QueueError::Unavailable("holds no messages".into()))
    }
    async fn ping(&self) -> Result<(), QueueError> {
        Ok(())
    }
}

struct NotedReceipt(NotedQueue);

#[async_trait::async_trait]
impl Receipt for NotedReceipt {
    async fn acknowledge(self: Box<Self>) -> Result<(), QueueError> {
        self.0.note("acknowledged".into());
        Ok(())
    }
    async fn give_back(self: Box<Self>) -> Result<(), QueueError> {
        self.0.note("given back".into());
        Ok(())
    }
}

struct Bench {
    worker: Worker,
    store: Store,
    queue: NotedQueue,
    clock: Clock,
    engine: Engine,
    employer: Employer,
    connection: Connection,
    event: Event,
    _folder: tempfile::TempDir,
}

fn event() -> Event {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/webhook/fixtures/credential_verified.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn bench(secret: &str) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let now: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().unwrap();
    let clock = Clock::fixed(now);
    let url = format!("sqlite://{}", folder.path().join("test.sqlite").display());
    let store = Store::connect(&url, Sealer::new(&[7; 32])).await.unwrap();
    let employer = Employer::start().await;
    let connection = Connection {
        id: ConnectionId::from("connection-1"),
        tenant_id: TenantId::from("default"),
        connector: "webhook".into(),
        name: "Our receiver".into(),
        fields: json!({"url": employer.url("/hook")}).as_object().unwrap().clone(),
        mapping: Default::default(),
        event_types: vec![],
        outcomes: default_outcomes(),
        carries: Carries::default(),
        state: ConnectionState::Active,
        paused_reason: None,
        secrets_set: vec!["signing_secret".into()],
        created_at: now,
        updated_at: now,
    };
    let secrets = Secrets::from([("signing_secret".to_owned(), Secret::new(secret))]);
    store.create_connection(&connection, &secrets).await.unwrap();
    let event = event();
    let stored = event.clone();
    let appended = store.transaction(move |transaction| {
        transaction.ensure_candidate(&stored.tenantid, &stored.partitionkey, now)?;
        transaction.append_events(&[(stored, Audience::Accepted)])
    });
    appended.await.unwrap();
    // The relay's part: makes the deliveries.
    crate::support::employer::take_events(&store, now).await;

    let allowed = ["127.0.0.0/8".parse().unwrap()].to_vec();
    let config: HttpClientConfig = serde_json::from_value(json!({"allow_private": [], "allow_http": true, "timeout_seconds": 5,
        "max_body_bytes": 1_000_000, "max_redirects": 3}))
    .unwrap();
    let client = HttpClient::new(&HttpClientConfig { allow_private: allowed, ..config }).unwrap();
    let engine = Engine::new(Arc::new(World::new(client, FileWriter::default())), clock.clone());
    let queue = NotedQueue::default();
    let options = WorkerOptions {
        retry_schedule: vec![Duration::from_secs(60), Duration::from_secs(600)],
        concurrency: 4,
        secrets_dir: PathBuf::from("/"),
        drain: Duration::from_secs(30),
    };
    let registry = Registry::load(Path::new("")).unwrap();
    let worker =
        Worker::new(store.clone(), Arc::new(queue.clone()), registry, engine.clone(), clock.clone(), options, Arc::default());
    Bench { worker, store, queue, clock, engine, employer, connection, event, _folder: folder }
}

impl Bench {
    async fn handle(&self) -> Handled {
        let message = Message { event: Envelope::of(&self.event).unwrap(), receipt: Box::new(NotedReceipt(self.queue.clone())) };
        self.worker.handle(&self.connection.tenant_id, &self.connection.id, message).await.unwrap()
    }

    async fn delivery(&self) -> (Delivery, Vec<Attempt>) {
        let tenant = &self.connection.tenant_id;
        let page = Page { limit: 10, after: None };
        let all = self.store.list_deliveries(tenant, &DeliveryFilter::default(), &page).await.unwrap();
        assert_eq!(all.len(), 1, "one delivery per event and connection");
        self.store.delivery(tenant, &all[0].id).await.unwrap().unwrap()
    }

    async fn connection(&self) -> Connection {
        self.store.connection(&self.connection.tenant_id, &self.connection.id).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn an_event_is_delivered_once_recorded_and_then_acknowledged() {
    let bench = bench(KEY).await;
    bench.employer.answer(204, &[], Value::Null);
    assert_eq!(bench.handle().await, Handled::Attempted);
    assert_eq!(bench.queue.taken(), ["acknowledged"]);
    let (delivery, attempts) = bench.delivery().await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 1));
    assert_eq!((attempts[0].result.as_str(), attempts[0].calls[0].status), ("delivered", Some(204)));

    let received = bench.employer.requests();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].header("webhook-id"), bench.event.id.as_str());
    assert_eq!(received[0].header("content-type"), "application/cloudevents+json");
    let sent: Event = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(sent, bench.event);

    assert_eq!(bench.handle().await, Handled::Skipped, "the same message again");
    assert_eq!(bench.queue.taken(), ["acknowledged"]);
    assert!(bench.employer.requests().is_empty());
}

#[tokio::test]
async fn a_failing_receiver_is_asked_again_with_the_same_id_when_it_is_time_and_given_up_at_the_end() {
    let bench = bench(KEY).await;
    for wait in [60, 600] {
        bench.employer.answer(500, &[], json!({"error": "oops"}));
        assert_eq!(bench.handle().await, Handled::Attempted);
        let (delivery, _) = bench.delivery().await;
        assert_eq!(delivery.state, DeliveryState::Pending);
        let waits = (delivery.next_attempt_at.unwrap() - bench.clock.now()).num_seconds();
        assert!((wait * 8 / 10..=wait * 12 / 10).contains(&waits), "{waits}");
        assert_eq!(bench.handle().await, Handled::Skipped, "not due yet");
        bench.clock.set(delivery.next_attempt_at.unwrap());
    }
    bench.employer.answer(500, &[], Value::Null);
    bench.queue.taken();
    assert_eq!(bench.handle().await, Handled::Attempted);
    assert_eq!(bench.queue.taken(), [format!("dead {} receiver_failed", bench.event.id), "acknowledged".into()]);
    let (delivery, attempts) = bench.delivery().await;
    assert_eq!((delivery.state, attempts.len()), (DeliveryState::Dead, 3));
    let ids: Vec<String> = bench.employer.requests().iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert_eq!(ids, vec![bench.event.id.as_str(); 3]);

    // Somebody mends the receiver's side and asks again: the whole schedule is there once more.
    bench.store.replay_delivery(&bench.connection.tenant_id, &delivery.id, bench.clock.now()).await.unwrap();
    bench.employer.answer(500, &[], Value::Null);
    assert_eq!(bench.handle().await, Handled::Attempted);
    let (delivery, attempts) = bench.delivery().await;
    assert_eq!((delivery.state, attempts.len()), (DeliveryState::Pending, 4));
    let waits = (delivery.next_attempt_at.unwrap() - bench.clock.now()).num_seconds();
    assert!((48..=72).contains(&waits), "{waits}");
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let bench = bench(KEY).await;
    bench.employer.answer(503, &[("retry-after", "3600")], Value::Null);
    bench.handle().await;
    let (delivery, _) = bench.delivery().await;
    assert!(delivery.next_attempt_at.unwrap() >= bench.clock.now() + Span::seconds(3_600));
    assert_eq!(delivery.reason.as_deref(), Some("receiver_busy"));
}

#[tokio::test]
async fn a_receiver_that_is_gone_pauses_the_connection_and_keeps_its_messages() {
    let bench = bench(KEY).await;
    bench.employer.answer(410, &[], Value::Null);
    bench.handle().await;
    let connection = bench.connection().await;
    assert_eq!(connection.state, ConnectionState::Paused);
    assert!(connection.paused_reason.unwrap().contains("gone for good"));
    bench.queue.taken();
    assert_eq!(bench.handle().await, Handled::Paused);
    assert_eq!(bench.queue.taken(), ["given back"]);

    let (tenant, id) = (&bench.connection.tenant_id, &bench.connection.id);
    bench.store.set_connection_state(tenant, id, ConnectionState::Active, None, bench.clock.now()).await.unwrap();
    bench.employer.answer(200, &[], Value::Null);
    assert_eq!(bench.handle().await, Handled::Attempted);
    assert_eq!(bench.delivery().await.0.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_pauses_the_connection_at_the_third_answer_with_the_new_address() {
    let bench = bench(KEY).await;
    let moved = [("location", "https://receiver.example.org/new")];
    for _ in 0..2 {
        bench.employer.answer(308, &moved, Value::Null);
        bench.handle().await;
        let (delivery, _) = bench.delivery().await;
        assert_eq!((delivery.state, delivery.reason.as_deref()), (DeliveryState::Pending, Some("redirected")));
        assert_eq!(bench.connection().await.state, ConnectionState::Active);
        bench.clock.set(delivery.next_attempt_at.unwrap());
    }
    bench.employer.answer(308, &moved, Value::Null);
    bench.handle().await;
    let connection = bench.connection().await;
    assert_eq!(connection.state, ConnectionState::Paused);
    let reason = connection.paused_reason.unwrap();
    assert!(reason.contains("https://receiver.example.org/new"), "{reason}");
    assert_eq!(bench.employer.requests().len(), 3);
}

#[tokio::test]
async fn a_secret_that_can_not_be_read_pauses_the_connection_and_is_not_told() {
    let bench = bench("file:/nowhere/at/all").await;
    bench.handle().await;
    let (delivery, attempts) = bench.delivery().await;
    assert_eq!(delivery.reason.as_deref(), Some("secret_unreadable"));
    assert_eq!(bench.connection().await.state, ConnectionState::Paused);
    assert!(attempts[0].calls.is_empty() && bench.employer.requests().is_empty());
}

#[tokio::test]
async fn what_the_ledger_knows_as_done_is_not_sent_again() {
    let bench = bench(KEY).await;
    let entry = LedgerEntry { state: LedgerState::Done, remote_id: None, request_digest: "d".into() };
    let (id, event) = (&bench.connection.id, &bench.event.id);
    bench.store.put_ledger_entry(id, event, "post", &entry, bench.clock.now()).await.unwrap();
    bench.handle().await;
    assert_eq!(bench.delivery().await.0.state, DeliveryState::Unchanged);
    assert!(bench.employer.requests().is_empty());
}

#[tokio::test]
async fn a_message_of_another_tenant_is_never_delivered() {
    let mut bench = bench(KEY).await;
    bench.event.tenantid = TenantId::from("other");
    assert_eq!(bench.handle().await, Handled::Skipped);
    bench.event.tenantid = TenantId::from("default");
    bench.event.partitionkey = CandidateRef::from("nobody");
    assert_eq!(bench.handle().await, Handled::Skipped);
    assert!(bench.employer.requests().is_empty());
}

#[tokio::test]
async fn no_secret_and_no_address_stays_in_what_is_kept_of_an_attempt() {
    let bench = bench(KEY).await;
    let inside = KEY.trim_start_matches("whsec_");
    let echo = json!({"token": "t0ps3cret", "note": format!("signed with {KEY} / {inside} for ada@example.org")});
    bench.employer.answer(500, &[], echo);
    bench.handle().await;
    let kept = format!("{:?}", bench.delivery().await);
    for private in [KEY, inside, "t0ps3cret", "ada@example.org"] {
        assert!(!kept.contains(private), "{private} is in {kept}");
    }
}

#[tokio::test]
async fn a_running_worker_takes_messages_notices_pauses_and_finishes_when_told() {
    let bench = bench(KEY).await;
    let memory = Arc::new(MemoryQueue::new());
    let (tenant, id) = (&bench.connection.tenant_id, &bench.connection.id);
    memory.declare(tenant, id).await.unwrap();
    memory.publish(&Envelope::of(&bench.event).unwrap()).await.unwrap();
    bench.employer.answer(200, &[], Value::Null);

    let wake = Arc::new(tokio::sync::Notify::new());
    let options = WorkerOptions {
        retry_schedule: vec![Duration::from_secs(60)],
        concurrency: 4,
        secrets_dir: PathBuf::from("/"),
        drain: Duration::from_secs(30),
    };
    let registry = Registry::load(Path::new("")).unwrap();
    let engine = bench.engine.clone();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let queue = Arc::new(WatchedQueue { inner: memory.clone(), stop: Stop::at(None), told: Some(told) });
    let worker = Worker::new(bench.store.clone(), queue, registry, engine, bench.clock.clone(), options, wake.clone());
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(Arc::new(worker).run(stop.clone()));
    let mut hear = async |awaited: Told| {
        let hears = async { while heard.recv().await.unwrap() != awaited {} };
        tokio::time::timeout(Duration::from_secs(60), hears).await.unwrap_or_else(|_| panic!("{awaited:?} does not come"));
    };
    hear(Told::Acknowledged).await;
    assert_eq!(bench.delivery().await.0.state, DeliveryState::Delivered);
    assert_eq!(bench.employer.requests().len(), 1);

    // Paused: once the worker has left the queue, nothing is taken from it; a replay waits until the connection is resumed.
    bench.store.replay_delivery(tenant, &bench.delivery().await.0.id, bench.clock.now()).await.unwrap();
    bench.store.set_connection_state(tenant, id, ConnectionState::Paused, Some("by hand"), bench.clock.now()).await.unwrap();
    wake.notify_one();
    memory.publish(&Envelope::of(&bench.event).unwrap()).await.unwrap();
    hear(Told::ConsumerEnded).await;
    assert_eq!(bench.delivery().await.0.state, DeliveryState::Pending);
    assert!(bench.employer.requests().is_empty());
    bench.store.set_connection_state(tenant, id, ConnectionState::Active, None, bench.clock.now()).await.unwrap();
    // A replay of a finished delivery sends the same event with the same id once more.
    bench.employer.answer(200, &[], Value::Null);
    wake.notify_one();
    hear(Told::Acknowledged).await;
    assert_eq!(bench.delivery().await.0.state, DeliveryState::Delivered);
    let replayed = bench.employer.requests();
    assert_eq!((replayed.len(), replayed[0].header("webhook-id")), (1, bench.event.id.as_str()));

    stop.cancel();
    tokio::time::timeout(Duration::from_secs(60), running).await.expect("the worker stops").unwrap();
}
