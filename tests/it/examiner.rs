//! The examiner as the channels of the gateway use it: each step is done once, and a fault of the program is reported as one.

use crate::support::wallet::Actor;
use crate::support::{Answer, Form, TestApp, spawn_app};
use serde_json::{Value, json};
use skillgate::examine::Step;
use std::sync::{Arc, Mutex};

struct Wallet {
    issuer: Actor,
    holder: Actor,
}

impl Wallet {
    fn new() -> Self {
        Self { issuer: Actor::new(), holder: Actor::new() }
    }

    fn badge(&self) -> Value {
        let id = format!("urn:uuid:{}", uuid::Uuid::now_v7());
        self.issuer.badge(&self.holder.did, &id, "2026-01-01T00:00:00Z")
    }

    /// Answers an exchange with two badges in one presentation.
    async fn answer(&self, app: &TestApp, exchange: &Value) -> Answer {
        let asked = send(app, exchange, &json!({})).await.json();
        let request = &asked["verifiablePresentationRequest"];
        let (challenge, domain) = (request["challenge"].as_str().unwrap(), request["domain"].as_str().unwrap());
        let presentation = self.holder.present(&[self.badge(), self.badge()], challenge, domain);
        send(app, exchange, &json!({"verifiablePresentation": presentation})).await
    }
}

async fn exchange(app: &TestApp) -> Value {
    Answer::of(app.request("POST", "/workflows/credentials/exchanges").json(&json!({}))).await.json()
}

async fn send(app: &TestApp, exchange: &Value, body: &Value) -> Answer {
    Answer::of(app.client.post(exchange["id"].as_str().unwrap()).json(body)).await
}

async fn state(app: &TestApp, exchange: &Value) -> Value {
    Answer::of(app.client.get(exchange["id"].as_str().unwrap()).bearer_auth(&app.key)).await.json()
}

fn counted(app: &TestApp) -> Arc<Mutex<Vec<Step>>> {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = steps.clone();
    app.app.pipeline.examiner.watch(move |step| seen.lock().unwrap().push(step));
    steps
}

fn panic_at(app: &TestApp, bad: Step) {
    app.app.pipeline.examiner.watch(move |step| assert!(step != bad, "a fault on purpose"));
}

#[tokio::test]
async fn a_wallets_presentation_is_opened_and_verified_once_and_each_credential_once() {
    let app = spawn_app().await;
    let steps = counted(&app);
    let exchange = exchange(&app).await;
    let answer = Wallet::new().answer(&app, &exchange).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    assert_eq!(*steps.lock().unwrap(), [Step::Open, Step::Presentation, Step::Credential, Step::Credential]);
    let submission = state(&app, &exchange).await["submission_id"].as_str().unwrap().to_owned();
    let file = &app.get_json(&format!("/v1/submissions/{submission}")).await["files"][0];
    assert_eq!(file["presentation"]["outcome"], "accepted", "the verdict of the first look is what is stored: {file:#}");
    assert_eq!(file["credentials"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_partners_presentation_is_opened_and_verified_once() {
    let app = spawn_app().await;
    let steps = counted(&app);
    let wallet = Wallet::new();
    let presentation = wallet.holder.present(&[wallet.badge()], "mine", "https://partner.example");
    let body = json!({"verifiablePresentation": presentation, "options": {"challenge": "mine"}});
    let answer = Answer::of(app.request("POST", "/presentations/verify").json(&body)).await.json();
    assert_eq!(answer["verified"], true, "{answer}");
    assert_eq!(*steps.lock().unwrap(), [Step::Open, Step::Presentation, Step::Credential]);
}

#[tokio::test]
async fn a_panic_over_one_upload_is_an_internal_fault_of_this_file_only() {
    let app = spawn_app().await;
    panic_at(&app, Step::Credential);
    let form = Form::new().file("ada.json", Wallet::new().badge().to_string().as_bytes()).file("notes.txt", b"Dear Ada");
    let answer = Answer::of(app.upload(form)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let submission = answer.json();
    let codes: Vec<_> = submission["files"].as_array().unwrap().iter().map(|file| file["problem"]["code"].clone()).collect();
    assert_eq!(codes[0], "internal_fault", "{submission:#}");
    assert!(codes[1].is_string() && codes[1] != "internal_fault", "{submission:#}");
    assert_eq!(submission["files"][0]["file"], "ada.json");
    assert_eq!(submission["files"][0]["sha256"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn a_panic_while_an_upload_is_opened_leaves_no_file_out() {
    let app = spawn_app().await;
    panic_at(&app, Step::Open);
    let form = Form::new().file("ada.json", b"{}").file("bob.json", b"{}");
    let submission = Answer::of(app.upload(form)).await.json();
    let files: Vec<_> =
        submission["files"].as_array().unwrap().iter().map(|file| (&file["file"], &file["problem"]["code"])).collect();
    assert_eq!(files, [(&json!("ada.json"), &json!("internal_fault")), (&json!("bob.json"), &json!("internal_fault"))]);
}

#[tokio::test]
async fn a_panic_over_a_wallets_presentation_is_an_internal_fault_and_the_wallet_may_answer_again() {
    let app = spawn_app().await;
    panic_at(&app, Step::Presentation);
    let exchange = exchange(&app).await;
    let before = state(&app, &exchange).await["challenge"].clone();
    for _ in 0..7 {
        let answer = Wallet::new().answer(&app, &exchange).await;
        assert_eq!((answer.status, answer.header("content-type")), (500, "application/problem+json"), "{answer:?}");
        assert!(answer.json()["type"].as_str().unwrap().ends_with("/internal-fault"), "{answer:?}");
    }
    let after = state(&app, &exchange).await;
    assert_eq!((&after["challenge"], after["state"].as_str()), (&before, Some("active")), "our fault is no try of the wallet");
    assert!(app.get_json("/v1/submissions").await["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_panic_over_a_wallets_credential_is_an_internal_fault_in_the_stored_answer() {
    let app = spawn_app().await;
    panic_at(&app, Step::Credential);
    let exchange = exchange(&app).await;
    assert_eq!(Wallet::new().answer(&app, &exchange).await.status, 200);
    let submission = state(&app, &exchange).await["submission_id"].as_str().unwrap().to_owned();
    let submission = app.get_json(&format!("/v1/submissions/{submission}")).await;
    assert_eq!(submission["files"][0]["problem"]["code"], "internal_fault", "{submission:#}");
    assert!(submission["files"][0]["credentials"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_panic_while_a_partners_credential_or_presentation_is_verified_is_an_internal_fault() {
    for step in [Step::Open, Step::Credential] {
        let app = spawn_app().await;
        panic_at(&app, step);
        let wallet = Wallet::new();
        let credential = json!({"verifiableCredential": wallet.badge()});
        let presentation = wallet.holder.present(&[wallet.badge()], "mine", "https://partner.example");
        let presentation = json!({"verifiablePresentation": presentation, "options": {"challenge": "mine"}});
        for (path, body) in [("/credentials/verify", credential), ("/presentations/verify", presentation)] {
            let answer = Answer::of(app.request("POST", path).json(&body)).await;
            assert_eq!(answer.status, 500, "{path}, {step:?}: {answer:?}");
            assert!(answer.json()["type"].as_str().unwrap().ends_with("/internal-fault"), "{path}, {step:?}: {answer:?}");
        }
    }
}
