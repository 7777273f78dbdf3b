//! No name, address or content of a person is in logs, metrics or problem answers, whatever goes wrong.

use super::{connected, hand_in, link_of, pass};
use crate::support::wallet::Actor;
use crate::support::{Answer, Form, spawn_app};
use serde_json::json;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Distinct from every string of other tests, which write to the same log.
const WORD: &str = "Vexatia";
const EMAIL: &str = "vexatia.plumb@post.example.org";
const NAME: &str = "Vexatia Plumb";
const FILE: &str = "vexatia-plumb.json";
const DID: &str = "did:example:vexatiaplumb";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The log of the whole process, with everything that an operator may turn on for the gateway.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let filter = EnvFilter::new("info,skillgate=trace");
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(log.clone()).finish();
        drop(tracing::subscriber::set_global_default(subscriber));
        log
    })
}

fn told(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains(&WORD.to_lowercase()) || text.contains("plumb@")
}

#[tokio::test]
async fn logs_metrics_and_problems_name_nobody_whatever_goes_wrong() {
    let log = log();
    let app = spawn_app().await;
    app.expect_dead_letters();
    let (away, connection) = connected(&app, "Away").await;
    away.be_away(true);
    let badge = Actor::new().badge(DID, "urn:uuid:9", "2026-01-01T00:00:00Z").to_string();
    let person = |form: Form| form.text("candidate_email", EMAIL).text("candidate_name", NAME);
    let broken = format!("{{\"name\": \"{NAME}\", \"broken\"");
    let mut problems = Vec::new();
    for bytes in [badge.as_bytes(), broken.as_bytes(), NAME.as_bytes(), b"PK\x03\x04vexatia"] {
        let answer = Answer::of(app.upload(person(Form::new().file(FILE, bytes)))).await;
        assert!(answer.status < 500, "{answer:?}");
    }
    for (field, value) in
        [("candidate_email", "vexatia.plumb"), ("candidate_ref", "vexatia plumb"), ("nickname", "plumb vexatia")]
    {
        problems.push(Answer::of(app.upload(Form::new().file(FILE, badge.as_bytes()).text(field, value))).await);
    }
    let misplaced = json!({"candidate_email": EMAIL, "days": 4_000});
    problems.push(Answer::of(app.request("POST", "/v1/invitations").json(&misplaced)).await);
    let wrong = json!({"candidate_email": EMAIL, "days": NAME});
    problems.push(Answer::of(app.request("POST", "/v1/invitations").json(&wrong)).await);
    problems.push(Answer::of(app.request("GET", &format!("/v1/candidates/{EMAIL}"))).await);
    problems.push(Answer::of(app.request("GET", &format!("/v1/credentials?candidate_ref={EMAIL}&outcome={WORD}"))).await);
    for _ in 0..40 {
        app.drain().await;
        pass(&app, 7 * 3_600);
    }
    let dead = app.get_json(&format!("/v1/deliveries?connection_id={connection}")).await;
    assert!(!told(&dead.to_string()), "{dead:#}");
    hand_in(&app, "emp-vexatia-0").await;
    let page = link_of(&app, "emp-vexatia-0").await;
    let said = app.stranger("POST", &format!("{page}/error")).header("content-type", "application/x-www-form-urlencoded");
    Answer::of(said.body(format!("text={WORD}"))).await;
    app.drain().await;
    // A database that fails in the middle of an upload.
    app.database.execute("ALTER TABLE submission_files RENAME TO away").await;
    problems.push(Answer::of(app.upload(person(Form::new().file(FILE, badge.as_bytes()).text("candidate_ats_id", WORD)))).await);
    app.database.execute("ALTER TABLE away RENAME TO submission_files").await;

    assert_eq!(problems.last().unwrap().status, 500);
    for answer in &problems {
        assert!(answer.status >= 400, "{answer:?}");
        assert!(!told(&answer.text), "{answer:?}");
    }
    let metrics = Answer::of(app.stranger("GET", "/metrics")).await;
    assert!(!told(&metrics.text), "{}", metrics.text);
    let lines = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(
        lines.contains("the cause of a failed request") || lines.contains("ERROR"),
        "the failure is logged: {} bytes",
        lines.len()
    );
    // The employer's own reference is opaque to the gateway; this test chose one that tells.
    let telling: Vec<&str> = lines.lines().filter(|line| told(&line.replace("emp-vexatia-0", ""))).collect();
    assert!(telling.is_empty(), "{telling:#?}");
    app.drain().await;
}
