//! Over real credentials: no word about the person leaves the gateway in an event, and what the matcher makes of their skills.

use crate::support::beside;
use crate::support::databases::TestStore;
use crate::support::examine::examine_with;
use crate::support::made::{named, tenant};
use serde_json::Value;
use skillgate::examine::ExaminedCredential;
use skillgate::jsonld::Contexts;
use skillgate::model::ids::SubmissionId;
use skillgate::model::record::{NewSubmission, Owner, Page};
use skillgate::model::submission::Channel;
use skillgate::pipeline::record::record;
use skillgate::pipeline::worked::{Ownership, worked};
use skillgate::verify::Verifier;
use skillgate::verify::documents::{Documents, Provided};
use std::collections::BTreeSet;

/// Shorter texts are words of any language.
const TELLING: usize = 6;

/// Every text below a value.
fn texts(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.chars().count() >= TELLING => drop(into.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(members) => members.values().for_each(|member| texts(member, into)),
        _ => {}
    }
}

/// What a credential says of the person: its subject without the achievement and its results, and the members that may name the person.
fn about_the_person(credential: &Value) -> BTreeSet<String> {
    let (mut personal, mut public) = (BTreeSet::new(), BTreeSet::new());
    let subjects = match credential.get("credentialSubject") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    for subject in &subjects {
        for (name, value) in subject.as_object().into_iter().flatten() {
            let is_public = matches!(
                name.as_str(),
                "achievement"
                    | "type"
                    | "@type"
                    | "result"
                    | "hasClaim"
                    | "verifiableCredential"
                    | "association"
                    | "skills"
                    | "hasCredential"
            );
            texts(value, if is_public { &mut public } else { &mut personal });
        }
    }
    for name in ["narrative", "evidence", "image", "recipient", "description"] {
        credential.get(name).into_iter().for_each(|value| texts(value, &mut personal));
    }
    // Where no achievement has a name, the credential's own name is the title of what was achieved.
    if subjects.iter().any(|subject| subject.get("achievement").is_some()) {
        credential.get("name").into_iter().for_each(|value| texts(value, &mut personal));
    }
    for name in ["issuer", "badge", "@context", "credentialSchema", "type"] {
        credential.get(name).into_iter().for_each(|value| texts(value, &mut public));
    }
    let is_public = |text: &String| public.iter().any(|other| other.contains(text.as_str()));
    personal.into_iter().filter(|text| !is_public(text)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs ../shared"]
async fn no_text_about_the_person_is_in_an_event() {
    let folder = beside("corpus");
    let map: Value = serde_json::from_slice(&std::fs::read(folder.join("hosted-map.json")).unwrap()).unwrap();
    let provided = map
        .as_object()
        .unwrap()
        .iter()
        .filter_map(|(key, file)| Some((key.clone(), Provided::File(folder.join(file.as_str()?)))));
    let verifier = Verifier::new(Documents::with_provided(provided.collect(), None), Contexts::built_in());
    let store = TestStore::sqlite().await;
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let at = "2026-11-23T09:51:00Z".parse().unwrap();
    let (mut seen, mut told) = (0, BTreeSet::new());
    for (number, line) in index.lines().skip(1).enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let Ok(bytes) = std::fs::read(folder.join(fields[0])) else { continue };
        let examined = examine_with(&verifier, &bytes, at).await;
        for credential in examined.iter().flat_map(|file| &file.credentials).filter(|one| one.normalized.is_some()) {
            let Ok(json) = serde_json::from_slice::<Value>(&credential.received.bytes) else { continue };
            told.extend(about_the_person(&json).into_iter().map(|text| (number, text)));
            seen += 1;
        }
        let one = |_: &ExaminedCredential| Ownership { owner: Owner::Submission, proven: Vec::new() };
        let ownerships = examined.iter().map(|file| file.credentials.iter().map(one).collect()).collect();
        let files = worked(examined, ownerships, None, at);
        let submission = NewSubmission {
            received_at: at,
            id: SubmissionId::generate(),
            tenant_id: tenant(),
            channel: Channel::Upload,
            candidate_ref: None,
        };
        let person = named(&format!("person-{number}"));
        let written = store.store.transaction(move |transaction| {
            transaction.ensure_candidate(&submission.tenant_id, &person.candidate_ref, at)?;
            transaction.insert_submission(&submission, files.len())?;
            record(transaction, &submission, &person, &files, 0, at)
        });
        assert!(written.await.unwrap());
    }
    assert!(seen > 50, "only {seen} credentials were read");
    let page = Page { limit: 100_000, after: None };
    let events = store.store.list_events(&tenant(), &page).await.unwrap();
    let mut leaks = Vec::new();
    for (_, event) in &events {
        let number: usize = event.partitionkey.as_str().trim_start_matches("person-").parse().unwrap();
        let (text, mut inside) = (serde_json::to_value(event).unwrap(), BTreeSet::new());
        texts(&text, &mut inside);
        leaks.extend(told.iter().filter(|(of, personal)| *of == number && inside.contains(personal)).cloned());
    }
    leaks.dedup();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
