//! The way of one submission: accept → examine (open, verify, normalise) → one transaction.
//! Comes in: files and the submitter's statements about the person. Goes out: a stored [`Submission`], with its events in the outbox.
//! Must not know: HTTP, the queue, connectors.

mod addresses;
mod delivered;
pub mod events;
mod job;
mod lifecycle;
mod mapping;
mod merge;
mod owners;
mod people;
mod persons;
pub mod record;
mod review;
mod status;
mod trust;
mod work;
pub mod worked;

use crate::examine::{Examiner, Presented};
use crate::model::clock::Clock;
use crate::model::ids::{SubmissionId, TenantId};
use crate::model::record::{Idempotency, NewSubmission};
use crate::model::submission::{Channel, Submission};
use crate::skills::Mapper;
use crate::store::{Store, StoreError, SubmissionRequest, Transaction};
use crate::trace;
use chrono::{DateTime, Duration, Utc};
pub use delivered::Delivered;
use record::{Person, record, standing};
use tracing::{Instrument, Span};
use worked::WorkedFile;

#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error("the idempotency key was used for another request")]
    IdempotencyConflict,
    /// A published trust policy can't be read any more.
    #[error("{0}")]
    Policy(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    pub examiner: Examiner,
    pub store: Store,
    pub mapper: Mapper,
    pub clock: Clock,
    /// How long an issuer's status counts before it is checked again; `None`: it is never checked again.
    pub status_interval: Option<Duration>,
}

impl Pipeline {
    /// Stores and works on the files. The submission is `complete`, or `processing` when it holds more than
    /// `limits.max_files_inline` files: those are worked on by [`Pipeline::resume`].
    pub async fn accept(&self, delivered: Delivered) -> Result<Submission, PipelineError> {
        let span = submission_span(delivered.channel);
        self.take_in(delivered, None).instrument(span).await
    }

    /// As [`Pipeline::accept`], for a wallet's answer whose files were opened and whose presentations were judged before.
    pub async fn accept_presented(&self, delivered: Delivered, presented: Vec<Presented>) -> Result<Submission, PipelineError> {
        let span = submission_span(delivered.channel);
        self.take_in(delivered, Some(presented)).instrument(span).await
    }

    async fn take_in(&self, delivered: Delivered, presented: Option<Vec<Presented>>) -> Result<Submission, PipelineError> {
        let request_hash = delivered.hash()?;
        if let Some(key) = &delivered.idempotency_key {
            let used_for = self.store.idempotency(&delivered.tenant_id, key, &request_hash).await?;
            if let Some(earlier) = self.earlier(&delivered.tenant_id, used_for).await? {
                return Ok(earlier);
            }
        }
        let now = self.clock.now();
        let person = self.person(&delivered, now).await?;
        let submission = NewSubmission {
            received_at: now,
            id: SubmissionId::generate(),
            tenant_id: delivered.tenant_id.clone(),
            channel: delivered.channel,
            candidate_ref: person.named.then(|| person.candidate_ref.clone()),
        };
        let total = self.examiner.count(&delivered.files).await;
        let request = SubmissionRequest {
            candidate: delivered.candidate,
            people: delivered.people,
            candidate_ref: person.candidate_ref.clone(),
            named: person.named,
            challenge: delivered.expected.challenge,
            domain: delivered.expected.domain,
        };
        let key = delivered.idempotency_key.map(|key| (key, request_hash));
        let used_for = if total > self.examiner.limits.max_files_inline {
            self.keep_for_later(submission.clone(), key, request, delivered.files, total).await?
        } else {
            let question = self.question(&submission.tenant_id, &request).await?;
            let opened = if presented.is_some() { Vec::new() } else { self.examiner.open(delivered.files).await };
            let mut work = self.plan(question, person.clone(), &request, &opened, now);
            let presented = match presented {
                Some(presented) => presented,
                None => self.examiner.present(opened, &work.question).await,
            };
            let files = self.work_on(&mut work, presented).await?;
            self.write_whole(submission.clone(), key, person, files).await?
        };
        if let Some(earlier) = self.earlier(&submission.tenant_id, used_for).await? {
            return Ok(earlier);
        }
        self.stored(&submission.tenant_id, &submission.id).await
    }

    /// One transaction for everything: the submission, its files, credentials, skills and events.
    async fn write_whole(
        &self,
        submission: NewSubmission,
        key: Option<(String, String)>,
        person: Person,
        worked: Vec<WorkedFile>,
    ) -> Result<Idempotency, PipelineError> {
        let now = self.clock.now();
        let written = self.store.transaction(move |transaction| {
            let used_for = begin(transaction, &submission, &person, key, worked.len(), now)?;
            if used_for == Idempotency::New {
                record(transaction, &submission, &person, &worked, 0, now)?;
                transaction.complete_submission(&submission.id, now)?;
            }
            Ok(used_for)
        });
        let span = tracing::info_span!(target: trace::TARGET, "store");
        Ok(written.instrument(span).await?)
    }

    async fn earlier(&self, tenant: &TenantId, used_for: Idempotency) -> Result<Option<Submission>, PipelineError> {
        match used_for {
            Idempotency::New => Ok(None),
            Idempotency::Same(id) => self.stored(tenant, &id).await.map(Some),
            Idempotency::Conflict => Err(PipelineError::IdempotencyConflict),
        }
    }

    async fn stored(&self, tenant: &TenantId, id: &SubmissionId) -> Result<Submission, PipelineError> {
        let found = self.store.submission(tenant, id).await?;
        Ok(found.ok_or_else(|| StoreError::Internal("a submission went away while it was answered".to_owned()))?)
    }
}

/// The work on what a channel delivered, until it is stored.
fn submission_span(channel: Channel) -> Span {
    tracing::info_span!(target: trace::TARGET, "submission", channel = channel.as_str())
}

/// The first step of either transaction.
fn begin(
    transaction: &mut Transaction<'_>,
    submission: &NewSubmission,
    person: &Person,
    key: Option<(String, String)>,
    total: usize,
    now: DateTime<Utc>,
) -> Result<Idempotency, StoreError> {
    let used_for = match &key {
        None => Idempotency::New,
        Some((key, hash)) => transaction.idempotency(&submission.tenant_id, key, hash)?,
    };
    if used_for == Idempotency::New {
        if person.named {
            let candidate = transaction.current_ref(&submission.tenant_id, &person.candidate_ref)?;
            standing(transaction, submission, &candidate)?.ok_or(StoreError::Erased)?;
        }
        transaction.insert_submission(submission, total)?;
        if let Some((key, hash)) = &key {
            transaction.reserve_idempotency_key(submission, key, hash, now)?;
        }
    }
    Ok(used_for)
}
