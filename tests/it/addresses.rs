//! What an address that was typed may do, and what becomes of it when it is taken away.

use crate::openapi::assert_described;
use crate::support::databases::{TestStore, on_both_databases};
use crate::support::office::{Office, by_both, by_email, by_ref, recipient};
use crate::support::{Answer, Form, NOW, spawn_app};
use skillgate::model::code::Code;
use skillgate::model::report::Outcome;

on_both_databases!(
    an_address_that_was_mistyped_once_accepts_nothing_later,
    an_address_that_is_taken_away_takes_what_it_accepted_with_it,
    a_request_that_says_less_takes_nothing_back,
);

const ADA: &str = "ada@example.org";
const BOB: &str = "bob@example.org";

async fn an_address_that_was_mistyped_once_accepts_nothing_later(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let named = office.one(by_both("ATS-1", BOB), &office.badge(BOB)).await;
    assert_eq!(
        (named.outcome, recipient(&named)),
        (Outcome::Accepted, Code::RecipientMatchedHash),
        "the request names the address"
    );
    for asked in [by_ref("ATS-1"), by_both("ATS-1", ADA)] {
        let later = office.one(asked, &office.badge(BOB)).await;
        assert_eq!((later.outcome, recipient(&later)), (Outcome::Attention, Code::RecipientUnproven));
    }
    let own = office.one(by_both("ATS-1", ADA), &office.badge(ADA)).await;
    assert_eq!(own.outcome, Outcome::Accepted);
    let stranger = office.one(by_ref("ATS-1"), &office.badge("eve@example.org")).await;
    assert_eq!((stranger.outcome, recipient(&stranger)), (Outcome::Rejected, Code::RecipientMismatch));
}

async fn an_address_that_is_taken_away_takes_what_it_accepted_with_it(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let of_bob = office.one(by_both("ATS-1", BOB), &office.badge(BOB)).await;
    let of_ada = office.one(by_both("ATS-1", ADA), &office.badge(ADA)).await;
    let other = office.one(by_ref("ATS-1"), &office.badge(BOB)).await;
    let before = office.events().await.len();
    office.forget("ATS-1", "b…b@example.org").await;
    assert_eq!(office.stored(&of_ada).await.0, Outcome::Accepted);
    for gone in [&of_bob, &other] {
        let (outcome, normalized) = office.stored(gone).await;
        assert_eq!((outcome, normalized), (Outcome::Rejected, None));
    }
    let told = office.events().await.split_off(before);
    assert_eq!(told.iter().filter(|name| *name == "credential.rejected").count(), 2);
    let again = office.one(by_ref("ATS-1"), &office.badge(BOB)).await;
    assert_eq!((again.outcome, recipient(&again)), (Outcome::Rejected, Code::RecipientMismatch));
    assert_eq!(again.candidate_ref.as_str(), "ATS-1");
    // Nothing is left to compare with: a person has to look.
    office.forget("ATS-1", "a…a@example.org").await;
    assert_eq!(office.stored(&of_ada).await.0, Outcome::Attention);
    let found = office.one(by_email(ADA), &office.badge(ADA)).await;
    assert_ne!(found.candidate_ref.as_str(), "ATS-1", "an address that was taken away finds nobody");
}

async fn a_request_that_says_less_takes_nothing_back(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let badge = office.badge(ADA);
    let first = office.one(by_both("ATS-1", ADA), &badge).await;
    let before = office.events().await;
    let again = office.one(by_ref("ATS-1"), &badge).await;
    assert_eq!(
        (again.outcome, recipient(&again)),
        (Outcome::Attention, Code::RecipientUnproven),
        "the answer is this request's own"
    );
    assert!(again.duplicate && again.id == first.id);
    assert_eq!(office.stored(&first).await.0, Outcome::Accepted);
    assert_eq!(office.events().await, before);
}

#[tokio::test]
async fn addresses_are_listed_without_being_shown_and_can_be_taken_away() {
    let app = spawn_app().await;
    let badge = skillgate::sample::files(NOW.parse().unwrap()).unwrap().remove(0).bytes;
    let form = Form::new().file("ada.json", &badge).text("candidate_ref", "ATS-1").text("candidate_email", ADA);
    assert_eq!(Answer::of(app.upload(form)).await.status, 201);
    let answer = Answer::of(app.request("GET", "/v1/candidates/ATS-1")).await;
    assert_described("GET", "/v1/candidates/{ref}", &answer);
    assert!(!answer.text.contains(ADA));
    let known = answer.json()["addresses"].clone();
    assert_eq!(
        (&known[0]["hint"], &known[0]["source"], &known[0]["proven"]),
        (&"a…a@example.org".into(), &"stated".into(), &false.into())
    );
    let path = format!("/v1/candidates/ATS-1/addresses/{}", known[0]["id"].as_str().unwrap());
    let other = path.replace("ATS-1", "ATS-2");
    for (path, status) in [(&other, 404), (&path, 204), (&path, 404)] {
        let answer = Answer::of(app.request("DELETE", path)).await;
        assert_eq!(answer.status, status);
        assert_described("DELETE", "/v1/candidates/{ref}/addresses/{id}", &answer);
    }
    let skills = app.get_json("/v1/candidates/ATS-1").await;
    assert_eq!((&skills["addresses"], &skills["credentials"]), (&serde_json::json!([]), &1.into()));
    app.drain().await;
}
