//! The receiver: takes most events at once, turns a few away for a while, and remembers of each only what shows a fault.

use crate::client::head;
use std::collections::{HashMap, HashSet};
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One event in so many is turned away at its first attempt.
const TURNED_AWAY: usize = 500;

#[derive(Default)]
struct Seen {
    requests: usize,
    count: usize,
    ids: HashSet<u128>,
    turned_away: HashSet<u128>,
    /// The number of the last event, by person.
    last: HashMap<String, u64>,
    faults: Faults,
    latest: Option<Instant>,
}

#[derive(Clone, Copy, Default)]
pub struct Faults {
    pub doubled: usize,
    pub disordered: usize,
}

pub struct Receiver {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::<Mutex<Seen>>::default();
        let all = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                stream.set_nodelay(true).ok();
                let seen = all.clone();
                std::thread::spawn(move || serve(stream, &seen));
            }
        });
        Self { address, seen }
    }

    /// Events that were taken.
    pub fn count(&self) -> usize {
        self.seen.lock().expect("arrivals").count
    }

    pub fn different(&self) -> usize {
        self.seen.lock().expect("arrivals").ids.len()
    }

    pub fn faults(&self) -> Faults {
        self.seen.lock().expect("arrivals").faults
    }

    /// Waits until nothing has come for two seconds.
    pub fn wait_until_quiet(&self, patience: Duration) {
        let began = Instant::now();
        let is_quiet = || self.seen.lock().expect("arrivals").latest.is_none_or(|at| at.elapsed() > Duration::from_secs(2));
        while !is_quiet() && began.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The time until so many different events were there.
    pub fn wait_for(&self, expected: usize, patience: Duration) -> Duration {
        let began = Instant::now();
        while self.different() < expected && began.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(20));
        }
        began.elapsed()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Seen>) {
    let mut stream = BufReader::new(stream);
    while let Some((_, headers)) = head(&mut stream) {
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).is_err() {
            return;
        }
        let takes = seen.lock().expect("arrivals").take(&body);
        let answer: &[u8] = match takes {
            true => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            false => b"HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n",
        };
        if stream.get_mut().write_all(answer).is_err() {
            return;
        }
    }
}

impl Seen {
    /// False: turned away.
    fn take(&mut self, body: &[u8]) -> bool {
        let text = std::str::from_utf8(body).expect("text");
        let event: serde_json::Value = serde_json::from_str(text).expect("an event");
        let id = event["id"].as_str().expect("an id").replace('-', "");
        let id = u128::from_str_radix(&id, 16).expect("a UUID");
        self.requests += 1;
        if self.requests.is_multiple_of(TURNED_AWAY) && !self.ids.contains(&id) && self.turned_away.insert(id) {
            return false;
        }
        self.count += 1;
        self.latest = Some(Instant::now());
        if !self.ids.insert(id) {
            self.faults.doubled += 1;
        }
        let number: u64 = event["sequence"].as_str().expect("a number").parse().expect("a number");
        let person = event["partitionkey"].as_str().expect("a person");
        match self.last.get_mut(person) {
            Some(last) => {
                self.faults.disordered += usize::from(*last >= number);
                *last = number;
            }
            None => drop(self.last.insert(person.to_owned(), number)),
        }
        true
    }
}
