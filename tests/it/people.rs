//! Several people in one submission: each credential belongs to the person that it is about, or to the person whom a list names.

use crate::openapi::assert_described;
use crate::support::databases::{TestStore, on_both_databases};
use crate::support::made;
use crate::support::office::{Office, by_both, by_email, by_file, by_ref, delivered, nobody, plain, recipient, zip};
use crate::support::{Answer, Form, NOW, spawn_app};
use serde_json::json;
use skillgate::model::code::Code;
use skillgate::model::ids::CandidateRef;
use skillgate::model::report::Outcome;
use skillgate::model::submission::{CandidateHint, CredentialResult, FilePerson, PersonBy};
use skillgate::pipeline::Delivered;
use std::collections::{BTreeSet, HashMap};

on_both_databases!(
    each_credential_belongs_to_the_person_that_it_is_about,
    an_address_that_two_candidates_have_leads_to_neither,
    a_credential_of_a_stranger_ties_nobody_together,
    a_list_says_whose_each_file_is,
    a_list_in_an_archive_counts_only_where_the_request_names_nobody,
    an_address_beside_a_proven_did_is_proven,
    a_great_archive_of_many_people_makes_as_many_candidates,
);

const ADA: &str = "ada@example.org";
const BOB: &str = "bob@example.org";
const EVE: &str = "eve@example.org";

fn people(rows: &[(&str, CandidateHint)]) -> Vec<FilePerson> {
    rows.iter().map(|(file, candidate)| FilePerson { file: (*file).to_owned(), candidate: candidate.clone() }).collect()
}

/// A subject with a DID and an address.
fn bound(did: &str, email: &str) -> serde_json::Value {
    let mut subject = plain(email);
    subject["id"] = json!(did);
    subject
}

fn of<'a>(found: &'a HashMap<String, CredentialResult>, file: &str) -> &'a CredentialResult {
    found.get(file).unwrap_or_else(|| panic!("{file}: {:?}", found.keys()))
}

async fn each_credential_belongs_to_the_person_that_it_is_about(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    office.one(by_both("ATS-1", ADA), &office.badge(ADA)).await;
    let did = json!({"id": "did:example:joe"});
    let (ada, hashed, eve, joe, joe_2) =
        (office.about(&plain(ADA)), office.badge(ADA), office.about(&plain(EVE)), office.about(&did), office.about(&did));
    let (unbound, unknown) = (office.about(&json!({})), office.badge("who@example.org"));
    let files: [(&str, &[u8]); 7] = [
        ("ada.json", &ada),
        ("hashed.json", &hashed),
        ("eve.json", &eve),
        ("joe.json", &joe),
        ("joe-2.json", &joe_2),
        ("unbound.json", &unbound),
        ("who.json", &unknown),
    ];
    let submission = office.hand_in(nobody(), &[("all.zip", &zip(&files))]).await;
    assert_eq!(submission.candidate_ref, None, "several people");
    let found = by_file(&submission);
    let of = |file: &str| of(&found, &format!("all.zip/{file}"));
    for known in ["ada.json", "hashed.json"] {
        let credential = of(known);
        assert_eq!((credential.candidate_ref.as_str(), credential.person_by), ("ATS-1", PersonBy::Subject), "{known}");
        // The address was only typed, once.
        assert_eq!((credential.outcome, recipient(credential)), (Outcome::Attention, Code::RecipientUnproven), "{known}");
    }
    assert_eq!(of("joe.json").candidate_ref, of("joe-2.json").candidate_ref);
    assert_eq!((of("joe.json").person_by, of("joe-2.json").person_by), (PersonBy::New, PersonBy::Subject));
    let different: BTreeSet<&str> = found.values().map(|one| one.candidate_ref.as_str()).collect();
    assert_eq!(different.len(), 5);
    for file in ["eve.json", "unbound.json", "who.json"] {
        assert_eq!(of(file).person_by, PersonBy::New, "{file}");
        assert_eq!(recipient(of(file)), Code::NotApplicable, "{file}: nobody asked");
    }
    for credential in found.values() {
        assert_eq!(credential.normalized.as_ref().unwrap().candidate_ref.as_ref(), Some(&credential.candidate_ref));
    }
    // Each comes back to the same person: by the address, by the bytes, and by an address in a request.
    let again = office.one(nobody(), &office.about(&plain("EVE@example.org"))).await;
    assert_eq!((&again.candidate_ref, again.person_by), (&of("eve.json").candidate_ref, PersonBy::Subject));
    let again = office.one(nobody(), &unknown).await;
    assert_eq!(
        (&again.candidate_ref, again.person_by, again.duplicate),
        (&of("who.json").candidate_ref, PersonBy::Earlier, true)
    );
    let named = office.one(by_email(EVE), &office.badge(EVE)).await;
    assert_eq!((&named.candidate_ref, named.person_by), (&of("eve.json").candidate_ref, PersonBy::Request));
    assert_eq!(named.outcome, Outcome::Accepted);
    // A hash leads to an address that became known.
    let hashed = office.one(nobody(), &office.badge(EVE)).await;
    assert_eq!((&hashed.candidate_ref, hashed.outcome), (&of("eve.json").candidate_ref, Outcome::Accepted));
}

async fn an_address_that_two_candidates_have_leads_to_neither(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    for reference in ["ATS-1", "ATS-2"] {
        office.one(by_both(reference, ADA), &office.badge(ADA)).await;
    }
    for badge in [office.badge(ADA), office.about(&plain(ADA))] {
        let found = office.one(nobody(), &badge).await;
        assert!(!["ATS-1", "ATS-2"].contains(&found.candidate_ref.as_str()));
        assert_eq!((found.person_by, recipient(&found)), (PersonBy::New, Code::NotApplicable));
    }
}

async fn a_credential_of_a_stranger_ties_nobody_together(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let tie = office.one(nobody(), &office.by_a_stranger(&bound("did:example:eve", BOB))).await;
    assert_eq!(tie.outcome, Outcome::Attention);
    let bob = office.one(nobody(), &office.about(&plain(BOB))).await;
    assert_ne!(bob.candidate_ref, tie.candidate_ref);
    // Both of an accepted credential count.
    let own = office.one(nobody(), &office.about(&bound("did:example:bob", BOB))).await;
    assert_eq!(own.candidate_ref, bob.candidate_ref);
    let by_did = office.one(nobody(), &office.about(&json!({"id": "did:example:bob"}))).await;
    assert_eq!(by_did.candidate_ref, bob.candidate_ref);
}

async fn a_list_says_whose_each_file_is(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let (ada, bob, eve) = (office.badge(ADA), office.badge(BOB), office.badge(EVE));
    let archive = zip(&[("ada.json", &ada), ("bob.json", &bob), ("named.json", &eve), ("rest.json", &office.about(&plain(EVE)))]);
    let name = CandidateHint { name: Some("Eve".to_owned()), ..nobody() };
    let rows = [("ada.json", by_both("ATS-1", ADA)), ("bob.json", by_email(ADA)), ("named.json", name)];
    let answer = office.deliver(Delivered { people: people(&rows), ..delivered(nobody(), &[("all.zip", &archive)]) }).await;
    let found = by_file(&answer);
    let of = |file: &str| of(&found, &format!("all.zip/{file}"));
    assert_eq!((of("ada.json").candidate_ref.as_str(), of("ada.json").person_by), ("ATS-1", PersonBy::List));
    assert_eq!((of("ada.json").outcome, recipient(of("ada.json"))), (Outcome::Accepted, Code::RecipientMatchedHash));
    assert_eq!((of("bob.json").outcome, recipient(of("bob.json"))), (Outcome::Rejected, Code::RecipientMismatch));
    assert_eq!(of("bob.json").person_by, PersonBy::List);
    assert_eq!(of("named.json").person_by, PersonBy::New);
    assert_eq!(of("rest.json").person_by, PersonBy::New, "a file that is not listed belongs to whom it is about");
    assert_ne!(of("named.json").candidate_ref, of("rest.json").candidate_ref);
    // The same in a table beside the archive, and the request is another request than without the list.
    let table = "file;ref;email\nall.zip;ATS-7;bob@example.org\nada.json;ATS-8;ada@example.org\n";
    let answer = office.hand_in(nobody(), &[("people.csv", table.as_bytes()), ("all.zip", &archive)]).await;
    let problem = answer.files[0].problem.clone().unwrap();
    assert_eq!((problem.code, problem.message.as_str()), (Code::PeopleList, "This list says whose 2 files are."));
    let found = by_file(&answer);
    let refs = ["ada.json", "bob.json", "named.json"].map(|file| found[&format!("all.zip/{file}")].candidate_ref.0.clone());
    assert_eq!(refs, ["ATS-8", "ATS-7", "ATS-7"]);
    assert_eq!(found["all.zip/bob.json"].outcome, Outcome::Accepted);
    let listed = Delivered { people: people(&rows), ..delivered(by_ref("ATS-9"), &[("all.zip", &archive)]) };
    let answer = office.deliver(listed).await;
    let found = by_file(&answer);
    assert_eq!(found["all.zip/ada.json"].candidate_ref.as_str(), "ATS-1");
    let rest = &found["all.zip/rest.json"];
    assert_eq!((rest.candidate_ref.as_str(), rest.person_by), ("ATS-9", PersonBy::Request));
}

async fn a_list_in_an_archive_counts_only_where_the_request_names_nobody(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let table: &[u8] = b"file,ref,email\nbadge.json,ATS-2,eve@example.org\n";
    let archive = zip(&[("badge.json", &office.badge(EVE)), ("people.csv", table)]);
    let named = office.hand_in(by_both("ATS-1", ADA), &[("all.zip", &archive)]).await;
    let credential = by_file(&named)["all.zip/badge.json"].clone();
    assert_eq!((credential.candidate_ref.as_str(), credential.outcome), ("ATS-1", Outcome::Rejected));
    assert!(store.candidate(&made::tenant(), &CandidateRef::from("ATS-2")).await.unwrap().is_none());
    let unnamed = office.hand_in(nobody(), &[("all.zip", &archive)]).await;
    let credential = by_file(&unnamed)["all.zip/badge.json"].clone();
    assert_eq!((credential.candidate_ref.as_str(), credential.person_by), ("ATS-2", PersonBy::List));
    assert_eq!(unnamed.outcome, Some(Outcome::Accepted), "the list decides nothing");
}

async fn an_address_beside_a_proven_did_is_proven(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let wallet = CandidateHint { dids: vec!["did:example:ada".to_owned()], ..by_both("ATS-1", BOB) };
    let named = office.one(wallet, &office.about(&bound("did:example:ada", ADA))).await;
    assert_eq!((named.outcome, recipient(&named)), (Outcome::Accepted, Code::RecipientMatchedDid));
    let later = office.one(by_ref("ATS-1"), &office.badge(ADA)).await;
    assert_eq!((later.outcome, recipient(&later)), (Outcome::Accepted, Code::RecipientMatchedHash));
    let unproven = office.one(by_ref("ATS-1"), &office.badge(BOB)).await;
    assert_eq!(recipient(&unproven), Code::RecipientUnproven);
    // Nobody is named: the address leads to the person and is good.
    let unnamed = office.one(nobody(), &office.about(&plain(ADA))).await;
    assert_eq!((unnamed.candidate_ref.as_str(), recipient(&unnamed)), ("ATS-1", Code::RecipientMatchedEmail));
    let stranger = CandidateHint { dids: vec!["did:example:eve".to_owned()], ..by_ref("ATS-2") };
    let weak = office.one(stranger, &office.by_a_stranger(&bound("did:example:eve", EVE))).await;
    assert_eq!(recipient(&weak), Code::RecipientMatchedDid);
    let later = office.one(by_ref("ATS-2"), &office.badge(EVE)).await;
    assert_ne!(later.outcome, Outcome::Accepted, "nobody vouches for who said that the address is theirs");
    // What was proven by nothing but the DID goes with it.
    office.forget("ATS-1", "did:example:…:ada").await;
    assert_eq!(office.stored(&named).await.0, Outcome::Rejected);
    let left = store.candidate(&made::tenant(), &CandidateRef::from("ATS-1")).await.unwrap().unwrap().addresses;
    assert_eq!(left.into_iter().map(|address| address.hint).collect::<Vec<_>>(), ["b…b@example.org"]);
}

async fn a_great_archive_of_many_people_makes_as_many_candidates(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    assert_eq!(in_numbers(&office, 150).await, 150);
}

/// Hands in so many badges of as many people, every second one with a hash only; returns how many candidates they became.
async fn in_numbers(office: &Office, count: usize) -> usize {
    let badges = (0..count).map(|n| {
        let email = format!("person-{n}-of-{count}@example.org");
        let badge = if n % 2 == 0 { office.badge(&email) } else { office.about(&plain(&email)) };
        (format!("{n}.json"), badge)
    });
    let badges: Vec<(String, Vec<u8>)> = badges.collect();
    let files: Vec<(&str, &[u8])> = badges.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let archive = zip(&files);
    let began = std::time::Instant::now();
    let answer = office.hand_in(nobody(), &[("all.zip", &archive)]).await;
    println!("{count} badges of {count} people: {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(answer.outcome, Some(Outcome::Accepted));
    let candidates: BTreeSet<CandidateRef> = by_file(&answer).into_values().map(|one| one.candidate_ref).collect();
    candidates.len()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run it alone with --nocapture"]
async fn the_time_for_many_people_grows_as_their_number() {
    let database = TestStore::of_the_run().await;
    let office = Office::new(&database.store);
    for count in [250, 500, 1_000, 2_000] {
        assert_eq!(in_numbers(&office, count).await, count);
    }
}

#[tokio::test]
async fn the_form_takes_a_list_of_people_and_the_answer_says_whose_each_file_is() {
    let app = spawn_app().await;
    let badge = skillgate::sample::files(NOW.parse().unwrap()).unwrap().remove(0).bytes;
    let list = json!([{"file": "a.json", "ref": "ATS-1", "email": ADA}, {"file": "b.json", "ref": "ATS-2", "email": BOB}]);
    let form = |list: &str| Form::new().file("a.json", &badge).file("b.json", &badge).text("people", list);
    let answer = Answer::of(app.upload(form(&list.to_string()))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_described("POST", "/v1/submissions", &answer);
    let body = answer.json();
    let told = |file: usize| {
        let credential = &body["files"][file]["credentials"][0];
        (credential["candidate_ref"].clone(), credential["person_by"].clone(), credential["outcome"].clone())
    };
    assert_eq!(told(0), ("ATS-1".into(), "list".into(), "attention".into()));
    assert_eq!(told(1), ("ATS-2".into(), "list".into(), "rejected".into()));
    assert!(body.get("candidate_ref").is_none());
    let refused = Answer::of(app.upload(form("[{\"file\":\"a.json\"}]"))).await;
    assert_eq!((refused.status, refused.problem().as_str()), (422, "invalid_field"));
    app.drain().await;
}
