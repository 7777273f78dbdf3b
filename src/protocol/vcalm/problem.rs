//! Problem details (RFC 9457) with the types that the standards define, and our own where none does.

use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use serde_json::{Value, json};

const VCALM: &str = "https://www.w3.org/TR/vcalm#";
const DATA_MODEL: &str = "https://www.w3.org/TR/vc-data-model#";
const SECURITY: &str = "https://w3id.org/security#";
const STATUS_LIST: &str = "https://www.w3.org/ns/credentials/status-list#";
/// Base of the types that no standard defines.
pub const OWN: &str = "https://skillgate.org/problems/";

const INTERNAL_FAULT: &str = "internal-fault";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub problem_type: String,
    pub title: &'static str,
    pub detail: String,
    pub status: u16,
}

impl Problem {
    fn new(problem_type: String, status: u16, title: &'static str, detail: impl Into<String>) -> Self {
        Self { problem_type, title, detail: detail.into(), status }
    }

    pub fn parsing(detail: impl Into<String>) -> Self {
        Self::new(format!("{DATA_MODEL}PARSING_ERROR"), 400, "The message can't be read", detail)
    }

    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(format!("{DATA_MODEL}MALFORMED_VALUE_ERROR"), 400, "A member is missing or malformed", detail)
    }

    pub fn unknown_option(name: &str) -> Self {
        let detail = format!("The option {name:?} is not supported.");
        Self::new(format!("{VCALM}UNKNOWN_OPTION_PROVIDED"), 400, "Unknown option", detail)
    }

    pub fn challenge(detail: impl Into<String>) -> Self {
        Self::new(format!("{SECURITY}INVALID_CHALLENGE_ERROR"), 400, "Wrong challenge", detail)
    }

    pub fn domain(detail: impl Into<String>) -> Self {
        Self::new(format!("{SECURITY}INVALID_DOMAIN_ERROR"), 400, "Wrong domain", detail)
    }

    pub fn proof(detail: impl Into<String>) -> Self {
        Self::new(format!("{SECURITY}PROOF_VERIFICATION_ERROR"), 400, "The presentation's proof does not hold", detail)
    }

    pub fn nothing_presented() -> Self {
        let detail = "The presentation holds no credential. Choose at least one in the wallet and send it again.";
        Self::new(own("nothing-presented"), 400, "Nothing was presented", detail)
    }

    pub fn unsupported_message(detail: impl Into<String>) -> Self {
        Self::new(own("unsupported-message"), 400, "This message is not supported", detail)
    }

    pub fn unknown_exchange() -> Self {
        let detail = "There is no such exchange, or its time is over. Ask the employer for a new link.";
        Self::new(own("exchange-unknown"), 404, "Unknown exchange", detail)
    }

    pub fn finished_exchange() -> Self {
        let detail = "This exchange is finished. Ask the employer for a new link if something is missing.";
        Self::new(own("exchange-finished"), 403, "Finished exchange", detail)
    }

    pub fn too_large() -> Self {
        Self::new(own("too-large"), 413, "Too large", "The message is larger than this gateway accepts.")
    }

    pub fn unavailable() -> Self {
        Self::new(own("unavailable"), 503, "Try again", "The message could not be kept. Send it again in a moment.")
    }

    /// An internal fault of the gateway; the message may be good.
    pub fn internal_fault() -> Self {
        let detail = "The gateway had an internal error, so the message could not be checked. Try again later.";
        Self::new(own(INTERNAL_FAULT), 500, "Internal fault", detail)
    }

    pub fn is_internal_fault(&self) -> bool {
        self.code() == INTERNAL_FAULT
    }

    pub fn body(&self) -> Value {
        json!({"type": self.problem_type, "title": self.title, "status": self.status, "detail": self.detail})
    }

    /// The last path segment or fragment of the type: what the journal shows.
    pub fn code(&self) -> &str {
        self.problem_type.rsplit(['#', '/']).next().unwrap_or_default()
    }
}

fn own(name: &str) -> String {
    format!("{OWN}{name}")
}

/// Whether a check belongs to those whose failure makes `verified` false: cryptography, data model, context.
/// Status, validity and trust are warnings there; our own three-valued verdict weighs them.
pub fn decides_verified(id: CheckId) -> bool {
    matches!(id, CheckId::Format | CheckId::Context | CheckId::Proof | CheckId::Controller | CheckId::Integrity)
}

/// The problem details of one check; none when it passed.
pub fn problems_of(check: &Check) -> Vec<Value> {
    if matches!(check.status, CheckStatus::Pass | CheckStatus::NotApplicable) {
        return Vec::new();
    }
    if check.findings.is_empty() {
        return vec![json!({"type": type_of(check.id, check.code), "title": check.message, "code": check.code})];
    }
    let problem = |finding: &crate::model::report::Finding| {
        let problem_type = finding.problem_type.clone().unwrap_or_else(|| type_of(check.id, finding.code));
        json!({"type": problem_type, "title": check.message, "detail": finding.detail, "code": finding.code})
    };
    check.findings.iter().map(problem).collect()
}

fn type_of(id: CheckId, code: Code) -> String {
    match id {
        CheckId::Format => format!("{DATA_MODEL}PARSING_ERROR"),
        CheckId::Proof | CheckId::Integrity => format!("{DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR"),
        CheckId::Controller => format!("{SECURITY}INVALID_VERIFICATION_METHOD"),
        CheckId::Schema => format!("{DATA_MODEL}MALFORMED_VALUE_ERROR"),
        CheckId::Status if !matches!(code, Code::Revoked | Code::Suspended) => format!("{STATUS_LIST}STATUS_RETRIEVAL_ERROR"),
        _ => own(&code.as_str().replace('_', "-")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_types_are_used_where_one_exists_and_our_own_elsewhere() {
        let types = |check: Check| problems_of(&check)[0]["type"].as_str().unwrap().to_owned();
        assert!(types(Check::fail(CheckId::Proof, Code::SignatureInvalid, "x")).ends_with("#CRYPTOGRAPHIC_SECURITY_ERROR"));
        assert!(
            types(Check::could_not_check(CheckId::Status, Code::StatusListUnavailable, "x")).ends_with("#STATUS_RETRIEVAL_ERROR")
        );
        assert_eq!(types(Check::fail(CheckId::Status, Code::Revoked, "x")), format!("{OWN}revoked"));
        assert_eq!(types(Check::fail(CheckId::Validity, Code::NotYetValid, "x")), format!("{OWN}not-yet-valid"));
        assert!(problems_of(&Check::pass(CheckId::Proof, "fine")).is_empty());
    }

    #[test]
    fn the_code_is_the_last_part_of_the_type() {
        assert_eq!(Problem::challenge("x").code(), "INVALID_CHALLENGE_ERROR");
        assert_eq!(Problem::unknown_exchange().code(), "exchange-unknown");
    }
}
