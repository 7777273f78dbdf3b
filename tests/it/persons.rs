//! The answer belongs to the request: random submissions of the same bytes for several people, against a small model.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use chrono::Duration;
use skillgate::model::ids::{CandidateRef, CredentialId};
use skillgate::model::report::Outcome;
use skillgate::model::submission::{CandidateHint, Submission};
use skillgate::pipeline::record::Person;
use std::collections::HashMap;

on_both_databases!(every_answer_shows_the_person_and_the_report_of_its_own_request);

/// Small numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit).unwrap()
    }
}

/// Who is named: two references, nobody, two names without a reference.
fn person(which: usize) -> Person {
    let only_name =
        |name: &str| Person { hint: CandidateHint { name: Some(name.to_owned()), ..CandidateHint::default() }, ..made::nobody() };
    match which {
        0 => made::named("ada"),
        1 => made::named("bob"),
        2 => made::nobody(),
        3 => only_name("Ada"),
        _ => only_name("Bob"),
    }
}

/// What the model knows of the bytes of one person.
struct Held {
    id: CredentialId,
    owner: CandidateRef,
    outcome: Outcome,
}

async fn every_answer_shows_the_person_and_the_report_of_its_own_request(TestStore { store, .. }: &TestStore) {
    let mut numbers = Numbers(43);
    let mut held: HashMap<(usize, usize), Held> = HashMap::new();
    let mut answers: Vec<Submission> = Vec::new();
    for step in 0..60 {
        let (bytes, who) = (numbers.below(3), numbers.below(5));
        let outcome = [Outcome::Accepted, Outcome::Attention, Outcome::Rejected][numbers.below(3)];
        let mut credential = made::with_outcome(&format!("badge {bytes}"), vec![made::skill("s1", "Riveting")], outcome);
        // The moment tells this request's report from every other.
        credential.report.verified_at = noon() + Duration::minutes(step);
        let id = made::submit(store, person(who), vec![credential.clone()]).await;
        let answer = store.submission(&made::tenant(), &id).await.unwrap().unwrap();
        let shown = &answer.files[0].credentials[0];
        assert_eq!(shown.report, credential.report, "step {step}");
        assert_eq!((shown.outcome, answer.outcome), (outcome, Some(outcome)), "step {step}");
        assert_eq!(shown.normalized.is_some(), outcome != Outcome::Rejected, "step {step}");
        assert_eq!(answer.candidate_ref.as_ref(), Some(&shown.candidate_ref), "step {step}");
        let before = held.get(&(bytes, who));
        assert_eq!(shown.duplicate, before.is_some_and(|before| before.outcome == outcome), "step {step}");
        match before {
            Some(before) => assert_eq!((&before.id, &before.owner), (&shown.id, &shown.candidate_ref), "step {step}"),
            None => {
                let others = held.iter().filter(|((_, other), _)| *other != who || who > 1);
                assert!(others.clone().all(|(_, other)| other.owner != shown.candidate_ref), "step {step}: another's reference");
                assert!(held.values().all(|other| other.id != shown.id), "step {step}: another's credential");
            }
        }
        if who < 2 {
            assert_eq!(Some(&shown.candidate_ref), Some(&person(who).candidate_ref), "step {step}");
        }
        held.insert((bytes, who), Held { id: shown.id.clone(), owner: shown.candidate_ref.clone(), outcome });
        answers.push(answer);
    }
    for answer in answers {
        let now = store.submission(&made::tenant(), &answer.id).await.unwrap().unwrap();
        let reports = |submission: &Submission| submission.files[0].credentials[0].report.clone();
        assert_eq!((reports(&now), &now.candidate_ref), (reports(&answer), &answer.candidate_ref));
    }
}
