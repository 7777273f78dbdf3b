//! Where a manifest finds a text in a request: a template with places in braces.
//! `{/data/id}` is a JSON pointer (RFC 6901) into the event, `{header:webhook-id}` a header, `{body}` the whole body.
//! Must not know: what the text is for.

use super::signature::Received;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

const MAX_TEXT: usize = 4_000;
/// The characters that a path segment holds unencoded (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Pointer(String),
    /// In lower case.
    Header(String),
    Body,
}

/// A template. In a template with other text around it, a text from the event is escaped so that it stays one segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Place(Vec<Part>);

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (inside, after) = after.split_once('}').ok_or_else(|| format!("`{text}` has a brace without its end"))?;
            parts.push(match inside.strip_prefix("header:") {
                Some(name) if !name.is_empty() => Part::Header(name.to_ascii_lowercase()),
                None if inside == "body" => Part::Body,
                None if inside.starts_with('/') => Part::Pointer(inside.to_owned()),
                _ => return Err(format!("`{{{inside}}}` is no place: use {{/pointer}}, {{header:name}} or {{body}}")),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if parts.is_empty() { Err("a place is empty".to_owned()) } else { Ok(Self(parts)) }
    }
}

impl Place {
    /// The bytes of the request that a signature covers; `None` when a named header is missing, or the place needs the parsed event.
    pub fn bytes(&self, request: &Received<'_>) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => bytes.extend(text.as_bytes()),
                Part::Header(name) => bytes.extend(request.header(name)?.as_bytes()),
                Part::Body => bytes.extend(request.body),
                Part::Pointer(_) => return None,
            }
        }
        Some(bytes)
    }

    /// The text for one event; `None` when a place in it is missing, empty, too long or holds control characters.
    pub fn text(&self, request: &Received<'_>, event: &Value) -> Option<String> {
        let alone = self.0.len() == 1;
        let mut whole = String::new();
        for part in &self.0 {
            let found = match part {
                Part::Text(text) => {
                    whole.push_str(text);
                    continue;
                }
                Part::Pointer(pointer) => plain(event.pointer(pointer)?)?,
                Part::Header(name) => request.header(name)?,
                Part::Body => return None,
            };
            if found.is_empty() || found.len() > MAX_TEXT || found.contains(char::is_control) {
                return None;
            }
            if alone { whole.push_str(&found) } else { whole.push_str(&segment(&found)?) }
        }
        Some(whole)
    }

    /// What stands before the first place in braces.
    pub fn beginning(&self) -> &str {
        match self.0.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    pub fn names_header(&self, name: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Header(known) if known == name))
    }

    pub fn holds_body(&self) -> bool {
        self.0.contains(&Part::Body)
    }

    /// The pointer, when the place is nothing else.
    pub fn pointer(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Pointer(pointer)] => Some(pointer),
            _ => None,
        }
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// One segment of a path: nothing in it leads to another path. `None` for `.` and `..`, which no escape makes harmless.
fn segment(text: &str) -> Option<String> {
    let is_step = matches!(text, "." | "..");
    (!is_step).then(|| utf8_percent_encode(text, UNRESERVED).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn place(text: &str) -> Place {
        Place::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_text_from_an_event_stays_one_segment_of_the_path() {
        let headers = |name: &str| (name == "webhook-id").then(|| "m/1".to_owned());
        let request = Received { headers: &headers, body: b"{}", address_key: None };
        let text = |template: &str, event: Value| place(template).text(&request, &event);
        assert_eq!(text("{/a/0}", json!({"a": ["https://x.example/y?z"]})).as_deref(), Some("https://x.example/y?z"));
        assert_eq!(text("https://x.example/{/id}/y", json!({"id": 7})).as_deref(), Some("https://x.example/7/y"));
        assert_eq!(
            text("https://x.example/{/id}", json!({"id": "../a?b#c@d"})).as_deref(),
            Some("https://x.example/..%2Fa%3Fb%23c%40d")
        );
        assert_eq!(text("{header:Webhook-ID}", json!({})).as_deref(), Some("m/1"));
        for bad in
            [json!({"id": ".."}), json!({"id": ""}), json!({"id": "a\nb"}), json!({"id": null}), json!({"id": {}}), json!({})]
        {
            assert_eq!(text("https://x.example/{/id}", bad.clone()), None, "{bad}");
        }
        assert_eq!(text("{/id}", json!({"id": "x".repeat(MAX_TEXT + 1)})), None);
    }

    #[test]
    fn signed_bytes_are_the_bytes_that_were_sent() {
        let headers = |name: &str| (name == "t").then(|| "5".to_owned());
        let request = Received { headers: &headers, body: b"\xff{}", address_key: None };
        assert_eq!(place("v0:{header:t}:{body}").bytes(&request).unwrap(), b"v0:5:\xff{}");
        assert_eq!(place("{header:absent}{body}").bytes(&request), None);
    }

    #[test]
    fn a_template_that_cannot_be_read_is_refused() {
        for bad in ["", "{", "{}", "{x}", "a{header:}", "{/a"] {
            assert!(Place::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
