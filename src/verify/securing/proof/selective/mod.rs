//! Selective disclosure: derived proofs over a part of a credential (ecdsa-sd-2023, bbs-2023).
//! Comes in: a derived proof, the revealed document, the issuer's key. Goes out: the mandatory and the chosen statements.
//! Must not know: the consequences of a missing part.

mod bbs;
mod derived;
mod ecdsa_sd;

use super::hashing::Input;
use super::integrity::{Disclosure, Seen};
use super::options::Suite;
use super::problem::ProofProblem;
use crate::jsonld::dataset::Quad;
use crate::jsonld::notes::Notes;
use crate::model::code::Code;
use crate::verify::keys::PublicKey;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

/// The most statements of a disclosed document: each costs a signature check or a curve operation.
const MAX_STATEMENTS: usize = 400;

/// Verifies a derived proof. A base proof is refused: only its holder may have it.
pub fn attempt(input: &Input<'_>, key: &PublicKey) -> Result<(Option<Value>, Seen), ProofProblem> {
    match input.options.suite {
        Suite::Bbs => bbs::attempt(input, key),
        _ => ecdsa_sd::attempt(input, key),
    }
}

/// The statements of the revealed document, with the issuer's labels for blank nodes.
struct Statements {
    /// The hash of the proof's options.
    proof_hash: Vec<u8>,
    mandatory: Vec<(String, Quad)>,
    chosen: Vec<(String, Quad)>,
    notes: Notes,
    proof_notes: Notes,
}

impl Statements {
    fn new(input: &Input<'_>, labels: &HashMap<u32, String>, mandatory: &[usize]) -> Result<Self, ProofProblem> {
        let (options, proof_notes) = input.canonical_configuration()?;
        let (canonical, notes) = input.canonical_document()?;
        if canonical.quads.len() > MAX_STATEMENTS {
            let detail = format!("the disclosed document has more than {MAX_STATEMENTS} statements");
            return Err(ProofProblem::new(Code::TooComplex, detail));
        }
        let mut unlabelled = false;
        let relabel = |quad: Quad| {
            let mut line = String::new();
            quad.write(&mut line, &mut |id, out| match labels.get(&id) {
                Some(label) => out.push_str(label),
                None => unlabelled = true,
            });
            (line, quad)
        };
        let mut rows: Vec<(String, Quad)> = canonical.quads.into_iter().map(relabel).collect();
        if unlabelled {
            return Err(ProofProblem::mismatch());
        }
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let always: BTreeSet<usize> = mandatory.iter().copied().collect();
        if always.len() != mandatory.len() || always.last().is_some_and(|last| *last >= rows.len()) {
            return Err(ProofProblem::malformed("the proof names statements that are not in the document".to_owned()));
        }
        let (mandatory, chosen): (Vec<_>, Vec<_>) = rows.into_iter().enumerate().partition(|(index, _)| always.contains(index));
        let rows = |rows: Vec<(usize, (String, Quad))>| rows.into_iter().map(|(_, row)| row).collect();
        let proof_hash = options.digest(input.hash);
        Ok(Self { proof_hash, mandatory: rows(mandatory), chosen: rows(chosen), notes, proof_notes })
    }

    fn mandatory_hash(&self, input: &Input<'_>) -> Vec<u8> {
        let lines: String = self.mandatory.iter().map(|(line, _)| line.as_str()).collect();
        input.hash.digest(lines.as_bytes())
    }

    /// `is_whole`: the document holds everything that the issuer signed.
    fn verified(self, input: &Input<'_>, is_whole: bool) -> (Option<Value>, Seen) {
        let lines = |rows: &[(String, Quad)]| rows.iter().map(|(line, _)| line.clone()).collect::<Vec<_>>();
        let explain = input.explain.then(|| {
            json!({
                "verification_method": input.options.verification_method,
                "proof_options_hash": hex::encode(&self.proof_hash),
                "mandatory_hash": hex::encode(self.mandatory_hash(input)),
                "mandatory_statements": lines(&self.mandatory),
                "chosen_statements": lines(&self.chosen),
            })
        });
        let quads = |rows: Vec<(String, Quad)>| rows.into_iter().map(|(_, quad)| quad).collect();
        let disclosure = Disclosure { mandatory: quads(self.mandatory), chosen: quads(self.chosen), is_whole };
        (explain, Seen { notes: Some(self.notes), proof_notes: Some(self.proof_notes), disclosure: Some(disclosure) })
    }
}
