//! The session cookie of the pages: the API key's hash and an end, sealed under the installation's key.
//! Comes in: an API key that was found, or a Cookie header. Goes out: a Set-Cookie value, or the hash to look up again.
//! A revoked key ends its sessions at once, because every request looks the key up; a session that a person ended is noted by its id, so
//! that no copy of the cookie outlives it.

use crate::seal::Sealer;
use actix_web::http::header::{COOKIE, HeaderMap};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

const CONTEXT: &str = "session";
const HOURS: i64 = 12;
/// Cookies longer than this are not ours.
const MAX_COOKIE_BYTES: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: String,
    pub key_hash: String,
    pub ends_at: DateTime<Utc>,
}

/// The cookie's name: with TLS it is bound to this host and to https.
fn name(secure: bool) -> &'static str {
    if secure { "__Host-skillgate" } else { "skillgate" }
}

/// A Set-Cookie value that begins a session; `None` when the session could not be sealed.
pub fn begin(sealer: &Sealer, key_hash: &str, now: DateTime<Utc>, secure: bool) -> Option<String> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let session = Session { id, key_hash: key_hash.to_owned(), ends_at: now + Duration::hours(HOURS) };
    let plain = serde_json::to_vec(&session).ok()?;
    let sealed = URL_SAFE_NO_PAD.encode(sealer.seal(CONTEXT, &plain).ok()?);
    Some(set_cookie(&sealed, HOURS * 3600, secure))
}

/// A Set-Cookie value that ends the session.
pub fn end(secure: bool) -> String {
    set_cookie("", 0, secure)
}

fn set_cookie(value: &str, max_age_seconds: i64, secure: bool) -> String {
    let secure_attribute = if secure { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure_attribute}", name(secure))
}

/// The session in the Cookie headers, when there is one that is ours and whose time is not over.
pub fn of_request(sealer: &Sealer, headers: &HeaderMap, now: DateTime<Utc>, secure: bool) -> Option<Session> {
    let headers = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    headers.into_iter().find_map(|header| read(sealer, header, now, secure))
}

/// The value of a cookie in a Cookie header.
pub fn cookie<'a>(cookie_header: &'a str, name: &str) -> Option<&'a str> {
    let pairs = cookie_header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

fn read(sealer: &Sealer, cookie_header: &str, now: DateTime<Utc>, secure: bool) -> Option<Session> {
    let value = cookie(cookie_header, name(secure))?;
    if value.len() > MAX_COOKIE_BYTES {
        return None;
    }
    let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
    let session: Session = serde_json::from_slice(&sealer.open(CONTEXT, &sealed).ok()?).ok()?;
    (session.ends_at > now).then_some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> DateTime<Utc> {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    fn cookie_of(set_cookie: &str) -> String {
        set_cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_session_is_read_back_until_it_ends() {
        let sealer = Sealer::new(&[1; 32]);
        let cookie = cookie_of(&begin(&sealer, "abc", moment(), false).unwrap());
        let header = format!("theme=dark; {cookie}");
        assert_eq!(read(&sealer, &header, moment(), false).map(|session| session.key_hash).as_deref(), Some("abc"));
        assert_eq!(read(&sealer, &header, moment() + Duration::hours(HOURS), false), None);
    }

    #[test]
    fn a_cookie_that_another_installation_made_or_that_was_changed_is_nobody() {
        let sealer = Sealer::new(&[1; 32]);
        let cookie = cookie_of(&begin(&Sealer::new(&[2; 32]), "abc", moment(), false).unwrap());
        assert_eq!(read(&sealer, &cookie, moment(), false), None);
        for hostile in ["skillgate=", "skillgate=AAAA", "skillgate", "", ";;;=", &format!("skillgate={}", "A".repeat(5000))] {
            assert_eq!(read(&sealer, hostile, moment(), false), None);
        }
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let set = begin(&Sealer::new(&[1; 32]), "abc", moment(), true).unwrap();
        for needed in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "__Host-"] {
            assert!(set.contains(needed), "{set}");
        }
    }
}
