//! Submissions that are answered first and worked on later. Comes in: files kept in the store. Goes out: the same as from a
//! submission worked on at once. Must not know: who starts it.

use super::record::{Person, record};
use super::{Pipeline, PipelineError, begin};
use crate::model::ids::SubmissionId;
use crate::model::record::{Idempotency, NewSubmission};
use crate::model::submission::UploadedFile;
use crate::store::SubmissionRequest;

/// A kill loses at most the verification of so many files, never a written result.
const FILES_PER_TRANSACTION: usize = 64;

impl Pipeline {
    /// Works on a submission that is not complete, also one that a stopped process left behind: some files at a time,
    /// each time in one transaction, so that what was written is never done again.
    pub async fn resume(&self, id: &SubmissionId) -> Result<(), PipelineError> {
        let Some((stored, request, files)) = self.store.submission_work(id).await? else { return Ok(()) };
        let submission = NewSubmission {
            received_at: stored.created_at,
            id: id.clone(),
            tenant_id: stored.tenant_id,
            channel: stored.channel,
            candidate_ref: stored.candidate_ref,
        };
        let (candidate_ref, hint) = (request.candidate_ref.clone(), request.candidate.clone());
        let person = Person { candidate_ref, named: request.named, hint };
        let question = self.question(&submission.tenant_id, &request).await?;
        let mut done = stored.progress.done;
        let opened = self.examiner.open(files).await;
        let mut work = self.plan(question, person.clone(), &request, &opened, stored.created_at);
        let mut left = opened.into_iter().skip(done as usize);
        loop {
            let some: Vec<_> = left.by_ref().take(FILES_PER_TRANSACTION).collect();
            let is_last = some.len() < FILES_PER_TRANSACTION;
            let presented = self.examiner.present(some, &work.question).await;
            let worked = self.work_on(&mut work, presented).await?;
            let count = worked.len() as u32;
            let (submission, person, now) = (submission.clone(), person.clone(), self.clock.now());
            let written = self.store.transaction(move |transaction| {
                let written = record(transaction, &submission, &person, &worked, done, now)?;
                if written && is_last {
                    transaction.complete_submission(&submission.id, now)?;
                    transaction.forget_work(&submission.id)?;
                }
                Ok(written)
            });
            // Not written: another worker has the submission and continues.
            if !written.await? || is_last {
                return Ok(());
            }
            done += count;
        }
    }

    /// Keeps the files as they came: from here on the job survives a kill.
    pub(super) async fn keep_for_later(
        &self,
        submission: NewSubmission,
        key: Option<(String, String)>,
        request: SubmissionRequest,
        files: Vec<UploadedFile>,
        total: usize,
    ) -> Result<Idempotency, PipelineError> {
        let now = self.clock.now();
        let (candidate_ref, hint) = (request.candidate_ref.clone(), request.candidate.clone());
        let person = Person { candidate_ref, named: request.named, hint };
        let written = self.store.transaction(move |transaction| {
            let used_for = begin(transaction, &submission, &person, key, total, now)?;
            if used_for == Idempotency::New {
                transaction.keep_work(&submission.id, &request, &files)?;
            }
            Ok(used_for)
        });
        Ok(written.await?)
    }
}
