//! The way of one submission: accept → verify → normalize → one transaction.
//! Comes in: files and what is said of the person. Goes out: a [`Submission`] that is stored, with its events in the outbox.
//! Must not know: HTTP, the queue, connectors.

use crate::intake::Limits;
use crate::model::clock::Clock;
use crate::model::ids::{SubmissionId, TenantId};
use crate::model::submission::{CandidateHint, Channel, Submission, UploadedFile};
use crate::store::{Store, StoreError};
use crate::verify::{PresentationRequest, Verifier};

/// Files to take in, for one person at most.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub tenant_id: TenantId,
    pub channel: Channel,
    pub candidate: CandidateHint,
    pub files: Vec<UploadedFile>,
    /// What a presentation among the files must be bound to; empty when nobody asked a wallet for it (uploads, links).
    pub expected: PresentationRequest,
    pub idempotency_key: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error("the idempotency key was used for another request")]
    IdempotencyConflict,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    pub verifier: Verifier,
    pub store: Store,
    pub limits: Limits,
    pub clock: Clock,
}

impl Pipeline {
    /// Stores and works on the files. The submission is `complete`, or `processing` when it holds more than
    /// `limits.max_files_inline` files: those are worked on by [`Pipeline::resume`].
    pub async fn accept(&self, _delivered: Delivered) -> Result<Submission, PipelineError> {
        unimplemented!()
    }

    /// Works on submissions that are not complete, also ones that a stopped process left behind.
    pub async fn resume(&self, _submission: &SubmissionId) -> Result<(), PipelineError> {
        unimplemented!()
    }
}
