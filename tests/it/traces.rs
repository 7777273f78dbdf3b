//! What stands in the database's own files and tables: nothing of a person in clear, and nothing at all of an erased person.

use crate::support::wallet::Actor;
use crate::support::{Answer, Form, TestApp, spawn_app};
use serde_json::json;

const EMAIL: &str = "zoe.quartz@example.org";
const NAME: &str = "Zoe Quartzmountain";
const FILE: &str = "quartzmountain-diploma.json";
/// The name of the achievement in the test's badges.
const ACHIEVEMENT: &str = "Rust web services";
const REFERENCE: &str = "emp-quartz";

/// SQLite's files byte for byte, PostgreSQL's tables as text.
fn everything(url: &str) -> Vec<u8> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let files = ["", "-wal"].map(|end| std::fs::read(format!("{path}{end}")).unwrap_or_default());
        return files.concat();
    }
    tables(url)
}

#[cfg(not(feature = "postgres"))]
fn tables(url: &str) -> Vec<u8> {
    panic!("{url}")
}

#[cfg(feature = "postgres")]
fn tables(url: &str) -> Vec<u8> {
    use diesel::prelude::*;

    #[derive(QueryableByName)]
    struct Text {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }

    let mut connection = PgConnection::establish(url).unwrap();
    let tables = "SELECT table_name::text AS text FROM information_schema.tables WHERE table_schema = current_schema()";
    let tables: Vec<Text> = diesel::sql_query(tables).load(&mut connection).unwrap();
    let mut all = String::new();
    for table in tables {
        let rows = format!("SELECT row_to_json(t)::text AS text FROM \"{}\" t", table.text);
        let rows: Vec<Text> = diesel::sql_query(rows).load(&mut connection).unwrap();
        rows.iter().for_each(|row| all.push_str(&row.text));
    }
    all.into_bytes()
}

/// Which of these stand there, as text or as hexadecimal digits.
async fn found(app: &TestApp, needles: &[&str]) -> Vec<String> {
    let url = app.database.url.clone();
    let all = tokio::task::spawn_blocking(move || everything(&url)).await.unwrap();
    let holds = |needle: &[u8]| all.windows(needle.len()).any(|window| window == needle);
    let stands = |needle: &&&str| holds(needle.as_bytes()) || holds(hex::encode(needle).as_bytes());
    needles.iter().filter(stands).map(|needle| (*needle).to_owned()).collect()
}

async fn upload(app: &TestApp) {
    let badge = Actor::new().badge("did:example:zoe", "urn:uuid:1", "2026-01-01T00:00:00Z").to_string();
    let form = Form::new().file(FILE, badge.as_bytes()).text("candidate_email", EMAIL).text("candidate_name", NAME);
    let answer = Answer::of(app.upload(form.text("candidate_ref", REFERENCE))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    app.drain().await;
}

#[tokio::test]
async fn what_is_stored_of_a_person_is_sealed() {
    let app = spawn_app().await;
    upload(&app).await;
    let open = found(&app, &[EMAIL, NAME, FILE, ACHIEVEMENT, "did:example:zoe", "Example Polytechnic", "Passes the exam."]).await;
    assert!(open.is_empty(), "{open:?}");
    let listed = app.get_json("/v1/submissions").await;
    let path = format!("/v1/submissions/{}", listed["items"][0]["id"].as_str().unwrap());
    let submission = app.get_json(&path).await.to_string();
    assert!(submission.contains(FILE) && submission.contains(ACHIEVEMENT), "{submission}");
}

#[tokio::test]
async fn nothing_of_an_erased_person_stays_in_the_files_or_tables_of_the_database() {
    let app = spawn_app().await;
    upload(&app).await;
    let asked = json!({"variables": {"candidate_email": EMAIL, "candidate_name": NAME}});
    let asked = Answer::of(app.request("POST", "/workflows/credentials/exchanges").json(&asked)).await;
    assert_eq!(asked.status, 201);
    assert_eq!(Answer::of(app.request("DELETE", &format!("/v1/candidates/{REFERENCE}"))).await.status, 204);
    app.drain().await;
    let left = found(&app, &[EMAIL, NAME, FILE, ACHIEVEMENT, "did:example:zoe", "Example Polytechnic"]).await;
    assert!(left.is_empty(), "{left:?}");
    assert!(!found(&app, &["candidate.erased"]).await.is_empty(), "the search itself finds something");
}
