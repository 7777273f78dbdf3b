//! The way of a file through the API: what is good, what is bad, and what only looks like a credential.

use crate::openapi::assert_described;
use crate::support::{Answer, Form, NOW, TestApp, spawn_app};
use serde_json::{Value, json};
use skillgate::document::Limits;
use skillgate::sample;
use std::io::Write;

fn sample_file(name: &str) -> Vec<u8> {
    let files = sample::files(NOW.parse().unwrap()).unwrap();
    files.into_iter().find(|file| file.name == name).unwrap().bytes
}

async fn submit(app: &TestApp, form: Form) -> Value {
    let answer = Answer::of(app.upload(form)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_described("POST", "/v1/submissions", &answer);
    answer.json()
}

async fn event_types(app: &TestApp) -> Vec<String> {
    let answer = Answer::of(app.request("GET", "/v1/events?limit=500")).await;
    assert_described("GET", "/v1/events", &answer);
    answer.json().as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_good_badge_becomes_a_report_skills_a_person_and_events() {
    let app = spawn_app().await;
    let badge = sample_file("valid.json");
    let form = Form::new().file("../badges/ada.json", &badge).text("candidate_email", "ada@example.org");
    let submission = submit(&app, form).await;
    assert_eq!(submission["state"], "complete");
    assert_eq!(submission["outcome"], "attention", "nobody vouches for the invented issuer: {submission:#}");
    let file = &submission["files"][0];
    assert_eq!(file["file"], "ada.json");
    let credential = &file["credentials"][0];
    let id = credential["id"].as_str().unwrap();
    assert!(!credential["normalized"]["skills"].as_array().unwrap().is_empty());

    let candidate = submission["candidate_ref"].as_str().unwrap();
    for (path, concrete) in [
        ("/v1/submissions/{id}", format!("/v1/submissions/{}", submission["id"].as_str().unwrap())),
        ("/v1/submissions", "/v1/submissions?limit=1".to_owned()),
        ("/v1/credentials", format!("/v1/credentials?candidate_ref={candidate}&outcome=attention")),
        ("/v1/credentials/{id}", format!("/v1/credentials/{id}")),
        ("/v1/credentials/{id}/report", format!("/v1/credentials/{id}/report")),
        ("/v1/candidates/{ref}", format!("/v1/candidates/{candidate}")),
        ("/v1/candidates/{ref}/skills", format!("/v1/candidates/{candidate}/skills")),
    ] {
        let answer = Answer::of(app.request("GET", &concrete)).await;
        assert_eq!(answer.status, 200, "{concrete}: {}", answer.text);
        assert_described("GET", path, &answer);
        assert!(!answer.text.contains("ada@example.org"), "{concrete} must not name the person");
    }
    let skills = app.get_json(&format!("/v1/candidates/{candidate}/skills")).await;
    assert!(!skills["skills"].as_array().unwrap().is_empty());
    assert!(event_types(&app).await.iter().any(|name| name.starts_with("org.skillgate.credential.attention")));
}

#[tokio::test]
async fn the_short_answer_holds_the_verdict_the_person_and_the_skills_in_300_bytes() {
    let app = spawn_app().await;
    let form = Form::new().file("ada.json", &sample_file("valid.json")).text("candidate_email", "ada@example.org");
    let typed = Form::content_type();
    let request = app.request("POST", "/v1/submissions?view=summary").header("content-type", typed).body(form.end());
    let answer = Answer::of(request).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_described("POST", "/v1/submissions", &answer);
    assert!(answer.text.len() <= 320, "{} bytes: {}", answer.text.len(), answer.text);
    let short = answer.json();
    assert_eq!(short["outcome"], "attention");
    assert_eq!(short["reasons"], json!(["issuer_unknown"]));
    assert_eq!(short["skills"], json!(["SQL", "Python", "Data cleaning", "Presenting results"]));

    let path = format!("/v1/submissions/{}", short["id"].as_str().unwrap());
    assert_eq!(app.get_json(&format!("{path}?view=summary")).await, short);
    assert_eq!(app.get_json(&path).await["candidate_ref"], short["candidate_ref"]);
    assert_eq!(Answer::of(app.request("GET", &format!("{path}?view=tiny"))).await.status, 400);

    let form = Form::new().file("changed.json", &sample_file("tampered.json"));
    let request = app.request("POST", "/v1/submissions?view=summary").header("content-type", Form::content_type());
    let rejected = Answer::of(request.body(form.end())).await.json();
    assert_eq!((&rejected["outcome"], &rejected["skills"]), (&json!("rejected"), &json!([])));
}

#[tokio::test]
async fn the_source_is_a_download_of_the_very_bytes() {
    let app = spawn_app().await;
    let badge = sample_file("valid.json");
    let submission = submit(&app, Form::new().file("ada.json", &badge)).await;
    let id = submission["files"][0]["credentials"][0]["id"].as_str().unwrap();
    let answer = Answer::of(app.request("GET", &format!("/v1/credentials/{id}/source"))).await;
    // White space around a document is no part of it.
    assert!(answer.text.as_bytes() == &badge[..], "{}", answer.text);
    assert!(answer.header("content-disposition").starts_with("attachment"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("sandbox"));
}

#[tokio::test]
async fn nothing_of_a_changed_badge_is_shown_or_sent_on() {
    let app = spawn_app().await;
    let submission = submit(&app, Form::new().file("changed.json", &sample_file("tampered.json"))).await;
    assert_eq!(submission["outcome"], "rejected");
    let credential = &submission["files"][0]["credentials"][0];
    assert!(credential.get("normalized").is_none());
    let id = credential["id"].as_str().unwrap();
    let mut seen = submission.to_string();
    for path in [format!("/v1/credentials/{id}"), format!("/v1/credentials/{id}/report"), "/v1/events".to_owned()] {
        seen.push_str(&Answer::of(app.request("GET", &path)).await.text);
    }
    for word in ["Leading Data Teams", "Lindgrove"] {
        assert!(!seen.contains(word), "{word} is shown: {seen}");
    }
    assert_eq!(event_types(&app).await, ["org.skillgate.credential.rejected.v1"]);
}

#[tokio::test]
async fn a_raw_body_is_a_submission_of_one_file() {
    let app = spawn_app().await;
    let request = app.request("POST", "/v1/submissions?candidate_ref=employee:4711").header("content-type", "application/vc+jwt");
    let answer = Answer::of(request.body(sample_file("valid.jwt"))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("location"), format!("/v1/submissions/{}", answer.json()["id"].as_str().unwrap()));
    assert_eq!(answer.json()["candidate_ref"], "employee:4711");
    assert_eq!(answer.json()["files"][0]["credentials"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_stands_for_one_request() {
    let app = spawn_app().await;
    let badge = sample_file("valid.json");
    let send = |name: &str| app.upload(Form::new().file(name, &badge)).header("idempotency-key", "key-1");
    let first = Answer::of(send("a.json")).await.json();
    let again = Answer::of(send("a.json")).await.json();
    assert_eq!(first["id"], again["id"]);
    assert_eq!(Answer::of(send("b.json")).await.problem(), "idempotency_conflict");
}

#[tokio::test]
async fn the_same_bytes_twice_make_one_credential_and_no_second_event() {
    let app = spawn_app().await;
    let badge = sample_file("valid.json");
    let form = || Form::new().file("a.json", &badge).text("candidate_email", "ada@example.org");
    let first = submit(&app, form()).await;
    let events = event_types(&app).await;
    let second = submit(&app, form()).await;
    let credential = |submission: &Value| submission["files"][0]["credentials"][0].clone();
    assert_eq!(credential(&first)["id"], credential(&second)["id"]);
    assert_eq!((&credential(&first)["duplicate"], &credential(&second)["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!(event_types(&app).await, events);
}

#[tokio::test]
async fn many_files_are_answered_at_once_and_worked_on_afterwards() {
    let app = spawn_app().await;
    let badge = sample_file("valid.json");
    let form = (0..25).fold(Form::new(), |form, index| form.file(&format!("{index}.json"), &badge));
    let answer = Answer::of(app.upload(form)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_described("POST", "/v1/submissions", &answer);
    assert_eq!(answer.json()["progress"], json!({"done": 0, "total": 25}));
    let path = answer.header("location").to_owned();
    app.drain().await;
    let done = app.get_json(&path).await;
    assert_eq!((&done["state"], &done["progress"]["done"]), (&json!("complete"), &json!(25)));
    assert_eq!(done["files"].as_array().unwrap().len(), 25);
}

#[tokio::test]
async fn an_erased_person_is_gone() {
    let app = spawn_app().await;
    let form = Form::new().file("a.json", &sample_file("valid.json")).text("candidate_email", "ada@example.org");
    let submission = submit(&app, form).await;
    let path = format!("/v1/candidates/{}", submission["candidate_ref"].as_str().unwrap());
    let id = submission["files"][0]["credentials"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(Answer::of(app.request("DELETE", &path)).await.status, 204);
    assert_eq!(Answer::of(app.request("GET", &path)).await.problem(), "not_found");
    assert_eq!(Answer::of(app.request("GET", &format!("/v1/credentials/{id}/source"))).await.problem(), "not_found");
    assert_eq!(Answer::of(app.request("DELETE", &path)).await.problem(), "not_found");
}

fn zip_of(entries: usize, bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for index in 0..entries {
        writer.start_file(format!("{index}.json"), deflated).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A PNG whose compressed text chunk inflates to `size` bytes.
fn png_bomb(size: usize) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; size]).unwrap();
    let text = [b"openbadges\0\0".as_slice(), &encoder.finish().unwrap()].concat();
    let picture = sample::picture::png().unwrap();
    let end = picture.len() - 12;
    [&picture[..end], &sample::picture::chunk(b"zTXt", &text), &picture[end..]].concat()
}

#[tokio::test]
async fn what_is_wrong_inside_a_file_is_told_in_its_result() {
    let app = spawn_app().await;
    let badge = String::from_utf8(sample_file("valid.json")).unwrap();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty.json", Vec::new()),
        ("broken.json", b"{\"@context\": [".to_vec()),
        ("nan.json", b"{\"@context\": [], \"value\": NaN}".to_vec()),
        ("huge-number.json", badge.replacen('{', "{\"value\": 1e999,", 1).into_bytes()),
        ("twice.json", badge.replacen('{', "{\"issuer\": \"x\",", 1).into_bytes()),
        ("deep.json", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes()),
        ("not-utf8.json", [b"{\"a\": \"".as_slice(), &[0xff, 0xfe], b"\"}"].concat()),
        ("text.txt", b"Dear recruiter, I hold a badge.".to_vec()),
        ("document.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec()),
        ("page.html", b"<!doctype html><title>badge</title>".to_vec()),
        ("no-badge.png", sample::picture::png().unwrap()),
        ("cut.png", sample_file("valid.png")[..60].to_vec()),
        ("bomb.png", png_bomb(64 << 20)),
        ("cut.zip", sample_file("samples.zip")[..200].to_vec()),
        ("empty.zip", zip_of(0, b"")),
        ("bomb.zip", zip_of(1, &vec![b' '; 64 << 20])),
        ("other.json", b"{\"hello\": \"world\"}".to_vec()),
    ];
    for (name, bytes) in cases {
        let submission = submit(&app, Form::new().file(name, &bytes)).await;
        let file = &submission["files"][0];
        let problem = &file["problem"];
        let told = problem["message"].as_str().or_else(|| file["credentials"][0]["report"]["checks"][0]["message"].as_str());
        assert!(told.is_some_and(|message| message.len() > 10), "{name}: {submission:#}");
        assert_ne!(submission["outcome"], "accepted", "{name}");
    }
}

#[tokio::test]
async fn an_archive_with_ten_thousand_entries_is_answered_before_it_is_worked_on_and_read_up_to_the_bound() {
    let app = spawn_app().await;
    let answer = Answer::of(app.upload(Form::new().file("many.zip", &zip_of(10_000, b"{}")))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.json()["progress"], json!({"done": 0, "total": Limits::default().max_archive_entries}));
    app.drain().await;
    let done = app.get_json(answer.header("location")).await;
    assert_eq!(done["state"], "complete");
    assert!(done.to_string().contains("too_many_entries"), "{done:#}");
}

#[tokio::test]
async fn one_bad_file_does_not_spoil_the_rest() {
    let app = spawn_app().await;
    let form = Form::new().file("empty.json", b"").file("ada.json", &sample_file("valid.json")).file("noise", &[0xff; 100]);
    let submission = submit(&app, form).await;
    let files = submission["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    assert_eq!(files[1]["credentials"].as_array().unwrap().len(), 1);
    assert!(files[0].get("problem").is_some() && files[2].get("problem").is_some());
}
