//! Badges of a trusted issuer with one thing wrong, most of them signed as they stand: each is refused for what is wrong with it.
//! Unlike in `red_team`, the issuer's own software may be what went wrong, or the issuer may be the attacker.

use crate::support::examine::examine_with;
use crate::support::range::Range;
use crate::support::tokens::V2;
use serde_json::{Value, json};
use skillgate::model::report::{CheckStatus, Outcome};
use skillgate::sample::Badge;

struct College {
    range: Range,
    badge: Value,
}

impl College {
    fn new() -> Self {
        let range = Range::new();
        let mut badge = Badge::new("ada@example.org", "2025-01-01T00:00:00Z".parse().unwrap());
        badge.subject = Some("did:example:ada".to_owned());
        let badge = badge.unsigned(&range.institution);
        Self { range, badge }
    }

    fn with(&self, pointer: &str, value: Value) -> Value {
        edited(&self.badge, pointer, value)
    }

    fn sign(&self, credential: &Value) -> Value {
        self.range.sign(credential)
    }

    /// The outcome, and the codes of everything that failed.
    async fn judge(&self, text: &str) -> (Outcome, Vec<String>) {
        let at = "2026-06-01T12:00:00Z".parse().unwrap();
        let examined = examine_with(&self.range.verifier, text.as_bytes(), at).await.remove(0);
        assert!(examined.presentation.is_none(), "no test sends a presentation");
        if let Some(problem) = examined.problem {
            return (Outcome::Rejected, vec![problem.code.to_string()]);
        }
        let report = &examined.credentials[0].report;
        let failed = report.checks.iter().filter(|check| check.status == CheckStatus::Fail);
        (report.outcome, failed.map(|check| check.code.to_string()).collect())
    }

    async fn expect_refusal(&self, name: &str, text: &str, code: &str) {
        let (outcome, failed) = self.judge(text).await;
        assert_eq!(outcome, Outcome::Rejected, "{name}: {failed:?}");
        assert!(failed.iter().any(|found| found == code), "{name}: {failed:?}, expected {code}");
    }
}

/// `document` with one member set; the parent has to exist.
fn edited(document: &Value, pointer: &str, value: Value) -> Value {
    let mut edited = document.clone();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    edited.pointer_mut(parent).unwrap()[member.replace("~1", "/")] = value;
    edited
}

fn status_entry() -> Value {
    let list = "https://unreachable.example.org/status/1";
    json!({"id": format!("{list}#5"), "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
        "statusListIndex": "5", "statusListCredential": list})
}

fn endorsement() -> Value {
    json!({"@context": [V2, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"], "id": "urn:example:1",
        "type": ["VerifiableCredential", "EndorsementCredential"], "name": "x", "validFrom": "2025-01-01T00:00:00Z",
        "issuer": {"id": "https://example.org/peer", "type": ["Profile"]},
        "credentialSubject": {"id": "https://example.org/it", "type": ["EndorsementSubject"], "endorsementComment": "Good."}})
}

#[tokio::test]
async fn a_genuine_signature_does_not_save_a_member_that_readers_and_signatures_see_differently() {
    let college = College::new();
    let achievement = "/credentialSubject/achievement";
    let cases = [
        ("/expirationDate", json!("2020-01-01T00:00:00Z"), "undefined_term"),
        ("/issuanceDate", json!("2020-01-01T00:00:00Z"), "undefined_term"),
        ("/whatever", json!(5), "undefined_term"),
        ("/credentialSubject/creditsEarnedX", json!(5), "undefined_term"),
        ("/_:p", json!("x"), "undefined_term"),
        ("/@included", json!([{"id": "urn:x:1", "type": "Profile"}]), "keyword_member"),
        ("/@reverse", json!({"https://www.w3.org/2018/credentials#issuer": {"id": "urn:x:y"}}), "keyword_member"),
        ("/@graph", json!([{"id": "urn:x:y", "type": "Profile"}]), "keyword_member"),
        ("/@nest", json!({"validUntil": "2020-01-01T00:00:00Z"}), "keyword_member"),
        ("/credentialSubject/@index", json!("x"), "keyword_member"),
        ("/credentialSubject/achievement/id", json!("urn:forged x"), "data_loss"),
        ("/credentialSubject/achievement/id", json!("a/b"), "data_loss"),
        ("/credentialSubject/type", json!(["AchievementSubject", "Achievement Subject"]), "data_loss"),
        ("/name", json!({"@value": "x", "@direction": "rtl"}), "value_object"),
        ("/validUntil", json!(["2020-01-01T00:00:00Z"]), "not_plain"),
        ("/issuer/address", json!({"type": ["https://purl.imsglobal.org/spec/vc/ob/vocab.html#Address"]}), "renamed_member"),
        (achievement, with_type_flood(&college.badge), "too_complex"),
    ];
    for (pointer, value, code) in cases {
        let badge = college.sign(&college.with(pointer, value.clone()));
        let shown: String = value.to_string().chars().take(80).collect();
        college.expect_refusal(&format!("{pointer} = {shown}"), &badge.to_string(), code).await;
    }
}

fn with_type_flood(badge: &Value) -> Value {
    let types: Vec<String> = (0..2_001).map(|number| format!("urn:type:{number}")).chain(["Achievement".to_owned()]).collect();
    edited(&badge["credentialSubject"]["achievement"], "/type", types.into())
}

#[tokio::test]
async fn a_status_entry_is_where_and_what_it_should_be_or_the_badge_is_refused() {
    let college = College::new();
    let entry = status_entry();
    assert_eq!(
        college.judge(&college.sign(&college.with("/credentialStatus", entry.clone())).to_string()).await.0,
        Outcome::Attention
    );
    let cases = [
        (json!([[entry]]), "nested_array"),
        (json!([entry, [entry]]), "nested_array"),
        (edited(&entry, "/credentialStatus", edited(&entry, "/statusListIndex", json!("6"))), "undefined_term"),
        (edited(&entry, "/type", json!("StatusList2021Entry")), "malformed"),
        (edited(&entry, "/statusPurpose", json!({"@value": "revocation", "@language": "en"})), "not_plain"),
        // VC Bitstring Status List §2.1: text, all of them.
        (edited(&entry, "/statusPurpose", json!(["revocation"])), "status_entry_invalid"),
        (edited(&entry, "/statusListIndex", json!(["5"])), "status_entry_invalid"),
        (edited(&entry, "/statusSize", json!(2)), "status_entry_invalid"),
    ];
    for (value, code) in cases {
        let badge = college.sign(&college.with("/credentialStatus", value.clone()));
        college.expect_refusal(&value.to_string(), &badge.to_string(), code).await;
    }
}

#[tokio::test]
async fn an_endorsement_is_a_credential_in_its_own_right_with_known_words_only() {
    let college = College::new();
    let good = endorsement();
    let own_words = [good["@context"].as_array().unwrap().clone(), vec![json!({"x": "https://example.org/x"})]].concat();
    let mut without_context = good.clone();
    without_context.as_object_mut().unwrap().remove("@context");
    let nested = (0..8).fold(good.clone(), |inner, _| edited(&good, "/endorsement", json!([inner])));
    let cases = [
        (json!("text"), "schema_invalid"),
        (without_context, "inner_context_missing"),
        (edited(&good, "/@context", own_words.into()), "inline_context"),
        (edited(&good, "/@included", json!([{"id": "urn:x:1", "type": "Profile"}])), "keyword_member"),
        (nested, "node_redescribed"),
    ];
    for (value, code) in cases {
        let badge = college.sign(&college.with("/endorsement", json!([value])));
        let shown: String = value.to_string().chars().take(80).collect();
        college.expect_refusal(&shown, &badge.to_string(), code).await;
    }
    let criteria = college.with("/credentialSubject/achievement/criteria/@context", json!(V2));
    college.expect_refusal("a context below the top", &college.sign(&criteria).to_string(), "inner_context").await;
}

#[tokio::test]
async fn vocabularies_are_named_once_and_not_in_heaps() {
    let college = College::new();
    let named = |more: Vec<Value>| {
        let contexts = college.badge["@context"].as_array().unwrap().clone();
        college.sign(&college.with("/@context", [contexts, more].concat().into())).to_string()
    };
    college.expect_refusal("twice", &named(vec![json!(V2)]), "context_repeated").await;
    let heap = vec![json!("https://w3id.org/security/multikey/v1"); 20];
    college.expect_refusal("heap", &named(heap), "context_excess").await;
}

#[tokio::test]
async fn a_changed_proof_is_refused() {
    let college = College::new();
    let badge = college.sign(&college.badge);
    assert_eq!(college.judge(&badge.to_string()).await.0, Outcome::Accepted);
    let cases = [
        ("/name", json!("Other"), "signature_invalid"),
        ("/proof/type", json!("eddsa-rdfc-2022"), "unsupported_proof"),
        ("/proof/type", json!(null), "malformed"),
        ("/proof/proofPurpose", json!("authentication"), "proof_purpose_mismatch"),
        ("/proof/proofPurpose", json!("keyAgreement"), "proof_purpose_mismatch"),
        ("/proof/proofValue", json!("not-multibase"), "proof_malformed"),
        ("/proof/proofValue", json!("z0000"), "proof_malformed"),
        ("/proof/proofValue", json!(42), "proof_malformed"),
        ("/proof/cryptosuite", json!({}), "unsupported_proof"),
        ("/proof/cryptosuite", json!(["eddsa-rdfc-2022"]), "unsupported_proof"),
        ("/proof/cryptosuite", json!("eddsa-rdfc-2099"), "unsupported_proof"),
        ("/proof/https:~1~1w3id.org~1security#expiration", json!("2020-01-01T00:00:00Z"), "signature_invalid"),
        ("/proof/verificationMethod", json!("did:key:z6MkFakeOtherDid#z6MkFakeOtherDid"), "controller_mismatch"),
    ];
    for (pointer, value, code) in cases {
        let changed = edited(&badge, pointer, value.clone());
        college.expect_refusal(&format!("{pointer} = {value}"), &changed.to_string(), code).await;
    }
}

#[tokio::test]
async fn a_badge_cannot_be_wrapped_or_written_so_that_readers_disagree() {
    let college = College::new();
    let badge = college.sign(&college.badge);
    let mut forged = badge.clone();
    forged["id"] = json!("urn:forged:1");
    forged["@included"] = json!([badge]);
    let wrapped = json!({"@context": badge["@context"], "@graph": [badge]});
    let text = badge.to_string();
    let cases = [
        ("a second root", forged.to_string(), "keyword_member"),
        ("a graph of credentials", wrapped.to_string(), "unknown_content"),
        ("half a character in a name", text.replace("\"name\"", "\"n\\ud800\""), "invalid_json"),
        ("half a character in the proof", text.replace("\"created\"", "\"\\ud800\""), "invalid_json"),
        ("a name twice", text.replacen('{', "{\"name\":\"Other\",", 1), "duplicate_key"),
    ];
    for (name, text, code) in cases {
        college.expect_refusal(name, &text, code).await;
    }
}

/// What is only written differently stays what it is.
#[tokio::test]
async fn a_number_may_be_written_with_a_fraction_of_nothing() {
    let college = College::new();
    let badge = college.sign(&college.with("/credentialSubject/creditsEarned", json!(1)));
    let written = edited(&badge, "/credentialSubject/creditsEarned", json!(1.0));
    assert_eq!(college.judge(&written.to_string()).await, (Outcome::Accepted, Vec::new()));
    let other = edited(&badge, "/credentialSubject/creditsEarned", json!(1.5));
    college.expect_refusal("another number", &other.to_string(), "signature_invalid").await;
}

/// `urn:uuid:…` leads to no key and is nobody's name: that is not proven, and not contradicted either.
#[tokio::test]
async fn an_issuer_that_is_only_a_number_is_not_proven() {
    let college = College::new();
    let numbered = college.sign(&college.with("/issuer/id", json!("urn:uuid:11111111-1111-4111-8111-111111111111")));
    assert_eq!(college.judge(&numbered.to_string()).await, (Outcome::Attention, Vec::new()));
    let named = college.sign(&college.with("/issuer/id", json!("https://college.example.org")));
    college.expect_refusal("a web address", &named.to_string(), "controller_mismatch").await;
}
