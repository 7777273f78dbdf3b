//! Expansion and canonical form against an independent implementation, under permutation, and under attack.

use super::dataset::{Dataset, Quad, Term};
use super::notes::Oddity;
use super::{Contexts, Edition, HashAlgorithm, JsonLdError, canonicalize, expand};
use crate::model::code::Code;
use proptest::prelude::*;
use serde_json::{Value, json};

const V2: &str = "https://www.w3.org/ns/credentials/v2";
const OB: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";

fn badge(name: &str, tags: &[String], levels: &[String], hashed: bool, credits: f64) -> Value {
    json!({
        "@context": [V2, OB],
        "id": "urn:uuid:00000000-0000-4000-8000-000000000001",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": "https://college.example.org/issuer", "type": ["Profile"], "name": name},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [{"type": "IdentityObject", "hashed": hashed, "identityHash": "sha256$00", "identityType": "emailAddress"}],
            "creditsEarned": credits,
            "achievement": {
                "id": "https://college.example.org/achievements/1", "type": ["Achievement"], "name": name, "description": name,
                "criteria": {"narrative": name}, "tag": tags,
                "resultDescription": [{"id": "urn:uuid:00000000-0000-4000-8000-000000000002", "type": ["ResultDescription"],
                    "name": name, "resultType": "LetterGrade", "allowedValue": levels}]
            }
        }
    })
}

fn ours(document: &Value) -> String {
    let expansion = expand(document, &Contexts::built_in(), Edition::default(), None).unwrap();
    canonicalize(expansion.dataset, HashAlgorithm::Sha256).unwrap().document()
}

fn theirs(document: &Value) -> String {
    let text = document.to_string();
    let parser = oxjsonld::JsonLdParser::new().for_slice(text.as_bytes()).with_load_document_callback(|url, _| {
        let context = Contexts::built_in().get(url, Edition::default()).cloned().ok_or("unknown context")?;
        let document = json!({"@context": context}).to_string().into_bytes();
        Ok(oxjsonld::JsonLdRemoteDocument { document, document_url: url.into() })
    });
    let mut dataset: oxrdf::Dataset = parser.map(|quad| quad.unwrap()).collect();
    let hash_algorithm = oxrdf::dataset::CanonicalizationHashAlgorithm::Sha256;
    dataset.canonicalize(oxrdf::dataset::CanonicalizationAlgorithm::Rdfc10 { hash_algorithm });
    let mut lines: Vec<String> = dataset.iter().map(|quad| format!("{quad} .\n")).collect();
    lines.sort();
    lines.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_badges_become_the_same_quads_as_in_an_independent_implementation(
        name in "[a-zA-Zé ]{1,12}", tags in prop::collection::vec("[a-z]{1,6}", 0..5), levels in prop::collection::vec("[A-F]{1,2}", 0..5),
        hashed: bool, quarters in 0u32..1_000_000,
    ) {
        // Few digits: the other implementation writes doubles with as many as they need, not with fifteen.
        let badge = badge(&name, &tags, &levels, hashed, f64::from(quarters) / 4.0);
        prop_assert_eq!(ours(&badge), theirs(&badge));
    }

    #[test]
    fn canonical_form_depends_neither_on_numbers_of_blank_nodes_nor_on_the_order_of_quads(
        edges in prop::collection::vec((0u32..6, 0u32..6, 0u8..3), 1..10), rotate in 0usize..10, shift in 0u32..6,
    ) {
        let quad = |from: u32, to: u32, kind: u8| Quad {
            subject: Term::Blank(from), predicate: format!("urn:p{kind}").into(), object: Term::Blank(to), graph: None,
        };
        let quads: Vec<Quad> = edges.iter().map(|(from, to, kind)| quad(*from, *to, *kind)).collect();
        let mut moved: Vec<Quad> = edges.iter().map(|(from, to, kind)| quad((from + shift) % 6, (to + shift) % 6, *kind)).collect();
        moved.rotate_left(rotate % edges.len());
        let form = |quads| canonicalize(Dataset { quads, blank_count: 6 }, HashAlgorithm::Sha256).map(|canonical| canonical.document());
        prop_assert_eq!(form(quads), form(moved));
    }
}

#[test]
fn a_clique_of_blank_nodes_is_refused_as_too_complex() {
    let people: Vec<Value> = (0..12)
        .map(|from| {
            let others: Vec<Value> = (0..12).filter(|to| *to != from).map(|to| json!({"id": format!("_:b{to}")})).collect();
            json!({"id": format!("_:b{from}"), "https://example.org/knows": others})
        })
        .collect();
    let document = json!({"@context": [V2], "https://example.org/people": people});
    let expansion = expand(&document, &Contexts::built_in(), Edition::default(), None).unwrap();
    assert!(canonicalize(expansion.dataset, HashAlgorithm::Sha256).is_err());
}

#[test]
fn deep_documents_are_refused_and_long_ones_are_finished() {
    let mut deep = json!({"https://example.org/end": "x"});
    for _ in 0..100 {
        deep = json!({"https://example.org/next": deep});
    }
    deep["@context"] = json!([V2]);
    let refused = expand(&deep, &Contexts::built_in(), Edition::default(), None);
    assert!(matches!(refused, Err(JsonLdError::TooComplex(_))));
    let tags: Vec<String> = (0..8_000).map(|number| format!("tag {number}")).collect();
    let long = expand(&badge("long", &tags, &[], false, 1.0), &Contexts::built_in(), Edition::default(), None).unwrap();
    assert!(long.dataset.quads.len() > 8_000);
}

#[test]
fn an_unknown_context_is_named_and_nothing_is_expanded() {
    let document = json!({"@context": [V2, "https://example.org/own"], "name": "x"});
    let refused = expand(&document, &Contexts::built_in(), Edition::default(), None);
    assert_eq!(refused.unwrap_err(), JsonLdError::UnknownContext("https://example.org/own".to_owned()));
}

#[test]
fn an_undefined_term_is_noted_with_its_place() {
    let mut document = badge("x", &[], &[], true, 1.0);
    document["credentialSubject"]["achievement"]["grade/level"] = json!("A");
    let notes = expand(&document, &Contexts::built_in(), Edition::default(), None).unwrap().notes;
    let note = notes.oddities.iter().find(|note| note.oddity == Oddity::UndefinedTerm).unwrap();
    assert_eq!(note.pointer, "/credentialSubject/achievement/grade~1level");
}

#[test]
fn a_protected_term_can_not_be_redefined() {
    let document = json!({"@context": [V2, {"name": "https://example.org/name"}], "name": "x"});
    let refused = expand(&document, &Contexts::built_in(), Edition::default(), None).unwrap_err();
    assert!(matches!(refused, JsonLdError::Invalid { code: Code::ProtectedTermRedefinition, .. }));
}
