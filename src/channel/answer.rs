//! The verdict on a wallet's message as a transport: is it a presentation, is its proof good, is it for this request?
//! Never mixed with the verdicts on the credentials inside, which the pipeline gives.

use super::Channels;
use crate::examine::{PresentationFinding, Presented, PresentedContent, Question};
use crate::model::code::Code;
use crate::model::credential::{Document, ReceivedCredential};
use crate::model::exchange::{Exchange, ExchangeOptions};
use crate::model::ids::TenantId;
use crate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use crate::model::submission::{CandidateHint, FileProblem, UploadedFile};
use crate::protocol::asked::{self, is_asked_for};
use crate::protocol::claims::{missing, spelled};
use crate::protocol::sets::{self, Answered};
use crate::protocol::vcalm::problem::Problem;
use crate::verify::checks::issuer_trust::UnboundAnswers;
use crate::verify::securing::sd_jwt::SdJwt;
use crate::verify::{HolderSignature, PresentationRequest, VerificationRequest};
use bytes::Bytes;
use serde_json::Value;

/// One presentation as the wallet sent it, in any envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
    /// The query that it answers, where the wallet names one.
    pub query: Option<String>,
}

impl Answer {
    pub fn file(&self) -> UploadedFile {
        UploadedFile {
            name: Some("presentation".to_owned()),
            media_type: Some(self.media_type.to_owned()),
            bytes: Bytes::copy_from_slice(&self.bytes),
        }
    }
}

/// The facts that the presentations prove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// Holders whose proofs hold.
    pub holders: Vec<String>,
    /// Whether an SD-JWT credential came with its holder's own signature for this request.
    pub key_bound: bool,
    pub credentials: usize,
    /// Whether some credential came without its holder's signature for this request.
    pub unbound: bool,
    /// Queries of a request for several credentials that were answered.
    pub answered: Answered,
}

impl Channels {
    /// Opens all files of an answer and judges how their credentials were handed over; the first file that does not hold decides.
    /// Goes out: the judged files, for the pipeline, and what they prove.
    ///
    /// Credentials that their holder did not sign over to this request are refused, unless the employer's policy takes them: leaving
    /// a signature out must gain nothing over a bad one (OpenID4VP 1.0 §8.6).
    pub async fn judge(
        &self,
        exchange: &Exchange,
        answers: &[Answer],
        expected: &PresentationRequest,
    ) -> Result<(Vec<Presented>, Transport), Problem> {
        let question = Question {
            tenant_id: exchange.tenant_id.clone(),
            candidate_ref: None,
            request: VerificationRequest { at: self.clock().now(), candidate: CandidateHint::default(), explain: false },
            expected: expected.clone(),
        };
        let examiner = &self.pipeline.examiner;
        let opened = examiner.open(answers.iter().map(Answer::file).collect()).await;
        let presented = examiner.present(opened, &question).await;
        let mut transport = Transport::default();
        for (place, file) in presented.iter().enumerate() {
            let query = answers.get(place).and_then(|answer| answer.query.as_deref());
            transport.add(&file.content, &exchange.options, query)?;
        }
        if transport.credentials == 0 {
            return Err(Problem::nothing_presented());
        }
        if let Some(unmet) = sets::unmet(&exchange.options, &transport.answered) {
            return Err(Problem::not_asked_for(unmet));
        }
        if transport.unbound && !self.takes_unbound(&exchange.tenant_id) {
            return Err(Problem::holder_not_proven());
        }
        Ok((presented, transport))
    }

    /// Whether the employer's policy takes answers that their holder did not sign.
    pub fn takes_unbound(&self, tenant: &TenantId) -> bool {
        self.pipeline.examiner.verifiers.of(tenant).policy.unbound_answers() == UnboundAnswers::Attention
    }
}

impl Transport {
    fn add(&mut self, content: &PresentedContent, options: &ExchangeOptions, query: Option<&str>) -> Result<(), Problem> {
        match content {
            PresentedContent::Presentation(finding, carried) => {
                let PresentationFinding { report, facts } = finding.as_ref();
                refuse_if_bad(report, facts.proof.is_some())?;
                self.unbound |= facts.unbound;
                self.holders.extend(facts.proven_holder.clone());
                for credential in carried {
                    self.count(credential, options, query)?;
                }
            }
            PresentedContent::Credentials(signed) => {
                for (credential, signature) in signed {
                    self.count(credential, options, query)?;
                    match signature {
                        HolderSignature::Holds => self.key_bound = true,
                        HolderSignature::Absent => self.unbound = true,
                        HolderSignature::OtherChallenge => {
                            return Err(Problem::challenge("The holder signed for another request than this one."));
                        }
                        HolderSignature::OtherDomain => {
                            return Err(Problem::domain("The holder signed for another recipient."));
                        }
                        HolderSignature::OtherTime => {
                            let detail = "The holder's signature is dated too far from now. Check the clock of the device, and answer the request again.";
                            return Err(Problem::proof(detail));
                        }
                        HolderSignature::Broken => {
                            return Err(Problem::proof("The holder's signature on the credential does not hold."));
                        }
                    }
                }
            }
            PresentedContent::Nothing(problem) => return Err(nothing_to_judge(problem)),
        }
        Ok(())
    }

    fn count(&mut self, credential: &ReceivedCredential, options: &ExchangeOptions, query: Option<&str>) -> Result<(), Problem> {
        let disclosed = disclosed(&credential.document);
        if !options.credentials.is_empty() {
            let counted = sets::count(options, query, &credential.document, disclosed.as_ref(), &mut self.answered);
            counted.map_err(Problem::not_asked_for)?;
            self.credentials += 1;
            return Ok(());
        }
        if !is_asked_for(options, &credential.document) {
            return Err(Problem::not_asked_for("The answer holds a credential of a type that was not asked for."));
        }
        if let Some(claim) = disclosed.as_ref().and_then(|claims| missing(&options.claims, claims)) {
            let detail = format!("A credential in the answer does not show what was asked for: {}.", spelled(claim));
            return Err(Problem::not_asked_for(detail));
        }
        self.credentials += 1;
        if self.credentials > 1 && !options.multiple {
            return Err(Problem::not_asked_for("The answer holds several credentials, and one was asked for."));
        }
        Ok(())
    }
}

/// The disclosed part of a credential. `None` for a credential that can't be taken apart, which its verification reports.
fn disclosed(document: &Document) -> Option<Value> {
    match document {
        Document::SdJwt(text) => SdJwt::parse(text).ok().map(|parsed| Value::Object(parsed.claims)),
        other => asked::content(other).map(|content| Value::Object(content.into_owned())),
    }
}

/// The answer to a file that gave no credential: the sender's mistake, or a fault of the gateway.
pub fn nothing_to_judge(problem: &FileProblem) -> Problem {
    match problem.is_internal_fault() {
        true => Problem::internal_fault(),
        false => Problem::malformed(problem.message.clone()),
    }
}

fn refuse_if_bad(report: &VerificationReport, signed: bool) -> Result<(), Problem> {
    let unchecked = |check: &&crate::model::report::Check| {
        signed && matches!(check.id, CheckId::Proof | CheckId::Controller) && check.status == CheckStatus::CouldNotCheck
    };
    let failed = report.checks.iter().find(|check| check.status == CheckStatus::Fail);
    let Some(check) = failed.or_else(|| report.checks.iter().find(unchecked)) else {
        return if report.outcome == Outcome::Rejected { Err(Problem::proof("The presentation was rejected.")) } else { Ok(()) };
    };
    if check.says(Code::ChallengeMismatch) {
        return Err(Problem::challenge("The presentation answers another request than this one."));
    }
    if check.says(Code::DomainMismatch) {
        return Err(Problem::domain("The presentation was made for another recipient."));
    }
    match check.id {
        CheckId::Format | CheckId::Schema => Err(Problem::malformed(check.message.clone())),
        _ => Err(Problem::proof(check.message.clone())),
    }
}
