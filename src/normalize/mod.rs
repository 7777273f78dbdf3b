//! Any verified format → the common skills model.
//! Comes in: the document that the proof covers, and its report. Goes out: a [`NormalizedCredential`].
//! Must not know: cryptography, storage, events.

use crate::model::credential::{NormalizedCredential, VerifiedDocument};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::report::VerificationReport;

/// What the document itself does not say.
#[derive(Clone, Debug)]
pub struct Origin {
    pub tenant_id: TenantId,
    pub candidate_ref: Option<CandidateRef>,
    /// Lower-case hex SHA-256 of the bytes as received.
    pub fingerprint: String,
}

pub fn normalize(_document: &VerifiedDocument, _report: &VerificationReport, _origin: &Origin) -> NormalizedCredential {
    unimplemented!()
}
