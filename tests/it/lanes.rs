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
use skillgate::model::connection::Secrets;
use skillgate::model::delivery::DeliveryState;
use skillgate::model::event::Event;
use skillgate::model::ids::TenantId;
use skillgate::model::record::{DeliveryFilter, Page};
use skillgate::model::secret::Secret;
use skillgate::queue::memory::MemoryQueue;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

on_both_databases!(a_persons_events_arrive_in_order_and_a_failing_delivery_stops_nobody_else);

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

async fn a_persons_events_arrive_in_order_and_a_failing_delivery_stops_nobody_else(TestStore { store, .. }: &TestStore) {
    let mut connection = made::connection("receiver");
    connection.fields.insert("url".into(), "https://receiver.example.org/".into());
    let secrets = Secrets::from([("signing_secret".to_owned(), Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))]);
    store.create_connection(&connection, &secrets).await.unwrap();
    for n in 0..PEOPLE {
        let skills = (0..SKILLS).map(|skill| made::skill(&format!("s{n}-{skill}"), &format!("Skill {skill}"))).collect();
        let badge = made::credential(&format!("badge {n}"), skills);
        made::submit(store, made::named(&format!("person-{n}")), vec![badge]).await;
    }
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let memory = Arc::new(MemoryQueue::new());
    let queue = Arc::new(WatchedQueue { inner: memory, stop: Stop::at(None), told: Some(told) });
    let (clock, taker) = (Clock::fixed(noon()), Arc::new(Taker::default()));
    let registry = Registry::load(Path::new("")).unwrap();
    let relay = Relay::new(store.clone(), queue.clone(), registry.clone(), clock.clone());
    while relay.step().await.unwrap() > 0 {}
    let options = WorkerOptions { retry_schedule: vec![Duration::from_secs(60)], concurrency: 4, secrets_dir: PathBuf::new() };
    let engine = Engine::new(taker.clone(), clock.clone());
    let worker = Worker::new(store.clone(), queue, registry, engine, clock, options, Arc::default());
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn(Arc::new(worker).run(stop.clone()));
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
