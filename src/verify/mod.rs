//! The ordered checks that turn a received credential into a verdict.
//! Comes in: one credential, what is known of the person, the moment. Goes out: a [`VerificationReport`] and, unless
//! rejected, the document that the proof covers. An invalid credential is a report, never an `Err`.
//! Must not know: where credentials come from, how they are stored, what becomes of them.

pub mod documents;
pub mod keys;
pub mod proof;

use crate::jsonld::Contexts;
use crate::model::credential::{PresentationFacts, ReceivedCredential, ReceivedPresentation, VerifiedDocument};
use crate::model::report::VerificationReport;
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Utc};
use documents::Documents;

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

/// Cheap to clone; shared by all requests.
#[derive(Clone)]
pub struct Verifier {
    pub documents: Documents,
    pub contexts: Contexts,
}

impl Verifier {
    pub fn new(documents: Documents, contexts: Contexts) -> Self {
        Self { documents, contexts }
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
