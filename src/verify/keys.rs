//! Public keys, and how a verification method or a `kid` leads to one.
//! Comes in: a DID URL or an https URL. Goes out: the key, who controls it, and what it may be used for.

use crate::verify::documents::Documents;

/// A public key of a kind that the product can check signatures with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    Secp256k1(Box<k256::ecdsa::VerifyingKey>),
    Rsa(Box<rsa::RsaPublicKey>),
    /// Compressed G2 point, 96 bytes.
    Bls12381G2(Vec<u8>),
}

/// What a key is used for: the verification relationships of Controlled Identifiers 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    AssertionMethod,
    Authentication,
}

/// A verification method that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedKey {
    /// Absolute identifier of the method.
    pub id: String,
    /// Who controls it, as the document that holds it says.
    pub controller: String,
    pub key: PublicKey,
    /// The controller's document lists it for the purpose asked.
    pub allowed: bool,
    /// RFC 3339 moments from the method itself, when present.
    pub expires: Option<String>,
    pub revoked: Option<String>,
}

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The document that should hold the key was not to be had: could not check.
    #[error("the issuer's key could not be fetched: {0}")]
    Unavailable(String),
    /// The document is there, the key isn't, or it is broken.
    #[error("{0}")]
    Invalid(String),
    #[error("keys of the kind {0} are not supported")]
    Unsupported(String),
}

/// Resolves keys through [`Documents`]. Cheap to clone.
#[derive(Clone)]
pub struct KeyResolver {
    pub documents: Documents,
}

impl KeyResolver {
    pub async fn resolve(&self, _verification_method: &str, _purpose: Purpose) -> Result<ResolvedKey, KeyError> {
        unimplemented!()
    }
}
