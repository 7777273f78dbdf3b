//! What a whole verification costs, in verifications per CPU-second of one thread, against a raw Ed25519 check in the same run.
//!
//! `cargo bench --bench verification [-- --folder DIR] [-- --seconds N]` prints one JSON line; `benches/compare` sets it beside the
//! reference JavaScript stack. DIR receives the badge, its contexts and key, so that both verify the same bytes.
//! With `--archive FILE --badges N` it writes N badges for `benches/archive` instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that can't be made stops")]

mod support;

use chrono::{DateTime, Utc};
use ed25519_dalek::{Signer, SigningKey as RawKey};
use serde_json::{Map, Value, json};
use skillgate::jsonld::{Contexts, Edition};
use skillgate::model::report::CheckStatus;
use skillgate::model::submission::CandidateHint;
use skillgate::sample::{DataIntegrity, Institution, KeyKind, badge, sign};
use skillgate::verify::documents::Documents;
use skillgate::verify::{VerificationRequest, Verifier};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use support::{EMAIL, cpu_time, four_kilobyte_badge, received};

fn main() {
    let options = Options::read();
    let issued: DateTime<Utc> = "2026-01-05T09:00:00Z".parse().unwrap();
    let institution = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
    if let Some(archive) = &options.archive {
        return write_archive(archive, options.badges, &institution, issued);
    }
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
        let received = received(bytes).unwrap();
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
    archive: Option<PathBuf>,
    badges: usize,
    seconds: u64,
}

impl Options {
    fn read() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let after = |name: &str| arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1));
        let number = |name: &str, default| after(name).map_or(default, |text| text.parse().unwrap());
        Self {
            folder: after("--folder").map(PathBuf::from),
            archive: after("--archive").map(PathBuf::from),
            badges: number("--badges", 500) as usize,
            seconds: number("--seconds", 3),
        }
    }
}

/// A ZIP archive of different badges, each signed.
fn write_archive(archive: &PathBuf, badges: usize, institution: &Institution, issued: DateTime<Utc>) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(archive).unwrap());
    let template = four_kilobyte_badge(institution, issued);
    for number in 0..badges {
        let mut badge = template.clone();
        badge["id"] = json!(format!("urn:uuid:{}", uuid::Uuid::new_v4()));
        let signed = DataIntegrity::assertion(issued).sign(&badge, &institution.key).unwrap();
        zip.start_file(format!("badge-{number:04}.json"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(signed.to_string().as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

fn write_for_others(folder: &PathBuf, institution: &Institution, signed: &str, token: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let contexts: Map<String, Value> = badge::CONTEXTS
        .iter()
        .map(|url| ((*url).to_owned(), json!({"@context": Contexts::built_in().get(url, Edition::default()).unwrap()})))
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
