//! How values of the model are written into columns: times, names of enums, JSON.

use super::{Result, StoreError};
use chrono::{DateTime, Datelike, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The last moment that fits; later moments are written as this moment.
const LAST_MOMENT: &str = "9999-12-31T23:59:59.999999Z";
const FIRST_MOMENT: &str = "0000-01-01T00:00:00.000000Z";

/// RFC 3339, UTC, microseconds: always 27 characters, so that text order is time order.
pub fn time_text(moment: DateTime<Utc>) -> String {
    match moment.year() {
        ..0 => FIRST_MOMENT.to_owned(),
        10_000.. => LAST_MOMENT.to_owned(),
        _ => moment.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
    }
}

pub fn parse_time(text: &str) -> Result<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|_| damaged("time"))
}

pub fn parse_times(text: Option<String>) -> Result<Option<DateTime<Utc>>> {
    text.as_deref().map(parse_time).transpose()
}

/// The name of an enum's variant, as its JSON form has it.
pub fn name_text<T: Serialize>(value: &T) -> Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        _ => Err(StoreError::Internal("a value has no name to store".to_owned())),
    }
}

pub fn parse_name<T: DeserializeOwned>(name: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).map_err(|_| damaged("name"))
}

pub fn json_text<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(format!("a value can't be stored as JSON: {error}")))
}

pub fn parse_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| damaged("JSON"))
}

/// PostgreSQL text can't hold U+0000.
pub fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Counters are never negative and never near the limit.
pub fn to_u32(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(if number < 0 { 0 } else { u32::MAX })
}

fn damaged(what: &str) -> StoreError {
    StoreError::Internal(format!("a stored {what} can't be read"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn text_order_is_time_order() {
        let times = [
            DateTime::<Utc>::MIN_UTC,
            Utc.with_ymd_and_hms(1999, 12, 31, 23, 59, 59).unwrap(),
            Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap(),
            Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap() + chrono::Duration::microseconds(1),
            DateTime::<Utc>::MAX_UTC,
        ];
        let texts = times.map(time_text);
        assert!(texts.is_sorted(), "{texts:?}");
        assert!(texts.iter().all(|text| text.len() == 27 && parse_time(text).is_ok()), "{texts:?}");
    }

    #[test]
    fn a_time_comes_back_as_it_was_to_the_microsecond() {
        let time = Utc.with_ymd_and_hms(2026, 3, 4, 5, 6, 7).unwrap() + chrono::Duration::microseconds(89);
        assert_eq!(parse_time(&time_text(time)).unwrap(), time);
    }
}
