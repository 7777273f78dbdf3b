//! Credentials inside a credential: CLR entries and endorsements, each verified alone.
//! Comes in: the covered outer document. Goes out: the `nested` check and a report per inner credential; a bad one never spoils the rest.
//! Must not know: how any of them is secured.

use super::{VerificationRequest, Verifier};
use crate::model::credential::VerifiedDocument;
use crate::model::report::{Check, NestedReport};
use serde_json::Value;

/// Credentials inside credentials inside credentials: no deeper.
pub const MAX_DEPTH: usize = 3;

/// What was found inside.
pub struct Nested {
    pub check: Check,
    pub reports: Vec<NestedReport>,
    /// Inner credentials (not endorsements) that were not rejected, with the JSON Pointer to each.
    pub documents: Vec<(String, VerifiedDocument)>,
}

/// `depth`: how deep `document` itself is nested; 0 for what was received.
pub async fn check(_document: &Value, _verifier: &Verifier, _request: &VerificationRequest, _depth: usize) -> Nested {
    unimplemented!()
}
