//! What a holder could do to a genuine credential that leaves its signature good: every edit of a kind, at every place.
//!
//! Two rules: an edited credential is accepted only if it still says the same (the normalised form is equal), and one that is
//! over, or revoked, is never accepted. Status, dates and names are what readers decide on; RDF, which is signed, can be
//! written in many ways in JSON, and readers look in one place.
//!
//! `cargo test --test it red_team -- --nocapture` prints how many edits there were and what they came to.

use crate::support::edits::CONTEXTS;
use crate::support::range::{ENDED, REVOKED, Range, UNTIL, attack};
use serde_json::{Map, Value, json};
use skillgate::model::report::Outcome;

/// Peculiar but harmless members or parts.
const EXTENSIONS: usize = 80;

#[tokio::test]
async fn no_edit_of_a_good_badge_is_accepted_unless_it_says_the_same() {
    let range = Range::new();
    let badge = range.sign(&range.badge(UNTIL, 1));
    assert_eq!(range.judge(&badge).await.0, Outcome::Accepted);
    attack("good badge", &range, &badge).await;
}

/// RDF keeps no order of results or of the levels of a rubric, so none may be read from where they stand.
#[tokio::test]
async fn no_edit_of_a_badge_with_scales_of_levels_is_accepted_unless_it_says_the_same() {
    let range = Range::new();
    let mut badge = range.badge(UNTIL, 1);
    let scale = |id: &str, kind: &str, rest: Value| {
        let mut scale = json!({"id": id, "type": ["ResultDescription"], "name": id, "resultType": kind});
        scale.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        scale
    };
    let level = |id: &str| json!({"id": id, "type": ["RubricCriterionLevel"], "name": id});
    let levels = json!({"requiredLevel": "urn:x:fair",
        "rubricCriterionLevel": [level("urn:x:poor"), level("urn:x:fair"), level("urn:x:good")]});
    badge["credentialSubject"]["achievement"]["resultDescription"] = json!([
        scale("urn:x:rubric", "RubricCriterionLevel", levels),
        scale("urn:x:grade", "LetterGrade", json!({"allowedValue": ["D", "C", "B", "A"], "requiredValue": "C"})),
        scale("urn:x:status", "Status", json!({})),
    ]);
    let skills = badge["credentialSubject"]["achievement"]["alignment"].as_array().unwrap().clone();
    let result = |of: &str, name: &str, value: &str, skill: usize| json!({"type": ["Result"], "resultDescription": of, name: value, "alignment": [skills[skill]]});
    badge["credentialSubject"]["result"] = json!([
        result("urn:x:rubric", "achievedLevel", "urn:x:poor", 0),
        result("urn:x:grade", "value", "B", 0),
        result("urn:x:grade", "value", "A", 0),
        result("urn:x:status", "status", "Completed", 1),
        result("urn:x:status", "status", "Provisional", 1),
    ]);
    let badge = range.sign(&badge);
    let (outcome, code, common) = range.judge(&badge).await;
    assert_eq!((outcome, code.as_str()), (Outcome::Accepted, "ok"));
    assert_eq!(common.unwrap()["skills"][1]["attainment"], "unknown", "the least favourable counts");
    attack("badge with scales of levels", &range, &badge).await;
}

/// Two people stand in one credential: whose skills are read must not depend on who comes first.
#[tokio::test]
async fn a_credential_about_two_people_is_for_a_person_to_read() {
    let range = Range::new();
    let mut badge = range.badge(UNTIL, 1);
    let mut other = badge["credentialSubject"].clone();
    (other["id"], other["result"][0]["value"]) = (json!("did:example:eve"), json!("10"));
    badge["credentialSubject"] = json!([badge["credentialSubject"], other]);
    for types in [json!(["VerifiableCredential", "OpenBadgeCredential"]), json!(["VerifiableCredential"])] {
        badge["type"] = types;
        for _ in 0..2 {
            badge["credentialSubject"].as_array_mut().unwrap().reverse();
            assert_eq!(range.judge(&range.sign(&badge)).await.0, Outcome::Attention);
        }
    }
}

#[tokio::test]
async fn no_edit_of_an_expired_badge_is_accepted() {
    let range = Range::new();
    let badge = range.sign(&range.badge(ENDED, 1));
    assert_eq!(range.judge(&badge).await.1, "expired");
    attack("expired badge", &range, &badge).await;
}

#[tokio::test]
async fn no_edit_of_a_revoked_badge_is_accepted() {
    let range = Range::new();
    let badge = range.sign(&range.badge(UNTIL, REVOKED));
    assert_eq!(range.judge(&badge).await.1, "revoked");
    attack("revoked badge", &range, &badge).await;
}

#[tokio::test]
async fn no_edit_of_an_expired_credential_of_data_model_1_is_accepted() {
    let range = Range::new();
    let credential = range.sign(&json!({
        "@context": Range::OLDER_CONTEXTS, "id": "urn:uuid:11111111-1111-4111-8111-111111111111",
        "type": ["VerifiableCredential"], "issuer": range.institution.did(),
        "issuanceDate": "2025-01-01T00:00:00Z", "expirationDate": ENDED,
        "credentialStatus": {"id": "https://college.example.org/1", "type": "https://example.org/Status"},
        "termsOfUse": [{"id": "https://college.example.org/terms", "type": "https://example.org/Terms"}],
        "evidence": [{"id": "https://college.example.org/evidence", "type": ["https://example.org/Evidence"]}],
        "credentialSubject": {"id": "did:example:ada"}
    }));
    assert_eq!(range.judge(&credential).await.1, "expired");
    attack("expired credential of data model 1", &range, &credential).await;
}

/// Harmless peculiarities in great number must not use up the attention for the one that is not.
#[tokio::test]
async fn a_hidden_date_is_found_among_many_harmless_peculiarities() {
    let range = Range::new();
    let extended = |count: usize| {
        let mut badge = range.badge(ENDED, 1);
        for number in 0..count {
            badge[format!("https://example.org/ext#{number:04}")] = json!("x");
        }
        badge
    };
    let mut endorsed = range.badge(ENDED, 1);
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
    let mut badge = range.sign(&range.badge(ENDED, 1));
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
    let [good, expired] = [record(UNTIL), record(ENDED)];
    assert_eq!((range.judge(&good).await.0, range.judge(&expired).await.1.as_str()), (Outcome::Accepted, "expired"));
    attack("good record", &range, &good).await;
    attack("expired record", &range, &expired).await;
}
