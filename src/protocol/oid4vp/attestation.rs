//! A verifier attestation (OpenID4VP 1.0 §12): a third party that wallets trust says, in a JWT, who the verifier is and which key signs
//! its requests. Comes in: the JWT as the third party gave it, and the gateway's key. Goes out: what a request object carries.
//! Must not know: the third party's key. Wallets check its signature; the gateway has no trust in it to lose.

use super::encrypted::public_key;
use super::signing::SignerError;
use crate::document::token;
use chrono::{DateTime, Utc};
use serde_json::Value;

const TYPE: &str = "verifier-attestation+jwt";
const MAX_CHARS: usize = 16_000;

/// An attestation that fits the gateway's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    pub jwt: String,
    /// The verifier's name, the client id behind the prefix `verifier_attestation:`.
    pub subject: String,
    pub expires: DateTime<Utc>,
}

impl Attestation {
    pub fn read(text: &str, key: &p256::PublicKey) -> Result<Self, SignerError> {
        let wrong = |cause: &str| SignerError::Attestation(cause.to_owned());
        let jwt = text.trim();
        let parts: Vec<&str> = jwt.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else { return Err(wrong("it is not a signed JWT")) };
        if jwt.len() > MAX_CHARS || signature.is_empty() {
            return Err(wrong("it is not a signed JWT"));
        }
        let part = |part: &str| token::decode(part).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let (header, claims) = part(header).zip(part(claims)).ok_or_else(|| wrong("it is not a signed JWT"))?;
        if header["typ"] != TYPE {
            return Err(wrong("its typ is not verifier-attestation+jwt"));
        }
        let subject =
            claims["sub"].as_str().filter(|subject| !subject.is_empty() && subject.bytes().all(|byte| byte.is_ascii_graphic()));
        let subject = subject.ok_or_else(|| wrong("it has no usable sub"))?;
        if claims["iss"].as_str().is_none_or(str::is_empty) {
            return Err(wrong("it has no iss"));
        }
        let expires = claims["exp"].as_i64().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let expires = expires.ok_or_else(|| wrong("it has no exp"))?;
        if public_key(&claims["cnf"]["jwk"]).as_ref() != Some(key) {
            return Err(SignerError::OtherKey);
        }
        if claims.get("redirect_uris").is_some() {
            return Err(wrong("it lists redirect_uris, and each request has a response address of its own"));
        }
        Ok(Self { jwt: jwt.to_owned(), subject: subject.to_owned(), expires })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    pub(crate) fn jwk(key: &p256::PublicKey) -> Value {
        serde_json::from_str(&key.to_jwk_string()).unwrap()
    }

    pub(crate) fn attestation(header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmVkIGJ5IGEgdGhpcmQgcGFydHk", encode(header), encode(claims))
    }

    pub(crate) fn claims(key: &p256::PublicKey) -> Value {
        json!({"iss": "https://attester.example", "sub": "gw.example.org", "exp": 1_900_000_000, "cnf": {"jwk": jwk(key)}})
    }

    #[test]
    fn an_attestation_names_the_verifier_and_the_key_that_signs() {
        let key = p256::SecretKey::random(&mut rand::rngs::OsRng).public_key();
        let read = |header: Value, claims: &Value| Attestation::read(&attestation(&header, claims), &key);
        let good = claims(&key);
        let read_good = read(json!({"alg": "ES256", "typ": TYPE}), &good).unwrap();
        assert_eq!((read_good.subject.as_str(), read_good.expires.timestamp()), ("gw.example.org", 1_900_000_000));
        assert!(read(json!({"alg": "ES256", "typ": "JWT"}), &good).is_err());
        let other = p256::SecretKey::random(&mut rand::rngs::OsRng).public_key();
        for (name, value, told) in [
            ("sub", json!(""), "sub"),
            ("sub", json!(null), "sub"),
            ("iss", json!(null), "iss"),
            ("exp", json!("soon"), "exp"),
            ("cnf", json!({}), "key"),
            ("cnf", json!({"jwk": jwk(&other)}), "key"),
            ("redirect_uris", json!(["https://gw.example.org/cb"]), "redirect_uris"),
        ] {
            let mut changed = good.clone();
            changed[name] = value;
            let error = read(json!({"typ": TYPE}), &changed).unwrap_err().to_string();
            assert!(error.contains(told), "{name}: {error}");
        }
        for text in [
            "",
            "a.b",
            "a.b.c",
            "a.b.c.d",
            &format!("{}.", attestation(&json!({"typ": TYPE}), &good).rsplit_once('.').unwrap().0),
        ] {
            assert!(Attestation::read(text, &key).is_err(), "{text:.20}");
        }
    }
}
