//! The OpenAPI document and the gateway say the same: every route, and the shape of real answers.

use crate::support::{Answer, Form, spawn_app};
use serde_json::{Value, json};
use skillgate::http::openapi;
use skillgate::http::routes::{Described, table};
use std::collections::BTreeSet;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    serde_json::from_str(openapi::json().unwrap()).unwrap()
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let document = document();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let routes: BTreeSet<String> = table()
        .iter()
        .filter(|row| row.described == Described::OpenApi)
        .map(|row| format!("{} {}", row.method, row.path))
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    fn walk(value: &Value, document: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(target)) = members.get("$ref") {
                    assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
                }
                members.values().for_each(|member| walk(member, document));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, document)),
            _ => {}
        }
    }
    let document = document();
    walk(&document, &document);
}

#[test]
fn operations_have_unique_names_and_say_who_may_call_them() {
    let document = document();
    let mut seen = BTreeSet::new();
    for row in table().iter().filter(|row| row.described == Described::OpenApi) {
        let operation = &document["paths"][row.path.as_str()][row.method.as_str().to_lowercase()];
        assert!(seen.insert(operation["operationId"].as_str().unwrap().to_owned()), "{}", row.path);
        let is_public = operation["security"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(is_public, row.access == skillgate::http::routes::Access::Public, "{} {}", row.method, row.path);
        let asks_for_key = operation["responses"].get("401").is_some();
        assert!(is_public || asks_for_key, "{} {}", row.method, row.path);
    }
}

/// Asserts that an answer is one that the document describes for this operation.
pub fn assert_described(method: &str, path: &str, answer: &Answer) {
    let document = document();
    let operation = &document["paths"][path][method.to_lowercase()];
    assert!(operation.is_object(), "{method} {path} is not described");
    let mut response = &operation["responses"][answer.status.to_string()];
    if let Some(target) = response["$ref"].as_str() {
        response = document.pointer(target.trim_start_matches('#')).unwrap();
    }
    assert!(response.is_object(), "{method} {path}: {} is not described: {}", answer.status, answer.text);
    let Some(contents) = response["content"].as_object() else {
        assert_eq!(answer.text, "", "{method} {path}");
        return;
    };
    let media_type = answer.header("content-type").split(';').next().unwrap().to_owned();
    let content = contents.get(&media_type).or_else(|| contents.get("*/*"));
    let schema = &content.unwrap_or_else(|| panic!("{method} {path}: {media_type} is not described"))["schema"];
    if !media_type.ends_with("json") {
        return;
    }
    let whole = json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "components": document["components"], "allOf": [schema]});
    let validator = jsonschema::validator_for(&whole).unwrap();
    let body = answer.json();
    let errors: Vec<String> =
        validator.iter_errors(&body).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(errors.is_empty(), "{method} {path}: {errors:#?}\n{body:#}");
}

#[tokio::test]
async fn real_answers_have_the_shape_that_the_document_gives() {
    let app = spawn_app().await;
    let connection = json!({"connector": "example", "name": "Our ATS", "fields": {"url": "u"}, "secrets": {"token": "t"}});
    let made = Answer::of(app.request("POST", "/v1/connections").json(&connection)).await;
    assert_described("POST", "/v1/connections", &made);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    for (method, path) in [
        ("GET", "/v1/submissions"),
        ("GET", "/v1/submissions/{id}"),
        ("GET", "/v1/credentials"),
        ("GET", "/v1/credentials/{id}"),
        ("GET", "/v1/candidates/{ref}"),
        ("DELETE", "/v1/candidates/{ref}"),
        ("GET", "/v1/events"),
        ("GET", "/v1/connectors"),
        ("GET", "/v1/connections"),
        ("GET", "/v1/connections/{id}"),
        ("POST", "/v1/connections/{id}/pause"),
        ("POST", "/v1/connections/{id}/resume"),
        ("POST", "/v1/connections/{id}/test"),
        ("GET", "/v1/deliveries"),
        ("GET", "/v1/deliveries/{id}"),
        ("GET", "/v1/api-keys"),
        ("GET", "/session"),
        ("DELETE", "/session"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/problems/{code}"),
        ("DELETE", "/v1/connections/{id}"),
    ] {
        let concrete = path.replace("{id}", &id).replace("{ref}", "nobody").replace("{code}", "internal");
        let answer = Answer::of(app.request(method, &concrete)).await;
        assert!(answer.status < 500, "{method} {path}: {}", answer.text);
        assert_described(method, path, &answer);
        let stranger = Answer::of(app.stranger(method, &concrete)).await;
        assert_described(method, path, &stranger);
    }
    let broken = app.request("POST", "/v1/submissions").header("content-type", Form::content_type()).body("x");
    assert_described("POST", "/v1/submissions", &Answer::of(broken).await);
}
