//! The API as a client meets it: who may ask, what a wrong request is told, what every answer carries.

use crate::support::fake_host::FakeHost;
use crate::support::{Answer, Form, spawn_app};
use serde_json::json;
use skillgate::http::routes::{Access, table};

/// A path of the table with its parameters filled in.
fn concrete(path: &str) -> String {
    path.replace("{id}", "nothing").replace("{ref}", "nobody").replace("{code}", "not_found").replace("{name}", "style.css")
}

#[tokio::test]
async fn every_route_of_a_tenant_asks_a_stranger_for_a_key() {
    let app = spawn_app().await;
    let rows: Vec<_> = table().into_iter().filter(|row| row.access == Access::Tenant).collect();
    assert!(rows.len() > 20);
    for row in rows {
        for request in [
            app.stranger(row.method.as_str(), &concrete(&row.path)),
            app.stranger(row.method.as_str(), &concrete(&row.path)).bearer_auth("sk_wrong"),
            app.stranger(row.method.as_str(), &concrete(&row.path)).header("cookie", "skillgate=AAAA"),
        ] {
            let answer = Answer::of(request).await;
            assert_eq!(answer.problem(), "unauthorized", "{} {}", row.method, row.path);
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
    }
}

#[tokio::test]
async fn a_revoked_key_is_no_key() {
    let app = spawn_app().await;
    let made =
        Answer::of(app.request("POST", "/v1/api-keys").json(&json!({"name": "for the test", "role": "administrator"}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let list = || app.stranger("GET", "/v1/api-keys").bearer_auth(&key);
    let listed = Answer::of(list()).await;
    assert_eq!(listed.status, 200);
    assert!(!listed.text.contains(&key), "a list must not hold keys");

    assert_eq!(Answer::of(app.request("DELETE", &format!("/v1/api-keys/{id}"))).await.status, 204);
    assert_eq!(Answer::of(list()).await.problem(), "unauthorized");
    assert_eq!(Answer::of(app.request("DELETE", "/v1/api-keys/nothing")).await.problem(), "not_found");
}

#[tokio::test]
async fn what_is_not_there_and_what_does_not_answer_are_told_as_problems() {
    let app = spawn_app().await;
    assert_eq!(Answer::of(app.stranger("GET", "/nothing/here")).await.problem(), "not_found");
    let wrong_method = Answer::of(app.request("PUT", "/v1/submissions")).await;
    assert_eq!(wrong_method.problem(), "method_not_allowed");
    assert_eq!(wrong_method.header("allow"), "POST, GET, HEAD");
    for path in [
        "/v1/submissions/nothing",
        "/v1/credentials/nothing",
        "/v1/credentials/nothing/report",
        "/v1/credentials/nothing/source",
        "/v1/candidates/nobody",
        "/v1/candidates/nobody/skills",
        "/v1/connections/nothing",
        "/v1/deliveries/nothing",
        "/v1/submissions/%00",
        "/v1/submissions/%ff%fe",
        "/v1/submissions/..%2f..%2fetc",
        "/problems/nothing",
        "/assets/..%2fmod.rs",
    ] {
        assert_eq!(Answer::of(app.request("GET", path)).await.problem(), "not_found", "{path}");
    }
    for path in ["/v1/connections/nothing/pause", "/v1/connections/nothing/test", "/v1/deliveries/nothing/replay"] {
        assert_eq!(Answer::of(app.request("POST", path)).await.problem(), "not_found", "{path}");
    }
}

#[tokio::test]
async fn a_wrong_query_names_what_is_wrong() {
    let app = spawn_app().await;
    for path in [
        "/v1/submissions?limit=0",
        "/v1/submissions?limit=501",
        "/v1/submissions?limit=many",
        "/v1/submissions?colour=blue",
        "/v1/submissions?after=%00",
        "/v1/credentials?outcome=maybe",
        "/v1/credentials?candidate_ref=a%20b",
        "/v1/events?after=-1",
        "/v1/events?after=99999999999999999999",
        "/v1/deliveries?state=lost",
    ] {
        assert_eq!(Answer::of(app.request("GET", path)).await.problem(), "invalid_query", "{path}");
    }
}

#[tokio::test]
async fn a_wrong_json_body_is_told_what_is_wrong_with_it() {
    let app = spawn_app().await;
    let post = |body: &'static str| app.request("POST", "/v1/api-keys").header("content-type", "application/json").body(body);
    for body in ["", "{", "[]", r#"{"name": 1}"#, r#"{"name": "a", "name": "b"}"#, r#"{"name": "a", "more": 1}"#, "\u{0}"] {
        assert_eq!(Answer::of(post(body)).await.problem(), "invalid_json", "{body:?}");
    }
    let form = app.request("POST", "/v1/api-keys").header("content-type", "text/plain").body("{}");
    assert_eq!(Answer::of(form).await.problem(), "unsupported_media_type");
    let large = app.request("POST", "/v1/api-keys").json(&json!({"name": "x".repeat(300 << 10)}));
    assert_eq!(Answer::of(large).await.problem(), "payload_too_large");
    let empty_name = app.request("POST", "/v1/api-keys").json(&json!({"name": " ", "role": "auditor"}));
    let answer = Answer::of(empty_name).await;
    assert_eq!(answer.problem(), "invalid_field");
    assert_eq!(answer.json()["errors"][0]["field"], "name");
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_the_security_headers() {
    let app = spawn_app().await;
    for path in ["/", "/connections", "/assets/style.css", "/healthz", "/v1/submissions", "/nothing", "/openapi.json"] {
        let answer = Answer::of(app.stranger("GET", path)).await;
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}");
    }
    let echoed = Answer::of(app.stranger("GET", "/healthz").header("x-request-id", "abc-1")).await;
    assert_eq!(echoed.header("x-request-id"), "abc-1");
    let replaced = Answer::of(app.stranger("GET", "/healthz").header("x-request-id", "a b<script>")).await;
    assert!(!replaced.header("x-request-id").contains('<'));
}

#[tokio::test]
async fn a_head_request_gets_the_head_alone() {
    let app = spawn_app().await;
    let answer = Answer::of(app.stranger("HEAD", "/healthz")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
}

#[tokio::test]
async fn readiness_names_what_is_away() {
    let app = spawn_app().await;
    assert_eq!(app.get_json("/readyz").await["status"], "ready");
    app.database.execute("ALTER TABLE tenants RENAME TO lost").await;
    let answer = Answer::of(app.stranger("GET", "/readyz")).await;
    assert_eq!(answer.problem(), "unavailable");
    let errors = answer.json()["errors"].clone();
    assert_eq!((&errors[0]["field"], errors.as_array().unwrap().len()), (&json!("database"), 1), "{errors}");
    assert_eq!(Answer::of(app.stranger("GET", "/healthz")).await.status, 200);
    app.database.execute("ALTER TABLE lost RENAME TO tenants").await;
    assert_eq!(app.get_json("/readyz").await["status"], "ready");
}

#[tokio::test]
async fn requests_are_counted_under_their_route_never_under_their_address() {
    let app = spawn_app().await;
    Answer::of(app.request("GET", "/v1/submissions/secret-looking-id")).await;
    let text = Answer::of(app.stranger("GET", "/metrics")).await.text;
    assert!(text.contains(r#"route="/v1/submissions/{id}",status="404"} 1"#), "{text}");
    assert!(!text.contains("secret-looking-id"));
}

#[tokio::test]
async fn what_waits_for_the_queue_is_counted_with_its_age() {
    let app = spawn_app().await;
    let badge = skillgate::sample::files(app.clock.now()).unwrap().remove(0);
    assert_eq!(Answer::of(app.upload(Form::new().file("valid.json", &badge.bytes))).await.status, 201);
    app.clock.set(app.clock.now() + chrono::Duration::seconds(90));
    let text = Answer::of(app.stranger("GET", "/metrics")).await.text;
    assert!(text.contains("skillgate_events_unpublished 5"), "{text}");
    assert!(text.contains("skillgate_events_oldest_unpublished_seconds 90"), "{text}");
    assert!(text.contains(r#"skillgate_deliveries{state="dead"} 0"#), "{text}");
}

#[tokio::test]
async fn a_session_lets_the_page_ask_but_only_the_page_change_something() {
    let app = spawn_app().await;
    let wrong = Answer::of(app.stranger("POST", "/session").json(&json!({"key": "sk_wrong"}))).await;
    assert_eq!(wrong.problem(), "unauthorized");
    let begun = Answer::of(app.stranger("POST", "/session").json(&json!({"key": app.key}))).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let set = begun.header("set-cookie");
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    assert!(!set.contains(&app.key));
    let cookie = set.split(';').next().unwrap().to_owned();

    let with_cookie = |method: &str, path: &str| app.stranger(method, path).header("cookie", &cookie);
    let whoami = Answer::of(with_cookie("GET", "/session")).await;
    assert_eq!(whoami.json()["tenant_id"], "default");
    let name = json!({"name": "made by a page", "role": "recruiter"});
    let foreign = Answer::of(with_cookie("POST", "/v1/api-keys").json(&name)).await;
    assert_eq!(foreign.problem(), "forbidden");
    let own = Answer::of(with_cookie("POST", "/v1/api-keys").header("x-skillgate-page", "1").json(&name)).await;
    assert_eq!(own.status, 201);

    let ended = Answer::of(with_cookie("DELETE", "/session")).await;
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
    app.clock.set("2026-03-02T12:00:00Z".parse().unwrap());
    assert_eq!(Answer::of(with_cookie("GET", "/session")).await.problem(), "unauthorized");
}

#[tokio::test]
async fn a_connection_lives_and_its_secrets_never_come_out() {
    let (app, system) = (spawn_app().await, FakeHost::start().await);
    system.serve("/me", 401, "application/json", "{}".to_owned());
    system.serve("/me", 200, "application/json", "{}".to_owned());
    let body = json!({
        "connector": "example", "name": "Our ATS",
        "fields": {"url": system.address}, "secrets": {"token": "tok-4711-secret"},
    });
    let made = Answer::of(app.request("POST", "/v1/connections").json(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.header("location").to_owned();
    let mut seen = made.text.clone();

    let tested = Answer::of(app.request("POST", &format!("{path}/test"))).await;
    assert_eq!(tested.json()["ok"], false);
    let change = json!({"name": "Our other ATS", "secrets": {"token": "good"}});
    let changed = Answer::of(app.request("PATCH", &path).json(&change)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["fields"]["url"], json!(system.address));
    assert_eq!(Answer::of(app.request("POST", &format!("{path}/test"))).await.json()["ok"], true);

    let tokens: Vec<String> = system.requests().into_iter().map(|asked| asked.authorization).collect();
    assert_eq!(tokens, ["Bearer tok-4711-secret", "Bearer good"]);

    let paused = Answer::of(app.request("POST", &format!("{path}/pause"))).await;
    assert_eq!(paused.json()["state"], "paused");
    let resumed = Answer::of(app.request("POST", &format!("{path}/resume"))).await;
    assert_eq!(resumed.json()["state"], "active");
    assert!(resumed.json().get("paused_reason").is_none());
    for answer in [tested, changed, paused, resumed] {
        seen.push_str(&answer.text);
    }
    seen.push_str(&app.get_json("/v1/connections").await.to_string());
    assert!(!seen.contains("tok-4711-secret") && !seen.contains("\"good\""), "{seen}");
    assert!(seen.contains(r#""secrets_set":["token"]"#));

    assert_eq!(Answer::of(app.request("DELETE", &path)).await.status, 204);
    assert_eq!(Answer::of(app.request("GET", &path)).await.problem(), "not_found");
}

#[tokio::test]
async fn a_wrong_connection_is_told_field_by_field() {
    let app = spawn_app().await;
    let create = |body: serde_json::Value| app.request("POST", "/v1/connections").json(&body);
    let unknown = Answer::of(create(json!({"connector": "nobody", "name": "x"}))).await;
    assert_eq!(unknown.problem(), "unknown_connector");
    let incomplete = Answer::of(create(json!({"connector": "example", "name": "x"}))).await;
    assert_eq!(incomplete.problem(), "invalid_field");
    assert_eq!(incomplete.json()["errors"].as_array().unwrap().len(), 2);
    let rejected =
        json!({"connector": "example", "name": "x", "fields": {"url": "u"}, "secrets": {"token": "t"}, "outcomes": ["rejected"]});
    assert_eq!(Answer::of(create(rejected)).await.json()["errors"][0]["field"], "outcomes");
}

#[tokio::test]
async fn an_empty_event_feed_says_where_to_go_on() {
    let app = spawn_app().await;
    let answer = Answer::of(app.request("GET", "/v1/events?after=7")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "[]"));
    assert_eq!(answer.header("skillgate-next"), "7");
    assert!(answer.header("content-type").starts_with("application/cloudevents-batch+json"));
}

#[tokio::test]
async fn only_what_waits_for_a_person_is_replayed_in_bulk() {
    let app = spawn_app().await;
    let replay = |state: &str| app.request("POST", "/v1/deliveries/replay").json(&json!({"state": state}));
    assert_eq!(Answer::of(replay("delivered")).await.problem(), "invalid_field");
    assert_eq!(Answer::of(replay("pending")).await.problem(), "invalid_field");
    let none = Answer::of(replay("dead")).await;
    assert_eq!((none.status, none.json()["replayed"].as_u64()), (202, Some(0)));
    let preview = json!({"state": "parked", "reason": "no_match", "since": "2026-11-01T00:00:00Z", "preview": true});
    let preview = Answer::of(app.request("POST", "/v1/deliveries/replay").json(&preview)).await;
    assert_eq!((preview.status, preview.json()["matched"].as_u64()), (200, Some(0)));
}

#[tokio::test]
async fn a_form_that_is_no_submission_is_told_why() {
    let app = spawn_app().await;
    let send = |form: Vec<u8>| app.request("POST", "/v1/submissions").header("content-type", Form::content_type()).body(form);
    let file = || Form::new().file("a.json", b"{}");
    assert_eq!(Answer::of(send(Form::new().end())).await.problem(), "no_file");
    for (name, value) in [
        ("candidate_email", "not an address"),
        ("candidate_ref", "a b"),
        ("candidate_name", "a\u{7}b"),
        ("colour", "blue"),
        ("candidate_name", &"x".repeat(5000)),
    ] {
        let answer = Answer::of(send(file().text(name, value).end())).await;
        assert_eq!(answer.problem(), "invalid_field", "{name}");
        assert_eq!(answer.json()["errors"][0]["field"], name);
    }
    let twice = file().text("candidate_name", "Ada").text("candidate_name", "Eve").end();
    assert_eq!(Answer::of(send(twice)).await.problem(), "invalid_field");
    let key = Answer::of(send(file().end()).header("idempotency-key", "with space inside")).await;
    assert_eq!(key.json()["errors"][0]["field"], "Idempotency-Key");
}
