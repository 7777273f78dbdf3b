//! The review of skills over HTTP: what waits, what people decide, what their decisions do to credentials that are there.

use crate::openapi::assert_described;
use crate::support::{Answer, Form, TestApp, spawn_app, spawn_app_as};
use serde_json::{Value, json};
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind};
use skillgate::taxonomy::import::{self, Wanted};
use skillgate::taxonomy::{Library, build};
use std::collections::BTreeSet;

const TRADES: &str = "uri,name,alt,kind,broader\n\
    urn:trade:metal,metal work,,group,\n\
    urn:trade:weld,arc welding,electric welding,skill,urn:trade:metal\n\
    urn:trade:log,logging,forest harvesting,knowledge,\n";

async fn office() -> TestApp {
    let app = spawn_app().await;
    let wanted = Wanted { name: "trades".to_owned(), version: "1".to_owned(), ..Wanted::default() };
    let mut bundle = import::read("trades.csv", TRADES.as_bytes(), &wanted).unwrap();
    bundle.tidy();
    let library = Library::new(&app.app.settings.skills.taxonomies_dir);
    library.keep(&build::build(&bundle)).unwrap();
    library.activate("trades", "1").unwrap();
    app
}

/// Hands in a badge of a new person whose only skills are these texts.
async fn hand_in(app: &TestApp, email: &str, tags: &[&str]) {
    let school = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
    let at = app.clock.now() - chrono::Duration::days(3);
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let badge = Badge { tags, alignments: Vec::new(), ..Badge::new(email, at) }.unsigned(&school);
    let signed = DataIntegrity::assertion(at).sign(&badge, &school.key).unwrap().to_string();
    let answer = Answer::of(app.upload(Form::new().file("badge.json", signed.as_bytes()).text("candidate_email", email))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    app.drain().await;
}

async fn call(app: &TestApp, method: &str, path: &str, body: &Value) -> Answer {
    let mut request = app.request(method, path);
    if !body.is_null() {
        request = request.json(body);
    }
    let answer = Answer::of(request).await;
    let described =
        if path.starts_with("/v1/skills/decisions/") && !path.ends_with("import") { "/v1/skills/decisions/{id}" } else { path };
    assert_described(method, described.split('?').next().unwrap(), &answer);
    answer
}

async fn waiting(app: &TestApp) -> Vec<String> {
    let list = call(app, "GET", "/v1/skills/review", &Value::Null).await.json();
    list["items"].as_array().unwrap().iter().map(|entry| entry["label"].as_str().unwrap().to_owned()).collect()
}

/// The concept of this text for each person who has it, in the order of their references' making.
async fn concepts(app: &TestApp, label: &str) -> Vec<Value> {
    let credentials = app.get_json("/v1/credentials").await["items"].clone();
    let people: BTreeSet<String> =
        credentials.as_array().unwrap().iter().map(|one| one["candidate_ref"].as_str().unwrap().to_owned()).collect();
    let mut found = Vec::new();
    for person in people {
        let skills = app.get_json(&format!("/v1/candidates/{person}/skills")).await["skills"].clone();
        let named = skills.as_array().unwrap().iter().filter(|skill| skill["label"]["text"] == label);
        found.extend(named.map(|skill| skill["concepts"][0]["uri"].clone()));
    }
    found
}

#[tokio::test]
async fn a_taxonomy_is_imported_compared_taken_back_and_removed_over_http() {
    let app = office().await;
    let import = |query: &str, body: &str| {
        app.request("POST", &format!("/v1/taxonomies?{query}"))
            .header("content-type", "application/octet-stream")
            .body(body.to_owned())
    };
    let second = "uri,name,alt,kind,broader\nurn:trade:metal,metal work,,group,\nurn:trade:weld,gas welding,,skill,urn:trade:metal\nurn:trade:braze,brazing,,skill,\n,,,,\n";
    let taken = Answer::of(import("file_name=trades.csv&name=trades&version=2", second)).await;
    assert_described("POST", "/v1/taxonomies", &taken);
    let taken = taken.json();
    assert_eq!((&taken["taxonomy"]["active"], &taken["taxonomy"]["concepts"]), (&json!(true), &json!(2)), "{taken:#}");

    let changes = Answer::of(app.request("GET", "/v1/taxonomies/trades/2/changes?since=1")).await;
    assert_described("GET", "/v1/taxonomies/{name}/{version}/changes", &changes);
    let changes = changes.json();
    assert_eq!(changes["added"]["items"][0]["label"], "brazing");
    assert_eq!(changes["removed"]["items"][0]["uri"], "urn:trade:log");
    assert_eq!(
        (&changes["renamed"]["items"][0]["before"], &changes["renamed"]["items"][0]["after"]),
        (&json!("arc welding"), &json!("gas welding"))
    );

    // Skills follow the version that counts.
    hand_in(&app, "ada@example.org", &["Gas welding"]).await;
    assert_eq!(concepts(&app, "Gas welding").await, [json!("urn:trade:weld")]);
    let back = Answer::of(app.request("PUT", "/v1/taxonomies/trades/active").json(&json!({"version": "1"}))).await;
    assert_described("PUT", "/v1/taxonomies/{name}/active", &back);
    assert_eq!(
        back.json()["items"].as_array().unwrap().iter().map(|one| one["active"].as_bool().unwrap()).collect::<Vec<_>>(),
        [true, false]
    );
    app.drain().await;
    assert_eq!(concepts(&app, "Gas welding").await, [Value::Null], "the earlier version has no such name");

    let removed = Answer::of(app.request("DELETE", "/v1/taxonomies/trades/2")).await;
    assert_described("DELETE", "/v1/taxonomies/{name}/{version}", &removed);
    assert_eq!(app.get_json("/v1/taxonomies").await["items"].as_array().unwrap().len(), 1);
    for (method, path, body) in [
        ("DELETE", "/v1/taxonomies/trades/2", Value::Null),
        ("PUT", "/v1/taxonomies/trades/active", json!({"version": "9"})),
        ("GET", "/v1/taxonomies/trades/1/changes?since=..%2f..%2fetc", Value::Null),
    ] {
        let request = app.request(method, path);
        let answer = Answer::of(if body.is_null() { request } else { request.json(&body) }).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    for (query, body, field) in [
        ("", "id,name\na,brazing\n", "name"),
        ("name=ours", "id,name\na,brazing\n", "version"),
        ("name=ours&version=1&strict=true", "id,name\na,brazing\nb,\n", "file"),
        ("name=ours&version=1", "no table", "file"),
        ("into=unknown", "id,name\na,brazing\n", "into"),
    ] {
        let answer = Answer::of(import(query, body)).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["field"].as_str()), (422, Some(field)), "{query}: {answer:?}");
    }
    assert_eq!(app.get_json("/v1/taxonomies").await["items"].as_array().unwrap().len(), 1, "nothing was imported");
}

#[tokio::test]
async fn only_the_tenant_that_manages_the_taxonomies_changes_them() {
    let app = spawn_app_as(|settings| settings.skills.managed_by = "other".to_owned()).await;
    let list = app.get_json("/v1/taxonomies").await;
    assert_eq!((&list["may_change"], &list["items"]), (&json!(false), &json!([])));
    for (method, path, body) in [
        ("POST", "/v1/taxonomies?name=ours&version=1", "id,name\na,brazing\n"),
        ("PUT", "/v1/taxonomies/trades/active", r#"{"version": "1"}"#),
        ("DELETE", "/v1/taxonomies/trades/1", ""),
    ] {
        let answer = Answer::of(app.request(method, path).header("content-type", "application/json").body(body)).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("managed_elsewhere")), "{path}");
    }
}

#[tokio::test]
async fn a_decision_over_http_reaches_every_credential_and_can_be_taken_back() {
    let app = office().await;
    hand_in(&app, "ada@example.org", &["Blorping", "Zibbing"]).await;
    hand_in(&app, "bob@example.org", &["Blorping"]).await;
    assert_eq!(waiting(&app).await[0], "Blorping", "texts of most people come first");

    let found = call(&app, "GET", "/v1/skills/concepts?q=electric%20welding", &Value::Null).await.json();
    assert_eq!(found["items"][0]["uri"], "urn:trade:weld", "{found:#}");
    let decided = call(
        &app,
        "POST",
        "/v1/skills/decisions",
        &json!({"label": " Blorping ", "ruling": "concept", "concept": "urn:trade:weld"}),
    )
    .await;
    assert_eq!(decided.status, 201, "{decided:?}");
    app.drain().await;
    assert!(!waiting(&app).await.contains(&"Blorping".to_owned()));
    assert_eq!(concepts(&app, "Blorping").await, [json!("urn:trade:weld"), json!("urn:trade:weld")]);
    hand_in(&app, "cleo@example.org", &["blorping"]).await;
    assert_eq!(
        concepts(&app, "blorping").await,
        [json!("urn:trade:weld")],
        "later credentials follow, whatever the letters' case"
    );

    let listed = call(&app, "GET", "/v1/skills/decisions", &Value::Null).await.json();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(decided.json()["id"], id.as_str());
    let undone = call(&app, "DELETE", &format!("/v1/skills/decisions/{id}"), &Value::Null).await;
    assert_eq!((undone.status, undone.json()["undone_at"].is_string()), (200, true), "{undone:?}");
    app.drain().await;
    assert!(waiting(&app).await[0].eq_ignore_ascii_case("Blorping"));
    assert_eq!(concepts(&app, "Blorping").await, [Value::Null, Value::Null]);
    assert_eq!(call(&app, "DELETE", "/v1/skills/decisions/nobody", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn decisions_that_mean_nothing_are_refused_and_many_are_taken_at_once() {
    let app = office().await;
    hand_in(&app, "ada@example.org", &["Blorping", "Zibbing"]).await;
    for (body, field) in [
        (json!({"label": "", "ruling": "not_a_skill"}), "label"),
        (json!({"label": "x".repeat(501), "ruling": "not_a_skill"}), "label"),
        (json!({"label": "Blorping", "ruling": "concept"}), "concept"),
        (json!({"label": "Blorping", "ruling": "concept", "concept": "urn:trade:nothing"}), "concept"),
        (json!({"label": "Blorping", "ruling": "not_a_skill", "concept": "urn:trade:weld"}), "concept"),
        (json!({"label": "Blorping", "ruling": "concept", "new_concept": " "}), "new_concept"),
    ] {
        let answer = call(&app, "POST", "/v1/skills/decisions", &body).await;
        assert_eq!((answer.status, answer.json()["errors"][0]["field"].as_str()), (422, Some(field)), "{body}");
    }
    let stranger =
        Answer::of(app.stranger("POST", "/v1/skills/decisions").json(&json!({"label": "Blorping", "ruling": "not_a_skill"})))
            .await;
    assert_eq!(stranger.status, 401);
    let page = call(&app, "GET", "/v1/skills/review?limit=1", &Value::Null).await.json();
    assert_eq!((page["items"].as_array().unwrap().len(), page["next"].as_str()), (1, Some("1")), "{page:#}");
    assert_eq!(call(&app, "GET", "/v1/skills/review?after=x", &Value::Null).await.status, 400);

    // Decided in one office, imported in another.
    let elsewhere = office().await;
    let new_concept = json!({"label": "Zibbing", "ruling": "concept", "new_concept": "Zibbing by hand"});
    for body in [json!({"label": "Blorping", "ruling": "not_a_skill"}), new_concept] {
        assert_eq!(call(&elsewhere, "POST", "/v1/skills/decisions", &body).await.status, 201, "{body}");
    }
    let decided = call(&elsewhere, "GET", "/v1/skills/decisions", &Value::Null).await.json()["items"].clone();
    let taken = call(&app, "POST", "/v1/skills/decisions/import", &json!({"items": decided})).await;
    assert_eq!((taken.status, taken.json()), (200, json!({"imported": 2})), "{taken:?}");
    app.drain().await;
    let waiting = waiting(&app).await;
    assert!(!waiting.contains(&"Blorping".to_owned()) && !waiting.contains(&"Zibbing".to_owned()), "{waiting:?}");
    assert!(concepts(&app, "Blorping").await.is_empty(), "what is no skill is withdrawn");
    assert_eq!(concepts(&app, "Zibbing").await.len(), 1);

    let catalogue = call(&app, "GET", "/v1/skills/catalogue", &Value::Null).await.json();
    assert_eq!(catalogue["taxonomies"][0]["name"], "trades", "{catalogue:#}");
}

#[tokio::test]
async fn the_catalogue_of_an_employer_is_one_that_is_loaded() {
    let app = office().await;
    let refused = call(&app, "PUT", "/v1/skills/catalogue", &json!({"taxonomy": "nothing"})).await;
    assert_eq!((refused.status, refused.json()["errors"][0]["field"].as_str()), (422, Some("taxonomy")));
    let chosen = call(&app, "PUT", "/v1/skills/catalogue", &json!({"taxonomy": "trades"})).await;
    assert_eq!((chosen.status, chosen.json()["taxonomy"].as_str()), (200, Some("trades")), "{chosen:?}");
    hand_in(&app, "ada@example.org", &["arc welding"]).await;
    assert_eq!(concepts(&app, "arc welding").await, [json!("urn:trade:weld")]);
    let none = call(&app, "PUT", "/v1/skills/catalogue", &json!({"taxonomy": null})).await;
    assert_eq!((none.status, none.json()["taxonomy"].is_null()), (200, true), "{none:?}");
}
