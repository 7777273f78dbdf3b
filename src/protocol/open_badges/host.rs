//! A platform's push: one credential as JSON or as a compact JWS.
//! Comes in: media type and body. Goes out: the credential's identity and the exact bytes to keep and to echo.
//! Must not know: whether it is genuine.

use super::status_info::{Status, StatusInfo};
use crate::document::{Limits, json};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

const JSON_TYPES: [&str; 4] = ["application/json", "application/vc+ld+json", "application/ld+json", "application/vc"];
const JWS_TYPES: [&str; 4] = ["text/plain", "application/jwt", "application/vc+jwt", "application/jose"];
const CREDENTIAL_TYPES: [&str; 4] = ["VerifiableCredential", "OpenBadgeCredential", "AchievementCredential", "ClrCredential"];

/// A pushed credential, before it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    pub compact_jws: bool,
    /// Lower-case hex SHA-256 over issuer id and credential id; over the bytes when it has no id.
    pub natural_key: String,
    pub valid_from: Option<DateTime<Utc>>,
    /// The body; for a JWS without surrounding white space.
    pub bytes: Vec<u8>,
}

impl Pushed {
    pub fn media_type(&self) -> &'static str {
        if self.compact_jws { "text/plain" } else { "application/json" }
    }

    pub fn file_name(&self) -> &'static str {
        if self.compact_jws { "credential.jwt" } else { "credential.json" }
    }
}

/// Why a push can't be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushError {
    pub status: Status,
    pub message: String,
}

impl PushError {
    fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub fn status_info(&self) -> StatusInfo {
        StatusInfo::new(self.status, self.message.clone())
    }
}

/// Reads the body of `POST /credentials`.
pub fn read_push(content_type: Option<&str>, body: &[u8], limits: &Limits) -> Result<Pushed, PushError> {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if body.len() > limits.max_file_bytes {
        return Err(PushError::new(Status::TooLarge, "The credential is larger than this gateway accepts."));
    }
    // Platforms send either form under either media type, and put quotation marks around a token.
    if JSON_TYPES.contains(&media_type.as_str()) || JWS_TYPES.contains(&media_type.as_str()) {
        return match json::without_bom(body).trim_ascii() {
            text if text.starts_with(b"{") => read_json(body, limits),
            [b'"', token @ .., b'"'] if token.starts_with(b"ey") => read_jws(token, limits),
            text if JWS_TYPES.contains(&media_type.as_str()) || text.starts_with(b"ey") => read_jws(text, limits),
            _ => read_json(body, limits),
        };
    }
    let message = "Send the credential as application/json, or as a compact JWS with text/plain.";
    Err(PushError::new(Status::UnsupportedMediaType, message))
}

fn read_json(body: &[u8], limits: &Limits) -> Result<Pushed, PushError> {
    let credential = json::parse(body, limits)
        .map_err(|error| PushError::new(Status::Unreadable, format!("The body is not usable JSON: {error}.")))?;
    let identity = identity(&credential, None)?;
    Ok(Pushed { compact_jws: false, natural_key: identity.key_or(body), valid_from: identity.valid_from, bytes: body.to_vec() })
}

fn read_jws(body: &[u8], limits: &Limits) -> Result<Pushed, PushError> {
    let unreadable = |message: &str| PushError::new(Status::Unreadable, message);
    let text = std::str::from_utf8(body).map_err(|_| unreadable("The body is not text."))?.trim();
    let parts: Vec<&str> = text.split('.').collect();
    let alphabet = |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let [header, payload, signature] = parts[..] else {
        return Err(unreadable("The body is not a compact JWS: it does not have three parts."));
    };
    if header.is_empty() || signature.is_empty() || !parts.iter().all(alphabet) {
        return Err(unreadable("The body is not a compact JWS: a part is empty or not base64url."));
    }
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| unreadable("The payload of the JWS is not base64url."))?;
    let claims = json::parse(&payload, limits)
        .map_err(|error| PushError::new(Status::Unreadable, format!("The payload of the JWS is not usable JSON: {error}.")))?;
    let identity = match claims.get("vc") {
        Some(credential) => identity(credential, Some(&claims))?,
        None => identity(&claims, Some(&claims))?,
    };
    let bytes = text.as_bytes().to_vec();
    Ok(Pushed { compact_jws: true, natural_key: identity.key_or(&bytes), valid_from: identity.valid_from, bytes })
}

struct Identity {
    issuer: String,
    id: Option<String>,
    valid_from: Option<DateTime<Utc>>,
}

impl Identity {
    fn key_or(&self, bytes: &[u8]) -> String {
        match &self.id {
            Some(id) => {
                let (issuer, id) = (unescaped(&self.issuer), unescaped(id));
                // The lengths keep ("ab", "c") apart from ("a", "bc").
                let joined = format!("{}:{issuer}{}:{id}", issuer.len(), id.len());
                hex::encode(Sha256::digest(joined.as_bytes()))
            }
            None => hex::encode(Sha256::digest(bytes)),
        }
    }
}

/// Percent-unescaped and trimmed, as the specification compares identifiers.
fn unescaped(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().trim().to_owned()
}

fn identity(credential: &Value, claims: Option<&Value>) -> Result<Identity, PushError> {
    let invalid = |message: &str| PushError::new(Status::InvalidData, message);
    if !credential.is_object() {
        return Err(invalid("The body is JSON, but not an object."));
    }
    if !has_credential_type(credential) {
        return Err(invalid("The JSON is not a credential: its type does not say so."));
    }
    if !credential.get("credentialSubject").is_some_and(|subject| subject.is_object() || subject.is_array()) {
        return Err(invalid("The credential says nothing about a person or thing: credentialSubject is missing."));
    }
    let claim = |name: &str| claims.and_then(|claims| claims.get(name)).and_then(Value::as_str);
    let issuer = match credential.get("issuer") {
        Some(Value::String(id)) => Some(id.as_str()),
        Some(issuer) => issuer.get("id").and_then(Value::as_str),
        None => None,
    };
    let Some(issuer) = issuer.or_else(|| claim("iss")) else {
        return Err(invalid("The credential names no issuer."));
    };
    let id = credential.get("id").and_then(Value::as_str).or_else(|| claim("jti")).filter(|id| !id.trim().is_empty());
    let date = |name: &str| credential.get(name).and_then(Value::as_str).and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let valid_from = date("validFrom").or_else(|| date("issuanceDate")).map(|moment| moment.with_timezone(&Utc)).or_else(|| {
        let seconds = claims.and_then(|claims| claims.get("nbf")).and_then(|nbf| nbf.to_string().parse::<i64>().ok())?;
        DateTime::from_timestamp(seconds, 0)
    });
    Ok(Identity { issuer: issuer.to_owned(), id: id.map(str::to_owned), valid_from })
}

fn has_credential_type(credential: &Value) -> bool {
    let is_one = |value: &Value| value.as_str().is_some_and(|name| CREDENTIAL_TYPES.contains(&name));
    match credential.get("type") {
        Some(Value::Array(types)) => types.iter().any(is_one),
        Some(single) => is_one(single),
        None => false,
    }
}

/// What to do with a push of a credential that is already here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upsert {
    /// The same credential, or an earlier edition of it: 304.
    NotModified,
    /// Verify it, and let it take the other's place.
    Replace,
}

/// The rule for the same issuer and id: only an earlier edition leaves the stored one as it is. Other content of the same date is a
/// correction, which is verified and taken, or refused with its reason. A stored one that was rejected gives way to any other bytes, so
/// that a push that was damaged on its way can be repeated.
pub fn decide(pushed: &Pushed, stored_bytes: &[u8], stored_valid_from: Option<DateTime<Utc>>, stored_rejected: bool) -> Upsert {
    if pushed.bytes == stored_bytes || (!stored_rejected && is_same_json(&pushed.bytes, stored_bytes)) {
        return Upsert::NotModified;
    }
    let is_earlier = matches!((pushed.valid_from, stored_valid_from), (Some(new), Some(old)) if new < old);
    if is_earlier && !stored_rejected { Upsert::NotModified } else { Upsert::Replace }
}

/// Whether only the spelling differs: white space, the order of members.
fn is_same_json(pushed: &[u8], stored: &[u8]) -> bool {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    read(pushed).is_some_and(|json| Some(json) == read(stored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn badge(id: &str) -> Value {
        json!({"type": ["VerifiableCredential", "OpenBadgeCredential"], "id": id, "issuer": {"id": "https://issuer.example/a%20b"},
               "validFrom": "2024-05-01T00:00:00Z", "credentialSubject": {}})
    }

    fn read(content_type: &str, body: &[u8]) -> Result<Pushed, PushError> {
        read_push(Some(content_type), body, &Limits::default())
    }

    fn jws(payload: &Value) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(&payload.to_string()))
    }

    #[test]
    fn every_json_and_jws_media_type_is_taken_and_others_are_not() {
        let body = badge("urn:1").to_string();
        for media_type in JSON_TYPES {
            assert!(!read(&format!("{media_type}; charset=utf-8"), body.as_bytes()).unwrap().compact_jws);
        }
        for media_type in JWS_TYPES {
            assert!(read(media_type, jws(&badge("urn:1")).as_bytes()).unwrap().compact_jws);
        }
        assert_eq!(read("image/png", body.as_bytes()).unwrap_err().status, Status::UnsupportedMediaType);
        assert_eq!(read_push(None, body.as_bytes(), &Limits::default()).unwrap_err().status.http(), 415);
    }

    #[test]
    fn a_byte_order_mark_quotation_marks_and_the_other_media_type_do_no_harm() {
        let token = jws(&badge("urn:1"));
        for (media_type, body) in [
            ("application/json", format!("\"{token}\"\n")),
            ("text/plain", format!("\u{FEFF}\"{token}\"")),
            ("application/json", token.clone()),
        ] {
            let pushed = read(media_type, body.as_bytes()).unwrap();
            assert!(pushed.compact_jws && pushed.bytes == token.as_bytes(), "{body}");
        }
        let body = format!("\u{FEFF}{}\n", badge("urn:1"));
        let pushed = read("text/plain", body.as_bytes()).unwrap();
        assert!(!pushed.compact_jws && pushed.bytes == body.as_bytes());
    }

    #[test]
    fn the_same_issuer_and_id_make_the_same_key_whatever_the_escaping_and_the_form() {
        let mut other = badge(" urn:1 ");
        other["issuer"] = json!("https://issuer.example/a b");
        let first = read("application/json", badge("urn:1").to_string().as_bytes()).unwrap();
        let second = read("text/plain", format!(" {}\n", jws(&other)).as_bytes()).unwrap();
        assert_eq!(first.natural_key, second.natural_key);
        assert_ne!(first.natural_key, read("application/json", badge("urn:2").to_string().as_bytes()).unwrap().natural_key);
        assert_eq!(second.bytes, jws(&other).into_bytes(), "white space around a JWS is no part of it");
    }

    #[test]
    fn broken_json_is_400_and_json_that_is_no_credential_is_422() {
        assert_eq!(read("application/json", b"{\"a\":").unwrap_err().status.http(), 400);
        assert_eq!(read("text/plain", b"not.a jws.x").unwrap_err().status.http(), 400);
        for body in [&b"{\"a\":1}"[..], b"[]", b"\"x\"", br#"{"type":"VerifiableCredential"}"#] {
            assert_eq!(read("application/json", body).unwrap_err().status.http(), 422, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_jwt_with_a_vc_claim_takes_what_is_missing_from_the_registered_claims() {
        let claims = json!({"iss": "did:key:z1", "jti": "urn:9", "nbf": 1714521600,
                            "vc": {"type": ["VerifiableCredential"], "credentialSubject": {}}});
        let pushed = read("application/vc+jwt", jws(&claims).as_bytes()).unwrap();
        assert_eq!(pushed.valid_from.unwrap().to_rfc3339(), "2024-05-01T00:00:00+00:00");
    }

    #[test]
    fn a_correction_of_the_same_date_is_taken_an_earlier_edition_is_not_and_a_rejected_one_gives_way() {
        let pushed = read("application/json", badge("urn:1").to_string().as_bytes()).unwrap();
        let at = |text: &str| Some(DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc));
        assert_eq!(decide(&pushed, &pushed.bytes.clone(), None, true), Upsert::NotModified);
        assert_eq!(decide(&pushed, b"other", at("2024-04-01T00:00:00Z"), false), Upsert::Replace);
        assert_eq!(decide(&pushed, b"other", at("2024-05-01T00:00:00Z"), false), Upsert::Replace, "a correction");
        assert_eq!(decide(&pushed, b"other", at("2024-06-01T00:00:00Z"), false), Upsert::NotModified, "an earlier edition");
        let respelled = format!(" {} ", badge("urn:1"));
        assert_eq!(
            decide(&pushed, respelled.as_bytes(), at("2024-05-01T00:00:00Z"), false),
            Upsert::NotModified,
            "only its spelling"
        );
        assert_eq!(decide(&pushed, b"other", at("2024-06-01T00:00:00Z"), true), Upsert::Replace);
        assert_eq!(decide(&pushed, b"other", None, false), Upsert::Replace);
    }
}
