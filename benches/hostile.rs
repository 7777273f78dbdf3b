//! What documents made to waste time cost: CPU time from the bytes to the verdict, for each of them.
//!
//! `cargo bench --bench hostile` prints a table. The documents carry a proof of the right form that some other document was signed
//! with, so that nothing but the work before the signature decides.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that can't be made stops")]

mod support;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use skillgate::jsonld::Contexts;
use skillgate::model::report::CheckStatus;
use skillgate::model::submission::CandidateHint;
use skillgate::sample::{DataIntegrity, Institution, KeyKind};
use skillgate::verify::documents::Documents;
use skillgate::verify::{VerificationRequest, Verifier};
use std::time::Duration;
use support::{cpu_time, four_kilobyte_badge, received};

const RUNS: usize = 5;

fn main() {
    let issued: DateTime<Utc> = "2026-01-05T09:00:00Z".parse().unwrap();
    let institution = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
    let signed = DataIntegrity::assertion(issued).sign(&four_kilobyte_badge(&institution, issued), &institution.key).unwrap();
    let verifier = Verifier::new(Documents::default(), Contexts::built_in());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request =
        VerificationRequest { at: "2026-03-01T12:00:00Z".parse().unwrap(), candidate: CandidateHint::default(), explain: false };
    // From the bytes to the sentence that decides.
    let verdict = |text: &str| match received(text) {
        Err(refused) => {
            format!("not taken in: {}", refused.split("code: ").nth(1).unwrap_or(&refused).chars().take(40).collect::<String>())
        }
        Ok(credential) => {
            let report = runtime.block_on(verifier.verify(&credential, &request)).report;
            let failed = report.checks.iter().find(|check| check.status == CheckStatus::Fail);
            failed.map_or("no check failed".to_owned(), |check| format!("{:?}: {}", check.id, check.code))
        }
    };
    verdict(&signed.to_string());
    println!("{:44}{:>9}{:>12}   verdict", "document", "KB", "CPU ms, max");
    for (name, document) in hostile(&signed) {
        let text = document.to_string();
        let mut worst = Duration::ZERO;
        let mut told = String::new();
        for _ in 0..RUNS {
            let began = cpu_time();
            told = verdict(&text);
            worst = worst.max(cpu_time() - began);
        }
        println!("{name:44}{:>9.1}{:>12.1}   {told}", text.len() as f64 / 1024.0, worst.as_secs_f64() * 1000.0);
    }
}

/// The signed badge, and what was done to it.
fn hostile(signed: &Value) -> Vec<(&'static str, Value)> {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut document = signed.clone();
        change(&mut document);
        document
    };
    let achievement = "/credentialSubject/achievement";
    let evidence = |document: &mut Value, nodes: Vec<Value>| document["evidence"] = Value::Array(nodes);
    vec![
        ("as it was signed", with(&|_| {})),
        (
            "8,000 tags",
            with(&|document| {
                document.pointer_mut(achievement).unwrap()["tag"] =
                    (0..8_000).map(|number| json!(format!("tag {number}"))).collect();
            }),
        ),
        (
            "8,000 equal tags",
            with(&|document| {
                document.pointer_mut(achievement).unwrap()["tag"] = (0..8_000).map(|_| json!("tag")).collect();
            }),
        ),
        (
            "1,000 results",
            with(&|document| {
                let result = document.pointer("/credentialSubject/result/0").cloned().unwrap();
                document["credentialSubject"]["result"] = (0..1_000).map(|_| result.clone()).collect();
            }),
        ),
        (
            "1,000 alignments that differ",
            with(&|document| {
                document.pointer_mut(achievement).unwrap()["alignment"] = (0..1_000)
                .map(|number| json!({"type": ["Alignment"], "targetName": format!("Skill {number}"), "targetUrl": format!("https://example.org/{number}")}))
                .collect();
            }),
        ),
        (
            "900 deep",
            with(&|document| {
                let mut deep = json!({"type": ["Evidence"], "name": "x"});
                for _ in 0..900 {
                    deep = json!({"type": ["Evidence"], "evidence": deep});
                }
                evidence(document, vec![deep]);
            }),
        ),
        (
            "60 deep",
            with(&|document| {
                let mut deep = json!({"type": ["Profile"], "name": "x"});
                for _ in 0..50 {
                    deep = json!({"type": ["Profile"], "parentOrg": deep});
                }
                document.pointer_mut(achievement).unwrap()["creator"] = deep;
            }),
        ),
        ("a clique of 12 blank nodes", with(&|document| relate(document, clique(12)))),
        ("a clique of 40 blank nodes", with(&|document| relate(document, clique(40)))),
        ("300 cycles of 3 blank nodes", with(&|document| relate(document, cycles(300, 3)))),
        ("a cycle of 900 blank nodes", with(&|document| relate(document, cycles(1, 900)))),
        (
            "2,000 equal descriptions of one node",
            with(&|document| evidence(document, (0..2_000).map(|_| described(1)).collect())),
        ),
        ("2,000 descriptions of one node", with(&|document| evidence(document, (0..2_000).map(described).collect()))),
        (
            "256 KB of equal nested evidence",
            with(&|document| {
                let tree = |_: usize| json!({"type": ["Evidence"], "genre": "x"});
                evidence(document, (0..6_000).map(tree).collect());
            }),
        ),
        (
            "4,000 inline contexts",
            with(&|document| {
                let mut contexts = document["@context"].as_array().cloned().unwrap();
                contexts
                    .extend((0..4_000).map(|number| json!({format!("term{number}"): format!("https://example.org/{number}")})));
                document["@context"] = Value::Array(contexts);
            }),
        ),
        (
            "3,000 types of its own vocabulary",
            with(&|document| {
                let words = own_words(3_000, |number| format!("https://example.org/{number}"));
                document["type"].as_array_mut().unwrap().extend(words.as_object().unwrap().keys().map(|word| json!(word)));
                document["@context"].as_array_mut().unwrap().push(words);
            }),
        ),
        (
            "3,000 words that hang on one another",
            with(&|document| {
                let words = own_words(3_000, |number| match number {
                    0 => "https://example.org/".to_owned(),
                    _ => format!("word{}:x", number - 1),
                });
                document["@context"].as_array_mut().unwrap().push(words);
            }),
        ),
        (
            "4,000 contexts inside",
            with(&|document| {
                let context = document["@context"].clone();
                evidence(document, (0..1_500).map(|_| json!({"@context": context, "type": ["Evidence"]})).collect());
            }),
        ),
        (
            "a proof set of 200",
            with(&|document| {
                document["proof"] = (0..200).map(|_| document["proof"].clone()).collect();
            }),
        ),
    ]
}

/// A vocabulary of the document's own.
fn own_words(count: usize, meaning: impl Fn(usize) -> String) -> Value {
    (0..count).map(|number| (format!("word{number}"), json!(meaning(number)))).collect()
}

/// One and the same node, said to be something else each time.
fn described(number: usize) -> Value {
    json!({"id": "urn:example:evidence", "type": ["Evidence"], "name": format!("Piece {number}")})
}

/// Nodes where the format allows any: values of an extension, spelled as an IRI, about the subject.
fn relate(document: &mut Value, nodes: Vec<Value>) {
    document["credentialSubject"]["https://example.org/nodes"] = Value::Array(nodes);
}

/// Blank nodes that all point to each other.
fn clique(size: usize) -> Vec<Value> {
    let node = |from: usize| {
        let others: Vec<Value> = (0..size).filter(|to| *to != from).map(|to| json!({"id": format!("_:n{to}")})).collect();
        json!({"id": format!("_:n{from}"), "https://example.org/knows": others})
    };
    (0..size).map(node).collect()
}

/// Blank nodes in circles that can't be told apart.
fn cycles(count: usize, length: usize) -> Vec<Value> {
    let node = |at: usize| {
        let (circle, place) = (at / length, at % length);
        let next = circle * length + (place + 1) % length;
        json!({"id": format!("_:n{at}"), "https://example.org/next": {"id": format!("_:n{next}")}})
    };
    (0..count * length).map(node).collect()
}
