//! The problems of a proof, in one shape.
//! Comes in: a code and a clause. Goes out: the check that the problem decides.
//! Must not know: how the problem was found.

use crate::jsonld::JsonLdError;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::verify::keys::KeyError;
use crate::verify::securing::proof::integrity::unknown;

/// A problem, and the check that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofProblem {
    pub check: CheckId,
    pub status: CheckStatus,
    pub code: Code,
    pub detail: String,
    pub pointer: Option<String>,
}

impl ProofProblem {
    /// A failure of the `proof` check.
    pub fn new(code: Code, detail: String) -> Self {
        Self { check: CheckId::Proof, status: CheckStatus::Fail, code, detail, pointer: None }
    }

    pub fn malformed(detail: String) -> Self {
        Self::new(Code::ProofMalformed, detail)
    }

    /// The signature does not match the document.
    pub fn mismatch() -> Self {
        Self::new(Code::SignatureInvalid, "the signature does not match the document".to_owned())
    }

    /// A derived BBS proof matches no supported edition of BBS. The drafts before the sixth hash the same values in another order, so
    /// their proofs can't be told from a proof over a changed document.
    pub fn unknown_edition() -> Self {
        let detail = "the signature does not follow the current edition of the BBS standard: either the file was changed, or outdated \
            software made the signature";
        Self { status: CheckStatus::CouldNotCheck, ..Self::new(Code::BbsEdition, detail.to_owned()) }
    }

    /// A failure of the `integrity` check at a place in the document.
    pub fn integrity(code: Code, pointer: &str, detail: String) -> Self {
        let pointer = Some(pointer.to_owned());
        Self { check: CheckId::Integrity, status: CheckStatus::Fail, code, detail, pointer }
    }

    pub fn finding(&self) -> Finding {
        let finding = Finding::new(self.code, &self.detail).typed(self.code.embedded_problem_type());
        Finding { pointer: self.pointer.clone(), ..finding }
    }

    pub fn into_check(self) -> Check {
        let next_step = self.code.embedded_next_step().map(str::to_owned);
        let finding = self.finding();
        Check { next_step, ..Check::new(self.check, self.status, self.code, &self.detail) }.finding(finding)
    }
}

impl From<JsonLdError> for ProofProblem {
    fn from(error: JsonLdError) -> Self {
        let detail = error.to_string();
        match error {
            JsonLdError::UnknownContext(url) => unknown(&url, "/@context"),
            JsonLdError::Invalid { code, pointer, .. } => {
                Self { check: CheckId::Context, pointer: Some(pointer), ..Self::new(code, detail) }
            }
            JsonLdError::TooComplex(_) => Self::new(Code::TooComplex, detail),
        }
    }
}

impl From<KeyError> for ProofProblem {
    fn from(error: KeyError) -> Self {
        let detail = error.to_string();
        match error {
            KeyError::Unavailable(_) => Self { status: CheckStatus::CouldNotCheck, ..Self::new(Code::KeyUnavailable, detail) },
            KeyError::Invalid(_) => Self::new(Code::KeyInvalid, detail),
            KeyError::Unsupported(_) => Self { status: CheckStatus::CouldNotCheck, ..Self::new(Code::KeyUnsupported, detail) },
        }
    }
}
