//! Edits that leave the signed statements alone, or drop some, and change what a reader sees.

use super::{Seen, check, screen};
use crate::jsonld::{Contexts, Edition, expand};
use crate::model::code::Code;
use crate::model::report::CheckStatus;
use serde_json::{Value, json};

fn credential() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
        "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "https://college.example.org/issuer", "type": ["Profile"], "name": "College"},
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2027-01-01T00:00:00Z",
        "credentialStatus": {"id": "https://college.example.org/status#1", "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": "https://college.example.org/status"},
        "credentialSubject": {"id": "mailto:ada@example.org", "type": ["AchievementSubject"], "achievement": {
            "id": "https://college.example.org/achievements/1", "type": ["Achievement"], "name": "Welding", "description": "d",
            "criteria": {"narrative": "c"}}}
    })
}

/// Codes of the two checks, `ok` when they pass.
fn judged(document: &Value) -> (Code, Code) {
    let contexts = Contexts::built_in();
    let members = document.as_object().unwrap();
    if let Err(problem) = screen(members, &contexts) {
        return (problem.code, Code::NotReached);
    }
    let notes = expand(document, &contexts, Edition::default(), None).unwrap().notes;
    let seen = Seen { notes: Some(notes), ..Seen::default() };
    let (context, integrity) = check(members, &[&seen], &contexts, Edition::default());
    for check in [&context, &integrity] {
        assert_eq!(check.status == CheckStatus::Pass, check.code == Code::Ok);
    }
    (context.code, integrity.code)
}

fn edited(edit: impl FnOnce(&mut Value)) -> (Code, Code) {
    let mut document = credential();
    edit(&mut document);
    judged(&document)
}

fn integrity_of(edit: impl FnOnce(&mut Value)) -> Code {
    edited(edit).1
}

fn add_context(document: &mut Value, context: Value) {
    document["@context"].as_array_mut().unwrap().push(context);
}

fn take(document: &mut Value, name: &str) -> Value {
    document.as_object_mut().unwrap().remove(name).unwrap()
}

#[test]
fn an_honest_credential_passes() {
    assert_eq!(judged(&credential()), (Code::Ok, Code::Ok));
}

#[test]
fn a_date_under_another_spelling_is_refused() {
    let as_iri = integrity_of(|document| {
        let date = take(document, "validUntil");
        document["https://www.w3.org/2018/credentials#validUntil"] = date;
    });
    assert_eq!(as_iri, Code::RenamedMember);
    let as_alias = integrity_of(|document| {
        let date = take(document, "validUntil");
        document["until"] = date;
        add_context(document, json!({"until": "https://www.w3.org/2018/credentials#validUntil"}));
    });
    assert_eq!(as_alias, Code::RenamedMember);
    let by_vocabulary = integrity_of(|document| {
        let date = take(document, "validUntil");
        document["Until"] = date;
        add_context(document, json!({"@vocab": "https://www.w3.org/2018/credentials#valid"}));
    });
    assert_eq!(by_vocabulary, Code::RenamedMember);
}

#[test]
fn a_wrapped_or_spread_status_is_refused() {
    assert_eq!(
        integrity_of(|document| document["credentialStatus"] = json!([[document["credentialStatus"].clone()]])),
        Code::NestedArray
    );
    let moved = integrity_of(|document| {
        let entry = json!([{"id": "https://college.example.org/status#1", "type": "BitstringStatusListEntry", "statusSize": 2}]);
        document["relatedResource"] = entry;
    });
    assert_eq!(moved, Code::NodeRedescribed);
    let tagged = integrity_of(|document| {
        document["credentialStatus"]["statusPurpose"] = json!({"@value": "revocation", "@language": "en"})
    });
    assert_eq!(tagged, Code::NotPlain);
}

#[test]
fn keywords_inner_contexts_and_lost_values_are_refused() {
    assert_eq!(
        integrity_of(|document| document["@included"] = json!([{"id": "urn:example:x", "name": "x"}])),
        Code::KeywordMember
    );
    let inner =
        integrity_of(|document| document["credentialSubject"]["@context"] = json!("https://www.w3.org/ns/credentials/v2"));
    assert_eq!(inner, Code::InnerContext);
    assert_eq!(integrity_of(|document| document["credentialSubject"]["id"] = json!("ada")), Code::DataLoss);
    assert_eq!(integrity_of(|document| document["id"] = json!("urn:example:a b")), Code::DataLoss);
    assert_eq!(
        integrity_of(|document| document["type"] = json!(["VerifiableCredential", "VerifiableCredential"])),
        Code::RepeatedType
    );
}

#[test]
fn a_token_in_a_presentation_has_a_signature_of_its_own_and_other_text_is_lost() {
    let presentation = |inner: Value| {
        judged(&json!({"@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiablePresentation"],
            "holder": "did:example:ada", "verifiableCredential": inner}))
        .1
    };
    assert_eq!(presentation(json!("eyJhbGciOiJFUzI1NiJ9.e30.c2ln")), Code::TokenNotCovered);
    assert_eq!(presentation(json!(["eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln~"])), Code::TokenNotCovered);
    for other in [json!("a note"), json!("eyJhbGciOiJFUzI1NiJ9.e30"), json!(["eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "a note"])] {
        assert_eq!(presentation(other.clone()), Code::DataLoss, "{other}");
    }
    assert_eq!(
        integrity_of(|document| document["credentialSubject"]["id"] = json!("eyJhbGciOiJFUzI1NiJ9.e30.c2ln")),
        Code::DataLoss
    );
}

#[test]
fn undefined_words_and_bad_lists_of_contexts_fail_the_context_check() {
    assert_eq!(edited(|document| document["grade"] = json!("A")).0, Code::UndefinedTerm);
    assert_eq!(
        edited(|document| add_context(document, json!("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"))).0,
        Code::ContextRepeated
    );
    assert_eq!(edited(|document| add_context(document, json!("https://example.org/own"))).0, Code::UnknownContext);
    assert_eq!(edited(|document| document["@context"] = json!([document["@context"][1].clone()])).0, Code::ContextOrder);
}

#[test]
fn extensions_spelled_as_iris_are_left_alone_and_inline_words_are_pointed_out() {
    assert_eq!(integrity_of(|document| document["https://example.org/ext#note"] = json!("x")), Code::Ok);
    let inline = integrity_of(|document| {
        add_context(document, json!({"note": "https://example.org/note"}));
        document["note"] = json!("x");
    });
    assert_eq!(inline, Code::InlineContext);
}

#[test]
fn a_proof_may_bring_contexts_of_suites_and_nothing_else_may() {
    const SUITE: &str = "https://w3id.org/security/suites/ed25519-2020/v1";
    let with_proof = |context: Value| {
        integrity_of(|document| {
            document["proof"] = json!({"@context": context, "type": "DataIntegrityProof", "expires": "2026-06-01T00:00:00Z"});
        })
    };
    assert_eq!(with_proof(json!(SUITE)), Code::Ok);
    assert_eq!(with_proof(json!([SUITE])), Code::Ok);
    let hiding = json!({"expires": null});
    for context in [hiding.clone(), json!([SUITE, hiding]), json!("https://www.w3.org/ns/credentials/undefined-terms/v2")] {
        assert_eq!(with_proof(context.clone()), Code::InnerContext, "{context}");
    }
    let elsewhere = integrity_of(|document| document["credentialSubject"]["@context"] = json!(SUITE));
    assert_eq!(elsewhere, Code::InnerContext);
}

#[test]
fn many_descriptions_of_one_node_are_compared_within_a_bound() {
    let node = |number: usize| json!({"id": "urn:example:e", "type": ["Evidence"], "name": format!("Piece {number}")});
    let evidence = |numbers: Vec<usize>| {
        integrity_of(|document| document["evidence"] = numbers.into_iter().map(node).collect::<Vec<_>>().into())
    };
    assert_eq!(evidence(vec![1; 2_000]), Code::Ok);
    assert_eq!(evidence(vec![1, 1, 2]), Code::NodeRedescribed);
    assert_eq!(evidence((0..2_000).collect()), Code::TooComplex);
}
