//! Issuers judged with a made-up federation: anchor, intermediate, school.
//! Comes in: statements signed by the test. Goes out: nothing.

use super::*;
use crate::model::code::Code;
use crate::verify::documents::Provided;
use crate::verify::securing::compact_jws::testing::{jwk, key, sign};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use std::collections::HashMap;

const ANCHOR: &str = "https://anchor.example.org";
const MIDDLE: &str = "https://middle.example.org";
const SCHOOL: &str = "https://school.example.org";

fn policy(pinned: Option<&SigningKey>) -> TrustPolicy {
    let mut registry = json!({ "id": "fed", "name": "Example Federation", "kind": "openid_federation", "url": ANCHOR });
    if let Some(pinned) = pinned {
        registry["jwks"] = json!({ "keys": [jwk(pinned, "anchor")] });
    }
    TrustPolicy::parse(&json!({ "name": "test", "registry": [registry] }).to_string()).unwrap()
}

fn statement(issuer: &str, subject: &str, signer: &SigningKey, kid: &str, keys: Value, more: Value) -> String {
    let mut claims =
        json!({ "iss": issuer, "sub": subject, "iat": 1_700_000_000, "exp": 4_000_000_000i64, "jwks": { "keys": [keys] } });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    sign(&json!({ "alg": "EdDSA", "typ": "entity-statement+jwt", "kid": kid }), &claims, signer)
}

fn configuration(entity: &str, signer: &SigningKey, kid: &str, hints: Value, name: &str) -> (String, String) {
    let metadata =
        json!({ "federation_entity": { "organization_name": name, "federation_fetch_endpoint": format!("{entity}/fetch") } });
    let token =
        statement(entity, entity, signer, kid, jwk(signer, kid), json!({ "authority_hints": hints, "metadata": metadata }));
    (format!("{entity}/.well-known/openid-federation"), token)
}

fn fetched(superior: &str, subject: &str) -> String {
    let escaped = percent_encoding::utf8_percent_encode(subject, percent_encoding::NON_ALPHANUMERIC);
    format!("{superior}/fetch?sub={escaped}")
}

/// anchor (key 1) → middle (key 2) → school (key 3)
fn federation() -> HashMap<String, String> {
    HashMap::from([
        configuration(ANCHOR, &key(1), "anchor", json!([]), "Anchor"),
        configuration(MIDDLE, &key(2), "middle", json!([ANCHOR]), "Middle"),
        configuration(SCHOOL, &key(3), "school", json!([MIDDLE]), "Example School"),
        (fetched(ANCHOR, MIDDLE), statement(ANCHOR, MIDDLE, &key(1), "anchor", jwk(&key(2), "middle"), json!({}))),
        (fetched(MIDDLE, SCHOOL), statement(MIDDLE, SCHOOL, &key(2), "middle", jwk(&key(3), "school"), json!({}))),
    ])
}

async fn judged(documents: HashMap<String, String>, pinned: Option<&SigningKey>, issuer: &str) -> (Check, Option<IssuerName>) {
    // What is not served does not exist.
    let mut provided: HashMap<String, Provided> =
        documents.into_iter().map(|(url, text)| (url, Provided::Content(text.into()))).collect();
    for (superior, subject) in [(ANCHOR, SCHOOL), (ANCHOR, "did:example:college"), (MIDDLE, SCHOOL)] {
        provided.entry(fetched(superior, subject)).or_insert(Provided::Gone);
    }
    let documents = Documents::with_provided(provided, None);
    let at = "2026-06-01T00:00:00Z".parse().unwrap();
    check(Some(issuer), Some("Self Said"), &policy(pinned), &documents, at, &[]).await
}

#[tokio::test]
async fn an_entity_below_an_intermediate_is_vouched_for_by_the_anchor() {
    let (check, name) = judged(federation(), Some(&key(1)), SCHOOL).await;
    assert_eq!((check.status, check.code), (CheckStatus::Pass, Code::IssuerRegistered), "{check:?}");
    assert_eq!(name, Some(IssuerName { name: "Example School".into(), registry: Some("Example Federation".into()) }));
}

#[tokio::test]
async fn a_did_that_the_anchor_states_itself_is_vouched_for() {
    let mut documents = federation();
    let metadata = json!({ "metadata": { "federation_entity": { "organization_name": "Example College" } } });
    documents.insert(
        fetched(ANCHOR, "did:example:college"),
        statement(ANCHOR, "did:example:college", &key(1), "anchor", Value::Null, metadata),
    );
    let (check, name) = judged(documents, None, "did:example:college").await;
    assert_eq!((check.code, name.unwrap().name.as_str()), (Code::IssuerRegistered, "Example College"));
}

#[tokio::test]
async fn a_link_that_is_forged_or_over_breaks_the_chain() {
    let replaced: [(String, String); 4] = [
        // The middle's keys as nobody attested them.
        (fetched(MIDDLE, SCHOOL), statement(MIDDLE, SCHOOL, &key(9), "middle", jwk(&key(3), "school"), json!({}))),
        // A statement about another subject.
        (fetched(MIDDLE, SCHOOL), statement(MIDDLE, MIDDLE, &key(2), "middle", jwk(&key(3), "school"), json!({}))),
        // A statement that is over.
        (
            fetched(ANCHOR, MIDDLE),
            statement(ANCHOR, MIDDLE, &key(1), "anchor", jwk(&key(2), "middle"), json!({ "exp": 1_700_000_001 })),
        ),
        // The school signs with another key than the one attested.
        configuration(SCHOOL, &key(8), "school", json!([MIDDLE]), "Impostor"),
    ];
    for (url, text) in replaced {
        let mut documents = federation();
        documents.insert(url.clone(), text);
        let (check, name) = judged(documents, Some(&key(1)), SCHOOL).await;
        assert_ne!(check.status, CheckStatus::Pass, "{url}");
        assert_eq!(name.and_then(|name| name.registry), None);
    }
    let (check, _) = judged(federation(), Some(&key(7)), SCHOOL).await;
    assert_eq!(
        (check.status, check.code),
        (CheckStatus::CouldNotCheck, Code::RegistryUnavailable),
        "another anchor than the pinned one"
    );
}

#[tokio::test]
async fn an_unknown_issuer_is_a_warning_and_an_unproven_one_is_not_judged() {
    let documents = Documents::default();
    let at = "2026-06-01T00:00:00Z".parse().unwrap();
    let (stranger, name) = check(Some("did:key:z6Mk"), Some("Self Said"), &TrustPolicy::built_in(), &documents, at, &[]).await;
    assert_eq!((stranger.status, stranger.code), (CheckStatus::Warning, Code::IssuerUnknown));
    assert_eq!(name, Some(IssuerName { name: "Self Said".into(), registry: None }));
    let (nobody, _) = check(None, None, &TrustPolicy::built_in(), &documents, at, &[]).await;
    assert_eq!((nobody.status, nobody.code), (CheckStatus::CouldNotCheck, Code::IssuerUnproven));
}
