//! Signatures and hashes of did:webvh 1.0: `eddsa-jcs-2022` by a did:key, and SHA-256 as a base58 multihash.
//! Comes in: JSON and the keys that may sign. Goes out: the keys that signed.
//! Must not know: the meaning of the signed JSON.

use crate::document::members::entries;
use crate::jsonld::jcs;
use crate::verify::keys::PublicKey;
use crate::verify::securing::proof::signature;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The most signatures on one value that are checked.
const MAX_PROOFS: usize = 16;
/// Longest signature text: 64 bytes have at most 88 digits in base58.
const MAX_VALUE: usize = 90;
const SHA2_256: [u8; 2] = [0x12, 0x20];

/// The hash of a text, in the method's form.
pub fn hash(text: &str) -> String {
    bs58::encode([SHA2_256.as_slice(), &Sha256::digest(text)[..]].concat()).into_string()
}

/// The multikeys among `allowed` that signed `document` with one of `proofs`.
pub fn signers<'a>(document: &Value, proofs: Option<&Value>, allowed: &'a [String]) -> Vec<&'a str> {
    let digest = Sha256::digest(jcs::canonical(document));
    let signed = |proof: &Value| -> Option<&'a str> {
        let mut options = proof.as_object()?.clone();
        let value = options.remove("proofValue")?;
        let key = signer(&options)?;
        let key = allowed.iter().find(|allowed| **allowed == key)?;
        let encoded = value.as_str()?.strip_prefix('z').filter(|encoded| encoded.len() <= MAX_VALUE)?;
        let message = [Sha256::digest(jcs::canonical(&Value::Object(options))), digest].concat();
        signature::ed25519(&PublicKey::from_multikey(key).ok()?, &message, &bs58::decode(encoded).into_vec().ok()?).ok()?;
        Some(key.as_str())
    };
    entries(proofs).take(MAX_PROOFS).filter_map(signed).collect()
}

/// The multikey that a proof names, when the proof is of the kind that the method allows.
fn signer(options: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let is_fitting = text("type") == Some("DataIntegrityProof")
        && text("cryptosuite") == Some("eddsa-jcs-2022")
        && text("proofPurpose") == Some("assertionMethod");
    let (did, fragment) = text("verificationMethod")?.split_once('#')?;
    let key = did.strip_prefix("did:key:")?;
    (is_fitting && fragment == key).then(|| key.to_owned())
}
