//! The OpenAPI document: written by hand in schemas/openapi.yaml, served as JSON with an example for each body.

use serde_json::Value;
use std::sync::LazyLock;

/// The document as written.
pub const YAML: &str = include_str!("../../schemas/openapi.yaml");
/// Examples of bodies, by `operationId`.
const EXAMPLES: &str = include_str!("../../schemas/request-examples.yaml");

static DOCUMENT: LazyLock<Result<Value, String>> = LazyLock::new(|| {
    let mut document: Value = serde_saphyr::from_str(YAML).map_err(|error| error.to_string())?;
    let mut examples: Value = serde_saphyr::from_str(EXAMPLES).map_err(|error| error.to_string())?;
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, path)| path.as_object_mut().into_iter().flatten().map(|(_, operation)| operation));
    for operation in operations {
        let example = operation["operationId"].as_str().and_then(|id| examples.get_mut(id)).map(Value::take);
        let Some(media_type) = body(operation).map(|(media_type, _)| media_type.clone()) else { continue };
        if let Some(example) = example {
            operation["requestBody"]["content"][media_type]["example"] = example;
        }
    }
    Ok(document)
});

/// The main form of an operation's body: its media type and what the document says of it.
pub fn body(operation: &Value) -> Option<(&String, &Value)> {
    let content = operation.pointer("/requestBody/content")?.as_object()?;
    let preferred = ["multipart/form-data", "application/json"];
    preferred.iter().find_map(|media_type| content.get_key_value(*media_type)).or_else(|| content.iter().next())
}

static JSON: LazyLock<Result<String, String>> =
    LazyLock::new(|| serde_json::to_string_pretty(document()?).map_err(|error| error.to_string()));

/// The document. The error is a mistake in it, which a test would have caught.
pub fn document() -> Result<&'static Value, &'static str> {
    DOCUMENT.as_ref().map_err(String::as_str)
}

/// The document as JSON.
pub fn json() -> Result<&'static str, &'static str> {
    JSON.as_deref().map_err(String::as_str)
}
