//! Credentials and presentations secured as tokens: every algorithm, and every trick that must be refused.

use crate::support::tokens::{TestKey, V2, badge, certified};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use skillgate::document::token::read as read_token;
use skillgate::jsonld::Contexts;
use skillgate::model::credential::{Document, ReceivedCredential, ReceivedPresentation};
use skillgate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use skillgate::model::submission::CandidateHint;
use skillgate::verify::documents::{Documents, Provided};
use skillgate::verify::{PresentationRequest, Verification, VerificationRequest, Verifier};
use std::collections::HashMap;

const V1: &str = "https://www.w3.org/2018/credentials/v1";

fn at() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn request() -> VerificationRequest {
    VerificationRequest { at: at(), candidate: CandidateHint::default(), explain: false }
}

fn verifier(documents: &[(&str, Value)]) -> Verifier {
    let provided = documents.iter().map(|(url, json)| ((*url).to_owned(), Provided::Content(json.to_string().into())));
    let provided: HashMap<String, Provided> = provided.collect();
    Verifier::new(Documents::with_provided(provided, None), Contexts::built_in())
}

fn received(document: Document) -> ReceivedCredential {
    ReceivedCredential {
        name: "badge.jwt".to_owned(),
        containers: Vec::new(),
        media_type: "application/vc+jwt".to_owned(),
        bytes: Vec::new(),
        document,
        presentation: None,
    }
}

async fn verify(documents: &[(&str, Value)], token: String) -> Verification {
    verifier(documents).verify(&received(Document::CompactJws(read_token(&token))), &request()).await
}

fn status(report: &VerificationReport, id: CheckId) -> (CheckStatus, &str) {
    let check = report.check(id).expect("every check is reported");
    (check.status, check.code.as_str())
}

#[tokio::test]
async fn a_badge_signed_with_any_supported_algorithm_is_genuine() {
    for key in TestKey::all() {
        let issuer = key.did_jwk();
        let token = key.token(json!({"kid": format!("{issuer}#0"), "typ": "JWT"}), &badge(&issuer));
        let verification = verify(&[], token).await;
        let report = &verification.report;
        for id in [CheckId::Format, CheckId::Proof, CheckId::Controller, CheckId::Integrity, CheckId::Validity] {
            assert_eq!(status(report, id), (CheckStatus::Pass, "ok"), "{}: {:?}", key.algorithm(), report.check(id));
        }
        assert_eq!(report.issuer_id.as_deref(), Some(issuer.as_str()));
        assert!(verification.document.is_some() && report.outcome != Outcome::Rejected, "{}", key.algorithm());
        assert_eq!(report.checks.iter().map(|check| check.id).collect::<Vec<_>>(), CheckId::ALL);
    }
}

#[tokio::test]
async fn one_changed_byte_is_enough_to_be_rejected() {
    for key in TestKey::all() {
        let issuer = key.did_jwk();
        let token = key.token(json!({"kid": format!("{issuer}#0")}), &badge(&issuer));
        let foreign = key.token(json!({"kid": format!("{issuer}#0"), "typ": "JWT"}), &badge(&issuer));
        let (head, _) = token.rsplit_once('.').unwrap();
        let (_, signature) = foreign.rsplit_once('.').unwrap();
        let verification = verify(&[], format!("{head}.{signature}")).await;
        assert_eq!(status(&verification.report, CheckId::Proof), (CheckStatus::Fail, "signature_invalid"), "{}", key.algorithm());
        assert_eq!(verification.report.outcome, Outcome::Rejected);
        assert!(verification.document.is_none());
    }
}

#[tokio::test]
async fn the_algorithm_is_pinned_to_the_key() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    for (algorithm, code) in
        [("ES256", "algorithm_mismatch"), ("RS256", "algorithm_mismatch"), ("HS256", "algorithm_refused"), ("none", "unsigned")]
    {
        let token = key.token(json!({"alg": algorithm, "kid": format!("{issuer}#0")}), &badge(&issuer));
        let verification = verify(&[], token).await;
        assert_eq!(status(&verification.report, CheckId::Proof), (CheckStatus::Fail, code), "{algorithm}");
        assert_eq!(verification.report.outcome, Outcome::Rejected, "{algorithm}");
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_supported_is_not_checked_and_shows_nothing() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let token = key.token(json!({"alg": "Ed448", "kid": format!("{issuer}#0")}), &badge(&issuer));
    let verification = verify(&[], token).await;
    assert_eq!(status(&verification.report, CheckId::Proof), (CheckStatus::CouldNotCheck, "algorithm_unsupported"));
    assert_eq!(verification.report.outcome, Outcome::Attention);
    assert!(verification.document.is_none());
}

#[tokio::test]
async fn another_controllers_key_is_not_the_issuers() {
    let (mallory, issuer) = (TestKey::ed25519(9), TestKey::ed25519(1).did_jwk());
    let token = mallory.token(json!({"kid": format!("{}#0", mallory.did_jwk())}), &badge(&issuer));
    let verification = verify(&[], token).await;
    assert_eq!(status(&verification.report, CheckId::Proof).0, CheckStatus::Pass);
    assert_eq!(status(&verification.report, CheckId::Controller), (CheckStatus::Fail, "controller_mismatch"));
    assert_eq!(verification.report.issuer_id, None);
    assert!(verification.document.is_none());
}

#[tokio::test]
async fn a_key_in_the_header_never_proves_the_issuer() {
    let key = TestKey::ed25519(3);
    let issuer = "https://college.example.org/issuer";
    let token = key.token(json!({"jwk": key.jwk()}), &badge(issuer));
    let alone = verify(&[], token.clone()).await.report;
    assert_eq!(status(&alone, CheckId::Proof).0, CheckStatus::Pass);
    assert_eq!(status(&alone, CheckId::Controller), (CheckStatus::CouldNotCheck, "issuer_unproven"));
    assert_eq!((alone.outcome, alone.issuer_id), (Outcome::Attention, None));

    let keys = "https://college.example.org/.well-known/jwks.json";
    let published = verify(&[(keys, json!({"keys": [key.jwk()]}))], token.clone()).await.report;
    assert_eq!(status(&published, CheckId::Controller).0, CheckStatus::Pass);
    assert_eq!(published.issuer_id.as_deref(), Some(issuer));

    let others = verify(&[(keys, json!({"keys": [TestKey::ed25519(4).jwk()]}))], token.clone()).await.report;
    assert_eq!(status(&others, CheckId::Controller), (CheckStatus::Fail, "key_not_published"));
    assert_eq!(others.outcome, Outcome::Rejected);

    let mut tenant = key.jwk();
    tenant["iss"] = json!("https://college.example.org/somebody-else");
    let elsewhere = verify(&[(keys, json!({"keys": [tenant]}))], token).await.report;
    assert_eq!(status(&elsewhere, CheckId::Controller).0, CheckStatus::Fail);
}

#[tokio::test]
async fn a_key_in_the_header_is_accepted_when_the_issuers_did_document_lists_it() {
    let key = TestKey::ed25519(3);
    let did = "did:web:college.example.org";
    let document = |jwk: Value| json!({"id": did, "assertionMethod": [{"id": "#k", "type": "JsonWebKey", "controller": did, "publicKeyJwk": jwk}]});
    let token = key.token(json!({"jwk": key.jwk()}), &badge(did));
    let good = verify(&[(did, document(key.jwk()))], token.clone()).await.report;
    assert_eq!(status(&good, CheckId::Controller).0, CheckStatus::Pass);
    let bad = verify(&[(did, document(TestKey::ed25519(4).jwk()))], token).await.report;
    assert_eq!(status(&bad, CheckId::Controller), (CheckStatus::Fail, "key_not_published"));
}

#[tokio::test]
async fn a_certificate_in_the_header_shows_that_a_token_is_whole_and_never_whose_it_is() {
    let (certified, x5c) = certified();
    let other = TestKey::P256(p256::ecdsa::SigningKey::from_slice(&[2; 32]).unwrap());
    let issuer = "https://gw.example.org";
    let checked = async |key: &TestKey, x5c: &[String], at: &str| {
        let token = key.token(json!({"x5c": x5c, "kid": "leaf"}), &badge(issuer));
        let request = VerificationRequest { at: at.parse().unwrap(), ..request() };
        let verification = verifier(&[]).verify(&received(Document::CompactJws(read_token(&token))), &request).await;
        assert!(verification.document.is_none() && verification.report.issuer_id.is_none(), "nobody knows who the issuer is");
        verification.report
    };
    let (later, early) = ("2027-06-01T12:00:00Z", "2026-06-01T12:00:00Z");
    let whole = checked(&certified, &x5c, later).await;
    assert_eq!(status(&whole, CheckId::Proof), (CheckStatus::Pass, "ok"));
    assert_eq!(status(&whole, CheckId::Controller), (CheckStatus::CouldNotCheck, "issuer_unproven"));
    assert_eq!(whole.outcome, Outcome::Attention);

    let before = checked(&certified, &x5c, early).await;
    assert_eq!(status(&before, CheckId::Controller), (CheckStatus::Fail, "certificate_not_yet_valid"));
    let forged = checked(&other, &x5c, later).await;
    assert_eq!(status(&forged, CheckId::Proof), (CheckStatus::Fail, "signature_invalid"));
    let torn = checked(&certified, &[x5c[0].clone(), x5c[2].clone()], later).await;
    assert_eq!(status(&torn, CheckId::Proof), (CheckStatus::Fail, "certificate_invalid"));

    // The issuer's own word decides; a certificate of another key beside it is a contradiction.
    let keys = "https://gw.example.org/.well-known/jwks.json";
    let mut jwk = other.jwk();
    jwk["kid"] = json!("leaf");
    let published = [(keys, json!({"keys": [jwk]}))];
    let with_other = other.token(json!({"x5c": x5c, "kid": "leaf"}), &badge(issuer));
    assert_eq!(status(&verify(&published, with_other).await.report, CheckId::Proof), (CheckStatus::Fail, "certificate_invalid"));
    let alone = other.token(json!({"kid": "leaf"}), &badge(issuer));
    assert_eq!(status(&verify(&published, alone).await.report, CheckId::Controller).0, CheckStatus::Pass);
}

#[tokio::test]
async fn an_issuer_that_is_only_a_number_is_neither_proven_nor_shown() {
    let key = TestKey::ed25519(1);
    let issuer = "urn:uuid:33333333-3333-4333-8333-333333333333";
    let token = key.token(json!({"kid": format!("{}#0", key.did_jwk())}), &badge(issuer));
    let verification = verify(&[], token).await;
    assert_eq!(status(&verification.report, CheckId::Controller), (CheckStatus::CouldNotCheck, "issuer_unproven"));
    assert_eq!(verification.report.outcome, Outcome::Attention);
    assert!(verification.document.is_none() && verification.report.issuer_id.is_none());
}

#[tokio::test]
async fn a_key_of_another_did_is_not_the_issuers_even_when_it_cannot_be_had() {
    let key = TestKey::ed25519(1);
    let token = key.token(json!({"kid": "did:web:mallory.example.net#k"}), &badge("did:web:college.example.org"));
    let verification = verify(&[], token).await;
    assert_eq!(status(&verification.report, CheckId::Controller), (CheckStatus::Fail, "controller_mismatch"));
}

#[tokio::test]
async fn a_bare_name_of_a_key_is_looked_up_at_the_issuer() {
    let key = TestKey::ed25519(5);
    let did = "did:web:college.example.org";
    let document = json!({"id": did, "assertionMethod": [{"id": "#second", "type": "JsonWebKey", "controller": did, "publicKeyJwk": key.jwk()}]});
    for kid in ["#second", "second", "did:web:college.example.org#second"] {
        let report = verify(&[(did, document.clone())], key.token(json!({"kid": kid}), &badge(did))).await.report;
        assert_eq!(status(&report, CheckId::Controller).0, CheckStatus::Pass, "{kid}");
    }
    let missing = verify(&[(did, document)], key.token(json!({"kid": "#third"}), &badge(did))).await.report;
    assert_eq!(status(&missing, CheckId::Proof), (CheckStatus::Fail, "key_invalid"));
}

#[tokio::test]
async fn an_issuer_that_cannot_be_reached_is_neither_failed_nor_believed() {
    let key = TestKey::ed25519(1);
    let token = key.token(json!({"kid": "did:web:college.example.org#k"}), &badge("did:web:college.example.org"));
    let verification = verify(&[], token).await;
    assert_eq!(status(&verification.report, CheckId::Proof), (CheckStatus::CouldNotCheck, "key_unavailable"));
    assert_eq!(verification.report.outcome, Outcome::Attention);
    assert!(verification.document.is_none());
    assert_eq!(verification.report.issuer_id, None);
}

#[tokio::test]
async fn dates_are_reported_even_when_the_signature_is_wrong() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let mut payload = badge(&issuer);
    payload["validUntil"] = json!("2026-02-01T00:00:00Z");
    let token = TestKey::ed25519(2).token(json!({"kid": format!("{issuer}#0")}), &payload);
    let report = verify(&[], token).await.report;
    assert_eq!(status(&report, CheckId::Proof).0, CheckStatus::Fail);
    assert_eq!(status(&report, CheckId::Validity), (CheckStatus::Fail, "expired"));
}

#[tokio::test]
async fn data_model_1_in_the_vc_claim_is_read_with_its_claims() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let payload = json!({"iss": issuer, "sub": "did:example:ada", "jti": "urn:uuid:1", "nbf": 1_767_225_600,
        "vc": {"@context": [V1], "type": ["VerifiableCredential"], "credentialSubject": {"degree": "x"}}});
    let verification = verify(&[], key.token(json!({"kid": format!("{issuer}#0"), "typ": "JWT"}), &payload)).await;
    let document = verification.document.expect("genuine");
    assert_eq!(document.json["issuer"], json!(issuer));
    assert_eq!(document.json["credentialSubject"]["id"], "did:example:ada");
}

#[tokio::test]
async fn headers_and_claims_that_tell_two_stories_are_rejected() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let kid = format!("{issuer}#0");
    let with = |member: &str, value: Value| {
        let mut payload = badge(&issuer);
        payload[member] = value;
        payload
    };
    let cases = [
        (json!({"kid": kid, "typ": "at+jwt"}), badge(&issuer), CheckId::Format),
        (json!({"kid": kid, "cty": "bad+cty"}), badge(&issuer), CheckId::Format),
        (json!({"kid": kid, "crit": ["x"], "x": 1}), badge(&issuer), CheckId::Proof),
        (json!({"kid": kid}), with("vc", json!({"type": "VerifiableCredential"})), CheckId::Integrity),
        (json!({"kid": kid}), with("iss", json!("did:example:other")), CheckId::Controller),
        (json!({"kid": kid}), with("sub", json!("did:example:eve")), CheckId::Integrity),
        (json!({"kid": kid}), with("jti", json!("urn:uuid:other")), CheckId::Integrity),
        (json!({"kid": kid}), with("nbf", json!(1)), CheckId::Integrity),
        (json!({"kid": kid}), with("exp", json!("soon")), CheckId::Format),
    ];
    for (header, payload, decisive) in cases {
        let verification = verify(&[], key.token(header.clone(), &payload)).await;
        assert_eq!(status(&verification.report, decisive).0, CheckStatus::Fail, "{header}: {:?}", verification.report.checks);
        assert_eq!(verification.report.outcome, Outcome::Rejected, "{header}");
        assert!(verification.document.is_none(), "{header}");
    }
}

#[tokio::test]
async fn an_unsigned_credential_is_rejected_at_the_proof() {
    let mut json = badge("did:example:issuer");
    for claim in ["iss", "sub", "jti", "nbf"] {
        json.as_object_mut().unwrap().remove(claim);
    }
    let verification = verifier(&[]).verify(&received(Document::Json(json.into())), &request()).await;
    assert_eq!(status(&verification.report, CheckId::Proof), (CheckStatus::Fail, "unsigned"));
    assert_eq!(verification.report.outcome, Outcome::Rejected);
    assert!(verification.document.is_none());
}

async fn present(token: String, challenge: Option<&str>, domain: Option<&str>) -> (VerificationReport, Option<String>) {
    let presentation = ReceivedPresentation {
        name: "presentation".to_owned(),
        media_type: "application/vp+jwt".to_owned(),
        bytes: Vec::new(),
        document: Document::CompactJws(read_token(&token)),
        credentials: Vec::new(),
    };
    let expected =
        PresentationRequest { challenge: challenge.map(str::to_owned), domain: domain.map(str::to_owned), window: None };
    let (report, facts) = verifier(&[]).verify_presentation(&presentation, &expected, &request()).await;
    (report, facts.proven_holder)
}

#[tokio::test]
async fn a_signed_presentation_proves_its_holder_for_one_request_only() {
    let key = TestKey::ed25519(7);
    let holder = key.did_jwk();
    let payload = json!({"iss": holder, "nonce": "n-1", "aud": "https://gw.example.org",
        "vp": {"@context": [V1], "type": ["VerifiablePresentation"], "holder": holder}});
    let token = || key.token(json!({"kid": format!("{holder}#0"), "typ": "JWT"}), &payload);
    let (report, proven) = present(token(), Some("n-1"), Some("https://gw.example.org")).await;
    assert_eq!((report.outcome, proven.as_deref()), (Outcome::Accepted, Some(holder.as_str())), "{:?}", report.checks);
    for (challenge, domain, code) in
        [("n-2", "https://gw.example.org", "challenge_mismatch"), ("n-1", "https://other.example.org", "domain_mismatch")]
    {
        let (report, proven) = present(token(), Some(challenge), Some(domain)).await;
        assert_eq!(status(&report, CheckId::Proof), (CheckStatus::Fail, code));
        assert_eq!(proven, None);
    }
}

#[tokio::test]
async fn a_presentation_of_somebody_else_proves_no_holder() {
    let (key, holder) = (TestKey::ed25519(7), TestKey::ed25519(8).did_jwk());
    let payload = json!({"@context": [V2], "type": ["VerifiablePresentation"], "holder": holder});
    let (report, proven) = present(key.token(json!({"kid": format!("{}#0", key.did_jwk())}), &payload), None, None).await;
    assert_eq!(status(&report, CheckId::Controller).0, CheckStatus::Fail);
    assert_eq!(proven, None);
}

#[tokio::test]
async fn an_unsigned_presentation_needs_attention_and_proves_nobody() {
    let mut presentation = ReceivedPresentation {
        name: "presentation".to_owned(),
        media_type: "application/vp+ld+json".to_owned(),
        bytes: Vec::new(),
        document: Document::Json(json!({"@context": [V2], "type": "VerifiablePresentation", "holder": "did:example:ada"}).into()),
        credentials: vec![received(Document::Json(json!({}).into()))],
    };
    let (report, facts) = verifier(&[]).verify_presentation(&presentation, &PresentationRequest::default(), &request()).await;
    assert_eq!((report.outcome, status(&report, CheckId::Proof).1), (Outcome::Attention, "holder_unproven"));
    assert_eq!((facts.proven_holder, facts.proof), (None, None));
    presentation.credentials.clear();
    let (empty, _) = verifier(&[]).verify_presentation(&presentation, &PresentationRequest::default(), &request()).await;
    assert_eq!(status(&empty, CheckId::Proof), (CheckStatus::Fail, "unsigned"));
}
