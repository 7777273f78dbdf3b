//! The session cookie of the pages: a random secret, of which the database holds the hash.
//! Comes in: a secret, or the Cookie headers. Goes out: a Set-Cookie value, or the secret. Must not know: whose session it is.

use crate::model::secret::Secret;
use actix_web::http::header::{COOKIE, HeaderMap};
use chrono::Duration;

/// Secrets have 43 characters; longer cookies are not ours.
const MAX_COOKIE_BYTES: usize = 64;

/// The cookie's name: with TLS it is bound to this host and to https.
fn name(secure: bool) -> &'static str {
    if secure { "__Host-skillgate" } else { "skillgate" }
}

/// A Set-Cookie value that begins a session of that length.
pub fn begin(secret: &Secret, length: Duration, secure: bool) -> String {
    set_cookie(secret.expose(), length.num_seconds(), secure)
}

/// A Set-Cookie value that ends the session.
pub fn end(secure: bool) -> String {
    set_cookie("", 0, secure)
}

fn set_cookie(value: &str, max_age_seconds: i64, secure: bool) -> String {
    let secure_attribute = if secure { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure_attribute}", name(secure))
}

/// The secret in the Cookie headers, when there is one that may be ours.
pub fn secret_in(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let headers = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    headers.into_iter().find_map(|header| cookie(header, name(secure)).filter(|value| is_plausible(value)))
}

fn is_plausible(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_COOKIE_BYTES).contains(&value.len()) && value.bytes().all(allowed)
}

/// The value of a cookie in a Cookie header.
pub fn cookie<'a>(cookie_header: &'a str, name: &str) -> Option<&'a str> {
    let pairs = cookie_header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn the_secret_is_found_among_other_cookies_and_nothing_hostile_is_taken_for_it() {
        assert_eq!(secret_in(&headers("theme=dark; skillgate=abc_-1"), false), Some("abc_-1"));
        assert_eq!(secret_in(&headers("skillgate=abc"), true), None);
        for hostile in
            ["skillgate=", "skillgate", "skillgate=a b", "skillgate=%00", ";;;=", &format!("skillgate={}", "A".repeat(5000))]
        {
            assert_eq!(secret_in(&headers(hostile), false), None, "{hostile}");
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let set = begin(&Secret::new("abc"), Duration::hours(12), true);
        for needed in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "__Host-", "Max-Age=43200"] {
            assert!(set.contains(needed), "{set}");
        }
    }
}
