//! Embedded proofs: W3C Data Integrity and its predecessors.
//! Comes in: a JSON document with `proof`. Goes out: the checks `context`, `proof`, `controller` and `integrity`.
//! Must not know: status, trust, schemas, people.

use super::keys::{KeyResolver, Purpose};
use crate::jsonld::Contexts;
use crate::model::report::Check;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// What a proof is checked against.
pub struct ProofRequest<'a> {
    pub contexts: &'a Contexts,
    pub keys: &'a KeyResolver,
    pub purpose: Purpose,
    pub at: DateTime<Utc>,
    /// For presentations: must equal the proof's.
    pub challenge: Option<&'a str>,
    pub domain: Option<&'a str>,
    pub explain: bool,
}

/// The verdict on a document's embedded proofs.
pub struct ProofVerdict {
    /// Every context is known, in the expected place, and processing found no undefined or re-defined term.
    pub context: Check,
    pub proof: Check,
    /// The key belongs to `expected_controller` (the issuer or holder) and is allowed to be used so.
    pub controller: Check,
    pub integrity: Check,
    /// The controller of the key that verified.
    pub proven_controller: Option<String>,
}

/// Verifies the embedded proofs of a credential or a presentation.
/// `expected_controller`: the issuer's (or holder's) identifier.
pub async fn verify(_document: &Value, _expected_controller: Option<&str>, _request: &ProofRequest<'_>) -> ProofVerdict {
    unimplemented!()
}
