//! Open Badges 2.0 from the file to the verdict, with a whole site served from memory.
//! Comes in: assertions, classes, issuers and keys made by the test. Goes out: nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use skillgate::document::token;
use skillgate::jsonld::Contexts;
use skillgate::model::credential::{Document, ReceivedCredential};
use skillgate::model::report::{CheckId, CheckStatus, Outcome};
use skillgate::model::submission::CandidateHint;
use skillgate::sample::sign::{KeyKind, SigningKey, jws};
use skillgate::verify::documents::{Documents, Provided};
use skillgate::verify::formats::open_badges_2::verify;
use skillgate::verify::{Verification, VerificationRequest, Verifier};
use std::collections::HashMap;

const SITE: &str = "https://college.example.org";

struct World {
    served: HashMap<String, Provided>,
}

impl World {
    fn new() -> Self {
        let mut world = Self { served: HashMap::new() };
        world.serve(&assertion());
        world.serve(&json!({
            "@context": "https://w3id.org/openbadges/v2", "type": "BadgeClass", "id": format!("{SITE}/class"), "name": "Welding",
            "description": "Welds", "image": format!("{SITE}/i.png"), "criteria": format!("{SITE}/c"), "issuer": format!("{SITE}/issuer")
        }));
        world.serve(&issuer());
        world
    }

    fn serve(&mut self, object: &Value) {
        self.serve_at(object["id"].as_str().unwrap(), object);
    }

    fn serve_at(&mut self, address: &str, object: &Value) {
        self.served.insert(address.to_owned(), Provided::Content(object.to_string().into()));
    }

    async fn verify(&self, document: Document) -> Verification {
        let verifier = Verifier::new(Documents::with_provided(self.served.clone(), None), Contexts::built_in());
        let received = ReceivedCredential {
            name: "badge.json".into(),
            containers: Vec::new(),
            media_type: "application/ld+json".into(),
            bytes: Vec::new(),
            document,
            presentation: None,
        };
        let candidate = CandidateHint { emails: vec!["ada@example.org".into()], ..CandidateHint::default() };
        let request = VerificationRequest { at: "2026-06-01T00:00:00Z".parse().unwrap(), candidate, explain: false };
        verify(&received, &request, &verifier).await
    }

    async fn json(&self, json: Value) -> Verification {
        self.verify(Document::Json(json.into())).await
    }
}

fn assertion() -> Value {
    json!({
        "@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": format!("{SITE}/a/1"),
        "recipient": { "type": "email", "hashed": false, "identity": "ada@example.org" },
        "badge": format!("{SITE}/class"), "issuedOn": "2026-01-01T00:00:00Z", "verification": { "type": "hosted" }
    })
}

fn issuer() -> Value {
    json!({ "@context": "https://w3id.org/openbadges/v2", "type": "Issuer", "id": format!("{SITE}/issuer"), "name": "Example College", "url": SITE, "email": "badges@example.org" })
}

fn code(verification: &Verification, id: CheckId) -> &str {
    verification.report.check(id).unwrap().code.as_str()
}

fn failing(verification: &Verification) -> Vec<(CheckId, &str)> {
    let failed = verification.report.checks.iter().filter(|check| check.status == CheckStatus::Fail);
    failed.map(|check| (check.id, check.code.as_str())).collect()
}

#[tokio::test]
async fn a_hosted_badge_is_verified_with_its_class_and_issuer_inlined() {
    let done = World::new().json(assertion()).await;
    assert_eq!(failing(&done), [], "{:#?}", done.report.checks);
    assert_eq!(done.report.checks.len(), CheckId::ALL.len());
    assert_eq!(done.report.issuer_id.as_deref(), Some("https://college.example.org/issuer"));
    assert_eq!(code(&done, CheckId::Recipient), "recipient_matched_email");
    let document = done.document.unwrap();
    assert_eq!(document.json["badge"]["issuer"]["name"], "Example College");
}

#[tokio::test]
async fn the_hosted_copy_is_the_truth_and_an_edited_file_is_said() {
    let mut edited = assertion();
    edited["recipient"]["identity"] = json!("eve@example.org");
    edited["narrative"] = json!("with distinction");
    let done = World::new().json(edited).await;
    assert_eq!(code(&done, CheckId::Integrity), "hosted_copy_differs");
    assert_eq!(done.document.unwrap().json["recipient"]["identity"], "ada@example.org");
}

#[tokio::test]
async fn gone_or_marked_badges_are_revoked() {
    let mut world = World::new();
    world.served.insert(format!("{SITE}/a/1"), Provided::Gone);
    assert_eq!(failing(&world.json(assertion()).await), [(CheckId::Status, "revoked")]);
    let mut world = World::new();
    let mut revoked = assertion();
    revoked["revoked"] = json!(true);
    world.serve(&revoked);
    let done = world.json(assertion()).await;
    assert_eq!(failing(&done), [(CheckId::Status, "revoked")]);
    assert!(done.document.is_none());
}

#[tokio::test]
async fn a_badge_that_can_not_be_fetched_is_neither_accepted_nor_rejected_nor_passed_on() {
    let mut world = World::new();
    world.served.remove(&format!("{SITE}/a/1"));
    let done = world.json(assertion()).await;
    assert_eq!((done.report.outcome, code(&done, CheckId::Proof)), (Outcome::Attention, "hosted_copy_unavailable"));
    assert!(done.document.is_none());
}

#[tokio::test]
async fn an_assertion_on_another_site_can_not_borrow_an_issuer() {
    let mut world = World::new();
    let mut forged = assertion();
    forged["id"] = json!("https://evil.example.com/a/1");
    world.serve(&forged);
    assert_eq!(failing(&world.json(forged.clone()).await), [(CheckId::Controller, "hosted_out_of_scope")]);
    // Nor by writing the issuer's profile into the badge, with rules that allow the site.
    let mut own = issuer();
    own["verification"] = json!({ "allowedOrigins": "evil.example.com" });
    forged["badge"] = json!({ "type": "BadgeClass", "id": "https://evil.example.com/class", "name": "Welding", "issuer": own });
    world.serve(&forged);
    assert_eq!(failing(&world.json(forged).await), [(CheckId::Controller, "hosted_out_of_scope")]);
}

#[tokio::test]
async fn an_issuer_without_a_web_address_is_not_proven_and_its_badge_is_not_passed_on() {
    let mut world = World::new();
    let mut nowhere = issuer();
    nowhere["id"] = json!("urn:uuid:11111111-1111-4111-8111-111111111111");
    world.serve_at(&format!("{SITE}/issuer"), &nowhere);
    let done = world.json(assertion()).await;
    assert_eq!((code(&done, CheckId::Controller), done.report.outcome), ("issuer_unproven", Outcome::Attention));
    assert!(done.document.is_none() && done.report.issuer_id.is_none());
}

#[tokio::test]
async fn a_badge_is_written_in_the_vocabulary_of_open_badges() {
    let of = |context: Value| async move {
        let mut world = World::new();
        let mut badge = assertion();
        badge["@context"] = context;
        world.serve(&badge);
        let done = world.json(badge).await;
        let check = done.report.check(CheckId::Context).unwrap();
        (check.status, check.code.to_string())
    };
    let version_2 = "https://w3id.org/openbadges/v2";
    for known in [json!(version_2), json!([version_2, "https://example.org/more"]), json!("http://w3id.org/openbadges/v1")] {
        assert_eq!(of(known).await.0, CheckStatus::Pass);
    }
    assert_eq!(of(json!({"name": "http://schema.org/name"})).await, (CheckStatus::Warning, "context_unusual".to_owned()));
    assert_eq!(of(json!("https://w3id.org/openbadges/v99")).await, (CheckStatus::CouldNotCheck, "unknown_context".to_owned()));
}

#[tokio::test]
async fn the_address_must_answer_with_the_same_badge() {
    let mut world = World::new();
    let mut other = assertion();
    other["id"] = json!(format!("{SITE}/a/2"));
    world.serve_at(&format!("{SITE}/a/1"), &other);
    assert_eq!(failing(&world.json(assertion()).await), [(CheckId::Proof, "hosted_id_mismatch")]);
}

fn signed_world() -> (World, SigningKey, Value) {
    let key = SigningKey::generate(KeyKind::P256);
    let mut world = World::new();
    let mut profile = issuer();
    profile["publicKey"] = json!(format!("{SITE}/key"));
    profile["revocationList"] = json!(format!("{SITE}/revoked"));
    world.serve(&profile);
    world.serve(&json!({ "type": "CryptographicKey", "id": format!("{SITE}/key"), "owner": format!("{SITE}/issuer"), "publicKeyPem": pem(&key) }));
    world.serve(&json!({ "type": "RevocationList", "id": format!("{SITE}/revoked"), "revokedAssertions": [{ "id": "urn:uuid:2", "revocationReason": "fraud" }] }));
    let mut assertion = assertion();
    assertion["id"] = json!("urn:uuid:1");
    assertion["verification"] = json!({ "type": "SignedBadge", "creator": format!("{SITE}/key") });
    (world, key, assertion)
}

/// SubjectPublicKeyInfo of a P-256 key: a fixed head, then the point.
fn pem(key: &SigningKey) -> String {
    use base64::Engine;
    use p256::elliptic_curve::sec1::ToEncodedPoint;
    let multikey = bs58::decode(&key.did()["did:key:z".len()..]).into_vec().unwrap();
    let point = p256::PublicKey::from_sec1_bytes(&multikey[2..]).unwrap().to_encoded_point(false);
    let head = hex::decode("3059301306072a8648ce3d020106082a8648ce3d030107034200").unwrap();
    let body = base64::engine::general_purpose::STANDARD.encode([head.as_slice(), point.as_bytes()].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &body[..64], &body[64..])
}

#[tokio::test]
async fn a_signed_badge_is_verified_with_the_key_that_its_issuer_lists() {
    let (world, key, assertion) = signed_world();
    let done = world.verify(Document::CompactJws(token::read(&jws(&json!({}), &assertion, &key)))).await;
    assert_eq!(failing(&done), [], "{:#?}", done.report.checks);
    assert_eq!((code(&done, CheckId::Proof), code(&done, CheckId::Status)), ("ok", "not_revoked"));
    assert!(done.document.is_some());
}

#[tokio::test]
async fn a_signed_badge_fails_for_a_foreign_key_an_unlisted_key_or_a_revocation() {
    let (mut world, key, mut assertion) = signed_world();
    let stranger = SigningKey::generate(KeyKind::P256);
    let forged = world.verify(Document::CompactJws(token::read(&jws(&json!({}), &assertion, &stranger)))).await;
    assert_eq!(failing(&forged), [(CheckId::Proof, "signature_invalid")]);
    let own = json!({ "type": "CryptographicKey", "id": "https://evil.example.com/key", "owner": format!("{SITE}/issuer"), "publicKeyPem": pem(&stranger) });
    world.serve(&own);
    assertion["verification"]["creator"] = json!("https://evil.example.com/key");
    let unlisted = world.verify(Document::CompactJws(token::read(&jws(&json!({}), &assertion, &stranger)))).await;
    assert_eq!(failing(&unlisted), [(CheckId::Controller, "key_not_published")]);
    assertion["verification"]["creator"] = json!(format!("{SITE}/key"));
    assertion["id"] = json!("urn:uuid:2");
    let revoked = world.verify(Document::CompactJws(token::read(&jws(&json!({}), &assertion, &key)))).await;
    assert_eq!(failing(&revoked), [(CheckId::Status, "revoked")]);
}

#[tokio::test]
async fn a_signed_badge_without_its_signature_and_one_without_its_essence_are_rejected() {
    let (world, _, assertion) = signed_world();
    assert_eq!(failing(&world.json(assertion).await), [(CheckId::Proof, "unsigned")]);
    let mut world = World::new();
    let mut wrong = crate::open_badges_2::assertion();
    wrong["type"] = json!("OtherAssertion");
    world.serve(&wrong);
    assert_eq!(failing(&world.json(wrong).await), [(CheckId::Schema, "schema_invalid")]);
}

#[tokio::test]
async fn a_badge_of_the_first_generation_is_told_apart_in_plain_words() {
    let old = json!({ "recipient": "ada@example.org", "issued_on": "2011-12-31",
        "badge": { "version": "0.5.0", "name": "Old", "criteria": "/c", "issuer": { "origin": "http://old.example.org", "name": "Old" } } });
    let done = World::new().json(old).await;
    assert_eq!((done.report.outcome, code(&done, CheckId::Format)), (Outcome::Attention, "legacy_format"));
    assert!(done.document.is_none());
}

#[tokio::test]
async fn an_endorsement_is_verified_alone_and_a_bad_one_does_not_spoil_the_badge() {
    let mut world = World::new();
    let endorsement = json!({ "@context": "https://w3id.org/openbadges/v2", "type": "Endorsement", "id": format!("{SITE}/e/1"),
        "issuer": format!("{SITE}/issuer"), "issuedOn": "2026-01-01", "claim": { "id": format!("{SITE}/a/1") }, "verification": { "type": "hosted" } });
    world.serve(&endorsement);
    world.served.insert(format!("{SITE}/e/2"), Provided::Gone);
    let mut badge = assertion();
    badge["endorsement"] = json!([format!("{SITE}/e/1"), format!("{SITE}/e/2")]);
    world.serve(&badge);
    let done = world.json(badge).await;
    let outcomes: Vec<Outcome> = done.report.nested.iter().map(|nested| nested.report.outcome).collect();
    assert_eq!(outcomes, [Outcome::Accepted, Outcome::Rejected]);
    assert_eq!((failing(&done), code(&done, CheckId::Nested)), (vec![], "endorsement_invalid"));
}

/// A world of Open Badges 1.1, where the key is a bare PEM text at `verify.url`.
fn older_world(key_address: &str, key: &SigningKey) -> (World, Value) {
    let mut world = World::new();
    world.serve_at(
        &format!("{SITE}/old-class"),
        &json!({"name": "Welding", "description": "Welds", "image": format!("{SITE}/i.png"), "criteria": format!("{SITE}/c"),
            "issuer": format!("{SITE}/old-issuer")}),
    );
    world.serve_at(&format!("{SITE}/old-issuer"), &json!({"name": "Example College", "url": SITE}));
    world.served.insert(key_address.to_owned(), Provided::Content(pem(key).into()));
    let badge = json!({"uid": "1", "recipient": {"type": "email", "hashed": false, "identity": "ada@example.org"},
        "badge": format!("{SITE}/old-class"), "issuedOn": "2015-03-16T21:51:15Z", "verify": {"type": "signed", "url": key_address}});
    (world, badge)
}

#[tokio::test]
async fn a_signed_badge_of_the_first_edition_is_verified_with_the_key_on_its_issuers_site() {
    let key = SigningKey::generate(KeyKind::P256);
    let signed = |badge: &Value, key: &SigningKey| Document::CompactJws(token::read(&jws(&json!({}), badge, key)));
    let (world, badge) = older_world(&format!("{SITE}/key.pem"), &key);
    let done = world.verify(signed(&badge, &key)).await;
    assert_eq!(failing(&done), [], "{:#?}", done.report.checks);
    assert_eq!((done.report.outcome, code(&done, CheckId::Format)), (Outcome::Attention, "legacy_format"));
    assert_eq!(done.report.issuer_id.as_deref(), Some("https://college.example.org/old-issuer"));
    assert!(done.document.is_some());
    // Another key, an algorithm whose secret is the public key, and a key on another site.
    let other = SigningKey::generate(KeyKind::P256);
    assert_eq!(failing(&world.verify(signed(&badge, &other)).await), [(CheckId::Proof, "signature_invalid")]);
    let Document::CompactJws(genuine) = signed(&badge, &key) else { panic!("a token") };
    let parts: Vec<&str> = genuine.text.split('.').collect();
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256"}).to_string());
    let mut mac = Hmac::<Sha256>::new_from_slice(pem(&key).as_bytes()).unwrap();
    mac.update(format!("{header}.{}", parts[1]).as_bytes());
    let forged = format!("{header}.{}.{}", parts[1], URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    let done = world.verify(Document::CompactJws(token::read(&forged))).await;
    assert_eq!((done.report.outcome, failing(&done)), (Outcome::Rejected, vec![(CheckId::Proof, "signature_invalid")]));
    let (world, badge) = older_world("https://evil.example.com/key.pem", &other);
    assert_eq!(failing(&world.verify(signed(&badge, &other)).await), [(CheckId::Controller, "key_not_published")]);
}

#[tokio::test]
async fn a_hosted_badge_of_the_very_first_edition_belongs_to_the_origin_that_hosts_it() {
    let address = "https://old.example.org/b/1.json";
    let badge = |origin: &str| {
        json!({"recipient": "ada@example.org", "issued_on": "2012-12-28", "verify": {"type": "hosted", "url": address},
            "badge": {"version": "0.5.0", "name": "Old", "description": "x", "image": "/i.png", "criteria": "/c",
                "issuer": {"origin": origin, "name": "Old School"}}})
    };
    for (origin, expected) in [
        ("http://old.example.org", vec![]),
        ("https://elsewhere.example.org", vec![(CheckId::Controller, "hosted_out_of_scope")]),
    ] {
        let mut world = World::new();
        world.serve_at(address, &badge(origin));
        let done = world.json(badge(origin)).await;
        assert_eq!(failing(&done), expected, "{origin}: {:#?}", done.report.checks);
        assert_eq!(done.document.is_some(), expected.is_empty());
    }
}

#[tokio::test]
async fn an_unknown_kind_of_verification_is_named_and_proves_nothing() {
    for (kind, name) in [("MerkleProofVerification2017", "Blockcerts"), ("ext:Notary", "ext:Notary")] {
        let mut badge = assertion();
        badge["verification"] = json!({"type": [kind, "Extension"], "publicKey": "x"});
        let done = World::new().json(badge).await;
        let proof = done.report.check(CheckId::Proof).unwrap();
        assert_eq!((done.report.outcome, proof.status), (Outcome::Attention, CheckStatus::CouldNotCheck));
        assert!(proof.message.contains(name) && proof.message.contains(kind), "{}", proof.message);
        assert!(done.document.is_none());
    }
}

#[tokio::test]
async fn no_sentence_speaks_of_a_signature_where_the_hosted_copy_is_another_badge() {
    let mut world = World::new();
    let mut other = assertion();
    other["id"] = json!("https://elsewhere.example.org/a/1");
    world.serve_at(&format!("{SITE}/a/1"), &other);
    let done = world.json(assertion()).await;
    assert_eq!(failing(&done), [(CheckId::Proof, "hosted_id_mismatch")]);
    let said = done.report.checks.iter().filter(|check| check.status != CheckStatus::NotApplicable);
    for check in said {
        assert!(!check.message.to_lowercase().contains("genuine"), "{}", check.message);
    }
}
