//! A trust policy is read, tried, published and taken back while the gateway runs.

use crate::openapi::assert_described;
use crate::support::{Answer, Form, NOW, TestApp, spawn_app};
use serde_json::{Value, json};
use skillgate::model::ids::TenantId;
use skillgate::sample;

async fn upload(app: &TestApp, name: &str) -> Value {
    let files = sample::files(NOW.parse().unwrap()).unwrap();
    let bytes = files.into_iter().find(|file| file.name == name).unwrap().bytes;
    let answer = Answer::of(app.upload(Form::new().file(name, &bytes).text("candidate_email", "ada@example.org"))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn asked(app: &TestApp, method: &str, path: &str, body: &Value) -> Answer {
    let answer = Answer::of(app.request(method, path).json(body)).await;
    assert_described(method, path, &answer);
    answer
}

async fn outcome(app: &TestApp, submission: &Value) -> String {
    let id = submission["files"][0]["credentials"][0]["id"].as_str().unwrap();
    while app.app.pipeline.check_due().await.unwrap() > 0 {}
    app.get_json(&format!("/v1/credentials/{id}")).await["outcome"].as_str().unwrap().to_owned()
}

async fn current(app: &TestApp) -> Value {
    let answer = Answer::of(app.request("GET", "/v1/trust/policy")).await;
    assert_described("GET", "/v1/trust/policy", &answer);
    answer.json()
}

#[tokio::test]
async fn an_issuer_that_was_seen_gets_a_rule_and_past_verdicts_follow() {
    let app = spawn_app().await;
    let submission = upload(&app, "valid.json").await;
    assert_eq!(submission["outcome"], "attention");
    let issuers = Answer::of(app.request("GET", "/v1/trust/issuers")).await;
    assert_described("GET", "/v1/trust/issuers", &issuers);
    let issuer = issuers.json()["items"][0].clone();
    assert_eq!((&issuer["credentials"], &issuer["first"]["title"]), (&json!(1), &json!("Working with Data")), "{issuer:#}");

    let before = current(&app).await;
    assert_eq!((&before["source"], &before["name"]), (&json!("file"), &json!("built-in")));
    let rule = json!({"issuer_id": issuer["issuer_id"], "decision": "allow", "name": "Lindgrove Institute"});
    let text = asked(&app, "POST", "/v1/trust/policy/rule", &rule).await.json()["text"].clone();
    let trial = asked(&app, "POST", "/v1/trust/policy/trial", &json!({"text": text})).await.json();
    assert_eq!((&trial["changed"], &trial["changes"][0]["to"]), (&json!(1), &json!("accepted")), "{trial:#}");
    assert_eq!(outcome(&app, &submission).await, "attention", "a trial changes nothing");

    let published = asked(&app, "PUT", "/v1/trust/policy", &json!({"text": text, "replaces": before["sha256"]})).await;
    assert_eq!((published.status, &published.json()["trial"]["changed"]), (200, &json!(1)), "{}", published.text);
    assert_eq!(outcome(&app, &submission).await, "accepted");
    app.drain().await;
    let events = Answer::of(app.request("GET", "/v1/events?limit=500")).await;
    assert!(events.text.contains("org.skillgate.credential.verified.v1"), "the new verdict is published");
    assert_eq!(upload(&app, "valid-with-status.json").await["outcome"], "attention", "another key is another issuer");
    assert_eq!(app.get_json("/v1/trust/issuers").await["items"].as_array().unwrap().len(), 1);

    let denied = json!({"issuer_id": issuer["issuer_id"], "decision": "deny"});
    let text = asked(&app, "POST", "/v1/trust/policy/rule", &denied).await.json()["text"].clone();
    let stale = asked(&app, "PUT", "/v1/trust/policy", &json!({"text": text, "replaces": before["sha256"]})).await;
    assert_eq!(stale.status, 409, "somebody published meanwhile");
    let now = current(&app).await;
    assert_eq!(asked(&app, "PUT", "/v1/trust/policy", &json!({"text": text, "replaces": now["sha256"]})).await.status, 200);
    assert_eq!(outcome(&app, &submission).await, "rejected");

    let back = Answer::of(app.request("DELETE", "/v1/trust/policy")).await;
    assert_described("DELETE", "/v1/trust/policy", &back);
    assert_eq!(current(&app).await["source"], "file");
    assert_eq!(outcome(&app, &submission).await, "attention");
    let versions = Answer::of(app.request("GET", "/v1/trust/policy/versions")).await;
    assert_described("GET", "/v1/trust/policy/versions", &versions);
    assert_eq!(versions.json()["items"].as_array().unwrap().len(), 3);
    let filter = skillgate::model::account::AuditFilter { action: Some("trust_policy.publish".to_owned()), ..Default::default() };
    let audit = app.app.store.list_audit(&TenantId::from("default"), &filter, None, 10).await.unwrap();
    assert_eq!(audit.len(), 3);
}

#[tokio::test]
async fn a_published_policy_counts_in_other_processes_and_after_a_restart() {
    let app = spawn_app().await;
    let before = current(&app).await;
    let text = "name = \"theirs\"\nunknown_issuer = \"deny\"\n";
    let published = json!({"text": text, "replaces": before["sha256"]});
    assert_eq!(asked(&app, "PUT", "/v1/trust/policy", &published).await.status, 200);
    let tenant = TenantId::from("default");
    let settings = skillgate::config::Settings::clone(&app.app.settings);
    let other = skillgate::app::App::build(settings, app.clock.clone()).await.unwrap();
    assert_eq!(other.pipeline.policy(&tenant).reference().name, "theirs");
    assert_eq!(Answer::of(app.request("DELETE", "/v1/trust/policy")).await.status, 200);
    other.pipeline.load_published_policies().await.unwrap();
    assert_eq!(other.pipeline.policy(&tenant).reference().name, "built-in");
}

#[tokio::test]
async fn a_policy_that_is_wrong_is_refused_with_its_fault() {
    let app = spawn_app().await;
    let sha = current(&app).await["sha256"].clone();
    for (text, told) in [
        ("rule = 1", "can't be read"),
        ("name = \"x\"\n[[rule]]\nid = \"r\"\ndecision = \"attention\"\n", "must allow or deny"),
        ("name = \"x\"\n[[example]]\nissuer = \"did:web:a.example.org\"\nexpect = \"allow\"\n", "examples do not hold"),
    ] {
        let refused = asked(&app, "PUT", "/v1/trust/policy", &json!({"text": text, "replaces": sha})).await;
        assert_eq!(refused.status, 422, "{text}");
        assert!(refused.text.contains(told), "{}", refused.text);
    }
    let rule = json!({"issuer_id": "did:web:a.example.org", "decision": "attention"});
    assert_eq!(asked(&app, "POST", "/v1/trust/policy/rule", &rule).await.status, 422);
    assert_eq!(current(&app).await["sha256"], sha);
}
