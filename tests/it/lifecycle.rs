//! What issuers decide after a credential came in: their status list changes while the gateway has the badge.
//! Comes in: a signed badge and lists signed by the test. Goes out: nothing.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use chrono::Duration;
use serde_json::{Value, json};
use skillgate::document::Limits;
use skillgate::examine::Examiner;
use skillgate::jsonld::Contexts;
use skillgate::model::clock::Clock;
use skillgate::model::event::{Event, EventType};
use skillgate::model::ids::CredentialId;
use skillgate::model::record::Page;
use skillgate::model::report::{CheckId, Outcome};
use skillgate::model::submission::{CandidateHint, Channel, UploadedFile};
use skillgate::pipeline::{Delivered, Pipeline};
use skillgate::sample::{Badge, DataIntegrity, Institution, KeyKind, status_list};
use skillgate::verify::Verifier;
use skillgate::verify::documents::{Documents, Provided};
use std::collections::HashMap;

const LIST: &str = "https://example.org/lists/1";
const PLACE: usize = 94;

on_both_databases!(
    a_badge_that_is_revoked_later_takes_its_skills_with_it,
    a_suspended_badge_counts_again_when_it_is_reinstated,
    an_issuer_that_cannot_be_asked_changes_nothing,
    nobody_is_asked_before_it_is_time_or_without_need,
);

struct Issuer(Institution);

impl Issuer {
    fn new() -> Self {
        Self(Institution::new("Lindgrove Institute", KeyKind::Ed25519))
    }

    fn badge(&self, purpose: &str, status: bool) -> Value {
        let status = status.then(|| (LIST.to_owned(), PLACE));
        let mut badge = Badge { status, ..Badge::new("ada@example.org", noon()) }.unsigned(&self.0);
        if let Some(entry) = badge.get_mut("credentialStatus") {
            entry["statusPurpose"] = json!(purpose);
        }
        DataIntegrity::assertion(noon()).sign(&badge, &self.0.key).unwrap()
    }

    fn list(&self, purpose: &str, set: &[usize]) -> String {
        let mut list = status_list::unsigned(&self.0, LIST, set, noon()).unwrap();
        list["credentialSubject"]["statusPurpose"] = json!(purpose);
        DataIntegrity::assertion(noon()).sign(&list, &self.0.key).unwrap().to_string()
    }
}

/// The gateway as it is that many days after noon, with what the list's address serves then.
fn gateway(store: &TestStore, list: Option<String>, days: i64) -> Pipeline {
    let served = list.map(|text| (LIST.to_owned(), Provided::Content(text.into())));
    let documents = Documents::with_provided(served.into_iter().collect::<HashMap<_, _>>(), None);
    Pipeline {
        examiner: Examiner::new(Verifier::new(documents, Contexts::built_in()), Limits::default()),
        store: store.store.clone(),
        clock: Clock::fixed(noon() + Duration::days(days)),
        mapper: crate::support::no_taxonomies(),
        status_interval: Some(Duration::hours(24)),
    }
}

async fn take_in(gateway: &Pipeline, badge: &Value) -> CredentialId {
    let delivered = Delivered {
        tenant_id: made::tenant(),
        channel: Channel::Upload,
        candidate: CandidateHint { emails: vec!["ada@example.org".to_owned()], ..CandidateHint::default() },
        files: vec![UploadedFile { name: Some("badge.json".to_owned()), media_type: None, bytes: badge.to_string().into() }],
        people: Vec::new(),
        expected: Default::default(),
        idempotency_key: None,
    };
    let submission = gateway.accept(delivered).await.unwrap();
    assert_eq!(submission.outcome, Some(Outcome::Attention), "nobody vouches for the issuer");
    submission.files[0].credentials[0].id.clone()
}

async fn events(store: &TestStore) -> Vec<Event> {
    let page = Page { limit: 1_000, after: None };
    store.store.list_events(&made::tenant(), &page).await.unwrap().into_iter().map(|(_, event)| event).collect()
}

async fn types_from(store: &TestStore, from: usize) -> Vec<EventType> {
    events(store).await.split_off(from).into_iter().map(|event| event.event_type).collect()
}

async fn skills(store: &TestStore, id: &CredentialId) -> usize {
    let stored = store.store.credential(&made::tenant(), id).await.unwrap().unwrap();
    store.store.candidate_skills(&made::tenant(), &stored.candidate_ref).await.unwrap().len()
}

async fn a_badge_that_is_revoked_later_takes_its_skills_with_it(store: &TestStore) {
    let issuer = Issuer::new();
    let clear = issuer.list("revocation", &[]);
    let id = take_in(&gateway(store, Some(clear.clone()), 0), &issuer.badge("revocation", true)).await;
    let before = events(store).await.len();
    assert_eq!(gateway(store, Some(clear), 2).check_due().await.unwrap(), 0);
    assert_eq!(skills(store, &id).await, 4);

    let revoking = gateway(store, Some(issuer.list("revocation", &[PLACE])), 4);
    assert_eq!(revoking.check_due().await.unwrap(), 1);
    let withdrawn = [EventType::SkillWithdrawn; 4];
    assert_eq!(types_from(store, before).await, [&[EventType::CredentialRevoked][..], &withdrawn].concat());
    assert_eq!(events(store).await[before].data["reason"]["code"], "revoked");
    let stored = store.store.credential(&made::tenant(), &id).await.unwrap().unwrap();
    assert_eq!(stored.report.outcome, Outcome::Rejected);
    assert_eq!(stored.report.check(CheckId::Status).unwrap().code.as_str(), "revoked");
    assert!(stored.normalized.is_none(), "nothing of it is shown any more");
    assert_eq!(skills(store, &id).await, 0);
    assert_eq!(gateway(store, Some(issuer.list("revocation", &[])), 9).check_due().await.unwrap(), 0, "revoked is for good");
}

async fn a_suspended_badge_counts_again_when_it_is_reinstated(store: &TestStore) {
    let issuer = Issuer::new();
    let clear = issuer.list("suspension", &[]);
    let id = take_in(&gateway(store, Some(clear.clone()), 0), &issuer.badge("suspension", true)).await;
    let before = events(store).await.len();
    assert_eq!(gateway(store, Some(issuer.list("suspension", &[PLACE])), 2).check_due().await.unwrap(), 1);
    assert_eq!(skills(store, &id).await, 0);
    assert_eq!(gateway(store, Some(clear), 4).check_due().await.unwrap(), 1);
    assert_eq!(skills(store, &id).await, 4);
    let (withdrawn, asserted) = ([EventType::SkillWithdrawn; 4], [EventType::SkillAsserted; 4]);
    let suspended = [&[EventType::CredentialSuspended][..], &withdrawn].concat();
    let reinstated = [&[EventType::CredentialReinstated][..], &asserted].concat();
    assert_eq!(types_from(store, before).await, [suspended, reinstated].concat());
    let numbers: Vec<String> = events(store).await.into_iter().map(|event| event.sequence).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

async fn an_issuer_that_cannot_be_asked_changes_nothing(store: &TestStore) {
    let issuer = Issuer::new();
    let clear = issuer.list("revocation", &[]);
    let id = take_in(&gateway(store, Some(clear), 0), &issuer.badge("revocation", true)).await;
    let before = events(store).await.len();
    assert_eq!(gateway(store, None, 2).check_due().await.unwrap(), 0);
    let foreign = Issuer::new().list("revocation", &[PLACE]);
    let forged = DataIntegrity::assertion(noon())
        .sign(&serde_json::from_str(&foreign).unwrap(), &Institution::new("Other", KeyKind::Ed25519).key);
    assert_eq!(gateway(store, Some(forged.unwrap().to_string()), 4).check_due().await.unwrap(), 0, "a list of somebody else");
    assert_eq!((events(store).await.len(), skills(store, &id).await), (before, 4));
    assert_eq!(gateway(store, Some(issuer.list("revocation", &[PLACE])), 6).check_due().await.unwrap(), 1, "it is asked again");
}

async fn nobody_is_asked_before_it_is_time_or_without_need(store: &TestStore) {
    let issuer = Issuer::new();
    let clear = issuer.list("revocation", &[]);
    take_in(&gateway(store, Some(clear.clone()), 0), &issuer.badge("revocation", true)).await;
    take_in(&gateway(store, Some(clear.clone()), 0), &issuer.badge("revocation", false)).await;
    let due = async |days: i64| store.store.credentials_to_check(noon() + Duration::days(days), 10).await.unwrap().len();
    assert_eq!((due(0).await, due(1).await), (0, 1));
    let before = events(store).await.len();
    assert_eq!(gateway(store, Some(clear), 1).check_due().await.unwrap(), 0);
    assert_eq!((due(1).await, due(2).await), (0, 1));
    assert_eq!(events(store).await.len(), before);
}
