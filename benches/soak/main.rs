//! Loads one gateway with mixed work at 50, 80 and 120% of what it can take, then leaves it alone:
//! `cargo bench --bench soak -- [--minutes 10] [--database URL --queue URL]`.
//! Shown: every event of an accepted upload arrives, none twice, each person's in order; what is too much is turned away with 429 or
//! 503 and a Retry-After; the memory goes back to where it was. Ends with 1 when any of it does not hold.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    dead_code,
    reason = "a measurement that can't be made stops, times are the machine's own, and the loads are shared with another measurement"
)]

#[path = "../delivery/client.rs"]
mod client;
#[path = "../delivery/gateway.rs"]
mod gateway;
#[path = "../delivery/load.rs"]
mod load;
mod receiver;
mod worker;

use gateway::{Gateway, Servers};
use load::{Load, badges};
use receiver::Receiver;
use serde_json::json;
use std::time::{Duration, Instant};
use worker::{Counts, Pace};

const KEY: &str = "sk_bench_0123456789abcdefghijklmnop";
const CLIENTS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(180);
/// Badges that are signed beforehand; each upload names another person.
const BADGES: usize = 500;
/// What a process may keep of its work: pools, caches, pages that the allocator holds on to.
const KEPT_MIB: f64 = 96.0;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let value = |name: &str| words.iter().position(|word| word == name).and_then(|place| words.get(place + 1)).cloned();
    let minutes: f64 = value("--minutes").map_or(10.0, |text| text.parse().expect("a number"));
    let servers = value("--database").zip(value("--queue")).map(|(database, queue)| Servers { database, queue });
    let badges = badges(Load::People, BADGES);
    let receiver = Receiver::start();
    let gateway = Gateway::start(servers.as_ref(), 1);
    let connection = json!({"connector": "webhook", "name": "soak", "fields": {"url": format!("http://{}/", receiver.address)},
        "secrets": {"signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}});
    let (status, body) = gateway.call("POST", "/v1/connections", "application/json", connection.to_string().as_bytes());
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));

    let whole = Duration::from_secs_f64(minutes * 60.0);
    let mut next = 0;
    let measured = worker::run(&gateway, &badges, &mut next, Pace::Full, whole.mul_f64(0.1));
    receiver.wait_until_quiet(PATIENCE);
    let before = gateway.resident();
    let capacity = measured.accepted as f64 / whole.mul_f64(0.1).as_secs_f64();
    println!("capacity {capacity:.0} uploads/s; memory {before:.0} MiB");
    println!("{:<8}{:>12}{:>14}{:>12}{:>14}{:>12}", "load", "accepted/s", "turned away", "MiB", "deliveries/s", "behind");
    let mut total = measured;
    for share in [0.5, 0.8, 1.2] {
        let (began, arrived) = (Instant::now(), receiver.count());
        let counts = worker::run(&gateway, &badges, &mut next, Pace::PerSecond(capacity * share), whole.mul_f64(0.3));
        let seconds = began.elapsed().as_secs_f64();
        let arrived = receiver.count() - arrived;
        println!(
            "{:<8}{:>12.0}{:>14}{:>12.0}{:>14.0}{:>12}",
            format!("{:.0}%", share * 100.0),
            counts.accepted as f64 / seconds,
            counts.turned_away,
            gateway.resident(),
            arrived as f64 / seconds,
            counts.unanswered,
        );
        total = total.and(&counts);
    }
    let expected = gateway.events_expected();
    let silence = receiver.wait_for(expected, Duration::from_secs(300));
    std::thread::sleep(Duration::from_secs_f64((minutes * 6.0).min(60.0)));
    let after = gateway.resident();
    let faults = receiver.faults();
    println!(
        "silence: all arrived after {:.1} s; memory {after:.0} MiB, at most {:.0} MiB",
        silence.as_secs_f64(),
        gateway.memory()
    );
    println!(
        "accepted {}, events {expected}, arrived {}, lost {}, doubled {}, out of order {}, answers that were neither accepted nor turned away {}",
        total.accepted,
        receiver.count(),
        expected.saturating_sub(receiver.different()),
        faults.doubled,
        faults.disordered,
        total.other
    );
    let holds = expected == receiver.different()
        && faults.doubled + faults.disordered == 0
        && total.other == 0
        && total.without_retry_after == 0
        && after < before + KEPT_MIB;
    drop(gateway);
    println!("{}", if holds { "everything holds" } else { "NOT everything holds" });
    std::process::exit(i32::from(!holds));
}

impl Counts {
    fn and(&self, more: &Self) -> Self {
        Self {
            accepted: self.accepted + more.accepted,
            turned_away: self.turned_away + more.turned_away,
            without_retry_after: self.without_retry_after + more.without_retry_after,
            unanswered: self.unanswered + more.unanswered,
            other: self.other + more.other,
        }
    }
}
