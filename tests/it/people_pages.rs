//! What the pages for people rest on: a connection's plan and health, pictures of badges, the list of the inbox.

use crate::openapi::assert_described;
use crate::support::{Answer, Form, NOW, TestApp, spawn_app};
use serde_json::{Value, json};

const SECRET: &str = "whsec_YSBzZWNyZXQgb2YgYXQgbGVhc3QgMjQgYnl0ZXM=";

fn sample(name: &str) -> Vec<u8> {
    let files = skillgate::sample::files(NOW.parse().unwrap()).unwrap();
    files.into_iter().find(|file| file.name == name).unwrap().bytes
}

async fn upload(app: &TestApp, name: &str, fields: &[(&str, &str)]) -> Value {
    let form = fields.iter().fold(Form::new().file(name, &sample(name)), |form, (field, value)| form.text(field, value));
    let answer = Answer::of(app.upload(form)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

async fn connection(app: &TestApp) -> String {
    let body = json!({"connector": "webhook", "name": "Data lake", "fields": {"url": "https://hooks.example.org/a"}, "secrets": {"signing_secret": SECRET}});
    let answer = Answer::of(app.request("POST", "/v1/connections").json(&body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_requests_of_edited_settings_are_shown_without_secrets_and_compared_with_the_saved_ones() {
    let app = spawn_app().await;
    let id = connection(&app).await;
    let path = "/v1/connectors/webhook/plan";
    let plan = |body: Value| app.request("POST", path).json(&body);
    let alone = Answer::of(plan(json!({"fields": {"url": "https://hooks.example.org/b"}}))).await;
    assert_eq!(alone.status, 200, "{}", alone.text);
    assert_described("POST", "/v1/connectors/{name}/plan", &alone);
    assert!(alone.text.contains("POST https://hooks.example.org/b") && alone.text.contains("webhook-signature: ***"));
    assert!(!alone.text.contains("added") && !alone.text.contains("whsec_"));
    let compared = Answer::of(plan(json!({"fields": {"url": "https://hooks.example.org/b"}, "connection_id": id}))).await.json();
    let changed: Vec<String> = compared["lines"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["change"] != "same")
        .map(|line| format!("{} {}", line["change"].as_str().unwrap(), line["text"].as_str().unwrap()))
        .collect();
    assert!(changed.contains(&"removed POST https://hooks.example.org/a".to_owned()), "{changed:?}");
    assert!(changed.contains(&"added POST https://hooks.example.org/b".to_owned()), "{changed:?}");
    let same = Answer::of(plan(json!({"fields": {"url": "https://hooks.example.org/a"}, "connection_id": id}))).await;
    assert!(!same.text.contains("added") && !same.text.contains("removed"));
    for (body, status) in [
        (json!({"connection_id": "unknown"}), 404),
        (json!({"event_type": "org.skillgate.candidate.linked.v1"}), 422),
        (json!({"colour": 1}), 400),
    ] {
        assert!([status, 422].contains(&Answer::of(plan(body.clone())).await.status), "{body}");
    }
    let unknown = Answer::of(app.request("POST", "/v1/connectors/nothing/plan").json(&json!({}))).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn the_form_of_a_connector_stands_in_the_order_of_its_manifest() {
    let app = spawn_app().await;
    let all = app.get_json("/v1/connectors").await;
    let webhook = all["items"].as_array().unwrap().iter().find(|known| known["name"] == "webhook").unwrap();
    let names: Vec<&str> = webhook["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["url", "signing_secret", "previous_signing_secret"]);
    assert_eq!((&webhook["fields"][0]["generated"], &webhook["fields"][1]["generated"]), (&Value::Null, &json!(true)));
}

#[tokio::test]
async fn a_connection_says_how_its_deliveries_went_and_why_it_is_paused() {
    let app = spawn_app().await;
    let id = connection(&app).await;
    let path = format!("/v1/connections/{id}");
    let before = app.get_json(&path).await;
    assert_eq!(before["health"]["day"], json!({"delivered": 0, "stopped": 0, "waiting": 0}));
    let reason = json!({"reason": "The data lake is being moved"});
    let paused = Answer::of(app.request("POST", &format!("{path}/pause")).json(&reason)).await;
    assert_eq!(paused.json()["paused_reason"], reason["reason"]);
    upload(&app, "valid.json", &[("candidate_email", "ada@example.org")]).await;
    app.drain().await;
    let health = app.get_json(&path).await["health"].clone();
    let waiting = health["waiting"].as_u64().unwrap();
    assert!(waiting > 0 && health["week"]["waiting"] == waiting && health["oldest_waiting"].is_string(), "{health}");
    let plain = Answer::of(app.request("POST", &format!("{path}/pause"))).await;
    assert_eq!(plain.json()["paused_reason"], "Paused by an administrator.");
    for body in [json!({"reason": "x".repeat(201)}), json!({"reason": "a\nb"}), json!({"why": "x"})] {
        let refused = Answer::of(app.request("POST", &format!("{path}/pause")).json(&body)).await;
        assert!([400, 422].contains(&refused.status), "{body}");
    }
    let page = Answer::of(app.request("GET", &format!("/connections/{id}"))).await;
    assert!(page.text.contains("Data lake") && page.text.contains("Paused") && !page.text.contains(SECRET), "{}", page.text);
    assert_eq!(Answer::of(app.request("GET", "/connections/unknown")).await.status, 404);
    assert_eq!(Answer::of(app.request("GET", "/connections/new?connector=unknown")).await.status, 404);
}

#[tokio::test]
async fn every_connector_has_a_form() {
    let app = spawn_app().await;
    for known in app.get_json("/v1/connectors").await["items"].as_array().unwrap() {
        let name = known["name"].as_str().unwrap();
        let page = Answer::of(app.request("GET", &format!("/connections/new?connector={name}"))).await;
        assert_eq!(page.status, 200, "{name}");
        for field in known["fields"].as_array().unwrap() {
            let field = field["name"].as_str().unwrap();
            assert!(page.text.contains(&format!("-{field}\"")), "{name}: {field}");
        }
    }
}

#[tokio::test]
async fn a_badge_s_picture_is_the_gateway_s_own_and_a_rejected_credential_has_none() {
    let app = spawn_app().await;
    let good = upload(&app, "valid.json", &[]).await;
    let picture = format!("/pictures/{}", good["files"][0]["credentials"][0]["id"].as_str().unwrap());
    let answer = Answer::of(app.request("GET", &picture)).await;
    assert_eq!(answer.status, 200);
    assert!(["image/png", "image/svg+xml"].contains(&answer.header("content-type")));
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    assert!(answer.header("cache-control").starts_with("private"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(Answer::of(app.stranger("GET", &picture)).await.status, 401);
    let bad = upload(&app, "tampered.json", &[]).await;
    let bad = bad["files"][0]["credentials"][0]["id"].as_str().unwrap();
    assert_eq!(Answer::of(app.request("GET", &format!("/pictures/{bad}"))).await.status, 404);
    assert_eq!(Answer::of(app.request("GET", "/pictures/unknown")).await.status, 404);
}

#[tokio::test]
async fn the_list_of_the_inbox_is_the_same_for_programs() {
    let app = spawn_app().await;
    upload(
        &app,
        "valid.json",
        &[("candidate_email", "ada@example.org"), ("candidate_name", "Ada Example"), ("candidate_ats_id", "4711 / 12")],
    )
    .await;
    upload(&app, "tampered.json", &[("candidate_name", "Bob Example")]).await;
    let path = "/v1/submissions";
    let all = Answer::of(app.request("GET", &format!("{path}?view=credentials"))).await;
    assert_described("GET", path, &all);
    let all = all.json();
    let rows = all["items"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["outcome"], &rows[0]["person"]["name"]), (&json!("rejected"), &json!("Bob Example")));
    assert!(rows[0].get("title").is_none() && rows[0].get("issuer").is_none(), "{}", rows[0]);
    assert_eq!(rows[1]["person"], json!({"name": "Ada Example", "email": "ada@example.org", "ats_id": "4711 / 12"}));
    let issuer = rows[1]["issuer"]["id"].as_str().unwrap();
    for (filter, found) in [
        ("q=4711%20%2F%2012".to_owned(), 1),
        ("q=ada@example.org".to_owned(), 1),
        ("outcome=rejected".to_owned(), 1),
        (format!("issuer={issuer}"), 1),
        ("q=unheard-of".to_owned(), 0),
    ] {
        let some = app.get_json(&format!("{path}?view=credentials&{filter}")).await;
        assert_eq!(some["items"].as_array().unwrap().len(), found, "{filter}");
    }
    let first = app.get_json(&format!("{path}?view=credentials&limit=1")).await;
    let second = app.get_json(&format!("{path}?view=credentials&limit=1&after={}", first["next"].as_str().unwrap())).await;
    assert_ne!(first["items"][0]["credential_id"], second["items"][0]["credential_id"]);
    for wrong in ["q=ada", "view=credentials&outcome=good", "view=nothing"] {
        assert_eq!(Answer::of(app.request("GET", &format!("{path}?{wrong}"))).await.status, 400, "{wrong}");
    }
}
