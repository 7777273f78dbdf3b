//! Whose data it is: the person's own page, certificates of erasure, what is left after an erasure, and what other tenants, logs and
//! metrics never show.

mod certificates;
mod isolation;
mod keys;
mod leftovers;
mod person_page;
mod retention;
mod silence;

use crate::support::receiver::Receiver;
use crate::support::{Answer, Form, TestApp};
use serde_json::{Value, json};
use skillgate::sample::files;

pub const SIGNING_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// A receiver, and a connection that leads to it.
pub async fn connected(app: &TestApp, name: &str) -> (Receiver, String) {
    let receiver = Receiver::start(SIGNING_SECRET).await;
    let body = json!({"connector": "webhook", "name": name, "fields": {"url": receiver.url},
        "secrets": {"signing_secret": SIGNING_SECRET}});
    let made = Answer::of(app.request("POST", "/v1/connections").json(&body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    (receiver, id)
}

pub fn sample(app: &TestApp, name: &str) -> Vec<u8> {
    let found = files(app.clock.now()).unwrap().into_iter().find(|file| file.name == name).unwrap();
    found.bytes.clone()
}

/// Hands in a badge of Ada's for the candidate.
pub async fn hand_in(app: &TestApp, candidate: &str) {
    let form = Form::new()
        .file("ada.json", &sample(app, "valid.json"))
        .text("candidate_ref", candidate)
        .text("candidate_email", "ada@example.org");
    let answer = Answer::of(app.upload(form)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// The path of a new link to the person's page.
pub async fn link_of(app: &TestApp, candidate: &str) -> String {
    let answer = Answer::of(app.request("POST", &format!("/v1/candidates/{candidate}/link")).json(&json!({}))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    crate::openapi::assert_described("POST", "/v1/candidates/{ref}/link", &answer);
    answer.json()["url"].as_str().unwrap().strip_prefix(app.address.as_str()).unwrap().to_owned()
}

pub fn pass(app: &TestApp, seconds: i64) {
    app.clock.set(app.clock.now() + chrono::Duration::seconds(seconds));
}

/// Erases the person; the id of the certificate.
pub async fn erase(app: &TestApp, candidate: &str) -> String {
    pass(app, 1);
    let answer = Answer::of(app.request("DELETE", &format!("/v1/candidates/{candidate}"))).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    answer.header("location").strip_prefix("/v1/erasures/").unwrap().to_owned()
}

/// What the certificate says of the connection.
pub async fn telling(app: &TestApp, erasure: &str, connection: &str) -> Value {
    let answer = Answer::of(app.request("GET", &format!("/v1/erasures/{erasure}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    crate::openapi::assert_described("GET", "/v1/erasures/{id}", &answer);
    let told = answer.json()["connections"].as_array().unwrap().clone();
    told.into_iter().find(|to| to["connection_id"] == connection).unwrap()
}
