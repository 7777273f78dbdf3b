//! An employer's office: a pipeline whose trust policy knows one invented institution, and people who hand in its badges.

use super::databases::noon;
use super::made;
use chrono::Duration;
use serde_json::{Value, json};
use skillgate::document::Limits;
use skillgate::examine::Examiner;
use skillgate::jsonld::Contexts;
use skillgate::model::clock::Clock;
use skillgate::model::code::Code;
use skillgate::model::credential::NormalizedCredential;
use skillgate::model::ids::CandidateRef;
use skillgate::model::record::Page;
use skillgate::model::report::{CheckId, Outcome};
use skillgate::model::submission::{CandidateHint, Channel, CredentialResult, FileResult, Submission, UploadedFile};
use skillgate::pipeline::{Delivered, Pipeline};
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind};
use skillgate::store::Store;
use skillgate::verify::checks::issuer_trust::TrustPolicy;
use skillgate::verify::documents::Documents;
use skillgate::verify::{PresentationRequest, Verifier};
use std::collections::HashMap;

pub struct Office {
    pub store: Store,
    pub pipeline: Pipeline,
    institution: Institution,
}

impl Office {
    pub fn new(store: &Store) -> Self {
        let institution = Institution::new("Lindgrove Institute", KeyKind::Ed25519);
        let policy = format!(
            "name = \"office\"\nversion = \"1\"\nunknown_issuer = \"attention\"\n\n[[rule]]\nid = \"one\"\ndecision = \"allow\"\ndid = [\"{}\"]\n",
            institution.did()
        );
        let verifier = Verifier::new(Documents::default(), Contexts::built_in());
        let verifier = verifier.with_policy(TrustPolicy::parse(&policy).unwrap());
        let examiner = Examiner::new(verifier, Limits::default());
        let pipeline = Pipeline {
            examiner,
            store: store.clone(),
            mapper: super::no_taxonomies(),
            clock: Clock::fixed(noon()),
            status_interval: None,
        };
        Self { store: store.clone(), pipeline, institution }
    }

    /// A badge with a salted hash of the address.
    pub fn badge(&self, email: &str) -> Vec<u8> {
        self.signed(self.unsigned(email))
    }

    /// A badge whose subject has these members beside the achievement.
    pub fn about(&self, subject: &Value) -> Vec<u8> {
        self.signed(with_subject(self.unsigned("nobody@example.org"), subject))
    }

    /// The same by an institution that nobody vouches for.
    pub fn by_a_stranger(&self, subject: &Value) -> Vec<u8> {
        let stranger = Institution::new("Anybody", KeyKind::Ed25519);
        let badge = Badge::new("nobody@example.org", noon() - Duration::days(30)).unsigned(&stranger);
        let signed = DataIntegrity::assertion(noon() - Duration::days(30)).sign(&with_subject(badge, subject), &stranger.key);
        signed.unwrap().to_string().into_bytes()
    }

    fn unsigned(&self, email: &str) -> Value {
        Badge::new(email, noon() - Duration::days(30)).unsigned(&self.institution)
    }

    fn signed(&self, badge: Value) -> Vec<u8> {
        let signed = DataIntegrity::assertion(noon() - Duration::days(30)).sign(&badge, &self.institution.key);
        signed.unwrap().to_string().into_bytes()
    }

    pub async fn hand_in(&self, candidate: CandidateHint, files: &[(&str, &[u8])]) -> Submission {
        self.deliver(delivered(candidate, files)).await
    }

    /// Takes the files in and works on them to the end.
    pub async fn deliver(&self, delivered: Delivered) -> Submission {
        let submission = self.pipeline.accept(delivered).await.unwrap();
        self.pipeline.resume(&submission.id).await.unwrap();
        self.store.submission(&made::tenant(), &submission.id).await.unwrap().unwrap()
    }

    /// Hands in one badge, and shows what became of it.
    pub async fn one(&self, candidate: CandidateHint, badge: &[u8]) -> CredentialResult {
        let submission = self.hand_in(candidate, &[("badge.json", badge)]).await;
        submission.files[0].credentials.first().unwrap_or_else(|| panic!("{:?}", submission.files[0].problem)).clone()
    }

    /// Takes away the address that is shown like this.
    pub async fn forget(&self, candidate: &str, hint: &str) {
        let candidate = CandidateRef::from(candidate);
        let known = self.store.candidate(&made::tenant(), &candidate).await.unwrap().unwrap().addresses;
        let address = known.iter().find(|address| address.hint == hint).unwrap_or_else(|| panic!("{known:?}"));
        assert!(self.pipeline.forget_address(&made::tenant(), &candidate, &address.id).await.unwrap());
        assert!(!self.pipeline.forget_address(&made::tenant(), &candidate, &address.id).await.unwrap(), "it is gone");
    }

    /// Names of all events so far, without what is the same in all.
    pub async fn events(&self) -> Vec<String> {
        let page = Page { limit: 10_000, after: None };
        let events = self.store.list_events(&made::tenant(), &page).await.unwrap();
        let short = |name: &str| name.trim_start_matches("org.skillgate.").trim_end_matches(".v1").to_owned();
        events.into_iter().map(|(_, event)| short(event.event_type.as_str())).collect()
    }

    pub async fn stored(&self, credential: &CredentialResult) -> (Outcome, Option<NormalizedCredential>) {
        let stored = self.store.credential(&made::tenant(), &credential.id).await.unwrap().unwrap();
        (stored.outcome, stored.normalized)
    }
}

pub fn delivered(candidate: CandidateHint, files: &[(&str, &[u8])]) -> Delivered {
    let file = |(name, bytes): &(&str, &[u8])| UploadedFile {
        name: Some((*name).to_owned()),
        media_type: None,
        bytes: bytes.to_vec().into(),
    };
    Delivered {
        tenant_id: made::tenant(),
        channel: Channel::Upload,
        candidate,
        files: files.iter().map(file).collect(),
        people: Vec::new(),
        expected: PresentationRequest::default(),
        idempotency_key: None,
    }
}

fn with_subject(mut badge: Value, members: &Value) -> Value {
    let subject = badge["credentialSubject"].as_object_mut().unwrap();
    subject.remove("identifier");
    subject.extend(members.as_object().unwrap().clone());
    badge
}

/// The member of a subject that gives its address in plain text.
pub fn plain(email: &str) -> Value {
    json!({"identifier": [{"type": "IdentityObject", "hashed": false, "identityType": "emailAddress", "identityHash": email}]})
}

pub fn nobody() -> CandidateHint {
    CandidateHint::default()
}

pub fn by_ref(reference: &str) -> CandidateHint {
    CandidateHint { candidate_ref: Some(CandidateRef::from(reference)), ..nobody() }
}

pub fn by_email(email: &str) -> CandidateHint {
    CandidateHint { emails: vec![email.to_owned()], ..nobody() }
}

pub fn by_both(reference: &str, email: &str) -> CandidateHint {
    CandidateHint { candidate_ref: Some(CandidateRef::from(reference)), ..by_email(email) }
}

/// A ZIP archive.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::{Cursor, Write};
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// All credentials of a submission by the names of their files.
pub fn by_file(submission: &Submission) -> HashMap<String, CredentialResult> {
    let of_file = |file: &FileResult| file.credentials.iter().map(|one| (file.file.clone(), one.clone())).collect::<Vec<_>>();
    submission.files.iter().flat_map(of_file).collect()
}

pub fn recipient(credential: &CredentialResult) -> Code {
    credential.report.check(CheckId::Recipient).unwrap().code
}
