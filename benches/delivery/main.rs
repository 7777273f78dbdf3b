//! Measures uploads and deliveries of one gateway: `cargo bench --bench delivery -- [--badges N] [--workers 1,2]
//! [--database URL --queue URL [--only-servers]] [--only people|archive|one-person] [--write FILE]`.
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

mod client;
mod gateway;
mod load;
mod receiver;

use gateway::{Gateway, Servers};
use load::{Load, archive, badges, upload};
use receiver::{Receiver, bare_loop};
use serde_json::json;
use std::time::{Duration, Instant};

const KEY: &str = "sk_bench_0123456789abcdefghijklmnop";
const CLIENTS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(180);

fn main() {
    let options = Options::read();
    if let Some(path) = &options.write {
        std::fs::write(path, archive(&badges(Load::People, options.badges))).expect("the archive is written");
        return;
    }
    println!("{} badges per load; times in milliseconds from the event's time to its arrival", options.badges);
    println!(
        "{:<10}{:>8} {:<14}{:>11}{:>14}{:>14}{:>14}{:>9}{:>9}{:>9}{:>9}{:>8}{:>8}",
        "mode",
        "workers",
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
    if options.only_servers {
        modes.remove(0);
    }
    for servers in &modes {
        for workers in &options.workers {
            if servers.is_none() && *workers > 1 {
                // The embedded database and queue belong to one process.
                continue;
            }
            measure_all(&options, servers.as_ref(), *workers);
        }
    }
}

fn measure_all(options: &Options, servers: Option<&Servers>, workers: usize) {
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    if wanted("people") {
        let uploads = measure(options, servers, workers, Load::People);
        if options.only.is_none() {
            measure(options, servers, workers, Load::Paced(uploads / 2.0));
        }
    }
    if wanted("archive") {
        measure(options, servers, workers, Load::Archive);
    }
    if wanted("one-person") {
        measure(options, servers, workers, Load::OnePerson);
    }
}

struct Options {
    badges: usize,
    workers: Vec<usize>,
    servers: Option<Servers>,
    only_servers: bool,
    only: Option<String>,
    /// Only write the badges, into a ZIP file.
    write: Option<String>,
}

impl Options {
    fn read() -> Self {
        let words: Vec<String> = std::env::args().collect();
        let value = |name: &str| words.iter().position(|word| word == name).and_then(|place| words.get(place + 1)).cloned();
        let numbers = |name: &str, otherwise: &str| -> Vec<usize> {
            let text = value(name).unwrap_or_else(|| otherwise.to_owned());
            text.split(',').map(|text| text.parse().expect("a number")).collect()
        };
        Self {
            badges: numbers("--badges", "1000")[0],
            workers: numbers("--workers", "1"),
            servers: value("--database").zip(value("--queue")).map(|(database, queue)| Servers { database, queue }),
            only_servers: words.iter().any(|word| word == "--only-servers"),
            only: value("--only"),
            write: value("--write"),
        }
    }
}

/// Prints one line and returns the uploads per second.
fn measure(options: &Options, servers: Option<&Servers>, workers: usize, load: Load) -> f64 {
    let badges = badges(load, options.badges);
    let receiver = Receiver::start();
    let gateway = Gateway::start(servers, workers);
    let connection = json!({"connector": "webhook", "name": "bench", "fields": {"url": format!("http://{}/", receiver.address)},
        "secrets": {"signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}});
    let (status, body) = gateway.call("POST", "/v1/connections", "application/json", connection.to_string().as_bytes());
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    let (cpu_before, servers_before) = (gateway.cpu(), gateway.servers_cpu());
    let began = Instant::now();
    let uploads = upload(&gateway, load, &badges);
    let expected = gateway.events_expected();
    let last = receiver.wait_for(expected, began);
    let seconds = last.saturating_duration_since(began).as_secs_f64();
    let received = receiver.count();
    let (cpu, of_servers) = (gateway.cpu() - cpu_before, gateway.servers_cpu() - servers_before);
    let per_thousand = |cpu: f64| cpu * 1000.0 / received.max(1) as f64;
    let (p50, p99) = receiver.latencies();
    let memory = gateway.memory();
    drop(gateway);
    let faults = receiver.faults(expected);
    let bare = bare_loop(&receiver);
    let rate = received as f64 / seconds;
    let mode = if servers.is_some() { "servers" } else { "embedded" };
    let name = load.name();
    println!(
        "{mode:<10}{workers:>8} {name:<14}{uploads:>11.0}{rate:>14.0}{:>14.2}{:>14.2}{p50:>9.0}{p99:>9.0}{memory:>9.0}{bare:>9.0}{:>8.2}{faults:>8}",
        per_thousand(cpu),
        per_thousand(of_servers),
        rate / bare
    );
    uploads
}
