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

fn badge() -> serde_json::Value {
    Actor::new().badge("did:example:zoe", "urn:uuid:1", "2026-01-01T00:00:00Z")
}

async fn upload(app: &TestApp) -> Vec<String> {
    let badge = badge();
    let mut told = vec![EMAIL.to_owned(), NAME.to_owned(), FILE.to_owned()];
    texts(&badge, &mut told);
    told.retain(|text| {
        !["VerifiableCredential", "OpenBadgeCredential", "assertionMethod", "DataIntegrityProof"].contains(&text.as_str())
    });
    let badge = badge.to_string();
    let form = Form::new().file(FILE, badge.as_bytes()).text("candidate_email", EMAIL).text("candidate_name", NAME);
    let answer = Answer::of(app.upload(form.text("candidate_ref", REFERENCE))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    app.drain().await;
    assert!(told.len() > 8, "{told:?}");
    told
}

/// Every text of the badge that tells something: terms of the vocabularies are left out.
fn texts(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) if text.len() > 7 && !text.starts_with("https://www.w3.org/") => found.push(text.clone()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        serde_json::Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

/// The tables with values that are not sealed with the key of a person. Left out: the keys, and what belongs to the installation.
async fn not_of_persons(app: &TestApp) -> Vec<String> {
    let url = app.database.url.clone();
    let tables = tokio::task::spawn_blocking(move || blobs(&url)).await.unwrap();
    let mut others: Vec<String> = Vec::new();
    assert!(tables.len() > 10, "{}", tables.len());
    for (table, blob) in tables.into_iter().filter(|(table, _)| !["data_keys", "settings"].contains(&table.as_str())) {
        // A first byte of 1: sealed with a key of its own.
        if blob.first().is_some_and(|first| *first != 1) && !others.contains(&table) {
            others.push(table);
        }
    }
    others.sort();
    others
}

fn blobs(url: &str) -> Vec<(String, Vec<u8>)> {
    use diesel::prelude::*;

    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = diesel::sql_types::Text)]
        table_name: String,
        #[diesel(sql_type = diesel::sql_types::Text)]
        column_name: String,
    }
    #[derive(QueryableByName)]
    struct Value {
        #[diesel(sql_type = diesel::sql_types::Binary)]
        value: Vec<u8>,
    }
    macro_rules! read {
        ($connection:expr, $columns:expr, $is_blob:expr) => {{
            let columns: Vec<Column> = diesel::sql_query($columns).load(&mut $connection).unwrap();
            let mut found = Vec::new();
            for Column { table_name, column_name } in columns {
                let is_blob = format!($is_blob, column_name);
                let query = format!("SELECT \"{column_name}\" AS value FROM \"{table_name}\" WHERE {is_blob}");
                let values: Vec<Value> = diesel::sql_query(query).load(&mut $connection).unwrap();
                found.extend(values.into_iter().map(|row| (table_name.clone(), row.value)));
            }
            found
        }};
    }
    match url.strip_prefix("sqlite://") {
        Some(path) => {
            let columns = "SELECT m.name AS table_name, p.name AS column_name FROM sqlite_master m JOIN pragma_table_info(m.name) p \
                WHERE m.type = 'table' AND NOT (m.name = 'data_keys' AND p.name = 'id')";
            read!(SqliteConnection::establish(path).unwrap(), columns, "typeof(\"{}\") = 'blob'")
        }
        #[cfg(feature = "postgres")]
        None => {
            let columns = "SELECT table_name::text AS table_name, column_name::text AS column_name FROM information_schema.columns \
                WHERE table_schema = current_schema() AND data_type = 'bytea' AND NOT (table_name = 'data_keys' AND column_name = 'id')";
            read!(PgConnection::establish(url).unwrap(), columns, "\"{}\" IS NOT NULL")
        }
        #[cfg(not(feature = "postgres"))]
        None => panic!("{url}"),
    }
}

#[tokio::test]
async fn everything_about_a_person_is_sealed_with_the_persons_own_key() {
    let app = spawn_app().await;
    upload(&app).await;
    let listed = app.get_json("/v1/credentials").await;
    let receipt = format!("/v1/credentials/{}/receipt", listed["items"][0]["id"].as_str().unwrap());
    assert_eq!(Answer::of(app.request("GET", &receipt)).await.status, 200);
    let asked = json!({"variables": {"candidate_email": EMAIL, "candidate_name": NAME}});
    assert_eq!(Answer::of(app.request("POST", "/workflows/credentials/exchanges").json(&asked)).await.status, 201);
    assert_eq!(not_of_persons(&app).await, [""; 0]);
}

#[tokio::test]
async fn what_is_stored_of_a_person_is_sealed() {
    let app = spawn_app().await;
    let told = upload(&app).await;
    let decided = json!({"label": ACHIEVEMENT, "ruling": "not_a_skill"});
    let decided = Answer::of(app.request("POST", "/v1/skills/decisions").json(&decided)).await;
    assert_eq!(decided.status, 201, "{decided:?}");
    app.drain().await;
    let open = found(&app, &told.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(open.is_empty(), "{open:?}");
    let listed = app.get_json("/v1/submissions").await;
    let path = format!("/v1/submissions/{}", listed["items"][0]["id"].as_str().unwrap());
    let submission = app.get_json(&path).await.to_string();
    assert!(submission.contains(FILE) && submission.contains(ACHIEVEMENT), "{submission}");
}

#[tokio::test]
async fn nothing_of_an_erased_person_stays_in_the_files_or_tables_of_the_database() {
    let app = spawn_app().await;
    let told = upload(&app).await;
    let asked = json!({"variables": {"candidate_email": EMAIL, "candidate_name": NAME}});
    let asked = Answer::of(app.request("POST", "/workflows/credentials/exchanges").json(&asked)).await;
    assert_eq!(asked.status, 201);
    assert_eq!(Answer::of(app.request("DELETE", &format!("/v1/candidates/{REFERENCE}"))).await.status, 204);
    app.drain().await;
    let left = found(&app, &told.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(left.is_empty(), "{left:?}");
    assert!(!found(&app, &["candidate.erased"]).await.is_empty(), "the search itself finds something");
}
