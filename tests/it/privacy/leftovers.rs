//! After an erasure, no string of the person is left: not in the database's raw files or tables (outbox, dead letters, ledger, deliveries,
//! notes), not in files that the gateway keeps.

use super::{connected, erase, link_of, pass};
use crate::support::wallet::Actor;
use crate::support::{Answer, Form, TestApp, spawn_app};
use serde_json::json;

const NAME: &str = "Zenobia Quirkwood";
const EMAIL: &str = "zenobia.quirkwood@mail.example.org";
const ATS_ID: &str = "ats-qw-90210";
const DID: &str = "did:example:zenobiaquirkwood";
const FILE: &str = "zenobia-quirkwood-diploma.json";
const REMOTE: &str = "remote-qw-55512";
const NOTE: &str = "Quirkwood Lane 77 is my street";

/// Whether the text stands in the dump, as it is or as PostgreSQL writes bytes.
fn holds(dump: &str, text: &str) -> bool {
    dump.contains(text) || dump.contains(&hex::encode(text))
}

async fn everything_about(app: &TestApp) -> String {
    let (receiver, connection) = connected(app, "Our HR system").await;
    let (away, _) = connected(app, "Away").await;
    away.be_away(true);
    let badge = Actor::new().badge(DID, "urn:uuid:7", "2026-01-01T00:00:00Z").to_string();
    let form = Form::new()
        .file(FILE, badge.as_bytes())
        .text("candidate_email", EMAIL)
        .text("candidate_name", NAME)
        .text("candidate_ats_id", ATS_ID);
    let answer = Answer::of(app.upload(form)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let candidate = answer.json()["candidate_ref"].as_str().unwrap().to_owned();
    let person = format!("/v1/connections/{connection}/people/{candidate}");
    assert!(Answer::of(app.request("PUT", &person).json(&json!({"remote_id": REMOTE}))).await.status < 300);
    app.drain().await;
    assert!(!receiver.genuine().is_empty());
    // The other connection's deliveries become dead letters.
    for _ in 0..40 {
        pass(app, 7 * 3_600);
        app.drain().await;
    }
    let page = link_of(app, &candidate).await;
    let said = app.stranger("POST", &format!("{page}/error")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(Answer::of(said.body(format!("text={}", NOTE.replace(' ', "+")))).await.status, 303);
    let invited = json!({"candidate_ref": candidate, "candidate_name": NAME});
    assert_eq!(Answer::of(app.request("POST", "/v1/invitations").json(&invited)).await.status, 201);
    let asked = json!({"variables": {"candidate_email": EMAIL, "candidate_name": NAME, "reason": "Please", "types": ["OpenBadgeCredential"]}});
    assert!(Answer::of(app.request("POST", "/workflows/credentials/exchanges").json(&asked)).await.status < 300);
    candidate
}

#[tokio::test]
async fn no_string_of_an_erased_person_is_left_anywhere() {
    let app = spawn_app().await;
    app.expect_dead_letters();
    let candidate = everything_about(&app).await;
    assert!(holds(&app.database.dump().await, REMOTE), "the dump sees what is not sealed");
    erase(&app, &candidate).await;
    app.drain().await;
    let dump = app.database.dump().await;
    for text in [NAME, EMAIL, ATS_ID, DID, FILE, REMOTE, NOTE, "Quirkwood", "quirkwood", "Zenobia", "zenobia"] {
        assert!(!holds(&dump, text), "{text} is left");
    }
    let files = app.app.settings.delivery.files_dir.clone();
    for file in walk(&files) {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!text.to_lowercase().contains("quirkwood"), "{}", file.display());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
