//! Edits that leave the signed statements alone, or drop some, and change what a reader sees.

use super::{Seen, check, screen};
use crate::jsonld::{Contexts, Edition, expand};
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
fn judged(document: &Value) -> (String, String) {
    let contexts = Contexts::built_in();
    let members = document.as_object().unwrap();
    if let Err(problem) = screen(members, &contexts) {
        return (problem.code.to_owned(), "not reached".to_owned());
    }
    let notes = expand(document, &contexts, Edition::default(), None).unwrap().notes;
    let seen = Seen { notes: Some(notes), ..Seen::default() };
    let (context, integrity) = check(members, &[&seen], &contexts, Edition::default());
    for check in [&context, &integrity] {
        assert_eq!(check.status == CheckStatus::Pass, check.code == "ok");
    }
    (context.code, integrity.code)
}

fn edited(edit: impl FnOnce(&mut Value)) -> (String, String) {
    let mut document = credential();
    edit(&mut document);
    judged(&document)
}

fn integrity_of(edit: impl FnOnce(&mut Value)) -> String {
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
    assert_eq!(judged(&credential()), ("ok".to_owned(), "ok".to_owned()));
}

#[test]
fn a_date_under_another_spelling_is_refused() {
    let as_iri = integrity_of(|document| {
        let date = take(document, "validUntil");
        document["https://www.w3.org/2018/credentials#validUntil"] = date;
    });
    assert_eq!(as_iri, "renamed_member");
    let as_alias = integrity_of(|document| {
        let date = take(document, "validUntil");
        document["until"] = date;
        add_context(document, json!({"until": "https://www.w3.org/2018/credentials#validUntil"}));
    });
    assert_eq!(as_alias, "renamed_member");
    let by_vocabulary = integrity_of(|document| {
        let date = take(document, "validUntil");
        document["Until"] = date;
        add_context(document, json!({"@vocab": "https://www.w3.org/2018/credentials#valid"}));
    });
    assert_eq!(by_vocabulary, "renamed_member");
}

#[test]
fn a_wrapped_or_spread_status_is_refused() {
    assert_eq!(
        integrity_of(|document| document["credentialStatus"] = json!([[document["credentialStatus"].clone()]])),
        "nested_array"
    );
    let moved = integrity_of(|document| {
        let entry = json!([{"id": "https://college.example.org/status#1", "type": "BitstringStatusListEntry", "statusSize": 2}]);
        document["relatedResource"] = entry;
    });
    assert_eq!(moved, "node_redescribed");
    let tagged = integrity_of(|document| {
        document["credentialStatus"]["statusPurpose"] = json!({"@value": "revocation", "@language": "en"})
    });
    assert_eq!(tagged, "not_plain");
}

#[test]
fn keywords_inner_contexts_and_lost_values_are_refused() {
    assert_eq!(integrity_of(|document| document["@included"] = json!([{"id": "urn:example:x", "name": "x"}])), "keyword_member");
    let inner =
        integrity_of(|document| document["credentialSubject"]["@context"] = json!("https://www.w3.org/ns/credentials/v2"));
    assert_eq!(inner, "inner_context");
    assert_eq!(integrity_of(|document| document["credentialSubject"]["id"] = json!("ada")), "data_loss");
    assert_eq!(integrity_of(|document| document["id"] = json!("urn:example:a b")), "data_loss");
    assert_eq!(
        integrity_of(|document| document["type"] = json!(["VerifiableCredential", "VerifiableCredential"])),
        "repeated_type"
    );
}

#[test]
fn a_token_in_a_presentation_has_a_signature_of_its_own_and_other_text_is_lost() {
    let presentation = |inner: Value| {
        judged(&json!({"@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiablePresentation"],
            "holder": "did:example:ada", "verifiableCredential": inner}))
        .1
    };
    assert_eq!(presentation(json!("eyJhbGciOiJFUzI1NiJ9.e30.c2ln")), "token_not_covered");
    assert_eq!(presentation(json!(["eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln~"])), "token_not_covered");
    for other in [json!("a note"), json!("eyJhbGciOiJFUzI1NiJ9.e30"), json!(["eyJhbGciOiJFUzI1NiJ9.e30.c2ln", "a note"])] {
        assert_eq!(presentation(other.clone()), "data_loss", "{other}");
    }
    assert_eq!(
        integrity_of(|document| document["credentialSubject"]["id"] = json!("eyJhbGciOiJFUzI1NiJ9.e30.c2ln")),
        "data_loss"
    );
}

#[test]
fn undefined_words_and_bad_lists_of_contexts_fail_the_context_check() {
    assert_eq!(edited(|document| document["grade"] = json!("A")).0, "undefined_term");
    assert_eq!(
        edited(|document| add_context(document, json!("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"))).0,
        "context_repeated"
    );
    assert_eq!(edited(|document| add_context(document, json!("https://example.org/own"))).0, "unknown_context");
    assert_eq!(edited(|document| document["@context"] = json!([document["@context"][1].clone()])).0, "context_order");
}

#[test]
fn extensions_spelled_as_iris_are_left_alone_and_inline_words_are_pointed_out() {
    assert_eq!(integrity_of(|document| document["https://example.org/ext#note"] = json!("x")), "ok");
    let inline = integrity_of(|document| {
        add_context(document, json!({"note": "https://example.org/note"}));
        document["note"] = json!("x");
    });
    assert_eq!(inline, "inline_context");
}

#[test]
fn a_proof_may_bring_contexts_of_suites_and_nothing_else_may() {
    const SUITE: &str = "https://w3id.org/security/suites/ed25519-2020/v1";
    let with_proof = |context: Value| {
        integrity_of(|document| {
            document["proof"] = json!({"@context": context, "type": "DataIntegrityProof", "expires": "2026-06-01T00:00:00Z"});
        })
    };
    assert_eq!(with_proof(json!(SUITE)), "ok");
    assert_eq!(with_proof(json!([SUITE])), "ok");
    let hiding = json!({"expires": null});
    for context in [hiding.clone(), json!([SUITE, hiding]), json!("https://www.w3.org/ns/credentials/undefined-terms/v2")] {
        assert_eq!(with_proof(context.clone()), "inner_context", "{context}");
    }
    let elsewhere = integrity_of(|document| document["credentialSubject"]["@context"] = json!(SUITE));
    assert_eq!(elsewhere, "inner_context");
}

#[test]
fn many_descriptions_of_one_node_are_compared_within_a_bound() {
    let node = |number: usize| json!({"id": "urn:example:e", "type": ["Evidence"], "name": format!("Piece {number}")});
    let evidence = |numbers: Vec<usize>| {
        integrity_of(|document| document["evidence"] = numbers.into_iter().map(node).collect::<Vec<_>>().into())
    };
    assert_eq!(evidence(vec![1; 2_000]), "ok");
    assert_eq!(evidence(vec![1, 1, 2]), "node_redescribed");
    assert_eq!(evidence((0..2_000).collect()), "too_complex");
}
