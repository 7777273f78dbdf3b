//! The receiver: answers every POST with 200 at once, and checks what came: every event once, each person's events in order.

use crate::client::{Client, head};
use crate::{CLIENTS, PATIENCE};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Clone)]
struct Arrival {
    at: Instant,
    wall: chrono::DateTime<chrono::Utc>,
    body: Vec<u8>,
}

/// Answers every POST with 200.
pub struct Receiver {
    pub address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrival>>>,
    counted: Arc<AtomicUsize>,
    /// Arrivals are kept, not only counted.
    keeps: Arc<AtomicBool>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (arrived, counted) = (Arc::<Mutex<Vec<Arrival>>>::default(), Arc::<AtomicUsize>::default());
        let keeps = Arc::new(AtomicBool::new(true));
        let (all, count, keep) = (arrived.clone(), counted.clone(), keeps.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                stream.set_nodelay(true).ok();
                let (all, count, keep) = (all.clone(), count.clone(), keep.clone());
                std::thread::spawn(move || serve(stream, &all, &count, &keep));
            }
        });
        Self { address, arrived, counted, keeps }
    }

    pub fn count(&self) -> usize {
        self.counted.load(Ordering::SeqCst)
    }

    /// The moment of the last arrival; gives up when nothing more comes.
    pub fn wait_for(&self, expected: usize, began: Instant) -> Instant {
        while self.count() < expected && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.arrived.lock().expect("arrivals").last().map_or_else(Instant::now, |arrival| arrival.at)
    }

    pub fn latencies(&self) -> (f64, f64) {
        let arrived = self.arrived.lock().expect("arrivals");
        let mut waits: Vec<f64> = arrived
            .iter()
            .filter_map(|arrival| {
                let event: Value = serde_json::from_slice(&arrival.body).ok()?;
                let time: chrono::DateTime<chrono::Utc> = event["time"].as_str()?.parse().ok()?;
                Some((arrival.wall - time).num_microseconds()? as f64 / 1000.0)
            })
            .collect();
        waits.sort_by(f64::total_cmp);
        let share = |share: f64| waits.get(((waits.len() as f64 * share) as usize).min(waits.len().saturating_sub(1))).copied();
        (share(0.5).unwrap_or(0.0), share(0.99).unwrap_or(0.0))
    }

    /// Events that did not come, came twice, or came after a later event of the same person.
    pub fn faults(&self, expected: usize) -> usize {
        let arrived = self.arrived.lock().expect("arrivals");
        let (mut last, mut seen) = (HashMap::new(), HashSet::new());
        let mut faults = 0;
        for arrival in arrived.iter() {
            let event: Value = serde_json::from_slice(&arrival.body).expect("an event");
            let sequence = event["sequence"].as_str().expect("a number").to_owned();
            let before = last.insert(event["partitionkey"].as_str().expect("a person").to_owned(), sequence.clone());
            faults += usize::from(before.is_some_and(|before| before >= sequence));
            faults += usize::from(!seen.insert(event["id"].as_str().expect("an id").to_owned()));
        }
        faults + expected.saturating_sub(seen.len())
    }
}

fn serve(stream: TcpStream, all: &Mutex<Vec<Arrival>>, count: &AtomicUsize, keeps: &AtomicBool) {
    let mut stream = BufReader::new(stream);
    while let Some((_, headers)) = head(&mut stream) {
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        if keeps.load(Ordering::Relaxed) {
            all.lock().expect("arrivals").push(Arrival { at: Instant::now(), wall: chrono::Utc::now(), body });
        }
        count.fetch_add(1, Ordering::SeqCst);
        if stream.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// Posts the bodies that arrived once more, over eight connections; requests per second.
pub fn bare_loop(receiver: &Receiver) -> f64 {
    receiver.keeps.store(false, Ordering::Relaxed);
    let bodies: Vec<Vec<u8>> = receiver.arrived.lock().expect("arrivals").iter().map(|arrival| arrival.body.clone()).collect();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = Client::new(receiver.address);
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    client.call("POST", "/", "application/cloudevents+json", body);
                }
            });
        }
    });
    bodies.len() as f64 / began.elapsed().as_secs_f64()
}
