//! Two candidates who turn out to be one person, what links to a candidate, and what an erasure takes with it.

use crate::openapi::assert_described;
use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use crate::support::office::{Office, by_both, by_email, by_file, by_ref, nobody, plain, recipient, zip};
use crate::support::{Answer, Form, NOW, spawn_app};
use chrono::Duration;
use serde_json::json;
use skillgate::model::code::Code;
use skillgate::model::event::EventType;
use skillgate::model::exchange::{Exchange, ExchangeOptions, ExchangeState};
use skillgate::model::ids::{CandidateRef, ExchangeId};
use skillgate::model::oauth::Invitation;
use skillgate::model::record::{CredentialFilter, Page};
use skillgate::model::report::Outcome;
use skillgate::model::submission::CandidateHint;

on_both_databases!(
    a_merged_reference_keeps_answering_and_nothing_is_lost,
    the_same_credential_of_both_is_one_credential_afterwards,
    a_wallet_that_proves_one_did_for_two_candidates_merges_them,
    two_references_of_the_employers_are_never_merged_by_themselves,
    what_is_newly_known_of_a_candidate_is_told_once,
    erasing_a_person_erases_every_record_that_stands_for_them,
    erasing_a_person_leaves_the_files_of_others,
);

const ADA: &str = "ada@example.org";
const BOB: &str = "bob@example.org";

fn reference(text: &str) -> CandidateRef {
    CandidateRef::from(text)
}

async fn merge(office: &Office, from: &str, into: &str) {
    assert!(office.pipeline.merge(&made::tenant(), &reference(from), &reference(into)).await.unwrap(), "{from} into {into}");
}

async fn credentials_of(office: &Office, candidate: &str) -> usize {
    let filter = CredentialFilter { candidate_ref: Some(reference(candidate)), ..CredentialFilter::default() };
    office.store.list_credentials(&made::tenant(), &filter, &Page { limit: 100, after: None }).await.unwrap().len()
}

fn invitation(candidate: &str) -> Invitation {
    Invitation {
        id: format!("invitation-of-{candidate}"),
        tenant_id: made::tenant(),
        candidate_ref: reference(candidate),
        purpose: None,
        max_connections: 1,
        connections: 0,
        created_at: noon(),
        expires_at: noon() + Duration::days(9),
        revoked_at: None,
    }
}

fn exchange(id: &str, candidate: CandidateHint) -> Exchange {
    Exchange {
        id: ExchangeId::from(id),
        tenant_id: made::tenant(),
        candidate,
        state: ExchangeState::Pending,
        sequence: 0,
        challenge: "c".to_owned(),
        attempts: 0,
        options: ExchangeOptions::default(),
        last_error: None,
        results: None,
        submission_id: None,
        candidate_ref: None,
        created_at: noon(),
        expires_at: noon() + Duration::days(1),
        response_key: None,
    }
}

async fn a_merged_reference_keeps_answering_and_nothing_is_lost(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let tenant = made::tenant();
    let first = office.one(by_both("OLD", ADA), &office.badge(ADA)).await;
    office.one(by_both("NEW", BOB), &office.badge(BOB)).await;
    store.create_invitation(&invitation("OLD"), "hash").await.unwrap();
    store.put_hosted_profile(&tenant, &reference("OLD"), &json!({"name": "Ada"}), noon()).await.unwrap();
    merge(&office, "OLD", "NEW").await;
    assert!(!office.pipeline.merge(&tenant, &reference("OLD"), &reference("NEW")).await.unwrap(), "they are one");
    assert!(!office.pipeline.merge(&tenant, &reference("NOBODY"), &reference("NEW")).await.unwrap());

    let person = store.candidate(&tenant, &reference("OLD")).await.unwrap().unwrap();
    assert_eq!((person.candidate_ref.as_str(), person.credentials), ("NEW", 2));
    let mut hints: Vec<&str> = person.addresses.iter().map(|address| address.hint.as_str()).collect();
    hints.sort_unstable();
    assert_eq!(hints, ["a…a@example.org", "b…b@example.org"]);
    // What was sealed for the one can be read for the other, and under the old reference.
    let mut known = store.candidate_identity(&tenant, &reference("OLD")).await.unwrap().emails;
    known.sort();
    assert_eq!(known, [ADA, BOB]);
    assert_eq!(store.hosted_profile(&tenant, &reference("NEW")).await.unwrap(), Some(json!({"name": "Ada"})));
    let invited = store.invitation_by_token("hash", noon()).await.unwrap().unwrap();
    assert_eq!(invited.candidate_ref.as_str(), "NEW");
    let stored = store.credential(&tenant, &first.id).await.unwrap().unwrap();
    assert_eq!((stored.candidate_ref.as_str(), stored.outcome), ("NEW", Outcome::Accepted));

    for asked in [by_ref("OLD"), by_ref("NEW"), by_email(ADA), by_email(BOB)] {
        let later = office.one(asked.clone(), &office.badge(ADA)).await;
        assert_eq!(later.candidate_ref.as_str(), "NEW", "{asked:?}");
    }
    assert_eq!(office.events().await.iter().filter(|name| *name == "candidate.merged").count(), 1);
    // A second merger takes the first one's alias along.
    office.one(by_ref("LAST"), &office.badge(ADA)).await;
    merge(&office, "NEW", "LAST").await;
    assert_eq!(store.current_ref(&tenant, &reference("OLD")).await.unwrap().as_str(), "LAST");
}

async fn the_same_credential_of_both_is_one_credential_afterwards(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let badge = office.badge(ADA);
    let weak = office.one(by_both("INTO", BOB), &office.badge(BOB)).await;
    let unproven = office.hand_in(by_ref("INTO"), &[("of-bob.json", &office.badge(BOB)), ("own.json", &badge)]).await;
    assert_eq!(by_file(&unproven)["own.json"].outcome, Outcome::Rejected);
    let good = office.one(by_both("FROM", ADA), &badge).await;
    merge(&office, "FROM", "INTO").await;
    assert_eq!(credentials_of(&office, "INTO").await, 3);
    // The verdict that knew more of the person stays, and the answer to the other submission leads to it.
    assert_eq!(office.stored(&good).await.0, Outcome::Accepted);
    let again = store.submission(&made::tenant(), &unproven.id).await.unwrap().unwrap();
    let shown = &by_file(&again)["own.json"];
    assert_eq!((&shown.id, shown.candidate_ref.as_str(), shown.outcome), (&good.id, "INTO", Outcome::Rejected));
    assert_eq!(office.stored(&weak).await.0, Outcome::Accepted);
}

async fn a_wallet_that_proves_one_did_for_two_candidates_merges_them(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let did = || vec!["did:example:ada".to_owned()];
    let badge = office.about(&json!({"id": "did:example:ada"}));
    let unnamed = office.one(CandidateHint { dids: did(), ..nobody() }, &badge).await;
    let named = office.one(CandidateHint { dids: did(), ..by_ref("ATS-1") }, &badge).await;
    assert_eq!(named.candidate_ref.as_str(), "ATS-1");
    let old = store.candidate(&made::tenant(), &unnamed.candidate_ref).await.unwrap().unwrap();
    assert_eq!((old.candidate_ref.as_str(), old.credentials), ("ATS-1", 1));
    let events = office.events().await;
    assert_eq!(events.iter().filter(|name| *name == "candidate.merged").count(), 1);
    // An address that was only typed merges nobody.
    let bob = office.one(by_email(BOB), &office.badge(BOB)).await;
    let other = office.one(by_both("ATS-2", BOB), &office.badge(BOB)).await;
    assert_ne!(bob.candidate_ref, other.candidate_ref);
    assert_eq!(store.current_ref(&made::tenant(), &bob.candidate_ref).await.unwrap(), bob.candidate_ref);
}

async fn two_references_of_the_employers_are_never_merged_by_themselves(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    for number in ["ATS-1", "ATS-2"] {
        let wallet = CandidateHint { dids: vec!["did:example:ada".to_owned()], ..by_ref(number) };
        let found = office.one(wallet, &office.about(&json!({"id": "did:example:ada"}))).await;
        assert_eq!(found.candidate_ref.as_str(), number);
    }
    assert!(!office.events().await.iter().any(|name| name == "candidate.merged"));
}

async fn what_is_newly_known_of_a_candidate_is_told_once(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    office.one(by_both("ATS-1", ADA), &office.badge(ADA)).await;
    office.one(by_both("ATS-1", ADA), &office.badge(ADA)).await;
    assert!(!office.events().await.iter().any(|name| name == "candidate.linked"), "a new candidate");
    for _ in 0..2 {
        office.one(by_both("ATS-1", BOB), &office.badge(BOB)).await;
    }
    let page = Page { limit: 100, after: None };
    let events = store.list_events(&made::tenant(), &page).await.unwrap();
    let linked: Vec<_> = events.into_iter().filter(|(_, event)| event.event_type == EventType::CandidateLinked).collect();
    let [(_, event)] = linked.as_slice() else { panic!("{linked:?}") };
    assert_eq!(event.data, json!({"candidate_ref": "ATS-1", "linked": {"kind": "email", "source": "stated", "proven": false}}));
    assert!(event.sequence.ends_with(|c: char| c.is_ascii_digit()) && event.subject == "candidates/ATS-1");
    // Sequences stay without a gap or a repetition.
    let events = store.list_events(&made::tenant(), &page).await.unwrap();
    let numbers: Vec<String> = events.into_iter().map(|(_, event)| event.sequence).collect();
    let expected: Vec<String> = (1..=numbers.len()).map(|number| format!("{number:010}")).collect();
    assert_eq!(numbers, expected);
}

async fn erasing_a_person_erases_every_record_that_stands_for_them(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let tenant = made::tenant();
    let badge = office.badge(ADA);
    let anonymous = office.one(nobody(), &badge).await;
    let by_address = office.one(by_email(ADA), &office.badge(ADA)).await;
    let main = office.one(by_both("ATS-1", ADA), &badge).await;
    let merged = office.one(by_ref("ATS-0"), &office.about(&json!({}))).await;
    merge(&office, "ATS-0", "ATS-1").await;
    let other = office.one(by_both("ATS-2", BOB), &office.badge(BOB)).await;
    for (id, candidate) in [("by-ref", by_ref("ATS-0")), ("by-address", by_email(ADA)), ("of-bob", by_ref("ATS-2"))] {
        store.create_exchange(&exchange(id, candidate)).await.unwrap();
    }
    let refs = [&anonymous, &by_address, &main, &merged].map(|one| one.candidate_ref.clone());
    assert_eq!(refs.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    assert!(
        store.erase_candidate(&tenant, &reference("ATS-0"), "test", noon()).await.unwrap().is_some(),
        "an alias stands for the person"
    );
    for gone in &refs {
        assert_eq!(store.candidate(&tenant, gone).await.unwrap(), None, "{gone}");
    }
    let left = store.list_credentials(&tenant, &CredentialFilter::default(), &Page { limit: 9, after: None }).await.unwrap();
    assert_eq!(left.into_iter().map(|one| one.id).collect::<Vec<_>>(), [other.id]);
    let open: Vec<String> =
        store.list_exchanges(&tenant, &Page { limit: 9, after: None }).await.unwrap().into_iter().map(|one| one.id.0).collect();
    assert_eq!(open, ["of-bob"]);
    let events = store.list_events(&tenant, &Page { limit: 100, after: None }).await.unwrap();
    let of_others = events.iter().filter(|(_, event)| event.partitionkey.as_str() != "ATS-2");
    assert!(of_others.clone().all(|(_, event)| event.event_type == EventType::CandidateErased));
    assert_eq!(of_others.count(), 3, "one for each record");
    let erased = events.iter().find(|(_, event)| event.partitionkey.as_str() == "ATS-1").unwrap();
    assert_eq!(erased.1.data, json!({"candidate_ref": "ATS-1", "also_known_as": ["ATS-0"]}));
}

async fn erasing_a_person_leaves_the_files_of_others(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let (ada, bob) = (office.about(&plain(ADA)), office.about(&plain(BOB)));
    let archive = zip(&[("ada-lovelace.json", &ada), ("bob.json", &bob)]);
    let both = office.hand_in(nobody(), &[("all.zip", &archive)]).await;
    let of_ada = by_file(&both)["all.zip/ada-lovelace.json"].candidate_ref.clone();
    assert!(store.erase_candidate(&made::tenant(), &of_ada, "test", noon()).await.unwrap().is_some());
    let left = store.submission(&made::tenant(), &both.id).await.unwrap().unwrap();
    let names: Vec<&str> = left.files.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(names, ["all.zip/bob.json"]);
    let again = office.one(nobody(), &ada).await;
    assert_ne!(again.candidate_ref, of_ada);
    assert_eq!(recipient(&again), Code::NotApplicable);
}

#[tokio::test]
async fn an_administrator_merges_two_candidates() {
    let app = spawn_app().await;
    let badge = skillgate::sample::files(NOW.parse().unwrap()).unwrap().remove(0).bytes;
    for number in ["ATS-1", "ATS-2"] {
        let form = Form::new().file("ada.json", &badge).text("candidate_ref", number).text("candidate_email", ADA);
        assert_eq!(Answer::of(app.upload(form)).await.status, 201);
    }
    let merge = |into: &str, other: &str| {
        let path = format!("/v1/candidates/{into}/merge");
        app.request("POST", &path).json(&json!({"candidate_ref": other}))
    };
    for (into, other, status) in
        [("ATS-1", "ATS-1", 422), ("ATS-1", "ATS-3", 404), ("ATS-3", "ATS-1", 404), ("ATS-1", "ATS-2", 200)]
    {
        let answer = Answer::of(merge(into, other)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_described("POST", "/v1/candidates/{ref}/merge", &answer);
    }
    let old = app.get_json("/v1/candidates/ATS-2").await;
    assert_eq!((&old["candidate_ref"], &old["credentials"]), (&"ATS-1".into(), &1.into()));
    let listed = app.get_json("/v1/credentials?candidate_ref=ATS-2").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed:#}");
    app.drain().await;
    assert_eq!(Answer::of(app.request("DELETE", "/v1/candidates/ATS-2")).await.status, 204);
    assert_eq!(Answer::of(app.request("GET", "/v1/candidates/ATS-1")).await.status, 404);
    app.drain().await;
}
