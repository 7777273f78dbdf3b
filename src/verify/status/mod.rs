//! Whether the issuer has withdrawn a credential: every entry of `credentialStatus`, and SD-JWT's `status.status_list`.
//! Comes in: the covered document. Goes out: the `status` check. Silence never means "not revoked".
//! Must not know: trust in the issuer, people.

use super::Verifier;
use crate::model::report::Check;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// What status is checked with.
pub struct StatusRequest<'a> {
    /// Fetches lists and verifies the list credentials themselves.
    pub verifier: &'a Verifier,
    /// The issuer as the proof binds it.
    pub issuer: Option<&'a str>,
    pub at: DateTime<Utc>,
}

pub async fn check(_document: &Value, _request: &StatusRequest<'_>) -> Check {
    unimplemented!()
}
