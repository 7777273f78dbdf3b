//! bbs-2023, derived proofs without further features (Data Integrity BBS Cryptosuites 1.0 §3.4.5).
//! Comes in: the proof and the document. Goes out: which statements the issuer signed.
//! Must not know: other suites.

use super::derived::{Components, index};
use super::{MAX_STATEMENTS, Statements};
use crate::verify::keys::PublicKey;
use crate::verify::proof::hashing::Input;
use crate::verify::proof::integrity::Seen;
use crate::verify::proof::problem::ProofProblem;
use serde_json::Value;
use std::collections::HashMap;

/// Three points and three scalars, before the undisclosed messages and the challenge.
const FIXED: usize = 3 * 48 + 3 * 32;
/// In a compressed point: "this is the point at infinity". A proof made of those would fit everything.
const INFINITY: u8 = 0x40;

pub fn attempt(input: &Input<'_>, key: &PublicKey) -> Result<(Option<Value>, Seen), ProofProblem> {
    let malformed = |what: &str| ProofProblem::malformed(format!("the derived proof {what}"));
    let mut components = Components::read(input.options.value, 0x03, 0x02)?;
    let proof = components.bytes()?;
    let labels = components.label_map(|value| index(&value))?;
    let mandatory = components.indexes()?;
    let selective = components.indexes()?;
    let presentation_header = components.optional_bytes()?;
    let labels: HashMap<u32, String> = labels.into_iter().map(|(number, label)| (number, format!("b{label}"))).collect();

    let PublicKey::Bls12381G2(key) = key else { return Err(malformed("was made with a key of another kind")) };
    if key.len() != 96 || key[0] & INFINITY != 0 {
        return Err(malformed("was made with a broken key"));
    }
    let key = ssi_bbs::BBSplusPublicKey::from_bytes(key).map_err(|_| malformed("was made with a broken key"))?;
    let scalars =
        proof.len().checked_sub(FIXED + 32).filter(|rest| rest % 32 == 0).ok_or_else(|| malformed("has a wrong length"))?;
    if [0, 48, 96].iter().any(|at| proof[*at] & INFINITY != 0) {
        return Err(malformed("is empty"));
    }
    let undisclosed = scalars / 32;

    let statements = Statements::new(input, &labels, &mandatory)?;
    let total = undisclosed + selective.len();
    if total > 2 * MAX_STATEMENTS {
        return Err(ProofProblem::new("too_complex", "the credential behind the derived proof is too large".to_owned()));
    }
    let ascending = selective.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || selective.last().is_some_and(|last| *last >= total) || selective.len() != statements.chosen.len() {
        return Err(ProofProblem::mismatch());
    }
    let header = [statements.proof_hash.clone(), statements.mandatory_hash(input)].concat();
    let messages: Vec<Vec<u8>> = statements.chosen.iter().map(|(line, _)| line.clone().into_bytes()).collect();
    let verified = ssi_bbs::proof_verify(&key, &proof, &header, Some(&presentation_header), &messages, &selective);
    match verified {
        Ok(Ok(())) => Ok(statements.verified(input)),
        Ok(Err(_)) => Err(ProofProblem::mismatch()),
        Err(_) => Err(malformed("is broken")),
    }
}
