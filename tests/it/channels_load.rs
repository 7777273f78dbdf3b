//! Many wallets and platforms at once on the embedded default: no error, no lost credential.

use crate::support::platform::{Platform, all_scopes, call, invite, push};
use crate::support::wallet::Actor;
use crate::support::{Answer, TestApp, spawn_app};
use crate::vcalm::open;
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn one_exchange(app: &TestApp, number: usize) -> String {
    let exchange = open(app, json!({"variables": {"candidate_ref": format!("x-{number}")}})).await;
    let url = exchange["id"].as_str().unwrap();
    let ask = Answer::of(app.client.post(url).body("{}")).await;
    assert_eq!(ask.status, 200, "{ask:?}");
    let request = &ask.json()["verifiablePresentationRequest"];
    let (issuer, holder) = (Actor::new(), Actor::new());
    let badge = issuer.badge(&holder.did, &format!("urn:uuid:x{number}"), "2026-01-01T00:00:00Z");
    let presentation = holder.present(&[badge], request["challenge"].as_str().unwrap(), request["domain"].as_str().unwrap());
    let answer = Answer::of(app.client.post(url).json(&json!({"verifiablePresentation": presentation}))).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"), "{number}");
    let done = Answer::of(app.client.get(url).bearer_auth(&app.key)).await.json();
    assert_eq!(done["state"], "complete");
    done["submission_id"].as_str().unwrap().to_owned()
}

async fn one_platform(app: &TestApp, number: usize) {
    let platform = Platform::register(app).await;
    let invited = invite(app, json!({"candidate_ref": format!("p-{number}")})).await;
    let token = platform.connect(invited["code"].as_str().unwrap(), &all_scopes()).await;
    let token = token["access_token"].as_str().unwrap();
    let (issuer, holder) = (Actor::new(), Actor::new());
    for credential in 0..2 {
        let id = format!("urn:uuid:p{number}-{credential}");
        let badge: Value = issuer.badge(&holder.did, &id, "2026-01-01T00:00:00Z");
        let answer = push(app, token, "application/json", &badge.to_string()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let listed = Answer::of(call(app, token, "GET", "/credentials")).await;
    assert_eq!(listed.header("x-total-count"), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_exchanges_and_fifty_platforms_at_once_lose_nothing() {
    let app = spawn_app().await;
    let exchanges = join_all((0..200).map(|number| one_exchange(&app, number)));
    let platforms = join_all((0..50).map(|number| one_platform(&app, number)));
    let (submissions, _) = futures_util::join!(exchanges, platforms);
    let distinct: std::collections::BTreeSet<&String> = submissions.iter().collect();
    assert_eq!(distinct.len(), 200);
    let mut count = 0;
    let mut after = String::new();
    loop {
        let page = app.get_json(&format!("/v1/credentials?limit=100{after}")).await;
        count += page["items"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(count, 300, "200 over exchanges, 100 pushed");
}
