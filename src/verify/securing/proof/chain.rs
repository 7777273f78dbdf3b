//! Proof chains: proofs that cover earlier proofs (VC Data Integrity 1.0 §2.1.2).
//! Comes in: a proof with `previousProof`. Goes out: the named proofs.
//! Must not know: keys, canonical forms.

use super::options::ProofOptions;
use super::problem::ProofProblem;
use crate::model::code::Code;
use serde_json::{Map, Value};

/// The proofs that `proof` builds on, in document order. Each name must be the `id` of exactly one proof.
pub fn previous<'a>(document: &'a Map<String, Value>, proof: &ProofOptions<'_>) -> Result<Vec<&'a Value>, ProofProblem> {
    if proof.previous.is_empty() {
        return Ok(Vec::new());
    }
    let all: &[Value] = match document.get("proof") {
        Some(Value::Array(all)) => all,
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    let id_of = |proof: &'a Value| proof.get("id").and_then(Value::as_str);
    for id in &proof.previous {
        if all.iter().filter(|other| id_of(other) == Some(id)).count() != 1 || proof.id == Some(id) {
            let detail = format!(
                "the signature builds on an earlier signature ({id}), which the document must hold exactly once and does not"
            );
            return Err(ProofProblem::new(Code::PreviousProofMissing, detail));
        }
    }
    Ok(all.iter().filter(|other| id_of(other).is_some_and(|id| proof.previous.contains(&id))).collect())
}
