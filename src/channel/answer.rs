//! The transport's verdict on what a wallet sent: is it a presentation, is its proof good, is it for this request?
//! Never mixed with the verdicts on the credentials inside, which the pipeline gives.

use super::Channels;
use crate::intake::{self, Content};
use crate::model::credential::Document;
use crate::model::ids::TenantId;
use crate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use crate::model::submission::{CandidateHint, UploadedFile};
use crate::protocol::vcalm::problem::Problem;
use crate::verify::securing::sd_jwt::SdJwt;
use crate::verify::{PresentationRequest, VerificationRequest};
use bytes::Bytes;

/// One presentation as it came, in whichever envelope.
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
    /// Judges all presentations of an answer; the first that does not hold decides.
    pub async fn judge(
        &self,
        tenant: &TenantId,
        answers: &[Answer],
        expected: &PresentationRequest,
    ) -> Result<Transport, Problem> {
        let request = VerificationRequest { at: self.clock.now(), candidate: CandidateHint::default(), explain: false };
        let verifier = self.pipeline.verifiers.of(tenant);
        let mut transport = Transport::default();
        for answer in answers {
            for opened in intake::open(&answer.file(), &self.pipeline.limits) {
                match opened.content {
                    Content::Presentation(presentation) => {
                        let (report, facts) = verifier.verify_presentation(&presentation, expected, &request).await;
                        refuse_if_bad(&report, facts.proof.is_some())?;
                        transport.unsigned |= facts.proof.is_none();
                        transport.holders.extend(facts.proven_holder);
                        transport.credentials += presentation.credentials.len();
                    }
                    Content::Credentials(credentials) => {
                        for credential in &credentials {
                            match key_bound(&credential.document, expected)? {
                                true => transport.key_bound = true,
                                false => transport.unsigned = true,
                            }
                        }
                        transport.credentials += credentials.len();
                    }
                    Content::Nothing(problem) => return Err(Problem::malformed(problem.message)),
                }
            }
        }
        if transport.credentials == 0 { Err(Problem::nothing_presented()) } else { Ok(transport) }
    }
}

/// Whether the holder of an SD-JWT credential signed for this request. False: they signed nothing.
fn key_bound(document: &Document, expected: &PresentationRequest) -> Result<bool, Problem> {
    let Document::SdJwt(text) = document else { return Ok(false) };
    // One that can't be taken apart gets its verdict from the pipeline.
    let Ok(parsed) = SdJwt::parse(text) else { return Ok(false) };
    let Some(binding) = &parsed.key_binding else { return Ok(false) };
    match binding.check(&parsed.claims, expected.challenge.as_deref(), expected.domain.as_deref()) {
        Ok(()) => Ok(true),
        Err(problem) if problem.code == "challenge_mismatch" => {
            Err(Problem::challenge("The holder signed for another request than this one."))
        }
        Err(problem) if problem.code == "domain_mismatch" => Err(Problem::domain("The holder signed for another recipient.")),
        Err(_) => Err(Problem::proof("The holder's signature on the credential does not hold.")),
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
    let codes = || std::iter::once(check.code.as_str()).chain(check.findings.iter().map(|finding| finding.code.as_str()));
    if codes().any(|code| code == "challenge_mismatch") {
        return Err(Problem::challenge("The presentation answers another request than this one."));
    }
    if codes().any(|code| code == "domain_mismatch") {
        return Err(Problem::domain("The presentation was made for another recipient."));
    }
    match check.id {
        CheckId::Format | CheckId::Schema => Err(Problem::malformed(check.message.clone())),
        _ => Err(Problem::proof(check.message.clone())),
    }
}
