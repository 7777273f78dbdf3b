//! The embedded manifests: their cases, and each platform end to end against a host that stands for it.
//! Comes in: channels/*/cases.yaml. Goes out: nothing.

use crate::support::fake_host::FakeHost;
use crate::support::{Answer, TestApp, spawn_app_as};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use skillgate::protocol::push::event::first;
use skillgate::protocol::push::{BadgeSource, PushEvent, Received, Registry};
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const NOW: i64 = 1_772_366_400;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    secret: String,
    body: String,
    sign: String,
    details: Option<String>,
    events: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    kind: String,
    details_url: Option<String>,
    url: Option<String>,
    credential_id: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("channels")
}

/// Headers as the platform sends them, and the secret at the end of the address.
fn proof(sign: &str, secret: &str, body: &[u8], at: i64) -> (BTreeMap<&'static str, String>, Option<String>) {
    match sign {
        "standard-webhooks" => {
            let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
            let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
            mac.update(&[format!("msg_1.{at}.").as_bytes(), body].concat());
            let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
            let headers =
                [("webhook-id", "msg_1".to_owned()), ("webhook-timestamp", at.to_string()), ("webhook-signature", signature)];
            (headers.into(), None)
        }
        "bearer" => ([("authorization", format!("Bearer {secret}"))].into(), None),
        "address" => (BTreeMap::new(), Some(secret.to_owned())),
        other => panic!("no such way to sign: {other}"),
    }
}

#[test]
fn every_manifest_reads_its_cases_and_refuses_them_with_another_secret() {
    let registry = Registry::load(Path::new("")).unwrap();
    let folders: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(folders, registry.iter().map(|manifest| manifest.channel.clone()).collect());
    let now = chrono::DateTime::from_timestamp(NOW, 0).unwrap();
    for manifest in registry.iter() {
        let place = folder().join(&manifest.channel);
        let cases: Vec<Case> = serde_saphyr::from_str(&std::fs::read_to_string(place.join("cases.yaml")).unwrap()).unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let told = format!("{}: {}", manifest.channel, case.name);
            let body = std::fs::read(place.join(&case.body)).unwrap();
            let (headers, key) = proof(&case.sign, &case.secret, &body, NOW);
            let find = |name: &str| headers.get(name).cloned();
            let received = Received { headers: &find, body: &body, address_key: key.as_deref() };
            manifest.verify.check_secret(&case.secret).unwrap();
            assert!(manifest.verify.holds(&received, &case.secret, now), "{told}");
            assert!(!manifest.verify.holds(&received, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", now), "{told}");
            assert!(!manifest.verify.holds(&Received { headers: &|_| None, body: &body, address_key: None }, &case.secret, now));
            let events = PushEvent::read(manifest, &received, serde_json::from_slice(&body).unwrap()).unwrap();
            let events: Vec<PushEvent> = events.into_iter().flatten().collect();
            assert_eq!(events.len(), case.events.len(), "{told}");
            assert_eq!(events.iter().map(|event| &event.key).collect::<BTreeSet<_>>().len(), events.len(), "{told}");
            let details: Option<Value> =
                case.details.map(|file| serde_json::from_slice(&std::fs::read(place.join(file)).unwrap()).unwrap());
            for (event, expected) in events.iter().zip(case.events) {
                assert_eq!(serde_json::to_value(event.kind).unwrap(), expected.kind, "{told}");
                assert_eq!(event.details_url(manifest, &received).unwrap(), expected.details_url, "{told}");
                let known = details.as_ref().unwrap_or(&event.content);
                match PushEvent::badge(manifest, &received, known).unwrap() {
                    BadgeSource::Link(link) => assert_eq!(Some(link), expected.url, "{told}"),
                    BadgeSource::Document(text) => {
                        let document: Value = serde_json::from_str(&text).unwrap();
                        assert_eq!(document["id"].as_str(), expected.credential_id.as_deref(), "{told}");
                    }
                }
                let email = first(&manifest.candidate.email, &received, known).filter(|text| text.contains('@'));
                assert_eq!(email, expected.email, "{told}");
                assert_eq!(first(&manifest.candidate.name, &received, known), expected.name, "{told}");
            }
        }
    }
}

/// A gateway on whose manifests the platforms' hosts are one host of the test's own.
async fn gateway(host: &FakeHost) -> (TestApp, tempfile::TempDir) {
    let moved = tempfile::tempdir().unwrap();
    for name in ["credly", "accredible", "canvas-credentials"] {
        let text = std::fs::read_to_string(folder().join(name).join("manifest.yaml")).unwrap();
        let text = text.replace("https://api.credly.com", &host.address).replace("https://www.credly.com", &host.address);
        let text = text.replace("https://api.accredible.com", &host.address);
        std::fs::create_dir(moved.path().join(name)).unwrap();
        std::fs::write(moved.path().join(name).join("manifest.yaml"), text).unwrap();
    }
    let (address, folder) = (host.address.clone(), moved.path().to_owned());
    let app = spawn_app_as(|settings| {
        settings.channels.link_hosts = vec![address];
        settings.channels.push_dir = folder;
    })
    .await;
    (app, moved)
}

fn badge(app: &TestApp) -> String {
    let school = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
    let at = app.clock.now() - chrono::Duration::days(3);
    DataIntegrity::assertion(at).sign(&Badge::new("ada@example.org", at).unsigned(&school), &school.key).unwrap().to_string()
}

async fn subscribe(app: &TestApp, body: Value) -> (String, String) {
    let answer = Answer::of(app.request("POST", "/v1/push-subscriptions").json(&body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let made = answer.json();
    let path = made["address"].as_str().unwrap().trim_start_matches(&app.address).to_owned();
    (path, made["secret"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn credly_is_asked_about_its_event_with_the_subscription_s_token_and_nobody_else_is() {
    let host = FakeHost::start().await;
    let (app, _moved) = gateway(&host).await;
    let (path, secret) = subscribe(&app, json!({"channel": "credly", "token": "org-token"})).await;
    let body = std::fs::read_to_string(folder().join("credly/fixtures/created.json")).unwrap();
    let details = std::fs::read_to_string(folder().join("credly/fixtures/created.details.json")).unwrap();
    let send = async |path: &str| {
        Answer::of(app.stranger("POST", path).header("content-type", "application/json").body(body.clone())).await
    };
    let without = path.trim_end_matches(&format!("/{secret}")).to_owned();
    for wrong in [without.clone(), format!("{without}/{}", "0".repeat(64)), path[..path.len() - 1].to_owned()] {
        assert_eq!(send(&wrong).await.status, 401, "{wrong}");
    }
    assert!(host.requests().is_empty());

    let events = "/v1/organizations/b3c1e6b2-7d55-4a38-8d0f-2f6d1c9a7e20/events/5b0fd9d1-6b1a-4c6e-9f0d-0a4f6f0e5a11";
    host.serve(events, 401, "application/json", "{}".to_owned());
    host.serve(events, 500, "text/html", "oops".to_owned());
    host.serve(events, 200, "text/html", "<html>".to_owned());
    host.serve(events, 200, "application/json", details);
    for (status, code) in [(422, "token_refused"), (503, ""), (422, "details_unreadable")] {
        let answer = send(&path).await;
        let told = answer.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, told.as_str()), (status, code), "{answer:?}");
        assert!(!answer.text.contains("org-token"));
    }
    host.serve("/badges/0f6e2c1a-7d1b-4a3e-9c55-2b0a4f6d8e11", 200, "application/json", badge(&app));
    let answer = send(&path).await;
    assert_eq!((answer.status, answer.json()["accepted"].as_u64()), (200, Some(1)), "{answer:?}");
    assert_eq!(send(&path).await.json()["known"], 1);
    app.drain().await;
    let taken = app.get_json("/v1/submissions").await["items"][0].clone();
    assert_eq!((taken["channel"].as_str(), taken["outcome"].as_str()), (Some("push"), Some("attention")), "{taken:#}");
    for asked in host.requests() {
        let expected = if asked.path.starts_with("/v1/organizations") { "Basic b3JnLXRva2VuOg==" } else { "" };
        assert_eq!(asked.authorization, expected, "{asked:?}");
    }
}

#[tokio::test]
async fn accredible_s_credential_object_leads_to_its_assertion() {
    let host = FakeHost::start().await;
    let (app, _moved) = gateway(&host).await;
    let (path, _) = subscribe(&app, json!({"channel": "accredible"})).await;
    host.serve("/v1/obi/badge_assertions/akobz1", 200, "application/json", badge(&app));
    let body = std::fs::read_to_string(folder().join("accredible/fixtures/created.json")).unwrap();
    let answer = Answer::of(app.stranger("POST", &path).body(body)).await;
    assert_eq!((answer.status, answer.json()["accepted"].as_u64()), (200, Some(1)), "{answer:?}");
    let hostile = std::fs::read_to_string(folder().join("accredible/fixtures/updated.json")).unwrap();
    let answer = Answer::of(app.stranger("POST", &path).body(hostile)).await;
    assert_eq!((answer.status, answer.json()["ignored"].as_u64()), (200, Some(1)), "there is no such badge: {answer:?}");
    let asked: Vec<String> = host.requests().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked[0], "/v1/obi/badge_assertions/akobz1");
    assert!(asked.iter().all(|path| path.starts_with("/v1/obi/badge_assertions/")), "{asked:?}");
    app.drain().await;
}

#[tokio::test]
async fn a_caliper_message_brings_every_badge_that_it_names() {
    let host = FakeHost::start().await;
    let (app, _moved) = gateway(&host).await;
    let (path, secret) = subscribe(&app, json!({"channel": "canvas-credentials"})).await;
    let body = std::fs::read_to_string(folder().join("canvas-credentials/fixtures/envelope.json")).unwrap();
    let body = body.replace("https://api.badgr.io/public", &format!("{}/public", host.address));
    host.serve("/public/assertions/abcDEF_-12", 200, "application/json", badge(&app));
    let send = async |secret: &str| Answer::of(app.stranger("POST", &path).bearer_auth(secret).body(body.clone())).await;
    assert_eq!(send("0".repeat(64).as_str()).await.status, 401);
    assert_eq!(send(&secret).await.json(), json!({"accepted": 1, "known": 0, "ignored": 2}));
    assert_eq!(send(&secret).await.json(), json!({"accepted": 0, "known": 2, "ignored": 1}));
    let many =
        json!({"data": vec![json!({"action": "Issued", "object": {"id": "https://api.badgr.io/public/assertions/x"}}); 51]});
    let answer = Answer::of(app.stranger("POST", &path).bearer_auth(&secret).json(&many)).await;
    assert_eq!((answer.status, answer.problem().as_str()), (422, "push_unusable"));
    app.drain().await;
}
