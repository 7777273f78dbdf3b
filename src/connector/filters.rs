//! Filters and functions that templates of manifests may use, beyond minijinja's own.
//! Pure: no clock, no file, no environment, no network.

use super::values::{ParkSignal, to_json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};
use sha2::{Digest, Sha256};

pub fn register(environment: &mut Environment<'static>) {
    environment.add_filter("date", date);
    environment.add_filter("unix", unix);
    environment.add_filter("odata", odata);
    environment.add_filter("xml", xml);
    environment.add_filter("digest", digest);
    environment.add_filter("base64", base64_text);
    environment.add_filter("uuid5", uuid5);
    environment.add_filter("jwt", jwt);
    environment.add_filter("truncate", truncate);
    environment.add_filter("localized", localized);
    environment.add_filter("lookup", lookup);
    environment.add_filter("one_line", one_line);
    environment.add_filter("only", only);
    environment.add_filter("shifted", shifted);
    environment.add_test("containing_text", containing_text);
    environment.add_test("having_text", having_text);
    environment.add_function("park", park);
}

fn moment(value: &str) -> Result<DateTime<Utc>, Error> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(value) {
        return Ok(moment.with_timezone(&Utc));
    }
    Err(Error::new(ErrorKind::InvalidOperation, "the value is not a date with time and zone"))
}

/// An RFC 3339 time as `2026-11-23`, or in another `strftime` form. None and empty stay as they are.
fn date(value: Value, format: Option<String>) -> Result<Value, Error> {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return Ok(value);
    };
    let format = format.unwrap_or_else(|| "%Y-%m-%d".to_owned());
    let items: Vec<_> = chrono::format::StrftimeItems::new(&format).collect();
    if items.contains(&chrono::format::Item::Error) {
        return Err(Error::new(ErrorKind::InvalidOperation, "the date format is wrong"));
    }
    Ok(Value::from(moment(text)?.format_with_items(items.into_iter()).to_string()))
}

/// An object with no other members than these; `old as new` gives a member another name. Members that it lacks are left out.
fn only(value: Value, names: Rest<String>) -> Value {
    let member = |name: &String| {
        let (old, new) = name.split_once(" as ").unwrap_or((name, name));
        let member = value.get_attr(old).ok().filter(|member| !member.is_undefined())?;
        Some((new.to_owned(), member))
    };
    Value::from_pairs(names.iter().filter_map(member))
}

/// An RFC 3339 time, so many seconds later.
fn shifted(value: String, seconds: i64) -> Result<String, Error> {
    let shifted = chrono::Duration::try_seconds(seconds).and_then(|by| moment(&value).ok()?.checked_add_signed(by));
    let shifted = shifted.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "the value is not a date with time and zone"))?;
    Ok(shifted.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// An RFC 3339 time as whole seconds since 1970.
fn unix(value: String) -> Result<i64, Error> {
    Ok(moment(&value)?.timestamp())
}

/// Inside single quotes of an OData-like filter.
fn odata(value: String) -> String {
    value.replace('\'', "''")
}

/// As XML text or attribute value. Characters that XML 1.0 can't hold are left out.
pub(super) fn xml(value: String) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Lower-case hex SHA-256 of a text, or of a value's JSON.
fn digest(value: Value) -> Result<String, Error> {
    let text = match value.as_str() {
        Some(text) => text.to_owned(),
        None => {
            to_json(&value, "digest").map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?.to_string()
        }
    };
    Ok(hex::encode(Sha256::digest(text.as_bytes())))
}

/// A name's UUID (RFC 9562 §5.5) in the namespace of URLs: the same name gives the same UUID.
fn uuid5(value: String) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, value.as_bytes()).to_string()
}

/// Claims, signed with a private key in PEM: `RS256` or `ES256`, and the key's id if it has one.
fn jwt(claims: Value, key: String, algorithm: String, key_id: Option<String>) -> Result<String, Error> {
    let claims = to_json(&claims, "jwt").map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
    let signed = super::jwt::sign(&claims, &key, &algorithm, key_id.as_deref().unwrap_or_default());
    signed.map_err(|error| Error::new(ErrorKind::InvalidOperation, error))
}

fn base64_text(value: String) -> String {
    STANDARD.encode(value)
}

/// At most so many characters, the last one an ellipsis when something was cut.
fn truncate(value: String, length: usize) -> String {
    if value.chars().count() <= length {
        return value;
    }
    let mut cut: String = value.chars().take(length.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// One text of a language map: the wanted language, its base language, English, none given, any.
fn localized(value: Value, language: Option<String>) -> Result<Value, Error> {
    if value.kind() != ValueKind::Map {
        return Ok(value);
    }
    let wanted = language.unwrap_or_else(|| "en".to_owned());
    let base = wanted.split('-').next().unwrap_or_default().to_owned();
    for key in [wanted.as_str(), base.as_str(), "en", "und"] {
        let text = value.get_attr(key)?;
        if !text.is_undefined() {
            return Ok(text);
        }
    }
    match value.try_iter()?.next() {
        Some(key) => value.get_item(&key),
        None => Ok(Value::from("")),
    }
}

/// The value that a table has for a key; a missing key parks the delivery as `unmapped_value`.
fn lookup(key: Value, table: Value) -> Result<Value, Error> {
    let found = table.get_item(&Value::from(key.to_string()))?;
    if !found.is_undefined() {
        return Ok(found);
    }
    let message =
        format!("The table of values has nothing for “{key}”. Add it to the connection's mapping and replay the delivery.");
    Err(parked("unmapped_value", message))
}

fn one_line(value: String) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// For `selectattr`: whether a text holds another text.
fn containing_text(value: Value, part: String) -> bool {
    value.as_str().is_some_and(|text| text.contains(&part))
}

/// For `select`: whether any text inside a value equals the wanted one, letters in either case.
fn having_text(value: Value, wanted: String) -> bool {
    fn any(value: &Value, wanted: &str, depth: usize) -> bool {
        if let Some(text) = value.as_str() {
            return text.trim().to_lowercase() == wanted;
        }
        let Ok(parts) = value.try_iter() else { return false };
        let is_map = value.kind() == ValueKind::Map;
        depth < 16
            && parts.into_iter().any(|part| {
                let part = if is_map { value.get_item(&part).unwrap_or_default() } else { part };
                any(&part, wanted, depth + 1)
            })
    }
    let wanted = wanted.trim().to_lowercase();
    !wanted.is_empty() && any(&value, &wanted, 0)
}

/// Leaves the decision to a person.
fn park(reason: String, message: String) -> Result<Value, Error> {
    Err(parked(&reason, message))
}

fn parked(reason: &str, message: String) -> Error {
    let signal = ParkSignal { reason: reason.to_owned(), message: message.clone() };
    Error::new(ErrorKind::InvalidOperation, message).with_source(signal)
}

#[cfg(test)]
mod tests {
    use crate::connector::template::Templates;
    use crate::connector::values::{TemplateError, from_json};
    use serde_json::json;

    fn render(source: &str) -> Result<String, TemplateError> {
        let context = json!({
            "time": "2026-03-01T23:30:00+02:00",
            "quoted": "O'Neil <x> & \"y\"\u{1}",
            "name": {"de": "Netze", "en": "Networks"},
            "values": {"level": {"expert": 3}},
        });
        Templates.text(source, &from_json(&context))
    }

    #[test]
    fn times_are_written_in_utc_as_date_or_in_the_wanted_form() {
        assert_eq!(render("{{ time | date }}").unwrap(), "2026-03-01");
        assert_eq!(render("{{ time | date('%d/%m/%Y %H:%M') }}").unwrap(), "01/03/2026 21:30");
        assert_eq!(render("{{ time | unix }}").unwrap(), "1772400600");
        assert!(render("{{ time | date('%Q') }}").is_err());
        assert!(render("{{ quoted | date }}").is_err());
    }

    #[test]
    fn quotes_and_markup_are_escaped_for_odata_and_xml() {
        assert_eq!(render("{{ quoted | odata }}").unwrap(), "O''Neil <x> & \"y\"\u{1}");
        assert_eq!(render("{{ quoted | xml }}").unwrap(), "O&apos;Neil &lt;x&gt; &amp; &quot;y&quot;");
    }

    #[test]
    fn a_name_always_gives_the_same_uuid() {
        // Python: uuid.uuid5(uuid.NAMESPACE_URL, 'http://www.example.com/')
        assert_eq!(render("{{ 'http://www.example.com/' | uuid5 }}").unwrap(), "fcde3c85-2270-590f-9e7c-ee003d65e0e2");
    }

    #[test]
    fn a_language_map_gives_the_wanted_language_or_english() {
        assert_eq!(render("{{ name | localized('de-AT') }}").unwrap(), "Netze");
        assert_eq!(render("{{ name | localized('sv') }}").unwrap(), "Networks");
    }

    #[test]
    fn a_key_that_a_table_does_not_have_parks_the_delivery() {
        assert_eq!(render("{{ 'expert' | lookup(values.level) }}").unwrap(), "3");
        let error = render("{{ 'novice' | lookup(values.level) }}").unwrap_err();
        assert!(matches!(error, TemplateError::Park { reason, .. } if reason == "unmapped_value"));
    }
}
