//! A running worker with many people's events: each person's events arrive in order, a failing delivery stops nobody else, and
//! every message is settled.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use crate::support::stations::{Stop, Told, WatchedQueue};
use skillgate::connector::file::{FileEnd, FileError, FileJob};
use skillgate::connector::outside::Outside;
use skillgate::connector::{Engine, Registry};
use skillgate::delivery::relay::Relay;
use skillgate::delivery::{Worker, WorkerOptions};
use skillgate::http_client::{HttpError, OutboundRequest, OutboundResponse};
use skillgate::model::clock::Clock;
use skillgate::model::connection::{Connection, Secrets};
use skillgate::model::delivery::DeliveryState;
use skillgate::model::event::Event;
use skillgate::model::ids::{CandidateRef, TenantId};
use skillgate::model::record::{DeliveryFilter, Page};
use skillgate::model::secret::Secret;
use skillgate::queue::Queue;
use skillgate::queue::memory::MemoryQueue;
use skillgate::store::{Claim, Store};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

on_both_databases!(
    a_persons_events_arrive_in_order_and_a_failing_delivery_stops_nobody_else,
    what_does_not_end_in_time_after_the_signal_to_stop_is_given_back_at_once,
    lanes_that_do_not_fit_into_one_claim_are_claimed_by_the_next,
);

const PEOPLE: usize = 30;
const SKILLS: usize = 4;
const REFUSED: &str = "person-7";

/// Takes every event but those about one person.
#[derive(Default)]
struct Taker(Mutex<Vec<Event>>);

#[async_trait::async_trait]
impl Outside for Taker {
    async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        let event: Event = serde_json::from_slice(&request.body.unwrap()).unwrap();
        let status = if event.partitionkey.as_str() == REFUSED { 500 } else { 200 };
        self.0.lock().unwrap().push(event);
        Ok(OutboundResponse { status, headers: vec![], body: bytes::Bytes::new(), final_url: request.url })
    }
    async fn write_file(&self, _: &TenantId, _: FileJob) -> Result<FileEnd, FileError> {
        Err(FileError::Failed("no files here".into()))
    }
}

async fn receiver(store: &Store) -> Connection {
    let mut connection = made::connection("receiver");
    connection.fields.insert("url".into(), "https://receiver.example.org/".into());
    let secrets = Secrets::from([("signing_secret".to_owned(), Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))]);
    store.create_connection(&connection, &secrets).await.unwrap();
    connection
}

fn worker(store: &Store, queue: Arc<dyn Queue>, outside: Arc<dyn Outside>, drain: Duration) -> Arc<Worker> {
    let clock = Clock::fixed(noon());
    let options =
        WorkerOptions { retry_schedule: vec![Duration::from_secs(60)], concurrency: 4, secrets_dir: PathBuf::new(), drain };
    let (engine, registry) = (Engine::new(outside, clock.clone()), Registry::load(Path::new("")).unwrap());
    Arc::new(Worker::new(store.clone(), queue, registry, engine, clock, options, Arc::default()))
}

/// Takes a request and never answers.
#[derive(Default)]
struct Silent(Notify);

#[async_trait::async_trait]
impl Outside for Silent {
    async fn send(&self, _: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        self.0.notify_one();
        std::future::pending().await
    }
    async fn write_file(&self, _: &TenantId, _: FileJob) -> Result<FileEnd, FileError> {
        Err(FileError::Failed("no files here".into()))
    }
}

async fn what_does_not_end_in_time_after_the_signal_to_stop_is_given_back_at_once(TestStore { store, .. }: &TestStore) {
    let connection = receiver(store).await;
    made::submit(store, made::named("ada"), vec![made::credential("badge", vec![])]).await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let queue = Arc::new(WatchedQueue { inner: Arc::new(MemoryQueue::new()), stop: Stop::at(None), told: Some(told) });
    let registry = Registry::load(Path::new("")).unwrap();
    Relay::new(store.clone(), queue.clone(), registry, Clock::fixed(noon())).step().await.unwrap();
    let silent = Arc::new(Silent::default());
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(worker(store, queue, silent.clone(), Duration::from_millis(50)).run(stop.clone()));
    silent.0.notified().await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(30), running).await.expect("it waits no longer than it may").unwrap();
    let settled: Vec<Told> = std::iter::from_fn(|| heard.try_recv().ok()).collect();
    assert!(settled.contains(&Told::GivenBack) && !settled.contains(&Told::Acknowledged), "{settled:?}");
    let ada = [CandidateRef::from("ada")];
    let of = (&made::tenant(), &connection.id);
    let claim = store.claim_lanes(of, &ada, "another worker", noon(), chrono::Duration::minutes(1)).await.unwrap();
    let Claim::Lanes { claimed, .. } = claim else { panic!("{claim:?}") };
    assert_eq!(claimed.len(), 1, "no lease stands in the way");
}

async fn lanes_that_do_not_fit_into_one_claim_are_claimed_by_the_next(TestStore { store, .. }: &TestStore) {
    let connection = receiver(store).await;
    let people: Vec<CandidateRef> = ["a", "b", "c"].map(CandidateRef::from).to_vec();
    for person in &people {
        let skills = (0..300).map(|skill| made::skill(&format!("{person}-{skill}"), &format!("Skill {skill}"))).collect();
        made::submit(store, made::named(person.as_str()), vec![made::credential(&format!("badge of {person}"), skills)]).await;
    }
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new());
    let registry = Registry::load(Path::new("")).unwrap();
    let relay = Relay::new(store.clone(), queue, registry, Clock::fixed(noon()));
    while relay.step().await.unwrap() > 0 {}
    let claim = async |of: &[CandidateRef]| {
        let minute = chrono::Duration::minutes(1);
        let claim = store.claim_lanes((&made::tenant(), &connection.id), of, "worker", noon(), minute).await.unwrap();
        let Claim::Lanes { claimed, unread } = claim else { panic!("{claim:?}") };
        (claimed, unread)
    };
    let (claimed, unread) = claim(&people).await;
    assert_eq!((claimed.len(), unread.as_slice()), (2, &people[2..]), "what was not read is not claimed");
    assert!(store.take_due_lanes(noon(), chrono::Duration::minutes(5), 10).await.unwrap().is_empty(), "nor told anew");
    let (claimed, unread) = claim(&unread).await;
    assert_eq!((claimed.len(), claimed[0].work.len(), unread.len()), (1, 301, 0));
}

async fn a_persons_events_arrive_in_order_and_a_failing_delivery_stops_nobody_else(TestStore { store, .. }: &TestStore) {
    receiver(store).await;
    for n in 0..PEOPLE {
        let skills = (0..SKILLS).map(|skill| made::skill(&format!("s{n}-{skill}"), &format!("Skill {skill}"))).collect();
        let badge = made::credential(&format!("badge {n}"), skills);
        made::submit(store, made::named(&format!("person-{n}")), vec![badge]).await;
    }
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let memory = Arc::new(MemoryQueue::new());
    let queue = Arc::new(WatchedQueue { inner: memory, stop: Stop::at(None), told: Some(told) });
    let taker = Arc::new(Taker::default());
    let registry = Registry::load(Path::new("")).unwrap();
    let relay = Relay::new(store.clone(), queue.clone(), registry, Clock::fixed(noon()));
    while relay.step().await.unwrap() > 0 {}
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(worker(store, queue, taker.clone(), Duration::from_secs(30)).run(stop.clone()));
    let settled = async {
        let mut acknowledged = 0;
        while acknowledged < PEOPLE * (SKILLS + 1) {
            acknowledged += usize::from(heard.recv().await.unwrap() == Told::Acknowledged);
        }
    };
    tokio::time::timeout(Duration::from_secs(120), settled).await.expect("every message is acknowledged");
    stop.cancel();
    running.await.unwrap();

    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in taker.0.lock().unwrap().iter() {
        arrived.entry(event.partitionkey.0.clone()).or_default().push(event.sequence.clone());
    }
    let all: Vec<String> = (1..=SKILLS + 1).map(|number| format!("{number:010}")).collect();
    for n in (0..PEOPLE).map(|n| format!("person-{n}")) {
        let expected = if n == REFUSED { &all[..1] } else { &all[..] };
        assert_eq!(arrived[&n], expected, "{n}");
    }
    let pending = DeliveryFilter { state: Some(DeliveryState::Pending), ..DeliveryFilter::default() };
    let waiting = store.list_deliveries(&made::tenant(), &pending, &Page { limit: 100, after: None }).await.unwrap();
    assert_eq!(waiting.len(), SKILLS + 1, "only the refused person's events wait");
}
