//! Strict JSON: bounded depth and size, no duplicate keys, only exact numbers, UTF-8 only.
//! Comes in: foreign bytes. Goes out: one JSON value, or the reason why the text is not acceptable.
//! The text is read once and its bounds are checked meanwhile, so the cost of a hostile text is linear in its length.

use crate::document::Limits;
use crate::model::code::Code;
use json_event_parser::{JsonEvent, JsonSyntaxError, SliceJsonParser};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// Member names with a special meaning in `serde_json`, which no document may use.
const RESERVED_PREFIX: &str = "$serde_json::private::";
/// Most digits of a number; no measured value needs more.
const MAX_NUMBER_CHARS: usize = 400;
/// Bound on the depth above every configuration, because values are read and dropped recursively.
const DEEPEST: usize = 120;

/// The reason why bytes are not acceptable JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    #[error("the JSON is broken at line {line}, column {column}: {cause}")]
    Syntax { line: usize, column: usize, cause: String },
    #[error("the member \"{0}\" appears twice in one object")]
    DuplicateKey(String),
    #[error("the member name \"{0}\" is not allowed")]
    ReservedKey(String),
    #[error("the JSON is nested more than {0} levels deep")]
    TooDeep(usize),
    #[error("the JSON holds more than {0} values")]
    TooManyValues(usize),
    #[error("the number {0} is out of range")]
    BadNumber(String),
}

impl JsonError {
    /// Stable code for reports and problem details.
    pub fn code(&self) -> Code {
        match self {
            Self::NotUtf8 => Code::InvalidUtf8,
            Self::Syntax { .. } => Code::InvalidJson,
            Self::DuplicateKey(_) => Code::DuplicateKey,
            Self::ReservedKey(_) => Code::ReservedKey,
            Self::TooDeep(_) => Code::JsonTooDeep,
            Self::TooManyValues(_) => Code::JsonTooLarge,
            Self::BadNumber(_) => Code::NumberOutOfRange,
        }
    }
}

/// Parses foreign bytes. A UTF-8 byte order mark is skipped.
pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Value, JsonError> {
    let (value, _) = parse_counted(bytes, limits)?;
    Ok(value)
}

/// As [`parse`], for text.
pub fn parse_text(text: &str, limits: &Limits) -> Result<Value, JsonError> {
    let (value, _) = read(text, limits)?;
    Ok(value)
}

/// As [`parse`], with the number of values (members and elements at every level).
pub fn parse_counted(bytes: &[u8], limits: &Limits) -> Result<(Value, usize), JsonError> {
    let text = std::str::from_utf8(without_bom(bytes)).map_err(|_| JsonError::NotUtf8)?;
    read(text, limits)
}

fn read(text: &str, limits: &Limits) -> Result<(Value, usize), JsonError> {
    let max_depth = limits.max_json_depth.min(DEEPEST);
    let mut parser = SliceJsonParser::new(text.as_bytes());
    let mut tree = Tree::default();
    loop {
        let event = parser.parse_next().map_err(|error| syntax(&error))?;
        match event {
            JsonEvent::Eof => break,
            JsonEvent::StartObject | JsonEvent::StartArray if tree.open.len() >= max_depth => {
                return Err(JsonError::TooDeep(max_depth));
            }
            JsonEvent::StartObject => tree.open.push(Open::Object(Map::new(), String::new())),
            JsonEvent::StartArray => tree.open.push(Open::Array(Vec::new())),
            JsonEvent::ObjectKey(name) => tree.name(name)?,
            JsonEvent::EndObject | JsonEvent::EndArray => tree.close(),
            JsonEvent::Number(text) => tree.add(Value::Number(number(&text)?)),
            JsonEvent::String(text) => tree.add(Value::String(text.into_owned())),
            JsonEvent::Boolean(value) => tree.add(Value::Bool(value)),
            JsonEvent::Null => tree.add(Value::Null),
        }
        if tree.values + tree.open.len() > limits.max_json_values {
            return Err(JsonError::TooManyValues(limits.max_json_values));
        }
    }
    let nothing = || JsonError::Syntax { line: 1, column: 1, cause: "the text is empty".to_owned() };
    Ok((tree.whole.ok_or_else(nothing)?, tree.values))
}

/// The bytes without a UTF-8 byte order mark.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// The value that is being read.
#[derive(Default)]
struct Tree {
    /// Open containers, outermost first.
    open: Vec<Open>,
    whole: Option<Value>,
    /// The number of finished values.
    values: usize,
}

enum Open {
    /// The members so far, and the name whose value comes next.
    Object(Map<String, Value>, String),
    Array(Vec<Value>),
}

impl Tree {
    fn name(&mut self, name: Cow<'_, str>) -> Result<(), JsonError> {
        if name.starts_with(RESERVED_PREFIX) {
            return Err(JsonError::ReservedKey(shortened(&name)));
        }
        if let Some(Open::Object(members, next)) = self.open.last_mut() {
            // Names are compared after unescaping.
            if members.contains_key(&*name) {
                return Err(JsonError::DuplicateKey(shortened(&name)));
            }
            *next = name.into_owned();
        }
        Ok(())
    }

    fn add(&mut self, value: Value) {
        self.values += 1;
        match self.open.last_mut() {
            Some(Open::Object(members, name)) => drop(members.insert(std::mem::take(name), value)),
            Some(Open::Array(items)) => items.push(value),
            None => self.whole = Some(value),
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Open::Object(members, _)) => self.add(Value::Object(members)),
            Some(Open::Array(items)) => self.add(Value::Array(items)),
            None => {}
        }
    }
}

/// The number with its written digits, if a reader can represent it.
fn number(text: &str) -> Result<Number, JsonError> {
    let exact_enough = text.len() <= MAX_NUMBER_CHARS && text.parse::<f64>().is_ok_and(f64::is_finite);
    let number = if exact_enough { text.parse().ok() } else { None };
    number.ok_or_else(|| JsonError::BadNumber(shortened(text)))
}

fn syntax(error: &JsonSyntaxError) -> JsonError {
    let start = error.location().start;
    JsonError::Syntax {
        line: usize::try_from(start.line).unwrap_or(usize::MAX).saturating_add(1),
        column: usize::try_from(start.column).unwrap_or(usize::MAX).saturating_add(1),
        cause: shortened(error.message()),
    }
}

/// Foreign text, shortened for a message.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(MOST).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &[u8]) -> Code {
        match parse(text, &Limits::default()) {
            Ok(_) => Code::Ok,
            Err(error) => error.code(),
        }
    }

    #[test]
    fn ordinary_json_is_read_as_it_is_written() {
        let value = parse(b"\xEF\xBB\xBF {\"a\": [1, 2.50, true, null, \"\\u00e9\\ud83d\\ude00\"]} ", &Limits::default());
        assert_eq!(value.map(|v| v.to_string()), Ok("{\"a\":[1,2.50,true,null,\"é😀\"]}".to_owned()));
    }

    #[test]
    fn a_member_may_appear_once_however_it_is_escaped() {
        assert_eq!(code(br#"{"a":1,"a":2}"#), Code::DuplicateKey);
        assert_eq!(code(br#"{"issuer":1,"iss\u0075er":2}"#), Code::DuplicateKey);
        assert_eq!(code(br#"{"a":{"b":1},"b":1,"c":[{"b":1},{"b":2}]}"#), Code::Ok);
        let many: Vec<String> = (0..50).map(|i| format!("\"k{i}\":0")).collect();
        assert_eq!(code(format!("{{{},\"k49\":1}}", many.join(",")).as_bytes()), Code::DuplicateKey);
        assert_eq!(code(format!("{{{}}}", many.join(",")).as_bytes()), Code::Ok);
    }

    #[test]
    fn numbers_that_no_reader_can_hold_are_refused() {
        for text in ["1e999", "-1e999", "[1e400]"] {
            assert_eq!(code(text.as_bytes()), Code::NumberOutOfRange, "{text}");
        }
        for text in ["NaN", "Infinity", "-Infinity", "[01]", "+1", ".5", "0x10"] {
            assert_eq!(code(text.as_bytes()), Code::InvalidJson, "{text}");
        }
        assert_eq!(code("9".repeat(500).as_bytes()), Code::NumberOutOfRange);
    }

    #[test]
    fn broken_text_is_refused() {
        for text in
            [r#"["\ud800"]"#, r#"["\udc00\ud800"]"#, r#"{"a":1,}"#, "[1,]", "{'a':1}", "{} {}", "", "// x\n{}", "[\"\t\"]"]
        {
            assert_eq!(code(text.as_bytes()), Code::InvalidJson, "{text}");
        }
        assert_eq!(code(b"\"\xff\""), Code::InvalidUtf8);
    }

    #[test]
    fn depth_and_count_are_bounded() {
        let limits = Limits { max_json_values: 10, ..Limits::default() };
        assert_eq!(parse(b"[1,1,1,1,1,1,1,1,1,1,1]", &limits), Err(JsonError::TooManyValues(10)));
        assert_eq!(code(format!("{}{}", "[".repeat(64), "]".repeat(64)).as_bytes()), Code::Ok);
        assert_eq!(code(format!("{}{}", "[".repeat(65), "]".repeat(65)).as_bytes()), Code::JsonTooDeep);
        assert_eq!(code("[".repeat(1_000_000).as_bytes()), Code::JsonTooDeep);
        assert_eq!(code("{\"a\":".repeat(1_000_000).as_bytes()), Code::JsonTooDeep);
    }

    #[test]
    fn names_that_the_parser_keeps_for_itself_are_refused() {
        assert_eq!(code(br#"{"$serde_json::private::Number":"1"}"#), Code::ReservedKey);
        assert_eq!(code(br#"{"\u0024serde_json::private::RawValue":"1"}"#), Code::ReservedKey);
    }
}
