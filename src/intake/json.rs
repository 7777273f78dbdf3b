//! Strict JSON: bounded depth and size, no duplicate keys, no numbers that can't be told exactly, UTF-8 only.

use super::Limits;
use serde_json::Value;

/// Why bytes are not acceptable JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    #[error("the JSON is broken at line {line}, column {column}: {cause}")]
    Syntax { line: usize, column: usize, cause: String },
    #[error("the member \"{0}\" appears twice in one object")]
    DuplicateKey(String),
    #[error("the JSON is nested more than {0} levels deep")]
    TooDeep(usize),
    #[error("the JSON holds more than {0} values")]
    TooManyValues(usize),
    #[error("the number {0} is out of range")]
    BadNumber(String),
}

impl JsonError {
    /// Stable code for reports and problem details.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotUtf8 => "invalid_utf8",
            Self::Syntax { .. } => "invalid_json",
            Self::DuplicateKey(_) => "duplicate_key",
            Self::TooDeep(_) => "json_too_deep",
            Self::TooManyValues(_) => "json_too_large",
            Self::BadNumber(_) => "number_out_of_range",
        }
    }
}

/// Parses bytes that a stranger sent. A UTF-8 byte order mark is skipped.
pub fn parse(_bytes: &[u8], _limits: &Limits) -> Result<Value, JsonError> {
    unimplemented!()
}
