//! The structure that a specification demands, as JSON Schemas of our own (schemas/), compiled once.
//! Comes in: a credential as JSON. Goes out: the `schema` check.
//! Must not know: the network, proofs.

use super::Verifier;
use crate::model::credential::Format;
use crate::model::report::Check;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// Against the schemas that are built in. Pure.
pub fn check(_document: &Value, _format: Format) -> Check {
    unimplemented!()
}

/// [`check`], then the schemas that the credential names itself (`credentialSchema`).
pub async fn check_all(_document: &Value, _format: Format, _verifier: &Verifier, _at: DateTime<Utc>) -> Check {
    unimplemented!()
}
