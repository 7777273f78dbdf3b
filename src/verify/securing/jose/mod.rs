//! Documents inside a signature: VC-JWT of both data models and COSE (Securing VCs using JOSE and COSE), credentials and presentations.
//! Comes in: a compact JWS or a COSE message. Goes out: its well-formed parts, and the verdict on its signature and key.
//! Must not know: status, trust, people.

pub mod claims;
pub mod cose;
pub mod key;

use crate::document::Limits;
use crate::document::json::{self, JsonError};
use crate::model::code::Code;
use crate::model::credential::Token;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use std::sync::{Arc, LazyLock};

/// Longest token that is read.
const MAX_TOKEN: usize = 10 << 20;
/// Deepest header: a `jwk` inside the header.
const HEADER_LIMITS: Limits = Limits { max_json_depth: 8, max_json_values: 500, ..LIMITS };
const LIMITS: Limits = Limits::STANDARD;

/// The reason why a token can't be read: a stable code and one plain clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Malformed {
    pub code: Code,
    pub detail: String,
}

impl Malformed {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<JsonError> for Malformed {
    fn from(error: JsonError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// A parsed token or message; nothing in it is verified yet.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The signed header, with the names that JOSE uses.
    pub header: Map<String, Value>,
    payload: Arc<Value>,
    signing_input: Vec<u8>,
    signature: Vec<u8>,
}

impl Envelope {
    /// Parses a compact serialisation (RFC 7515 §7.1).
    pub fn parse(token: &str) -> Result<Self, Malformed> {
        Self::read(token, None)
    }

    /// As [`Envelope::parse`], without reading the payload a second time.
    pub fn of(token: &Token) -> Result<Self, Malformed> {
        Self::read(&token.text, token.claims.as_ref())
    }

    fn read(token: &str, claims: Option<&Arc<Value>>) -> Result<Self, Malformed> {
        let token = token.trim();
        if token.len() > MAX_TOKEN {
            return Err(Malformed::new(Code::TooLarge, "the token is too large"));
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(Malformed::new(Code::InvalidJwt, "the token does not have three parts"));
        };
        let decode = |part: &str, name: &str| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| Malformed::new(Code::InvalidJwt, format!("the token's {name} is not base64url")))
        };
        let header = object(&decode(header, "header")?, &HEADER_LIMITS, "header")?;
        let payload = decode(payload, "payload")?;
        let payload = match claims.filter(|claims| claims.is_object()) {
            Some(claims) => claims.clone(),
            None => Arc::new(Value::Object(object(&payload, &LIMITS, "payload")?)),
        };
        let signature = decode(signature, "signature")?;
        check_header(&header)?;
        let signing_input = token.rsplit_once('.').map(|(input, _)| input.as_bytes().to_vec()).unwrap_or_default();
        Ok(Self { header, payload, signing_input, signature })
    }

    /// The claims.
    pub fn payload(&self) -> &Map<String, Value> {
        static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        self.payload.as_object().unwrap_or(&NOTHING)
    }

    pub fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// The bytes that the signature covers.
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    pub fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// `typ` without `application/`, in lower case.
    pub fn media_type(&self) -> Option<String> {
        media_type(self.header.get("typ")?.as_str()?)
    }

    /// Refuses a `typ` or `cty` of something else.
    pub fn require_type(&self, types: &[&str], contents: &[&str]) -> Result<(), Malformed> {
        for (member, known) in [("typ", types), ("cty", contents)] {
            let Some(value) = self.header.get(member).and_then(Value::as_str).and_then(media_type) else { continue };
            if !known.contains(&value.as_str()) {
                return Err(Malformed::new(
                    Code::WrongMediaType,
                    format!("the token's header says that it is {value}, which is not a credential"),
                ));
            }
        }
        Ok(())
    }
}

fn media_type(value: &str) -> Option<String> {
    let value = value.to_ascii_lowercase();
    Some(value.strip_prefix("application/").unwrap_or(&value).to_owned())
}

fn object(bytes: &[u8], limits: &Limits, name: &str) -> Result<Map<String, Value>, Malformed> {
    match json::parse(bytes, limits)? {
        Value::Object(members) => Ok(members),
        _ => Err(Malformed::new(Code::InvalidJwt, format!("the token's {name} is not a JSON object"))),
    }
}

/// Checks every header: known types, and no unknown critical extension (RFC 7515 §4.1.11).
fn check_header(header: &Map<String, Value>) -> Result<(), Malformed> {
    let text = |name: &str| match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Malformed::new(Code::InvalidJwtHeader, format!("\"{name}\" in the token's header is not text"))),
    };
    for name in ["kid", "typ", "cty"] {
        text(name)?;
    }
    match text("alg")? {
        None => return Err(Malformed::new(Code::InvalidJwtHeader, "the token's header names no algorithm")),
        Some(algorithm) if algorithm.eq_ignore_ascii_case("none") => {
            return Err(Malformed::new(Code::Unsigned, "the token says that it is not signed"));
        }
        Some(_) => {}
    }
    if header.contains_key("crit") {
        return Err(Malformed::new(
            Code::UnknownCriticalHeader,
            "the token's header requires an extension that the gateway does not know",
        ));
    }
    if header.contains_key("b64") {
        return Err(Malformed::new(
            Code::UnknownCriticalHeader,
            "the token's payload is not encoded in the way that credentials require",
        ));
    }
    if header.get("jwk").is_some_and(|jwk| !jwk.is_object()) {
        return Err(Malformed::new(Code::InvalidJwtHeader, "\"jwk\" in the token's header is not an object"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(header: &Value, payload: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", encode(&header.to_string()), encode(payload), encode("signature"))
    }

    fn code(token: &str) -> Code {
        Envelope::parse(token).map(|_| Code::Ok).unwrap_or_else(|problem| problem.code)
    }

    #[test]
    fn a_token_is_taken_apart() {
        let jws = Envelope::parse(&token(&json!({"alg": "ES256", "kid": "#k", "typ": "application/VC+JWT"}), "{}")).unwrap();
        assert_eq!((jws.algorithm(), jws.key_id(), jws.media_type().as_deref()), ("ES256", Some("#k"), Some("vc+jwt")));
    }

    #[test]
    fn headers_that_break_the_rules_are_refused() {
        let cases = [
            (json!({}), Code::InvalidJwtHeader),
            (json!({"alg": "none"}), Code::Unsigned),
            (json!({"alg": "NoNe"}), Code::Unsigned),
            (json!({"alg": 5}), Code::InvalidJwtHeader),
            (json!({"alg": "ES256", "kid": 5}), Code::InvalidJwtHeader),
            (json!({"alg": "ES256", "jwk": "x"}), Code::InvalidJwtHeader),
            (json!({"alg": "ES256", "crit": ["exp"], "exp": 1}), Code::UnknownCriticalHeader),
            (json!({"alg": "ES256", "crit": 5}), Code::UnknownCriticalHeader),
            (json!({"alg": "ES256", "b64": false}), Code::UnknownCriticalHeader),
        ];
        for (header, expected) in cases {
            assert_eq!(code(&token(&header, "{}")), expected, "{header}");
        }
    }

    #[test]
    fn broken_tokens_are_refused() {
        for text in [
            "",
            "a.b",
            "a.b.c.d",
            "!.e30.x",
            &token(&json!({"alg": "ES256"}), "[]"),
            &token(&json!({"alg": "ES256"}), "{\"a\":1,\"a\":2}"),
        ] {
            assert_ne!(code(text), Code::Ok, "{text}");
        }
    }

    #[test]
    fn a_token_of_another_type_is_refused() {
        let jws = Envelope::parse(&token(&json!({"alg": "ES256", "typ": "at+jwt"}), "{}")).unwrap();
        assert_eq!(jws.require_type(&["jwt", "vc+jwt"], &["vc"]).unwrap_err().code, Code::WrongMediaType);
        let untyped = Envelope::parse(&token(&json!({"alg": "ES256"}), "{}")).unwrap();
        assert!(untyped.require_type(&["jwt"], &["vc"]).is_ok());
    }
}
