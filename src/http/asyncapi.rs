//! The AsyncAPI document: written by hand in schemas/asyncapi.yaml, given out as one self-contained document with the names that this
//! gateway's broker really has.
//! Comes in: the prefix of those names (`queue.prefix`). Goes out: JSON. Must not know: whether there is a broker.

use super::schemas;
use serde_json::{Value, json};

/// The document as written; its payload refers to the schemas beside it.
pub const YAML: &str = include_str!("../../schemas/asyncapi.yaml");
/// The prefix in the written document: the default of `queue.prefix`.
const WRITTEN_PREFIX: &str = "skillgate";
const EVENT: &str = "events/cloud-event.json";
/// The schema of an event and every schema that it refers to.
const BUNDLED: [&str; 6] = [
    EVENT,
    "events/credential-event.json",
    "events/skill-event.json",
    "events/candidate-event.json",
    "skill-assertion.json",
    "normalized-credential.json",
];

/// The document with its schemas inside, for a broker whose names begin with `prefix`.
///
/// # Errors
/// An embedded document is broken, which the tests rule out.
pub fn document(prefix: &str) -> Result<Value, String> {
    let mut document: Value = serde_saphyr::from_str(YAML).map_err(|error| error.to_string())?;
    let named = |name: &str| {
        let rest = name.strip_prefix(WRITTEN_PREFIX).unwrap_or(name);
        Value::String(format!("{prefix}{rest}"))
    };
    for channel in document["channels"].as_object_mut().into_iter().flatten().map(|(_, channel)| channel) {
        for pointer in ["/address", "/bindings/amqp/exchange/name"] {
            if let Some(name) = channel.pointer_mut(pointer) {
                *name = named(name.as_str().unwrap_or_default());
            }
        }
    }
    for path in BUNDLED {
        document["components"]["schemas"][component(path)] = bundled(path)?;
    }
    let event = json!({"$ref": format!("#/components/schemas/{}", component(EVENT))});
    for message in document["components"]["messages"].as_object_mut().into_iter().flatten().map(|(_, message)| message) {
        message["payload"] = event.clone();
    }
    Ok(document)
}

/// A schema as a part of the document: its references lead to other parts.
fn bundled(path: &str) -> Result<Value, String> {
    let mut schema = read(path)?;
    if let Some(members) = schema.as_object_mut() {
        members.retain(|name, _| name != "$schema" && name != "$id");
    }
    point_inside(&mut schema, path);
    Ok(schema)
}

fn point_inside(value: &mut Value, path: &str) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => {
                        let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
                        let part = if file.is_empty() { component(path) } else { component(file) };
                        *target = format!("#/components/schemas/{part}{fragment}");
                    }
                    other => point_inside(other, path),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point_inside(item, path)),
        _ => {}
    }
}

/// The name of a schema among the components: its file's name.
fn component(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).trim_end_matches(".json")
}

/// The schema of all events with every schema that it refers to, as one JSON Schema document (2020-12 §9.3).
///
/// # Errors
/// An embedded schema is broken.
pub fn event_schema() -> Result<Value, String> {
    let mut schema = read(EVENT)?;
    for path in BUNDLED.into_iter().filter(|path| *path != EVENT) {
        schema["$defs"][component(path)] = read(path)?;
    }
    Ok(schema)
}

fn read(path: &str) -> Result<Value, String> {
    let text = schemas::find(path).ok_or_else(|| format!("there is no schema {path}"))?;
    serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_broker_and_every_reference_stays_inside() {
        let document = document("test7").unwrap();
        for (channel, name) in [("events", "test7.events"), ("deadLetters", "test7.dead")] {
            let channel = &document["channels"][channel];
            assert_eq!(channel["address"], name);
            assert_eq!(channel["bindings"]["amqp"]["exchange"]["name"], name);
        }
        let mut references = 0;
        let mut open = vec![&document];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => open.extend(members.values()),
                Value::Array(items) => open.extend(items),
                _ => {}
            }
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                let pointer = target.strip_prefix('#').unwrap_or_else(|| panic!("{target}"));
                assert!(document.pointer(pointer).is_some(), "{target}");
                references += 1;
            }
        }
        assert!(references > 50, "{references}");
    }
}
