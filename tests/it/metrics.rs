//! `/metrics`: what it counts, who may read it, where it answers; and the dashboard and the alerts that read it.

use crate::support::{Answer, Form, spawn_app, spawn_app_as};
use skillgate::model::secret::Secret;
use std::collections::BTreeSet;
use std::path::Path;

/// Words of the query language and labels, which stand where names of metrics could.
const MADE_BY_PROMETHEUS: [&str; 2] = ["up", "ALERTS"];

fn shipped(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Names of metrics in the text: words that begin like the gateway's, without what a histogram adds.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = words.filter(|word| word.starts_with("skillgate_") || word.starts_with("process_"));
    let bare =
        |word: &str| ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned();
    ours.map(bare).collect()
}

async fn counted() -> BTreeSet<String> {
    let app = spawn_app().await;
    let badge = skillgate::sample::files(app.clock.now()).unwrap().remove(0);
    assert_eq!(Answer::of(app.upload(Form::new().file("valid.json", &badge.bytes))).await.status, 201);
    // The route of the first reading is counted when it is over.
    Answer::of(app.stranger("GET", "/metrics")).await;
    let text = Answer::of(app.stranger("GET", "/metrics")).await.text;
    let names = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    names.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_metric_of_the_dashboard_and_of_the_alerts_is_there_and_every_metric_is_in_the_manual() {
    let counted = counted().await;
    for file in ["deploy/grafana/skillgate.json", "deploy/prometheus/alerts.yaml", "deploy/kubernetes/keda/workers.yaml"] {
        let named = named(&shipped(file));
        assert!(!named.is_empty(), "{file} names no metric");
        let missing: Vec<&String> = named.difference(&counted).collect();
        assert!(missing.is_empty(), "{file} names what /metrics does not show: {missing:?}");
    }
    for name in MADE_BY_PROMETHEUS {
        assert!(!counted.contains(name));
    }
    let manual = named(&shipped("docs/operating.md"));
    assert_eq!(manual, counted, "docs/operating.md lists the metrics");
}

#[tokio::test]
async fn with_a_key_only_its_holder_reads_the_metrics() {
    let app = spawn_app_as(|settings| settings.metrics.key = Secret::new("a key of the monitoring")).await;
    assert_eq!(Answer::of(app.stranger("GET", "/metrics")).await.problem(), "unauthorized");
    let wrong = app.stranger("GET", "/metrics").header("authorization", "Bearer a key of the monitorinG");
    assert_eq!(Answer::of(wrong).await.status, 401);
    // A tenant's key is no key of the operator's monitoring.
    assert_eq!(Answer::of(app.request("GET", "/metrics")).await.status, 401);
    let right = app.stranger("GET", "/metrics").header("authorization", "Bearer a key of the monitoring");
    assert!(Answer::of(right).await.text.contains("skillgate_build_info"));
}

#[tokio::test]
async fn metrics_with_an_address_of_their_own_are_not_at_the_gateways() {
    let app = spawn_app_as(|settings| settings.metrics.listen = "127.0.0.1:0".to_owned()).await;
    assert_eq!(Answer::of(app.stranger("GET", "/metrics")).await.problem(), "not_found");
    assert_eq!(Answer::of(app.stranger("GET", "/healthz")).await.status, 200);
}

#[tokio::test]
async fn an_attempt_is_counted_with_its_connector_and_result() {
    let app = spawn_app().await;
    let text = Answer::of(app.stranger("GET", "/metrics")).await.text;
    assert!(text.contains(r#"skillgate_attempts_total{connector="webhook",result="config_error"} 0"#), "{text}");
}

#[tokio::test]
async fn a_problem_and_the_log_carry_the_same_id() {
    let app = spawn_app().await;
    let answer = Answer::of(app.stranger("GET", "/nothing").header("x-request-id", "abc-1")).await;
    assert_eq!(answer.json()["request_id"], "abc-1");
    let made = Answer::of(app.stranger("GET", "/v1/submissions")).await;
    assert_eq!(made.json()["request_id"], made.header("x-request-id"));
}
