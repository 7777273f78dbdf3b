//! Proves a connection's settings with the manifest's harmless call.
//! Comes in: a connection with resolved secrets. Goes out: one plain sentence per test. The check writes nothing, except a small file
//! with the time for folders and, for receivers of events, an event that is marked as a test.

use super::caller::Caller;
use super::engine::Engine;
use super::job::Setup;
use super::manifest::Verdict;
use super::registry::Connector;
use super::step::file_job;
use super::stop::Stop;
use super::values::from_json;
use super::variables::Variables;
use crate::model::candidate::Identity;
use crate::model::connection::{Connection, Secrets};
use crate::model::delivery::CallRecord;
use chrono::{DateTime, SecondsFormat, Utc};
use minijinja::value::Value;
use serde_json::json;
use std::sync::Arc;

/// The result of a check.
#[derive(Clone, Debug)]
pub struct CheckReport {
    pub ok: bool,
    /// One plain sentence, redacted.
    pub message: String,
    pub calls: Vec<CallRecord>,
}

/// The type of events that are sent to try a connection out; no other event has it.
const TEST_EVENT: &str = "org.skillgate.connection.test.v1";

/// A CloudEvent about nobody.
fn test_event(setup: &Setup, now: DateTime<Utc>) -> Value {
    let connection = &setup.connection;
    from_json(&json!({
        "specversion": "1.0",
        "id": uuid::Uuid::now_v7().to_string(),
        "source": format!("/tenants/{}/gateway", connection.tenant_id),
        "type": TEST_EVENT,
        "subject": format!("connections/{}", connection.id),
        "time": now.to_rfc3339_opts(SecondsFormat::Secs, true),
        "datacontenttype": "application/json",
        "data": {"test": true, "message": "This event only tries the connection out. It is about nobody."},
    }))
}

impl Engine {
    pub async fn check_connection(&self, connector: &Arc<Connector>, connection: &Connection, secrets: &Secrets) -> CheckReport {
        let setup = Setup::new(connector.clone(), connection.clone(), secrets.clone());
        let mut caller = Caller::new(self, &setup, &Identity::default());
        let checked = self.checked(&setup, &mut caller).await;
        let (ok, message) = match checked {
            Ok(message) => (true, message),
            Err(stop) => (false, caller.redactor.text(&stop.message)),
        };
        CheckReport { ok, message, calls: caller.calls }
    }

    async fn checked(&self, setup: &Setup, caller: &mut Caller<'_>) -> Result<String, Stop> {
        setup.checked.clone()?;
        let Some(check) = &setup.connector.manifest.connection.check else {
            return Ok("The settings are complete. This connector has no call that tries them out.".to_owned());
        };
        let now = self.clock.now();
        let variables = Variables::settings(&setup.settings, now);
        let context = variables.context(&self.templates).with([("event".to_owned(), test_event(setup, now))]);
        if let Some(file) = &check.file {
            let job = file_job(&self.templates, file, &context)?;
            caller.write_file("check", job).await.map_err(|error| Stop::config("folder", error.to_string()))?;
            return Ok("The folder can be written to.".to_owned());
        }
        let Some(call) = &check.call else {
            return Ok("The settings are complete.".to_owned());
        };
        let prepared = caller.prepare(call, context.value())?;
        let (answer, reading) = caller.call("check", call, prepared, &context).await?;
        let expected = match &check.expect {
            Some(expect) => self.templates.lenient(expect, context.with(answer.variables()).value())?.is_true(),
            None => reading.verdict == Verdict::Ok,
        };
        if !expected {
            return Err(caller.stop(&reading));
        }
        Ok("The system answered and accepts the credentials.".to_owned())
    }
}
