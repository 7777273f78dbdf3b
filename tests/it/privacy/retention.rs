//! Retention: what is too old goes, once a day, as the tenant's rules and the purposes that persons were told say.

use super::{connected, hand_in, isolation::another_tenant, link_of, pass};
use crate::support::{Answer, TestApp, spawn_app};
use serde_json::{Value, json};
use skillgate::model::ids::{CandidateRef, TenantId};
use tokio_util::sync::CancellationToken;

const DAY: i64 = 86_400;

async fn preview(app: &TestApp, rules: Value) -> Value {
    let answer = Answer::of(app.request("POST", "/v1/retention/preview").json(&rules)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    crate::openapi::assert_described("POST", "/v1/retention/preview", &answer);
    answer.json()
}

async fn is_there(app: &TestApp, candidate: &str) -> bool {
    Answer::of(app.request("GET", &format!("/v1/candidates/{candidate}"))).await.status == 200
}

async fn apply(app: &TestApp) -> usize {
    app.app.apply_due(&CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn what_is_too_old_is_previewed_and_then_deleted_once_a_day() {
    let app = spawn_app().await;
    let (receiver, _) = connected(&app, "Our HR system").await;
    hand_in(&app, "emp-old").await;
    app.drain().await;
    pass(&app, 400 * DAY);
    hand_in(&app, "emp-new").await;
    app.drain().await;
    assert_eq!(apply(&app).await, 1, "the turn of the only tenant");
    assert!(is_there(&app, "emp-old").await, "no rule says otherwise");
    assert_eq!(preview(&app, json!({})).await["candidates"], 0);
    let would = preview(&app, json!({"candidates_days": 365, "events_days": 365})).await;
    assert_eq!(would["candidates"], 1, "{would:#}");
    assert!(is_there(&app, "emp-old").await, "a preview deletes nothing");

    let answer = Answer::of(app.request("PUT", "/v1/retention").json(&json!({"candidates_days": 365}))).await;
    crate::openapi::assert_described("PUT", "/v1/retention", &answer);
    assert_eq!(
        (answer.json()["rules"]["candidates_days"].as_u64(), answer.json()["rules"]["requests_days"].as_u64()),
        (Some(365), Some(7))
    );
    assert_eq!(apply(&app).await, 0, "not twice a day");
    pass(&app, DAY);
    assert_eq!(apply(&app).await, 1);
    app.drain().await;
    assert!(!is_there(&app, "emp-old").await);
    assert!(is_there(&app, "emp-new").await);
    assert_eq!(receiver.genuine().last().unwrap()["type"], "org.skillgate.candidate.erased.v1", "the connections are told");
    assert_eq!(app.get_json("/v1/erasures").await["items"][0]["actor"], "retention");

    let answer = Answer::of(app.request("PUT", "/v1/retention").json(&json!({"events_days": 40_000}))).await;
    assert_eq!(answer.status, 422, "{answer:?}");
}

#[tokio::test]
async fn a_tenant_s_rules_count_for_that_tenant_only() {
    let app = spawn_app().await;
    hand_in(&app, "emp-ada").await;
    let other = another_tenant(&app).await;
    pass(&app, 400 * DAY);
    let theirs = app.stranger("PUT", "/v1/retention").bearer_auth(&other).json(&json!({"candidates_days": 1}));
    assert_eq!(Answer::of(theirs).await.status, 200);
    assert_eq!(apply(&app).await, 2);
    assert!(is_there(&app, "emp-ada").await);
    assert_eq!(app.get_json("/v1/retention").await["own"], json!({}));
    app.drain().await;
}

#[tokio::test]
async fn a_person_who_was_told_a_purpose_and_a_time_sees_them_and_is_kept_until_then() {
    let app = spawn_app().await;
    let (store, tenant) = (&app.app.store, TenantId::from("default"));
    for candidate in ["emp-short", "emp-long"] {
        hand_in(&app, candidate).await;
    }
    let now = app.clock.now();
    for (candidate, days) in [("emp-short", 10), ("emp-long", 600)] {
        let until = now + chrono::Duration::days(days);
        store.add_purpose(&tenant, &CandidateRef::from(candidate), "Welder in Halle", until, now).await.unwrap();
    }
    let page = Answer::of(app.stranger("GET", &link_of(&app, "emp-short").await)).await;
    assert!(page.text.contains("Welder in Halle") && page.text.contains("11 Mar 2026"), "{}", page.text);
    let rules = Answer::of(app.request("PUT", "/v1/retention").json(&json!({"candidates_days": 365}))).await;
    assert_eq!(rules.status, 200);
    pass(&app, 11 * DAY);
    apply(&app).await;
    assert!(!is_there(&app, "emp-short").await, "the purpose is over");
    pass(&app, 500 * DAY);
    apply(&app).await;
    assert!(is_there(&app, "emp-long").await, "the purpose is not over");
    app.drain().await;
}
