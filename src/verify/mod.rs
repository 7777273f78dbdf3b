//! The ordered checks that turn a received credential into a verdict.
//! Comes in: one credential, what is known of the person, the moment. Goes out: a [`VerificationReport`] and, unless
//! rejected, the document that the proof covers. An invalid credential is a report, never an `Err`.
//! Must not know: where credentials come from, how they are stored, what becomes of them.

pub mod addresses;
pub mod checks;
pub mod documents;
pub mod formats;
pub mod keys;
pub mod outcome;
mod presentation;
pub mod securing;
mod verifier;
mod verifiers;

use crate::model::credential::{Format, Securing, VerifiedDocument};
use crate::model::report::{Check, VerificationReport};
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Duration, Utc};
pub use presentation::{HolderSignature, holder_signature};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
pub use verifier::{STEPS, Step, Verifier};
pub use verifiers::Verifiers;

/// A future that may contain itself: credentials hold credentials.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the caller wants to know beside "is it genuine?".
#[derive(Clone, Debug)]
pub struct VerificationRequest {
    /// The moment to verify as of.
    pub at: DateTime<Utc>,
    /// Whom the credential should be about; empty when nobody asked.
    pub candidate: CandidateHint,
    /// Whether to fill [`crate::model::report::Check::explain`].
    pub explain: bool,
}

/// Report and, unless rejected, the covered content.
#[derive(Clone, Debug)]
pub struct Verification {
    pub report: VerificationReport,
    pub document: Option<VerifiedDocument>,
}

/// What a presentation must be bound to.
#[derive(Clone, Debug, Default)]
pub struct PresentationRequest {
    pub challenge: Option<String>,
    pub domain: Option<String>,
    /// How far the date of the holder's signature may be from the moment of the check; `None`: the date is not looked at.
    pub window: Option<Duration>,
}

impl PresentationRequest {
    /// Whether a holder's signature that was made at `made` is too old at the moment `at`, or from the future (RFC 9901 §7.3).
    fn is_untimely(&self, made: DateTime<Utc>, at: DateTime<Utc>) -> bool {
        self.window.is_some_and(|window| (at - made).abs() > window)
    }
}

/// What the securing of a document proves, before anything that it says is looked at: no status, no trust, no recipient.
/// This part never fetches another credential, so status lists and schema credentials are verified with it.
#[derive(Clone, Debug)]
pub struct SecuredDocument {
    pub format: Format,
    pub secured_with: Securing,
    /// The decoded document, also when a check failed: nothing in it is to be believed then.
    pub json: Option<Arc<Value>>,
    /// The issuer that the controller check bound the key to.
    pub issuer_id: Option<String>,
    /// `format`, `context`, `proof`, `controller`, `integrity`, `validity`.
    pub checks: Vec<Check>,
}
