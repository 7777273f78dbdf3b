//! Status lists signed by the test and served from memory: what revokes, what clears, and what proves nothing.
//! Comes in: lists and entries made by the test. Goes out: nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use skillgate::jsonld::Contexts;
use skillgate::model::report::{Check, CheckStatus};
use skillgate::sample::sign::{KeyKind, SigningKey, vc_jwt};
use skillgate::verify::Verifier;
use skillgate::verify::checks::status::{StatusRequest, check};
use skillgate::verify::documents::{Documents, Provided};
use std::collections::HashMap;
use std::io::Write;

const URL: &str = "https://example.org/lists/1";

/// A list in the making: every member may be changed before it is signed.
struct List {
    key: SigningKey,
    bits: Vec<u8>,
    credential: Value,
}

impl List {
    fn new(bytes: usize) -> Self {
        let key = SigningKey::generate(KeyKind::Ed25519);
        let credential = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": URL,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": key.did(),
            "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": { "id": format!("{URL}#list"), "type": "BitstringStatusList", "statusPurpose": "revocation" }
        });
        Self { key, bits: vec![0; bytes], credential }
    }

    fn encoded(&self) -> String {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.bits).unwrap();
        format!("u{}", URL_SAFE_NO_PAD.encode(encoder.finish().unwrap()))
    }

    fn signed(&self) -> String {
        let mut credential = self.credential.clone();
        if credential["credentialSubject"]["encodedList"].is_null() {
            credential["credentialSubject"]["encodedList"] = json!(self.encoded());
        }
        vc_jwt(&credential, &self.key)
    }
}

fn entry(edit: impl Fn(&mut Value)) -> Value {
    let mut entry = json!({ "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "9", "statusListCredential": URL });
    edit(&mut entry);
    json!({ "id": "urn:uuid:1", "credentialStatus": entry })
}

async fn checked(document: &Value, served: Option<String>, issuer: Option<&str>) -> Check {
    let served = served.map(|text| (URL.to_owned(), Provided::Content(text.into())));
    let documents = Documents::with_provided(served.into_iter().collect::<HashMap<_, _>>(), None);
    let verifier = Verifier::new(documents, Contexts::built_in());
    let at = "2026-06-01T00:00:00Z".parse().unwrap();
    check(document, &StatusRequest { verifier: &verifier, issuer, at }).await
}

async fn of(document: &Value, list: &List) -> (CheckStatus, String) {
    let check = checked(document, Some(list.signed()), Some(&list.key.did())).await;
    (check.status, check.code.to_string())
}

fn unknown(code: &str) -> (CheckStatus, String) {
    (CheckStatus::CouldNotCheck, code.to_owned())
}

#[tokio::test]
async fn a_credential_without_status_has_nothing_to_check() {
    assert_eq!(checked(&json!({}), None, None).await.status, CheckStatus::NotApplicable);
}

#[tokio::test]
async fn a_set_bit_revokes_and_a_clear_one_passes() {
    let mut list = List::new(16_384);
    assert_eq!(of(&entry(|_| {}), &list).await, (CheckStatus::Pass, "not_revoked".into()));
    list.bits[1] = 0b0100_0000;
    assert_eq!(of(&entry(|_| {}), &list).await, (CheckStatus::Fail, "revoked".into()));
    assert_eq!(of(&entry(|entry| entry["statusListIndex"] = json!(8)), &list).await.0, CheckStatus::Pass);
}

#[tokio::test]
async fn every_entry_of_an_array_is_looked_at() {
    let mut list = List::new(16_384);
    list.credential["credentialSubject"]["statusPurpose"] = json!(["revocation", "suspension"]);
    list.bits[1] = 0b0100_0000;
    let clear = entry(|entry| entry["statusListIndex"] = json!("3"))["credentialStatus"].take();
    let suspended = entry(|entry| entry["statusPurpose"] = json!("suspension"))["credentialStatus"].take();
    let document = json!({ "credentialStatus": [clear, suspended] });
    assert_eq!(of(&document, &list).await, (CheckStatus::Fail, "suspended".into()));
}

#[tokio::test]
async fn entries_of_several_bits_and_messages_are_read() {
    let mut list = List::new(65_536);
    list.credential["credentialSubject"]["statusPurpose"] = json!("message");
    list.bits[2] = 0b0010_0000; // entry 9 of two bits: bits 18 and 19
    let document = entry(|entry| {
        entry["statusPurpose"] = json!("message");
        entry["statusSize"] = json!(2);
        entry["statusMessage"] =
            json!([{ "status": "0x0", "message": "pending" }, { "status": "0x2", "message": "under review" }]);
    });
    let check = checked(&document, Some(list.signed()), Some(&list.key.did())).await;
    assert_eq!((check.status, check.code.as_str()), (CheckStatus::Warning, "status_message"));
    assert!(check.findings.iter().any(|finding| finding.detail.contains("under review")), "{:?}", check.findings);
}

#[tokio::test]
async fn a_list_that_proves_nothing_is_never_a_clean_bill() {
    let good = List::new(16_384);
    let with = |edit: &dyn Fn(&mut List)| {
        let mut list = List::new(16_384);
        edit(&mut list);
        list
    };
    assert_eq!(of(&entry(|_| {}), &List::new(16_383)).await, unknown("status_list_too_short"));
    let expired = with(&|list| list.credential["validUntil"] = json!("2026-02-01T00:00:00Z"));
    assert_eq!(of(&entry(|_| {}), &expired).await, unknown("status_list_expired"));
    let early = with(&|list| list.credential["validFrom"] = json!("2027-01-01T00:00:00Z"));
    assert_eq!(of(&entry(|_| {}), &early).await, unknown("status_list_not_yet_valid"));
    let other_type = with(&|list| list.credential["type"] = json!(["VerifiableCredential"]));
    assert_eq!(of(&entry(|_| {}), &other_type).await, unknown("status_list_wrong_type"));
    let purpose = entry(|entry| entry["statusPurpose"] = json!("suspension"));
    assert_eq!(of(&purpose, &good).await, unknown("status_list_wrong_purpose"));
    assert_eq!(of(&entry(|entry| entry["statusListIndex"] = json!(131_072)), &good).await, unknown("status_index_out_of_range"));
    let broken = (CheckStatus::Fail, "status_entry_invalid".to_owned());
    assert_eq!(of(&entry(|entry| entry["statusListIndex"] = json!(-1)), &good).await, broken);
    assert_eq!(of(&entry(|entry| entry["statusPurpose"] = json!({ "@value": "revocation" })), &good).await, broken);
    assert_eq!(of(&entry(|entry| entry["statusSize"] = json!(2)), &good).await, broken, "values without meanings");
    assert_eq!(of(&entry(|entry| entry["type"] = json!("SomethingNew")), &good).await, unknown("status_type_unknown"));
    let garbled = with(&|list| list.credential["credentialSubject"]["encodedList"] = json!("u!!!"));
    assert_eq!(of(&entry(|_| {}), &garbled).await, unknown("status_list_invalid"));
}

#[tokio::test]
async fn tampered_unsigned_and_unreachable_lists_could_not_be_checked() {
    let list = List::new(16_384);
    let issuer = list.key.did();
    let mut token = list.signed();
    token.truncate(token.len() - 4);
    token.push_str("AAAA");
    let code = |check: Check| (check.status, check.code.to_string());
    assert_eq!(code(checked(&entry(|_| {}), Some(token), Some(&issuer)).await), unknown("status_list_signature_invalid"));
    let mut plain = list.credential.clone();
    plain["credentialSubject"]["encodedList"] = json!(list.encoded());
    let (status, _) = code(checked(&entry(|_| {}), Some(plain.to_string()), Some(&issuer)).await);
    assert_eq!(status, CheckStatus::CouldNotCheck);
    assert_eq!(code(checked(&entry(|_| {}), None, Some(&issuer)).await), unknown("status_list_unavailable"));
    assert_eq!(code(checked(&entry(|_| {}), Some("<html>".into()), Some(&issuer)).await), unknown("status_list_invalid"));
}

#[tokio::test]
async fn a_list_of_another_signer_can_revoke_but_not_clear() {
    let mut list = List::new(16_384);
    let clear = checked(&entry(|_| {}), Some(list.signed()), Some("did:example:issuer")).await;
    assert_eq!((clear.status, clear.code.as_str()), (CheckStatus::Warning, "status_list_other_issuer"));
    list.bits[1] = 0b0100_0000;
    let revoked = checked(&entry(|_| {}), Some(list.signed()), Some("did:example:issuer")).await;
    assert_eq!((revoked.status, revoked.code.as_str()), (CheckStatus::Fail, "revoked"));
}

#[tokio::test]
async fn the_report_names_each_list_with_its_digest() {
    let list = List::new(16_384);
    let check = checked(&entry(|_| {}), Some(list.signed()), Some(&list.key.did())).await;
    let explain = check.explain.unwrap();
    assert_eq!(explain["lists"][0]["url"], URL);
    assert_eq!(explain["lists"][0]["sha256"].as_str().map(str::len), Some(64));
}
