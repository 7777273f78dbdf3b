//! What several areas' tests need: a store of their own on either database, a clock that stands still.

use chrono::{DateTime, TimeZone, Utc};
use skillgate::seal::Sealer;
use skillgate::store::Store;

pub fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 6, 1, 12, 0, 0).unwrap()
}

pub fn sealer() -> Sealer {
    Sealer::new(&[42; 32])
}

/// A store with a database of its own, removed at the end.
pub struct TestStore {
    pub store: Store,
    pub url: String,
    _removed_at_the_end: Database,
}

#[allow(dead_code, reason = "held for its Drop")]
enum Database {
    Folder(tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Schema(postgres::Schema),
}

impl TestStore {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/skillgate.sqlite", folder.path().display());
        Self { store: Store::connect(&url, sealer()).await.unwrap(), url, _removed_at_the_end: Database::Folder(folder) }
    }

    /// `None` unless SKILLGATE_TEST_DATABASE_URL says where PostgreSQL is.
    pub async fn postgres() -> Option<Self> {
        #[cfg(feature = "postgres")]
        if let Ok(base) = std::env::var("SKILLGATE_TEST_DATABASE_URL") {
            let schema = tokio::task::spawn_blocking(move || postgres::Schema::create(&base)).await.unwrap();
            let url = schema.url.clone();
            let store = Store::connect(&url, sealer()).await.unwrap();
            return Some(Self { store, url, _removed_at_the_end: Database::Schema(schema) });
        }
        None
    }

    /// The database as another process, or this one after a restart, sees it.
    pub async fn reopened(&self) -> Store {
        Store::connect(&self.url, sealer()).await.unwrap()
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use diesel::connection::SimpleConnection;
    use diesel::{Connection, PgConnection};

    pub struct Schema {
        base: String,
        name: String,
        pub url: String,
    }

    impl Schema {
        pub fn create(base: &str) -> Self {
            let name = format!("skillgate_test_{}", uuid::Uuid::now_v7().simple());
            let mut connection = PgConnection::establish(base).unwrap();
            connection.batch_execute(&format!("CREATE SCHEMA {name}")).unwrap();
            let separator = if base.contains('?') { '&' } else { '?' };
            let url = format!("{base}{separator}options=-csearch_path%3D{name}");
            Self { base: base.to_owned(), name, url }
        }
    }

    impl Drop for Schema {
        fn drop(&mut self) {
            let Ok(mut connection) = PgConnection::establish(&self.base) else { return };
            let dropped = connection.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name));
            dropped.unwrap_or_else(|error| eprintln!("schema {} stays behind: {error}", self.name));
        }
    }
}

/// Makes each function of the list a test on SQLite and, where SKILLGATE_TEST_DATABASE_URL is set, on PostgreSQL.
macro_rules! on_both_databases {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&$crate::databases::TestStore::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(database) = $crate::databases::TestStore::postgres().await {
                    super::$test(&database).await;
                }
            })+
        }
    };
}
pub(crate) use on_both_databases;

/// A tenant's fixtures: credentials as the pipeline hands them to the store, without any file or signature.
pub mod made {
    use super::noon;
    use chrono::{DateTime, Utc};
    use skillgate::model::connection::{Connection, ConnectionState, default_outcomes};
    use skillgate::model::credential::{
        Achievement, Attainment, CredentialStatus, Format, Issuer, NormalizedCredential, Securing,
    };
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
            (Outcome::Rejected, CheckId::Proof) => (CheckStatus::Fail, "signature_invalid"),
            (Outcome::Attention, CheckId::IssuerTrust) => (CheckStatus::Warning, "issuer_unknown"),
            _ => (CheckStatus::Pass, "ok"),
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
            id: id.clone(),
            tenant_id: tenant(),
            channel: Channel::Upload,
            candidate_ref: person.named.then(|| person.candidate_ref.clone()),
        };
        let files = files(credentials);
        let written = store.transaction(move |transaction| {
            transaction.insert_submission(&submission, files.len(), noon())?;
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
            state: ConnectionState::Active,
            paused_reason: None,
            secrets_set: Vec::new(),
            created_at: noon(),
            updated_at: noon(),
        }
    }
}
