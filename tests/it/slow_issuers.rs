//! Issuers that are slow or silent: they delay nobody, and what they say later counts.

use crate::support::fake_host::FakeHost;
use crate::support::tokens::{TestKey, badge};
use crate::support::webvh::multikey;
use crate::support::{Answer, Form, TestApp, spawn_app_as};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use skillgate::sample::sign::{KeyKind, SigningKey, vc_jwt};
use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

async fn gateway() -> TestApp {
    spawn_app_as(|settings| settings.verify.offline = false).await
}

/// Takes connections and never says a word.
struct Silent(TcpListener);

impl Silent {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn address(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }
}

fn with_lists(key: &SigningKey, lists: &[String]) -> String {
    let mut credential = badge(&key.did());
    let entry = |list: &String| {
        json!({"id": format!("{list}#9"), "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "9",
            "statusListCredential": list})
    };
    credential["credentialStatus"] = lists.iter().map(entry).collect();
    vc_jwt(&credential, key)
}

fn clear_list(key: &SigningKey, address: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&[0; 16_384]).unwrap();
    let encoded = format!("u{}", URL_SAFE_NO_PAD.encode(encoder.finish().unwrap()));
    let list = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"], "issuer": key.did(), "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": format!("{address}#list"), "type": "BitstringStatusList", "statusPurpose": "revocation",
            "encodedList": encoded}});
    vc_jwt(&list, key)
}

fn status_of(credential: &Value) -> (String, String) {
    let check = credential["report"]["checks"].as_array().unwrap().iter().find(|check| check["id"] == "status").unwrap();
    (check["status"].as_str().unwrap().to_owned(), check["code"].as_str().unwrap().to_owned())
}

fn owed() -> (String, String) {
    ("could_not_check".to_owned(), "status_list_unavailable".to_owned())
}

#[tokio::test]
async fn many_silent_lists_cost_as_much_time_as_one() {
    let app = gateway().await;
    let silent: Vec<Silent> = (0..12).map(|_| Silent::start()).collect();
    let lists: Vec<String> = silent.iter().map(|host| format!("{}/list", host.address())).collect();
    let token = with_lists(&SigningKey::generate(KeyKind::Ed25519), &lists);
    let begun = Instant::now();
    let answer = Answer::of(app.upload(Form::new().file("badge.jwt", token.as_bytes()))).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let credential = answer.json()["files"][0]["credentials"][0].clone();
    assert_eq!((status_of(&credential), credential["outcome"].as_str()), (owed(), Some("attention")), "{credential:#}");
}

#[tokio::test]
async fn many_badges_of_silent_issuers_end_within_one_deadline() {
    let app = gateway().await;
    let silent: Vec<Silent> = (0..15).map(|_| Silent::start()).collect();
    let key = SigningKey::generate(KeyKind::Ed25519);
    let badges = silent.iter().map(|host| with_lists(&key, &[format!("{}/list", host.address())]));
    let form =
        badges.enumerate().fold(Form::new(), |form, (number, badge)| form.file(&format!("{number}.jwt"), badge.as_bytes()));
    let begun = Instant::now();
    let answer = Answer::of(app.upload(form)).await;
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
    assert_eq!(answer.json()["files"].as_array().unwrap().len(), 15);
}

#[tokio::test]
async fn an_answer_that_comes_late_makes_the_verdict_better() {
    let app = gateway().await;
    let host = FakeHost::start().await;
    let key = SigningKey::generate(KeyKind::Ed25519);
    let address = format!("{}/list", host.address);
    host.serve("/list", 503, "text/plain", "busy".to_owned());
    let answer =
        Answer::of(app.upload(Form::new().file("badge.jwt", with_lists(&key, std::slice::from_ref(&address)).as_bytes()))).await;
    let credential = answer.json()["files"][0]["credentials"][0].clone();
    assert_eq!(status_of(&credential), owed());
    let path = format!("/v1/credentials/{}", credential["id"].as_str().unwrap());

    host.forget("/list");
    host.serve("/list", 200, "application/vc+jwt", clear_list(&key, &address));
    assert_eq!(app.app.pipeline.check_due().await.unwrap(), 0, "it is not asked again at once");
    app.clock.set(app.clock.now() + chrono::Duration::seconds(61));
    assert_eq!(app.app.pipeline.check_due().await.unwrap(), 1);
    let after = app.get_json(&path).await;
    assert_eq!(status_of(&after), ("pass".to_owned(), "not_revoked".to_owned()), "{after:#}");
}

#[tokio::test]
async fn credentials_expire_on_time_while_an_issuer_is_silent() {
    let app = gateway().await;
    let silent = Silent::start();
    let key = SigningKey::generate(KeyKind::Ed25519);
    let owed_badge = with_lists(&key, &[format!("{}/list", silent.address())]);
    let mut ending = badge(&key.did());
    ending["id"] = json!("urn:uuid:0b7b5b3e-5a4f-4b1c-9a55-8a5a5f4f2c11");
    ending["validUntil"] = json!("2026-03-01T12:00:30Z");
    let ending = vc_jwt(&ending, &key);
    for (name, token) in [("owed.jwt", owed_badge), ("ending.jwt", ending)] {
        assert_eq!(Answer::of(app.upload(Form::new().file(name, token.as_bytes()))).await.status, 201);
    }
    app.clock.set(app.clock.now() + chrono::Duration::seconds(61));
    let begun = Instant::now();
    let asking = async { (app.app.pipeline.check_due().await.unwrap(), begun.elapsed()) };
    let expiring = async { (app.app.pipeline.expire_ended().await.unwrap(), begun.elapsed()) };
    let ((_, asked_after), (expired, expired_after)) = tokio::join!(asking, expiring);
    assert_eq!(expired, 1);
    assert!(expired_after < asked_after / 2, "{expired_after:?} while the issuer was asked for {asked_after:?}");
}

#[tokio::test]
async fn a_key_that_comes_late_makes_the_whole_report_anew() {
    let app = gateway().await;
    let host = FakeHost::start().await;
    let did = format!("did:web:{}", host.address.replace("http://127.0.0.1:", "localhost%3A"));
    let token = TestKey::ed25519(1).token(json!({"kid": format!("{did}#key-1")}), &badge(&did));
    let answer = Answer::of(app.upload(Form::new().file("badge.jwt", token.as_bytes()))).await;
    let credential = answer.json()["files"][0]["credentials"][0].clone();
    assert_eq!((credential["outcome"].as_str(), credential["normalized"].is_null()), (Some("attention"), true), "{credential:#}");

    let document = json!({"@context": ["https://www.w3.org/ns/did/v1"], "id": did, "assertionMethod": [format!("{did}#key-1")],
        "verificationMethod": [{"id": format!("{did}#key-1"), "type": "Multikey", "controller": did,
            "publicKeyMultibase": multikey(1)}]});
    host.serve("/.well-known/did.json", 200, "application/did+json", document.to_string());
    app.clock.set(app.clock.now() + chrono::Duration::seconds(61));
    assert_eq!(app.app.pipeline.check_due().await.unwrap(), 1);
    let after = app.get_json(&format!("/v1/credentials/{}", credential["id"].as_str().unwrap())).await;
    let proof = after["report"]["checks"].as_array().unwrap().iter().find(|check| check["id"] == "proof").unwrap().clone();
    assert_eq!(proof["status"], "pass", "{after:#}");
    assert!(!after["normalized"].is_null());
}
