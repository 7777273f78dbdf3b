//! An employer's system that fails for every tenth request in six ways, and workers that are killed twice. Shown, on both databases and
//! both queues: every effect exactly once, the order of each person's events, nothing parked and nothing given up.
//! `SKILLGATE_FAULT_EVENTS=10000 cargo test --test it delivery_faults -- --nocapture` prints the counts of a long run.

use crate::recovery::{Ground, on_every_ground};
use crate::support::made;
use async_trait::async_trait;
use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use skillgate::app::connect_queue;
use skillgate::connector::file::{FileEnd, FileError, FileJob};
use skillgate::connector::outside::Outside;
use skillgate::connector::{Engine, Registry};
use skillgate::delivery::relay::Relay;
use skillgate::delivery::{SharedTurns, Worker, WorkerOptions};
use skillgate::http_client::{HttpError, OutboundRequest, OutboundResponse};
use skillgate::model::clock::Clock;
use skillgate::model::connection::Secrets;
use skillgate::model::delivery::DeliveryState;
use skillgate::model::ids::TenantId;
use skillgate::model::record::{DeliveryFilter, Page};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

on_every_ground!(a_system_that_fails_in_every_way_gets_each_effect_once_and_in_order);

const MANIFEST: &str = r#"
connector: faulty
title: Faulty
version: 1
status: experimental
category: ats
connection: {base_url: https://employer.example.org}
limits: {concurrency: 8}
classify:
  - {when: status == 429, then: rate_limited}
  - {when: 'status in [200, 201] and json.success', then: ok}
  - {when: status == 200, then: transient, reason: error_in_200}
events:
  - on: [credential.verified]
    steps:
      - id: rows
        call: {get: '/people/{{ candidate.ref }}/rows'}
        find: json.rows | select("equalto", data.credential.id)
      - id: row
        unless: rows.match
        call: {post: '/people/{{ candidate.ref }}/rows', json: {credential: '{{ data.credential.id }}'}}
        write: {idempotency: observe}
tests:
  - {name: none, event: none.json, outcome: unchanged}
"#;
/// Share of the requests that meet a fault.
const FAULTS: f64 = 0.1;

struct Employer {
    /// What each person has, in the order in which it came.
    people: Mutex<HashMap<String, Vec<String>>>,
    dice: Mutex<StdRng>,
    counts: Mutex<BTreeMap<&'static str, usize>>,
}

impl Employer {
    fn applied(&self) -> usize {
        self.people.lock().unwrap().values().map(Vec::len).sum()
    }

    fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap().entry(what).or_default() += 1;
    }

    /// What the system does when nothing is wrong with it.
    fn answer(&self, request: &OutboundRequest) -> (u16, Value) {
        let person = request.url.path().split('/').nth(2).unwrap().to_owned();
        let mut people = self.people.lock().unwrap();
        let rows = people.entry(person).or_default();
        let Some(body) = &request.body else { return (200, json!({"success": true, "rows": rows})) };
        let body: Value = serde_json::from_slice(body).unwrap();
        rows.push(body["credential"].as_str().unwrap().to_owned());
        (201, json!({"success": true}))
    }
}

#[async_trait]
impl Outside for Employer {
    async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        let fault = {
            let mut dice = self.dice.lock().unwrap();
            dice.gen_bool(FAULTS).then(|| dice.gen_range(0..6))
        };
        self.count("requests");
        // Also a system that is well takes its time: this is where a process dies.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let host = || "employer.example.org".to_owned();
        let answer = |(status, body): (u16, Value)| OutboundResponse {
            status,
            headers: Vec::new(),
            body: Bytes::from(body.to_string()),
            final_url: request.url.clone(),
        };
        match fault {
            None => Ok(answer(self.answer(&request))),
            Some(0) => {
                self.count("429");
                Ok(answer((429, json!({}))))
            }
            Some(1) => {
                self.count("503");
                Ok(answer((503, json!({}))))
            }
            Some(2) => {
                self.count("reset");
                Err(HttpError::Unreachable { host: host(), cause: "connection reset".into() })
            }
            Some(3) => {
                self.count("slow");
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(answer(self.answer(&request)))
            }
            Some(4) => {
                self.count("applied, answer lost");
                self.answer(&request);
                Err(HttpError::TimedOut(host()))
            }
            Some(_) => {
                self.count("error in 200");
                Ok(answer((200, json!({"success": false, "error": "busy"}))))
            }
        }
    }

    async fn write_file(&self, _: &TenantId, _: FileJob) -> Result<FileEnd, FileError> {
        Err(FileError::Failed("there is no folder".into()))
    }
}

/// One process until `end`; then everything that it holds in memory is dropped, wherever it is.
async fn process(ground: &Ground, folder: &std::path::Path, employer: &Arc<Employer>, end: impl Future<Output = ()>) {
    let settings = ground.settings();
    let (store, clock) = (ground.database.store.clone(), Clock::system());
    let queue = connect_queue(&settings).await.unwrap();
    let engine = Engine::new(employer.clone(), clock.clone());
    let engine = engine.with_turns(Arc::new(SharedTurns { store: store.clone(), clock: clock.clone() }));
    let options = WorkerOptions {
        retry_schedule: vec![Duration::from_millis(100); 40],
        concurrency: 8,
        secrets_dir: settings.delivery.secrets_dir.clone(),
        drain: Duration::from_secs(30),
    };
    let registry = Registry::load(folder).unwrap();
    let relay = Relay::new(store.clone(), queue.clone(), registry.clone(), clock.clone());
    let worker = Arc::new(Worker::new(store, queue, registry, engine, clock, options, Arc::default()));
    tokio::select! {
        () = end => {}
        () = relay.run(std::future::pending()) => unreachable!(),
        () = worker.run(tokio_util::sync::CancellationToken::new()) => unreachable!(),
    }
}

async fn a_system_that_fails_in_every_way_gets_each_effect_once_and_in_order(ground: Ground) {
    let count: usize = std::env::var("SKILLGATE_FAULT_EVENTS").map_or(150, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("faulty")).unwrap();
    std::fs::write(folder.path().join("faulty/manifest.yaml"), MANIFEST).unwrap();
    let store = &ground.database.store;
    let connection = skillgate::model::connection::Connection { connector: "faulty".into(), ..made::connection("faulty") };
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    if let Some(broker) = &ground.broker {
        broker.remove_at_the_end(&connection.id);
    }
    for number in 0..count {
        // Four events for each person.
        let person = format!("person-{}", number % count.div_ceil(4));
        made::submit(store, made::named(&person), vec![made::credential(&format!("badge {number}"), vec![])]).await;
    }
    let employer =
        Arc::new(Employer { people: Mutex::default(), dice: Mutex::new(StdRng::seed_from_u64(7)), counts: Mutex::default() });
    let begun = std::time::Instant::now();
    let state = |state| DeliveryFilter { state: Some(state), ..DeliveryFilter::default() };
    let tenant = made::tenant();
    for kill_after in [count / 3, count * 2 / 3] {
        let killed = async {
            while employer.applied() < kill_after {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        process(&ground, folder.path(), &employer, killed).await;
    }
    let settled = async {
        let arrived = async || {
            let delivered = store.count_deliveries(&tenant, &state(DeliveryState::Delivered)).await.unwrap();
            delivered + store.count_deliveries(&tenant, &state(DeliveryState::Unchanged)).await.unwrap()
        };
        while arrived().await < count as u64 {
            assert!(begun.elapsed() < Duration::from_secs(60 + count as u64 / 20), "{} of {count} arrived", arrived().await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    process(&ground, folder.path(), &employer, settled).await;

    for unwanted in [DeliveryState::Parked, DeliveryState::Dead, DeliveryState::Pending] {
        assert_eq!(store.count_deliveries(&tenant, &state(unwanted)).await.unwrap(), 0, "{unwanted:?}");
    }
    let mut expected: HashMap<String, Vec<String>> = HashMap::new();
    let mut after = None;
    loop {
        let events = store.list_events(&tenant, &Page { limit: 500, after: after.clone() }).await.unwrap();
        let Some((last, _)) = events.last() else { break };
        after = Some(last.to_string());
        for (_, event) in events {
            let credential = event.data["credential"]["id"].as_str().unwrap().to_owned();
            expected.entry(event.partitionkey.0).or_default().push(credential);
        }
    }
    assert_eq!(*employer.people.lock().unwrap(), expected, "every effect once, in the order of the person's events");
    let counts = employer.counts.lock().unwrap().clone();
    assert!(counts.len() == 7, "every fault came: {counts:?}");
    println!("{count} events, 2 kills, {:.1} s: {counts:?}", begun.elapsed().as_secs_f64());
}
