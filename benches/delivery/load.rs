//! The loads: badges, and how they are uploaded.

use crate::CLIENTS;
use crate::client::Client;
use crate::gateway::Gateway;
use serde_json::Value;
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq)]
pub enum Load {
    /// One badge of each person, one by one.
    People,
    /// The same, so many uploads per second.
    Paced(f64),
    /// One ZIP archive, nobody named: each badge's person is new.
    Archive,
    /// All badges of one person, one by one.
    OnePerson,
}

impl Load {
    pub fn name(self) -> String {
        match self {
            Self::People => "people".to_owned(),
            Self::Paced(rate) => format!("{rate:.0} a second"),
            Self::Archive => "archive".to_owned(),
            Self::OnePerson => "one person".to_owned(),
        }
    }
}

pub fn badges(load: Load, count: usize) -> Vec<String> {
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

/// Uploads everything and returns the uploads per second.
pub fn upload(gateway: &Gateway, load: Load, badges: &[String]) -> f64 {
    let began = Instant::now();
    match load {
        Load::Archive => upload_archive(gateway, badges),
        Load::People | Load::OnePerson => upload_each(gateway, load, badges, None),
        Load::Paced(rate) => upload_each(gateway, load, badges, Some(Duration::from_secs_f64(1.0 / rate))),
    }
    badges.len() as f64 / began.elapsed().as_secs_f64()
}

/// A ZIP file of all of them.
pub fn archive(badges: &[String]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (n, badge) in badges.iter().enumerate() {
        zip.start_file(format!("{n}.json"), zip::write::SimpleFileOptions::default()).expect("a ZIP file");
        zip.write_all(badge.as_bytes()).expect("a ZIP file");
    }
    zip.finish().expect("a ZIP file").into_inner()
}

fn upload_archive(gateway: &Gateway, badges: &[String]) {
    let archive = archive(badges);
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
}

/// `pause`: between the beginnings of two uploads.
fn upload_each(gateway: &Gateway, load: Load, badges: &[String], pause: Option<Duration>) {
    let (next, began) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = Client::new(gateway.address);
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(badge) = badges.get(n) else { break };
                    if let Some(pause) = pause {
                        std::thread::sleep((pause * n as u32).saturating_sub(began.elapsed()));
                    }
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
}
