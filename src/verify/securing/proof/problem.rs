//! What can be wrong with a proof, in one shape.
//! Comes in: a code and a sentence from wherever it was found. Goes out: the check that it decides.
//! Must not know: how it was found.

use crate::jsonld::JsonLdError;
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::verify::codes::{self, sentence};
use crate::verify::keys::KeyError;

/// A reason not to accept, and the check that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofProblem {
    pub check: CheckId,
    pub status: CheckStatus,
    pub code: &'static str,
    pub detail: String,
    pub pointer: Option<String>,
}

impl ProofProblem {
    /// A failure of the `proof` check.
    pub fn new(code: &'static str, detail: String) -> Self {
        Self { check: CheckId::Proof, status: CheckStatus::Fail, code, detail, pointer: None }
    }

    pub fn malformed(detail: String) -> Self {
        Self::new("proof_malformed", detail)
    }

    /// The signature does not fit the document.
    pub fn mismatch() -> Self {
        Self::new("signature_invalid", "the signature does not match the document".to_owned())
    }

    /// A derived BBS proof fits no edition of BBS that is known here. The drafts before the sixth hash the same values in another
    /// order, so a proof of theirs looks just like a proof over a changed document.
    pub fn unknown_edition() -> Self {
        let detail = "the signature does not fit BBS as it is defined today: either the file was changed, or an outdated \
            edition of BBS made the signature";
        Self { status: CheckStatus::CouldNotCheck, ..Self::new("bbs_edition", detail.to_owned()) }
    }

    /// A failure of the `integrity` check at a place in the document.
    pub fn integrity(code: &'static str, pointer: &str, detail: String) -> Self {
        let pointer = Some(pointer.to_owned());
        Self { check: CheckId::Integrity, status: CheckStatus::Fail, code, detail, pointer }
    }

    pub fn finding(&self) -> Finding {
        Finding {
            problem_type: problem_type(self.code).map(str::to_owned),
            code: self.code.to_owned(),
            detail: self.detail.clone(),
            pointer: self.pointer.clone(),
        }
    }

    pub fn into_check(self) -> Check {
        let message = sentence(&self.detail);
        Check::new(self.check, self.status, self.code, message).next(next_step(self.code)).finding(self.finding())
    }
}

impl From<JsonLdError> for ProofProblem {
    fn from(error: JsonLdError) -> Self {
        let detail = error.to_string();
        match error {
            JsonLdError::UnknownContext(_) => Self { check: CheckId::Context, ..Self::new("unknown_context", detail) },
            JsonLdError::Invalid { code, pointer, .. } => {
                Self { check: CheckId::Context, pointer: Some(pointer), ..Self::new(code, detail) }
            }
            JsonLdError::TooComplex(_) => Self::new("too_complex", detail),
        }
    }
}

impl From<KeyError> for ProofProblem {
    fn from(error: KeyError) -> Self {
        let detail = error.to_string();
        match error {
            KeyError::Unavailable(_) => Self { status: CheckStatus::CouldNotCheck, ..Self::new("key_unavailable", detail) },
            KeyError::Invalid(_) => Self::new("key_invalid", detail),
            KeyError::Unsupported(_) => Self { status: CheckStatus::CouldNotCheck, ..Self::new("key_unsupported", detail) },
        }
    }
}

/// Problem types of VC Data Integrity 1.0 §4.7.
fn problem_type(code: &str) -> Option<&'static str> {
    Some(match code {
        "signature_invalid"
        | "proof_malformed"
        | "proof_purpose_mismatch"
        | "key_invalid"
        | "proof_expired"
        | "no_proof"
        | "base_proof"
        | "previous_proof_missing" => "https://w3id.org/security#PROOF_VERIFICATION_ERROR",
        "domain_mismatch" => "https://w3id.org/security#INVALID_DOMAIN_ERROR",
        "challenge_mismatch" => "https://w3id.org/security#INVALID_CHALLENGE_ERROR",
        "too_complex" | "unknown_context" => "https://w3id.org/security#PROOF_TRANSFORMATION_ERROR",
        "undefined_term" | "data_loss" => "https://www.w3.org/ns/credentials#DATA_LOSS_DETECTION_ERROR",
        _ => return None,
    })
}

fn next_step(code: &str) -> &'static str {
    match code {
        "key_unavailable" => "Try again later; the issuer's key could not be reached.",
        "no_proof" => "Ask for the signed original: this file carries no signature.",
        "unsupported_proof" | "key_unsupported" => "Ask the issuer for the credential in another signature format.",
        "unknown_context" => "Ask your administrator whether to add this vocabulary, or ask the issuer for a standard file.",
        "bbs_edition" => "Do not rely on this file as it is. Ask the candidate for a copy made by an up-to-date wallet.",
        "base_proof" => "Ask for a copy made for sharing: this one is meant to stay in the holder's wallet.",
        "undisclosed" | "withholdable" | "result_withholdable" => codes::next_step(code),
        "token_not_covered" => "Check by other means that the candidate is the person whom the token is about.",
        "proof_expired" => "Ask for a fresh copy of the credential.",
        _ => "Do not rely on this file; ask the candidate for the original from the issuer.",
    }
}
