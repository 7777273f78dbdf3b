//! Random sequences of uploads, mergers, erasures and forgotten addresses: no answer shows another candidate, and what was taken away
//! accepts nothing. The badges are real and are verified each time.

use crate::support::databases::{TestStore, noon};
use crate::support::made;
use crate::support::office::{Office, by_both, by_email, by_ref, nobody, plain, recipient};
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use skillgate::model::code::Code;
use skillgate::model::ids::{CandidateRef, SubmissionId};
use skillgate::model::record::{CredentialFilter, Page};
use skillgate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use skillgate::model::submission::{CandidateHint, CredentialResult, PersonBy};
use std::collections::HashMap;

const ADDRESSES: [&str; 3] = ["ada@example.org", "bob@example.org", "eve@example.org"];
const HINTS: [&str; 3] = ["a…a@example.org", "b…b@example.org", "e…e@example.org"];
const REFS: [&str; 3] = ["ATS-0", "ATS-1", "ATS-2"];
const FORMS: usize = 4;

/// Whom a request names, by numbers into the lists above.
#[derive(Clone, Copy, Debug)]
enum Named {
    Nobody,
    NameOnly(usize),
    Reference(usize),
    Email(usize),
    Both(usize, usize),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The badge about a person, in one of its forms.
    Upload {
        about: usize,
        form: usize,
        named: Named,
    },
    Forget {
        who: usize,
        address: usize,
    },
    Merge {
        from: usize,
        into: usize,
    },
    Erase {
        who: usize,
    },
}

fn named() -> impl Strategy<Value = Named> {
    prop_oneof![
        Just(Named::Nobody),
        (0..3usize).prop_map(Named::NameOnly),
        (0..3usize).prop_map(Named::Reference),
        (0..3usize).prop_map(Named::Email),
        (0..3usize, 0..3usize).prop_map(|(who, email)| Named::Both(who, email)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3usize, 0..FORMS, named()).prop_map(|(about, form, named)| Step::Upload { about, form, named }),
        2 => (0..3usize, 0..3usize).prop_map(|(who, address)| Step::Forget { who, address }),
        1 => (0..3usize, 0..3usize).prop_map(|(from, into)| Step::Merge { from, into }),
        1 => (0..3usize).prop_map(|who| Step::Erase { who }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_answer_is_about_its_own_person_and_an_address_that_is_gone_accepts_nothing(steps in prop::collection::vec(step(), 4..24)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let database = TestStore::of_the_run().await;
            let mut world = World::new(Office::new(&database.store));
            for step in steps {
                world.take(step).await;
            }
        });
    }
}

/// The office, and what a small model knows of it.
struct World {
    office: Office,
    badges: Vec<Vec<u8>>,
    /// References that were merged into others.
    merged: HashMap<String, String>,
    /// What was answered: submission, person, report, and whether the person was erased since.
    answers: Vec<(SubmissionId, CandidateRef, VerificationReport)>,
}

impl World {
    fn new(office: Office) -> Self {
        let mut badges = Vec::new();
        for address in ADDRESSES {
            badges.push(office.badge(address));
            badges.push(office.about(&plain(address)));
            badges.push(office.about(&json!({"id": format!("did:example:{}", &address[..3])})));
            badges.push(office.about(&json!({})));
        }
        Self { office, badges, merged: HashMap::new(), answers: Vec::new() }
    }

    fn current(&self, reference: &str) -> String {
        self.merged.get(reference).cloned().unwrap_or_else(|| reference.to_owned())
    }

    async fn hints(&self, candidate: &str) -> Option<Vec<String>> {
        let found = self.office.store.candidate(&made::tenant(), &CandidateRef::from(candidate)).await.unwrap()?;
        Some(found.addresses.into_iter().map(|address| address.hint).collect())
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Upload { about, form, named } => self.upload(about, form, named).await,
            Step::Forget { who, address } => self.forget(who, address).await,
            Step::Merge { from, into } => self.merge(from, into).await,
            Step::Erase { who } => self.erase(who).await,
        }
        self.earlier_answers_stay().await;
    }

    async fn upload(&mut self, about: usize, form: usize, named: Named) {
        let candidate = match named {
            Named::Nobody => nobody(),
            Named::NameOnly(who) => CandidateHint { name: Some(format!("Person {who}")), ..nobody() },
            Named::Reference(who) => by_ref(REFS[who]),
            Named::Email(email) => by_email(ADDRESSES[email]),
            Named::Both(who, email) => by_both(REFS[who], ADDRESSES[email]),
        };
        let badge = self.badges[about * FORMS + form].clone();
        let submission = self.office.hand_in(candidate, &[("badge.json", &badge)]).await;
        let credential = submission.files[0].credentials[0].clone();
        assert_eq!(submission.candidate_ref.as_ref(), Some(&credential.candidate_ref));
        self.is_the_right_person(about, form, named, &credential).await;
        let is_pass = credential.report.check(CheckId::Recipient).unwrap().status == CheckStatus::Pass;
        let names_it = match named {
            Named::Email(email) | Named::Both(_, email) => email == about,
            _ => false,
        };
        assert_eq!(is_pass, names_it && form < 2, "{named:?} {}", recipient(&credential));
        if let Some(normalized) = &credential.normalized {
            assert_eq!(normalized.candidate_ref.as_ref(), Some(&credential.candidate_ref));
        }
        self.answers.push((submission.id, credential.candidate_ref, credential.report));
    }

    async fn is_the_right_person(&self, about: usize, form: usize, named: Named, credential: &CredentialResult) {
        let person = credential.candidate_ref.as_str();
        let is_employers = REFS.contains(&person);
        let hints = self.hints(person).await.unwrap();
        match named {
            Named::Reference(who) | Named::Both(who, _) => {
                assert_eq!((person, credential.person_by), (self.current(REFS[who]).as_str(), PersonBy::Request));
            }
            Named::Email(email) => assert!(hints.contains(&HINTS[email].to_owned()), "{hints:?}"),
            Named::NameOnly(_) => assert!(!is_employers),
            Named::Nobody if is_employers => {
                assert!(form < 2 && hints.contains(&HINTS[about].to_owned()), "{person} has {hints:?}");
                assert_eq!((credential.person_by, recipient(credential)), (PersonBy::Subject, Code::RecipientUnproven));
                assert_ne!(credential.outcome, Outcome::Accepted);
            }
            Named::Nobody => {}
        }
    }

    async fn forget(&mut self, who: usize, address: usize) {
        let (tenant, person) = (made::tenant(), CandidateRef(self.current(REFS[who])));
        let Some(found) = self.office.store.candidate(&tenant, &person).await.unwrap() else { return };
        let Some(known) = found.addresses.iter().find(|known| known.hint == HINTS[address]) else { return };
        assert!(self.office.pipeline.forget_address(&tenant, &CandidateRef::from(REFS[who]), &known.id).await.unwrap());
        let hints = self.hints(person.as_str()).await.unwrap();
        assert!(!hints.contains(&HINTS[address].to_owned()));
        let filter = CredentialFilter { candidate_ref: Some(person), ..CredentialFilter::default() };
        for stored in self.office.store.list_credentials(&tenant, &filter, &Page { limit: 100, after: None }).await.unwrap() {
            let place = self.badges.iter().position(|badge| hex::encode(Sha256::digest(badge)) == stored.fingerprint).unwrap();
            let check = stored.report.check(CheckId::Recipient).unwrap();
            let about = HINTS[place / FORMS].to_owned();
            assert!(
                check.status != CheckStatus::Pass || hints.contains(&about),
                "{} for {about}, left are {hints:?}",
                check.code
            );
        }
    }

    async fn merge(&mut self, from: usize, into: usize) {
        let (gone, stays) = (self.current(REFS[from]), self.current(REFS[into]));
        let is_there = self.hints(&gone).await.is_some() && self.hints(&stays).await.is_some();
        let (tenant, from, into) = (made::tenant(), CandidateRef::from(REFS[from]), CandidateRef::from(REFS[into]));
        let merged = self.office.pipeline.merge(&tenant, &from, &into).await.unwrap();
        assert_eq!(merged, is_there && gone != stays);
        if is_there && gone != stays {
            self.merged.values_mut().filter(|current| **current == gone).for_each(|current| current.clone_from(&stays));
            self.merged.insert(gone.clone(), stays.clone());
            for (_, person, _) in self.answers.iter_mut().filter(|(_, person, _)| person.as_str() == gone) {
                *person = CandidateRef(stays.clone());
            }
        }
    }

    async fn erase(&mut self, who: usize) {
        let (tenant, person) = (made::tenant(), self.current(REFS[who]));
        let was_there = self.hints(&person).await.is_some();
        let erased =
            self.office.store.erase_candidate(&tenant, &CandidateRef::from(REFS[who]), "test", noon()).await.unwrap().is_some();
        assert_eq!(erased, was_there);
        self.merged.retain(|_, current| *current != person);
        assert!(self.hints(&person).await.is_none());
        let (all, page) = (CredentialFilter::default(), Page { limit: 1_000, after: None });
        let left = self.office.store.list_credentials(&tenant, &all, &page).await.unwrap();
        assert!(left.iter().all(|stored| stored.candidate_ref.as_str() != person));
        // Records that stood for the person as well are gone, too: their answers can't be asked for any more.
        let mut kept = Vec::new();
        for answer in std::mem::take(&mut self.answers) {
            if self.office.store.submission(&tenant, &answer.0).await.unwrap().is_some() {
                assert_ne!(answer.1.as_str(), person);
                kept.push(answer);
            }
        }
        self.answers = kept;
    }

    async fn earlier_answers_stay(&self) {
        for (id, person, report) in &self.answers {
            let now = self.office.store.submission(&made::tenant(), id).await.unwrap().unwrap();
            let credential = &now.files[0].credentials[0];
            assert_eq!((&credential.candidate_ref, &credential.report), (person, report));
        }
    }
}
