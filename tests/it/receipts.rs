//! Receipts, from the API to a check without the gateway.

use crate::support::{Answer, Form, spawn_app};
use skillgate::receipt;
use skillgate::verify::keys::PublicKey;

#[tokio::test]
async fn a_receipt_is_stable_chained_and_checkable_without_the_gateway() {
    let app = spawn_app().await;
    let files = skillgate::sample::set::files(skillgate::model::clock::Clock::system().now()).unwrap();
    let mut tokens = Vec::new();
    for name in ["valid.json", "tampered.json"] {
        let file = files.iter().find(|file| file.name == name).unwrap();
        let body = Form::new().file(name, &file.bytes).end();
        let answer =
            Answer::of(app.request("POST", "/v1/submissions").header("content-type", Form::content_type()).body(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let id = answer.json()["files"][0]["credentials"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/credentials/{id}/receipt");
        let first = Answer::of(app.request("GET", &path)).await;
        assert_eq!(first.status, 200, "{}", first.text);
        assert_eq!(Answer::of(app.request("GET", &path)).await.text, first.text, "asked twice, the same receipt");
        tokens.push(first.text);
    }
    let key = Answer::of(app.stranger("GET", "/receipt-key.json")).await.json();
    let key = PublicKey::from_jwk(&key).unwrap();
    let both: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let receipts = receipt::verify_chain(&both, &key).unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(receipts[0].checks.len(), 11);
    assert!(!receipts[0].contexts.is_empty());
    assert_eq!(Answer::of(app.request("GET", "/v1/credentials/nothing/receipt")).await.problem(), "not_found");
}
