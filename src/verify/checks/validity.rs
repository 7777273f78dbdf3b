//! Whether a credential is within its time: its own dates and, for tokens, the token's.
//! Comes in: the document, the token's claims, the moment. Goes out: the `validity` check, also after a failed signature.
//! Must not know: proofs, status.

use crate::model::code::Code;
use crate::model::moment;
use crate::model::report::{Check, CheckId, Finding};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};

/// Clocks differ: a credential that starts within this time counts as started.
const SKEW: Duration = Duration::seconds(120);

const STARTS: [&str; 2] = ["validFrom", "issuanceDate"];
const ENDS: [&str; 2] = ["validUntil", "expirationDate"];

/// A moment as written. Without an offset, the time zone is unknown; most readers take UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub earliest: DateTime<Utc>,
    /// The text had an offset, as XML Schema's `dateTimeStamp` demands.
    pub has_offset: bool,
}

/// Reads `2026-01-31T12:00:00Z`, with fractions and with offsets; nothing laxer.
pub fn parse_moment(text: &str) -> Option<Moment> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let shaped = digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && digits(11..13)
        && digits(14..16)
        && digits(17..19)
        && [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|(at, byte)| bytes.get(*at) == Some(byte));
    if !shaped || text.len() > 64 {
        return None;
    }
    if let Some(earliest) = moment::with_offset(text) {
        return Some(Moment { earliest, has_offset: true });
    }
    let earliest = moment::without_offset(text, "%Y-%m-%dT%H:%M:%S%.f")?;
    Some(Moment { earliest, has_offset: false })
}

/// The `exp` and `nbf` of a token; whole or fractional seconds.
pub fn parse_seconds(value: &Value) -> Option<DateTime<Utc>> {
    let seconds = value.as_f64().filter(|seconds| seconds.is_finite() && seconds.abs() < 1e14)?;
    #[allow(clippy::cast_possible_truncation, reason = "bounded on the line above")]
    DateTime::from_timestamp(seconds.floor() as i64, 0)
}

/// The dates of `document` and, for tokens, `nbf` and `exp` of `claims`, against `at`.
pub fn check(document: &Value, claims: Option<&Map<String, Value>>, at: DateTime<Utc>) -> Check {
    let mut malformed = Vec::new();
    let mut read = |members: &[&'static str]| -> Vec<(&'static str, DateTime<Utc>)> {
        let present = members.iter().filter_map(|member| document.get(member).map(|value| (*member, value)));
        present
            .filter_map(|(member, value)| match value.as_str().and_then(parse_moment) {
                Some(moment) => Some((member, moment.earliest)),
                None => {
                    malformed.push(member);
                    None
                }
            })
            .collect()
    };
    let mut starts = read(&STARTS);
    let mut ends = read(&ENDS);
    for (claim, list) in [("nbf", &mut starts), ("exp", &mut ends)] {
        let Some(value) = claims.and_then(|claims| claims.get(claim)) else { continue };
        match parse_seconds(value) {
            Some(moment) => list.push((claim, moment)),
            None => malformed.push(claim),
        }
    }
    if let Some(member) = malformed.first() {
        let detail = format!("\"{member}\" is not a date and time that can be read");
        return Check::fail(CheckId::Validity, Code::DateMalformed, &detail).found();
    }
    let ended = ends.iter().filter(|(_, end)| *end <= at).min_by_key(|(_, end)| *end);
    let not_started = starts.iter().filter(|(_, start)| *start > at + SKEW).max_by_key(|(_, start)| *start);
    let too_late = ended.map(|(member, end)| (Code::Expired, format!("the credential expired on {}", day(*end)), *member));
    let too_early = not_started
        .map(|(member, start)| (Code::NotYetValid, format!("the credential becomes valid on {}", day(*start)), *member));
    let mut problems = [too_late, too_early].into_iter().flatten();
    if let Some((code, detail, _)) = problems.next() {
        let check = Check::fail(CheckId::Validity, code, &detail).found();
        return problems
            .fold(check, |check, (code, detail, member)| check.finding(Finding::new(code, &detail).at(format!("/{member}"))));
    }
    match ends.iter().min_by_key(|(_, end)| *end) {
        Some((_, end)) => Check::pass(CheckId::Validity, format!("The credential is valid until {}.", day(*end))),
        None => Check::pass(CheckId::Validity, "The credential has no end date."),
    }
}

fn day(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::CheckStatus;
    use serde_json::json;

    fn at() -> DateTime<Utc> {
        parse_moment("2026-06-01T12:00:00Z").unwrap().earliest
    }

    fn code(document: Value) -> Code {
        check(&document, None, at()).code
    }

    #[test]
    fn dates_are_read_strictly() {
        for good in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.123456Z",
            "2026-01-01T00:00:00-06:00",
            "0001-01-01T00:00:00+05:00",
            "9999-12-31T23:59:59-23:59",
            "2034-12-31T24:00:00Z",
        ] {
            assert!(parse_moment(good).is_some_and(|moment| moment.has_offset), "{good}");
        }
        assert!(!parse_moment("2026-01-01T00:00:00").unwrap().has_offset);
        for bad in [
            "",
            "2026-01-01",
            "2026-01-01 00:00:00Z",
            "2026-13-01T00:00:00Z",
            "tomorrow",
            "2026-01-01T00:00:00Zzz",
            "2034-12-31T24:00:01Z",
            "Sun, 26 Feb 2023 01:22:14 +0000",
        ] {
            assert_eq!(parse_moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_window_is_checked_at_both_ends() {
        assert_eq!(code(json!({})), Code::Ok);
        assert_eq!(code(json!({"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z"})), Code::Ok);
        assert_eq!(code(json!({"validUntil": "2026-06-01T11:59:59Z"})), Code::Expired);
        assert_eq!(code(json!({"expirationDate": "2020-06-01T11:59:59Z"})), Code::Expired);
        assert_eq!(code(json!({"validFrom": "2030-01-01T00:00:00Z"})), Code::NotYetValid);
        assert_eq!(code(json!({"issuanceDate": "2030-01-01T00:00:00Z"})), Code::NotYetValid);
        assert_eq!(code(json!({"validFrom": "2026-06-01T12:01:59Z"})), Code::Ok);
        assert_eq!(code(json!({"validFrom": "2026-06-01T12:02:01Z"})), Code::NotYetValid);
    }

    #[test]
    fn a_date_that_cannot_be_read_is_no_pass() {
        for value in [json!(null), json!(5), json!(["2020-01-01T00:00:00Z"]), json!("soon"), json!({})] {
            assert_eq!(code(json!({"validUntil": value})), Code::DateMalformed);
        }
    }

    #[test]
    fn the_tokens_own_dates_count_too() {
        let claims = |claims: Value| check(&json!({}), claims.as_object(), at()).status;
        assert_eq!(claims(json!({"exp": 1_000})), CheckStatus::Fail);
        assert_eq!(claims(json!({"nbf": 4_102_444_800_u64})), CheckStatus::Fail);
        assert_eq!(claims(json!({"exp": "4102444800"})), CheckStatus::Fail);
        assert_eq!(claims(json!({"exp": 4_102_444_800.5, "nbf": 1})), CheckStatus::Pass);
    }
}
