//! Problem details (RFC 9457) with the types that the standards define, and our own where none does.

use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use serde_json::{Value, json};

const VCALM: &str = "https://www.w3.org/TR/vcalm#";
const DATA_MODEL: &str = "https://www.w3.org/TR/vc-data-model#";
const SECURITY: &str = "https://w3id.org/security#";
const STATUS_LIST: &str = "https://www.w3.org/ns/credentials/status-list#";
/// Base of the types that no standard defines; relative to the gateway, which explains each at its address (RFC 9457 §3.1.1).
const OWN: &str = "/problems/";

const INTERNAL_FAULT: &str = "internal-fault";

/// What the types say, each in one sentence that never varies (RFC 9457 §3.1.3): name, title.
const STANDARD: [(&str, &str); 16] = [
    ("PARSING_ERROR", "The document can't be read"),
    ("MALFORMED_VALUE_ERROR", "A member is missing or malformed"),
    ("CRYPTOGRAPHIC_SECURITY_ERROR", "A signature does not hold"),
    ("RANGE_ERROR", "A value is out of its range"),
    ("DATA_LOSS_DETECTION_ERROR", "Some of the content has no meaning in its vocabularies"),
    ("UNKNOWN_OPTION_PROVIDED", "An option is unknown"),
    ("PROOF_VERIFICATION_ERROR", "A proof does not hold"),
    ("PROOF_TRANSFORMATION_ERROR", "A document can't be brought into the form that is signed"),
    ("INVALID_CHALLENGE_ERROR", "The challenge is another one"),
    ("INVALID_DOMAIN_ERROR", "The domain is another one"),
    ("INVALID_VERIFICATION_METHOD", "The key of a signature can't be used"),
    ("INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD", "The key of a signature may not be used for this"),
    ("STATUS_RETRIEVAL_ERROR", "The status could not be fetched"),
    ("STATUS_VERIFICATION_ERROR", "The status could not be verified"),
    ("STATUS_LIST_LENGTH_ERROR", "The status list has the wrong length"),
    ("INVALID_VERIFICATION_METHOD_URL", "The key of a signature is not named by a usable address"),
];

/// Types of our own: name, status, title, what to do.
pub const OWN_PROBLEMS: [(&str, u16, &str, &str); 9] = [
    (
        "nothing-presented",
        400,
        "Nothing was presented",
        "The presentation holds no credential. Choose at least one in the wallet and send it again.",
    ),
    (
        "holder-not-proven",
        400,
        "The holder did not sign",
        "The credential was sent without its holder's signature for this request. Use a wallet that signs what it shares, and answer the request again.",
    ),
    (
        "not-asked-for",
        400,
        "This was not asked for",
        "The answer holds something that the request does not name. Read the request again and answer it.",
    ),
    ("unsupported-message", 400, "This message is not supported", "The gateway only receives presentations."),
    (
        "exchange-finished",
        403,
        "The exchange is finished",
        "This exchange is finished. Ask the employer for a new link if something is missing.",
    ),
    (
        "exchange-unknown",
        404,
        "The exchange is unknown",
        "There is no such exchange, or its time is over. Ask the employer for a new link.",
    ),
    ("too-large", 413, "The message is too large", "The message is larger than this gateway accepts."),
    (
        INTERNAL_FAULT,
        500,
        "The gateway failed",
        "The gateway had an internal error, so the message could not be checked. Try again later.",
    ),
    ("unavailable", 503, "The gateway can't do this right now", "The message could not be kept. Send it again in a moment."),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub problem_type: String,
    pub title: &'static str,
    pub detail: String,
    pub status: u16,
}

impl Problem {
    /// A problem whose type a standard defines.
    fn standard(base: &str, name: &str, detail: impl Into<String>) -> Self {
        Self { problem_type: format!("{base}{name}"), title: standard_title(name), detail: detail.into(), status: 400 }
    }

    /// A problem of our own; without a detail it says what to do.
    fn own(name: &str, detail: Option<String>) -> Self {
        let known = OWN_PROBLEMS.iter().find(|(known, ..)| *known == name);
        let (_, status, title, advice) = known.copied().unwrap_or((INTERNAL_FAULT, 500, "The gateway failed", ""));
        Self { problem_type: format!("{OWN}{name}"), title, detail: detail.unwrap_or_else(|| advice.to_owned()), status }
    }

    pub fn parsing(detail: impl Into<String>) -> Self {
        Self::standard(DATA_MODEL, "PARSING_ERROR", detail)
    }

    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::standard(DATA_MODEL, "MALFORMED_VALUE_ERROR", detail)
    }

    pub fn unknown_option(name: &str) -> Self {
        Self::standard(VCALM, "UNKNOWN_OPTION_PROVIDED", format!("The option {name:?} is not supported."))
    }

    pub fn challenge(detail: impl Into<String>) -> Self {
        Self::standard(SECURITY, "INVALID_CHALLENGE_ERROR", detail)
    }

    pub fn domain(detail: impl Into<String>) -> Self {
        Self::standard(SECURITY, "INVALID_DOMAIN_ERROR", detail)
    }

    pub fn proof(detail: impl Into<String>) -> Self {
        Self::standard(SECURITY, "PROOF_VERIFICATION_ERROR", detail)
    }

    pub fn nothing_presented() -> Self {
        Self::own("nothing-presented", None)
    }

    pub fn holder_not_proven() -> Self {
        Self::own("holder-not-proven", None)
    }

    pub fn not_asked_for(detail: impl Into<String>) -> Self {
        Self::own("not-asked-for", Some(detail.into()))
    }

    pub fn unsupported_message(detail: impl Into<String>) -> Self {
        Self::own("unsupported-message", Some(detail.into()))
    }

    pub fn unknown_exchange() -> Self {
        Self::own("exchange-unknown", None)
    }

    pub fn finished_exchange() -> Self {
        Self::own("exchange-finished", None)
    }

    pub fn too_large() -> Self {
        Self::own("too-large", None)
    }

    pub fn unavailable() -> Self {
        Self::own("unavailable", None)
    }

    /// An internal fault of the gateway; the message may be good.
    pub fn internal_fault() -> Self {
        Self::own(INTERNAL_FAULT, None)
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

fn standard_title(name: &str) -> &'static str {
    STANDARD.iter().find(|(known, _)| *known == name).map_or("The check was not passed", |(_, title)| title)
}

/// Whether a check belongs to those whose failure makes `verified` false: cryptography, data model, context.
/// Status, validity and trust are warnings there; our own three-valued verdict weighs them.
pub fn decides_verified(id: CheckId) -> bool {
    matches!(id, CheckId::Format | CheckId::Context | CheckId::Proof | CheckId::Controller | CheckId::Integrity)
}

/// The problem details of one check; `None` when it passed.
pub fn problems_of(check: &Check) -> Vec<Value> {
    if matches!(check.status, CheckStatus::Pass | CheckStatus::NotApplicable) {
        return Vec::new();
    }
    if check.findings.is_empty() {
        return vec![problem_of(type_of(check.id, check.code), check.code, &check.message)];
    }
    let problem = |finding: &crate::model::report::Finding| {
        let problem_type = finding.problem_type.clone().unwrap_or_else(|| type_of(check.id, finding.code));
        problem_of(problem_type, finding.code, &finding.detail)
    };
    check.findings.iter().map(problem).collect()
}

/// One type has one title; what happened here is the detail.
fn problem_of(problem_type: String, code: Code, detail: &str) -> Value {
    let title = match problem_type.rsplit_once('#') {
        Some((_, name)) => standard_title(name),
        None => code.sentence(),
    };
    json!({"type": problem_type, "title": title, "detail": detail, "code": code})
}

fn type_of(id: CheckId, code: Code) -> String {
    match id {
        CheckId::Format => format!("{DATA_MODEL}PARSING_ERROR"),
        CheckId::Proof | CheckId::Integrity => format!("{DATA_MODEL}CRYPTOGRAPHIC_SECURITY_ERROR"),
        CheckId::Controller => format!("{SECURITY}INVALID_VERIFICATION_METHOD"),
        CheckId::Schema => format!("{DATA_MODEL}MALFORMED_VALUE_ERROR"),
        CheckId::Status if !matches!(code, Code::Revoked | Code::Suspended) => format!("{STATUS_LIST}STATUS_RETRIEVAL_ERROR"),
        _ => format!("{OWN}{code}"),
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
        assert_eq!(types(Check::fail(CheckId::Status, Code::Revoked, "x")), "/problems/revoked");
        assert_eq!(types(Check::fail(CheckId::Validity, Code::NotYetValid, "x")), "/problems/not_yet_valid");
        assert!(problems_of(&Check::pass(CheckId::Proof, "fine")).is_empty());
    }

    #[test]
    fn the_code_is_the_last_part_of_the_type() {
        assert_eq!(Problem::challenge("x").code(), "INVALID_CHALLENGE_ERROR");
        assert_eq!(Problem::unknown_exchange().code(), "exchange-unknown");
    }

    #[test]
    fn a_type_has_one_title_wherever_it_comes_from() {
        let mut titles = std::collections::BTreeMap::new();
        let mut see = |problem: Value| {
            let (kind, title) = (problem["type"].as_str().unwrap().to_owned(), problem["title"].as_str().unwrap().to_owned());
            let known = titles.entry(kind.clone()).or_insert_with(|| title.clone());
            assert_eq!(*known, title, "{kind}");
        };
        for code in Code::ALL.iter().copied() {
            for id in code.checks() {
                for message in ["It happened.", "It happened otherwise."] {
                    let check = Check::fail(*id, code, message);
                    problems_of(&check).into_iter().for_each(&mut see);
                    problems_of(&check.found()).into_iter().for_each(&mut see);
                }
            }
        }
        for problem in [
            Problem::parsing("x"),
            Problem::malformed("x"),
            Problem::challenge("x"),
            Problem::domain("x"),
            Problem::proof("x"),
            Problem::nothing_presented(),
            Problem::holder_not_proven(),
            Problem::not_asked_for("x"),
            Problem::unsupported_message("x"),
            Problem::unknown_exchange(),
            Problem::finished_exchange(),
            Problem::too_large(),
            Problem::unavailable(),
            Problem::internal_fault(),
        ] {
            assert_ne!(problem.code(), "", "{problem:?}");
            see(problem.body());
        }
        assert!(titles.values().all(|title| title != "The check was not passed"), "{titles:#?}");
        assert!(titles.keys().all(|kind| !kind.contains("skillgate.org")));
    }
}
