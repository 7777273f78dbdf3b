//! The ordered checks that turn a received credential into a verdict.
//! Comes in: one credential, what is known of the person, the moment. Goes out: a [`VerificationReport`] and, unless
//! rejected, the document that the proof covers. An invalid credential is a report, never an `Err`.
//! Must not know: where credentials come from, how they are stored, what becomes of them.

pub mod credential_schema;
pub mod did;
pub mod documents;
pub mod issuer_trust;
pub mod key_forms;
pub mod keys;
pub mod nested;
pub mod open_badges_2;
pub mod proof;
pub mod recipient;
pub mod schema;
pub mod status;

use crate::jsonld::Contexts;
use crate::model::credential::{
    Document, Format, PresentationFacts, ReceivedCredential, ReceivedPresentation, Securing, VerifiedDocument,
};
use crate::model::report::{Check, VerificationReport};
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Utc};
use documents::Documents;
use issuer_trust::TrustPolicy;
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

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
}

/// What the securing of a document proves, before anything that it says is looked at: no status, no trust, no recipient.
/// This part never fetches another credential, so status lists and schema credentials are verified with it.
#[derive(Clone, Debug)]
pub struct SecuredDocument {
    pub format: Format,
    pub secured_with: Securing,
    /// The decoded document, also when a check failed: nothing in it is to be believed then.
    pub json: Option<Value>,
    /// The issuer that the controller check bound the key to.
    pub issuer_id: Option<String>,
    /// `format`, `context`, `proof`, `controller`, `integrity`, `validity`.
    pub checks: Vec<Check>,
}

/// Cheap to clone; shared by all requests.
#[derive(Clone)]
pub struct Verifier {
    pub documents: Documents,
    pub contexts: Contexts,
    pub policy: Arc<TrustPolicy>,
}

impl Verifier {
    pub fn new(documents: Documents, contexts: Contexts) -> Self {
        Self { documents, contexts, policy: Arc::new(TrustPolicy::built_in()) }
    }

    pub fn with_policy(mut self, policy: TrustPolicy) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    /// The checks on how a document is secured, alone (status lists, schema credentials).
    pub async fn verify_secured(&self, _document: &Document, _at: DateTime<Utc>) -> SecuredDocument {
        unimplemented!()
    }

    /// [`Verifier::verify`] for a credential `depth` levels inside another one; at `nested::MAX_DEPTH` nothing further inside is verified.
    pub fn verify_within<'a>(
        &'a self,
        _received: &'a ReceivedCredential,
        _request: &'a VerificationRequest,
        _depth: usize,
    ) -> BoxFuture<'a, Verification> {
        unimplemented!()
    }

    pub async fn verify(&self, _received: &ReceivedCredential, _request: &VerificationRequest) -> Verification {
        unimplemented!()
    }

    /// The presentation's own proof: the transport's verdict, never mixed with that of its credentials.
    pub async fn verify_presentation(
        &self,
        _presentation: &ReceivedPresentation,
        _expected: &PresentationRequest,
        _request: &VerificationRequest,
    ) -> (VerificationReport, PresentationFacts) {
        unimplemented!()
    }
}
