//! Credentials and candidates are found again by what people remember of them, and by nobody else.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use crate::support::office::{Office, by_both, nobody, plain};
use skillgate::model::ids::{CandidateRef, TenantId};
use skillgate::model::record::Page;
use skillgate::model::report::Outcome;
use skillgate::model::search::CredentialSearch;
use skillgate::model::submission::CandidateHint;
use skillgate::store::Store;

on_both_databases!(
    a_credential_is_found_by_person_title_and_issuer,
    a_number_of_the_applicant_tracking_system_finds_its_person_and_is_no_reference,
    a_list_goes_on_where_its_page_ended,
    who_is_merged_or_erased_is_found_accordingly,
);

fn named(reference: &str, email: &str, name: &str) -> CandidateHint {
    CandidateHint { name: Some(name.to_owned()), ..by_both(reference, email) }
}

async fn search(store: &Store, search: &CredentialSearch) -> Vec<String> {
    let page = Page { limit: 51, after: None };
    let found = store.search_credentials(&made::tenant(), search, &page).await.unwrap();
    assert_eq!(found.next, None);
    found.rows.into_iter().map(|row| row.candidate_ref.to_string()).collect()
}

async fn by_text(store: &Store, text: &str) -> Vec<String> {
    search(store, &CredentialSearch { text: text.to_owned(), ..CredentialSearch::default() }).await
}

async fn a_credential_is_found_by_person_title_and_issuer(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let ada = office.one(named("P-1", "ada@example.org", "Ada Müller"), &office.badge("ada@example.org")).await;
    office.one(named("P-2", "bob@example.org", "Bob Stone"), &office.by_a_stranger(&plain("bob@example.org"))).await;
    for text in ["ada@example.org", "ADA@example.org", "P-1", "muller", "Müller ada", "ada lindgrove"] {
        assert_eq!(by_text(store, text).await, ["P-1"], "{text}");
    }
    let title = ada.normalized.as_ref().unwrap().achievement.name.values().next().unwrap().clone();
    assert_eq!(by_text(store, &title).await, ["P-2", "P-1"], "both badges have the title, the newer first");
    for text in ["mull", "bob lindgrove", "ada bob", "unheard", "%", "' OR 1=1"] {
        assert!(by_text(store, text).await.is_empty(), "{text}");
    }
    let issuer = Some(ada.normalized.as_ref().unwrap().issuer.id.clone());
    let of_issuer = CredentialSearch { issuer, ..CredentialSearch::default() };
    assert_eq!(search(store, &of_issuer).await, ["P-1"]);
    let attention = CredentialSearch { outcome: Some(Outcome::Attention), ..CredentialSearch::default() };
    assert_eq!(search(store, &attention).await, ["P-2"]);
    let both = CredentialSearch { outcome: Some(Outcome::Accepted), text: title, ..CredentialSearch::default() };
    assert_eq!(search(store, &both).await, ["P-1"]);
    let other = TenantId::from("other");
    let page = Page { limit: 51, after: None };
    let of_other = store.search_credentials(&other, &CredentialSearch::default(), &page).await.unwrap();
    assert!(of_other.rows.is_empty());
    assert!(store.persons_named(&other, "muller").await.unwrap().is_empty());
    assert_eq!(store.persons_named(&made::tenant(), "muller").await.unwrap(), [CandidateRef::from("P-1")]);
}

async fn a_number_of_the_applicant_tracking_system_finds_its_person_and_is_no_reference(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    let numbered = CandidateHint { ats_id: Some("4711 / 12".to_owned()), ..nobody() };
    let ada = office.one(numbered, &office.badge("ada@example.org")).await;
    assert_ne!(ada.candidate_ref.as_str(), "4711 / 12");
    assert_eq!(by_text(store, " 4711 / 12").await, [ada.candidate_ref.as_str()]);
    assert_eq!(store.persons_named(&made::tenant(), "4711 / 12").await.unwrap(), std::slice::from_ref(&ada.candidate_ref));
    assert!(by_text(store, "4711 / 1").await.is_empty(), "a number is found as a whole");
    assert_eq!(store.candidate(&made::tenant(), &CandidateRef::from("4711 / 12")).await.unwrap(), None);
}

async fn a_list_goes_on_where_its_page_ended(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    for number in 0..5 {
        let email = format!("person-{number}@example.org");
        office.one(by_both(&format!("P-{number}"), &email), &office.badge(&email)).await;
    }
    for text in ["", "lindgrove"] {
        let search = CredentialSearch { text: text.to_owned(), ..CredentialSearch::default() };
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = Page { limit: 3, after: after.clone() };
            let found = store.search_credentials(&made::tenant(), &search, &page).await.unwrap();
            assert!(found.rows.len() <= 2);
            seen.extend(found.rows.into_iter().map(|row| row.candidate_ref.to_string()));
            after = found.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["P-4", "P-3", "P-2", "P-1", "P-0"], "{text}");
    }
    let page = Page { limit: 3, after: None };
    let first = store.list_candidates(&made::tenant(), None, &page).await.unwrap();
    let next = Page { limit: 4, after: first.next.clone() };
    let rest = store.list_candidates(&made::tenant(), None, &next).await.unwrap();
    assert_eq!((first.rows.len(), rest.rows.len(), rest.next), (2, 3, None));
    assert!(first.rows.iter().all(|row| row.credentials == 1));
}

async fn who_is_merged_or_erased_is_found_accordingly(TestStore { store, .. }: &TestStore) {
    let office = Office::new(store);
    office.one(named("P-1", "ada@example.org", "Ada Müller"), &office.badge("ada@example.org")).await;
    office.one(named("P-2", "ada@example.com", "Ada Lovelace"), &office.badge("ada@example.com")).await;
    let (one, two) = (CandidateRef::from("P-1"), CandidateRef::from("P-2"));
    assert!(office.pipeline.merge(&made::tenant(), &two, &one).await.unwrap());
    assert_eq!(by_text(store, "lovelace").await, ["P-1", "P-1"]);
    assert_eq!(by_text(store, "P-2").await, ["P-1", "P-1"], "the other reference keeps working");
    let known = store.full_identity(&made::tenant(), &one).await.unwrap();
    assert_eq!((known.names.len(), known.addresses.len(), known.aliases), (2, 2, vec![two]));
    assert!(store.erase_candidate(&made::tenant(), &one, "test", noon()).await.unwrap().is_some());
    for text in ["lovelace", "muller", "P-1", "lindgrove", ""] {
        assert!(by_text(store, text).await.is_empty(), "{text}");
    }
    assert!(store.persons_named(&made::tenant(), "ada").await.unwrap().is_empty());
    office.one(nobody(), &office.badge("eve@example.org")).await;
    assert_eq!(by_text(store, "").await.len(), 1);
}
