//! What a holder could do to a genuine credential that leaves its signature good: every edit of a kind, at every place.
//!
//! Two rules: an edited credential is accepted only if it still says the same (the normalised form is equal), and one that is
//! over, or revoked, is never accepted. Status, dates and names are what readers decide on; RDF, which is signed, can be
//! written in many ways in JSON, and readers look in one place.
//!
//! `cargo test --test it red_team -- --nocapture` prints how many edits there were and what they came to.

use crate::support::disclosure::derived;
use crate::support::edits::{CONTEXTS, Editor, Names, collect};
use crate::support::tokens::TestKey;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use skillgate::intake::{self, Content, Limits};
use skillgate::jsonld::{Contexts, Edition};
use skillgate::model::ids::TenantId;
use skillgate::model::report::Outcome;
use skillgate::model::submission::{CandidateHint, UploadedFile};
use skillgate::normalize::{Origin, normalize};
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind, status_list};
use skillgate::verify::documents::{Documents, Provided};
use skillgate::verify::issuer_trust::TrustPolicy;
use skillgate::verify::{VerificationRequest, Verifier};
use std::collections::BTreeMap;

const LIST: &str = "https://college.example.org/status/1";
/// Of the issuer of selectively disclosable badges.
const OTHER_LIST: &str = "https://college.example.org/status/2";
const REVOKED: usize = 7;
/// Peculiar but harmless members or parts.
const EXTENSIONS: usize = 80;

fn at() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

struct Range {
    institution: Institution,
    verifier: Verifier,
    /// Term → every definition that a context of the credential gives it.
    names: Names,
}

impl Range {
    fn new() -> Self {
        let institution = Institution::new("Example College", KeyKind::Ed25519);
        let issued = "2025-01-01T00:00:00Z".parse().unwrap();
        let list = status_list::unsigned(&institution, LIST, &[REVOKED], issued).unwrap();
        let mut other_list = status_list::unsigned(&institution, OTHER_LIST, &[REVOKED], issued).unwrap();
        let discloser = Self::discloser();
        other_list["issuer"] = json!(discloser.did_key());
        let other_list = discloser.token(json!({"kid": discloser.did_key(), "typ": "vc+jwt"}), &other_list);
        let list = DataIntegrity::assertion(issued).sign(&list, &institution.key).unwrap().to_string();
        let provided = [(LIST, list), (OTHER_LIST, other_list)];
        let provided = provided.map(|(url, list)| (url.to_owned(), Provided::Content(list.into()))).into();
        let policy = format!(
            "name = \"t\"\nversion = \"1\"\n[[rule]]\nid = \"t\"\ndecision = \"allow\"\ndid = [\"{}\", \"{}\"]\n",
            institution.did(),
            discloser.did_key()
        );
        let policy = TrustPolicy::parse(&policy).unwrap();
        let contexts = Contexts::built_in();
        let mut names = Names::new();
        for url in CONTEXTS.iter().chain(&Self::OLDER_CONTEXTS) {
            collect(contexts.get(url, Edition::default()).unwrap(), &mut names);
        }
        let verifier = Verifier::new(Documents::with_provided(provided, None), contexts).with_policy(policy);
        Self { institution, verifier, names }
    }

    const OLDER_CONTEXTS: [&str; 2] = ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/security/data-integrity/v2"];

    fn badge(&self, valid_until: &str, index: usize) -> Value {
        let mut badge = Badge::new("ada@example.org", "2025-01-01T00:00:00Z".parse().unwrap());
        badge.valid_until = Some(valid_until.parse().unwrap());
        badge.status = Some((LIST.to_owned(), index));
        badge.subject = Some("did:example:ada".to_owned());
        badge.unsigned(&self.institution)
    }

    /// An issuer of selectively disclosable badges.
    fn discloser() -> TestKey {
        TestKey::P256(p256::ecdsa::SigningKey::from_slice(&[2; 32]).unwrap())
    }

    /// A badge of [`Range::discloser`], of which the holder may leave out what `is_mandatory` does not demand.
    fn disclosed(&self, valid_until: &str, is_mandatory: impl Fn(&str) -> bool) -> Value {
        let mut badge = self.badge(valid_until, 1);
        badge["issuer"]["id"] = json!(Self::discloser().did_key());
        let entry = &mut badge["credentialStatus"];
        entry["statusListCredential"] = json!(OTHER_LIST);
        entry["id"] = json!(format!("{OTHER_LIST}#1"));
        derived(&badge, &Self::discloser(), is_mandatory)
    }

    fn sign(&self, credential: &Value) -> Value {
        let issued = "2025-01-01T00:00:00Z".parse().unwrap();
        DataIntegrity::assertion(issued).sign(credential, &self.institution.key).unwrap()
    }

    /// Outcome, the codes that decided, and the common form where there is one.
    async fn judge(&self, document: &Value) -> (Outcome, String, Option<Value>) {
        let bytes = document.to_string().into_bytes();
        let file = UploadedFile { name: None, media_type: None, bytes: bytes.into() };
        let request = VerificationRequest { at: at(), candidate: CandidateHint::default(), explain: false };
        let mut found = (Outcome::Rejected, "nothing".to_owned(), None);
        for opened in intake::open(&file, &Limits::default()) {
            let credentials = match opened.content {
                Content::Credentials(credentials) => credentials,
                Content::Presentation(presentation) => presentation.credentials,
                Content::Nothing(_) => continue,
            };
            for credential in credentials {
                let verification = self.verifier.verify(&credential, &request).await;
                let report = &verification.report;
                let code = report.deciding_check().map_or("ok", |check| check.code.as_str()).to_owned();
                let origin = Origin { tenant_id: TenantId::from("t"), candidate_ref: None, fingerprint: "0".repeat(64) };
                let common = verification.document.as_ref().map(|document| normalize(document, report, &origin));
                let common = common.map(|common| serde_json::to_value(common).unwrap());
                if report.outcome == Outcome::Accepted || found.2.is_none() {
                    found = (report.outcome, code, common);
                }
            }
        }
        found
    }
}

/// What is said, whatever the place, the order and the bytes: lists are sets in the vocabularies concerned.
fn unordered(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let said = members.into_iter().filter(|(name, _)| !name.contains("pointer") && name != "fingerprint");
            said.map(|(name, value)| (name, unordered(value))).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(unordered).collect();
            items.sort_by_key(Value::to_string);
            items.into()
        }
        other => other,
    }
}

/// Every edit of `document` is judged; `may_be_accepted` is the common form of the unedited one, if that is accepted at all.
async fn attack(name: &str, range: &Range, document: &Value) {
    let (outcome, _, original) = range.judge(document).await;
    let original = original.map(unordered);
    let mut editor = Editor::new(document, &range.names);
    editor.everywhere();
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (what, edited) in &editor.edits {
        let (came, code, common) = range.judge(edited).await;
        *codes.entry(format!("{came:?} {code}")).or_default() += 1;
        let says_the_same = outcome == Outcome::Accepted && common.clone().map(unordered) == original;
        if came == Outcome::Accepted && !says_the_same {
            wrong.push(what.clone());
        }
    }
    println!("{name}: {} edits, unedited {outcome:?}", editor.edits.len());
    for (code, count) in &codes {
        println!("  {count:5} {code}");
    }
    assert!(wrong.is_empty(), "{name}: accepted {} edits:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn no_edit_of_a_good_badge_is_accepted_unless_it_says_the_same() {
    let range = Range::new();
    let badge = range.sign(&range.badge("2027-01-01T00:00:00Z", 1));
    assert_eq!(range.judge(&badge).await.0, Outcome::Accepted);
    attack("good badge", &range, &badge).await;
}

#[tokio::test]
async fn no_edit_of_an_expired_badge_is_accepted() {
    let range = Range::new();
    let badge = range.sign(&range.badge("2026-01-01T00:00:00Z", 1));
    assert_eq!(range.judge(&badge).await.1, "expired");
    attack("expired badge", &range, &badge).await;
}

#[tokio::test]
async fn no_edit_of_a_revoked_badge_is_accepted() {
    let range = Range::new();
    let badge = range.sign(&range.badge("2027-01-01T00:00:00Z", REVOKED));
    assert_eq!(range.judge(&badge).await.1, "revoked");
    attack("revoked badge", &range, &badge).await;
}

#[tokio::test]
async fn no_edit_of_an_expired_credential_of_data_model_1_is_accepted() {
    let range = Range::new();
    let credential = range.sign(&json!({
        "@context": Range::OLDER_CONTEXTS, "id": "urn:uuid:11111111-1111-4111-8111-111111111111",
        "type": ["VerifiableCredential"], "issuer": range.institution.did(),
        "issuanceDate": "2025-01-01T00:00:00Z", "expirationDate": "2026-01-01T00:00:00Z",
        "credentialStatus": {"id": "https://college.example.org/1", "type": "https://example.org/Status"},
        "termsOfUse": [{"id": "https://college.example.org/terms", "type": "https://example.org/Terms"}],
        "evidence": [{"id": "https://college.example.org/evidence", "type": ["https://example.org/Evidence"]}],
        "credentialSubject": {"id": "did:example:ada"}
    }));
    assert_eq!(range.judge(&credential).await.1, "expired");
    attack("expired credential of data model 1", &range, &credential).await;
}

#[tokio::test]
async fn no_edit_of_an_expired_badge_in_selective_disclosure_is_accepted() {
    let range = Range::new();
    let badge = range.disclosed("2026-01-01T00:00:00Z", |line| !line.contains("/keywords>"));
    assert_eq!(range.judge(&badge).await.1, "expired");
    attack("expired badge in selective disclosure", &range, &badge).await;
}

/// What decides on validity has to be shown: a holder who could leave it out may have left out another one.
#[tokio::test]
async fn a_badge_whose_holder_could_leave_out_what_decides_is_not_accepted() {
    let range = Range::new();
    let until = "2027-01-01T00:00:00Z";
    let decisive =
        ["#validFrom>", "#validUntil>", "#credentialStatus>", "#statusListIndex>", "#statusPurpose>", "#statusListCredential>"];
    let honest = range.disclosed(until, |line| !line.contains("/keywords>"));
    assert_eq!(range.judge(&honest).await.0, Outcome::Accepted);
    for part in decisive {
        let badge = range.disclosed(until, |line| !line.contains(part));
        let (outcome, code, _) = range.judge(&badge).await;
        assert_eq!((outcome, code.as_str()), (Outcome::Rejected, "withholdable"), "{part}");
    }
}

/// Harmless peculiarities in great number must not use up the attention for the one that is not.
#[tokio::test]
async fn a_hidden_date_is_found_among_many_harmless_peculiarities() {
    let range = Range::new();
    let extended = |count: usize| {
        let mut badge = range.badge("2026-01-01T00:00:00Z", 1);
        for number in 0..count {
            badge[format!("https://example.org/ext#{number:04}")] = json!("x");
        }
        badge
    };
    let mut endorsed = range.badge("2026-01-01T00:00:00Z", 1);
    let endorsement = |number: usize| {
        json!({"@context": CONTEXTS, "id": format!("urn:example:{number}"), "type": ["VerifiableCredential", "EndorsementCredential"],
            "name": "x", "issuer": "https://example.org/peer", "validFrom": "2025-01-01T00:00:00Z",
            "credentialSubject": {"id": "https://example.org/it", "type": ["EndorsementSubject"], "endorsementComment": "Good."}})
    };
    endorsed["endorsement"] = (0..EXTENSIONS).map(endorsement).collect::<Vec<_>>().into();
    let cases = [
        (extended(EXTENSIONS), "renamed_member"),
        (endorsed, "renamed_member"),
        // More than are ever looked at.
        (extended(1_100), "too_complex"),
    ];
    for (credential, expected) in cases {
        let mut badge = range.sign(&credential);
        let date = badge.as_object_mut().unwrap().remove("validUntil").unwrap();
        badge["https://www.w3.org/2018/credentials#validUntil"] =
            json!({"@value": date, "@type": "http://www.w3.org/2001/XMLSchema#dateTime"});
        let (outcome, code, _) = range.judge(&badge).await;
        assert_eq!((outcome, code.as_str()), (Outcome::Rejected, expected), "the signature is good");
    }
}

#[tokio::test]
async fn a_hidden_date_is_found_among_many_words_of_a_vocabulary() {
    let range = Range::new();
    let mut badge = range.sign(&range.badge("2026-01-01T00:00:00Z", 1));
    let date = badge.as_object_mut().unwrap().remove("validUntil").unwrap();
    badge["until"] = date;
    let mut words: Map<String, Value> =
        (0..3_000).map(|number| (format!("word{number}"), json!(format!("https://example.org/{number}")))).collect();
    let datatype = "http://www.w3.org/2001/XMLSchema#dateTime";
    words.insert("until".to_owned(), json!({"@id": "https://www.w3.org/2018/credentials#validUntil", "@type": datatype}));
    badge["@context"].as_array_mut().unwrap().push(words.into());
    let (outcome, code, _) = range.judge(&badge).await;
    assert_eq!((outcome, code.as_str()), (Outcome::Rejected, "renamed_member"), "the signature is good");
}

#[tokio::test]
async fn no_edit_of_a_record_with_a_badge_and_an_endorsement_inside_is_accepted_unless_it_says_the_same() {
    let range = Range::new();
    let did = range.institution.did();
    let contexts = json!([CONTEXTS[0], "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json", CONTEXTS[1]]);
    // Profiles are merged over a whole record, so that one is described in full in a single place here.
    let inner = range.sign(&json!({
        "@context": CONTEXTS, "id": "urn:uuid:22222222-2222-4222-8222-222222222222", "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": did, "validFrom": "2025-01-01T00:00:00Z", "name": "Welding",
        "credentialSubject": {"id": "did:example:ada", "type": ["AchievementSubject"], "achievement": {
            "id": "https://college.example.org/a", "type": ["Achievement"], "name": "Welding", "description": "d", "criteria": {"narrative": "c"}}}
    }));
    let endorsement = range.sign(&json!({
        "@context": CONTEXTS, "id": "urn:uuid:33333333-3333-4333-8333-333333333333", "type": ["VerifiableCredential", "EndorsementCredential"],
        "issuer": {"id": did, "type": ["Profile"]}, "validFrom": "2025-01-01T00:00:00Z", "name": "x",
        "credentialSubject": {"id": "https://college.example.org/a", "type": ["EndorsementSubject"], "endorsementComment": "Good."}
    }));
    let record = |until: &str| {
        range.sign(&json!({
        "@context": contexts, "id": "urn:uuid:11111111-1111-4111-8111-111111111111", "type": ["VerifiableCredential", "ClrCredential"],
        "issuer": {"id": did, "type": ["Profile"], "name": "Example College"}, "name": "Record",
        "validFrom": "2025-01-01T00:00:00Z", "validUntil": until, "endorsement": [endorsement],
        "credentialSubject": {"id": "did:example:ada", "type": ["ClrSubject"], "verifiableCredential": [inner]}
    }))
    };
    let [good, expired] = [record("2027-01-01T00:00:00Z"), record("2026-01-01T00:00:00Z")];
    assert_eq!((range.judge(&good).await.0, range.judge(&expired).await.1.as_str()), (Outcome::Accepted, "expired"));
    attack("good record", &range, &good).await;
    attack("expired record", &range, &expired).await;
}
