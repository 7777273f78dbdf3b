//! The OpenAPI document: written by hand in schemas/openapi.yaml, served as JSON.

use serde_json::Value;
use std::sync::LazyLock;

/// The document as written.
pub const YAML: &str = include_str!("../../schemas/openapi.yaml");

static JSON: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let document: Value = serde_saphyr::from_str(YAML).map_err(|error| error.to_string())?;
    serde_json::to_string_pretty(&document).map_err(|error| error.to_string())
});

/// The document as JSON. The error is a mistake in the document, which a test would have caught.
pub fn json() -> Result<&'static str, &'static str> {
    JSON.as_deref().map_err(String::as_str)
}
