//! Numbers keep the digits that the issuer wrote, from the file to the normalised credential.

use crate::support::tokens::{TestKey, badge};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Number, Value, json};
use skillgate::document::Limits;
use skillgate::intake::{self, Content};
use skillgate::jsonld::Contexts;
use skillgate::model::ids::TenantId;
use skillgate::model::report::{CheckId, CheckStatus};
use skillgate::model::submission::{CandidateHint, UploadedFile};
use skillgate::normalize::{Origin, normalize};
use skillgate::verify::documents::Documents;
use skillgate::verify::{VerificationRequest, Verifier};

/// As the issuer writes a number, and as it is kept: serde_json adds the sign of an exponent and changes nothing else. A 64-bit
/// float would make 12345678901234567000 of the third number.
const NUMBERS: [(&str, &str); 4] =
    [("1.0", "1.0"), ("1e2", "1e+2"), ("12345678901234567890", "12345678901234567890"), ("0.1", "0.1")];

/// [`Number::as_str`] exists only in builds in which serde_json keeps the text of numbers.
fn texts(values: impl Iterator<Item = Value>) -> Vec<String> {
    values.filter_map(|value| value.as_number().map(Number::as_str).map(str::to_owned)).collect()
}

#[tokio::test]
async fn numbers_pass_through_intake_verification_and_normalisation_with_all_their_digits() {
    let key = TestKey::ed25519(1);
    let issuer = key.did_jwk();
    let mut document = badge(&issuer);
    document["credentialSubject"]["result"] = "results".into();
    let results = NUMBERS.map(|(written, _)| format!(r#"{{"type": ["Result"], "value": {written}}}"#)).join(",");
    let payload = document.to_string().replace(r#""results""#, &format!("[{results}]"));
    let header = json!({"alg": key.algorithm(), "typ": "vc+jwt", "kid": format!("{issuer}#0")}).to_string();
    let signed = [header, payload].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())));
    let file = UploadedFile { name: None, media_type: None, bytes: token.into_bytes().into() };

    let opened = intake::open(&file, &Limits::default()).into_iter().next().unwrap().content;
    let Content::Credentials(credentials) = opened else { panic!("no credential was found") };
    let request =
        VerificationRequest { at: "2026-06-01T12:00:00Z".parse().unwrap(), candidate: CandidateHint::default(), explain: false };
    let verifier = Verifier::new(Documents::default(), Contexts::built_in());
    let verification = verifier.verify(&credentials[0], &request).await;
    assert_eq!(verification.report.check(CheckId::Proof).unwrap().status, CheckStatus::Pass);

    let kept = NUMBERS.map(|(_, kept)| kept);
    let verified = verification.document.unwrap();
    let results = verified.json["credentialSubject"]["result"].as_array().unwrap().clone();
    assert_eq!(texts(results.into_iter().map(|result| result["value"].clone())), kept);

    let origin = Origin { tenant_id: TenantId::from("default"), candidate_ref: None, fingerprint: "00".repeat(32) };
    let normalized = normalize(&verified, &verification.report, &origin);
    let values: Vec<&str> = normalized.results.iter().filter_map(|result| result.value.as_deref()).collect();
    assert_eq!(values, kept);
}
