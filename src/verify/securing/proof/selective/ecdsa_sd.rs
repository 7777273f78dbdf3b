//! ecdsa-sd-2023, derived proofs (Data Integrity ECDSA Cryptosuites 1.0 §3.5.8).
//! Comes in: the proof and the document. Goes out: the statements that the issuer signed.
//! Must not know: other suites.

use super::Statements;
use super::derived::{Components, bytes};
use crate::verify::keys::PublicKey;
use crate::verify::securing::proof::hashing::Input;
use crate::verify::securing::proof::integrity::Seen;
use crate::verify::securing::proof::problem::ProofProblem;
use crate::verify::securing::proof::signature::{self, SignatureError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use ssi_multicodec::MultiEncoded;
use std::collections::HashMap;

pub fn attempt(input: &Input<'_>, key: &PublicKey) -> Result<(Option<Value>, Seen), ProofProblem> {
    let malformed = |what: &str| ProofProblem::malformed(format!("the derived proof {what}"));
    let mut components = Components::read(input.options.value, 0x01, 0x00)?;
    let base_signature = components.bytes()?;
    let public_key = components.bytes()?;
    let signatures = components.list_of_bytes()?;
    let labels = components.label_map(bytes)?;
    let mandatory = components.indexes()?;
    let labels: HashMap<u32, String> =
        labels.into_iter().map(|(number, label)| (number, format!("u{}", URL_SAFE_NO_PAD.encode(label)))).collect();

    let PublicKey::P256(_) = key else { return Err(malformed("was made with a key of another kind")) };
    let encoded = MultiEncoded::new(&public_key).ok().map(MultiEncoded::parts);
    let Some((ssi_multicodec::P256_PUB, point)) = encoded else { return Err(malformed("holds a key of another kind")) };
    let one_time_key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| malformed("holds a broken key"))?;
    let one_time_key = PublicKey::P256(Box::new(one_time_key));

    let statements = Statements::new(input, &labels, &mandatory)?;
    if signatures.len() != statements.chosen.len() {
        return Err(ProofProblem::mismatch());
    }
    let signed = [statements.proof_hash.as_slice(), &public_key, &statements.mandatory_hash(input)].concat();
    check(key, &signed, &base_signature)?;
    for ((line, _), signature) in statements.chosen.iter().zip(&signatures) {
        check(&one_time_key, line.as_bytes(), signature)?;
    }
    // The proof does not show the number of withheld statements.
    Ok(statements.verified(input, false))
}

fn check(key: &PublicKey, message: &[u8], value: &[u8]) -> Result<(), ProofProblem> {
    signature::ecdsa(key, message, value).map_err(|error| match error {
        SignatureError::Mismatch => ProofProblem::mismatch(),
        other => ProofProblem::malformed(other.to_string()),
    })
}
