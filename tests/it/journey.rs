//! The main job from end to end: a badge comes in, a signed skill event arrives at an employer system.

use crate::support::receiver::Receiver;
use crate::support::{Answer, Form, spawn_app};
use serde_json::{Value, json};
use skillgate::app::App;
use skillgate::config::{self, Settings};
use skillgate::model::account::AuditFilter;
use skillgate::model::clock::Clock;
use skillgate::model::connection::{Carries, Connection, ConnectionState, Secrets, default_outcomes};
use skillgate::model::ids::{ConnectionId, TenantId};
use skillgate::model::report::Outcome;
use skillgate::model::secret::Secret;
use skillgate::model::submission::{CandidateHint, Channel, Submission, UploadedFile};
use skillgate::pipeline::Delivered;
use skillgate::sample::{SampleFile, files};
use skillgate::verify::PresentationRequest;
use std::collections::HashMap;
use std::path::Path;

const NOW: &str = "2026-03-01T12:00:00Z";
const SIGNING_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

fn clock() -> Clock {
    Clock::fixed(NOW.parse().unwrap())
}

fn samples() -> Vec<SampleFile> {
    files(clock().now()).unwrap()
}

/// The gateway's settings on an empty folder that holds the samples; database and queue as the environment of the test run says.
fn settings(folder: &Path, samples: &[SampleFile]) -> Settings {
    for sample in samples {
        std::fs::write(folder.join(sample.name), &sample.bytes).unwrap();
    }
    let at = |name: &str| folder.join(name).display().to_string();
    let flags = [
        ("database.url", format!("sqlite://{}", at("journey.sqlite"))),
        ("security.master_key_file", at("master.key")),
        ("delivery.files_dir", at("files")),
        ("verify.documents_file", at("documents.json")),
        ("verify.policy_file", at("policy.toml")),
        ("verify.offline", "true".to_owned()),
    ];
    let flags = flags.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let environment = HashMap::from([("SKILLGATE_HTTP_CLIENT__ALLOW_PRIVATE".to_owned(), "127.0.0.0/8".to_owned())]);
    config::load(None, environment, &flags).unwrap()
}

async fn connect_webhook(app: &App, url: &str) {
    connect_webhook_taking(app, url, default_outcomes()).await;
}

async fn connect_webhook_taking(app: &App, url: &str, outcomes: Vec<Outcome>) {
    let now = app.clock.now();
    let connection = Connection {
        id: ConnectionId::generate(),
        tenant_id: TenantId::from("default"),
        connector: "webhook".to_owned(),
        name: "receiver".to_owned(),
        fields: json!({ "url": url }).as_object().cloned().unwrap(),
        mapping: serde_json::Map::new(),
        event_types: Vec::new(),
        outcomes,
        carries: Carries::default(),
        state: ConnectionState::Active,
        paused_reason: None,
        secrets_set: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    let secrets = Secrets::from([("signing_secret".to_owned(), Secret::new(SIGNING_SECRET))]);
    app.store.create_connection(&connection, &secrets).await.unwrap();
}

async fn upload(app: &App, samples: &[SampleFile], name: &str, email: Option<&str>) -> Submission {
    upload_for(app, "default", samples, name, email).await
}

async fn upload_for(app: &App, tenant: &str, samples: &[SampleFile], name: &str, email: Option<&str>) -> Submission {
    let sample = samples.iter().find(|sample| sample.name == name).unwrap();
    let file = UploadedFile { name: Some(name.to_owned()), media_type: None, bytes: sample.bytes.clone().into() };
    let candidate = CandidateHint { emails: email.map(str::to_owned).into_iter().collect(), ..CandidateHint::default() };
    let delivered = Delivered {
        tenant_id: TenantId::from(tenant),
        channel: Channel::Upload,
        candidate,
        files: vec![file],
        people: Vec::new(),
        expected: PresentationRequest::default(),
        idempotency_key: None,
    };
    app.pipeline.accept(delivered).await.unwrap()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["type"].as_str()).map(|name| name.trim_start_matches("org.skillgate.")).collect()
}

#[tokio::test]
async fn a_badge_becomes_signed_skill_events_at_the_employers_receiver() {
    let (folder, samples) = (tempfile::tempdir().unwrap(), samples());
    let receiver = Receiver::start(SIGNING_SECRET).await;
    let app = App::build(settings(folder.path(), &samples), clock()).await.unwrap();
    connect_webhook(&app, &receiver.url).await;

    let submission = upload(&app, &samples, "valid.png", Some("ada@example.org")).await;
    assert_eq!(submission.outcome, Some(Outcome::Accepted), "{submission:#?}");
    app.drain().await.unwrap();

    let events = receiver.genuine();
    assert_eq!(receiver.forged(), 0);
    assert_eq!(types(&events)[0], "credential.verified.v1");
    let skills: Vec<&str> = events.iter().filter_map(|event| event.pointer("/data/assertion/label/text")?.as_str()).collect();
    assert!(skills.contains(&"SQL") && skills.contains(&"Python"), "{skills:?}");
    let text = serde_json::to_string(&events).unwrap();
    assert!(!text.contains("ada@example.org"), "events are pseudonymous");

    upload(&app, &samples, "valid.png", Some("ada@example.org")).await;
    app.drain().await.unwrap();
    assert_eq!(receiver.genuine().len(), events.len(), "the same bytes twice make no second event");
}

#[tokio::test]
async fn bad_badges_are_rejected_with_their_reason_and_send_no_skill() {
    let (folder, samples) = (tempfile::tempdir().unwrap(), samples());
    let receiver = Receiver::start(SIGNING_SECRET).await;
    let app = App::build(settings(folder.path(), &samples), clock()).await.unwrap();
    connect_webhook(&app, &receiver.url).await;

    for (name, check) in
        [("expired.json", "validity"), ("not-yet-valid.json", "validity"), ("revoked.json", "status"), ("tampered.json", "proof")]
    {
        let submission = upload(&app, &samples, name, None).await;
        assert_eq!(submission.outcome, Some(Outcome::Rejected), "{name}");
        let credential = &submission.files[0].credentials[0];
        let decided = credential.report.deciding_check().unwrap();
        assert_eq!(serde_json::to_value(decided.id).unwrap(), json!(check), "{name}: {decided:?}");
        assert!(credential.normalized.is_none(), "{name}: nothing of it is shown");
    }
    app.drain().await.unwrap();
    let events = receiver.genuine();
    assert_eq!(types(&events), ["credential.rejected.v1"; 4]);
    assert!(!serde_json::to_string(&events).unwrap().contains("Leading Data Teams"));
}

#[tokio::test]
async fn a_receiver_that_was_away_gets_every_event_once_it_is_back() {
    let (folder, samples) = (tempfile::tempdir().unwrap(), samples());
    let receiver = Receiver::start(SIGNING_SECRET).await;
    let clock = clock();
    let app = App::build(settings(folder.path(), &samples), clock.clone()).await.unwrap();
    connect_webhook(&app, &receiver.url).await;

    receiver.be_away(true);
    upload(&app, &samples, "valid.json", None).await;
    app.drain().await.unwrap();
    assert!(receiver.genuine().is_empty());

    receiver.be_away(false);
    drop(app);
    clock.set(clock.now() + chrono::Duration::minutes(10));
    let app = App::build(settings(folder.path(), &samples), clock.clone()).await.unwrap();
    app.drain().await.unwrap();
    assert_eq!(types(&receiver.genuine())[0], "credential.verified.v1", "a new process delivers what the old one could not");
}

#[tokio::test]
async fn a_receiver_of_accepted_badges_follows_a_trust_policy_that_changes() {
    let (folder, samples) = (tempfile::tempdir().unwrap(), samples());
    let receiver = Receiver::start(SIGNING_SECRET).await;
    let trusting = settings(folder.path(), &samples);
    let wary = || {
        let mut settings = trusting.clone();
        settings.verify.policy_file = Default::default();
        settings
    };
    let clock = clock();
    let app = App::build(wary(), clock.clone()).await.unwrap();
    connect_webhook_taking(&app, &receiver.url, vec![Outcome::Accepted]).await;
    let mut seen = 0;
    let steps = [
        (wary(), Outcome::Attention, None),
        (trusting.clone(), Outcome::Accepted, Some(("credential.verified.v1", "skill.asserted.v1"))),
        (wary(), Outcome::Attention, Some(("credential.attention.v1", "skill.withdrawn.v1"))),
    ];
    drop(app);
    for (settings, outcome, news) in steps {
        let app = App::build(settings, clock.clone()).await.unwrap();
        let submission = upload(&app, &samples, "valid.png", Some("ada@example.org")).await;
        assert_eq!(submission.outcome, Some(outcome));
        app.drain().await.unwrap();
        let events = receiver.genuine();
        let mut told = types(&events[seen..]);
        told.sort_unstable();
        let expected = news.map(|(credential, skill)| [&[credential][..], &[skill; 4]].concat()).unwrap_or_default();
        assert_eq!(told, expected, "{outcome:?}");
        seen = events.len();
    }
}

#[tokio::test]
async fn a_tenant_with_a_policy_of_its_own_is_judged_under_that() {
    let (folder, samples) = (tempfile::tempdir().unwrap(), samples());
    let policies = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path(), &samples);
    std::fs::copy(folder.path().join("policy.toml"), policies.path().join("acme.toml")).unwrap();
    std::fs::write(policies.path().join("README.txt"), "not a policy").unwrap();
    settings.verify.policy_file = Default::default();
    settings.verify.policy_folder = policies.path().to_owned();
    let app = App::build(settings.clone(), clock()).await.unwrap();
    for (tenant, outcome, policy) in [
        ("acme", Outcome::Accepted, "samples 1"),
        ("default", Outcome::Attention, "built-in"),
        ("other", Outcome::Attention, "built-in"),
    ] {
        let is_new = app.store.create_tenant(&TenantId::from(tenant), app.clock.now()).await.unwrap();
        assert_eq!(is_new, tenant != "default");
        let submission = upload_for(&app, tenant, &samples, "valid.png", Some("ada@example.org")).await;
        assert_eq!(submission.outcome, Some(outcome), "{tenant}");
        let report = serde_json::to_value(&submission.files[0]).unwrap()["credentials"][0]["report"].clone();
        assert_eq!(report["policy"]["name"], policy, "{tenant}: {report:#}");
    }
    std::fs::write(policies.path().join("broken.toml"), "name = 5").unwrap();
    let error = App::build(settings, clock()).await.err().unwrap().to_string();
    assert!(error.contains("broken.toml"), "{error}");
}

#[tokio::test]
async fn an_upload_over_http_becomes_signed_events_at_a_receiver_that_was_connected_over_http() {
    let (app, receiver) = (spawn_app().await, Receiver::start(SIGNING_SECRET).await);
    let connection = json!({"connector": "webhook", "name": "receiver", "fields": {"url": receiver.url},
        "secrets": {"signing_secret": SIGNING_SECRET}});
    let connected = Answer::of(app.request("POST", "/v1/connections").json(&connection)).await;
    assert_eq!(connected.status, 201, "{}", connected.text);
    let tested = Answer::of(app.request("POST", &format!("{}/test", connected.header("location")))).await;
    assert_eq!(tested.json()["ok"], true, "{}", tested.text);

    let samples = samples();
    let badge = &samples.iter().find(|sample| sample.name == "valid.png").unwrap().bytes;
    let uploaded = Answer::of(app.upload(Form::new().file("valid.png", badge).text("candidate_email", "ada@example.org"))).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text);
    // A broker may hand over a later event about the person first: that one then waits a second for the earlier.
    for _ in 0..10 {
        app.drain().await;
        app.clock.set(app.clock.now() + chrono::Duration::seconds(2));
    }

    let mut events = receiver.genuine();
    assert_eq!(receiver.forged(), 0);
    assert_eq!(events.remove(0)["type"], "org.skillgate.connection.test.v1", "a connection's test says what it is");
    assert_eq!(
        types(&events),
        ["credential.attention.v1", "skill.asserted.v1", "skill.asserted.v1", "skill.asserted.v1", "skill.asserted.v1"]
    );
    assert_eq!(events[0]["partitionkey"], uploaded.json()["candidate_ref"]);
    let deliveries = app.get_json("/v1/deliveries?state=delivered").await;
    assert_eq!(deliveries["items"].as_array().unwrap().len(), events.len(), "{deliveries:#}");
}

#[tokio::test]
async fn a_connection_carries_the_number_and_the_address_of_a_person_only_when_it_is_set_up_so() {
    let (app, receiver, plain) =
        (spawn_app().await, Receiver::start(SIGNING_SECRET).await, Receiver::start(SIGNING_SECRET).await);
    let connection = |name: &str, url: &str, carries: Value| {
        json!({"connector": "webhook", "name": name, "fields": {"url": url}, "carries": carries,
            "secrets": {"signing_secret": SIGNING_SECRET}})
    };
    let without_purpose = connection("r", &receiver.url, json!({"email": true}));
    let refused = Answer::of(app.request("POST", "/v1/connections").json(&without_purpose)).await;
    assert_eq!((refused.status, refused.text.contains("needs a purpose")), (422, true), "{}", refused.text);
    for (name, url, carries) in [
        ("carrying", &receiver.url, json!({"ats_id": true, "email": true, "purpose": "Skills into the HR system"})),
        ("plain", &plain.url, json!({})),
    ] {
        let made = Answer::of(app.request("POST", "/v1/connections").json(&connection(name, url, carries))).await;
        assert_eq!(made.status, 201, "{}", made.text);
        crate::openapi::assert_described("POST", "/v1/connections", &made);
    }
    let samples = samples();
    let file = |name: &str| samples.iter().find(|sample| sample.name == name).unwrap().bytes.clone();
    let by_number = Form::new().file("a.png", &file("valid.png")).text("candidate_ats_id", "app-4711");
    let by_number = by_number.text("candidate_email", "ada@example.org");
    let first = Answer::of(app.upload(by_number)).await.json();
    let again = Form::new().file("b.json", &file("expired.json")).text("candidate_ats_id", "app-4711");
    let again = Answer::of(app.upload(again)).await.json();
    assert_eq!(again["candidate_ref"], first["candidate_ref"], "the number finds the person");
    for _ in 0..10 {
        app.drain().await;
        app.clock.set(app.clock.now() + chrono::Duration::seconds(2));
    }
    let told = receiver.genuine();
    assert!(!told.is_empty());
    for event in &told {
        assert_eq!(event["data"]["person"], json!({"ats_id": "app-4711", "email": "ada@example.org"}), "{event:#}");
        assert_eq!(event["privacymode"], "identified");
    }
    let unnamed = plain.genuine();
    assert_eq!(unnamed.len(), told.len());
    assert!(unnamed.iter().all(|event| !event.to_string().contains("ada@") && !event.to_string().contains("4711")));
    let stored = Answer::of(app.request("GET", "/v1/events?limit=500")).await;
    assert!(!stored.text.contains("4711"), "what is stored names nobody");

    let path = format!("/v1/candidates/{}", first["candidate_ref"].as_str().unwrap());
    let shown = app.get_json(&path).await;
    assert_eq!(shown["ats_id"], "app-4711");
    assert!(!shown.to_string().contains("ada@example.org"));
    let whole = Answer::of(app.request("GET", &format!("{path}?include=identity"))).await;
    crate::openapi::assert_described("GET", "/v1/candidates/{ref}", &whole);
    assert_eq!(whole.json()["identity"]["emails"], json!(["ada@example.org"]));
    let tenant = TenantId::from("default");
    let audit = app.app.store.list_audit(&tenant, &AuditFilter::default(), None, 10).await.unwrap();
    assert_eq!(audit[0].action, "candidate.identity");
}

#[tokio::test]
async fn an_event_that_a_receiver_never_takes_ends_as_a_dead_letter_that_can_be_sent_again() {
    let (app, receiver) = (spawn_app().await, Receiver::start(SIGNING_SECRET).await);
    let connection = json!({"connector": "webhook", "name": "receiver", "fields": {"url": receiver.url},
        "event_types": ["org.skillgate.credential.rejected.v1"], "secrets": {"signing_secret": "whsec_d3JvbmcgLSB3cm9uZyAtIHdyb25nIC0gd3Jvbmc="}});
    let connected = Answer::of(app.request("POST", "/v1/connections").json(&connection)).await;
    assert_eq!(connected.status, 201, "{}", connected.text);
    let samples = samples();
    let badge = &samples.iter().find(|sample| sample.name == "tampered.json").unwrap().bytes;
    let uploaded = Answer::of(app.upload(Form::new().file("tampered.json", badge))).await;
    assert_eq!(uploaded.json()["outcome"], "rejected", "{}", uploaded.text);

    app.expect_dead_letters();
    let dead = async || app.get_json("/v1/deliveries?state=dead").await["items"].as_array().unwrap().clone();
    for attempt in 0.. {
        app.drain().await;
        if !dead().await.is_empty() {
            break;
        }
        assert!(attempt < 20, "it is given up at some time");
        app.clock.set(app.clock.now() + chrono::Duration::hours(12));
    }
    assert!(receiver.forged() > 1 && receiver.genuine().is_empty());
    let path = format!("/v1/deliveries/{}/replay", dead().await[0]["id"].as_str().unwrap());
    assert_eq!(Answer::of(app.request("POST", &path)).await.status, 202);
    assert!(dead().await.is_empty());
}
