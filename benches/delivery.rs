//! Measures uploads and deliveries of one gateway: `cargo bench --bench delivery -- [--badges N] [--database URL --queue URL]`.
//! Comes in: the gateway's own binary, started on an empty folder, or on the given PostgreSQL and RabbitMQ. Goes out: one line per
//! load, and the rate of a bare loop that posts the same bodies to the same receiver over eight connections.
//! The receiver runs in this process and answers at once. It also checks: every event once, each person's events in order.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement that can't be made stops, and times of arrival are the machine's own"
)]

use serde_json::{Value, json};
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const KEY: &str = "sk_bench_0123456789abcdefghijklmnop";
const CLIENTS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(180);

fn main() {
    let options = Options::read();
    println!(
        "{} badges per load, {} workers; times in milliseconds from the event's time to its arrival",
        options.badges, options.workers
    );
    println!(
        "{:<10}{:<12}{:>11}{:>14}{:>14}{:>14}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}",
        "mode",
        "load",
        "uploads/s",
        "deliveries/s",
        "CPU-s/1,000",
        "servers' CPU",
        "p50",
        "p99",
        "MiB",
        "bare/s",
        "ratio",
        "faults"
    );
    let mut modes = vec![None];
    modes.extend(options.servers.clone().map(Some));
    for servers in &modes {
        for load in [Load::People, Load::Archive, Load::OnePerson] {
            measure(&options, servers.as_ref(), load);
        }
    }
}

#[derive(Clone)]
struct Servers {
    database: String,
    queue: String,
}

struct Options {
    badges: usize,
    workers: usize,
    servers: Option<Servers>,
}

impl Options {
    fn read() -> Self {
        let words: Vec<String> = std::env::args().collect();
        let value = |name: &str| words.iter().position(|word| word == name).and_then(|place| words.get(place + 1)).cloned();
        let number = |name: &str, otherwise: usize| value(name).map_or(otherwise, |text| text.parse().expect("a number"));
        let servers = value("--database").zip(value("--queue")).map(|(database, queue)| Servers { database, queue });
        Self { badges: number("--badges", 600), workers: number("--workers", 1), servers }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Load {
    /// One badge of each person, one by one.
    People,
    /// One ZIP archive, nobody named: each badge's person is new.
    Archive,
    /// All badges of one person, one by one.
    OnePerson,
}

fn badges(load: Load, count: usize) -> Vec<String> {
    let institution = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
    let issued = chrono::DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    let email = |n: usize| if load == Load::OnePerson { "ada@example.org".to_owned() } else { format!("person-{n}@example.org") };
    let sign = |n: usize| {
        let mut badge = Badge::new(&email(n), issued);
        badge.id = format!("urn:uuid:00000000-0000-4000-8000-{n:012}");
        badge.title = format!("Course {n}");
        let more: Vec<_> =
            badge.alignments.iter().cloned().map(|(name, uri, framework)| (format!("{name} II"), uri, framework)).collect();
        badge.alignments.extend(more);
        badge.alignments.truncate(4);
        let unsigned = badge.unsigned(&institution);
        DataIntegrity::assertion(issued).sign(&unsigned, &institution.key).expect("a signature").to_string()
    };
    (0..count).map(sign).collect()
}

fn measure(options: &Options, servers: Option<&Servers>, load: Load) {
    let badges = badges(load, options.badges);
    let receiver = Receiver::start();
    let gateway = Gateway::start(servers, options.workers);
    let connection = json!({"connector": "webhook", "name": "bench", "fields": {"url": format!("http://{}/", receiver.address)},
        "secrets": {"signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}});
    let (status, body) = gateway.call("POST", "/v1/connections", "application/json", connection.to_string().as_bytes());
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    let (cpu_before, servers_before) = (gateway.cpu(), servers_cpu());
    let began = Instant::now();
    let uploads = upload(&gateway, load, badges);
    let expected = gateway.events_expected();
    let last = receiver.wait_for(expected, began);
    let seconds = last.saturating_duration_since(began).as_secs_f64();
    let received = receiver.count();
    let (cpu, of_servers) = (gateway.cpu() - cpu_before, servers_cpu() - servers_before);
    let per_thousand = |cpu: f64| cpu * 1000.0 / received.max(1) as f64;
    let (p50, p99) = receiver.latencies();
    let memory = gateway.memory();
    drop(gateway);
    let faults = receiver.faults(expected);
    let bare = bare_loop(&receiver);
    let rate = received as f64 / seconds;
    let mode = if servers.is_some() { "servers" } else { "embedded" };
    let name = match load {
        Load::People => "people",
        Load::Archive => "archive",
        Load::OnePerson => "one person",
    };
    println!(
        "{mode:<10}{name:<12}{uploads:>11.0}{rate:>14.0}{:>14.2}{:>14.2}{p50:>9.0}{p99:>9.0}{memory:>9.0}{bare:>9.0}{:>8.2}{faults:>8}",
        per_thousand(cpu),
        per_thousand(of_servers),
        rate / bare
    );
}

/// Uploads everything and returns the uploads per second.
fn upload(gateway: &Gateway, load: Load, badges: Vec<String>) -> f64 {
    let began = Instant::now();
    if load == Load::Archive {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (n, badge) in badges.iter().enumerate() {
            zip.start_file(format!("{n}.json"), zip::write::SimpleFileOptions::default()).expect("a ZIP file");
            zip.write_all(badge.as_bytes()).expect("a ZIP file");
        }
        let archive = zip.finish().expect("a ZIP file").into_inner();
        let (status, body) = gateway.call("POST", "/v1/submissions", "application/zip", &archive);
        assert!(status == 200 || status == 202, "{status}: {}", String::from_utf8_lossy(&body));
        let submission: Value = serde_json::from_slice(&body).expect("JSON");
        let path = format!("/v1/submissions/{}", submission["id"].as_str().expect("an id"));
        loop {
            let (_, body) = gateway.call("GET", &path, "application/json", b"");
            let now: Value = serde_json::from_slice(&body).expect("JSON");
            if now["state"] == "complete" {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    } else {
        let count = badges.len();
        let (badges, next) = (Arc::new(badges), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let mut client = Client::new(gateway.address);
                    while let Some((n, badge)) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| badges.get(n).map(|badge| (n, badge))) {
                        let person = if load == Load::OnePerson { "ada".to_owned() } else { format!("person-{n}") };
                        let boundary = "----------------bench";
                        let body = format!(
                            "--{boundary}\r\nContent-Disposition: form-data; name=\"candidate_ref\"\r\n\r\n{person}\r\n--{boundary}\r\n\
                             Content-Disposition: form-data; name=\"file\"; filename=\"badge.json\"\r\nContent-Type: application/json\r\n\r\n{badge}\r\n--{boundary}--\r\n"
                        );
                        let media_type = format!("multipart/form-data; boundary={boundary}");
                        let (status, body) = client.call("POST", "/v1/submissions", &media_type, body.as_bytes());
                        assert!(status == 200 || status == 201 || status == 202, "{status}: {}", String::from_utf8_lossy(&body));
                    }
                });
            }
        });
        return count as f64 / began.elapsed().as_secs_f64();
    }
    badges.len() as f64 / began.elapsed().as_secs_f64()
}

/// A keep-alive HTTP/1.1 connection.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream) }
    }

    fn call(&mut self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let (headers, body) = self.exchange(method, path, media_type, body);
        (headers["status"].parse().expect("a status"), body)
    }

    /// The headers, with the status among them, and the body.
    fn exchange(&mut self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (HashMap<String, String>, Vec<u8>) {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request).expect("the request goes out");
        let (first, mut headers) = head(&mut self.stream).expect("an answer");
        headers.insert("status".to_owned(), first.split(' ').nth(1).unwrap_or_default().to_owned());
        let length = headers.get("content-length").map_or(0, |text| text.parse().expect("a length"));
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        (headers, body)
    }
}

fn head(stream: &mut BufReader<TcpStream>) -> Option<(String, HashMap<String, String>)> {
    let mut first = String::new();
    if stream.read_line(&mut first).ok()? == 0 {
        return None;
    }
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => drop(headers.insert(name.to_lowercase(), value.trim().to_owned())),
            None => return Some((first, headers)),
        }
    }
}

struct Gateway {
    children: Vec<Child>,
    address: SocketAddr,
    database: Option<(String, String)>,
    _folder: tempfile::TempDir,
}

impl Gateway {
    fn start(servers: Option<&Servers>, workers: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let name = format!("skillgate_bench_{}_{}", std::process::id(), free.port());
        let database = servers.map(|servers| {
            psql(&servers.database, &format!("CREATE DATABASE {name}"));
            (servers.database.clone(), name.clone())
        });
        let command = |role: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_skillgate"));
            command.arg(role).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            command.env("SKILLGATE_HTTP__LISTEN", free.to_string()).env("SKILLGATE_AUTH__BOOTSTRAP_KEY", KEY);
            command.env("SKILLGATE_LOG__LEVEL", "warn").env("SKILLGATE_VERIFY__OFFLINE", "true");
            command.env("SKILLGATE_HTTP_CLIENT__ALLOW_PRIVATE", "127.0.0.0/8");
            command.env("SKILLGATE_SECURITY__MASTER_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
            if let Some(servers) = servers {
                let (server, _) = servers.database.rsplit_once('/').expect("a database in the URL");
                command.env("SKILLGATE_DATABASE__URL", format!("{server}/{name}")).env("SKILLGATE_QUEUE__URL", &servers.queue);
                command.env("SKILLGATE_QUEUE__PREFIX", format!("{name}."));
            }
            command.spawn().expect("the gateway starts")
        };
        let mut children = vec![command("serve")];
        let began = Instant::now();
        while TcpStream::connect(free).is_err() {
            assert!(began.elapsed() < PATIENCE, "the gateway does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        children.extend((1..workers).map(|_| command("worker")));
        Self { children, address: free, database, _folder: folder }
    }

    fn call(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> (u16, Vec<u8>) {
        Client::new(self.address).call(method, path, media_type, body)
    }

    /// The number of events in the feed.
    fn events_expected(&self) -> usize {
        let (mut client, mut after, mut count) = (Client::new(self.address), "0".to_owned(), 0);
        loop {
            let path = format!("/v1/events?limit=100&after={after}");
            let (headers, body) = client.exchange("GET", &path, "application/json", b"");
            let events: Vec<Value> = serde_json::from_slice(&body).expect("JSON");
            if events.is_empty() {
                return count;
            }
            count += events.len();
            after = headers["skillgate-next"].clone();
        }
    }

    /// User and system time of all processes, in seconds.
    fn cpu(&self) -> f64 {
        self.children.iter().map(|child| cpu_of(&format!("/proc/{}/stat", child.id()))).sum()
    }

    /// The most that the first process ever held, in MiB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.children[0].id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        for child in &mut self.children {
            child.kill().ok();
            child.wait().ok();
        }
        if let Some((server, name)) = &self.database {
            psql(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

fn psql(url: &str, statement: &str) {
    let done = Command::new("psql").args([url, "-qc", statement]).stdout(Stdio::null()).status().expect("psql");
    assert!(done.success(), "{statement}");
}

fn cpu_of(path: &str) -> f64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// CPU time of PostgreSQL and RabbitMQ on this machine, in seconds; processes that have ended are with their parents.
fn servers_cpu() -> f64 {
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0.0 };
    let mut sum = 0.0;
    for process in processes.flatten() {
        let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        if matches!(name.trim(), "postgres" | "beam.smp") {
            sum += cpu_of(&process.path().join("stat").display().to_string());
        }
    }
    sum
}

#[derive(Clone)]
struct Arrival {
    at: Instant,
    wall: chrono::DateTime<chrono::Utc>,
    body: Vec<u8>,
}

/// Answers every POST with 200.
struct Receiver {
    address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrival>>>,
    counted: Arc<AtomicUsize>,
    /// Arrivals are kept, not only counted.
    keeps: Arc<std::sync::atomic::AtomicBool>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (arrived, counted) = (Arc::<Mutex<Vec<Arrival>>>::default(), Arc::<AtomicUsize>::default());
        let keeps = Arc::new(std::sync::atomic::AtomicBool::new(true));
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

    fn count(&self) -> usize {
        self.counted.load(Ordering::SeqCst)
    }

    /// The moment of the last arrival; gives up when nothing more comes.
    fn wait_for(&self, expected: usize, began: Instant) -> Instant {
        while self.count() < expected && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.arrived.lock().expect("arrivals").last().map_or_else(Instant::now, |arrival| arrival.at)
    }

    fn latencies(&self) -> (f64, f64) {
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
    fn faults(&self, expected: usize) -> usize {
        let arrived = self.arrived.lock().expect("arrivals");
        let (mut last, mut seen) = (HashMap::new(), std::collections::HashSet::new());
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

fn serve(stream: TcpStream, all: &Mutex<Vec<Arrival>>, count: &AtomicUsize, keeps: &std::sync::atomic::AtomicBool) {
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
fn bare_loop(receiver: &Receiver) -> f64 {
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
