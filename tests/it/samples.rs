//! The samples, all the way: made, opened, verified, normalised, accepted, and what is told of them fits the schemas.

use crate::support::examine::{examine, question};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use skillgate::document::Limits;
use skillgate::examine::{Examiner, Question};
use skillgate::http::asyncapi;
use skillgate::jsonld::Contexts;
use skillgate::model::clock::Clock;
use skillgate::model::event::EventType;
use skillgate::model::ids::TenantId;
use skillgate::model::record::Page;
use skillgate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use skillgate::model::submission::{CandidateHint, Channel, UploadedFile};
use skillgate::pipeline::{Delivered, Pipeline};
use skillgate::sample::{self, SampleFile};
use skillgate::seal::Sealer;
use skillgate::store::Store;
use skillgate::verify::checks::issuer_trust::TrustPolicy;
use skillgate::verify::documents::{Documents, Provided};
use skillgate::verify::{VerificationRequest, Verifier};
use std::collections::HashMap;

const SCHEMAS: [(&str, &str); 4] = [
    ("skill-assertion", include_str!("../../schemas/skill-assertion.json")),
    ("normalized-credential", include_str!("../../schemas/normalized-credential.json")),
    ("verification-report", include_str!("../../schemas/verification-report.json")),
    ("submission", include_str!("../../schemas/submission.json")),
];

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

struct Set {
    files: Vec<SampleFile>,
}

impl Set {
    fn new() -> Self {
        Self { files: sample::files(now()).unwrap() }
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        self.files.iter().find(|file| file.name == name).unwrap().bytes.clone()
    }

    fn upload(&self, name: &str) -> UploadedFile {
        UploadedFile { name: Some(name.to_owned()), media_type: None, bytes: self.bytes(name).into() }
    }

    /// Knows the documents and the policy of the set, and nothing of the network.
    fn verifier(&self) -> Verifier {
        let map: HashMap<String, String> = serde_json::from_slice(&self.bytes("documents.json")).unwrap();
        let provide = |(url, file): (String, String)| (url, Provided::Content(self.bytes(&file).into()));
        let documents = Documents::with_provided(map.into_iter().map(provide).collect(), None);
        let policy = TrustPolicy::parse(&String::from_utf8(self.bytes("policy.toml")).unwrap()).unwrap();
        Verifier::new(documents, Contexts::built_in()).with_policy(policy)
    }

    async fn report(&self, name: &str, email: Option<&str>) -> VerificationReport {
        self.report_of(&self.examiner(), name, email).await
    }

    async fn report_of(&self, examiner: &Examiner, name: &str, email: Option<&str>) -> VerificationReport {
        let candidate = CandidateHint { emails: email.into_iter().map(str::to_owned).collect(), ..CandidateHint::default() };
        let question = Question { request: VerificationRequest { at: now(), candidate, explain: false }, ..question(now()) };
        let mut examined = examine(examiner, &self.bytes(name), &question).await;
        assert!(examined[0].presentation.is_none(), "{name}: {examined:?}");
        examined.remove(0).credentials.remove(0).report
    }

    fn examiner(&self) -> Examiner {
        Examiner::new(self.verifier(), Limits::default())
    }
}

fn failed(report: &VerificationReport) -> Vec<CheckId> {
    report.checks.iter().filter(|check| check.status == CheckStatus::Fail).map(|check| check.id).collect()
}

#[actix_web::test]
async fn good_samples_are_accepted_for_their_person() {
    let set = Set::new();
    for name in ["valid.json", "valid.jwt", "valid-es256.jwt", "valid.png", "valid.svg", "valid-with-status.json"] {
        let report = set.report(name, Some("ada@example.org")).await;
        assert_eq!(report.outcome, Outcome::Accepted, "{name}: {:#?}", report.checks);
    }
}

#[actix_web::test]
async fn bad_samples_are_rejected_for_their_own_reason() {
    let set = Set::new();
    for (name, check) in [
        ("expired.json", CheckId::Validity),
        ("not-yet-valid.json", CheckId::Validity),
        ("revoked.json", CheckId::Status),
        ("tampered.json", CheckId::Proof),
    ] {
        let report = set.report(name, Some("ada@example.org")).await;
        assert_eq!((report.outcome, failed(&report)), (Outcome::Rejected, vec![check]), "{name}: {:#?}", report.checks);
    }
    let stranger = set.report("valid.json", Some("grace@example.org")).await;
    assert_eq!((stranger.outcome, failed(&stranger)), (Outcome::Rejected, vec![CheckId::Recipient]));
}

#[actix_web::test]
async fn a_list_that_cannot_be_had_is_not_taken_for_good_news() {
    let set = Set::new();
    let verifier = Verifier { documents: Documents::default(), ..set.verifier() };
    let report = set.report_of(&Examiner::new(verifier, Limits::default()), "revoked.json", None).await;
    assert_eq!(report.outcome, Outcome::Attention);
    assert_eq!(report.check(CheckId::Status).map(|check| check.status), Some(CheckStatus::CouldNotCheck));
}

#[actix_web::test]
async fn the_policy_of_the_samples_passes_its_own_examples() {
    let policy = TrustPolicy::parse(&String::from_utf8(Set::new().bytes("policy.toml")).unwrap()).unwrap();
    let (examples, failures) = policy.test();
    assert_eq!((examples, failures), (2, vec![]));
}

#[actix_web::test]
async fn what_is_told_of_the_samples_fits_the_schemas() {
    let set = Set::new();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("samples.sqlite").display());
    let store = Store::connect(&url, Sealer::new(&[7; 32])).await.unwrap();
    let tenant = TenantId::from("default");
    let pipeline = Pipeline {
        examiner: set.examiner(),
        store: store.clone(),
        clock: Clock::fixed(now()),
        mapper: crate::support::no_taxonomies(),
        status_interval: Some(chrono::Duration::hours(24)),
    };
    let delivered = Delivered {
        tenant_id: tenant.clone(),
        channel: Channel::Upload,
        candidate: CandidateHint { emails: vec!["ada@example.org".to_owned()], ..CandidateHint::default() },
        files: vec![set.upload("samples.zip"), set.upload("README.txt")],
        people: Vec::new(),
        expected: Default::default(),
        idempotency_key: None,
    };
    let submission = pipeline.accept(delivered).await.unwrap();
    assert_eq!(submission.files.len(), 11);
    let answer = serde_json::to_value(&submission).unwrap();
    fits(&schema("submission"), &answer);
    let credentials: Vec<_> = submission.files.iter().flat_map(|file| &file.credentials).collect();
    assert_eq!(credentials.len(), 10);
    let skills: Vec<_> = credentials.iter().filter_map(|one| one.normalized.as_ref()).map(|one| one.skills.len()).collect();
    assert_eq!(skills, vec![4; 6]);

    let events = store.list_events(&tenant, &Page { after: None, limit: 200 }).await.unwrap();
    let schema = strict(asyncapi::event_schema().unwrap());
    let kinds: Vec<EventType> = events.iter().map(|(_, event)| event.event_type).collect();
    for kind in [EventType::CredentialVerified, EventType::CredentialRejected, EventType::SkillAsserted] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    for (_, event) in &events {
        let event = serde_json::to_value(event).unwrap();
        fits(&schema, &event);
        let text = event.to_string();
        for secret in ["ada@example.org", "sha256$", "Lindgrove Institute said"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn the_schemas_notice_what_is_wrong() {
    let schema = schema("skill-assertion");
    let good = json!({"assertion_id": "5c0e1f6a-9c0b-5d3a-8f00-000000000001", "label": {"text": "SQL", "original": "SQL"}, "kind": "unknown", "concepts": [],
        "mapping_status": "unmapped", "derivation": "issuer_tag", "attainment": "attained", "asserted_by": "issuer",
        "source_pointers": ["/a"], "status": "asserted"});
    fits(&schema, &good);
    let validator = compiled(&schema);
    for (member, value) in
        [("attainment", json!("yes")), ("source_pointers", json!([])), ("confidence", json!(2)), ("unheard_of", json!(1))]
    {
        let mut bad = good.clone();
        bad[member] = value;
        assert!(!validator.is_valid(&bad), "{member}");
    }
}

#[test]
fn the_description_of_the_events_names_each_of_them() {
    let document = asyncapi::document("skillgate").unwrap();
    let messages = document["components"]["messages"].as_object().unwrap();
    let mut named: Vec<&str> = messages.values().map(|message| message["name"].as_str().unwrap()).collect();
    let mut known: Vec<&str> = EventType::ALL.iter().map(|event| event.as_str()).collect();
    let mut allowed: Vec<String> =
        serde_json::from_value(asyncapi::event_schema().unwrap()["properties"]["type"]["enum"].clone()).unwrap();
    named.sort_unstable();
    known.sort_unstable();
    allowed.sort_unstable();
    assert_eq!(named, known);
    assert_eq!(allowed, known);
    for channel in ["events", "deadLetters"] {
        let listed = document["channels"][channel]["messages"].as_object().unwrap();
        assert!(listed.keys().eq(messages.keys()), "{channel}");
    }
    assert!(!document.to_string().contains("./events/"));
}

/// A schema with those that it refers to, in the strict form.
fn schema(name: &str) -> Value {
    let parse =
        |wanted: &str| -> Value { serde_json::from_str(SCHEMAS.iter().find(|(name, _)| *name == wanted).unwrap().1).unwrap() };
    let mut schema = parse(name);
    for (other, _) in SCHEMAS.iter().filter(|(other, _)| *other != name) {
        schema["$defs"][*other] = parse(other);
    }
    strict(schema)
}

/// Readers must ignore members that they don't know; the gateway itself must not send any.
fn strict(mut schema: Value) -> Value {
    fn tighten(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                let is_closed = members.get("type") == Some(&json!("object")) && members.contains_key("properties");
                members.values_mut().for_each(tighten);
                if is_closed {
                    members.insert("additionalProperties".to_owned(), json!(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(tighten),
            _ => {}
        }
    }
    tighten(&mut schema);
    schema
}

fn compiled(schema: &Value) -> jsonschema::Validator {
    jsonschema::options().offline().should_validate_formats(true).build(schema).unwrap()
}

fn fits(schema: &Value, value: &Value) {
    let errors: Vec<String> =
        compiled(schema).iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}
