//! The names that a manifest's templates see.
//! Comes in: a job and the values of the steps so far. Goes out: a template context. Secrets are never in it.

use super::registry::Connector;
use super::run::Job;
use super::template::{TemplateError, Templates, from_json};
use crate::model::connection::Connection;
use chrono::{DateTime, SecondsFormat, Utc};
use minijinja::value::Value;
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Value as Json, json};

/// Cheap to clone: values share their content.
#[derive(Clone)]
pub struct Variables {
    named: Vec<(String, Value)>,
    /// Evaluated in every context anew: an entry may use `item` or a step's value.
    mapping: Map<String, Json>,
}

impl Variables {
    pub fn of(job: &Job<'_>, now: DateTime<Utc>) -> Self {
        let event = serde_json::to_value(job.event).unwrap_or_default();
        let event_json = event.to_string();
        let data = event.get("data").map_or_else(|| Value::from(()), from_json);
        let candidate = json!({
            "ref": job.event.partitionkey.as_str(),
            "emails": job.candidate.emails,
            "email": job.candidate.emails.first(),
            "name": job.candidate.name,
        });
        let mut variables = Self::settings(job.connector, job.connection, now);
        variables.set("event", from_json(&event));
        variables.set("event_json", Value::from(event_json));
        variables.set("event_type", Value::from(super::registry::short_name(job.event.event_type)));
        variables.set("data", data);
        variables.set("candidate", from_json(&candidate));
        variables
    }

    /// What is known without an event: for a connection's check.
    pub fn settings(connector: &Connector, connection: &Connection, now: DateTime<Utc>) -> Self {
        let mut mapping = connector.manifest.mapping.clone();
        let mut values = connector.manifest.values.clone();
        for (name, own) in &connection.mapping {
            match own.as_object().filter(|_| name == "values") {
                Some(tables) => values.extend(tables.clone()),
                None => drop(mapping.insert(name.clone(), own.clone())),
            }
        }
        let mut variables = Self { named: Vec::new(), mapping };
        variables.set("fields", from_json(&Json::Object(super::settings::with_defaults(connector, &connection.fields))));
        variables.set("values", from_json(&Json::Object(values)));
        variables.set("connection", from_json(&json!({"id": connection.id.as_str(), "name": connection.name})));
        variables.set("now", Value::from(now.to_rfc3339_opts(SecondsFormat::Secs, true)));
        variables
    }

    pub fn set(&mut self, name: &str, value: Value) {
        self.named.retain(|(known, _)| known != name);
        self.named.push((name.to_owned(), value));
    }

    pub fn with(&self, item: Option<&Value>) -> Self {
        let mut variables = self.clone();
        if let Some(item) = item {
            variables.set("item", item.clone());
        }
        variables
    }

    /// Names and values, with `more` and the mapping.
    pub fn pairs(&self, templates: &Templates, more: &[(String, Value)]) -> Vec<(String, Value)> {
        let mut pairs: Vec<(String, Value)> = self.named.iter().chain(more).cloned().collect();
        let without = Value::from_pairs(pairs.iter().cloned());
        let mapping = self.mapping.iter().map(|(name, template)| {
            // An entry that fails is an error only for whoever uses it.
            let value =
                templates.json(template, &without).map_or_else(|error| Value::from(deferred(error)), |json| from_json(&json));
            (name.clone(), value)
        });
        pairs.push(("mapping".to_owned(), Value::from_pairs(mapping.collect::<Vec<_>>())));
        pairs
    }

    pub fn context(&self, templates: &Templates, more: &[(String, Value)]) -> Value {
        Value::from_pairs(self.pairs(templates, more))
    }
}

fn deferred(error: TemplateError) -> Error {
    let text = error.to_string();
    Error::new(ErrorKind::InvalidOperation, text).with_source(error)
}

/// The value of a step that did not apply.
pub fn skipped() -> Value {
    Value::from_pairs([("skipped".to_owned(), Value::from(true))])
}

/// The value of a writing step.
pub fn written(remote_id: Option<String>, now: bool) -> Value {
    let remote_id = remote_id.map_or_else(|| Value::from(()), Value::from);
    Value::from_pairs([
        ("remote_id".to_owned(), remote_id),
        ("skipped".to_owned(), Value::from(false)),
        ("written_now".to_owned(), Value::from(now)),
    ])
}
