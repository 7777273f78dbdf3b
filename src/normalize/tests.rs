//! Whole credentials in the shapes that real platforms issue, with invented people and institutions.

use super::*;
use crate::model::credential::{AlignmentKind, Securing};
use crate::model::report::Outcome;
use crate::model::skill::{Derivation, MappingStatus};
use chrono::{TimeZone, Utc};
use serde_json::{Value, json};

fn report(format: Format) -> VerificationReport {
    VerificationReport {
        format,
        secured_with: Securing::DataIntegrity,
        outcome: Outcome::Accepted,
        checks: Vec::new(),
        verified_at: Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).single().unwrap_or_default(),
        issuer_id: None,
        issuer_name: None,
        policy: None,
        nested: Vec::new(),
    }
}

fn origin() -> Origin {
    Origin { tenant_id: TenantId::from("default"), candidate_ref: Some(CandidateRef::from("c")), fingerprint: "00".repeat(32) }
}

fn normalized(format: Format, json: Value) -> NormalizedCredential {
    let document = VerifiedDocument { format, json: json.into(), nested: Vec::new(), type_metadata: None };
    normalize(&document, &report(format), &origin())
}

fn labels(credential: &NormalizedCredential) -> Vec<&str> {
    credential.skills.iter().map(|skill| skill.label.text.as_str()).collect()
}

fn warned(credential: &NormalizedCredential, code: &str) -> bool {
    credential.warnings.iter().any(|warning| warning.code == code)
}

fn open_badge() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
        "id": "https://www.credly.com/api/v1/obi/v2/badge_assertions/1%32",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Zebedee Quillfeather",
        "issuer": {"id": "did:web:badges.example.org", "type": ["Profile"], "name": "Example Institute"},
        "validFrom": "2026-01-01T00:00:00Z",
        "evidence": [{"id": "https://example.org/zebedee.pdf"}],
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [{"type": "IdentityObject", "identityHash": "sha256$deadbeef", "hashed": true, "identityType": "emailAddress"}],
            "narrative": "Zebedee built a bridge.",
            "licenseNumber": "Z-1",
            "achievement": {
                "id": "https://www.credly.com/badges/9", "type": ["Achievement"], "achievementType": "Certification",
                "name": " Network  Basics ", "description": "Networks.", "criteria": {"id": "https://example.org/criteria"}, "inLanguage": "en-EN",
                "alignment": [
                    {"type": "Alignment", "targetName": "ANAB Accredited", "targetUrl": "https://anab.ansi.org/x", "targetDescription": null},
                    {"type": ["Alignment"], "targetName": "Details", "targetUrl": "https://example.org/criteria"},
                    {"type": ["Alignment"], "targetName": "manage networks", "targetUrl": "https://data.europa.eu/esco/skill/0c2ba331-e7d5-48e9-a3c9-7ac0e0a85fb6/"},
                    {"type": ["Alignment"], "targetName": "EQF level 5", "targetType": "ext:EQF", "targetCode": "5", "targetUrl": "https://example.org/eqf"}
                ],
                "tag": ["Security", " security", "Containers", "Manage Networks", 7, {"x": 1}, "https://example.org/t"],
                "x-unknown": true
            }
        }
    })
}

#[test]
fn an_open_badge_gives_its_skills_and_nothing_else() {
    let credential = normalized(Format::OpenBadges3, open_badge());
    assert_eq!(labels(&credential), ["manage networks", "Security", "Containers", "7"]);
    let declared = credential.skills.first();
    assert_eq!(declared.map(|skill| skill.mapping_status), Some(MappingStatus::Declared));
    let uri = declared.and_then(|skill| skill.concepts.first()).and_then(|concept| concept.uri.as_deref());
    assert_eq!(uri, Some("http://data.europa.eu/esco/skill/0c2ba331-e7d5-48e9-a3c9-7ac0e0a85fb6"));
    assert_eq!(
        declared.map(|skill| skill.source_pointers.clone()),
        Some(vec!["/credentialSubject/achievement/alignment/2".to_owned(), "/credentialSubject/achievement/tag/3".to_owned()])
    );
    let others: Vec<_> = credential.achievement.other_alignments.iter().map(|other| other.kind).collect();
    assert_eq!(others, [AlignmentKind::Accreditation, AlignmentKind::Credential]);
    assert_eq!(credential.qualification_level.iter().map(|level| level.level.as_str()).collect::<Vec<_>>(), ["5"]);
    assert_eq!(credential.achievement.name.get("en-EN").map(String::as_str), Some("Network Basics"));
    assert_eq!(credential.source_profile.as_deref(), Some("credly"));
    assert_eq!(credential.attainment, Attainment::Attained);
    assert!(warned(&credential, "withheld") && warned(&credential, "not_carried_over") && warned(&credential, "unreadable_tag"));
}

#[test]
fn nothing_that_names_the_person_is_carried_over() {
    let text = serde_json::to_string(&normalized(Format::OpenBadges3, open_badge())).unwrap_or_default();
    for secret in ["Zebedee", "Quillfeather", "deadbeef", "Z-1", "zebedee.pdf"] {
        assert!(!text.contains(secret), "{secret} leaked");
    }
}

#[test]
fn the_natural_key_joins_two_issues_of_one_credential() {
    let mut again = open_badge();
    again["id"] = json!(" https://www.credly.com/api/v1/obi/v2/badge_assertions/12");
    again["validFrom"] = json!("2026-02-01T00:00:00Z");
    let (one, two) = (normalized(Format::OpenBadges3, open_badge()), normalized(Format::OpenBadges3, again));
    assert!(one.natural_key.is_some());
    assert_eq!(one.natural_key, two.natural_key);
    assert_eq!(one.skills.first().map(|s| &s.assertion_id), two.skills.first().map(|s| &s.assertion_id));
}

#[test]
fn a_result_in_progress_attains_nothing() {
    let mut badge = open_badge();
    badge["credentialSubject"]["achievement"]["resultDescription"] =
        json!([{"id": "urn:r", "name": "Status", "resultType": "Status"}]);
    badge["credentialSubject"]["result"] = json!([{"resultDescription": "urn:r", "status": "InProgress"}]);
    let credential = normalized(Format::OpenBadges3, badge);
    assert_eq!(credential.attainment, Attainment::InProgress);
    assert!(credential.skills.iter().all(|skill| skill.attainment == Attainment::InProgress));
}

#[test]
fn a_competency_is_a_skill_by_its_name() {
    let json = json!({"credentialSubject": {"achievement": {"achievementType": "Competency", "name": {"en": "Robot Programming", "fr": "Robots"}}}});
    let credential = normalized(Format::OpenBadges3, json);
    assert_eq!(labels(&credential), ["Robot Programming"]);
    assert_eq!(credential.skills.first().map(|skill| skill.derivation), Some(Derivation::AchievementName));
    assert_eq!(
        credential.skills.first().and_then(|skill| skill.label.translations.get("fr")).map(String::as_str),
        Some("Robots")
    );
}

#[test]
fn an_open_badge_2_gives_the_skills_of_its_class() {
    let credential = normalized(
        Format::OpenBadges2,
        json!({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": "https://example.org/a/1", "issuedOn": "2026-01-01",
            "recipient": {"type": "email", "identity": "zebedee@example.org", "hashed": false},
            "badge": {"id": "https://example.org/b", "type": "BadgeClass", "name": "Pottery", "criteria": {"narrative": "x"},
                "tags": ["clay", "glaze"], "alignment": [{"targetName": "pottery", "targetUrl": "http://data.europa.eu/esco/skill/x"}],
                "issuer": {"id": "https://example.org/i", "type": "Profile", "name": "Kiln School", "url": "https://example.org"}}}),
    );
    assert_eq!(labels(&credential), ["pottery", "clay", "glaze"]);
    assert_eq!(credential.issuer.name.as_deref(), Some("Kiln School"));
    assert!(!serde_json::to_string(&credential).unwrap_or_default().contains("zebedee"));
}

#[test]
fn european_outcomes_give_concepts_and_a_level_only_where_it_belongs() {
    let concept = |id: &str, label: &str| json!({"id": id, "type": "Concept", "prefLabel": {"en": [label]}});
    let outcome = json!({"title": {"en": "Making content"},
        "relatedESCOSkill": [concept("http://data.europa.eu/esco/skill/a", "write "), concept("http://data.europa.eu/esco/skill/b", "draw")],
        "relatedSkill": [concept("http://data.europa.eu/snb/dcf/1", "3.1 Developing digital content"), concept("http://data.europa.eu/snb/dcf/2", "Level 4")]});
    let credential = normalized(
        Format::Elm3,
        json!({"id": "urn:credential:1", "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
            "issuer": {"id": "urn:org:1", "legalName": {"en": "University of Q"}}, "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {"id": "urn:person:1", "fullName": {"en": "Zebedee"}, "hasClaim": {"type": "LearningAchievement", "title": {"en": "Course"},
                "specifiedBy": {"title": {"en": "Course"}, "creditPoint": {"point": "2", "framework": {"prefLabel": {"en": "ECTS"}}},
                    "EQFLevel": {"id": "http://data.europa.eu/snb/eqf/6", "prefLabel": {"en": "Level 6"}, "inScheme": {"id": "x"}},
                    "learningOutcome": [outcome.clone(), {"title": {"en": "Thinking"}}]},
                "hasPart": [{"specifiedBy": {"learningOutcome": outcome}}]}}}),
    );
    assert_eq!(labels(&credential), ["write", "draw", "3.1 Developing digital content", "Thinking"]);
    let levels: Vec<_> = credential.skills.iter().map(|skill| skill.level.as_ref().and_then(|level| level.common)).collect();
    assert_eq!(levels, [None, None, Some(3), None]);
    assert!(credential.skills.iter().take(3).all(|skill| skill.source_pointers.len() == 2));
    assert_eq!(credential.achievement.credits.as_ref().and_then(|credits| credits.available), Some(2.0));
    assert_eq!(
        credential.qualification_level.first().map(|level| (level.framework.as_str(), level.level.as_str())),
        Some(("EQF", "Level 6"))
    );
    assert!(!serde_json::to_string(&credential).unwrap_or_default().contains("Zebedee"));
}

#[test]
fn a_resume_is_the_persons_word_and_its_credentials_are_parts() {
    let json = json!({"type": ["VerifiableCredential", "LER-RS VC"], "issuer": "did:example:r", "credentialSubject": {
        "documentId": {"value": "1"}, "person": {"name": {"formattedName": "Zebedee"}},
        "skills": [{"name": "Project Management", "yearsOfExperience": 5},
            {"name": "JavaScript", "definitionReference": {"reference": "2.C.4.a"}, "schemeReference": "O*NET"}],
        "certifications": [{"name": "Forklift"}]}});
    let inner =
        VerifiedDocument { format: Format::OpenBadges3, json: open_badge().into(), nested: Vec::new(), type_metadata: None };
    let document = VerifiedDocument {
        format: Format::LerRs,
        json: json.into(),
        nested: vec![("/credentialSubject/certifications/0/verifications/0".to_owned(), inner)],
        type_metadata: None,
    };
    let credential = normalize(&document, &report(Format::LerRs), &origin());
    assert_eq!(labels(&credential).len(), 2 + 4);
    let own = credential.skills.iter().filter(|skill| skill.asserted_by == AssertedBy::Self_).count();
    assert_eq!(own, 2);
    assert_eq!(credential.parts.len(), 1);
    assert!(warned(&credential, "self_stated"));
    let pointer = credential.skills.last().and_then(|skill| skill.source_pointers.first().cloned());
    assert_eq!(
        pointer.as_deref(),
        Some("/credentialSubject/certifications/0/verifications/0/credentialSubject/achievement/tag/4")
    );
}

#[test]
fn an_inner_skill_keeps_the_id_that_it_has_alone() {
    let inner =
        VerifiedDocument { format: Format::OpenBadges3, json: open_badge().into(), nested: Vec::new(), type_metadata: None };
    let document = VerifiedDocument {
        format: Format::Clr2,
        json: json!({"id": "urn:clr", "type": ["VerifiableCredential", "ClrCredential"], "name": "Zebedee", "credentialSubject": {"achievement": [{"name": "Described"}]}}).into(),
        nested: vec![("/credentialSubject/verifiableCredential/0".to_owned(), inner)], type_metadata: None,
    };
    let record = normalize(&document, &report(Format::Clr2), &origin());
    let alone = normalized(Format::OpenBadges3, open_badge());
    let ids =
        |credential: &NormalizedCredential| credential.skills.iter().map(|skill| skill.assertion_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&record), ids(&alone));
    assert!(warned(&record, "described_only"));
}

#[test]
fn any_other_credential_is_read_as_far_as_it_can_be() {
    let credential = normalized(
        Format::Vc2,
        json!({"type": ["VerifiableCredential", "UniversityDegreeCredential"], "issuer": "did:example:i",
            "credentialSubject": {"id": "did:example:s", "degree": {"type": "BachelorDegree", "name": "BSc"}, "skills": ["Glass blowing", {"name": "Welding"}], "gpa": "3.2"}}),
    );
    assert_eq!(labels(&credential), ["Glass blowing", "Welding"]);
    assert_eq!(credential.achievement.name.values().map(String::as_str).collect::<Vec<_>>(), ["BSc"]);
    assert!(warned(&credential, "not_carried_over"));
}

#[test]
fn claims_of_a_token_that_have_no_place_are_listed() {
    let claims = json!({"iss": "https://example.org", "exp": 4_000_000_000_u64, "vct": "https://example.org/diploma", "cnf": {}, "skills": ["Welding"],
        "title_of_programme": "Civil Engineering", "given_name": "Zebedee"});
    let credential = normalized(Format::SdJwtVc, claims);
    let mut listed: Vec<_> = credential.warnings.iter().filter_map(|warning| warning.pointer.as_deref()).collect();
    listed.sort_unstable();
    assert_eq!(listed, ["/given_name", "/title_of_programme"]);
    assert_eq!(labels(&credential), ["Welding"]);
    assert!(!serde_json::to_string(&credential).unwrap_or_default().contains("Zebedee"));
}

#[test]
fn hostile_shapes_are_read_without_harm() {
    for format in
        [Format::OpenBadges3, Format::OpenBadges2, Format::Clr2, Format::Elm3, Format::LerRs, Format::Vc1, Format::Other]
    {
        for json in [
            json!(null),
            json!([]),
            json!("x"),
            json!({"credentialSubject": [1, null, {"achievement": [[], {}]}], "issuer": 5, "badge": [], "validFrom": {}, "validUntil": "x"}),
            json!({"credentialSubject": {"hasClaim": [{"specifiedBy": 1}], "skills": [1, {}, [[]]], "achievement": {"alignment": [1, {}, "x"], "tag": {"a": 1}, "resultDescription": 1}, "result": [1, {"achievedLevel": 1}]}}),
        ] {
            let credential = normalized(format, json);
            assert_eq!(credential.source_format, format);
        }
    }
}

/// Attainments of the credential, its parts and its skills.
fn attainments(credential: &NormalizedCredential) -> Vec<Attainment> {
    let mut all = vec![credential.attainment];
    all.extend(credential.skills.iter().map(|skill| skill.attainment));
    all.extend(credential.parts.iter().flat_map(|part| attainments(&part.credential)));
    all
}

#[test]
fn a_result_without_alignments_speaks_of_every_skill() {
    let skill = |name: &str| json!({"targetName": name, "targetUrl": format!("http://data.europa.eu/esco/skill/{name}")});
    let mut badge = open_badge();
    badge["credentialSubject"]["achievement"]["resultDescription"] =
        json!([{"id": "urn:p", "resultType": "Percent", "requiredValue": 60}, {"id": "urn:s", "resultType": "Status"}]);
    let part = |name: &str, value: u8| json!({"resultDescription": "urn:p", "value": value, "alignment": [skill(name)]});
    let results = [part("sql", 72), part("rust", 45)];
    badge["credentialSubject"]["result"] = json!(results);
    let of = |credential: &NormalizedCredential, name: &str| {
        credential.skills.iter().find(|skill| skill.label.text == name).map(|skill| skill.attainment)
    };
    let credential = normalized(Format::OpenBadges3, badge.clone());
    assert_eq!(credential.attainment, Attainment::NotAttained);
    assert_eq!((of(&credential, "sql"), of(&credential, "rust")), (Some(Attainment::Attained), Some(Attainment::NotAttained)));
    assert_eq!(of(&credential, "Containers"), Some(Attainment::NotAttained), "a tag speaks of the whole");
    badge["credentialSubject"]["result"] = json!([results[0], {"resultDescription": "urn:s", "status": "Failed"}]);
    let credential = normalized(Format::OpenBadges3, badge);
    assert_eq!(of(&credential, "sql"), Some(Attainment::NotAttained));
}

#[test]
fn a_result_that_proves_nothing_is_named_in_a_warning() {
    let mut badge = open_badge();
    badge["credentialSubject"]["result"] = json!([{"value": "gut"}]);
    let credential = normalized(Format::OpenBadges3, badge);
    assert_eq!(credential.attainment, Attainment::Unknown);
    assert!(warned(&credential, "unclear_result"));
}

#[test]
fn results_in_extensions_and_of_other_subjects_count_too() {
    let mut badge = open_badge();
    badge["credentialSubject"]["finalGrade"] = json!("Failed");
    assert!(attainments(&normalized(Format::OpenBadges3, badge)).iter().all(|one| *one == Attainment::NotAttained));
    let mut badge = open_badge();
    badge["credentialSubject"] =
        json!([badge["credentialSubject"], {"type": ["AchievementSubject"], "result": [{"status": "Failed"}]}]);
    assert!(attainments(&normalized(Format::OpenBadges3, badge)).iter().all(|one| *one != Attainment::Attained));
}

#[test]
fn an_open_badge_2_may_say_that_it_was_not_attained() {
    let badge = |more: Value| {
        let mut badge = json!({"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "id": "https://example.org/a/1",
            "recipient": {"type": "email", "identity": "x", "hashed": false},
            "badge": {"type": "BadgeClass", "name": "Pottery", "tags": ["clay"],
                "resultDescriptions": [{"id": "urn:p", "resultType": "Percent", "requiredValue": "60%"}]}});
        badge.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        attainments(&normalized(Format::OpenBadges2, badge))
    };
    for (more, expected) in [
        (json!({}), Attainment::Attained),
        (json!({"results": [{"resultDescription": "urn:p", "value": "45%"}]}), Attainment::NotAttained),
        (json!({"result": {"status": "InProgress"}}), Attainment::InProgress),
        (json!({"extensions:grade": {"type": ["Extension"], "grade": "5,0"}}), Attainment::Unknown),
        (json!({"extensions:assessment": {"type": ["Extension"], "passed": false}}), Attainment::NotAttained),
    ] {
        assert_eq!(badge(more.clone()), [expected, expected], "{more}");
    }
}

#[test]
fn a_european_grade_counts_only_by_words_that_are_known() {
    let credential = |grade: Value, status: Value| {
        let claim = |more: Value| {
            let mut claim = json!({"specifiedBy": {"learningOutcome": [{"title": {"en": "Thinking"}}]}});
            claim.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            claim
        };
        let proven = json!({"provenBy": [{"grade": grade, "gradeStatus": status}]});
        attainments(&normalized(Format::Elm3, json!({"credentialSubject": {"hasClaim": [claim(proven)]}})))
    };
    let note = |text: &str| json!({"noteLiteral": {"en": [text]}});
    for (grade, status, expected) in [
        (Value::Null, Value::Null, Attainment::Attained),
        (note("Pass"), Value::Null, Attainment::Attained),
        (note("Fail"), Value::Null, Attainment::NotAttained),
        (note("5,0"), Value::Null, Attainment::Unknown),
        (json!({"noteLiteral": {"en": "Passed", "de": "Nicht bestanden"}}), Value::Null, Attainment::NotAttained),
        (note("9"), json!({"prefLabel": {"en": "Passed"}}), Attainment::Attained),
        (note("9"), json!({"id": "http://data.europa.eu/snb/grade-status/failed"}), Attainment::NotAttained),
    ] {
        assert_eq!(credential(grade.clone(), status.clone()), [expected, expected], "{grade} {status}");
    }
}

#[test]
fn a_record_counts_as_its_parts_do() {
    let record = |statuses: &[&str]| {
        let inner = |status: &str| {
            let mut badge = open_badge();
            badge["credentialSubject"]["result"] = json!([{"status": status}]);
            VerifiedDocument { format: Format::OpenBadges3, json: badge.into(), nested: Vec::new(), type_metadata: None }
        };
        let nested = statuses.iter().enumerate().map(|(index, status)| (format!("/{index}"), inner(status))).collect();
        let json = json!({"type": ["VerifiableCredential", "ClrCredential"], "credentialSubject": {}});
        let document = VerifiedDocument { format: Format::Clr2, json: json.into(), nested, type_metadata: None };
        normalize(&document, &report(Format::Clr2), &origin()).attainment
    };
    assert_eq!(record(&["Failed"]), Attainment::NotAttained);
    assert_eq!(record(&["Completed", "Completed"]), Attainment::Attained);
    assert_eq!(record(&["Completed", "Failed"]), Attainment::Unknown);
    assert_eq!(record(&[]), Attainment::Unknown);
}
