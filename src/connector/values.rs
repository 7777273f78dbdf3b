//! Values between JSON and templates, and the errors of templates.
//! Comes in: JSON of ours, values that a template made. Goes out: the same in the other form, or a [`TemplateError`].
//! Must not know: templates' syntax, which values a template sees.

use minijinja::value::{Value, ValueKind};
use serde_json::{Map, Number, Value as Json};

/// How deep a value may be nested.
pub const MAX_DEPTH: usize = 64;
const MAX_SHOWN_CHARS: usize = 120;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The template itself is wrong, or a value that it needs is missing.
    #[error("`{expression}`: {cause}")]
    Failed { expression: String, cause: String },
    /// The template asked for a person's decision.
    #[error("{message}")]
    Park { reason: String, message: String },
}

/// A signal from inside a template: this delivery needs a person.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ParkSignal {
    pub reason: String,
    pub message: String,
}

/// A template as an error shows it: its first characters.
pub fn shown(source: &str) -> String {
    source.chars().take(MAX_SHOWN_CHARS).collect()
}

/// Our values as template values. Done by hand, because numbers keep their text and don't survive serde.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => from_number(number),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(members) => Value::from_pairs(members.iter().map(|(name, member)| (name.clone(), from_json(member)))),
    }
}

fn from_number(number: &Number) -> Value {
    if let Some(integer) = number.as_i64() {
        return Value::from(integer);
    }
    match number.as_f64().filter(|float| float.is_finite()) {
        Some(float) => Value::from(float),
        None => Value::from(number.to_string()),
    }
}

/// Template values as JSON. `expression` is for the error.
pub fn to_json(value: &Value, expression: &str) -> Result<Json, TemplateError> {
    convert(value, 0).map_err(|cause| TemplateError::Failed { expression: shown(expression), cause: cause.to_owned() })
}

fn convert(value: &Value, depth: usize) -> Result<Json, &'static str> {
    if depth > MAX_DEPTH {
        return Err("the value is nested too deeply");
    }
    Ok(match value.kind() {
        ValueKind::Undefined => return Err("a value is missing"),
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => Json::Number(number_of(value)?),
        ValueKind::String => Json::String(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|_| "a list can't be read")?;
            Json::Array(items.map(|item| convert(&item, depth + 1)).collect::<Result<_, _>>()?)
        }
        ValueKind::Map => {
            let mut members = Map::new();
            for key in value.try_iter().map_err(|_| "a map can't be read")? {
                let member = value.get_item(&key).map_err(|_| "a map can't be read")?;
                members.insert(key.to_string(), convert(&member, depth + 1)?);
            }
            Json::Object(members)
        }
        _ => return Err("the value is not one that can be sent"),
    })
}

fn number_of(value: &Value) -> Result<Number, &'static str> {
    if let Some(integer) = value.as_i64().filter(|_| value.is_integer()) {
        return Ok(Number::from(integer));
    }
    let float = value.to_string().parse::<f64>().map_err(|_| "a number can't be read")?;
    Number::from_f64(float).ok_or("a number is not finite")
}
