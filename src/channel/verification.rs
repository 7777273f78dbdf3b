//! Stateless verification for partners (VCALM): one credential or one presentation, and challenges that are good once.
//! Comes in: requests that `protocol::vcalm` has read. Goes out: their answers. Nothing but the challenges is stored.
//! Must not know: HTTP, how a proof is checked.

use super::answer::nothing_to_judge;
use super::exchange::unavailable;
use super::{Channels, secrets};
use crate::examine::{Examined, ExaminedCredential, Presented, PresentedContent, Question};
use crate::model::code::Code;
use crate::model::credential::{Document, ReceivedCredential};
use crate::model::ids::TenantId;
use crate::model::report::VerificationReport;
use crate::model::submission::{CandidateHint, UploadedFile};
use crate::protocol::vcalm::problem::Problem;
use crate::protocol::vcalm::results::{PresentationVerdict, credential_answer, presentation_answer};
use crate::protocol::vcalm::verify_request::VerifyRequest;
use crate::verify::{PresentationRequest, VerificationRequest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::Duration;
use serde_json::{Value, json};

const CHALLENGE_MINUTES: i64 = 15;
/// Tells challenges that came from here from those of callers.
const CHALLENGE_PREFIX: &str = "sg_";

impl Channels {
    /// A challenge that one call of [`Channels::judge_presentation`] may name.
    pub async fn create_challenge(&self, tenant: &TenantId) -> Result<String, Problem> {
        let challenge = format!("{CHALLENGE_PREFIX}{}", secrets::random_id());
        let expires_at = self.clock().now() + Duration::minutes(CHALLENGE_MINUTES);
        let stored = self.store().create_challenge(tenant, &secrets::hash(&challenge), expires_at).await;
        stored.map_err(unavailable)?;
        Ok(challenge)
    }

    /// The answer of `POST /credentials/verify`.
    ///
    /// # Errors
    /// The body is not exactly one credential, or the gateway has a fault.
    pub async fn judge_credential(&self, tenant: &TenantId, asked: &VerifyRequest) -> Result<Value, Problem> {
        let question = self.question(tenant, asked);
        let presented = self.present(asked, &question).await;
        match presented.as_ref().map(|file| &file.content) {
            Some(PresentedContent::Credentials(list)) if list.len() == 1 => {}
            Some(PresentedContent::Nothing(problem)) => return Err(nothing_to_judge(problem)),
            _ => return Err(not_a_credential()),
        }
        let examined = self.finish(presented, &question).await?;
        let credential = examined.credentials.first().ok_or_else(not_a_credential)?;
        Ok(credential_answer(&credential.report, &asked.json, asked.wanted))
    }

    /// The answer of `POST /presentations/verify`.
    ///
    /// # Errors
    /// The body is not a presentation, the store is away, or the gateway has a fault.
    pub async fn judge_presentation(&self, tenant: &TenantId, asked: &VerifyRequest) -> Result<Value, Problem> {
        let question = self.question(tenant, asked);
        let presented = self.present(asked, &question).await;
        match presented.as_ref().map(|file| &file.content) {
            Some(PresentedContent::Presentation(..)) => {}
            Some(PresentedContent::Nothing(problem)) => return Err(nothing_to_judge(problem)),
            _ => return Err(not_a_presentation()),
        }
        let examined = self.finish(presented, &question).await?;
        let finding = examined.presentation.as_ref().ok_or_else(not_a_presentation)?;
        let report = &finding.report;
        // A challenge that came from here is good once. Others are the caller's own business.
        let mut challenge_holds = !report.says(Code::ChallengeMismatch);
        if let Some(challenge) = own_challenge(asked) {
            let consumed = self.store().consume_challenge(tenant, &secrets::hash(challenge), self.clock().now()).await;
            challenge_holds &= consumed.map_err(unavailable)?;
        }
        let verdict = PresentationVerdict {
            presentation: &asked.json,
            report: (!asked.proofless).then_some(report),
            holder: finding.facts.proven_holder.as_deref(),
            challenge: asked.challenge.as_deref().map(|challenge| (challenge, challenge_holds)),
            domain: asked.domain.as_deref().map(|domain| (domain, !report.says(Code::DomainMismatch))),
            credentials: examined.credentials.iter().map(input_and_report).collect(),
        };
        Ok(presentation_answer(&verdict, asked.wanted))
    }

    fn question(&self, tenant: &TenantId, asked: &VerifyRequest) -> Question {
        Question {
            tenant_id: tenant.clone(),
            candidate_ref: None,
            request: VerificationRequest { at: self.clock().now(), candidate: CandidateHint::default(), explain: false },
            expected: PresentationRequest {
                challenge: asked.challenge.clone(),
                domain: asked.domain.clone(),
                // A presentation that was signed for another verifier's request may be of any age.
                window: own_challenge(asked).map(|_| Duration::seconds(self.settings.holder_signature_seconds)),
            },
        }
    }

    /// The first value of the member; a well-formed request sends no second value.
    async fn present(&self, asked: &VerifyRequest, question: &Question) -> Option<Presented> {
        let file = UploadedFile { name: None, media_type: None, bytes: Bytes::copy_from_slice(&asked.bytes) };
        let opened = self.pipeline.examiner.open(vec![file]).await.into_iter().take(1).collect();
        self.pipeline.examiner.present(opened, question).await.into_iter().next()
    }

    async fn finish(&self, presented: Option<Presented>, question: &Question) -> Result<Examined, Problem> {
        let examined = self.pipeline.examiner.examine_presented(presented.into_iter().collect(), question).await;
        // One file goes in, so one comes out.
        let examined = examined.into_iter().next().ok_or_else(Problem::internal_fault)?;
        match &examined.problem {
            Some(problem) => Err(nothing_to_judge(problem)),
            None => Ok(examined),
        }
    }
}

/// The challenge, when it came from here.
fn own_challenge(asked: &VerifyRequest) -> Option<&str> {
    asked.challenge.as_deref().filter(|challenge| challenge.starts_with(CHALLENGE_PREFIX))
}

fn not_a_credential() -> Problem {
    Problem::malformed("verifiableCredential is not one credential.")
}

fn not_a_presentation() -> Problem {
    Problem::malformed("This is not a presentation.")
}

fn input_and_report(credential: &ExaminedCredential) -> (Value, &VerificationReport) {
    (input_of(&credential.received), &credential.report)
}

/// The credential as JSON for the results: its content, or the text of a token.
fn input_of(credential: &ReceivedCredential) -> Value {
    match &credential.document {
        Document::Json(value) => (**value).clone(),
        Document::CompactJws(token) => json!(token.text),
        Document::SdJwt(text) | Document::HostedUrl(text) => json!(text),
        Document::CoseSign1(bytes) => json!(STANDARD.encode(bytes)),
    }
}
