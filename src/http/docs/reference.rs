//! The API reference. Comes in: the OpenAPI document. Goes out: its operations by subject, as the pages show them.

use super::markdown::fragment;
use super::request::curl;
use crate::http::openapi;
use serde::Serialize;
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Longest description of a type, in characters.
const LONGEST_TYPE: usize = 120;

/// A subject of the API.
#[derive(Debug, Serialize)]
pub struct Subject {
    pub name: String,
    /// Its part of the address of its page.
    pub slug: String,
    pub description: String,
    pub operations: Vec<Operation>,
}

#[derive(Debug, Serialize)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub summary: String,
    pub description: String,
    pub needs_key: bool,
    pub parameters: Vec<Parameter>,
    pub media_types: Vec<String>,
    /// Members of the body.
    pub members: Vec<Parameter>,
    pub example: String,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Serialize)]
pub struct Parameter {
    pub name: String,
    /// `path`, `query`, `header` or `body`.
    pub place: String,
    pub is_required: bool,
    pub kind: String,
    pub description: String,
}

#[derive(Debug, Serialize)]
pub struct Answer {
    pub status: String,
    pub description: String,
    /// The content's media types.
    pub content: String,
}

/// Every subject with its operations, in the order of the document. `base`: the gateway's address, for the examples.
pub fn subjects(base: &str) -> Vec<Subject> {
    let Ok(document) = openapi::document() else { return Vec::new() };
    let tags = document["tags"].as_array().into_iter().flatten();
    tags.map(|tag| subject(document, tag, base)).filter(|subject| !subject.operations.is_empty()).collect()
}

fn subject(document: &Value, tag: &Value, base: &str) -> Subject {
    let name = text(tag, "name");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(written) = item.get(method) else { continue };
            if written["tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag == name.as_str())) {
                operations.push(operation(document, base, method, path, written));
            }
        }
    }
    Subject { slug: name.replace(' ', "-"), description: fragment(&text(tag, "description")), name, operations }
}

fn operation(document: &Value, base: &str, method: &str, path: &str, written: &Value) -> Operation {
    let needs_key = !written["security"].as_array().is_some_and(Vec::is_empty);
    let content = written.pointer("/requestBody/content").and_then(Value::as_object);
    let schema = openapi::body(written).map(|(_, media)| resolved(document, &media["schema"]));
    let parameters = written["parameters"].as_array().into_iter().flatten();
    Operation {
        id: text(written, "operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(written, "summary"),
        description: fragment(&text(written, "description")),
        needs_key,
        parameters: parameters.map(|one| parameter(document, resolved(document, one))).collect(),
        media_types: content.into_iter().flatten().map(|(media_type, _)| media_type.clone()).collect(),
        members: schema.map(|schema| members(document, schema)).unwrap_or_default(),
        example: curl(base, method, path, written, needs_key),
        answers: written["responses"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(status, one)| answer(document, status, one))
            .collect(),
    }
}

fn parameter(document: &Value, written: &Value) -> Parameter {
    Parameter {
        name: text(written, "name"),
        place: text(written, "in"),
        is_required: written["required"] == true,
        kind: kind(document, &written["schema"]),
        description: fragment(&text(written, "description")),
    }
}

fn members(document: &Value, schema: &Value) -> Vec<Parameter> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let member = |(name, written): (&String, &Value)| Parameter {
        name: name.clone(),
        place: "body".to_owned(),
        is_required: required.contains(&name.as_str()),
        kind: kind(document, written),
        description: fragment(&described(document, written)),
    };
    schema["properties"].as_object().into_iter().flatten().map(member).collect()
}

/// The description beside a reference comes before the one behind it.
fn described(document: &Value, schema: &Value) -> String {
    let own = text(schema, "description");
    if own.is_empty() { text(resolved(document, schema), "description") } else { own }
}

fn answer(document: &Value, status: &str, written: &Value) -> Answer {
    let written = resolved(document, written);
    let content = written["content"].as_object().into_iter().flatten().map(|(media_type, _)| media_type.as_str());
    Answer {
        status: status.to_owned(),
        description: fragment(&text(written, "description")),
        content: content.collect::<Vec<_>>().join(", "),
    }
}

/// The type of a value in a few words: `string`, `array of string`, `accepted, attention or rejected`.
fn kind(document: &Value, schema: &Value) -> String {
    let schema = resolved(document, schema);
    let values = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    if !values.is_empty() {
        let listed = values.join(", ");
        return if listed.chars().count() <= LONGEST_TYPE { listed } else { "string".to_owned() };
    }
    let name = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    match name.as_str() {
        "array" => format!("array of {}", kind(document, &schema["items"])),
        "string" => schema["format"].as_str().map_or(name.clone(), |format| format!("{name} ({format})")),
        _ => name,
    }
}

/// What a reference leads to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|target| document.pointer(target.trim_start_matches('#')));
    target.unwrap_or(value)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::{Described, table};

    #[test]
    fn every_described_route_is_on_a_page_with_an_example_that_fills_its_path() {
        let shown: Vec<Operation> =
            subjects("https://gw.example.org").into_iter().flat_map(|subject| subject.operations).collect();
        for row in table().iter().filter(|row| row.described == Described::OpenApi) {
            let found = shown.iter().filter(|one| one.method == row.method.as_str() && one.path == row.path).count();
            assert_eq!(found, 1, "{} {}", row.method, row.path);
        }
        for operation in &shown {
            assert!(operation.example.contains("https://gw.example.org/"), "{}", operation.example);
            assert!(!operation.example.contains("/{"), "{}", operation.example);
            assert!(!operation.summary.is_empty() && !operation.answers.is_empty(), "{} {}", operation.method, operation.path);
        }
    }
}
