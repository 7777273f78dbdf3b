//! One good document and what happens to it when single rules are broken.

use super::*;
use crate::model::report::CheckStatus;
use serde_json::json;

fn good() -> Value {
    json!({"@context": [BASE[1]], "type": ["VerifiableCredential"], "id": "urn:uuid:1", "issuer": "did:example:issuer",
        "validFrom": "2026-01-01T00:00:00Z", "credentialSubject": {"id": "did:example:subject"}})
}

fn status(document: &Value) -> CheckStatus {
    check_credential(document, Format::Vc2, &Contexts::built_in()).status
}

fn with(pointer: &str, value: Value) -> Value {
    let mut document = good();
    document[pointer] = value;
    document
}

#[test]
fn a_well_formed_credential_passes() {
    assert_eq!(status(&good()), CheckStatus::Pass);
    let allowed = [
        (
            "issuer",
            json!({"id": "https://example.org/issuer", "name": [{"@value": "X", "@language": "en", "@direction": "ltr"}]}),
        ),
        ("type", json!(["https://example.org/#Kind", "VerifiableCredential"])),
        ("validFrom", json!("2026-01-01T00:00:00.5-06:00")),
        ("credentialStatus", json!({"type": "https://example.org/#Status"})),
        ("termsOfUse", json!([{"type": "https://example.org/#Terms"}])),
        ("relatedResource", json!({"id": "https://example.org/x", "digestSRI": "sha384-x"})),
        ("description", json!({"@value": "x", "@language": "en"})),
    ];
    for (member, value) in allowed {
        assert_eq!(status(&with(member, value.clone())), CheckStatus::Pass, "{member} = {value}");
    }
}

#[test]
fn every_broken_rule_fails_and_names_its_place() {
    let cases = [
        ("@context", json!(["https://www.w3.org/ns/credentials/examples/v2"])),
        ("@context", json!([BASE[1], "https ://example.org"])),
        ("@context", json!(null)),
        ("type", json!(["OtherCredential"])),
        ("type", json!([])),
        ("type", json!(["VerifiableCredential", "NowhereDefined"])),
        ("type", json!(["VerifiableCredential", 5])),
        ("id", json!(null)),
        ("id", json!(["urn:uuid:1", "urn:uuid:2"])),
        ("issuer", json!("nobody")),
        ("issuer", json!({"id": null})),
        ("issuer", json!(12345)),
        ("validFrom", json!("yesterday")),
        ("validFrom", json!("2026-01-01T00:00:00")),
        ("validUntil", json!("2020-01-01T00:00:00Z")),
        ("@context", json!([BASE[1], {"VerifiableCredential": "https://example.org/#Other"}])),
        ("proof", json!({"proofPurpose": "assertionMethod"})),
        ("proof", json!([{"type": "DataIntegrityProof"}, {"type": null}])),
        ("credentialSubject", json!([])),
        ("credentialSubject", json!([{"id": "did:example:subject"}, {}])),
        ("credentialSubject", json!({"id": 5})),
        ("credentialStatus", json!({"id": "https://example.org/status"})),
        ("credentialStatus", json!({"type": "https://example.org/#S", "id": "https ://example.org"})),
        ("credentialStatus", json!({"type": 2})),
        ("credentialStatus", json!({"type": "https://example.org/#S", "statusPurpose": {"@value": "revocation"}})),
        ("credentialSchema", json!({"type": "https://example.org/#S"})),
        ("refreshService", json!({"id": "did:example:refresh"})),
        ("termsOfUse", json!({"id": "did:example:terms"})),
        ("evidence", json!({"id": "https://example.org/e"})),
        ("name", json!({"@value": "x", "url": "did:example:x"})),
        ("relatedResource", json!({"id": "https://example.org/x"})),
        ("relatedResource", json!([{"id": "urn:x:1", "digestSRI": "a"}, {"id": "urn:x:1", "digestSRI": "a"}])),
    ];
    for (member, value) in cases {
        let check = check_credential(&with(member, value.clone()), Format::Vc2, &Contexts::built_in());
        assert_eq!(check.status, CheckStatus::Fail, "{member} = {value}");
        let place = check.findings[0].pointer.clone().unwrap();
        assert!(place.starts_with(&format!("/{member}")), "{member} = {value}: {place}");
    }
}

#[test]
fn words_of_the_documents_own_are_web_addresses_and_leave_protected_ones_alone() {
    let typed = |definitions: &[Value]| {
        let mut document = with("type", json!(["VerifiableCredential", "OwnCredential"]));
        document["@context"] = [json!(BASE[1])].iter().chain(definitions).cloned().collect();
        status(&document)
    };
    let good = json!({"@protected": true, "OwnCredential": "https://example.org/#Own"});
    assert_eq!(typed(std::slice::from_ref(&good)), CheckStatus::Pass);
    assert_eq!(typed(&[json!({"@vocab": "https://example.org/#"})]), CheckStatus::Pass);
    let bad = [
        vec![json!({"OwnCredential": "https ://example.org/#Own"})],
        vec![good, json!({"OwnCredential": "https://example.org/#Other"})],
    ];
    for definitions in bad {
        assert_eq!(typed(&definitions), CheckStatus::Fail, "{definitions:?}");
    }
}

#[test]
fn a_badge_names_its_vocabulary_and_its_achievement_and_its_parts_are_what_they_say() {
    let context = json!([BASE[1], "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]);
    let badge = |context: Value, subject: Value| json!({"@context": context, "type": ["VerifiableCredential", "OpenBadgeCredential"], "issuer": "did:example:i", "credentialSubject": subject});
    let achievement = json!({"id": "urn:uuid:2", "type": "Achievement", "name": "A"});
    let check = |document: Value| check_credential(&document, Format::OpenBadges3, &Contexts::built_in()).status;
    assert_eq!(check(badge(context.clone(), json!({"id": "did:example:s", "achievement": achievement}))), CheckStatus::Pass);
    assert_eq!(check(badge(json!([BASE[1]]), json!({"id": "did:example:s", "achievement": achievement}))), CheckStatus::Fail);
    assert_eq!(check(badge(context.clone(), json!({"achievement": achievement}))), CheckStatus::Pass);
    let odd = json!({"id": "did:example:s", "type": "Nobody", "achievement": achievement});
    assert_eq!(check(badge(context.clone(), odd)), CheckStatus::Fail);
    assert_eq!(check(badge(context, json!({"id": "did:example:s"}))), CheckStatus::Fail);
}

#[test]
fn presentations_have_rules_of_their_own() {
    let check = |document: Value| check_presentation(&document, &Contexts::built_in()).status;
    let base = json!({"@context": [BASE[1]], "type": ["VerifiablePresentation"]});
    let with = |member: &str, value: Value| {
        let mut document = base.clone();
        document[member] = value;
        document
    };
    assert_eq!(check(base.clone()), CheckStatus::Pass);
    assert_eq!(check(with("holder", json!({"id": "did:example:h"}))), CheckStatus::Pass);
    assert_eq!(check(with("holder", json!({"name": "Acme"}))), CheckStatus::Fail);
    assert_eq!(check(with("verifiableCredential", json!(["eyJ.eyJ.x"]))), CheckStatus::Fail);
    assert_eq!(
        check(with("verifiableCredential", json!({"type": "EnvelopedVerifiableCredential", "id": "no-data"}))),
        CheckStatus::Fail
    );
    assert_eq!(check(json!({"type": ["VerifiablePresentation"]})), CheckStatus::Fail);
}
