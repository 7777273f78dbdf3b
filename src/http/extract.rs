//! Extractors and their failures: whatever actix refuses leaves as a problem of the one table.
//! Comes in: paths, queries and JSON bodies. Goes out: typed values, or a [`Problem`] that names the fault.

use super::problem::{Code, Problem};
use crate::model::ids::is_identifier;
use actix_web::dev::Payload;
use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};
use actix_web::http::header::{AUTHORIZATION, AsHeaderName, HeaderMap};
use actix_web::web::{JsonConfig, PathConfig, PayloadConfig, QueryConfig};
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

/// Largest JSON body of a request that configures something, in bytes.
pub const MAX_JSON_BYTES: usize = 256 << 10;

/// An identifier from the path. A text that is no possible identifier is reported as not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id<T>(pub T);

impl<T: From<String>> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().iter().next().map(|(_, value)| value.to_owned());
        let found = text.filter(|text| is_identifier(text)).map(|text| Self(T::from(text)));
        ready(found.ok_or_else(|| Problem::not_found("such thing")))
    }
}

/// A header's value, when it is there and is text.
pub fn header(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The Authorization header, when it is there and is text.
pub fn authorization(request: &HttpRequest) -> Option<&str> {
    header(request.headers(), AUTHORIZATION)
}

pub fn path_config() -> PathConfig {
    PathConfig::default().error_handler(|error, _| {
        let PathError::Deserialize(cause) = &error else { return invalid_path("it can't be read").into() };
        invalid_path(&cause.to_string()).into()
    })
}

fn invalid_path(cause: &str) -> Problem {
    Problem::new(Code::InvalidPath, format!("The path is not valid: {}.", without_values(cause)))
}

pub fn query_config() -> QueryConfig {
    QueryConfig::default().error_handler(|error, _| {
        let cause = match &error {
            QueryPayloadError::Deserialize(cause) => cause.to_string(),
            _ => "it can't be read".to_owned(),
        };
        Problem::new(Code::InvalidQuery, format!("The query is not valid: {}.", without_values(&cause))).into()
    })
}

pub fn json_config() -> JsonConfig {
    JsonConfig::default().limit(MAX_JSON_BYTES).error_handler(|error, _| json_problem(&error).into())
}

fn json_problem(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            Problem::new(Code::PayloadTooLarge, format!("The JSON body is larger than {limit} bytes."))
        }
        JsonPayloadError::ContentType => {
            Problem::new(Code::UnsupportedMediaType, "This operation accepts a body of the type application/json.")
        }
        JsonPayloadError::Deserialize(cause) => {
            Problem::new(Code::InvalidJson, format!("The JSON body is not valid: {}.", without_values(&cause.to_string())))
        }
        JsonPayloadError::Payload(cause) => payload_problem(cause),
        _ => Problem::new(Code::InvalidJson, "The JSON body can't be read."),
    }
}

/// The cause of a failed reading, without the value that could not be read: it may be somebody's name or address, and callers log
/// the answers that they get.
pub fn without_values(cause: &str) -> String {
    for (opening, closing, kept) in
        [("string \"", "\", expected", "a string"), ("unknown variant `", "`, expected", "an unknown value")]
    {
        if let (Some(begin), Some(end)) = (cause.find(opening), cause.rfind(closing))
            && let (Some(before), Some(after)) = (cause.get(..begin), cause.get(end + 1..))
        {
            return format!("{before}{kept}{after}");
        }
    }
    cause.to_owned()
}

/// A body that did not arrive as it should.
pub fn payload_problem(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Problem::new(Code::PayloadTooLarge, "The request body is larger than allowed."),
        PayloadError::EncodingCorrupted => Problem::new(Code::InvalidBody, "The body's content encoding is damaged."),
        _ => Problem::new(Code::InvalidBody, "The connection ended before the body was complete."),
    }
}

/// For extractors that read a whole body.
pub fn payload_config() -> PayloadConfig {
    PayloadConfig::new(MAX_JSON_BYTES)
}

#[cfg(test)]
mod tests {
    use super::{is_identifier, without_values};

    #[test]
    fn the_cause_of_a_failed_reading_does_not_repeat_the_value() {
        for (cause, shown) in [
            (
                "invalid type: string \"Ada \\\"x\", expected i64 at line 1 column 9",
                "invalid type: a string, expected i64 at line 1 column 9",
            ),
            ("unknown variant `Ada`, expected `a` or `b`", "an unknown value, expected `a` or `b`"),
            ("unknown field `dayz`, expected `days`", "unknown field `dayz`, expected `days`"),
        ] {
            assert_eq!(without_values(cause), shown);
        }
    }

    #[test]
    fn identifiers_are_short_and_hold_nothing_that_a_database_or_a_log_could_trip_over() {
        assert!(is_identifier("0192f0c1-2d3e-7000-8000-123456789abc"));
        assert!(is_identifier("employee:4711@example.org"));
        for bad in ["", "a b", "a\0b", "a/b", "ä", "\n", &"x".repeat(129)] {
            assert!(!is_identifier(bad), "{bad:?}");
        }
    }
}
