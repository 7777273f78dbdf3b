//! The mixed work: uploads of new and of known persons, the same bytes again, changed badges, and reading.

use crate::CLIENTS;
use crate::client::Client;
use crate::gateway::Gateway;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
pub enum Pace {
    Full,
    PerSecond(f64),
}

/// What became of the uploads.
#[derive(Default)]
pub struct Counts {
    pub accepted: usize,
    /// 429 or 503.
    pub turned_away: usize,
    pub without_retry_after: usize,
    /// Uploads that were due and not begun when the time was over: every client was waiting for answers.
    pub unanswered: usize,
    pub other: usize,
}

/// Known persons, who come back with other badges.
const KNOWN: usize = 50;
const BOUNDARY: &str = "----------------bench";

/// `next`: the number of the next upload; it goes on from one phase to the next.
pub fn run(gateway: &Gateway, badges: &[String], next: &mut usize, pace: Pace, time: Duration) -> Counts {
    let (began, first) = (Instant::now(), *next);
    let number = AtomicUsize::new(first);
    let due = |n: usize| match pace {
        Pace::Full => Duration::ZERO,
        Pace::PerSecond(rate) => Duration::from_secs_f64((n - first) as f64 / rate),
    };
    let counts: Vec<Counts> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let (mut client, mut counts) = (Client::new(gateway.address), Counts::default());
                    loop {
                        let n = number.fetch_add(1, Ordering::Relaxed);
                        let due = due(n);
                        if due >= time || began.elapsed() >= time {
                            break;
                        }
                        std::thread::sleep(due.saturating_sub(began.elapsed()));
                        one(&mut client, badges, n, &mut counts);
                    }
                    counts
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    });
    let reached = number.load(Ordering::Relaxed).saturating_sub(CLIENTS);
    *next = reached + CLIENTS;
    let mut sum = counts.into_iter().fold(Counts::default(), |sum, counts| sum.and(&counts));
    if let Pace::PerSecond(rate) = pace {
        sum.unanswered = ((rate * time.as_secs_f64()) as usize).saturating_sub(reached.saturating_sub(first));
    }
    sum
}

fn one(client: &mut Client, badges: &[String], n: usize, counts: &mut Counts) {
    let badge = &badges[n % badges.len()];
    let (person, badge) = match n % 20 {
        // A person who is known, with another badge.
        0..3 => (format!("known-{}", n % KNOWN), badge.clone()),
        // The same person with the same bytes again.
        3 => (format!("person-{}", n - 1), badges[(n - 1) % badges.len()].clone()),
        // Somebody changed the badge.
        4 => (format!("person-{n}"), badge.replacen("Course", "Curse", 1)),
        5 => return read(client, n, counts),
        _ => (format!("person-{n}"), badge.clone()),
    };
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"candidate_ref\"\r\n\r\n{person}\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"badge.json\"\r\nContent-Type: application/json\r\n\r\n{badge}\r\n--{BOUNDARY}--\r\n"
    );
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let (headers, _) = client.exchange("POST", "/v1/submissions", &media_type, body.as_bytes());
    match headers["status"].as_str() {
        "200" | "201" | "202" => counts.accepted += 1,
        "429" | "503" => {
            counts.turned_away += 1;
            match headers.get("retry-after").and_then(|seconds| seconds.parse().ok()) {
                // A client that does as it is told, only faster.
                Some(seconds) => std::thread::sleep(Duration::from_secs(seconds).min(Duration::from_secs(1))),
                None => counts.without_retry_after += 1,
            }
        }
        _ => counts.other += 1,
    }
}

fn read(client: &mut Client, n: usize, counts: &mut Counts) {
    let path = match n % 3 {
        0 => format!("/v1/candidates/known-{}/skills", n % KNOWN),
        1 => "/v1/credentials?limit=20".to_owned(),
        _ => "/v1/deliveries?limit=20".to_owned(),
    };
    let (status, _) = client.call("GET", &path, "application/json", b"");
    counts.other += usize::from(!matches!(status, 200 | 404 | 429 | 503));
}
