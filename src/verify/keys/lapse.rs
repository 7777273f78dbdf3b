//! Whether a key had expired or been revoked or retired when it signed, or has been revoked or retired since.
//! Comes in: a key and the time of the signature, as the signer states it. Goes out: a `controller` check for a key that lapsed.
//! Must not know: documents, signatures.

use super::ResolvedKey;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId};
use crate::verify::checks::validity;
use chrono::{DateTime, Utc};

/// `signed`: the time of the signature, as the signer states it; `None` counts as `at`.
pub fn check(key: &ResolvedKey, signed: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Option<Check> {
    let used_at = signed.unwrap_or(at);
    let moment = |written: &Option<String>| written.as_deref().and_then(validity::parse_moment).map(|moment| moment.earliest);
    // A revoked key may have been stolen, and a thief can write any date into a signature.
    if let Some(revoked) = moment(&key.revoked).filter(|revoked| *revoked <= at) {
        let detail = match revoked <= used_at {
            true => "the issuer had already withdrawn the key when it signed this document",
            false => {
                "the issuer has withdrawn the key since the signature's date; anyone who has a withdrawn key can write an earlier date"
            }
        };
        return Some(Check::fail(CheckId::Controller, Code::KeyRevoked, detail).found());
    }
    if moment(&key.expires).is_some_and(|expires| expires <= used_at) {
        return Some(
            Check::fail(CheckId::Controller, Code::KeyExpired, "the issuer's key had already expired when it was used").found(),
        );
    }
    let retired = key.retired?;
    let day = retired.format("%Y-%m-%d");
    if retired <= used_at {
        let detail = format!("the issuer had already stopped using the key on {day}, before it signed this document");
        return Some(Check::fail(CheckId::Controller, Code::KeyRetired, detail).found());
    }
    let detail = format!("the key was the issuer's on the document's date, and the issuer stopped using it later, on {day}");
    Some(Check::warning(CheckId::Controller, Code::KeyRetiredSince, detail).found())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::CheckStatus;
    use crate::verify::keys::PublicKey;

    fn day(text: &str) -> DateTime<Utc> {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    fn key() -> ResolvedKey {
        let key = PublicKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key()));
        ResolvedKey::new("did:web:example.org#k", "did:web:example.org", key)
    }

    #[test]
    fn what_happened_before_the_signature_is_told_apart_from_what_happened_after() {
        let (before, signed, after, at) = ("2026-01-01", day("2026-02-01"), "2026-03-01", day("2026-04-01"));
        let moment = |text: &str| Some(format!("{text}T00:00:00Z"));
        let found = |key: &ResolvedKey| check(key, Some(signed), at).map(|check| (check.status, check.code));
        assert_eq!(found(&key()), None);
        let (fail, warning) = (CheckStatus::Fail, CheckStatus::Warning);
        let cases = [
            (ResolvedKey { expires: moment(before), ..key() }, Some((fail, Code::KeyExpired))),
            (ResolvedKey { expires: moment(after), ..key() }, None),
            (ResolvedKey { revoked: moment(before), ..key() }, Some((fail, Code::KeyRevoked))),
            (ResolvedKey { revoked: moment(after), ..key() }, Some((fail, Code::KeyRevoked))),
            (ResolvedKey { revoked: moment("2027-01-01"), ..key() }, None),
            (ResolvedKey { retired: Some(day(before)), ..key() }, Some((fail, Code::KeyRetired))),
            (ResolvedKey { retired: Some(day(after)), ..key() }, Some((warning, Code::KeyRetiredSince))),
        ];
        for (number, (key, expected)) in cases.into_iter().enumerate() {
            assert_eq!(found(&key), expected, "{number}");
        }
        let withdrawn = |revoked| check(&ResolvedKey { revoked: moment(revoked), ..key() }, Some(signed), at).unwrap().message;
        assert_ne!(withdrawn(before), withdrawn(after));
        let undated = check(&ResolvedKey { retired: Some(day(after)), ..key() }, None, at).unwrap();
        assert_eq!(undated.code, Code::KeyRetired);
    }
}
