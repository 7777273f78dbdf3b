//! What the measurements share: the badge, how it is taken in, the clock that counts.

#![allow(dead_code, reason = "each measurement uses a part")]

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use skillgate::document::Limits;
use skillgate::intake::{Content, open};
use skillgate::model::credential::ReceivedCredential;
use skillgate::model::submission::UploadedFile;
use skillgate::sample::{Badge, Institution};
use std::time::Duration;

/// As the program does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub const EMAIL: &str = "ada@example.org";

/// Hashed recipient, four alignments, two results.
pub fn four_kilobyte_badge(institution: &Institution, issued: DateTime<Utc>) -> Value {
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

/// The one credential in the text, or why there is none.
pub fn received(text: &str) -> Result<ReceivedCredential, String> {
    let file =
        UploadedFile { name: Some("badge".to_owned()), media_type: None, bytes: bytes::Bytes::copy_from_slice(text.as_bytes()) };
    match open(&file, &Limits::default()).remove(0).content {
        Content::Credentials(mut credentials) => Ok(credentials.remove(0)),
        other => Err(format!("{other:?}")),
    }
}

/// CPU time of this thread so far: the first number of schedstat, in nanoseconds (Linux).
pub fn cpu_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("CPU time is read from /proc, which Linux has");
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}
