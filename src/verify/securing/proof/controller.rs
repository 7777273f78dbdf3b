//! Whether the key that verified belongs to the issuer (or holder).
//! Comes in: resolved keys and the expected identifier. Goes out: the `controller` check.
//! Must not know: signatures, documents.

use super::ProofRequest;
use super::options::purpose_name;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use crate::verify::keys::{Purpose, ResolvedKey, did, lapse};
use chrono::{DateTime, Utc};

/// A key with the time that its proof states.
pub type UsedKey<'a> = (&'a ResolvedKey, Option<DateTime<Utc>>);

/// At least one of the keys must belong to the expected controller, be listed for the purpose, and not be revoked.
pub fn check(keys: &[UsedKey<'_>], expected: Option<&str>, request: &ProofRequest<'_>) -> Check {
    let expected = match (expected, request.purpose) {
        (Some(expected), _) => expected,
        // A presentation need not name its holder (VCDM 2.0 §4.13): without a name, the signer is the holder.
        (None, Purpose::Authentication) => keys.first().map(|(key, _)| key.controller.as_str()).unwrap_or_default(),
        (None, Purpose::AssertionMethod) => {
            return Check::fail(
                CheckId::Controller,
                Code::IssuerMissing,
                "The document does not name its issuer, so the signing key can't be matched to an issuer.",
            )
            .next("Ask the candidate for the original from the issuer.");
        }
    };
    let own: Vec<&UsedKey<'_>> = keys.iter().filter(|(key, _)| key.controller == expected).collect();
    if own.is_empty() {
        return mismatch(keys.first().map(|(key, _)| key.controller.as_str()).unwrap_or_default(), expected);
    }
    let purpose = purpose_name(request.purpose);
    let Some((key, created)) = own.iter().find(|(key, _)| key.allowed) else {
        return Check::fail(
            CheckId::Controller,
            Code::KeyNotAllowed,
            format!("The key belongs to {expected}, which has not approved it for this use ({purpose})."),
        )
        .next("Ask the issuer to approve the key in its public document, or to sign the credential again.");
    };
    if let Some(lapsed) = lapse::check(key, *created, request.at) {
        return lapsed;
    }
    Check::pass(CheckId::Controller, format!("The key belongs to {expected} and may be used for this."))
}

/// The failure when no key is available and none of these methods can belong to the expected controller.
pub fn foreign(methods: &[&str], expected: Option<&str>) -> Option<Check> {
    let expected = expected?;
    let all_foreign = methods.iter().all(|method| did::is_foreign(method, expected));
    let first = methods.first().filter(|_| all_foreign)?;
    Some(mismatch(did::without_fragment(first), expected))
}

fn mismatch(who: &str, expected: &str) -> Check {
    if did::leads_nowhere(expected) {
        let detail = format!(
            "the document names its issuer only as {expected:.200}, and nothing proves that the key of {who:.200} belongs to that issuer"
        );
        return Check::new(CheckId::Controller, CheckStatus::CouldNotCheck, Code::IssuerUnproven, &detail).found();
    }
    Check::fail(
        CheckId::Controller,
        Code::ControllerMismatch,
        format!("A key of {who} signed the document, not a key of {expected}, which the document names."),
    )
}

/// The controller of the key that verified; the expected controller if it is among the signers.
pub fn proven(keys: &[UsedKey<'_>], expected: Option<&str>) -> Option<String> {
    let own = keys.iter().find(|(key, _)| Some(key.controller.as_str()) == expected && key.allowed);
    own.or(keys.first()).map(|(key, _)| key.controller.clone())
}
