//! Signs assertions that prove a client to its token endpoint (RFC 7523).
//! Comes in: claims and a private key in PEM (PKCS #8). Goes out: a compact JWS. Pure: the manifest gives the times.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer};
use serde_json::{Value, json};
use sha2::Sha256;

/// `algorithm`: RS256 or ES256. `key_id` goes into the header unless it is empty.
///
/// # Errors
/// A sentence about the key or the algorithm; it never quotes the key.
pub fn sign(claims: &Value, key: &str, algorithm: &str, key_id: &str) -> Result<String, &'static str> {
    let mut header = json!({"alg": algorithm, "typ": "JWT"});
    if !key_id.is_empty() {
        header["kid"] = json!(key_id);
    }
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = match algorithm {
        "RS256" => {
            let key = <rsa::RsaPrivateKey as rsa::pkcs8::DecodePrivateKey>::from_pkcs8_pem(key)
                .map_err(|_| "the key is no RSA key in PEM (PKCS #8)")?;
            let key = rsa::pkcs1v15::SigningKey::<Sha256>::new(key);
            key.try_sign(signed.as_bytes()).map_err(|_| "the key can't sign")?.to_vec()
        }
        "ES256" => {
            let key = p256::ecdsa::SigningKey::from_pkcs8_pem(key).map_err(|_| "the key is no P-256 key in PEM (PKCS #8)")?;
            let signature: p256::ecdsa::Signature = key.try_sign(signed.as_bytes()).map_err(|_| "the key can't sign")?;
            signature.to_bytes().to_vec()
        }
        _ => return Err("the algorithm must be RS256 or ES256"),
    };
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::Verifier;
    use p256::pkcs8::{EncodePrivateKey, LineEnding};

    #[test]
    fn an_assertion_is_signed_over_its_header_and_claims() {
        let key = p256::ecdsa::SigningKey::random(&mut rand::thread_rng());
        let pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
        let token = sign(&json!({"iss": "client-1", "exp": 1_800_000_000}), &pem, "ES256", "k1").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = p256::ecdsa::Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        key.verifying_key().verify(signed.as_bytes(), &signature).unwrap();
        let decoded = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(decoded(header), json!({"alg": "ES256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(decoded(claims)["iss"], "client-1");
    }

    #[test]
    fn a_wrong_key_or_algorithm_is_told_without_the_key() {
        for (key, algorithm) in [("no key", "RS256"), ("no key", "ES256"), ("no key", "none"), ("", "HS256")] {
            let error = sign(&json!({}), key, algorithm, "").unwrap_err();
            assert!(!error.contains("no key"), "{error}");
        }
    }
}
