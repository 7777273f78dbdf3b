//! The verdict on a wallet's message as a transport: is it a presentation, is its proof good, is it for this request?
//! Never mixed with the verdicts on the credentials inside, which the pipeline gives.

use super::Channels;
use crate::examine::{PresentationFinding, Presented, PresentedContent, Question};
use crate::model::code::Code;
use crate::model::ids::TenantId;
use crate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use crate::model::submission::{CandidateHint, FileProblem, UploadedFile};
use crate::protocol::vcalm::problem::Problem;
use crate::verify::{HolderSignature, PresentationRequest, VerificationRequest};
use bytes::Bytes;

/// One presentation as the wallet sent it, in any envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub bytes: Vec<u8>,
    pub media_type: &'static str,
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

/// What the presentations prove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// Holders whose proofs hold.
    pub holders: Vec<String>,
    /// Whether an SD-JWT credential came with its holder's own signature for this request.
    pub key_bound: bool,
    pub credentials: usize,
    /// Whether some presentation came without a proof: its credentials are taken, its holder is not proven.
    pub unsigned: bool,
}

impl Channels {
    /// Opens all files of an answer and judges how their credentials were handed over; the first file that does not hold decides.
    /// Goes out: the judged files, for the pipeline, and what they prove.
    pub async fn judge(
        &self,
        tenant: &TenantId,
        answers: &[Answer],
        expected: &PresentationRequest,
    ) -> Result<(Vec<Presented>, Transport), Problem> {
        let question = Question {
            tenant_id: tenant.clone(),
            candidate_ref: None,
            request: VerificationRequest { at: self.clock().now(), candidate: CandidateHint::default(), explain: false },
            expected: expected.clone(),
        };
        let examiner = &self.pipeline.examiner;
        let opened = examiner.open(answers.iter().map(Answer::file).collect()).await;
        let presented = examiner.present(opened, &question).await;
        let mut transport = Transport::default();
        for file in &presented {
            transport.add(&file.content)?;
        }
        if transport.credentials == 0 { Err(Problem::nothing_presented()) } else { Ok((presented, transport)) }
    }
}

impl Transport {
    fn add(&mut self, content: &PresentedContent) -> Result<(), Problem> {
        match content {
            PresentedContent::Presentation(finding, carried) => {
                let PresentationFinding { report, facts } = finding.as_ref();
                refuse_if_bad(report, facts.proof.is_some())?;
                self.unsigned |= facts.proof.is_none();
                self.holders.extend(facts.proven_holder.clone());
                self.credentials += carried.len();
            }
            PresentedContent::Credentials(signed) => {
                for (_, signature) in signed {
                    match signature {
                        HolderSignature::Holds => self.key_bound = true,
                        HolderSignature::Absent => self.unsigned = true,
                        HolderSignature::OtherChallenge => {
                            return Err(Problem::challenge("The holder signed for another request than this one."));
                        }
                        HolderSignature::OtherDomain => {
                            return Err(Problem::domain("The holder signed for another recipient."));
                        }
                        HolderSignature::Broken => {
                            return Err(Problem::proof("The holder's signature on the credential does not hold."));
                        }
                    }
                }
                self.credentials += signed.len();
            }
            PresentedContent::Nothing(problem) => return Err(nothing_to_judge(problem)),
        }
        Ok(())
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
