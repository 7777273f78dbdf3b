//! Signature algorithms, each tied to its kind of key.
//! Comes in: a key, a message, a signature. Goes out: whether the signature matches.
//! Must not know: the sources of key, message and signature.

use crate::verify::keys::PublicKey;
use rsa::signature::Verifier;
use sha2::{Sha256, Sha384, Sha512};

/// The reason why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the key's kind does not fit the signature algorithm")]
    WrongKey,
    #[error("the signature is malformed")]
    Malformed,
    #[error("the signature does not match")]
    Mismatch,
}

/// EdDSA over Ed25519, strict: no small-order keys, no malleable signatures (RFC 8032 §5.1.7).
pub fn ed25519(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let PublicKey::Ed25519(key) = key else { return Err(SignatureError::WrongKey) };
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| SignatureError::Malformed)?;
    key.verify_strict(message, &signature).map_err(|_| SignatureError::Mismatch)
}

/// ECDSA with the hash that belongs to the curve, over `r || s` (FIPS 186-5, RFC 7518 §3.4).
pub fn ecdsa(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    match key {
        PublicKey::P256(key) => {
            let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureError::Malformed)?;
            key.verify(message, &signature).map_err(|_| SignatureError::Mismatch)
        }
        PublicKey::P384(key) => {
            let signature = p384::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureError::Malformed)?;
            key.verify(message, &signature).map_err(|_| SignatureError::Mismatch)
        }
        PublicKey::Secp256k1(key) => {
            let signature = k256::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureError::Malformed)?;
            // k256 verifies only the low-S form, but both forms are valid for ES256K (RFC 8812 §3.2).
            let signature = signature.normalize_s().unwrap_or(signature);
            key.verify(message, &signature).map_err(|_| SignatureError::Mismatch)
        }
        PublicKey::P521(_) | PublicKey::Ed25519(_) | PublicKey::Rsa(_) | PublicKey::Bls12381G2(_) => {
            Err(SignatureError::WrongKey)
        }
    }
}

/// ECDSA over P-521 with SHA-512 (`ES512`).
fn es512(key: &p521::PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let signature = p521::ecdsa::Signature::from_slice(signature).map_err(|_| SignatureError::Malformed)?;
    let key = p521::ecdsa::VerifyingKey::from_affine(*key.as_affine()).map_err(|_| SignatureError::WrongKey)?;
    key.verify(message, &signature).map_err(|_| SignatureError::Mismatch)
}

/// The hash functions of RSA signatures (RFC 7518 §3.3, §3.5).
trait RsaHash: sha2::Digest + sha2::digest::FixedOutputReset + rsa::pkcs8::AssociatedOid {}
impl<D: sha2::Digest + sha2::digest::FixedOutputReset + rsa::pkcs8::AssociatedOid> RsaHash for D {}

/// RSASSA-PKCS1-v1_5 (`RS256`, `RS384`, `RS512`).
fn rsa_pkcs1<D: RsaHash>(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let PublicKey::Rsa(key) = key else { return Err(SignatureError::WrongKey) };
    let signature = rsa::pkcs1v15::Signature::try_from(signature).map_err(|_| SignatureError::Malformed)?;
    let verifier = rsa::pkcs1v15::VerifyingKey::<D>::new(key.as_ref().clone());
    verifier.verify(message, &signature).map_err(|_| SignatureError::Mismatch)
}

/// RSASSA-PSS (`PS256`, `PS384`, `PS512`).
fn rsa_pss<D: RsaHash>(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let PublicKey::Rsa(key) = key else { return Err(SignatureError::WrongKey) };
    let signature = rsa::pss::Signature::try_from(signature).map_err(|_| SignatureError::Malformed)?;
    let verifier = rsa::pss::VerifyingKey::<D>::new(key.as_ref().clone());
    verifier.verify(message, &signature).map_err(|_| SignatureError::Mismatch)
}

/// The algorithm of a JOSE `alg` value; a key of another kind fails (RFC 8725 §3.1).
pub fn jose(algorithm: &str, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    match (algorithm, key) {
        ("EdDSA" | "Ed25519", PublicKey::Ed25519(_)) => ed25519(key, message, signature),
        ("ES256", PublicKey::P256(_)) | ("ES384", PublicKey::P384(_)) | ("ES256K", PublicKey::Secp256k1(_)) => {
            ecdsa(key, message, signature)
        }
        ("ES512", PublicKey::P521(key)) => es512(key, message, signature),
        ("RS256", PublicKey::Rsa(_)) => rsa_pkcs1::<Sha256>(key, message, signature),
        ("RS384", PublicKey::Rsa(_)) => rsa_pkcs1::<Sha384>(key, message, signature),
        ("RS512", PublicKey::Rsa(_)) => rsa_pkcs1::<Sha512>(key, message, signature),
        ("PS256", PublicKey::Rsa(_)) => rsa_pss::<Sha256>(key, message, signature),
        ("PS384", PublicKey::Rsa(_)) => rsa_pss::<Sha384>(key, message, signature),
        ("PS512", PublicKey::Rsa(_)) => rsa_pss::<Sha512>(key, message, signature),
        _ => Err(SignatureError::WrongKey),
    }
}
