//! Stand-ins for what lies behind the HTTP surface.

use async_trait::async_trait;
use serde_json::{Map, Value};
use skillgate::http::ports::{ConnectorInfo, Connectors, FieldError, FormField, Health, Probe, Tasks, TestStep};
use skillgate::model::connection::{Connection, Secrets};
use skillgate::model::ids::SubmissionId;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Healthy until told otherwise.
#[derive(Default)]
pub struct FakeHealth {
    pub database_is_away: AtomicBool,
}

#[async_trait]
impl Health for FakeHealth {
    async fn probe(&self) -> Vec<Probe> {
        let ok = !self.database_is_away.load(Ordering::SeqCst);
        let message = (!ok).then(|| "The database does not answer.".to_owned());
        vec![Probe { name: "database".into(), ok, message }]
    }
}

/// Remembers what it was asked to do.
#[derive(Default)]
pub struct RecordedTasks {
    pub resumed: Mutex<Vec<SubmissionId>>,
}

impl Tasks for RecordedTasks {
    fn resume(&self, submission: SubmissionId) {
        self.resumed.lock().unwrap().push(submission);
    }

    fn wake(&self) {}
}

/// One connector, `example`, with a required field and a required secret.
pub struct FakeConnectors;

#[async_trait]
impl Connectors for FakeConnectors {
    fn list(&self) -> Vec<ConnectorInfo> {
        let field = |name: &str, secret: bool| FormField {
            name: name.into(),
            label: name.to_uppercase(),
            help: None,
            kind: "string".into(),
            required: true,
            secret,
            choices: Vec::new(),
            default: None,
            example: None,
        };
        vec![ConnectorInfo {
            name: "example".into(),
            title: "Example".into(),
            category: "webhook".into(),
            status: "stable".into(),
            docs: Vec::new(),
            fields: vec![field("url", false), field("token", true)],
            event_types: vec!["org.skillgate.credential.verified.v1".into()],
        }]
    }

    fn check(&self, _: &str, fields: &Map<String, Value>, _: &Map<String, Value>, secrets: &[String]) -> Vec<FieldError> {
        let missing = |name: &str| FieldError { field: name.into(), message: "is missing".into() };
        let url = (!fields.contains_key("url")).then(|| missing("url"));
        let token = (!secrets.iter().any(|name| name == "token")).then(|| missing("token"));
        url.into_iter().chain(token).collect()
    }

    async fn test(&self, _: &Connection, secrets: &Secrets) -> Vec<TestStep> {
        let ok = secrets.get("token").is_some_and(|token| token.expose() == "good");
        vec![TestStep { name: "sign in".into(), ok, message: "The system was asked who we are.".into() }]
    }
}
