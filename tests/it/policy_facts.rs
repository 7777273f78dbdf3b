//! What only the employer's policy can tell of a token: by which names issuers call the employer, and which authorities certify keys.

use crate::support::tokens::{TestKey, badge, certified, request_signing};
use serde_json::{Value, json};
use skillgate::document::token::read as read_token;
use skillgate::jsonld::Contexts;
use skillgate::model::credential::{Document, ReceivedCredential};
use skillgate::model::report::{CheckId, CheckStatus, Outcome};
use skillgate::model::submission::CandidateHint;
use skillgate::verify::checks::issuer_trust::TrustPolicy;
use skillgate::verify::documents::Documents;
use skillgate::verify::{Verification, VerificationRequest, Verifier};

const ISSUER: &str = "https://gw.example.org";

fn policy(more: &str) -> TrustPolicy {
    let text = format!("name = \"t\"\n{more}\n[[rule]]\nid = \"t\"\ndecision = \"allow\"\nurl = \"{ISSUER}\"\n");
    TrustPolicy::parse(&text).unwrap()
}

fn certified_token(claims: &Value) -> String {
    let (key, x5c) = certified();
    key.token(json!({"x5c": x5c, "kid": "leaf"}), claims)
}

fn authority() -> String {
    let chain = request_signing("chain.pem");
    let (_, root) = chain.trim().rsplit_once("-----BEGIN CERTIFICATE-----").unwrap();
    format!("[[authority]]\nname = \"Example Authority\"\ncertificate = \"\"\"-----BEGIN CERTIFICATE-----{root}\"\"\"\n")
}

async fn verify(policy: TrustPolicy, token: &str) -> Verification {
    verify_document(policy, Document::CompactJws(read_token(token))).await
}

async fn verify_document(policy: TrustPolicy, document: Document) -> Verification {
    let received = ReceivedCredential {
        name: "badge.jwt".to_owned(),
        containers: Vec::new(),
        media_type: "application/vc+jwt".to_owned(),
        bytes: Vec::new(),
        document,
        presentation: None,
    };
    let at = "2027-06-01T12:00:00Z".parse().unwrap();
    let request = VerificationRequest { at, candidate: CandidateHint::default(), explain: false };
    Verifier::new(Documents::default(), Contexts::built_in()).with_policy(policy).verify(&received, &request).await
}

fn found(verification: &Verification, id: CheckId) -> (CheckStatus, &str) {
    let check = verification.report.check(id).unwrap();
    (check.status, check.code.as_str())
}

#[tokio::test]
async fn an_authority_that_the_policy_names_proves_the_issuer() {
    let token = certified_token(&badge(ISSUER));
    let unnamed = verify(policy(""), &token).await;
    assert_eq!(found(&unnamed, CheckId::Controller), (CheckStatus::CouldNotCheck, "issuer_unproven"));
    assert!(unnamed.document.is_none());
    let named = verify(policy(&authority()), &token).await;
    assert_eq!(named.report.outcome, Outcome::Accepted, "{:#?}", named.report.checks);
    assert_eq!(named.report.issuer_id.as_deref(), Some(ISSUER));
    assert!(named.report.check(CheckId::Controller).unwrap().message.contains("\"Example Authority\" certifies"));
}

/// SD-JWT VC, since draft 10: without `iss` the certificate's subject is the issuer.
#[tokio::test]
async fn an_sd_jwt_credential_without_an_issuer_is_from_whom_its_certificate_names() {
    let (key, x5c) = certified();
    let token = |claims: Value| {
        let header = json!({"x5c": x5c, "typ": "dc+sd-jwt"});
        Document::SdJwt(format!("{}~", key.token(header, &claims)))
    };
    let claims =
        json!({"iat": 1_780_000_000, "exp": 1_900_000_000, "vct": "https://gw.example.org/diploma", "skills": ["Welding"]});
    let vouched = verify_document(policy(&authority()), token(claims.clone())).await;
    assert_eq!(vouched.report.outcome, Outcome::Accepted, "{:#?}", vouched.report.checks);
    assert_eq!(vouched.report.issuer_id.as_deref(), Some(ISSUER));
    let unvouched = verify_document(policy(""), token(claims.clone())).await;
    assert_eq!(unvouched.report.outcome, Outcome::Attention);
    assert_eq!(found(&unvouched, CheckId::Proof), (CheckStatus::Pass, "ok"));
    assert_eq!(found(&unvouched, CheckId::Controller), (CheckStatus::CouldNotCheck, "issuer_unproven"));
    assert!(unvouched.document.is_none() && unvouched.report.issuer_id.is_none());
    let mut other = claims;
    other["iss"] = json!("https://other.example.org");
    let contradicting = verify_document(policy(&authority()), token(other)).await;
    assert_eq!(found(&contradicting, CheckId::Controller), (CheckStatus::Fail, "controller_mismatch"));
}

#[tokio::test]
async fn an_authority_proves_no_other_issuer_and_no_other_key() {
    let other = "https://other.example.org";
    let verification = verify(policy(&authority()), &certified_token(&badge(other))).await;
    assert_eq!(found(&verification, CheckId::Controller), (CheckStatus::Fail, "controller_mismatch"));
    assert!(verification.document.is_none() && verification.report.issuer_id.is_none());

    let genuine = certified_token(&badge(ISSUER));
    let (head, _) = genuine.rsplit_once('.').unwrap();
    let mallory = TestKey::P256(p256::ecdsa::SigningKey::from_slice(&[2; 32]).unwrap());
    let forged = mallory.token(json!({"kid": "leaf"}), &badge(ISSUER));
    let (_, signature) = forged.rsplit_once('.').unwrap();
    let verification = verify(policy(&authority()), &format!("{head}.{signature}")).await;
    assert_eq!(found(&verification, CheckId::Proof), (CheckStatus::Fail, "signature_invalid"));
    assert!(verification.report.issuer_id.is_none());
}

#[tokio::test]
async fn a_token_for_a_certain_audience_is_for_those_alone() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let made_out_to = |audience: Value| {
        let mut claims = badge(&issuer);
        claims["aud"] = audience;
        key.token(json!({"kid": format!("{issuer}#0")}), &claims)
    };
    let us = "https://hire.example.org";
    let cases = [
        ("", json!(us), (CheckStatus::CouldNotCheck, "audience_unknown")),
        ("", json!([us, "https://other.example.org"]), (CheckStatus::CouldNotCheck, "audience_unknown")),
        ("audience = \"https://hire.example.org\"", json!(us), (CheckStatus::Pass, "ok")),
        (
            "audience = [\"urn:x:1\", \"https://hire.example.org\"]",
            json!(["https://other.example.org", us]),
            (CheckStatus::Pass, "ok"),
        ),
        ("audience = \"https://hire.example.org\"", json!("https://other.example.org"), (CheckStatus::Fail, "audience_mismatch")),
        ("audience = \"https://hire.example.org\"", json!("https://hire.example.org/"), (CheckStatus::Fail, "audience_mismatch")),
    ];
    for (more, audience, expected) in cases {
        let verification = verify(policy(more), &made_out_to(audience.clone())).await;
        assert_eq!(found(&verification, CheckId::Validity), expected, "{more} {audience}");
        if expected.0 != CheckStatus::Pass {
            let first = audience.get(0).unwrap_or(&audience).as_str().unwrap();
            let message = &verification.report.check(CheckId::Validity).unwrap().message;
            assert!(message.contains(first), "{message}");
        }
        let is_refused = verification.report.outcome == Outcome::Rejected;
        assert_eq!(is_refused, expected.0 == CheckStatus::Fail);
    }
}

#[test]
fn an_authority_without_a_readable_certificate_makes_the_policy_unusable() {
    let text = "name = \"t\"\n[[authority]]\nname = \"Broken\"\ncertificate = \"x\"\n";
    let error = TrustPolicy::parse(text).unwrap_err().to_string();
    assert!(error.contains("\"Broken\""), "{error}");
}
