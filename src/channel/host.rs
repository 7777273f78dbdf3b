//! A push over the Open Badges API: verified like any submission, and stored to be served back.

use super::Channels;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::oauth::HostedCredential;
use crate::model::report::Outcome;
use crate::model::submission::{CandidateHint, Channel, Submission, UploadedFile};
use crate::pipeline::{Delivered, PipelineError};
use crate::protocol::open_badges::Api;
use crate::protocol::open_badges::host::{Pushed, Upsert, decide};
use crate::store::Shelf;
use crate::verify::PresentationRequest;
use bytes::Bytes;

/// The result of a push.
#[derive(Clone, Debug, PartialEq)]
pub enum PushResult {
    Created(Submission),
    Replaced(Submission),
    NotModified,
    /// A newer credential that did not verify does not replace a credential that did.
    Kept,
}

/// The sender of a push, and its statements about the candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pusher {
    /// A platform that the candidate let in: the known facts about the candidate count as if they were stated now.
    Platform,
    /// The employer's own system, with the addresses that it names.
    Employer(Vec<String>),
}

pub fn shelf(api: Api, tenant: &TenantId, candidate: &CandidateRef) -> Shelf {
    let api = match api {
        Api::OpenBadges3 => "ob",
        Api::Clr2 => "clr",
    };
    Shelf { tenant: tenant.clone(), candidate: candidate.clone(), api }
}

impl Channels {
    /// Takes a credential in for the candidate of the token. The body never chooses the candidate.
    pub async fn push(
        &self,
        api: Api,
        tenant: &TenantId,
        candidate: &CandidateRef,
        pusher: Pusher,
        pushed: Pushed,
    ) -> Result<PushResult, PipelineError> {
        let shelf = shelf(api, tenant, candidate);
        let before = self.store().hosted_credential(&shelf, &pushed.natural_key).await?;
        if let Some(stored) = &before {
            let rejected = stored.outcome == Outcome::Rejected.as_str();
            if decide(&pushed, &stored.bytes, stored.valid_from, rejected) == Upsert::NotModified {
                return Ok(PushResult::NotModified);
            }
        }
        let mut said = CandidateHint { candidate_ref: Some(candidate.clone()), ..CandidateHint::default() };
        match pusher {
            Pusher::Platform => {
                let identity = self.store().candidate_identity(tenant, candidate).await?;
                said = CandidateHint { dids: identity.proven_dids(), emails: identity.emails, name: identity.name, ..said };
            }
            Pusher::Employer(emails) => said.emails = emails,
        }
        let file = UploadedFile {
            name: Some(pushed.file_name().to_owned()),
            media_type: Some(pushed.media_type().to_owned()),
            bytes: Bytes::copy_from_slice(&pushed.bytes),
        };
        let delivered = Delivered {
            tenant_id: tenant.clone(),
            channel: Channel::OpenBadges,
            candidate: said,
            files: vec![file],
            people: Vec::new(),
            expected: PresentationRequest::default(),
            idempotency_key: None,
        };
        let submission = self.pipeline.accept(delivered).await?;
        let outcome = submission.outcome.unwrap_or(Outcome::Rejected);
        let was_good = before.as_ref().is_some_and(|stored| stored.outcome != Outcome::Rejected.as_str());
        if outcome == Outcome::Rejected && was_good {
            return Ok(PushResult::Kept);
        }
        let now = self.clock().now();
        let hosted = HostedCredential {
            natural_key: pushed.natural_key,
            compact_jws: pushed.compact_jws,
            bytes: pushed.bytes,
            valid_from: pushed.valid_from,
            outcome: outcome.as_str().to_owned(),
            submission_id: submission.id.to_string(),
            created_at: now,
            updated_at: now,
        };
        let created = self.store().put_hosted_credential(&shelf, &hosted).await?;
        Ok(if created { PushResult::Created(submission) } else { PushResult::Replaced(submission) })
    }
}
