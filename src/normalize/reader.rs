//! Reads foreign JSON leniently, with the JSON Pointer to each value.
//! Comes in: a value of the verified document. Goes out: texts, language maps, moments and lists, with JSON Pointers.
//! Must not know: any credential format.

use crate::model::credential::LanguageMap;
use crate::model::moment;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

/// Key of a [`LanguageMap`] for text without a language.
pub const NO_LANGUAGE: &str = "und";

/// A value and the JSON Pointer (RFC 6901) to it.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    pub value: &'a Value,
    pub pointer: String,
}

impl<'a> Node<'a> {
    pub fn root(value: &'a Value) -> Self {
        Self { value, pointer: String::new() }
    }

    /// A member that exists and is not null.
    pub fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.value.as_object()?.get(name).filter(|value| !value.is_null())?;
        Some(Node { value, pointer: format!("{}/{}", self.pointer, escaped(name)) })
    }

    /// The first existing member of several names.
    pub fn any(&self, names: &[&str]) -> Option<Node<'a>> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The elements of a list; a single value is a list of one.
    pub fn items(&self) -> Vec<Node<'a>> {
        match self.value {
            Value::Array(items) => {
                let at = |(index, value)| Node { value, pointer: format!("{}/{index}", self.pointer) };
                items.iter().enumerate().map(at).filter(|node| !node.value.is_null()).collect()
            }
            Value::Null => Vec::new(),
            _ => vec![self.clone()],
        }
    }

    /// The elements of a member; empty for a missing member.
    pub fn list(&self, name: &str) -> Vec<Node<'a>> {
        self.get(name).map(|node| node.items()).unwrap_or_default()
    }

    /// Members by name, in document order.
    pub fn members(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> + '_ {
        let object = self.value.as_object();
        object.into_iter().flatten().map(|(name, value)| {
            let pointer = format!("{}/{}", self.pointer, escaped(name));
            (name.as_str(), Node { value, pointer })
        })
    }

    /// Trimmed, non-empty text of a string, a number, or an object's `id` or `@value`.
    pub fn text(&self) -> Option<String> {
        let text = match self.value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Array(items) if items.len() == 1 => return Node { value: items.first()?, pointer: String::new() }.text(),
            _ => return None,
        };
        Some(trimmed(&text)).filter(|text| !text.is_empty())
    }

    pub fn text_of(&self, name: &str) -> Option<String> {
        self.get(name)?.text()
    }

    /// A reference: the text itself, or the `id` of an object.
    pub fn id(&self) -> Option<String> {
        self.text().or_else(|| self.any(&["id", "@id"])?.text())
    }

    pub fn id_of(&self, name: &str) -> Option<String> {
        let node = self.get(name)?;
        node.items().first()?.id()
    }

    /// A number, also a number in text.
    pub fn number_of(&self, name: &str) -> Option<f64> {
        let node = self.get(name)?;
        match node.value {
            Value::Number(number) => number.as_f64(),
            _ => node.text()?.parse().ok(),
        }
        .filter(|number: &f64| number.is_finite())
    }

    /// The names in `type` or `@type`.
    pub fn types(&self) -> Vec<&'a str> {
        let Some(node) = self.any(&["type", "@type"]) else { return Vec::new() };
        match node.value {
            Value::String(name) => vec![name.as_str()],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Text by language: a plain string, a language map (values may be lists), or `@value` with `@language`.
    pub fn languages(&self, default: Option<&str>) -> LanguageMap {
        let mut map = LanguageMap::new();
        self.add_languages(default, &mut map);
        map
    }

    fn add_languages(&self, default: Option<&str>, map: &mut LanguageMap) {
        let mut add = |language: &str, text: String| {
            if !text.is_empty() {
                map.entry(language.to_owned()).or_insert(text);
            }
        };
        match self.value {
            Value::String(_) | Value::Number(_) => add(default.unwrap_or(NO_LANGUAGE), self.text().unwrap_or_default()),
            Value::Array(_) => {
                for item in self.items() {
                    item.add_languages(default, map);
                }
            }
            Value::Object(_) => {
                if let Some(text) = self.any(&["@value", "value"]).and_then(|node| node.text()) {
                    let language = self.any(&["@language", "language"]).and_then(|node| node.text());
                    add(language.as_deref().or(default).unwrap_or(NO_LANGUAGE), text);
                    return;
                }
                for (language, node) in self.members().filter(|(name, _)| is_language(name)) {
                    let text = node.items().first().and_then(Node::text).unwrap_or_default();
                    // `id` is both Indonesian and the name of JSON-LD identifiers.
                    if language != "id" || !text.contains(':') {
                        add(language, text);
                    }
                }
            }
            Value::Bool(_) | Value::Null => {}
        }
    }
}

/// BCP 47 in outline: `en`, `en-EN`, `zh-Hans`; also JSON-LD's `@none`.
fn is_language(name: &str) -> bool {
    let primary = name.split('-').next().unwrap_or_default();
    let letters = primary.len() >= 2 && primary.len() <= 3 && primary.bytes().all(|b| b.is_ascii_alphabetic());
    name == "@none" || (letters && name.len() <= 35 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Text without outer and repeated white space and without control characters.
pub fn trimmed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The English text, else the text without a language, else the first text.
pub fn preferred(map: &LanguageMap) -> Option<(&str, &str)> {
    let starts_english = |key: &&String| key.as_str() == "en" || key.starts_with("en-");
    let key = map
        .keys()
        .find(starts_english)
        .or_else(|| map.get_key_value(NO_LANGUAGE).map(|(key, _)| key))
        .or_else(|| map.keys().next())?;
    map.get_key_value(key).map(|(key, text)| (key.as_str(), text.as_str()))
}

/// A moment in a form that credentials use: RFC 3339, without an offset (then UTC), a date, a year and month, a year, or seconds since
/// 1970 (Open Badges 1).
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(moment) = moment::with_offset(text) {
        return Some(moment);
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Some(moment) = moment::without_offset(text, format) {
            return Some(moment);
        }
    }
    for date in [text.to_owned(), format!("{text}-01"), format!("{text}-01-01")] {
        if date.len() == 10
            && let Ok(date) = NaiveDate::parse_from_str(&date, "%Y-%m-%d")
        {
            return date.and_hms_opt(0, 0, 0).map(|moment| moment.and_utc());
        }
    }
    let seconds: i64 = text.parse().ok().filter(|_| text.len() >= 9)?;
    DateTime::from_timestamp(seconds, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_in_several_languages_are_read_in_every_shape() {
        let read = |value: Value| Node::root(&value).languages(Some("nl"));
        assert_eq!(read(json!(" Een  naam ")), LanguageMap::from([("nl".into(), "Een naam".into())]));
        assert_eq!(
            read(json!({"en-EN": "Name", "de": ["Titel ", "x"]})),
            LanguageMap::from([("en-EN".into(), "Name".into()), ("de".into(), "Titel".into())])
        );
        assert_eq!(read(json!([{"@value": "Nom", "@language": "fr"}])), LanguageMap::from([("fr".into(), "Nom".into())]));
        assert!(read(json!({"id": "https://example.org/1"})).is_empty());
    }

    #[test]
    fn moments_are_read_in_every_shape() {
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T01:00:00+01:00",
            "2026-01-01T00:00:00",
            "2026-01-01",
            "2026-01",
            "2026",
            "1767225600",
        ] {
            assert_eq!(moment(text).map(|m| m.to_rfc3339()), Some("2026-01-01T00:00:00+00:00".to_owned()), "{text}");
        }
        assert_eq!(moment("yesterday"), None);
        assert_eq!(moment("2026-13-45"), None);
    }

    #[test]
    fn pointers_are_escaped() {
        let value = json!({"a/b": {"c~d": [null, "x"]}});
        let node = Node::root(&value).get("a/b").and_then(|node| node.get("c~d"));
        assert_eq!(
            node.map(|node| node.items().iter().map(|item| item.pointer.clone()).collect::<Vec<_>>()),
            Some(vec!["/a~1b/c~0d/1".to_owned()])
        );
    }
}
