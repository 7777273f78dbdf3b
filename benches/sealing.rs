//! What sealing costs beside verifying: processor time to seal, and to open, the values that one upload of a 4 KB badge leaves, as a
//! share of the time of its verification, in one run.
//!
//! `cargo bench --bench sealing [-- --seconds N]` prints one JSON line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that can't be made stops")]

mod support;

use chrono::{DateTime, Utc};
use serde_json::json;
use skillgate::jsonld::Contexts;
use skillgate::model::submission::CandidateHint;
use skillgate::sample::{DataIntegrity, Institution, KeyKind};
use skillgate::seal::Sealer;
use skillgate::verify::documents::Documents;
use skillgate::verify::{VerificationRequest, Verifier};
use std::time::Duration;
use support::{EMAIL, cpu_time, four_kilobyte_badge, received};

/// Bytes of the values of one upload: received bytes, file name, report twice, what was read twice, file result, name, address, and
/// five events and skills each, as they are after packing.
const VALUES: [usize; 19] = [4_096, 24, 700, 700, 1_200, 1_200, 120, 24, 24, 900, 700, 700, 700, 700, 400, 400, 400, 400, 400];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let given = arguments.iter().position(|argument| argument == "--seconds").and_then(|at| arguments.get(at + 1)?.parse().ok());
    let seconds = Duration::from_secs(given.unwrap_or(5));
    let issued: DateTime<Utc> = "2026-01-05T09:00:00Z".parse().unwrap();
    let institution = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
    let credential = four_kilobyte_badge(&institution, issued);
    let signed = DataIntegrity::assertion(issued).sign(&credential, &institution.key).unwrap().to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verifier = Verifier::new(Documents::default(), Contexts::built_in());
    let request = VerificationRequest {
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        candidate: CandidateHint { emails: vec![EMAIL.to_owned()], ..CandidateHint::default() },
        explain: false,
    };
    let sealer = Sealer::new(&[7; 32]);
    let values: Vec<Vec<u8>> = VALUES.iter().map(|bytes| vec![b'x'; *bytes]).collect();
    let sealed: Vec<Vec<u8>> = values.iter().map(|value| sealer.seal("place", value).unwrap()).collect();

    let verify = microseconds(seconds, || drop(runtime.block_on(verifier.verify(&received(&signed).unwrap(), &request))));
    let seal = microseconds(seconds, || values.iter().for_each(|value| drop(sealer.seal("place", value).unwrap())));
    let open = microseconds(seconds, || sealed.iter().for_each(|value| drop(sealer.open("place", value).unwrap())));
    println!(
        "{}",
        json!({"verifyMicroseconds": verify, "sealMicroseconds": seal, "openMicroseconds": open, "sealShareOfVerify": seal / verify})
    );
}

/// Processor time of one call.
fn microseconds(seconds: Duration, work: impl Fn()) -> f64 {
    let (begun, mut calls) = (cpu_time(), 0u32);
    while cpu_time() - begun < seconds {
        work();
        calls += 1;
    }
    (cpu_time() - begun).as_secs_f64() * 1e6 / f64::from(calls)
}
