//! A compact JWS that is checked against a known key: signed badges, status tokens, federation statements, receipts.
//! Comes in: the token. Goes out: its header and payload, and whether a given key signed it.
//! Must not know: the key's owner, credentials.

use super::proof::signature;
use crate::document::{Limits, json};
use crate::verify::keys::PublicKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

const MAX_TOKEN_BYTES: usize = 10 << 20;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    #[error("the token is not a compact JWS")]
    Malformed,
    #[error("the token requires an extension that the gateway does not know")]
    UnknownCritical,
    #[error("the token is not signed")]
    Unsigned,
    #[error("the signature does not match")]
    Mismatch,
}

/// A parsed token; nothing in it may be used before [`CompactJws::verify`].
#[derive(Clone, Debug)]
pub struct CompactJws {
    pub header: Value,
    pub payload: Vec<u8>,
    signing_input: String,
    signature: Vec<u8>,
}

impl CompactJws {
    pub fn parse(token: &str) -> Result<Self, JwsError> {
        let token = token.trim();
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwsError::Malformed);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| JwsError::Malformed);
        let header = json::parse(&decode(header)?, &Limits::default()).map_err(|_| JwsError::Malformed)?;
        let payload = decode(payload)?;
        if !header.is_object() {
            return Err(JwsError::Malformed);
        }
        if header.get("crit").is_some() || header.get("b64").is_some() {
            return Err(JwsError::UnknownCritical);
        }
        Ok(Self { header, payload, signing_input: signing_input.to_owned(), signature: decode(signature)? })
    }

    pub fn algorithm(&self) -> &str {
        self.header["alg"].as_str().unwrap_or_default()
    }

    /// The payload as strict JSON.
    pub fn json(&self) -> Result<Value, JwsError> {
        json::parse(&self.payload, &Limits::default()).map_err(|_| JwsError::Malformed)
    }

    /// The algorithm must fit the key's kind (RFC 8725 §3.1).
    pub fn verify(&self, key: &PublicKey) -> Result<(), JwsError> {
        if self.algorithm().is_empty() || self.algorithm().eq_ignore_ascii_case("none") {
            return Err(JwsError::Unsigned);
        }
        signature::jose(self.algorithm(), key, self.signing_input.as_bytes(), &self.signature).map_err(|_| JwsError::Mismatch)
    }

    /// Verifies with a key of a JSON Web Key Set: the key that the token's `kid` names or, without a `kid`, any key that matches.
    pub fn verify_with_set(&self, keys: &Value) -> Result<(), JwsError> {
        let wanted = self.header["kid"].as_str();
        let candidates = keys["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fits = |jwk: &&Value| wanted.is_none() || jwk["kid"].as_str() == wanted;
        for jwk in candidates.iter().filter(fits).take(20) {
            if let Ok(key) = PublicKey::from_jwk(jwk)
                && self.verify(&key).is_ok()
            {
                return Ok(());
            }
        }
        Err(JwsError::Mismatch)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    /// A compact JWS over `payload` with an Ed25519 key, for tests.
    pub(crate) fn sign(header: &Value, payload: &Value, key: &SigningKey) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).to_bytes());
        format!("{input}.{signature}")
    }

    pub(crate) fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    pub(crate) fn public(key: &SigningKey) -> PublicKey {
        PublicKey::Ed25519(Box::new(key.verifying_key()))
    }

    pub(crate) fn jwk(key: &SigningKey, kid: &str) -> Value {
        let x = URL_SAFE_NO_PAD.encode(key.verifying_key().to_bytes());
        serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid })
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{jwk, key, public, sign};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_verifies_with_its_key_only() {
        let token = sign(&json!({ "alg": "EdDSA" }), &json!({ "a": 1 }), &key(1));
        let jws = CompactJws::parse(&token).unwrap();
        assert_eq!(jws.verify(&public(&key(1))), Ok(()));
        assert_eq!(jws.verify(&public(&key(2))), Err(JwsError::Mismatch));
        let set = json!({ "keys": [jwk(&key(2), "b"), jwk(&key(1), "a")] });
        assert_eq!(jws.verify_with_set(&set), Ok(()));
    }

    #[test]
    fn unsigned_broken_and_critical_tokens_are_refused() {
        let unsigned = format!("{}.e30.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
        assert_eq!(CompactJws::parse(&unsigned).unwrap().verify(&public(&key(1))), Err(JwsError::Unsigned));
        assert!(matches!(CompactJws::parse("a.b"), Err(JwsError::Malformed)));
        let critical = sign(&json!({ "alg": "EdDSA", "crit": ["b64"] }), &json!({}), &key(1));
        assert!(matches!(CompactJws::parse(&critical), Err(JwsError::UnknownCritical)));
    }
}
