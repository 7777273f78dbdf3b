//! Whom a request is about. Comes in: the request's statements about the person. Goes out: the person, found or made, and the facts that a
//! credential is compared with. Must not know: what is in the files.

use super::record::Person;
use super::{Delivered, Pipeline, PipelineError};
use crate::examine::Question;
use crate::model::candidate::Identity;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::submission::CandidateHint;
use crate::store::SubmissionRequest;
use crate::verify::{PresentationRequest, VerificationRequest};
use chrono::{DateTime, Utc};

impl Pipeline {
    /// The named person, found or made; otherwise a new reference for an unknown person.
    pub(super) async fn person(&self, delivered: &Delivered, now: DateTime<Utc>) -> Result<Person, PipelineError> {
        let hint = &delivered.candidate;
        let named = hint.names_somebody();
        if !named {
            return Ok(Person { candidate_ref: CandidateRef::generate(), named, hint: hint.clone() });
        }
        let candidate_ref = self.store.find_or_create_candidate(&delivered.tenant_id, hint, now).await?;
        let candidate_ref = self.unite(&delivered.tenant_id, candidate_ref, &hint.dids).await?;
        Ok(Person { candidate_ref, named, hint: hint.clone() })
    }

    /// The question that the credentials of a submission must answer.
    pub(super) async fn question(&self, tenant: &TenantId, request: &SubmissionRequest) -> Result<Question, PipelineError> {
        let mut candidate = CandidateHint { candidate_ref: None, ..request.candidate.clone() };
        let candidate_ref = self.store.current_ref(tenant, &request.candidate_ref).await?;
        if request.named {
            candidate = with_known(candidate, self.store.candidate_identity(tenant, &candidate_ref).await?);
        }
        Ok(Question {
            tenant_id: tenant.clone(),
            candidate_ref: Some(candidate_ref),
            request: VerificationRequest { at: self.clock.now(), candidate, explain: false },
            // Work may be continued long after the files came in: their dates are not held against the clock any more.
            expected: PresentationRequest { challenge: request.challenge.clone(), domain: request.domain.clone(), window: None },
        })
    }
}

/// What a request says of the person, with what is known beside it. An address that the request does not name counts as the person's only
/// when it is proven: somebody may have mistyped it in another request.
pub fn with_known(said: CandidateHint, known: Identity) -> CandidateHint {
    let is_said = |email: &String| said.emails.iter().any(|said| said.trim().eq_ignore_ascii_case(email));
    let (proven, unproven) = known.emails_by_proof();
    let unproven_emails = unproven.into_iter().filter(|email| !is_said(email)).collect();
    let emails = said.emails.iter().cloned().chain(proven.into_iter().filter(|email| !is_said(email))).collect();
    let new_dids = known.proven_dids().into_iter().filter(|did| !said.dids.contains(did));
    let dids = said.dids.iter().cloned().chain(new_dids).collect();
    CandidateHint {
        candidate_ref: said.candidate_ref,
        emails,
        unproven_emails,
        dids,
        name: said.name.or(known.name),
        ats_id: said.ats_id,
    }
}
