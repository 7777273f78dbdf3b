//! The codes that verification reports: one row each, with the problem type that a standard defines, the sentence and the next step.
//! Comes in: a code and what was found. Goes out: a check with a message and a finding that are written the same way everywhere.
//! Must not know: how anything is found.

use crate::model::report::{Check, CheckId, CheckStatus, Finding};

const CRYPTOGRAPHIC: &str = "https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR";
const PARSING: &str = "https://www.w3.org/TR/vc-data-model#PARSING_ERROR";
const MALFORMED: &str = "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR";
const METHOD: &str = "https://w3id.org/security#INVALID_VERIFICATION_METHOD";
const RELATIONSHIP: &str = "https://w3id.org/security#INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD";
const CHALLENGE: &str = "https://w3id.org/security#INVALID_CHALLENGE_ERROR";
const DOMAIN: &str = "https://w3id.org/security#INVALID_DOMAIN_ERROR";
/// For what no standard names; relative to the gateway (RFC 9457 §3.1.1).
const OWN: &str = "/problems/";

const ASK_ORIGINAL: &str = "Do not rely on this file; ask the candidate for the original from the issuer.";
const ASK_REISSUE: &str = "Ask the issuer for a newly signed credential.";
const ASK_FILE: &str = "Ask the candidate to download the credential again and to send that file unchanged.";
const TRY_LATER: &str = "Try again later, or ask the issuer directly.";
const LOOK: &str = "Check by other means, for example on the issuer's own website, that this issuer made the credential.";

/// Code → problem type (empty: our own), next step.
const TABLE: &[(&str, &str, &str)] = &[
    ("algorithm_mismatch", CRYPTOGRAPHIC, ASK_ORIGINAL),
    ("algorithm_refused", CRYPTOGRAPHIC, ASK_ORIGINAL),
    ("algorithm_unsupported", "", "Ask the issuer for the credential in another signature format."),
    ("audience_mismatch", "", "Ask the candidate for a credential that is made out to you, or to nobody in particular."),
    ("audience_unknown", "", "Ask the candidate for a credential that is not made out to somebody else."),
    ("certificate_invalid", CRYPTOGRAPHIC, ASK_ORIGINAL),
    ("certificate_not_yet_valid", METHOD, ASK_REISSUE),
    ("certificate_unconfirmed", METHOD, TRY_LATER),
    ("challenge_mismatch", CHALLENGE, "Ask the candidate to share the credential again."),
    ("claims_mismatch", CRYPTOGRAPHIC, ASK_ORIGINAL),
    ("claim_missing", MALFORMED, ASK_REISSUE),
    ("controller_mismatch", METHOD, ASK_ORIGINAL),
    ("date_malformed", MALFORMED, ASK_REISSUE),
    ("disclosure_invalid", CRYPTOGRAPHIC, ASK_FILE),
    ("domain_mismatch", DOMAIN, "Ask the candidate to share the credential again."),
    ("expired", "", "Ask the candidate for a current credential."),
    ("holder_unproven", "", "Ask the candidate to share the credential from a wallet that signs what it shares."),
    ("issuer_missing", METHOD, ASK_ORIGINAL),
    ("issuer_unproven", METHOD, LOOK),
    ("key_expired", METHOD, ASK_REISSUE),
    ("key_invalid", METHOD, ASK_ORIGINAL),
    ("key_missing", METHOD, ASK_REISSUE),
    ("key_not_allowed", RELATIONSHIP, ASK_REISSUE),
    ("key_not_published", METHOD, ASK_ORIGINAL),
    ("key_revoked", METHOD, ASK_REISSUE),
    ("key_unavailable", METHOD, TRY_LATER),
    ("key_unsupported", METHOD, "Ask the issuer for the credential in another signature format."),
    ("malformed", MALFORMED, ASK_REISSUE),
    ("no_credential", PARSING, "Ask the candidate for the credential itself, as a file or as a badge image."),
    ("not_yet_valid", "", "Look at the credential again once it has become valid."),
    ("result_withholdable", "", "Ask for a copy that discloses every result."),
    ("signature_invalid", CRYPTOGRAPHIC, ASK_ORIGINAL),
    ("undisclosed", CRYPTOGRAPHIC, "Ask for a copy that discloses validity and status."),
    ("unknown_context", MALFORMED, "Nothing needs to be done unless you rely on the additional members."),
    ("unknown_critical_header", CRYPTOGRAPHIC, ASK_REISSUE),
    ("unsigned", CRYPTOGRAPHIC, "Ask for the signed original: this file carries no signature, so anybody may have written it."),
    ("withholdable", "", "Ask for a copy that discloses validity and status."),
    ("wrong_context", MALFORMED, ASK_REISSUE),
    ("wrong_media_type", PARSING, ASK_REISSUE),
];

/// What a failing check says by default when a code has no row.
fn row(code: &str) -> (&'static str, &'static str) {
    TABLE.iter().find(|(known, ..)| *known == code).map_or((PARSING, ASK_FILE), |(_, kind, next)| (*kind, *next))
}

/// What to do about a code.
pub fn next_step(code: &str) -> &'static str {
    row(code).1
}

/// The problem type URI of a code.
pub fn problem_type(code: &str) -> String {
    match row(code).0 {
        "" => format!("{OWN}{code}"),
        standard => standard.to_owned(),
    }
}

/// A check that is decided by `code`; `detail` is one clause without a full stop.
pub fn check(id: CheckId, status: CheckStatus, code: &str, detail: &str) -> Check {
    Check::new(id, status, code, sentence(detail)).next(next_step(code)).finding(finding(code, detail, None))
}

/// [`check`] that failed.
pub fn fail(id: CheckId, code: &str, detail: &str) -> Check {
    check(id, CheckStatus::Fail, code, detail)
}

/// One thing found, at a place in the document where one is to blame.
pub fn finding(code: &str, detail: &str, pointer: Option<String>) -> Finding {
    Finding { problem_type: Some(problem_type(code)), code: code.to_owned(), detail: sentence(detail), pointer }
}

/// A clause as a sentence: capital letter, full stop. An address or identifier that it begins with stays as it is.
pub fn sentence(clause: &str) -> String {
    let is_word = clause.split(' ').next().is_some_and(|word| !word.contains([':', '.', '/', '_']));
    let mut letters = clause.chars();
    let mut text: String = match letters.next() {
        Some(first) if is_word => first.to_uppercase().chain(letters).collect(),
        _ => clause.to_owned(),
    };
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_without_doubles() {
        assert!(TABLE.is_sorted_by(|one, other| one.0 < other.0 || (one.0.starts_with("claim") && other.0.starts_with("claim"))));
        let mut codes: Vec<_> = TABLE.iter().map(|(code, ..)| code).collect();
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
    }

    #[test]
    fn a_sentence_begins_with_a_capital_but_an_address_stays_as_it_is() {
        assert_eq!(sentence("the key is missing"), "The key is missing.");
        assert_eq!(sentence("https://example.org/keys could not be fetched"), "https://example.org/keys could not be fetched.");
        assert_eq!(sentence("example.org did not answer"), "example.org did not answer.");
    }

    #[test]
    fn a_check_reads_as_a_sentence_with_a_next_step_and_a_type() {
        let check = fail(CheckId::Proof, "signature_invalid", "the signature does not match");
        assert_eq!(check.message, "The signature does not match.");
        assert!(check.next_step.is_some_and(|next| !next.is_empty()));
        assert_eq!(check.findings[0].problem_type.as_deref(), Some(CRYPTOGRAPHIC));
        assert_eq!(problem_type("expired"), "/problems/expired");
    }
}
