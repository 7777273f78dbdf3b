//! Credentials and presentations as signed CBOR messages (COSE): every algorithm, and every trick that must be refused.

use crate::support::tokens::{TestKey, V2, badge};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ciborium::Value as Cbor;
use serde_json::json;
use skillgate::document::Limits;
use skillgate::intake::{self, Content};
use skillgate::jsonld::Contexts;
use skillgate::model::credential::Securing;
use skillgate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use skillgate::model::submission::{CandidateHint, UploadedFile};
use skillgate::verify::documents::Documents;
use skillgate::verify::{PresentationRequest, VerificationRequest, Verifier};

type Header = Vec<(Cbor, Cbor)>;

fn request() -> VerificationRequest {
    VerificationRequest { at: "2026-06-01T12:00:00Z".parse().unwrap(), candidate: CandidateHint::default(), explain: false }
}

fn verifier() -> Verifier {
    Verifier::new(Documents::default(), Contexts::built_in())
}

fn open(bytes: &[u8]) -> Content {
    let file = UploadedFile { name: None, media_type: None, bytes: bytes.to_vec().into() };
    intake::open(&file, &Limits::default()).into_iter().next().expect("one thing is found").content
}

/// The report on the only credential in a file.
async fn report(bytes: &[u8]) -> VerificationReport {
    let Content::Credentials(credentials) = open(bytes) else { panic!("no credential was found") };
    assert_eq!(credentials[0].media_type, "application/vc+cose");
    verifier().verify(&credentials[0], &request()).await.report
}

fn pair(label: i64, value: impl Into<Cbor>) -> (Cbor, Cbor) {
    (Cbor::from(label), value.into())
}

/// The header that the specification asks for.
fn header(key: &TestKey, kid: &str) -> Header {
    let kid = Cbor::Bytes(kid.as_bytes().to_vec());
    vec![pair(1, key.cose_algorithm()), pair(3, "application/vc"), pair(4, kid), pair(16, "application/vc+cose")]
}

fn signed(key: &TestKey) -> Vec<u8> {
    let issuer = key.did_jwk();
    key.cose(header(key, &format!("{issuer}#0")), vec![], &badge(&issuer))
}

fn code(report: &VerificationReport, id: CheckId) -> &str {
    report.check(id).unwrap().code.as_str()
}

#[tokio::test]
async fn a_badge_in_a_message_signed_with_any_supported_algorithm_is_genuine() {
    for key in TestKey::all() {
        let message = signed(&key);
        let untagged = message[1..].to_vec();
        let forms = [message.clone(), untagged, STANDARD.encode(&message).into(), URL_SAFE_NO_PAD.encode(&message).into()];
        for form in forms {
            let report = report(&form).await;
            for id in [CheckId::Format, CheckId::Proof, CheckId::Controller, CheckId::Integrity, CheckId::Validity] {
                let check = report.check(id).unwrap();
                assert_eq!((check.status, code(&report, id)), (CheckStatus::Pass, "ok"), "{}: {check:?}", key.algorithm());
            }
            assert_eq!(report.secured_with, Securing::VcCose);
            assert_eq!(report.issuer_id, Some(key.did_jwk()));
            assert_eq!(report.outcome, Outcome::Attention, "nobody vouches for the issuer");
        }
    }
}

/// Replaces the first place where `from` stands by something of the same length.
fn replaced(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = message.windows(from.len()).position(|part| part == from.as_bytes()).expect("the text is there");
    [&message[..at], to.as_bytes(), &message[at + from.len()..]].concat()
}

#[tokio::test]
async fn a_changed_message_is_refused() {
    let message = signed(&TestKey::ed25519(1));
    let changes = [
        ("payload", replaced(&message, "Can weld.", "Can cook.")),
        ("protected header", replaced(&message, "application/vc\u{4}", "application/VC\u{4}")),
        ("signature", [&message[..message.len() - 1], &[message[message.len() - 1] ^ 1]].concat()),
    ];
    for (what, changed) in changes {
        let report = report(&changed).await;
        assert_eq!((code(&report, CheckId::Proof), report.outcome), ("signature_invalid", Outcome::Rejected), "{what}");
    }
}

#[tokio::test]
async fn the_algorithm_is_the_keys_and_signed() {
    let [ed25519, p256] = [TestKey::ed25519(1), TestKey::P256(p256::ecdsa::SigningKey::from_slice(&[2; 32]).unwrap())];
    let issuer = ed25519.did_jwk();
    let kid = format!("{issuer}#0");
    let message = |protected: Header, unprotected: Header| ed25519.cose(protected, unprotected, &badge(&issuer));
    let without_algorithm = || header(&ed25519, &kid).split_off(1);
    let with = |number: i64| [vec![pair(1, number)], without_algorithm()].concat();
    let critical = || pair(2, Cbor::Array(vec![Cbor::from(16)]));
    let cases = [
        ("another key's algorithm", message(header(&p256, &kid), vec![]), CheckId::Proof, "algorithm_mismatch"),
        ("a shared secret", message(with(5), vec![]), CheckId::Proof, "algorithm_refused"),
        ("an unknown number", message(with(-70_000), vec![]), CheckId::Proof, "algorithm_refused"),
        ("outside the signature", message(without_algorithm(), vec![pair(1, -8)]), CheckId::Format, "invalid_cose_header"),
        ("inside and outside", message(with(-8), vec![pair(1, -8)]), CheckId::Format, "invalid_cose_header"),
        ("critical", message([with(-8), vec![critical()]].concat(), vec![]), CheckId::Proof, "unknown_critical_header"),
        ("critical outside", message(with(-8), vec![critical()]), CheckId::Format, "invalid_cose_header"),
    ];
    for (what, bytes, id, expected) in cases {
        let report = report(&bytes).await;
        assert_eq!((code(&report, id), report.outcome), (expected, Outcome::Rejected), "{what}");
    }
}

#[tokio::test]
async fn a_message_of_another_kind_is_refused() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let typed = |cty: Cbor, typ: Cbor| {
        let kid = Cbor::Bytes(format!("{issuer}#0").into_bytes());
        key.cose(vec![pair(1, -8), pair(3, cty), pair(4, kid), pair(16, typ)], vec![], &badge(&issuer))
    };
    let [vc, cose] = ["application/vc", "application/vc+cose"].map(Cbor::from);
    for (cty, typ) in [
        (Cbor::from("very/bad"), cose.clone()),
        (vc.clone(), Cbor::from("application/vp+cose")),
        (vc.clone(), Cbor::from("application/vc+jwt")),
        (vc.clone(), Cbor::from(61)),
        (Cbor::from("application/cwt"), cose.clone()),
    ] {
        let report = report(&typed(cty.clone(), typ.clone())).await;
        assert_eq!(code(&report, CheckId::Format), "wrong_media_type", "{cty:?} {typ:?}");
        assert_eq!(report.outcome, Outcome::Rejected);
    }
    assert_eq!(code(&report(&typed(vc, cose)).await, CheckId::Format), "ok");
}

#[tokio::test]
async fn a_key_that_is_not_the_issuers_is_refused() {
    let [own, foreign] = [TestKey::ed25519(1), TestKey::ed25519(9)];
    let issuer = own.did_jwk();
    // The forger names their own key, openly or outside the signature; or the issuer's, which then does not match.
    let kid = |text: String| pair(4, Cbor::Bytes(text.into_bytes()));
    let named = foreign.cose(header(&foreign, &foreign.did_jwk()), vec![], &badge(&issuer));
    let unprotected = foreign.cose(vec![pair(1, -8)], vec![kid(foreign.did_jwk())], &badge(&issuer));
    let pretended = foreign.cose(vec![pair(1, -8)], vec![kid(issuer.clone())], &badge(&issuer));
    for (bytes, id, expected) in [
        (named, CheckId::Controller, "controller_mismatch"),
        (unprotected, CheckId::Controller, "controller_mismatch"),
        (pretended, CheckId::Proof, "signature_invalid"),
    ] {
        let report = report(&bytes).await;
        assert_eq!((code(&report, id), report.outcome), (expected, Outcome::Rejected));
    }
    let hinted = own.cose(vec![pair(1, -8)], vec![kid(issuer.clone())], &badge(&issuer));
    assert_eq!(code(&report(&hinted).await, CheckId::Controller), "ok");
}

#[tokio::test]
async fn claims_in_the_header_count() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let with_claims = |claims: Header| {
        let protected = [header(&key, &issuer), vec![pair(15, Cbor::Map(claims))]].concat();
        key.cose(protected, vec![], &badge(&issuer))
    };
    let expired = report(&with_claims(vec![pair(4, 1_767_225_600)])).await;
    assert_eq!((code(&expired, CheckId::Validity), expired.outcome), ("expired", Outcome::Rejected));
    let contradicting = report(&with_claims(vec![pair(1, "did:example:other")])).await;
    assert_eq!((code(&contradicting, CheckId::Integrity), contradicting.outcome), ("second_truth", Outcome::Rejected));
    assert_eq!(report(&with_claims(vec![pair(1, issuer.as_str())])).await.outcome, Outcome::Attention);
}

#[tokio::test]
async fn a_message_that_holds_something_else_is_not_a_credential() {
    let key = TestKey::ed25519(1);
    let other = key.cose(header(&key, "x"), vec![], &json!({"temperature": 20}));
    let Content::Nothing(problem) = open(&other) else { panic!("a credential was found") };
    assert_eq!(problem.code.as_str(), "not_a_credential");
    let broken = [&signed(&key)[..100], &[0; 10]].concat();
    assert!(matches!(open(&broken), Content::Nothing(_)));
}

#[tokio::test]
async fn a_presentation_in_a_message_is_bound_to_its_holder_and_request() {
    let holder = TestKey::P256(p256::ecdsa::SigningKey::from_slice(&[2; 32]).unwrap());
    let inner = signed(&TestKey::ed25519(1));
    let enveloped = json!({"@context": V2, "type": "EnvelopedVerifiableCredential",
        "id": format!("data:application/vc+cose;base64,{}", STANDARD.encode(&inner))});
    let payload = json!({"@context": [V2], "type": ["VerifiablePresentation"], "holder": holder.did_jwk(),
        "verifiableCredential": [enveloped], "nonce": "n-1", "aud": "https://gateway.example.org"});
    let kid = Cbor::Bytes(holder.did_jwk().into_bytes());
    let protected = vec![pair(1, -7), pair(3, "application/vp"), pair(4, kid), pair(16, "application/vp+cose")];
    let message = holder.cose(protected.clone(), vec![], &payload);
    let Content::Presentation(presentation) = open(&message) else { panic!("no presentation was found") };
    assert_eq!((presentation.media_type.as_str(), presentation.credentials.len()), ("application/vp+cose", 1));
    let expected = |challenge: &str| PresentationRequest {
        challenge: Some(challenge.to_owned()),
        domain: Some("https://gateway.example.org".to_owned()),
        window: None,
    };
    let (report, facts) = verifier().verify_presentation(&presentation, &expected("n-1"), &request()).await;
    assert_eq!((report.outcome, report.secured_with), (Outcome::Accepted, Securing::VcCose), "{:?}", report.checks);
    assert_eq!(facts.proven_holder, Some(holder.did_jwk()));
    let (report, _) = verifier().verify_presentation(&presentation, &expected("n-2"), &request()).await;
    assert_eq!(code(&report, CheckId::Proof), "challenge_mismatch");
    let credential = verifier().verify(&presentation.credentials[0], &request()).await.report;
    assert_eq!((credential.secured_with, code(&credential, CheckId::Proof)), (Securing::VcCose, "ok"));
    // A credential can't pose as a presentation, nor the other way round.
    let typed_as_credential = holder.cose(header(&holder, &holder.did_jwk()), vec![], &payload);
    let Content::Presentation(posing) = open(&typed_as_credential) else { panic!("no presentation was found") };
    let (report, _) = verifier().verify_presentation(&posing, &PresentationRequest::default(), &request()).await;
    assert_eq!(code(&report, CheckId::Format), "wrong_media_type");
}

#[tokio::test]
async fn a_message_inside_a_credential_is_verified_as_a_credential_of_its_own() {
    let [outer, inner] = [TestKey::ed25519(1), TestKey::ed25519(2)];
    let issuer = outer.did_jwk();
    let mut record = badge(&issuer);
    record["credentialSubject"]["verifiableCredential"] = json!([{"@context": V2, "type": "EnvelopedVerifiableCredential",
        "id": format!("data:application/vc+cose;base64,{}", STANDARD.encode(signed(&inner)))}]);
    let report = report(&outer.cose(header(&outer, &issuer), vec![], &record)).await;
    assert_eq!(report.nested.len(), 1);
    let nested = &report.nested[0].report;
    assert_eq!((nested.secured_with, nested.issuer_id.as_deref()), (Securing::VcCose, Some(inner.did_jwk().as_str())));
}
