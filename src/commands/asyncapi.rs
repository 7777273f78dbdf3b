//! `skillgate asyncapi`: prints the description of the events (AsyncAPI 3.0, JSON) as one self-contained document.

use anyhow::Context;
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// The document as written; its payload refers to separate schemas.
pub const YAML: &str = include_str!("../../schemas/asyncapi.yaml");
const EVENT_SCHEMA: &str = include_str!("../../schemas/events/cloud-event.json");
/// Schemas that events refer to, by their names in the bundle.
const REFERRED: [(&str, &str); 5] = [
    ("credential-event", include_str!("../../schemas/events/credential-event.json")),
    ("skill-event", include_str!("../../schemas/events/skill-event.json")),
    ("candidate-event", include_str!("../../schemas/events/candidate-event.json")),
    ("skill-assertion", include_str!("../../schemas/skill-assertion.json")),
    ("normalized-credential", include_str!("../../schemas/normalized-credential.json")),
];

/// # Errors
/// When standard output is closed, or the embedded documents are broken (which the tests rule out).
pub fn run() -> anyhow::Result<ExitCode> {
    let document = serde_json::to_string_pretty(&bundled()?)?;
    writeln!(std::io::stdout(), "{document}")?;
    Ok(ExitCode::SUCCESS)
}

/// The document with the event schema inside: a compound schema document (JSON Schema 2020-12 §9.3).
///
/// # Errors
/// When an embedded document is broken.
pub fn bundled() -> anyhow::Result<Value> {
    let mut document: Value = serde_saphyr::from_str(YAML).context("schemas/asyncapi.yaml is broken")?;
    let schema = json!({"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": event_schema()?});
    document["components"]["schemas"] = json!({ "event": schema });
    let messages = document.pointer_mut("/components/messages").and_then(Value::as_object_mut).context("no messages")?;
    for message in messages.values_mut() {
        message["payload"] = json!({"$ref": "#/components/schemas/event"});
    }
    Ok(document)
}

/// The schema of all events with every schema that it refers to.
///
/// # Errors
/// When an embedded schema is broken.
pub fn event_schema() -> anyhow::Result<Value> {
    let mut schema: Value = serde_json::from_str(EVENT_SCHEMA).context("schemas/events/cloud-event.json is broken")?;
    for (name, text) in REFERRED {
        schema["$defs"][name] = serde_json::from_str(text).with_context(|| format!("the schema {name} is broken"))?;
    }
    Ok(schema)
}
