//! bbs-2023, derived proofs without further features (Data Integrity BBS Cryptosuites 1.0 §3.4.5).
//! Comes in: the proof and the document. Goes out: the statements that the issuer signed.
//! Must not know: other suites.

use super::derived::{Components, index};
use super::{MAX_STATEMENTS, Statements};
use crate::model::code::Code;
use crate::verify::keys::PublicKey;
use crate::verify::securing::proof::hashing::Input;
use crate::verify::securing::proof::integrity::Seen;
use crate::verify::securing::proof::problem::ProofProblem;
use serde_json::Value;
use std::collections::HashMap;

/// Three points and three scalars, before the undisclosed messages and the challenge.
const FIXED: usize = 3 * 48 + 3 * 32;
/// The flag of the point at infinity in a compressed point. A proof of such points would match every document.
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
    let scalars =
        proof.len().checked_sub(FIXED + 32).filter(|rest| rest % 32 == 0).ok_or_else(|| malformed("has a wrong length"))?;
    if [0, 48, 96].iter().any(|at| proof[*at] & INFINITY != 0) {
        return Err(malformed("is empty"));
    }
    let undisclosed = scalars / 32;

    let statements = Statements::new(input, &labels, &mandatory)?;
    let total = undisclosed + selective.len();
    if total > 2 * MAX_STATEMENTS {
        return Err(ProofProblem::new(Code::TooComplex, "the credential is too large to be checked".to_owned()));
    }
    let ascending = selective.windows(2).all(|pair| pair[0] < pair[1]);
    if !ascending || selective.last().is_some_and(|last| *last >= total) || selective.len() != statements.chosen.len() {
        return Err(ProofProblem::mismatch());
    }
    let header = [statements.proof_hash.clone(), statements.mandatory_hash(input)].concat();
    let messages: Vec<Vec<u8>> = statements.chosen.iter().map(|(line, _)| line.clone().into_bytes()).collect();
    let shown = Shown {
        key,
        proof: &proof,
        header: &header,
        presentation_header: &presentation_header,
        messages: &messages,
        indexes: &selective,
    };
    match fits(&shown) {
        Some(true) => Ok(statements.verified(input, undisclosed == 0)),
        Some(false) => Err(ProofProblem::unknown_edition()),
        None => Err(malformed("is broken")),
    }
}

/// A proof with its key, its header and the disclosed messages.
#[derive(Clone, Copy)]
struct Shown<'a> {
    key: &'a [u8],
    proof: &'a [u8],
    header: &'a [u8],
    presentation_header: &'a [u8],
    messages: &'a [Vec<u8>],
    indexes: &'a [usize],
}

/// Whether a proof matches draft-irtf-cfrg-bbs-signatures from draft 6 on, which the cryptosuite's own vectors follow. `None`: the
/// proof or the key can't be read.
fn fits(shown: &Shown<'_>) -> Option<bool> {
    use zkryptium::bbsplus::{ciphersuites::Bls12381Sha256, keys::BBSplusPublicKey};
    use zkryptium::schemes::{algorithms::BBSplus, generics::PoKSignature};
    let key = BBSplusPublicKey::from_bytes(shown.key).ok()?;
    let proof = PoKSignature::<BBSplus<Bls12381Sha256>>::from_bytes(shown.proof).ok()?;
    let (messages, indexes) = (Some(shown.messages), Some(shown.indexes));
    Some(proof.proof_verify(&key, messages, indexes, Some(shown.header), Some(shown.presentation_header)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkryptium::bbsplus::ciphersuites::Bls12381Sha256;
    use zkryptium::bbsplus::keys::BBSplusPublicKey;
    use zkryptium::keys::pair::KeyPair;
    use zkryptium::schemes::algorithms::BBSplus;
    use zkryptium::schemes::generics::{PoKSignature, Signature};

    const HEADER: &[u8] = b"hashes of the options and of what is mandatory";

    #[test]
    fn a_proof_shows_its_own_messages_and_nothing_else() {
        let keys = KeyPair::<BBSplus<Bls12381Sha256>>::generate(&[7; 32], None, None).unwrap();
        let key: &BBSplusPublicKey = keys.public_key();
        let all: Vec<Vec<u8>> = ["one", "two", "three", "four"].map(|message| message.as_bytes().to_vec()).to_vec();
        let signature = Signature::<BBSplus<Bls12381Sha256>>::sign(Some(&all), keys.private_key(), key, Some(HEADER)).unwrap();
        let signature = signature.to_bytes();
        let chosen = [1, 3];
        let proof = PoKSignature::<BBSplus<Bls12381Sha256>>::proof_gen(
            key,
            &signature,
            Some(HEADER),
            Some(b"nonce"),
            Some(&all),
            Some(&chosen),
        );
        let (key, proof) = (key.to_bytes(), proof.unwrap().to_bytes());
        let messages = [all[1].clone(), all[3].clone()];
        let shown = Shown {
            key: &key,
            proof: &proof,
            header: HEADER,
            presentation_header: b"nonce",
            messages: &messages,
            indexes: &chosen,
        };
        assert_eq!(fits(&shown), Some(true));
        let others = [all[1].clone(), b"five".to_vec()];
        for changed in [
            Shown { messages: &others, ..shown },
            Shown { indexes: &[0, 3], ..shown },
            Shown { header: b"another", ..shown },
            Shown { presentation_header: b"another", ..shown },
        ] {
            assert_eq!(fits(&changed), Some(false));
        }
    }
}
