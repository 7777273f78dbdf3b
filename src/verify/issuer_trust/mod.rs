//! Whether the employer has a reason to trust the issuer: a policy in a file, and registries that it names.
//! Comes in: the issuer as the proof binds it. Goes out: the `issuer_trust` check and the name to show.
//! Must not know: how the credential was secured.

use super::documents::Documents;
use crate::model::report::{Check, IssuerName, PolicyRef};
use chrono::{DateTime, Utc};

/// A trust policy as loaded; see [`TrustPolicy::parse`].
#[derive(Clone, Debug)]
pub struct TrustPolicy {
    reference: PolicyRef,
}

impl TrustPolicy {
    /// Knows nobody: every issuer needs a person's eye.
    pub fn built_in() -> Self {
        Self { reference: PolicyRef { name: "built-in".into(), sha256: String::new() } }
    }

    /// What the report names.
    pub fn reference(&self) -> PolicyRef {
        self.reference.clone()
    }

    /// Makes a check stricter or laxer as the policy says. Checks of authenticity are never made laxer.
    pub fn adjust(&self, check: Check) -> Check {
        check
    }
}

/// `issuer_id`: as the proof binds it, `None` when nothing binds it. `self_declared`: the name that the credential gives.
pub async fn check(
    _issuer_id: Option<&str>,
    _self_declared: Option<&str>,
    _policy: &TrustPolicy,
    _documents: &Documents,
    _at: DateTime<Utc>,
    _achievement_types: &[String],
) -> (Check, Option<IssuerName>) {
    unimplemented!()
}
