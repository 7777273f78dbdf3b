//! A tenant's fixtures: credentials as the pipeline hands them to the store, without any file or signature.

use super::databases::noon;
use chrono::{DateTime, Utc};
use skillgate::model::code::Code;
use skillgate::model::connection::{Carries, Connection, ConnectionState, default_outcomes};
use skillgate::model::credential::{Achievement, Attainment, CredentialStatus, Format, Issuer, NormalizedCredential, Securing};
use skillgate::model::ids::{CandidateRef, ConnectionId, CredentialId, SubmissionId, TenantId};
use skillgate::model::record::{NewCredential, NewSubmission};
use skillgate::model::report::{Check, CheckId, CheckStatus, Outcome, VerificationReport};
use skillgate::model::skill::{
    AssertedBy, Concept, Derivation, Label, MappingStatus, Relation, SkillAssertion, SkillKind, SkillStatus,
};
use skillgate::model::submission::{CandidateHint, Channel, FileResult};
use skillgate::pipeline::record::{Person, record};
use skillgate::pipeline::worked::WorkedFile;
use skillgate::store::Store;

pub fn tenant() -> TenantId {
    TenantId::from("default")
}

pub fn report(outcome: Outcome) -> VerificationReport {
    let status_of = |id| match (outcome, id) {
        (Outcome::Rejected, CheckId::Proof) => (CheckStatus::Fail, Code::SignatureInvalid),
        (Outcome::Attention, CheckId::IssuerTrust) => (CheckStatus::Warning, Code::IssuerUnknown),
        _ => (CheckStatus::Pass, Code::Ok),
    };
    let check = |id| {
        let (status, code) = status_of(id);
        Check::new(id, status, code, "About Ada Lovelace, ada@example.org.")
    };
    VerificationReport {
        format: Format::OpenBadges3,
        secured_with: Securing::DataIntegrity,
        outcome,
        checks: CheckId::ALL.into_iter().map(check).collect(),
        verified_at: noon(),
        issuer_id: Some("did:example:college".to_owned()),
        issuer_name: None,
        policy: None,
        nested: Vec::new(),
    }
}

pub fn skill(id: &str, label: &str) -> SkillAssertion {
    SkillAssertion {
        assertion_id: id.to_owned(),
        label: Label { text: label.to_owned(), original: label.to_owned(), ..Label::default() },
        kind: SkillKind::Skill,
        concepts: vec![Concept {
            taxonomy: "example".to_owned(),
            taxonomy_version: None,
            uri: Some(format!("https://skills.example.org/{id}")),
            code: None,
            label: Some(label.to_owned()),
            framework_name: None,
            relation: Relation::Exact,
            confidence: None,
            mapping: None,
        }],
        mapping_status: MappingStatus::Declared,
        derivation: Derivation::IssuerAlignment,
        confidence: None,
        level: None,
        attainment: Attainment::Attained,
        asserted_by: AssertedBy::Issuer,
        source_pointers: vec!["/credentialSubject/achievement/alignment/0".to_owned()],
        merged_from: Vec::new(),
        valid_from: None,
        valid_until: None,
        alternatives: Vec::new(),
        status: SkillStatus::Asserted,
    }
}

/// Accepted, with the skills given.
pub fn credential(bytes: &str, skills: Vec<SkillAssertion>) -> NewCredential {
    with_outcome(bytes, skills, Outcome::Accepted)
}

pub fn with_outcome(bytes: &str, skills: Vec<SkillAssertion>, outcome: Outcome) -> NewCredential {
    use sha2::Digest;
    let fingerprint = hex::encode(sha2::Sha256::digest(bytes.as_bytes()));
    let normalized = NormalizedCredential {
        schema_version: "1.0.0".to_owned(),
        fingerprint: fingerprint.clone(),
        natural_key: None,
        source_format: Format::OpenBadges3,
        source_profile: None,
        candidate_ref: None,
        achievement: Achievement { name: [("en".to_owned(), "Bridge Building".to_owned())].into(), ..Achievement::default() },
        issuer: Issuer { id: "did:example:college".to_owned(), ..Issuer::default() },
        assessor: None,
        valid_from: None,
        valid_until: None,
        awarded_at: None,
        outcome,
        status: CredentialStatus::Active,
        attainment: Attainment::Attained,
        results: Vec::new(),
        qualification_level: Vec::new(),
        skills,
        parts: Vec::new(),
        warnings: Vec::new(),
    };
    NewCredential {
        id: CredentialId::generate(),
        name: "badge.json".to_owned(),
        media_type: "application/vc+ld+json".to_owned(),
        bytes: bytes.as_bytes().to_vec(),
        fingerprint,
        report: report(outcome),
        normalized: (outcome != Outcome::Rejected).then_some(normalized),
        next_check_at: None,
        owner: skillgate::model::record::Owner::Submission,
        proven: Vec::new(),
    }
}

/// An issue of the credential `key` with its own start of validity.
pub fn issue(key: &str, valid_from: DateTime<Utc>, skills: Vec<SkillAssertion>) -> NewCredential {
    let mut made = credential(&format!("{key} of {valid_from}"), skills);
    let normalized = made.normalized.as_mut().unwrap();
    normalized.natural_key = Some(key.to_owned());
    normalized.valid_from = Some(valid_from);
    made
}

pub fn named(candidate: &str) -> Person {
    Person { candidate_ref: CandidateRef::from(candidate), named: true, hint: CandidateHint::default() }
}

pub fn nobody() -> Person {
    Person { candidate_ref: CandidateRef::generate(), named: false, hint: CandidateHint::default() }
}

pub fn files(credentials: Vec<NewCredential>) -> Vec<WorkedFile> {
    let file = |credential: NewCredential| WorkedFile {
        result: FileResult {
            file: credential.name.clone(),
            sha256: credential.fingerprint.clone(),
            detected: "Open Badges 3.0 credential".to_owned(),
            problem: None,
            warnings: Vec::new(),
            presentation: None,
            credentials: Vec::new(),
        },
        credentials: vec![credential],
    };
    credentials.into_iter().map(file).collect()
}

/// Records a complete submission of these credentials, one per file.
pub async fn submit(store: &Store, person: Person, credentials: Vec<NewCredential>) -> SubmissionId {
    let id = SubmissionId::generate();
    let submission = NewSubmission {
        received_at: noon(),
        id: id.clone(),
        tenant_id: tenant(),
        channel: Channel::Upload,
        candidate_ref: person.named.then(|| person.candidate_ref.clone()),
    };
    let files = files(credentials);
    let written = store.transaction(move |transaction| {
        if person.named {
            transaction.ensure_candidate(&submission.tenant_id, &person.candidate_ref, noon())?;
        }
        transaction.insert_submission(&submission, files.len())?;
        assert!(record(transaction, &submission, &person, &files, 0, noon())?);
        transaction.complete_submission(&submission.id, noon())
    });
    written.await.unwrap();
    id
}

pub fn connection(name: &str) -> Connection {
    Connection {
        id: ConnectionId::generate(),
        tenant_id: tenant(),
        connector: "webhook".to_owned(),
        name: name.to_owned(),
        fields: serde_json::Map::new(),
        mapping: serde_json::Map::new(),
        event_types: Vec::new(),
        outcomes: default_outcomes(),
        carries: Carries::default(),
        state: ConnectionState::Active,
        paused_reason: None,
        secrets_set: Vec::new(),
        created_at: noon(),
        updated_at: noon(),
    }
}
