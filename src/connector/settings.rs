//! Checks a connection's settings against the manifest.
//! Comes in: fields, mapping and the secrets of a connection. Goes out: plain sentences about the faults.

use super::manifest::{Field, FieldKind, strings_of};
use super::registry::Connector;
use super::stop::Stop;
use super::template::Templates;
use crate::model::connection::{Connection, Secrets};
use regex::Regex;
use serde_json::{Map, Value};

/// A setting that must change, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SettingProblem {
    /// JSON Pointer into the connection, for example `/fields/url`.
    pub pointer: String,
    pub message: String,
}

/// The fields with the manifest's defaults; fields without value or default are null.
pub fn with_defaults(connector: &Connector, fields: &Map<String, Value>) -> Map<String, Value> {
    let mut complete = Map::new();
    for (name, field) in &connector.manifest.connection.fields {
        let given = fields.get(name).filter(|value| !value.is_null()).or(field.default.as_ref());
        complete.insert(name.clone(), given.cloned().unwrap_or(Value::Null));
    }
    complete
}

/// All faults of a connection's settings; `secrets` are the names of those that are set.
pub fn problems(
    connector: &Connector,
    fields: &Map<String, Value>,
    mapping: &Map<String, Value>,
    secrets: &[&str],
) -> Vec<SettingProblem> {
    let spec = &connector.manifest.connection;
    let mut problems = Vec::new();
    let mut add = |pointer: String, message: String| problems.push(SettingProblem { pointer, message });
    for name in fields.keys().filter(|name| !spec.fields.contains_key(*name)) {
        add(format!("/fields/{name}"), format!("The connector has no setting “{name}”."));
    }
    for (name, field) in &spec.fields {
        let value = fields.get(name).filter(|value| !value.is_null());
        if let Some(message) = value.map_or_else(|| missing(field), |value| wrong(field, value)) {
            add(format!("/fields/{name}"), message);
        }
    }
    for (name, secret) in spec.secrets.iter().filter(|(_, secret)| secret.required) {
        if !secrets.contains(&name.as_str()) {
            add(format!("/secrets/{name}"), format!("“{}” is required.", secret.title));
        }
    }
    for name in secrets.iter().filter(|name| !spec.secrets.contains_key(**name)) {
        add(format!("/secrets/{name}"), format!("The connector has no secret “{name}”."));
    }
    let templates = Templates;
    for (name, value) in mapping {
        if name != "values" && !connector.manifest.mapping.contains_key(name) {
            add(format!("/mapping/{name}"), format!("The connector has no mapping “{name}”."));
            continue;
        }
        let mut texts = Vec::new();
        strings_of(value, &mut texts);
        if let Some(error) = texts.iter().find_map(|text| templates.check_template(text).err()) {
            add(format!("/mapping/{name}"), format!("The template is wrong: {error}."));
        }
    }
    problems
}

/// The same at the moment of use: a manifest may have changed since the connection was made.
pub fn require_valid(connector: &Connector, connection: &Connection, secrets: &Secrets) -> Result<(), Stop> {
    let names: Vec<&str> = secrets.keys().map(String::as_str).collect();
    match problems(connector, &connection.fields, &connection.mapping, &names).first() {
        None => Ok(()),
        Some(problem) => Err(Stop::config("settings", format!("The connection's settings need a change: {}", problem.message))),
    }
}

fn missing(field: &Field) -> Option<String> {
    (field.required && field.default.is_none()).then(|| format!("“{}” is required.", field.title))
}

fn wrong(field: &Field, value: &Value) -> Option<String> {
    let title = &field.title;
    match field.kind {
        FieldKind::Boolean => (!value.is_boolean()).then(|| format!("“{title}” must be true or false.")),
        FieldKind::Integer => (!value.is_i64()).then(|| format!("“{title}” must be a whole number.")),
        FieldKind::String => {
            let Some(text) = value.as_str() else {
                return Some(format!("“{title}” must be text."));
            };
            if field.required && text.is_empty() {
                return Some(format!("“{title}” is required."));
            }
            if !field.choices.is_empty() && !field.choices.iter().any(|choice| choice == text) {
                return Some(format!("“{title}” must be one of: {}.", field.choices.join(", ")));
            }
            let pattern = field.pattern.as_ref().filter(|_| !text.is_empty())?;
            let whole = Regex::new(&format!("^(?:{pattern})$")).ok()?;
            (!whole.is_match(text)).then(|| format!("“{title}” is not in the expected form{}.", example(field)))
        }
    }
}

fn example(field: &Field) -> String {
    field.example.as_ref().map(|example| format!(", for example {example}")).unwrap_or_default()
}
