//! Feeds mutated files to every parser of foreign bytes: nothing may panic.
//!
//! A few thousand inputs run with every `cargo test`. The full run, on the optimised build, also asserts that no input takes
//! longer than a second and that the process grows by less than 100 MB:
//!
//! ```text
//! SKILLGATE_FUZZ_ITERATIONS=1000000 cargo test --release --test it fuzz:: -- --nocapture --test-threads 2
//! ```
//!
//! The seeds are made here, signed by the sample institution. The mutations come from a generator with a fixed start
//! (`SKILLGATE_FUZZ_SEED` sets another), so that what failed once fails again.

use crate::support::documents as made;
use crate::support::examine::{examine, question};
use crate::support::tokens::TestKey;
use base64::Engine as _;
use ciborium::Value as Cbor;
use serde_json::{Value, json};
use skillgate::document::{Limits, json};
use skillgate::examine::{Examined, Examiner, Question};
use skillgate::intake;
use skillgate::jsonld::Contexts;
use skillgate::model::credential::{Format, VerifiedDocument};
use skillgate::model::ids::TenantId;
use skillgate::model::submission::UploadedFile;
use skillgate::normalize::{Origin, normalize};
use skillgate::sample;
use skillgate::verify::documents::{Documents, Provided};
use skillgate::verify::{PresentationRequest, Verifier};
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// From so many inputs on, time and memory are measured: a short run shares the machine and the process with other tests.
const FULL_RUN: u64 = 100_000;
const SLOWEST: Duration = Duration::from_secs(1);
const MOST_GROWTH_KB: u64 = 100 * 1024;

/// Pieces that parsers stumble over.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\ud800",
    b"\0",
    b"\xFF\xFE",
    b"\xEF\xBB\xBF",
    b"1e999",
    b"-0",
    b"null",
    b"NaN",
    b"..",
    b"~",
    b"=",
    b"iTXt",
    b"zTXt",
    b"tEXt",
    b"IEND",
    b"openbadges\0",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\xFF\xFF\xFF\xFF",
    b"\x00\x00\x00\x00",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE x [<!ENTITY a \"b\">]>",
    b"&a;",
    b"xmlns:",
    b"verify=\"",
    b"@context",
    b"@id",
    b"@graph",
    b"@list",
    b"@type",
    b"@reverse",
    b"@nest",
    b"\"proof\":",
    b"\"type\":",
    b"VerifiablePresentation",
    b"EnvelopedVerifiableCredential",
    b"\xD2\x84",
    b"\x5B\xFF\xFF",
    b"\xBF\xA1\x9F",
    b"data:,",
    b"--boundary\r\n",
    b"\r\n\r\n",
    b"Content-Disposition: form-data; name=\"file\"; filename=\"x\"",
    b"\"badge\":",
    b"\"issuer\":",
    b"https://example.org/b",
    b"\"$serde_json::private::Number\":",
];

/// xorshift64*: small, fast, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound.max(1)
    }
}

fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + 1 + random.below(40)).min(bytes.len());
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.next() as u8,
            2 => drop(bytes.drain(at.min(end)..end)),
            3 => {
                let piece = PIECES[random.below(PIECES.len())].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            4 => {
                let copy = bytes[at.min(end)..end].to_vec();
                let times = 1 + random.below(30);
                drop(bytes.splice(at..at, copy.repeat(times)));
            }
            5 => bytes.truncate(at),
            6 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(400)).min(other.len());
                drop(bytes.splice(at..at, other[from..to].to_vec()));
            }
            7 => {
                let piece = PIECES[random.below(PIECES.len())];
                let length = piece.len().min(bytes.len() - at);
                bytes[at..at + length].copy_from_slice(&piece[..length]);
            }
            _ => {
                // A number in the text or a length in a header becomes another one.
                if let Some(digit) = bytes.iter().skip(at).position(u8::is_ascii_digit) {
                    bytes[at + digit] = b'0' + random.below(10) as u8;
                }
            }
        }
    }
    bytes
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// `by_default`: how many inputs run with every `cargo test`.
fn fuzz(name: &str, by_default: u64, seeds: Vec<Vec<u8>>, mut run: impl FnMut(&[u8])) {
    let iterations = setting("SKILLGATE_FUZZ_ITERATIONS", by_default);
    let mut random = Random(setting("SKILLGATE_FUZZ_SEED", 0x5EED_0001) | 1);
    seeds.iter().for_each(|seed| run(seed));
    let before = resident_kb();
    let (mut slowest, started) = (Duration::ZERO, Instant::now());
    for number in 0..iterations {
        let input = mutate(&seeds, &mut random);
        let one = Instant::now();
        run(&input);
        let taken = one.elapsed();
        slowest = slowest.max(taken);
        assert!(iterations < FULL_RUN || taken < SLOWEST, "{name}: input {number} took {taken:?}");
    }
    let growth = resident_kb().saturating_sub(before);
    println!("{name}: {iterations} inputs in {:.0?}, slowest {slowest:.1?}, grew by {growth} KB", started.elapsed());
    assert!(iterations < FULL_RUN || growth < MOST_GROWTH_KB, "{name}: grew by {growth} KB");
}

fn sample_bytes(names: &[&str]) -> Vec<Vec<u8>> {
    let files = sample::files("2026-03-01T12:00:00Z".parse().unwrap()).unwrap();
    names.iter().map(|name| files.iter().find(|file| file.name == *name).unwrap().bytes.clone()).collect()
}

/// Small bounds, as an operator might set them: what is checked is that they hold.
fn limits() -> Limits {
    Limits { max_file_bytes: 1 << 20, max_archive_bytes: 8 << 20, ..Limits::default() }
}

fn open(bytes: &[u8]) -> Vec<intake::OpenedFile> {
    let file = UploadedFile { name: Some("x".to_owned()), media_type: None, bytes: bytes.to_vec().into() };
    let opened = intake::open(&file, &limits());
    assert!(!opened.is_empty(), "a file was dropped without a word");
    opened
}

/// Opens, verifies offline (the proof of a presentation too), and normalises what was not rejected.
struct Pipe {
    runtime: tokio::runtime::Runtime,
    examiner: Examiner,
    question: Question,
}

impl Pipe {
    fn new(documents: HashMap<String, Provided>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let verifier = Verifier::new(Documents::with_provided(documents, None), Contexts::built_in());
        // As asked of a wallet: the binding to a request is looked at as well.
        let expected = PresentationRequest {
            challenge: Some("n-1".to_owned()),
            domain: Some("https://example.org".to_owned()),
            window: None,
        };
        let question = Question { expected, ..question("2026-03-01T12:00:00Z".parse().unwrap()) };
        Self { runtime, examiner: Examiner::new(verifier, limits()), question }
    }

    fn run(&self, bytes: &[u8]) -> Vec<Examined> {
        self.runtime.block_on(examine(&self.examiner, bytes, &self.question))
    }
}

fn origin() -> Origin {
    Origin { tenant_id: TenantId::from("default"), candidate_ref: None, fingerprint: "0".repeat(64) }
}

#[test]
fn png_files_are_survived() {
    fuzz("png", 2_000, sample_bytes(&["valid.png"]), |input| drop(open(input)));
}

#[test]
fn svg_files_are_survived() {
    fuzz("svg", 2_000, sample_bytes(&["valid.svg"]), |input| drop(open(input)));
}

#[test]
fn json_is_read_as_an_independent_reader_reads_it_or_refused() {
    let numbers =
        br#"{"a": [0, -1.50, 2E+3, 1e-7, 12345678901234567890], "b": "\u00e9\ud83d\ude00\n", "c": {"d": null, "e": true}}"#;
    let seeds = [vec![numbers.to_vec()], sample_bytes(&["valid.json"])].concat();
    fuzz("json", 3_000, seeds, |input| {
        let Ok(ours) = json::parse(input, &limits()) else { return };
        let theirs: Value = serde_json::from_slice(json::without_bom(input)).unwrap();
        assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(input));
    });
}

#[test]
fn archives_are_survived() {
    fuzz("zip", 300, sample_bytes(&["samples.zip"]), |input| drop(open(input)));
}

#[test]
fn documents_are_survived() {
    let token = format!("{}.e30.c2ln", "eyJhbGciOiJFUzI1NiJ9");
    let link = "https://www.credly.com/badges/1";
    let seeds = vec![
        made::pdf_with_attachment("a.jwt", token.as_bytes()),
        made::pdf_with_note("a.jwt", token.as_bytes()),
        made::pdf_with_metadata(&token),
        made::pdf_with_text(link),
        made::pdf_with_link(link),
        made::pdf_with_code(link),
        made::pdf_with_drawn_code(link),
        made::pdf_with_scan(link),
    ];
    fuzz("pdf", 300, seeds, |input| drop(open(input)));
}

#[test]
fn pictures_are_survived() {
    let link = "https://www.credly.com/badges/1";
    fuzz("pictures", 100, vec![made::png(link), made::jpeg(link), made::webp(link), made::gif(link)], |input| drop(open(input)));
}

#[test]
fn mails_are_survived() {
    let eml = made::eml("<a href='https://example.org'>x</a>", "a.txt", b"hello");
    let seeds = vec![made::forwarded(&eml), eml, made::msg("hello https://example.org", "a.txt", b"hello")];
    fuzz("mail", 1_000, seeds, |input| drop(open(input)));
}

#[test]
fn tokens_are_survived() {
    let mut seeds = sample_bytes(&["valid.jwt", "valid-es256.jwt"]);
    let sd_jwt = [seeds[0].clone(), b"~WyJzYWx0IiwibmFtZSIsIkFkYSJd~".to_vec()].concat();
    seeds.push(sd_jwt);
    seeds.extend(messages());
    let pipe = Pipe::new(HashMap::new());
    fuzz("jwt", 500, seeds, |input| drop(pipe.run(input)));
}

/// A badge and a presentation as signed CBOR, as bytes and in base64.
fn messages() -> Vec<Vec<u8>> {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let header = |typ: &str| {
        let kid = Cbor::Bytes(issuer.clone().into_bytes());
        let claims = Cbor::Map(vec![(Cbor::from(4), Cbor::from(1_900_000_000))]);
        vec![(1.into(), (-8).into()), (4.into(), kid), (15.into(), claims), (16.into(), Cbor::from(typ))]
    };
    let badge = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": issuer,
        "credentialSubject": {"id": "did:example:ada", "name": "Ada"}});
    let badge = key.cose(header("application/vc+cose"), vec![], &badge);
    let text = base64::engine::general_purpose::STANDARD.encode(&badge);
    let enveloped = json!({"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential", "id": format!("data:application/vc+cose;base64,{text}")});
    let presentation = json!({"type": ["VerifiablePresentation"], "holder": issuer, "verifiableCredential": [enveloped]});
    vec![badge, text.into_bytes(), key.cose(header("application/vp+cose"), vec![], &presentation)]
}

/// Lists, API answers, wallet backups, pasted mails.
#[test]
fn wrappers_are_survived() {
    let badge = sample_bytes(&["valid.json"]).remove(0);
    let token = String::from_utf8(sample_bytes(&["valid.jwt"]).remove(0)).unwrap();
    let badge: Value = serde_json::from_slice(&badge).unwrap();
    let answer = json!({"data": [{"jwt": token, "parsed": badge}], "text": badge.to_string(), "keys": [{"kty": "OKP", "d": "A".repeat(43)}]});
    let mail = format!("Hello,\n> {}\n\n{badge}\nseed=3D\n=\n\"{token}\"\u{200B}\n", token.replace('.', ".=\n> "));
    let seeds = [answer.to_string(), serde_json::to_string_pretty(&answer).unwrap(), mail].map(String::into_bytes);
    fuzz("wrappers", 1_000, seeds.into(), |input| drop(open(input)));
}

#[test]
fn linked_data_is_survived() {
    let pipe = Pipe::new(HashMap::new());
    fuzz("json-ld", 200, sample_bytes(&["valid.json", "revoked.json", "status-list.json"]), |input| drop(pipe.run(input)));
}

#[test]
fn the_graph_of_a_hosted_badge_is_survived() {
    let graph = |id: &str, verification: Value| {
        json!({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": id, "issuedOn": "2026-01-01T00:00:00Z",
            "recipient": {"type": "email", "hashed": false, "identity": "ada@example.org"}, "verification": verification,
            "badge": {"type": "BadgeClass", "id": "https://example.org/b", "name": "Pottery", "description": "Clay.", "image": "https://example.org/i.png",
                "criteria": {"narrative": "x"}, "tags": ["clay"], "alignment": [{"targetName": "a", "targetUrl": "https://example.org/a"}],
                "issuer": {"type": "Profile", "id": "https://example.org/issuer", "name": "Kiln", "url": "https://example.org", "email": "a@example.org"}}})
    };
    let hosted = graph("https://example.org/a/1", json!({"type": "HostedBadge"}));
    let linked = json!({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": "https://example.org/a/1", "badge": "https://example.org/a/1",
        "recipient": {"type": "email", "identity": "x"}, "verification": {"type": "hosted"}, "issuedOn": "2026-01-01"});
    // The document at the badge's own address changes as well: it is mutated in place of the file.
    let seeds = vec![hosted.to_string().into_bytes(), linked.to_string().into_bytes()];
    fuzz("ob2", 300, seeds, |input| {
        let provided = HashMap::from([("https://example.org/a/1".to_owned(), Provided::Content(input.to_vec().into()))]);
        let pipe = Pipe::new(provided);
        pipe.run(hosted.to_string().as_bytes());
        pipe.run(input);
    });
}

#[test]
fn any_verified_json_is_normalised_without_harm() {
    let formats = [Format::OpenBadges2, Format::OpenBadges3, Format::Clr2, Format::Elm3, Format::LerRs, Format::Vc2];
    let pipe = Pipe::new(HashMap::new());
    let seeds = sample_bytes(&["valid.json"]);
    let report = pipe.run(&seeds[0]).remove(0).credentials.remove(0).report;
    fuzz("normalize", 1_000, seeds, |input| {
        let Ok(json) = json::parse(input, &limits()).map(Arc::new) else { return };
        for format in formats {
            drop(normalize(
                &VerifiedDocument { format, json: json.clone(), nested: Vec::new(), type_metadata: None },
                &report,
                &origin(),
            ));
        }
    });
}

#[test]
fn uploads_in_parts_are_survived() {
    let mut body = Vec::new();
    for (name, file) in [("file", Some("a.json")), ("candidate_email", None), ("file", Some("b.png"))] {
        let filename = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        write!(body, "--boundary\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n{{}}\r\n").unwrap();
    }
    body.extend(b"--boundary--\r\n");
    let system = actix_web::rt::System::new();
    system.block_on(async {
        let app = crate::support::spawn_app().await;
        let iterations = setting("SKILLGATE_FUZZ_ITERATIONS", 60);
        let mut random = Random(setting("SKILLGATE_FUZZ_SEED", 0x5EED_0002) | 1);
        let before = resident_kb();
        for number in 0..iterations {
            let input = mutate(std::slice::from_ref(&body), &mut random);
            let one = Instant::now();
            let request = app
                .request("POST", "/v1/submissions")
                .header("content-type", "multipart/form-data; boundary=boundary")
                .body(input);
            let status = request.send().await.unwrap().status().as_u16();
            assert!(status < 500, "multipart: input {number} was answered {status}");
            assert!(iterations < FULL_RUN || one.elapsed() < SLOWEST, "multipart: input {number} took {:?}", one.elapsed());
        }
        let growth = resident_kb().saturating_sub(before);
        println!("multipart: {iterations} inputs, grew by {growth} KB");
        assert!(iterations < FULL_RUN || growth < MOST_GROWTH_KB, "multipart: grew by {growth} KB");
    });
}
