//! Encrypted answers (`direct_post.jwt`, OpenID4VP 1.0 §8.3): the key of an exchange, and the answer that a wallet encrypted to it.
//! Comes in: a compact JWE. Goes out: the JSON inside. One way only, as the high-assurance profile (HAIP 1.0) prescribes: ECDH-ES on
//! P-256, AES-GCM. Must not know: what the answer says, where the key is kept.

use crate::document::Limits;
use crate::document::json;
use crate::model::secret::Secret;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use p256::{EncodedPoint, ProjectivePoint, PublicKey, SecretKey};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The content encryptions, as the metadata names them.
pub const ENCRYPTIONS: [&str; 2] = ["A128GCM", "A256GCM"];
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const HEADER_LIMITS: Limits = Limits { max_json_depth: 4, max_json_values: 50, ..Limits::STANDARD };

/// The private key of one exchange. It is used for nothing else.
#[derive(Clone)]
pub struct ResponseKey(SecretKey);

impl ResponseKey {
    pub fn generate() -> Self {
        Self(SecretKey::random(&mut rand::rngs::OsRng))
    }

    /// `None`: the text is no key.
    pub fn from_secret(secret: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret.expose()).ok()?);
        SecretKey::from_slice(&bytes).ok().map(Self)
    }

    /// The key as it is kept, in base64url.
    pub fn to_secret(&self) -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(self.0.to_bytes())))
    }

    /// The public key for `client_metadata.jwks`.
    pub fn public_jwk(&self) -> Value {
        let point = self.0.public_key().to_encoded_point(false);
        let encode = |part: Option<&p256::FieldBytes>| part.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        json!({"kty": "EC", "crv": "P-256", "use": "enc", "alg": "ECDH-ES", "kid": self.id(),
            "x": encode(point.x()), "y": encode(point.y())})
    }

    fn id(&self) -> String {
        let point = self.0.public_key().to_encoded_point(true);
        URL_SAFE_NO_PAD.encode(&Sha256::digest(point.as_bytes())[..6])
    }

    /// The JSON that a wallet encrypted. The error is a plain sentence.
    pub fn open(&self, jwe: &str, limits: &Limits) -> Result<Map<String, Value>, &'static str> {
        let parts: Vec<&str> = jwe.trim().split('.').collect();
        let [header, "", nonce, ciphertext, tag] = parts.as_slice() else {
            return Err("response is not a compact JWE with a key agreed upon directly");
        };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| "response is not base64url");
        let Ok(Value::Object(members)) = json::parse(&decode(header)?, &HEADER_LIMITS) else {
            return Err("the header of response is not usable JSON");
        };
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        if members.contains_key("crit") || members.contains_key("zip") {
            return Err("response demands an extension that is not known");
        }
        if text("alg") != Some("ECDH-ES") {
            return Err("response must be encrypted with ECDH-ES");
        }
        if text("kid").is_some_and(|kid| kid != self.id()) {
            return Err("response is encrypted to another key");
        }
        let shared =
            self.agree(members.get("epk").unwrap_or(&Value::Null)).ok_or("the ephemeral key of response is no point on P-256")?;
        let info = |name: &str| text(name).map_or_else(|| Ok(Vec::new()), decode);
        let (party_u, party_v) = (info("apu")?, info("apv")?);
        let (nonce, tag) = (decode(nonce)?, decode(tag)?);
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| "response has a nonce of the wrong length")?;
        if tag.len() != TAG_BYTES {
            return Err("response has a tag of the wrong length");
        }
        let sealed = [decode(ciphertext)?, tag].concat();
        let payload = || Payload { msg: &sealed, aad: header.as_bytes() };
        let opened = match text("enc") {
            Some(name @ "A128GCM") => {
                let key = derived::<16>(&shared, name, &party_u, &party_v);
                Aes128Gcm::new_from_slice(&*key).ok().and_then(|cipher| cipher.decrypt(&Nonce::from(nonce), payload()).ok())
            }
            Some(name @ "A256GCM") => {
                let key = derived::<32>(&shared, name, &party_u, &party_v);
                Aes256Gcm::new_from_slice(&*key).ok().and_then(|cipher| cipher.decrypt(&Nonce::from(nonce), payload()).ok())
            }
            _ => return Err("response must be encrypted with A128GCM or A256GCM"),
        };
        let plain = opened.ok_or("response can't be decrypted: it was made for another request, or changed on its way")?;
        match json::parse(&plain, limits) {
            Ok(Value::Object(members)) => Ok(members),
            _ => Err("response holds no JSON object"),
        }
    }

    /// The secret that both sides share (RFC 7518 §4.6). A point that is not on the curve gives none.
    fn agree(&self, jwk: &Value) -> Option<Zeroizing<[u8; 32]>> {
        let theirs = public_key(jwk)?;
        let shared = ProjectivePoint::from(*theirs.as_affine()) * *self.0.to_nonzero_scalar();
        Some(Zeroizing::new(shared.to_affine().x().into()))
    }
}

/// The public key in a JWK; `None` unless it is a point on P-256.
pub(super) fn public_key(jwk: &Value) -> Option<PublicKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    if (text("kty"), text("crv")) != (Some("EC"), Some("P-256")) {
        return None;
    }
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok()?.try_into().ok();
    let (x, y): ([u8; 32], [u8; 32]) = (coordinate("x")?, coordinate("y")?);
    let point = EncodedPoint::from_affine_coordinates(&x.into(), &y.into(), false);
    PublicKey::from_encoded_point(&point).into()
}

/// Concat KDF with SHA-256 (RFC 7518 §4.6.2): one round is enough for keys of up to 256 bits.
fn derived<const BYTES: usize>(shared: &[u8; 32], algorithm: &str, party_u: &[u8], party_v: &[u8]) -> Zeroizing<[u8; BYTES]> {
    let mut hash = Sha256::new();
    hash.update(1u32.to_be_bytes());
    hash.update(shared);
    for part in [algorithm.as_bytes(), party_u, party_v] {
        hash.update((part.len() as u32).to_be_bytes());
        hash.update(part);
    }
    hash.update((BYTES as u32 * 8).to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut key = Zeroizing::new([0; BYTES]);
    key.copy_from_slice(&digest[..BYTES]);
    key
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The wallet's side: encrypting with the public key.
    pub(crate) fn encrypt(jwk: &Value, encryption: &str, plain: &Value) -> String {
        let ephemeral = ResponseKey::generate();
        let shared = ephemeral.agree(jwk).unwrap();
        let mut epk = ephemeral.public_jwk();
        for name in ["use", "alg", "kid"] {
            epk.as_object_mut().unwrap().remove(name);
        }
        let header = json!({"alg": "ECDH-ES", "enc": encryption, "kid": jwk["kid"], "epk": epk,
            "apu": URL_SAFE_NO_PAD.encode("wallet"), "apv": URL_SAFE_NO_PAD.encode("nonce")});
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let nonce = [9u8; NONCE_BYTES];
        let text = plain.to_string();
        let payload = Payload { msg: text.as_bytes(), aad: header.as_bytes() };
        let sealed = if encryption == "A128GCM" {
            let key = derived::<16>(&shared, encryption, b"wallet", b"nonce");
            Aes128Gcm::new_from_slice(&*key).unwrap().encrypt(&Nonce::from(nonce), payload).unwrap()
        } else {
            let key = derived::<32>(&shared, encryption, b"wallet", b"nonce");
            Aes256Gcm::new_from_slice(&*key).unwrap().encrypt(&Nonce::from(nonce), payload).unwrap()
        };
        let (ciphertext, tag) = sealed.split_at(sealed.len() - TAG_BYTES);
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        format!("{header}..{}.{}.{}", encode(&nonce), encode(ciphertext), encode(tag))
    }

    #[test]
    fn the_key_agreement_is_that_of_the_standard() {
        // RFC 7518, appendix C: Bob's key, Alice's ephemeral key, and the key that both derive for A128GCM.
        let bob = Secret::new("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw");
        let epk = json!({"kty": "EC", "crv": "P-256", "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"});
        let shared = ResponseKey::from_secret(&bob).unwrap().agree(&epk).unwrap();
        let key = derived::<16>(&shared, "A128GCM", b"Alice", b"Bob");
        assert_eq!(URL_SAFE_NO_PAD.encode(*key), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn an_answer_opens_with_its_own_key_only() {
        let key = ResponseKey::generate();
        let answer = json!({"vp_token": {"badge": ["x"]}, "state": "s"});
        for encryption in ENCRYPTIONS {
            let jwe = encrypt(&key.public_jwk(), encryption, &answer);
            assert_eq!(Value::Object(key.open(&jwe, &Limits::default()).unwrap()), answer);
            let kept = ResponseKey::from_secret(&key.to_secret()).unwrap();
            assert!(kept.open(&jwe, &Limits::default()).is_ok());
            assert!(ResponseKey::generate().open(&jwe, &Limits::default()).is_err());
            let mut changed = jwe.into_bytes();
            let last = changed.len() - 1;
            changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
            assert!(key.open(&String::from_utf8(changed).unwrap(), &Limits::default()).is_err());
        }
    }

    #[test]
    fn what_is_not_such_an_answer_is_refused_with_a_sentence() {
        let key = ResponseKey::generate();
        let header = |header: Value| format!("{}..AAAA.AAAA.AAAA", URL_SAFE_NO_PAD.encode(header.to_string()));
        let off_curve =
            json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode([1u8; 32]), "y": URL_SAFE_NO_PAD.encode([1u8; 32])});
        for (jwe, said) in [
            ("x".to_owned(), "compact JWE"),
            ("a.b.c".to_owned(), "compact JWE"),
            ("a.key.c.d.e".to_owned(), "compact JWE"),
            ("????..AAAA.AAAA.AAAA".to_owned(), "base64url"),
            (header(json!({"alg": "RSA-OAEP"})), "ECDH-ES"),
            (header(json!({"alg": "ECDH-ES", "crit": ["x"]})), "extension"),
            (header(json!({"alg": "ECDH-ES", "zip": "DEF"})), "extension"),
            (header(json!({"alg": "ECDH-ES", "enc": "A128GCM", "epk": off_curve})), "no point"),
            (header(json!({"alg": "ECDH-ES", "kid": "other"})), "another key"),
        ] {
            let problem = key.open(&jwe, &Limits::default()).unwrap_err();
            assert!(problem.contains(said), "{jwe}: {problem}");
        }
    }
}
