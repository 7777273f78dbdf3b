//! What a whole verification costs, in verifications per CPU-second of one thread, against a raw Ed25519 check in the same run.
//!
//! `cargo bench --bench verification [-- --folder DIR] [-- --seconds N]` prints one JSON line; `benches/compare` sets it beside the
//! reference JavaScript stack. DIR receives the badge, its contexts and key, so that both verify the same bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that can't be made stops")]

use chrono::{DateTime, Utc};
use ed25519_dalek::{Signer, SigningKey as RawKey};
use serde_json::{Map, Value, json};
use skillgate::intake::{Content, Limits, open};
use skillgate::jsonld::{Contexts, Edition};
use skillgate::model::credential::ReceivedCredential;
use skillgate::model::report::CheckStatus;
use skillgate::model::submission::{CandidateHint, UploadedFile};
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind, badge, sign};
use skillgate::verify::documents::Documents;
use skillgate::verify::{VerificationRequest, Verifier};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const EMAIL: &str = "ada@example.org";

fn main() {
    let options = Options::read();
    let issued: DateTime<Utc> = "2026-01-05T09:00:00Z".parse().unwrap();
    let institution = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
    let credential = four_kilobyte_badge(&institution, issued);
    let signed = DataIntegrity::assertion(issued).sign(&credential, &institution.key).unwrap().to_string();
    let token = sign::vc_jwt(&credential, &institution.key);
    if let Some(folder) = &options.folder {
        write_for_others(folder, &institution, &signed, &token);
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verifier = Verifier::new(Documents::default(), Contexts::built_in());
    let request = VerificationRequest {
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        candidate: CandidateHint { emails: vec![EMAIL.to_owned()], ..CandidateHint::default() },
        explain: false,
    };
    let whole = |bytes: &str| {
        let received = received(bytes);
        let verification = runtime.block_on(verifier.verify(&received, &request));
        let failed = verification.report.checks.iter().find(|check| check.status == CheckStatus::Fail);
        assert!(failed.is_none(), "{failed:?}");
    };
    let raw_key = RawKey::generate(&mut rand::rngs::OsRng);
    let message = [7u8; 64];
    let signature = raw_key.sign(&message);
    let verifying = raw_key.verifying_key();

    let raw = per_cpu_second(options.seconds, || verifying.verify_strict(&message, &signature).unwrap());
    let data_integrity = per_cpu_second(options.seconds, || whole(&signed));
    let jwt = per_cpu_second(options.seconds, || whole(&token));
    println!("{}", json!({"bytes": signed.len(), "raw": raw, "dataIntegrity": data_integrity, "jwt": jwt}));
}

struct Options {
    folder: Option<PathBuf>,
    seconds: u64,
}

impl Options {
    fn read() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let after = |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
        Self { folder: after("--folder").map(PathBuf::from), seconds: after("--seconds").map_or(3, |text| text.parse().unwrap()) }
    }
}

/// Hashed recipient, four alignments, two results.
fn four_kilobyte_badge(institution: &Institution, issued: DateTime<Utc>) -> Value {
    let mut badge = Badge::new(EMAIL, issued);
    badge.subject = Some("urn:uuid:0b1c7a5e-2f0f-4a39-9d3f-4d3c0a6d7b11".to_owned());
    badge.description = "Collects, cleans, queries and presents data for everyday decisions. ".repeat(22);
    let more = badge.alignments.clone().into_iter().map(|(name, uri, framework)| (format!("{name} in practice"), uri, framework));
    badge.alignments.extend(more.collect::<Vec<_>>());
    let mut credential = badge.unsigned(institution);
    let mut second = credential.pointer("/credentialSubject/result/0").cloned().unwrap();
    second["value"] = json!("91");
    credential.pointer_mut("/credentialSubject/result").unwrap().as_array_mut().unwrap().push(second);
    credential
}

fn received(text: &str) -> ReceivedCredential {
    let file =
        UploadedFile { name: Some("badge".to_owned()), media_type: None, bytes: bytes::Bytes::copy_from_slice(text.as_bytes()) };
    match open(&file, &Limits::default()).remove(0).content {
        Content::Credentials(mut credentials) => credentials.remove(0),
        other => panic!("no credential was found: {other:?}"),
    }
}

fn write_for_others(folder: &PathBuf, institution: &Institution, signed: &str, token: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let contexts: Map<String, Value> = badge::CONTEXTS
        .iter()
        .map(|url| ((*url).to_owned(), Contexts::built_in().get(url, Edition::default()).cloned().unwrap()))
        .collect();
    let key = institution.did();
    let public = bs58::decode(key.trim_start_matches("did:key:z")).into_vec().unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64(&public[2..])});
    for (name, text) in [
        ("badge.json", signed.to_owned()),
        ("badge.jwt", token.to_owned()),
        ("contexts.json", json!(contexts).to_string()),
        ("jwk.json", jwk.to_string()),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Runs `step` for about that long and divides by the CPU time that this thread used.
fn per_cpu_second(seconds: u64, mut step: impl FnMut()) -> f64 {
    for _ in 0..20 {
        step();
    }
    let (began, cpu) = (Instant::now(), cpu_time());
    let mut count = 0u64;
    while began.elapsed() < Duration::from_secs(seconds) {
        step();
        count += 1;
    }
    count as f64 / (cpu_time() - cpu).as_secs_f64()
}

/// CPU time of this thread so far: the first number of schedstat, in nanoseconds (Linux).
fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("CPU time is read from /proc, which Linux has");
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}
