//! Reads the moments in foreign documents.
//! Comes in: text. Goes out: a moment of the common calendar, which all our readers can read again.
//! Must not know: the document, the moment's meaning.

use chrono::{DateTime, Duration, NaiveDateTime, Timelike, Utc};

/// A date and time with an offset: RFC 3339, and the end of a day in the form of XML Schema 1.1 §3.3.7 (`24:00:00`).
pub fn with_offset(text: &str) -> Option<DateTime<Utc>> {
    let (text, days) = without_hour_24(text)?;
    let moment = DateTime::parse_from_rfc3339(&text).ok()?.with_timezone(&Utc);
    without_second_60(moment.naive_utc()).checked_add_signed(days).map(|moment| moment.and_utc())
}

/// A date and time without an offset, in the form `format`; taken as UTC.
pub fn without_offset(text: &str, format: &str) -> Option<DateTime<Utc>> {
    let (text, days) = without_hour_24(text)?;
    let moment = NaiveDateTime::parse_from_str(&text, format).ok()?;
    without_second_60(moment).checked_add_signed(days).map(|moment| moment.and_utc())
}

/// `24:00:00` of a day is `00:00:00` of the next day; a later time does not exist (`None`).
fn without_hour_24(text: &str) -> Option<(String, Duration)> {
    let Some(time) = text.get(10..).filter(|time| time.starts_with(['T', 't', ' ']) && time.get(1..3) == Some("24")) else {
        return Some((text.to_owned(), Duration::zero()));
    };
    let rest = time.get(3..)?;
    let clock = rest.find(['Z', 'z', '+', '-']).map_or(rest, |end| &rest[..end]);
    let is_midnight = clock.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
    let day = text.get(..11)?;
    is_midnight.then(|| (format!("{day}00{rest}"), Duration::days(1)))
}

/// A leap second becomes the next second: XML Schema and most readers do not know second 60.
fn without_second_60(moment: NaiveDateTime) -> NaiveDateTime {
    match moment.nanosecond().checked_sub(1_000_000_000) {
        Some(past) => {
            moment.with_nanosecond(past).and_then(|moment| moment.checked_add_signed(Duration::seconds(1))).unwrap_or(moment)
        }
        None => moment,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        with_offset(text).map(|moment| moment.to_rfc3339())
    }

    #[test]
    fn the_end_of_a_day_is_the_start_of_the_next() {
        assert_eq!(read("2034-12-31T24:00:00Z").as_deref(), Some("2035-01-01T00:00:00+00:00"));
        assert_eq!(read("2024-02-28T24:00:00.000+02:00").as_deref(), Some("2024-02-28T22:00:00+00:00"));
        let naive = without_offset("2034-12-31T24:00:00", "%Y-%m-%dT%H:%M:%S%.f");
        assert_eq!(naive.map(|moment| moment.to_rfc3339()).as_deref(), Some("2035-01-01T00:00:00+00:00"));
        for text in ["2034-12-31T24:00:01Z", "2034-12-31T24:30:00Z", "2034-12-31T25:00:00Z", "2034-13-31T24:00:00Z"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn second_60_is_the_second_after_it() {
        assert_eq!(read("2016-12-31T23:59:60Z").as_deref(), Some("2017-01-01T00:00:00+00:00"));
        assert_eq!(read("2016-12-31T23:59:60.5Z").as_deref(), Some("2017-01-01T00:00:00.500+00:00"));
        assert_eq!(read("2016-12-31T23:59:61Z"), None);
    }

    #[test]
    fn the_edges_of_the_calendar_are_read() {
        assert!(read("0001-01-01T00:00:00+23:59").is_some() && read("9999-12-31T23:59:59-23:59").is_some());
        assert!(read("9999-12-31T24:00:00Z").is_some());
        for text in ["", "T24", "2034-12-31", "2034-12-31T24", "2034-12-31T24:00:00ü"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
