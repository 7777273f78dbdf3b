//! Platforms push events: who is believed, what becomes of a badge, what an event that comes again does.
//! Comes in: requests like a platform's, and badges on a host of the test's own. Goes out: nothing.

use crate::openapi::assert_described;
use crate::support::fake_host::FakeHost;
use crate::support::{Answer, TestApp, spawn_app_as};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use skillgate::model::account::Role;
use skillgate::model::ids::TenantId;
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind, status_list};
use skillgate::store::StoreError;

const PLACE: usize = 94;

/// A gateway that may follow links to this host, and ask issuers.
async fn gateway(host: &FakeHost) -> TestApp {
    let address = host.address.clone();
    spawn_app_as(|settings| {
        settings.channels.link_hosts = vec![address];
        settings.channels.pushes_per_minute = 20;
        settings.verify.offline = false;
    })
    .await
}

/// A subscription as its platform knows it.
struct Platform {
    path: String,
    secret: String,
}

impl Platform {
    async fn subscribe(app: &TestApp) -> Self {
        Self::with_key(app, &app.key).await
    }

    async fn with_key(app: &TestApp, key: &str) -> Self {
        let body = json!({"channel": "standard-webhooks", "name": "Our academy"});
        let answer = Answer::of(app.stranger("POST", "/v1/push-subscriptions").bearer_auth(key).json(&body)).await;
        assert_described("POST", "/v1/push-subscriptions", &answer);
        assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"), "{answer:?}");
        let made = answer.json();
        let path = made["address"].as_str().unwrap().trim_start_matches(&app.address).to_owned();
        Self { path, secret: made["secret"].as_str().unwrap().to_owned() }
    }

    fn signed(&self, app: &TestApp, id: &str, body: &[u8]) -> reqwest::RequestBuilder {
        self.signed_at(app, id, body, app.clock.now().timestamp())
    }

    fn signed_at(&self, app: &TestApp, id: &str, body: &[u8], at: i64) -> reqwest::RequestBuilder {
        let key = STANDARD.decode(self.secret.trim_start_matches("whsec_")).unwrap();
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
        mac.update(&[format!("{id}.{at}.").as_bytes(), body].concat());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        app.stranger("POST", &self.path)
            .header("webhook-id", id)
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature)
            .header("content-type", "application/json")
            .body(body.to_vec())
    }

    async fn send(&self, app: &TestApp, id: &str, event: &Value) -> Answer {
        let answer = Answer::of(self.signed(app, id, event.to_string().as_bytes())).await;
        assert_described("POST", "/v1/push/{channel}/{id}", &answer);
        answer
    }
}

struct School(Institution);

impl School {
    fn new() -> Self {
        Self(Institution::new("Lindgrove Institute", KeyKind::Ed25519))
    }

    fn badge(&self, app: &TestApp, list: Option<&str>) -> String {
        let at = app.clock.now() - chrono::Duration::days(3);
        let status = list.map(|list| (list.to_owned(), PLACE));
        let badge = Badge { status, ..Badge::new("ada@example.org", at) }.unsigned(&self.0);
        DataIntegrity::assertion(at).sign(&badge, &self.0.key).unwrap().to_string()
    }

    fn list(&self, app: &TestApp, url: &str, set: &[usize]) -> String {
        let list = status_list::unsigned(&self.0, url, set, app.clock.now() - chrono::Duration::days(1)).unwrap();
        DataIntegrity::assertion(app.clock.now() - chrono::Duration::days(1)).sign(&list, &self.0.key).unwrap().to_string()
    }
}

fn event(kind: &str, url: &str) -> Value {
    json!({"type": format!("credential.{kind}"), "timestamp": "2026-03-01T11:59:30Z", "data": {"url": url, "email": "ada@example.org"}})
}

/// Newest first, with their files.
async fn submissions(app: &TestApp) -> Vec<Value> {
    let mut whole = Vec::new();
    for listed in app.get_json("/v1/submissions").await["items"].as_array().unwrap() {
        whole.push(app.get_json(&format!("/v1/submissions/{}", listed["id"].as_str().unwrap())).await);
    }
    whole
}

async fn events(app: &TestApp) -> Vec<Value> {
    app.get_json("/v1/events").await.as_array().unwrap().clone()
}

async fn subscription(app: &TestApp) -> Value {
    let answer = Answer::of(app.request("GET", "/v1/push-subscriptions")).await;
    assert_described("GET", "/v1/push-subscriptions", &answer);
    assert!(!answer.text.contains("whsec_"), "a secret is shown once: {}", answer.text);
    answer.json()["items"][0].clone()
}

#[tokio::test]
async fn a_pushed_badge_is_fetched_and_verified_like_a_shared_link_and_its_event_counts_once() {
    let host = FakeHost::start().await;
    let app = gateway(&host).await;
    let platform = Platform::subscribe(&app).await;
    host.serve("/badges/1", 200, "application/json", School::new().badge(&app, None));
    let issued = event("issued", &format!("{}/badges/1?email=ada@example.org", host.address));

    let answer = platform.send(&app, "evt-1", &issued).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"accepted": 1, "known": 0, "ignored": 0})), "{answer:?}");
    let taken = submissions(&app).await;
    assert_eq!((taken.len(), taken[0]["channel"].as_str(), taken[0]["outcome"].as_str()), (1, Some("push"), Some("attention")));
    let credential = &taken[0]["files"][0]["credentials"][0];
    let recipient = credential["report"]["checks"].as_array().unwrap().iter().find(|check| check["id"] == "recipient").unwrap();
    assert_eq!(recipient["status"], "pass", "the platform named the person: {recipient:#}");
    app.drain().await;
    let before = events(&app).await;
    assert!(!before.is_empty());

    for _ in 0..2 {
        let again = platform.send(&app, "evt-1", &issued).await;
        assert_eq!((again.status, again.json()), (200, json!({"accepted": 0, "known": 1, "ignored": 0})));
    }
    // Another event about the same badge: the same bytes are no new credential.
    assert_eq!(platform.send(&app, "evt-2", &issued).await.status, 200);
    app.drain().await;
    let taken = submissions(&app).await;
    assert_eq!((taken.len(), taken[0]["files"][0]["credentials"][0]["duplicate"].as_bool()), (2, Some(true)));
    assert_eq!(events(&app).await, before, "nothing is sent twice");
    let asked: Vec<String> = host.requests().into_iter().map(|asked| asked.path).collect();
    assert_eq!(asked, ["/badges/1", "/badges/1"], "nobody is told the candidate's address, and a known event fetches nothing");
    let shown = subscription(&app).await;
    assert!(shown["last_event_at"].is_string() && shown["last_failure"].is_null(), "{shown:#}");
}

#[tokio::test]
async fn a_request_that_is_not_the_platform_s_is_refused_and_nothing_is_read() {
    let host = FakeHost::start().await;
    let app = gateway(&host).await;
    let (platform, other) = (Platform::subscribe(&app).await, Platform::subscribe(&app).await);
    let body = event("issued", &format!("{}/badges/1", host.address)).to_string();
    let with = |path: &str, secret: &str| Platform { path: path.to_owned(), secret: secret.to_owned() };
    let now = app.clock.now().timestamp();
    let unknown = format!("/v1/push/standard-webhooks/{}", "x".repeat(32));
    let wrong_channel = platform.path.replace("standard-webhooks", "canvas-credentials");
    let mut requests = vec![
        with(&platform.path, &other.secret).signed(&app, "e", body.as_bytes()),
        with(&unknown, &platform.secret).signed(&app, "e", body.as_bytes()),
        with(&wrong_channel, &platform.secret).signed(&app, "e", body.as_bytes()).bearer_auth(&platform.secret),
        with(&format!("{}/{}", platform.path, "0".repeat(64)), &other.secret).signed(&app, "e", body.as_bytes()),
        platform.signed_at(&app, "e", body.as_bytes(), now - 301),
        platform.signed_at(&app, "e", body.as_bytes(), now + 301),
        platform.signed(&app, "e", body.as_bytes()).body("not even JSON"),
        platform.signed(&app, "e", body.as_bytes()).header("webhook-id", "another"),
        app.stranger("POST", &platform.path).body(body.clone()),
        app.request("POST", &platform.path).body(body.clone()),
    ];
    for (number, request) in requests.drain(..).enumerate() {
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.problem().as_str()), (401, "push_refused"), "{number}: {answer:?}");
        let told = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(told, "The request is not signed as this address requires.", "an unknown address is told in the same way");
    }
    assert!(host.requests().is_empty() && submissions(&app).await.is_empty());
    assert!(subscription(&app).await["last_event_at"].is_null(), "strangers leave no trace");
}

#[tokio::test]
async fn another_tenant_s_secret_opens_nothing_and_its_subscriptions_are_its_own() {
    let host = FakeHost::start().await;
    let app = gateway(&host).await;
    let (tenant, key) = (TenantId::from("other"), skillgate::model::tenant::GeneratedKey::new());
    app.app.store.create_tenant(&tenant, app.clock.now()).await.unwrap();
    app.app.store.create_api_key(&tenant, "k", key.prefix(), &key.hash(), Role::Administrator, app.clock.now()).await.unwrap();
    let (ours, theirs) = (Platform::subscribe(&app).await, Platform::with_key(&app, key.expose()).await);
    let body = event("issued", &format!("{}/badges/1", host.address)).to_string();
    let crossed = Platform { path: ours.path.clone(), secret: theirs.secret.clone() };
    assert_eq!(Answer::of(crossed.signed(&app, "e", body.as_bytes())).await.status, 401);

    host.serve("/badges/1", 200, "application/json", School::new().badge(&app, None));
    assert_eq!(Answer::of(theirs.signed(&app, "e", body.as_bytes())).await.status, 200);
    assert!(submissions(&app).await.is_empty(), "the badge went to the other tenant");
    assert_eq!(app.get_json("/v1/push-subscriptions").await["items"].as_array().unwrap().len(), 1);
    let their_id = theirs.path.rsplit('/').next().unwrap();
    assert_eq!(Answer::of(app.request("DELETE", &format!("/v1/push-subscriptions/{their_id}"))).await.status, 404);
    let our_id = ours.path.rsplit('/').next().unwrap();
    let ended = Answer::of(app.request("DELETE", &format!("/v1/push-subscriptions/{our_id}"))).await;
    assert_described("DELETE", "/v1/push-subscriptions/{id}", &ended);
    assert_eq!(ended.status, 204);
    assert_eq!(Answer::of(ours.signed(&app, "f", body.as_bytes())).await.status, 401);
    app.drain().await;
}

#[tokio::test]
async fn hostile_events_of_a_real_platform_lead_nowhere() {
    let host = FakeHost::start().await;
    let app = gateway(&host).await;
    let platform = Platform::subscribe(&app).await;
    let code = |answer: &Answer| answer.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    for (number, (url, expected)) in [
        ("http://169.254.169.254/latest/meta-data", "link_unknown"),
        ("http://127.0.0.1:1/admin", "link_unknown"),
        ("https://evil.example/badge", "link_unknown"),
        ("file:///etc/passwd", "link_unusable"),
        ("https://www.credly.com/users/ada/badges", "link_not_a_credential"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = platform.send(&app, &format!("u{number}"), &event("issued", url)).await;
        assert_eq!((answer.status, answer.problem().as_str(), code(&answer).as_str()), (422, "push_unusable", expected), "{url}");
    }
    assert_eq!(subscription(&app).await["last_failure"]["code"], "link_not_a_credential", "the administrator is told");

    let none = platform.send(&app, "n", &json!({"type": "credential.issued", "data": {"url": {}, "credential": []}})).await;
    assert_eq!((none.status, code(&none).as_str()), (422, "event_unusable"), "{none:?}");
    let other = platform.send(&app, "o", &json!({"type": "user.created", "data": {"url": "https://evil.example/"}})).await;
    assert_eq!(other.json(), json!({"accepted": 0, "known": 0, "ignored": 1}));
    for body in ["{", "{\"type\":1,\"type\":2}", &"[".repeat(200), "\u{feff}nonsense"] {
        let answer = Answer::of(platform.signed(&app, "b", body.as_bytes())).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "invalid_json"), "{body}");
    }
    let huge = format!("{{\"type\":\"credential.issued\",\"x\":\"{}\"}}", "x".repeat(1 << 20));
    let answer = Answer::of(platform.signed(&app, "h", huge.as_bytes())).await;
    assert_eq!((answer.status, answer.problem().as_str()), (413, "payload_too_large"));
    assert!(host.requests().is_empty() && submissions(&app).await.is_empty());
}

#[tokio::test]
async fn a_badge_that_cannot_be_fetched_now_is_fetched_when_the_platform_sends_its_event_again() {
    let host = FakeHost::start().await;
    let app = gateway(&host).await;
    let platform = Platform::subscribe(&app).await;
    host.serve("/badges/1", 500, "text/plain", "busy".to_owned());
    host.serve("/badges/1", 200, "application/json", School::new().badge(&app, None));
    let issued = event("issued", &format!("{}/badges/1", host.address));
    let busy = platform.send(&app, "evt-1", &issued).await;
    assert_eq!((busy.status, busy.problem().as_str(), busy.header("retry-after")), (503, "unavailable", "60"));
    assert_eq!(subscription(&app).await["last_failure"]["code"], "link_unreachable");
    assert_eq!(platform.send(&app, "evt-1", &issued).await.json()["accepted"], 1);
    assert!(subscription(&app).await["last_failure"].is_null());
    app.drain().await;
}

#[tokio::test]
async fn a_revocation_is_believed_of_the_issuer_only() {
    let host = FakeHost::start().await;
    let app = gateway(&host).await;
    let (platform, school) = (Platform::subscribe(&app).await, School::new());
    let list = format!("{}/list", host.address);
    host.serve("/list", 503, "text/plain", "busy".to_owned());
    host.serve("/badges/1", 200, "application/json", school.badge(&app, Some(&list)));
    let url = format!("{}/badges/1", host.address);
    assert_eq!(platform.send(&app, "evt-1", &event("issued", &url)).await.status, 200);
    let id = submissions(&app).await[0]["files"][0]["credentials"][0]["id"].as_str().unwrap().to_owned();
    let status = async || {
        let whole = app.get_json(&format!("/v1/credentials/{id}")).await;
        let checks = whole["report"]["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == "status").unwrap()["code"].clone()
    };
    assert_eq!(status().await, "status_list_unavailable");

    // The platform says so, and the issuer does not.
    assert_eq!(platform.send(&app, "evt-2", &event("revoked", &url)).await.json()["accepted"], 1);
    assert_eq!(status().await, "status_list_unavailable");
    host.forget("/list");
    host.serve("/list", 200, "application/json", school.list(&app, &list, &[PLACE]));
    assert_eq!(app.app.pipeline.check_due().await.unwrap(), 0);
    app.clock.set(app.clock.now() + chrono::Duration::minutes(10));
    assert_eq!(app.app.pipeline.check_due().await.unwrap(), 1, "the issuer is asked once more");
    assert_eq!(status().await, "revoked");
    app.drain().await;
    let types: Vec<Value> = events(&app).await.iter().map(|event| event["type"].clone()).collect();
    let types: Vec<&str> = types.iter().filter_map(Value::as_str).filter(|name| name.contains("revoked")).collect();
    assert_eq!(types, ["org.skillgate.credential.revoked.v1"]);

    // A badge that was never here and is gone: there is nothing to take back.
    let gone = platform.send(&app, "evt-4", &event("revoked", &format!("{}/none", host.address))).await;
    assert_eq!((gone.status, gone.json()), (200, json!({"accepted": 0, "known": 0, "ignored": 1})));
}

#[tokio::test]
async fn a_badge_inside_an_event_needs_no_fetch_and_a_tampered_badge_is_rejected() {
    let host = FakeHost::start().await;
    let app = gateway(&host).await;
    let (platform, school) = (Platform::subscribe(&app).await, School::new());
    let badge: Value = serde_json::from_str(&school.badge(&app, None)).unwrap();
    let mut tampered = badge.clone();
    tampered["credentialSubject"]["achievement"]["name"] = json!("Professor");
    for (id, credential) in [("evt-1", json!(badge)), ("evt-2", json!(tampered)), ("evt-3", json!(badge.to_string()))] {
        let answer = platform.send(&app, id, &json!({"type": "credential.issued", "data": {"credential": credential}})).await;
        assert_eq!(answer.json()["accepted"], 1, "{answer:?}");
    }
    app.drain().await;
    let outcomes: Vec<Value> = submissions(&app).await.iter().map(|taken| taken["outcome"].clone()).collect();
    assert_eq!(outcomes, ["attention", "rejected", "attention"]);
    assert!(host.requests().is_empty());
}

#[tokio::test]
async fn one_subscription_cannot_send_without_end_and_a_tenant_cannot_have_subscriptions_without_end() {
    let host = FakeHost::start().await;
    let app = gateway(&host).await;
    let (busy, calm) = (Platform::subscribe(&app).await, Platform::subscribe(&app).await);
    let event = json!({"type": "user.created"});
    for number in 0..20 {
        assert_eq!(busy.send(&app, &format!("e{number}"), &event).await.status, 200);
    }
    let refused = busy.send(&app, "e20", &event).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "60"));
    assert_eq!(calm.send(&app, "e", &event).await.status, 200);

    let made = app.channels.platforms.get("accredible").unwrap();
    let tenant = crate::support::made::tenant();
    while app.channels.subscribe(&tenant, &made, Default::default()).await.unwrap().is_some() {}
    let body = json!({"channel": "accredible"});
    let full = Answer::of(app.request("POST", "/v1/push-subscriptions").json(&body)).await;
    assert_eq!((full.status, full.problem().as_str()), (409, "conflict"));
    assert_eq!(app.get_json("/v1/push-subscriptions").await["items"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_subscription_is_checked_before_it_is_made() {
    let app = spawn_app_as(|_| ()).await;
    let channels = Answer::of(app.request("GET", "/v1/push-channels")).await;
    assert_described("GET", "/v1/push-channels", &channels);
    let names: Vec<Value> = channels.json()["items"].as_array().unwrap().iter().map(|item| item["channel"].clone()).collect();
    assert_eq!(names, ["accredible", "canvas-credentials", "credly", "standard-webhooks"]);
    for (body, field) in [
        (json!({"channel": "nobody"}), "channel"),
        (json!({"channel": "credly"}), "token"),
        (json!({"channel": "credly", "token": "a\nb"}), "token"),
        (json!({"channel": "accredible", "token": "t"}), "token"),
        (json!({"channel": "accredible", "secret": "short"}), "secret"),
        (json!({"channel": "standard-webhooks", "secret": "0123456789abcdef0123456789abcdef"}), "secret"),
        (json!({"channel": "accredible", "name": "a\u{202e}b"}), "name"),
    ] {
        let answer = Answer::of(app.request("POST", "/v1/push-subscriptions").json(&body)).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["field"].as_str()), (422, Some(field)), "{body}");
    }
    let chosen = json!({"channel": "accredible", "secret": "Q2hvc2VuLWJ5LXRoZS1wbGF0Zm9ybQ"});
    let made = Answer::of(app.request("POST", "/v1/push-subscriptions").json(&chosen)).await.json();
    assert!(made["address"].as_str().unwrap().ends_with("/Q2hvc2VuLWJ5LXRoZS1wbGF0Zm9ybQ"));
    assert!(subscription(&app).await["address"].is_null(), "an address that is a secret is shown once");
    // What is in the database opens in its place only.
    let id = made["id"].as_str().unwrap();
    let (_, secrets) = app.app.store.push_subscription(id).await.unwrap().unwrap();
    assert_eq!(secrets.secret.expose(), "Q2hvc2VuLWJ5LXRoZS1wbGF0Zm9ybQ");
    assert!(matches!(app.app.store.push_subscription("nobody").await, Ok::<_, StoreError>(None)));
}
