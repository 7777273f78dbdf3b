//! Erasing a person: while files that lead to them are still being worked on, and what rows say whose key is destroyed.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use crate::support::wallet::Actor;
use crate::support::{Answer, Form, TestApp, spawn_app_as};
use serde_json::{Value, json};
use skillgate::model::ids::{CandidateRef, CredentialId};
use skillgate::model::record::{CredentialFilter, Page};
use skillgate::model::submission::CandidateHint;
use std::net::{TcpListener, TcpStream};

on_both_databases!(rows_without_their_key_are_left_out_and_can_be_erased, two_who_were_merged_keep_what_was_sealed_for_either,);

fn page() -> Page {
    Page { limit: 100, after: None }
}

/// An issuer that takes a connection and says nothing until it is let go: work on a badge stops there.
struct Held(TcpListener);

impl Held {
    fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn badge(&self, subject: &str, id: &str) -> Vec<u8> {
        let address = format!("http://{}/list", self.0.local_addr().unwrap());
        let issuer = Actor::new();
        let mut badge = issuer.badge(subject, id, "2026-01-01T00:00:00Z");
        badge.as_object_mut().unwrap().remove("proof");
        badge["credentialStatus"] = json!({"id": format!("{address}#1"), "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation", "statusListIndex": "1", "statusListCredential": address});
        issuer.sign(badge, "assertionMethod", json!({})).to_string().into_bytes()
    }

    /// Waits until the gateway asks.
    async fn reached(self) -> (TcpListener, TcpStream) {
        let waited = tokio::task::spawn_blocking(move || {
            let (stream, _) = self.0.accept().unwrap();
            (self.0, stream)
        });
        waited.await.unwrap()
    }
}

async fn gateway(inline: usize) -> TestApp {
    spawn_app_as(|settings| {
        settings.verify.offline = false;
        settings.intake.max_files_inline = inline;
    })
    .await
}

async fn erase(app: &TestApp, candidate: &str) {
    app.clock.set(app.clock.now() + chrono::Duration::seconds(1));
    let answer = Answer::of(app.request("DELETE", &format!("/v1/candidates/{candidate}"))).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn credentials(app: &TestApp) -> Vec<Value> {
    app.get_json("/v1/credentials").await["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_is_erased_while_their_badge_is_checked_does_not_come_back() {
    let app = gateway(20).await;
    let held = Held::start();
    let badge = held.badge("did:example:zoe", "urn:uuid:1");
    let form =
        || Form::new().file("badge.json", &badge).text("candidate_ref", "emp-zoe").text("candidate_email", "zoe@example.org");
    let upload = tokio::spawn(Answer::of(app.upload(form())));
    let at_the_point = held.reached().await;
    erase(&app, "emp-zoe").await;
    drop(at_the_point);
    let answer = upload.await.unwrap();
    assert_eq!((answer.status, answer.json()["code"].as_str()), (409, Some("conflict")), "{answer:?}");
    assert_eq!(Answer::of(app.request("GET", "/v1/candidates/emp-zoe")).await.status, 404);
    assert!(credentials(&app).await.is_empty());
    // What is sent after the erasure is kept.
    app.clock.set(app.clock.now() + chrono::Duration::seconds(1));
    assert_eq!(Answer::of(app.upload(form())).await.status, 201);
    assert_eq!(credentials(&app).await.len(), 1);
    app.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_is_known_by_badges_only_does_not_come_back_with_one_that_is_checked() {
    let app = gateway(20).await;
    let first = Actor::new().badge("did:example:zoe", "urn:uuid:1", "2026-01-01T00:00:00Z").to_string();
    let answer = Answer::of(app.upload(Form::new().file("badge.json", first.as_bytes()))).await;
    let known = answer.json()["files"][0]["credentials"][0]["candidate_ref"].as_str().unwrap().to_owned();
    let held = Held::start();
    let badge = held.badge("did:example:zoe", "urn:uuid:2");
    let other = Actor::new().badge("did:example:other", "urn:uuid:3", "2026-01-01T00:00:00Z").to_string();
    let form = Form::new().file("zoe.json", &badge).file("other.json", other.as_bytes());
    let upload = tokio::spawn(Answer::of(app.upload(form)));
    let at_the_point = held.reached().await;
    erase(&app, &known).await;
    drop(at_the_point);
    let answer = upload.await.unwrap();
    assert_eq!(answer.status, 201, "{answer:?}");
    let files = answer.json()["files"].as_array().unwrap().clone();
    assert_eq!(files.iter().map(|file| file["file"].as_str().unwrap()).collect::<Vec<_>>(), ["other.json"]);
    assert_eq!(credentials(&app).await.len(), 1, "the other person's");
    app.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_people_does_not_bring_back_who_was_erased_before_their_file_was_opened() {
    let app = gateway(1).await;
    let held = Held::start();
    let badge = held.badge("did:example:bob", "urn:uuid:1");
    let of_zoe = Actor::new().badge("did:example:zoe", "urn:uuid:2", "2026-01-01T00:00:00Z").to_string();
    let known = Form::new().file("zoe.json", of_zoe.as_bytes()).text("candidate_ref", "emp-zoe");
    assert_eq!(Answer::of(app.upload(known)).await.status, 201);
    let people = json!([{"file": "bob.json", "ref": "emp-bob"}, {"file": "zoe.json", "ref": "emp-zoe"}]).to_string();
    let form = Form::new().file("bob.json", &badge).file("zoe.json", of_zoe.as_bytes()).text("people", &people);
    let answer = Answer::of(app.upload(form)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let path = format!("/v1/submissions/{}", answer.json()["id"].as_str().unwrap());
    let at_the_point = held.reached().await;
    erase(&app, "emp-zoe").await;
    drop(at_the_point);
    app.drain().await;
    let submission = app.get_json(&path).await;
    assert_eq!(submission["state"], "complete", "{submission:#}");
    let files: Vec<&str> = submission["files"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["bob.json"]);
    assert_eq!(Answer::of(app.request("GET", "/v1/candidates/emp-zoe")).await.status, 404);
    assert_eq!(Answer::of(app.request("GET", "/v1/candidates/emp-bob")).await.status, 200);
}

#[tokio::test]
async fn who_was_erased_is_forgotten_once_no_older_work_is_left() {
    let database = TestStore::of_the_run().await;
    let (store, tenant, ada) = (&database.store, made::tenant(), CandidateRef::from("ada"));
    let hint = CandidateHint { candidate_ref: Some(ada.clone()), ..CandidateHint::default() };
    let later = |minutes: i64| noon() + chrono::Duration::minutes(minutes);
    store.find_or_create_candidate(&tenant, &hint, noon()).await.unwrap();
    assert!(store.erase_candidate(&tenant, &ada, "test", later(1)).await.unwrap().is_some());
    let again = || store.find_or_create_candidates(&tenant, vec![hint.clone()], noon(), later(2));
    assert_ne!(again().await.unwrap(), std::slice::from_ref(&ada), "it was said before the erasure");
    store.forget_erasures(later(30)).await.unwrap();
    assert_ne!(again().await.unwrap(), std::slice::from_ref(&ada));
    store.forget_erasures(later(62)).await.unwrap();
    assert_eq!(again().await.unwrap(), [ada]);
}

async fn rows_without_their_key_are_left_out_and_can_be_erased(database: &TestStore) {
    let (store, tenant, ada) = (&database.store, made::tenant(), CandidateRef::from("ada"));
    let hint = CandidateHint {
        candidate_ref: Some(ada.clone()),
        emails: vec!["ada@example.org".to_owned()],
        ..CandidateHint::default()
    };
    store.find_or_create_candidate(&tenant, &hint, noon()).await.unwrap();
    let credential = made::credential("badge", vec![made::skill("a", "Welding")]);
    let id: CredentialId = credential.id.clone();
    let submission = made::submit(store, made::named("ada"), vec![credential]).await;
    made::submit(store, made::named("bob"), vec![made::credential("of bob", vec![made::skill("b", "Baking")])]).await;
    // A back-up that holds the rows but not the keys.
    database.execute("DELETE FROM data_keys WHERE candidate_ref = 'ada'").await;
    let store = database.reopened().await;
    let left = store.list_credentials(&tenant, &CredentialFilter::default(), &page()).await.unwrap();
    assert_eq!(left.iter().map(|one| one.candidate_ref.as_str()).collect::<Vec<_>>(), ["bob"]);
    assert!(store.credential(&tenant, &id).await.unwrap().is_none());
    assert!(store.credential_source(&tenant, &id).await.unwrap().is_none());
    assert!(store.candidate_skills(&tenant, &ada).await.unwrap().is_empty());
    assert!(store.candidate(&tenant, &ada).await.unwrap().unwrap().addresses.is_empty());
    assert_eq!(store.candidate_identity(&tenant, &ada).await.unwrap(), Default::default());
    assert!(store.submission(&tenant, &submission).await.unwrap().unwrap().files.is_empty());
    let events = store.list_events(&tenant, &page()).await.unwrap();
    assert!(!events.is_empty() && events.iter().all(|(_, event)| event.partitionkey.as_str() == "bob"));
    let taken = store.take_unpublished(noon(), chrono::Duration::minutes(1), chrono::Duration::minutes(1), 9, |_, _| true);
    assert!(taken.await.unwrap().iter().all(|outgoing| outgoing.event.partitionkey.as_str() == "bob"));
    assert!(store.erase_candidate(&tenant, &ada, "test", noon()).await.unwrap().is_some());
    assert!(store.candidate(&tenant, &ada).await.unwrap().is_none());
}

async fn two_who_were_merged_keep_what_was_sealed_for_either(database: &TestStore) {
    let (store, tenant) = (&database.store, made::tenant());
    made::submit(store, made::named("ada"), vec![made::credential("one", vec![made::skill("a", "Welding")])]).await;
    made::submit(store, made::named("bob"), vec![made::credential("two", vec![made::skill("b", "Baking")])]).await;
    let (ada, bob) = (CandidateRef::from("ada"), CandidateRef::from("bob"));
    let merged = store.transaction({
        let (tenant, ada, bob) = (tenant.clone(), ada.clone(), bob.clone());
        move |transaction| transaction.move_candidate(&tenant, &bob, &ada, noon())
    });
    merged.await.unwrap();
    let store = database.reopened().await;
    let skills = store.candidate_skills(&tenant, &ada).await.unwrap();
    assert_eq!(skills.iter().map(|skill| skill.label.text.as_str()).collect::<Vec<_>>(), ["Baking", "Welding"]);
    assert_eq!(store.list_credentials(&tenant, &CredentialFilter::default(), &page()).await.unwrap().len(), 2);
    assert!(store.erase_candidate(&tenant, &bob, "test", noon()).await.unwrap().is_some(), "an alias");
    assert!(store.list_credentials(&tenant, &CredentialFilter::default(), &page()).await.unwrap().is_empty());
}
