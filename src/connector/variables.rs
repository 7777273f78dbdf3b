//! The names that a manifest's templates see.
//! Comes in: a job and the values of the steps so far. Goes out: a template context. Secrets are never in it.

use super::job::Job;
use super::registry::Connector;
use super::stop::{Stop, StopKind};
use super::template::Templates;
use super::values::{TemplateError, from_json};
use crate::model::connection::Connection;
use chrono::{DateTime, SecondsFormat, Utc};
use minijinja::value::Value;
use minijinja::{Error, ErrorKind};
use serde_json::{Map, Value as Json, json};

/// The name under which templates see the mapping.
const MAPPING: &str = "mapping";

/// Cheap to clone: values share their content.
#[derive(Clone)]
pub struct Variables {
    named: Vec<(String, Value)>,
    /// Rendered once for each item of a step: an entry may use `item` or an earlier step's value.
    mapping: Map<String, Json>,
}

impl Variables {
    /// # Errors
    /// The event can't be written as JSON.
    pub fn of(job: &Job<'_>, now: DateTime<Utc>) -> Result<Self, Stop> {
        let event = serde_json::to_value(job.event).map_err(|error| {
            Stop::new(StopKind::Permanent, "event_unreadable", format!("The event can't be written as JSON: {error}."))
        })?;
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
        Ok(variables)
    }

    /// The values that are known without an event, for a connection's check.
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

    /// The names outside any item, with the mapping rendered.
    pub fn context<'a>(&'a self, templates: &'a Templates) -> Context<'a> {
        Context::new(templates, &self.mapping, self.named.clone())
    }
}

/// What templates see, with the mapping rendered once. Cheap to clone: values share their content.
#[derive(Clone)]
pub struct Context<'a> {
    templates: &'a Templates,
    mapping: &'a Map<String, Json>,
    names: Vec<(String, Value)>,
    value: Value,
}

impl<'a> Context<'a> {
    fn new(templates: &'a Templates, mapping: &'a Map<String, Json>, mut names: Vec<(String, Value)>) -> Self {
        let without = Value::from_pairs(names.iter().cloned());
        let rendered = mapping.iter().map(|(name, template)| {
            // An entry that fails is an error only for the template that uses it.
            let value =
                templates.json(template, &without).map_or_else(|error| Value::from(deferred(error)), |json| from_json(&json));
            (name.clone(), value)
        });
        names.push((MAPPING.to_owned(), Value::from_pairs(rendered.collect::<Vec<_>>())));
        let value = Value::from_pairs(names.iter().cloned());
        Self { templates, mapping, names, value }
    }

    /// For one element of a list. The mapping is rendered anew, because an entry may use `item`.
    pub fn of_item(&self, item: &Value) -> Self {
        let others = self.names.iter().filter(|(name, _)| name != MAPPING).cloned();
        Self::new(self.templates, self.mapping, others.chain([("item".to_owned(), item.clone())]).collect())
    }

    /// With `more` names, which win over the others. The mapping stays as it is: it says what is sent, so it never sees an answer.
    pub fn with(&self, more: impl IntoIterator<Item = (String, Value)>) -> Self {
        let names: Vec<_> = self.names.iter().cloned().chain(more).collect();
        let value = Value::from_pairs(names.iter().cloned());
        Self { names, value, ..*self }
    }

    pub fn value(&self) -> &Value {
        &self.value
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
