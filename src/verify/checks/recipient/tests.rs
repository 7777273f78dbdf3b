//! People and credentials compared in every way that a match can come about.
//! Comes in: documents made by the test. Goes out: nothing.

use super::*;
use crate::model::code::Code;
use serde_json::json;

fn person(emails: &[&str]) -> CandidateHint {
    CandidateHint { emails: emails.iter().map(|email| email.to_string()).collect(), ..CandidateHint::default() }
}

fn ob3(identifier: Value) -> Value {
    json!({ "credentialSubject": { "type": ["AchievementSubject"], "identifier": identifier } })
}

fn hashed(email: &str, salt: Option<&str>, algorithm: HashAlgorithm) -> Value {
    let prefix = if algorithm == HashAlgorithm::Md5 { "md5" } else { "sha256" };
    let hash = digest(algorithm, email, salt.unwrap_or_default());
    let mut identity = json!({ "type": "IdentityObject", "hashed": true, "identityType": "emailAddress", "identityHash": format!("{prefix}${hash}") });
    if let Some(salt) = salt {
        identity["salt"] = json!(salt);
    }
    identity
}

fn codes(check: &Check) -> Vec<Code> {
    check.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn nobody_asked_is_not_applicable() {
    let check = check(&ob3(json!([])), Format::OpenBadges3, &CandidateHint::default(), None);
    assert_eq!(check.status, CheckStatus::NotApplicable);
}

#[test]
fn a_salted_hash_in_either_case_matches_one_of_several_addresses() {
    let mut identity = hashed("ada@example.org", Some("deadsea"), HashAlgorithm::Sha256);
    let upper = identity["identityHash"].as_str().unwrap().to_uppercase().replace("SHA256$", "sha256$");
    identity["identityHash"] = json!(upper);
    let check = check(&ob3(identity), Format::OpenBadges3, &person(&["other@example.org", "ada@example.org"]), None);
    assert_eq!((check.status, check.code), (CheckStatus::Pass, Code::RecipientMatchedHash));
    assert!(check.findings.is_empty());
}

#[test]
fn the_published_test_vector_of_a_salted_hash_matches() {
    // The vector of the Open Badges 2.0 specification.
    let assertion = json!({ "recipient": { "type": "email", "hashed": true, "salt": "deadsea",
        "identity": "sha256$ecf5409f3f4b91ab60cc5ef4c02aef7032354375e70cf4d8e43f6a1d29891942" } });
    let check = check(&assertion, Format::OpenBadges2, &person(&["nobody@example.org"]), None);
    assert_eq!(check.code, Code::RecipientMatchedHash);
}

#[test]
fn md5_and_missing_salt_are_flagged_as_weak() {
    let check = check(
        &ob3(json!([hashed("ada@example.org", None, HashAlgorithm::Md5)])),
        Format::OpenBadges3,
        &person(&["ada@example.org"]),
        None,
    );
    assert_eq!(check.status, CheckStatus::Pass);
    assert_eq!(codes(&check), [Code::WeakHash, Code::UnsaltedHash]);
}

#[test]
fn lower_case_and_plus_tag_forms_are_reported_as_such() {
    let document = ob3(hashed("ada@example.org", Some("s"), HashAlgorithm::Sha256));
    let lower = check(&document, Format::OpenBadges3, &person(&["Ada@Example.org"]), None);
    assert_eq!((lower.status, codes(&lower)), (CheckStatus::Pass, vec![Code::MatchedLowerCase]));
    let tagged = check(&document, Format::OpenBadges3, &person(&["ada+jobs@example.org"]), None);
    assert_eq!((tagged.status, tagged.code), (CheckStatus::Warning, Code::RecipientMatchedVariant));
}

#[test]
fn another_address_is_a_mismatch_and_is_never_repeated_in_the_message() {
    let plain = json!({ "recipient": { "type": "email", "hashed": false, "identity": "grace@example.org" } });
    let check = check(&plain, Format::OpenBadges2, &person(&["ada@example.org"]), None);
    assert_eq!((check.status, check.code), (CheckStatus::Fail, Code::RecipientMismatch));
    assert!(!serde_json::to_string(&check).unwrap().contains('@'));
}

#[test]
fn a_plain_address_with_capitals_in_the_credential_matches() {
    let plain = json!({ "credentialSubject": { "id": "mailto:Ada@Example.org" } });
    let check = check(&plain, Format::Vc2, &person(&["ada@example.org"]), None);
    assert_eq!((check.status, check.code), (CheckStatus::Pass, Code::RecipientMatchedEmail));
}

#[test]
fn a_did_matches_only_when_the_presentation_proved_it() {
    let document = json!({ "credentialSubject": { "id": "did:example:ada" } });
    let facts =
        |holder: Option<&str>| PresentationFacts { proven_holder: holder.map(str::to_owned), proof: None, unbound: false };
    let asked = person(&["ada@example.org"]);
    let proven = check(&document, Format::OpenBadges3, &asked, Some(&facts(Some("did:example:ada"))));
    assert_eq!((proven.status, proven.code), (CheckStatus::Pass, Code::RecipientMatchedDid));
    let stranger = check(&document, Format::OpenBadges3, &asked, Some(&facts(Some("did:example:eve"))));
    assert_eq!(stranger.code, Code::RecipientMismatch);
    let unproven = check(&document, Format::OpenBadges3, &asked, Some(&facts(None)));
    assert_eq!((unproven.status, unproven.code), (CheckStatus::Warning, Code::RecipientUnknowable));
}

#[test]
fn an_unproven_address_that_is_remembered_tells_a_mismatch_and_never_a_match() {
    let asked = |named: &[&str], remembered: &[&str]| {
        let unproven_emails = remembered.iter().map(|email| email.to_string()).collect();
        CandidateHint { unproven_emails, ..person(named) }
    };
    let plain = ob3(
        json!([{ "type": "IdentityObject", "hashed": false, "identityType": "emailAddress", "identityHash": "ada@example.org" }]),
    );
    for document in [plain, ob3(hashed("ada@example.org", Some("s"), HashAlgorithm::Sha256))] {
        let judged = |named: &[&str], remembered: &[&str]| {
            let check = check(&document, Format::OpenBadges3, &asked(named, remembered), None);
            (check.status, check.code)
        };
        let unproven = (CheckStatus::Warning, Code::RecipientUnproven);
        assert_eq!(judged(&[], &["ada@example.org"]), unproven);
        assert_eq!(judged(&["eve@example.org"], &["Ada@example.org"]), unproven);
        assert_eq!(judged(&["ada@example.org"], &["eve@example.org"]).0, CheckStatus::Pass);
        assert_eq!(judged(&[], &["eve@example.org"]), (CheckStatus::Fail, Code::RecipientMismatch));
    }
}

#[test]
fn a_name_alone_is_never_a_pass() {
    let document = json!({ "credentialSubject": { "name": "Ada  LOVELACE" } });
    let mut asked = person(&["ada@example.org"]);
    asked.name = Some("Ada Lovelace".into());
    let same = check(&document, Format::Vc2, &asked, None);
    assert_eq!((same.status, same.code), (CheckStatus::Warning, Code::RecipientNameOnly));
    asked.name = Some("Grace Hopper".into());
    assert_eq!(check(&document, Format::Vc2, &asked, None).code, Code::RecipientNameDiffers);
}

#[test]
fn a_credential_that_gives_only_a_name_does_say_whom_it_is_for() {
    let document = json!({ "credentialSubject": { "name": "Ada Lovelace" } });
    let check = check(&document, Format::Vc2, &person(&["ada@example.org"]), None);
    assert_eq!((check.status, check.code), (CheckStatus::Warning, Code::RecipientUnknowable));
    assert!(check.message.contains("only by name"), "{}", check.message);
}

#[test]
fn a_credential_about_nobody_is_a_warning() {
    let check = check(&json!({ "credentialSubject": {} }), Format::OpenBadges3, &person(&["ada@example.org"]), None);
    assert_eq!((check.status, check.code), (CheckStatus::Warning, Code::RecipientUnbound));
}

#[test]
fn a_hash_of_another_kind_of_identifier_is_unknowable_not_a_mismatch() {
    let mut identity = hashed("S-1234", Some("s"), HashAlgorithm::Sha256);
    identity["identityType"] = json!("sourcedId");
    let check = check(&ob3(identity), Format::OpenBadges3, &person(&["ada@example.org"]), None);
    assert_eq!(check.code, Code::RecipientUnknowable);
}

#[test]
fn an_old_assertion_with_a_bare_recipient_and_salt_is_read() {
    let hash = digest(HashAlgorithm::Sha256, "ada@example.org", "salty");
    let old = json!({ "recipient": format!("sha256${hash}"), "salt": "salty" });
    assert_eq!(check(&old, Format::OpenBadges1, &person(&["ada@example.org"]), None).code, Code::RecipientMatchedHash);
}

#[test]
fn a_credential_about_several_is_never_a_pass() {
    let about = |addresses: &[&str]| {
        let subjects: Vec<Value> = addresses.iter().map(|address| json!({ "email": address })).collect();
        let check = check(&json!({ "credentialSubject": subjects }), Format::Vc2, &person(&["ada@example.org"]), None);
        (check.status, check.code)
    };
    assert_eq!(about(&["ada@example.org"]).0, CheckStatus::Pass);
    assert_eq!(about(&["eve@example.org", "ada@example.org"]), (CheckStatus::Warning, Code::RecipientSeveral));
    assert_eq!(about(&["eve@example.org", "bob@example.org"]), (CheckStatus::Fail, Code::RecipientMismatch));
}
