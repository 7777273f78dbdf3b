//! The forms in which public keys are written: multikey, JWK, PEM, base58 and hex by method type.
//! Comes in: text or JSON of a stranger. Goes out: a [`PublicKey`], never a weak or private one.
//! Must not know: the key's source or purpose.

use super::{KeyError, PublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::{DecodePublicKey, Document as Der};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use serde_json::{Map, Value};
use ssi_multicodec::MultiEncoded;
use std::sync::LazyLock;

/// Longest text of a key. The time to decode base58 grows with the square of the length.
const MAX_KEY_TEXT: usize = 4096;
/// Cache of decoded keys. Decoding a point costs a good part of a signature check, and the same issuers sign often.
static MULTIKEYS: LazyLock<moka::sync::Cache<String, PublicKey>> = LazyLock::new(|| moka::sync::Cache::new(1_000));
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

fn invalid(message: impl Into<String>) -> KeyError {
    KeyError::Invalid(message.into())
}

impl PublicKey {
    /// The name of the kind of key, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "Ed25519",
            Self::P256(_) => "P-256",
            Self::P384(_) => "P-384",
            Self::P521(_) => "P-521",
            Self::Secp256k1(_) => "secp256k1",
            Self::Rsa(_) => "RSA",
            Self::Bls12381G2(_) => "BLS12-381 G2",
        }
    }

    /// A multibase-encoded, multicodec-prefixed key (Controlled Identifiers 1.0, "Multikey"; did:key).
    pub fn from_multikey(text: &str) -> Result<Self, KeyError> {
        if let Some(known) = MULTIKEYS.get(text) {
            return Ok(known);
        }
        let key = Self::decode_multikey(text)?;
        MULTIKEYS.insert(text.to_owned(), key.clone());
        Ok(key)
    }

    fn decode_multikey(text: &str) -> Result<Self, KeyError> {
        let bytes = decode_multibase(text)?;
        let unknown = || KeyError::Unsupported("a key with an unknown multicodec prefix".to_owned());
        let (codec, key) = MultiEncoded::new(&bytes).map_err(|_| unknown())?.parts();
        match codec {
            ssi_multicodec::ED25519_PUB => Self::ed25519(key),
            ssi_multicodec::SECP256K1_PUB => Self::secp256k1(key),
            ssi_multicodec::P256_PUB => Self::p256(key),
            ssi_multicodec::P384_PUB => Self::p384(key),
            ssi_multicodec::P521_PUB => Self::p521(key),
            ssi_multicodec::BLS12_381_G2_PUB => Self::bls_g2(key),
            ssi_multicodec::RSA_PUB => {
                let key = RsaPublicKey::from_pkcs1_der(key).map_err(|_| invalid("the RSA key is broken"))?;
                Self::rsa(key)
            }
            ssi_multicodec::JWK_JCS_PUB => {
                let jwk: Value = serde_json::from_slice(key).map_err(|_| invalid("the JSON Web Key is broken"))?;
                Self::from_jwk(&jwk)
            }
            ssi_multicodec::X25519_PUB => Err(KeyError::Unsupported("X25519 (made for encryption)".to_owned())),
            ssi_multicodec::BLS12_381_G1_PUB => Err(KeyError::Unsupported("BLS12-381 G1".to_owned())),
            _ => Err(unknown()),
        }
    }

    /// RFC 7517. A key with private members is refused: anyone can sign with a published private key.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            let text = member(name)
                .filter(|text| text.len() <= MAX_KEY_TEXT)
                .ok_or_else(|| invalid(format!("the JSON Web Key has no usable \"{name}\"")))?;
            URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid(format!("\"{name}\" of the JSON Web Key is not base64url")))
        };
        if !jwk.is_object() {
            return Err(invalid("the JSON Web Key is not an object"));
        }
        if ["d", "p", "q", "dp", "dq", "qi", "k"].iter().any(|private| jwk.get(private).is_some()) {
            return Err(invalid("the JSON Web Key holds a private key, so anyone may have signed"));
        }
        if member("use").is_some_and(|usage| usage != "sig") {
            return Err(invalid("the JSON Web Key is not meant for signatures"));
        }
        let operations = jwk.get("key_ops").and_then(Value::as_array);
        if operations.is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
            return Err(invalid("the JSON Web Key is not meant for verifying"));
        }
        let point = |size: usize| -> Result<Vec<u8>, KeyError> {
            let (x, y) = (bytes("x")?, bytes("y")?);
            if x.len() != size || y.len() != size {
                return Err(invalid("the JSON Web Key's coordinates have the wrong length"));
            }
            Ok([&[0x04], x.as_slice(), y.as_slice()].concat())
        };
        match (member("kty").unwrap_or_default(), member("crv").unwrap_or_default()) {
            ("OKP", "Ed25519") => Self::ed25519(&bytes("x")?),
            ("EC", "P-256") => Self::p256(&point(32)?),
            ("EC", "P-384") => Self::p384(&point(48)?),
            ("EC", "P-521") => Self::p521(&point(66)?),
            ("EC", "secp256k1") => Self::secp256k1(&point(32)?),
            ("RSA", _) => {
                let (n, e) = (BigUint::from_bytes_be(&bytes("n")?), BigUint::from_bytes_be(&bytes("e")?));
                Self::rsa(RsaPublicKey::new_with_max_size(n, e, *RSA_BITS.end()).map_err(|_| invalid("the RSA key is broken"))?)
            }
            (kind, curve) => Err(KeyError::Unsupported(format!("{kind} {curve}").trim().to_owned())),
        }
    }

    /// SubjectPublicKeyInfo or PKCS#1 in PEM (`publicKeyPem`).
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let pem = pem.trim();
        if pem.len() > MAX_KEY_TEXT {
            return Err(invalid("the PEM key is too long"));
        }
        if let Ok(key) = RsaPublicKey::from_pkcs1_pem(pem) {
            return Self::rsa(key);
        }
        let spki = Der::from_pem(pem).ok().filter(|(label, _)| *label == "PUBLIC KEY");
        let key = spki.and_then(|(_, der)| Self::of_spki(der.as_bytes()));
        key.unwrap_or_else(|| Err(invalid("the PEM key can't be read")))
    }

    /// SubjectPublicKeyInfo in DER, as certificates hold it.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        Self::of_spki(der).unwrap_or_else(|| Err(KeyError::Unsupported("the key in the certificate".to_owned())))
    }

    /// `None` for a kind of key that is not supported.
    fn of_spki(der: &[u8]) -> Option<Result<Self, KeyError>> {
        if let Ok(key) = RsaPublicKey::from_public_key_der(der) {
            return Some(Self::rsa(key));
        }
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_der(der) {
            return Some(Self::ed25519(key.as_bytes()));
        }
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(der) {
            return Some(Ok(Self::P256(Box::new(key))));
        }
        if let Ok(key) = p384::ecdsa::VerifyingKey::from_public_key_der(der) {
            return Some(Ok(Self::P384(Box::new(key))));
        }
        p521::PublicKey::from_public_key_der(der).ok().map(|key| Ok(Self::P521(Box::new(key))))
    }

    /// The key of a verification method object, whichever member holds it.
    pub fn from_method(method: &Map<String, Value>) -> Result<Self, KeyError> {
        let text = |name: &str| method.get(name).and_then(Value::as_str);
        let kind = text("type").unwrap_or_default();
        let present = ["publicKeyMultibase", "publicKeyJwk", "publicKeyPem", "publicKeyBase58", "publicKeyHex"];
        let present: Vec<&str> = present.into_iter().filter(|name| method.contains_key(*name)).collect();
        let form = match present.as_slice() {
            [] => return Err(invalid("the verification method holds no key")),
            [form] => *form,
            _ => return Err(invalid("the verification method holds more than one key")),
        };
        if form == "publicKeyJwk" {
            return method.get(form).map_or_else(|| Err(invalid("there is no key")), Self::from_jwk);
        }
        let value = text(form)
            .filter(|value| value.len() <= MAX_KEY_TEXT)
            .ok_or_else(|| invalid(format!("{form} is not usable text")))?;
        match form {
            "publicKeyMultibase" => Self::from_multikey(value),
            "publicKeyPem" => Self::from_pem(value),
            "publicKeyBase58" => {
                Self::from_raw(kind, &bs58::decode(value).into_vec().map_err(|_| invalid("publicKeyBase58 is not base58"))?)
            }
            _ => Self::from_raw(kind, &hex::decode(value).map_err(|_| invalid("publicKeyHex is not hexadecimal"))?),
        }
    }

    /// Bare bytes; the method's type names the kind of key.
    fn from_raw(method_type: &str, bytes: &[u8]) -> Result<Self, KeyError> {
        match method_type {
            "Ed25519VerificationKey2018" | "Ed25519VerificationKey2020" => Self::ed25519(bytes),
            "EcdsaSecp256k1VerificationKey2019" => Self::secp256k1(bytes),
            "EcdsaSecp256r1VerificationKey2019" | "P256Key2021" => Self::p256(bytes),
            "P384Key2021" => Self::p384(bytes),
            "Bls12381G2Key2020" => Self::bls_g2(bytes),
            other => Err(KeyError::Unsupported(other.to_owned())),
        }
    }

    fn ed25519(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| invalid("an Ed25519 key has 32 bytes"))?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| invalid("the Ed25519 key is broken"))?;
        if key.is_weak() {
            return Err(invalid("the Ed25519 key is weak: it accepts signatures that no one made"));
        }
        Ok(Self::Ed25519(Box::new(key)))
    }

    fn p256(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(|_| invalid("the P-256 key is broken"))?;
        Ok(Self::P256(Box::new(key)))
    }

    fn p384(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(|_| invalid("the P-384 key is broken"))?;
        Ok(Self::P384(Box::new(key)))
    }

    fn p521(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = p521::PublicKey::from_sec1_bytes(bytes).map_err(|_| invalid("the P-521 key is broken"))?;
        Ok(Self::P521(Box::new(key)))
    }

    fn secp256k1(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(|_| invalid("the secp256k1 key is broken"))?;
        Ok(Self::Secp256k1(Box::new(key)))
    }

    fn rsa(key: RsaPublicKey) -> Result<Self, KeyError> {
        let bits = key.n().bits();
        if !RSA_BITS.contains(&bits) {
            return Err(invalid(format!("the RSA key has {bits} bits; at least 2048 are needed")));
        }
        Ok(Self::Rsa(Box::new(key)))
    }

    fn bls_g2(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() != 96 {
            return Err(invalid("a BLS12-381 G2 key has 96 bytes"));
        }
        Ok(Self::Bls12381G2(bytes.to_vec()))
    }
}

/// Multibase with the bases that the specifications allow: base58btc and base64url without padding.
pub fn decode_multibase(text: &str) -> Result<Vec<u8>, KeyError> {
    if text.len() > MAX_KEY_TEXT {
        return Err(invalid("the key is too long"));
    }
    if let Some(encoded) = text.strip_prefix('z') {
        return bs58::decode(encoded).into_vec().map_err(|_| invalid("the key is not base58"));
    }
    if let Some(encoded) = text.strip_prefix('u') {
        return URL_SAFE_NO_PAD.decode(encoded).map_err(|_| invalid("the key is not base64url"));
    }
    Err(invalid("the key's encoding is unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn multikey(prefix: &[u8], key: &[u8]) -> String {
        format!("z{}", bs58::encode([prefix, key].concat()).into_string())
    }

    fn ed25519() -> ed25519_dalek::VerifyingKey {
        ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key()
    }

    #[test]
    fn the_same_key_is_read_from_every_form() {
        let key = ed25519();
        let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
        let expected = PublicKey::Ed25519(Box::new(key));
        assert_eq!(PublicKey::from_multikey(&multikey(&[0xed, 1], key.as_bytes())).unwrap(), expected);
        assert_eq!(PublicKey::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": x})).unwrap(), expected);
        let base58 = json!({"type": "Ed25519VerificationKey2018", "publicKeyBase58": bs58::encode(key.as_bytes()).into_string()});
        assert_eq!(PublicKey::from_method(base58.as_object().unwrap()).unwrap(), expected);
        let hexadecimal = json!({"type": "Ed25519VerificationKey2018", "publicKeyHex": hex::encode(key.as_bytes())});
        assert_eq!(PublicKey::from_method(hexadecimal.as_object().unwrap()).unwrap(), expected);
    }

    #[test]
    fn elliptic_keys_are_read_from_multikey_and_jwk() {
        let secret = p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap();
        let point = secret.verifying_key().to_encoded_point(true);
        let uncompressed = secret.verifying_key().to_encoded_point(false);
        let coordinate = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": coordinate(uncompressed.x().unwrap()), "y": coordinate(uncompressed.y().unwrap())});
        let from_multikey = PublicKey::from_multikey(&multikey(&[0x80, 0x24], point.as_bytes())).unwrap();
        assert_eq!(from_multikey, PublicKey::from_jwk(&jwk).unwrap());
        assert_eq!(from_multikey.kind(), "P-256");
    }

    #[test]
    fn private_weak_ambiguous_and_foreign_keys_are_refused() {
        let x = URL_SAFE_NO_PAD.encode(ed25519().as_bytes());
        assert!(PublicKey::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": x, "d": x})).is_err());
        assert!(PublicKey::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc"})).is_err());
        assert!(PublicKey::from_multikey(&multikey(&[0xed, 1], &[0; 32])).is_err());
        assert!(PublicKey::from_multikey(&multikey(&[0xed, 1], &[1; 31])).is_err());
        assert!(matches!(PublicKey::from_multikey(&multikey(&[0xec, 1], &[1; 32])), Err(KeyError::Unsupported(_))));
        assert!(PublicKey::from_multikey(&format!("z{}", "1".repeat(100_000))).is_err());
        let two = json!({"publicKeyMultibase": multikey(&[0xed, 1], ed25519().as_bytes()), "publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": x}});
        assert!(PublicKey::from_method(two.as_object().unwrap()).is_err());
    }

    #[test]
    fn short_rsa_keys_are_refused() {
        let n = URL_SAFE_NO_PAD.encode([0xff; 128]);
        let error = PublicKey::from_jwk(&json!({"kty": "RSA", "n": n, "e": "AQAB"})).unwrap_err();
        assert!(error.to_string().contains("1024 bits"), "{error}");
    }
}
