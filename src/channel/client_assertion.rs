//! An employer's system that signs its token requests with a key of its own (`private_key_jwt`, RFC 7523 §2.2).
//! Comes in: the signed assertion. Goes out: the API key whose public keys verify it, once for each assertion.
//! Must not know: HTTP, the later use of the token.

use super::tokens::TokenFailure;
use super::{Channels, secrets};
use crate::model::tenant::ApiKey;
use crate::protocol::open_badges::oauth_token::OAuthError;
use crate::verify::checks::validity::parse_seconds;
use crate::verify::keys::PublicKey;
use crate::verify::securing::jose::Envelope;
use crate::verify::securing::proof::signature;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value};

const MAX_ASSERTION: usize = 8 << 10;
const MAX_TEXT: usize = 255;
/// How far the clocks of two systems may differ.
const SKEW: Duration = Duration::seconds(60);
/// An assertion that is good for longer is refused: it would be worth stealing.
const LONGEST: Duration = Duration::minutes(10);

impl Channels {
    /// The system that made the assertion. The same assertion is refused a second time.
    ///
    /// # Errors
    /// The assertion proves nobody, with a sentence on what is wrong; or the store is away.
    pub async fn system_by_assertion(&self, named: Option<&str>, assertion: &str) -> Result<ApiKey, TokenFailure> {
        let refuse = |text: &str| TokenFailure::OAuth(OAuthError::new("invalid_client", text));
        if assertion.len() > MAX_ASSERTION {
            return Err(refuse("client_assertion is too long"));
        }
        let token = Envelope::parse(assertion).map_err(|problem| refuse(&format!("client_assertion is unusable: {problem}")))?;
        let claims = token.payload();
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let Some(id) = text("sub").filter(|id| text("iss") == Some(*id) && id.len() <= MAX_TEXT) else {
            return Err(refuse("iss and sub of client_assertion must both be the client's id"));
        };
        if named.is_some_and(|named| named != id) {
            return Err(refuse("client_id is not the client that client_assertion names"));
        }
        let known = self.store().system(id, self.clock().now()).await?;
        let (key, jwks) = known.ok_or_else(|| refuse("the client is unknown or revoked, or has no public key here"))?;
        if !is_signed_by_one(&token, &jwks) {
            return Err(refuse("client_assertion is not signed with a key of this client"));
        }
        let now = self.clock().now();
        let names = [self.public_url.clone(), format!("{}/oauth/token", self.public_url)];
        let expires_at = check_claims(claims, &names, now).map_err(|text| refuse(&text))?;
        let unique = secrets::hash(&format!("{id} {}", text("jti").unwrap_or_default()));
        match self.store().use_assertion(&unique, expires_at + SKEW).await? {
            true => Ok(key),
            false => Err(refuse("client_assertion was used before; make a new one for each request")),
        }
    }
}

fn is_signed_by_one(token: &Envelope, jwks: &Value) -> bool {
    let keys = jwks.get("keys").and_then(Value::as_array).into_iter().flatten();
    let named = |key: &&Value| match (token.key_id(), key.get("kid").and_then(Value::as_str)) {
        (Some(wanted), Some(kid)) => wanted == kid,
        _ => true,
    };
    keys.filter(named)
        .filter_map(|key| PublicKey::from_jwk(key).ok())
        .any(|key| signature::jose(token.algorithm(), &key, token.signing_input(), token.signature()).is_ok())
}

/// When the assertion ends, if it is meant for us and good now (RFC 7523 §3). `names`: what it may call this server.
fn check_claims(claims: &Map<String, Value>, names: &[String], now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let audiences = match claims.get("aud") {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(single)) => vec![single.as_str()],
        _ => Vec::new(),
    };
    if !audiences.iter().any(|audience| names.iter().any(|name| name == audience)) {
        return Err(format!("aud of client_assertion must be {}", names.join(" or ")));
    }
    if !claims.get("jti").and_then(Value::as_str).is_some_and(|jti| (1..=MAX_TEXT).contains(&jti.len())) {
        return Err("client_assertion needs a jti of its own".to_owned());
    }
    let moment =
        |name: &str| claims.get(name).map(|value| parse_seconds(value).ok_or(format!("{name} of client_assertion is no time")));
    let expires_at = moment("exp").ok_or("exp of client_assertion is missing")??;
    if expires_at + SKEW <= now {
        return Err("client_assertion has expired".to_owned());
    }
    if expires_at > now + LONGEST + SKEW {
        return Err(format!("client_assertion may be good for {} minutes at most", LONGEST.num_minutes()));
    }
    for name in ["nbf", "iat"] {
        if moment(name).transpose()?.is_some_and(|start| start > now + SKEW) {
            return Err(format!("{name} of client_assertion lies in the future; check the system's clock"));
        }
    }
    Ok(expires_at)
}

/// Whether every key of the set can verify signatures, and none is private. The error is a plain sentence.
pub fn check_jwks(jwks: &Value) -> Result<(), String> {
    let keys = jwks.get("keys").and_then(Value::as_array).filter(|keys| (1..=5).contains(&keys.len()));
    let keys = keys.ok_or("must be a JSON Web Key Set with one to five keys")?;
    keys.iter().try_for_each(|key| match PublicKey::from_jwk(key) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("holds a key that can't be used: {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_assertion_is_for_this_server_and_good_for_a_short_time() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let names = ["https://gw.example".to_owned(), "https://gw.example/oauth/token".to_owned()];
        let good =
            json!({"aud": "https://gw.example/oauth/token", "jti": "1", "exp": now.timestamp() + 300, "iat": now.timestamp()});
        let check = |claims: &Value| check_claims(claims.as_object().unwrap(), &names, now).map(drop);
        assert_eq!(check(&good), Ok(()));
        for (name, value, said) in [
            ("aud", json!("https://other.example/oauth/token"), "aud"),
            ("aud", Value::Null, "aud"),
            ("jti", json!(""), "jti"),
            ("exp", json!(now.timestamp() - 61), "expired"),
            ("exp", json!(now.timestamp() + 3_600), "10 minutes"),
            ("exp", json!("soon"), "no time"),
            ("iat", json!(now.timestamp() + 120), "future"),
            ("nbf", json!(now.timestamp() + 120), "future"),
        ] {
            let mut claims = good.clone();
            claims[name] = value;
            assert!(check(&claims).unwrap_err().contains(said), "{claims}");
        }
        let mut endless = good.clone();
        endless.as_object_mut().unwrap().remove("exp");
        assert!(check(&endless).unwrap_err().contains("missing"));
        let mut listed = good;
        listed["aud"] = json!(["https://gw.example"]);
        assert_eq!(check(&listed), Ok(()));
    }

    #[test]
    fn only_public_keys_are_taken() {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        assert_eq!(check_jwks(&json!({"keys": [key]})), Ok(()));
        let mut private = key;
        private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        for bad in [json!({"keys": [private]}), json!({"keys": []}), json!({}), json!([]), json!({"keys": [{}]})] {
            assert!(check_jwks(&bad).is_err(), "{bad}");
        }
    }
}
