//! Applications of the employer's own system: read once, verified like uploads, the verdict goes back to the same person.
//! Comes in: a system with applications and a store of files, both of the test's own. Goes out: nothing.

use crate::openapi::assert_described;
use crate::support::fake_host::FakeHost;
use crate::support::{Answer, TestApp, spawn_app_as};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use skillgate::model::ids::{CandidateRef, ConnectionId, TenantId};
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind};

const TOKEN: &str = "invented-token-of-the-system";
const SECRET: &str = "invented-secret-of-requests";

/// A gateway with a connection to a system that reads its applications.
struct Bench {
    app: TestApp,
    system: FakeHost,
    store: FakeHost,
    connection: String,
}

async fn bench() -> Bench {
    bench_with(2_000).await
}

async fn bench_with(per_day: u32) -> Bench {
    let (system, store) = (FakeHost::start().await, FakeHost::start().await);
    let host = store.address.clone();
    let app = spawn_app_as(|settings| {
        settings.channels.applications_per_day = per_day;
        settings.channels.link_hosts = vec![host];
    })
    .await;
    let body = json!({"connector": "applications", "name": "Our applicants", "fields": {"url": system.address, "store": store.address},
        "secrets": {"token": TOKEN, "webhook_secret": SECRET}});
    let answer = Answer::of(app.request("POST", "/v1/connections").json(&body)).await;
    assert_described("POST", "/v1/connections", &answer);
    assert_eq!(answer.status, 201, "{answer:?}");
    let connection = answer.json()["id"].as_str().unwrap().to_owned();
    Bench { app, system, store, connection }
}

impl Bench {
    fn badge(&self, email: &str) -> String {
        let at = self.app.clock.now() - chrono::Duration::days(3);
        let school = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
        DataIntegrity::assertion(at).sign(&Badge::new(email, at).unsigned(&school), &school.key).unwrap().to_string()
    }

    /// The list that each poll gets.
    fn listed(&self, ids: &[u32]) {
        let rows: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
        self.system.forget("/applications");
        self.system.serve("/applications", 200, "application/json", json!(rows).to_string());
    }

    fn application(&self, id: u32, whole: &Value) {
        self.system.serve(&format!("/applications/{id}"), 200, "application/json", whole.to_string());
    }

    /// An application of Ada with one file in the store of files.
    fn with_file(&self, id: u32, content: String) {
        let path = format!("/files/{id}");
        self.store.serve(&path, 200, "application/octet-stream", content);
        let file = json!({"id": format!("f-{id}"), "name": "badge.json", "url": format!("{}{path}?sig=1", self.store.address)});
        self.application(
            id,
            &json!({"id": id, "name": "Ada Example", "email": "ada@example.org", "person": "p-1", "files": [file]}),
        );
    }

    async fn look(&self) -> usize {
        let taken = self.app.app.applications.tick().await.unwrap();
        self.app.drain().await;
        taken
    }

    /// Later, so that the next poll is due.
    async fn look_later(&self, minutes: i64) -> usize {
        self.app.clock.set(self.app.clock.now() + chrono::Duration::minutes(minutes));
        self.look().await
    }

    async fn intake(&self) -> Value {
        let answer = Answer::of(self.app.request("GET", &format!("/v1/connections/{}", self.connection))).await;
        assert_described("GET", "/v1/connections/{id}", &answer);
        answer.json()["intake"].clone()
    }

    async fn applications(&self, query: &str) -> Vec<Value> {
        let path = format!("/v1/connections/{}/applications{query}", self.connection);
        let answer = Answer::of(self.app.request("GET", &path)).await;
        assert_described("GET", "/v1/connections/{id}/applications", &answer);
        answer.json()["items"].as_array().unwrap().clone()
    }

    async fn count(&self, path: &str) -> usize {
        self.app.get_json(path).await["items"].as_array().unwrap().len()
    }

    fn asked(&self, path: &str) -> usize {
        self.system.requests().iter().filter(|asked| asked.path.split('?').next() == Some(path)).count()
    }
}

#[tokio::test]
async fn a_badge_in_an_application_is_verified_and_the_verdict_goes_to_the_applicant_without_a_search() {
    let bench = bench().await;
    bench.listed(&[7]);
    bench.with_file(7, bench.badge("ada@example.org"));
    bench.system.serve("/people/p-1/notes", 200, "application/json", "{}".to_owned());
    assert_eq!(bench.look().await, 1);
    assert_eq!((bench.asked("/people/p-1/notes"), bench.asked("/people")), (1, 0));
    let submission = bench.app.get_json("/v1/submissions").await["items"][0].clone();
    assert_eq!(submission["channel"], "ats");
    let (of_system, of_store) = (bench.system.requests(), bench.store.requests());
    assert!(of_system.iter().all(|asked| asked.authorization == format!("Bearer {TOKEN}")), "{of_system:?}");
    assert!(of_store.iter().all(|asked| asked.authorization.is_empty()), "credentials went to the store of files: {of_store:?}");

    let intake = bench.intake().await;
    assert_eq!(
        (&intake["read"], &intake["waiting"], &intake["applications_today"]),
        (&json!(1), &json!(0), &json!(1)),
        "{intake}"
    );
    assert!(intake["bytes_today"].as_u64().unwrap() > 500 && intake["last_poll_at"].is_string(), "{intake}");
    let known = bench.applications("").await;
    assert_eq!((&known[0]["state"], &known[0]["submission_id"]), (&json!("read"), &submission["id"]));
    assert!(known[0].get("application").is_none(), "only the hash of the identifiers stays: {known:?}");
}

#[tokio::test]
async fn an_application_is_read_once_although_the_system_lists_and_tells_of_it_again() {
    let bench = bench().await;
    bench.listed(&[7]);
    bench.with_file(7, bench.badge("ada@example.org"));
    bench.system.serve("/people/p-1/notes", 200, "application/json", "{}".to_owned());
    assert_eq!(bench.look().await, 1);
    assert_eq!(bench.look().await, 0, "the next poll is not due");
    assert_eq!(bench.asked("/applications"), 1);
    assert_eq!(bench.look_later(6).await, 0);
    let polls: Vec<String> =
        bench.system.requests().into_iter().map(|asked| asked.path).filter(|path| path.starts_with("/applications?")).collect();
    assert_eq!(polls, ["/applications?after=0", "/applications?after=7"], "the cursor is kept");
    tell(&bench, br#"{"application": 7}"#, SECRET, 200).await;
    assert_eq!(bench.look().await, 0);
    assert_eq!((bench.asked("/applications/7"), bench.count("/v1/submissions").await), (1, 1));
}

/// Sends a request of the system, and wants this status.
async fn tell(bench: &Bench, body: &[u8], secret: &str, status: u16) -> Answer {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let path = format!("/v1/applications/{}", bench.connection);
    let request = bench.app.stranger("POST", &path).header("content-type", "application/json").header("x-signature", signature);
    let answer = Answer::of(request.body(body.to_vec())).await;
    assert_described("POST", "/v1/applications/{id}", &answer);
    assert_eq!(answer.status, status, "{answer:?}");
    answer
}

#[tokio::test]
async fn only_a_signed_request_of_the_system_makes_an_application_known() {
    let bench = bench().await;
    bench.listed(&[]);
    bench.with_file(7, bench.badge("ada@example.org"));
    bench.system.serve("/people/p-1/notes", 200, "application/json", "{}".to_owned());
    tell(&bench, br#"{"application": 7}"#, "another-secret-of-requests", 401).await;
    tell(&bench, br#"{"application": 7"#, SECRET, 400).await;
    let unknown = Answer::of(bench.app.stranger("POST", "/v1/applications/nobody").body("{}")).await;
    assert_eq!(unknown.status, 401, "an unknown connection looks like a wrong signature");
    assert_eq!(bench.applications("").await.len(), 0);
    assert_eq!(tell(&bench, br#"{"application": 7}"#, SECRET, 200).await.json(), json!({"new": 1}));
    assert_eq!(bench.intake().await["address"], format!("{}/v1/applications/{}", bench.app.address, bench.connection));
    assert_eq!(bench.look().await, 1);
    // A paused connection hears nothing.
    let paused = Answer::of(bench.app.request("POST", &format!("/v1/connections/{}/pause", bench.connection))).await;
    assert_eq!(paused.status, 200);
    tell(&bench, br#"{"application": 8}"#, SECRET, 401).await;
}

#[tokio::test]
async fn of_an_application_without_a_credential_nothing_is_stored() {
    let bench = bench().await;
    bench.listed(&[7]);
    bench.with_file(7, "Dear Sir or Madam, I apply for the post.".to_owned());
    assert_eq!(bench.look().await, 0);
    assert_eq!(bench.count("/v1/submissions").await, 0);
    let known = bench.applications("?state=read").await;
    assert_eq!((known.len(), &known[0]["reason"]), (1, &json!("no_credential")));
    let found = bench.app.app.store.linked_candidate((&tenant(), &bench.id()), "p-1").await.unwrap();
    assert_eq!(found, None, "nobody is made for it");
}

#[tokio::test]
async fn a_link_in_an_application_is_followed_if_the_table_of_platforms_knows_it() {
    let bench = bench().await;
    bench.listed(&[7]);
    bench.store.serve("/badges/1", 200, "application/json", bench.badge("ada@example.org"));
    let text = format!(
        "<p>My badge is <a href=\"{}/badges/1\">here</a>, and https://unknown.example.org/x too.</p>",
        bench.store.address
    );
    bench.application(7, &json!({"id": 7, "email": "ada@example.org", "person": "p-1", "files": [], "text": text}));
    bench.system.serve("/people/p-1/notes", 200, "application/json", "{}".to_owned());
    assert_eq!(bench.look().await, 1);
    assert_eq!(bench.asked("/people/p-1/notes"), 1);
}

#[tokio::test]
async fn what_the_connection_wrote_is_not_read_again() {
    let bench = bench().await;
    bench.listed(&[7]);
    let badge = bench.badge("ada@example.org");
    let hash = hex::encode(Sha256::digest(badge.as_bytes()));
    bench.with_file(7, badge);
    bench.app.app.store.note_written_file(&bench.id(), &hash, bench.app.clock.now()).await.unwrap();
    assert_eq!(bench.look().await, 0);
    assert_eq!((bench.asked("/applications/7"), bench.count("/v1/submissions").await), (1, 0));
}

#[tokio::test]
async fn an_application_that_can_not_be_read_is_tried_again_and_then_waits_for_a_person() {
    let bench = bench().await;
    bench.listed(&[7, 8]);
    bench.system.serve("/applications/7", 500, "text/plain", "busy".to_owned());
    bench.with_file(8, bench.badge("ada@example.org"));
    bench.system.serve("/people/p-1/notes", 200, "application/json", "{}".to_owned());
    assert_eq!(bench.look().await, 1, "one application does not keep the others");
    let waiting = bench.applications("?state=waiting").await;
    assert_eq!(
        (&waiting[0]["attempts"], &waiting[0]["reason"], &waiting[0]["application"]),
        (&json!(1), &json!("server_error"), &json!({"id": 7}))
    );
    for minutes in [2, 11, 61, 241, 721] {
        bench.look_later(minutes).await;
    }
    let parked = bench.applications("?state=parked").await;
    assert_eq!((parked.len(), &parked[0]["attempts"]), (1, &json!(6)));
    assert_eq!(bench.intake().await["parked"], 1);

    bench.system.forget("/applications/7");
    bench.with_file(7, bench.badge("ada@example.org"));
    let path = format!("/v1/connections/{}/applications/retry", bench.connection);
    let answer = Answer::of(bench.app.request("POST", &path)).await;
    assert_described("POST", "/v1/connections/{id}/applications/retry", &answer);
    assert_eq!(answer.json(), json!({"retried": 1}));
    assert_eq!(bench.look().await, 1);
    assert_eq!(bench.intake().await["parked"], 0);
}

#[tokio::test]
async fn a_connection_reads_no_more_in_a_day_than_it_may_and_goes_on_the_next_day() {
    let bench = bench_with(1).await;
    bench.listed(&[7, 8]);
    bench.with_file(7, bench.badge("ada@example.org"));
    bench.with_file(8, bench.badge("ada@example.org"));
    bench.system.serve("/people/p-1/notes", 200, "application/json", "{}".to_owned());
    assert_eq!(bench.look().await, 1);
    let intake = bench.intake().await;
    assert_eq!((&intake["last_error"]["reason"], &intake["waiting"]), (&json!("budget_used_up"), &json!(1)), "{intake}");
    assert_eq!(bench.look_later(10).await, 0);
    assert_eq!(bench.look_later(24 * 60).await, 1);
}

#[tokio::test]
async fn credentials_that_the_system_refuses_are_shown_and_cost_no_application_its_attempts() {
    let bench = bench().await;
    bench.system.serve("/applications", 403, "application/json", "{}".to_owned());
    assert_eq!(bench.look().await, 0);
    let intake = bench.intake().await;
    assert_eq!(intake["last_error"]["reason"], "forbidden", "{intake}");
    assert!(!intake.to_string().contains(TOKEN), "{intake}");
    bench.listed(&[]);
    bench.look_later(6).await;
    assert!(bench.intake().await.get("last_error").is_none());
}

#[tokio::test]
async fn an_application_under_somebody_elses_address_does_not_move_their_link() {
    let bench = bench().await;
    bench.listed(&[7]);
    bench.with_file(7, bench.badge("ada@example.org"));
    bench.system.serve("/people/p-1/notes", 200, "application/json", "{}".to_owned());
    bench.look().await;
    let ada = bench.app.app.store.linked_candidate((&tenant(), &bench.id()), "p-1").await.unwrap().unwrap();
    bench.listed(&[8]);
    let file = json!({"name": "badge.json", "url": format!("{}/files/7", bench.store.address)});
    bench.application(8, &json!({"id": 8, "name": "Mallory", "email": "ada@example.org", "person": "p-2", "files": [file]}));
    bench.look_later(6).await;
    let links = bench.app.app.store.person_links(&tenant(), &bench.id()).await.unwrap();
    let links: Vec<(CandidateRef, String)> = links.into_iter().map(|link| (link.candidate_ref, link.remote_id)).collect();
    assert_eq!(links, [(ada, "p-1".to_owned())]);
}

#[tokio::test]
async fn what_a_note_is_called_is_remembered_until_the_erasure_was_delivered() {
    let bench = bench().await;
    bench.listed(&[7]);
    bench.with_file(7, bench.badge("ada@example.org"));
    bench.system.serve("/people/p-1/notes", 200, "application/json", json!({"id": "n-1"}).to_string());
    bench.system.serve("/notes/n-1", 204, "application/json", String::new());
    bench.look().await;
    let ada = bench.app.app.store.linked_candidate((&tenant(), &bench.id()), "p-1").await.unwrap().unwrap();
    let remembered = bench.app.app.store.remembered(&bench.id(), &ada).await.unwrap();
    assert_eq!(remembered.into_values().collect::<Vec<_>>(), ["n-1"]);
    let erased = Answer::of(bench.app.request("DELETE", &format!("/v1/candidates/{ada}"))).await;
    assert_eq!(erased.status, 204, "{erased:?}");
    bench.app.drain().await;
    assert_eq!(bench.asked("/notes/n-1"), 1);
    assert!(bench.app.app.store.remembered(&bench.id(), &ada).await.unwrap().is_empty());
    // The erased person is not read again.
    bench.look_later(6).await;
    assert_eq!(bench.asked("/applications/7"), 1);
}

#[tokio::test]
async fn a_credential_that_the_connection_attached_is_not_read_again() {
    let bench = bench().await;
    let fields = json!({"url": bench.system.address, "store": bench.store.address, "attach": true});
    let path = format!("/v1/connections/{}", bench.connection);
    assert_eq!(Answer::of(bench.app.request("PATCH", &path).json(&json!({"fields": fields}))).await.status, 200);
    let badge = bench.badge("ada@example.org");
    bench.listed(&[7]);
    bench.with_file(7, badge.clone());
    for path in ["/people/p-1/notes", "/people/p-1/files"] {
        bench.system.serve(path, 200, "application/json", "{}".to_owned());
    }
    assert_eq!(bench.look().await, 1);
    let attached = bench.system.requests().into_iter().find(|asked| asked.path == "/people/p-1/files").unwrap();
    assert!(attached.body.contains(&badge), "the credential goes as it came: {}", attached.body);
    // The system lists the attachment with another application.
    bench.listed(&[8]);
    bench.with_file(8, badge);
    assert_eq!(bench.look_later(6).await, 0);
    assert_eq!((bench.asked("/applications/8"), bench.count("/v1/submissions").await), (1, 1));
}

#[tokio::test]
async fn a_file_with_the_number_of_another_record_of_ours_is_read() {
    let bench = bench().await;
    bench.system.serve("/people/p-1/notes", 200, "application/json", json!({"id": "f-8"}).to_string());
    bench.listed(&[7]);
    bench.with_file(7, bench.badge("ada@example.org"));
    assert_eq!(bench.look().await, 1);
    bench.listed(&[8]);
    bench.with_file(8, bench.badge("ada@example.org"));
    assert_eq!(bench.look_later(6).await, 1);
}

#[tokio::test]
async fn an_application_that_the_system_refuses_does_not_keep_the_others() {
    let bench = bench().await;
    bench.listed(&[7, 8]);
    bench.system.serve("/applications/7", 403, "application/json", "{}".to_owned());
    bench.with_file(8, bench.badge("ada@example.org"));
    bench.system.serve("/people/p-1/notes", 200, "application/json", "{}".to_owned());
    assert_eq!(bench.look().await, 1);
    let intake = bench.intake().await;
    assert_eq!(
        (&intake["read"], &intake["waiting"], &intake["last_error"]["reason"]),
        (&json!(1), &json!(1), &json!("forbidden")),
        "{intake}"
    );
}

impl Bench {
    fn id(&self) -> ConnectionId {
        ConnectionId::from(self.connection.as_str())
    }
}

fn tenant() -> TenantId {
    TenantId::from("default")
}
