//! The ordered checks that turn a received credential into a verdict.
//! Comes in: one credential, the known facts about the person, the moment. Goes out: a [`VerificationReport`] and, unless
//! rejected, the document that the proof covers. An invalid credential is a report, never an `Err`.
//! Must not know: the source, the storage or the later use of credentials.

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

/// A boxed future, since credentials hold credentials and the code is recursive.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The caller's request for one credential.
#[derive(Clone, Debug)]
pub struct VerificationRequest {
    /// The moment as of which the credential is verified.
    pub at: DateTime<Utc>,
    /// The person that the credential should be about; empty when the caller names no person.
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

/// The challenge and domain that a presentation must be bound to.
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

/// The result of the checks on a document's securing, without status, trust and recipient. These checks never fetch another
/// credential, so status lists and schema credentials are verified with them.
#[derive(Clone, Debug)]
pub struct SecuredDocument {
    pub format: Format,
    pub secured_with: Securing,
    /// The decoded document. After a failed check, no statement in it may be used.
    pub json: Option<Arc<Value>>,
    /// The issuer that the controller check bound the key to.
    pub issuer_id: Option<String>,
    /// `format`, `context`, `proof`, `controller`, `integrity`, `validity`.
    pub checks: Vec<Check>,
}
