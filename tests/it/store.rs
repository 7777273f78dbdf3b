//! One list of tests for the store, on both databases.

use crate::support::databases::{TestStore, noon, on_both_databases, sealer};
use crate::support::made;
use chrono::{DateTime, Duration, Utc};
use skillgate::model::account::{AuditFilter, Deed, Role};
use skillgate::model::breaker::Sign;
use skillgate::model::connection::{Connection, ConnectionState, Secrets};
use skillgate::model::delivery::{Attempt, CallRecord, Delivery, DeliveryResult, DeliveryState};
use skillgate::model::event::EventType;
use skillgate::model::ids::{AttemptId, CandidateRef, ConnectionId, EventId, TenantId};
use skillgate::model::ledger::{LedgerEntry, LedgerState};
use skillgate::model::record::{CredentialFilter, DeliveryFilter, Page};
use skillgate::model::report::Outcome;
use skillgate::model::secret::Secret;
use skillgate::model::submission::{CandidateHint, SubmissionState};
use skillgate::seal::Sealer;
use skillgate::store::{AuditFault, Claim, LaneWork, Record, Recorded, Store, StoreError, Work};
use std::collections::BTreeMap;

on_both_databases!(
    an_api_key_is_found_by_its_hash_until_it_is_revoked,
    a_person_is_found_by_any_address_in_any_case,
    a_given_reference_decides_alone_and_the_name_finds_nobody,
    two_requests_at_once_make_one_person,
    an_identity_is_sealed_and_comes_back,
    credential_bytes_come_back_exactly,
    lists_are_paged_newest_first_and_scoped_by_tenant,
    events_are_paged_oldest_first_by_position,
    secrets_are_never_listed_and_only_those_given_are_replaced,
    an_event_makes_one_delivery_per_connection_that_takes_it,
    a_lane_is_claimed_by_one_worker_until_its_lease_ends,
    each_result_leads_to_its_state,
    an_attempt_is_recorded_once,
    what_a_worker_did_after_it_lost_the_lane_is_not_recorded,
    a_lane_goes_on_until_nothing_is_due_in_it,
    a_paused_connection_gives_no_lane_away,
    what_no_connector_does_anything_with_makes_no_delivery,
    a_dead_delivery_can_be_replayed,
    what_is_tried_again_is_not_overtaken_by_later_events_of_the_same_person,
    a_ledger_entry_is_replaced,
    old_events_are_deleted_once_nothing_is_left_to_do_about_them,
    an_erased_person_leaves_one_event_and_nothing_else,
    a_sealed_setting_is_kept_once,
    a_wrong_master_key_is_told_apart,
    two_processes_may_start_at_once,
    a_failed_transaction_leaves_nothing,
    many_writers_at_once_all_succeed,
    the_audit_log_is_read_newest_first,
    entries_of_many_writers_at_once_form_one_chain,
    a_changed_removed_or_inserted_entry_of_the_audit_log_is_found,
);

fn page(limit: u32) -> Page {
    Page { limit, after: None }
}

fn hint(email: &str) -> CandidateHint {
    CandidateHint { emails: vec![email.to_owned()], ..CandidateHint::default() }
}

async fn an_api_key_is_found_by_its_hash_until_it_is_revoked(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let key = store.create_api_key(&tenant, "first", "sg_abc", "hash-1", Role::Administrator, noon()).await.unwrap();
    assert!(matches!(
        store.create_api_key(&tenant, "again", "sg_abc", "hash-1", Role::Administrator, noon()).await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(store.find_api_key("hash-1", noon()).await.unwrap().unwrap().id, key.id);
    assert_eq!(store.list_api_keys(&tenant).await.unwrap()[0].last_used_at, Some(noon()));
    assert_eq!(store.find_api_key("hash-2", noon()).await.unwrap(), None);
    assert!(!store.revoke_api_key(&TenantId::from("other"), &key.id, noon()).await.unwrap());
    assert!(store.revoke_api_key(&tenant, &key.id, noon()).await.unwrap());
    assert!(!store.revoke_api_key(&tenant, &key.id, noon()).await.unwrap());
    assert_eq!(store.find_api_key("hash-1", noon()).await.unwrap(), None);
}

async fn a_person_is_found_by_any_address_in_any_case(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let both = CandidateHint { emails: vec!["Ada@Example.org".into(), "ada@work.example".into()], ..CandidateHint::default() };
    let ada = store.find_or_create_candidate(&tenant, &both, noon()).await.unwrap();
    assert_eq!(store.find_or_create_candidate(&tenant, &hint("ada@work.example"), noon()).await.unwrap(), ada);
    assert_eq!(store.find_or_create_candidate(&tenant, &hint(" ADA@example.ORG "), noon()).await.unwrap(), ada);
    let with_did = CandidateHint { dids: vec!["did:key:z6MkAda".into()], ..hint("ada@example.org") };
    assert_eq!(store.find_or_create_candidate(&tenant, &with_did, noon()).await.unwrap(), ada);
    let did_only = CandidateHint { dids: vec!["did:key:z6MkAda".into()], ..CandidateHint::default() };
    assert_eq!(store.find_or_create_candidate(&tenant, &did_only, noon()).await.unwrap(), ada);
    assert_ne!(store.find_or_create_candidate(&tenant, &hint("bob@example.org"), noon()).await.unwrap(), ada);
}

async fn a_given_reference_decides_alone_and_the_name_finds_nobody(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let own = CandidateRef::from("employee-7");
    let given = CandidateHint { candidate_ref: Some(own.clone()), ..hint("eve@example.org") };
    assert_eq!(store.find_or_create_candidate(&tenant, &given, noon()).await.unwrap(), own);
    assert_eq!(store.find_or_create_candidate(&tenant, &hint("eve@example.org"), noon()).await.unwrap(), own);
    let other = CandidateHint { candidate_ref: Some(CandidateRef::from("employee-8")), ..hint("eve@example.org") };
    assert_eq!(store.find_or_create_candidate(&tenant, &other, noon()).await.unwrap().as_str(), "employee-8");
    let name = CandidateHint { name: Some("Eve".into()), ..CandidateHint::default() };
    let first = store.find_or_create_candidate(&tenant, &name, noon()).await.unwrap();
    assert_ne!(store.find_or_create_candidate(&tenant, &name, noon()).await.unwrap(), first);
}

async fn two_requests_at_once_make_one_person(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let found = futures_util::future::join_all((0..8).map(|_| {
        let (store, tenant) = (store.clone(), tenant.clone());
        async move { store.find_or_create_candidate(&tenant, &hint("grace@example.org"), noon()).await.unwrap() }
    }));
    let found = found.await;
    assert!(found.iter().all(|one| *one == found[0]), "{found:?}");
}

async fn an_identity_is_sealed_and_comes_back(database: &TestStore) {
    let (store, tenant) = (&database.store, made::tenant());
    let who =
        CandidateHint { name: Some("Ada Lovelace".into()), dids: vec!["did:key:z6MkAda".into()], ..hint("ada@example.org") };
    let ada = store.find_or_create_candidate(&tenant, &who, noon()).await.unwrap();
    let known = database.reopened().await.candidate_identity(&tenant, &ada).await.unwrap();
    assert_eq!(known.emails, ["ada@example.org"]);
    assert_eq!(known.dids, ["did:key:z6MkAda"]);
    assert_eq!(known.name.as_deref(), Some("Ada Lovelace"));
    if let Some(path) = database.url.strip_prefix("sqlite://") {
        for file in [path.to_owned(), format!("{path}-wal")] {
            let bytes = std::fs::read(file).unwrap_or_default();
            let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
            assert!(!holds("ada@example.org") && !holds("Lovelace") && !holds("z6MkAda"));
        }
    }
}

async fn credential_bytes_come_back_exactly(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let mut odd = made::credential("x", vec![made::skill("s1", "Riveting")]);
    odd.bytes = (0..=255u8).cycle().take(100_000).collect();
    odd.name = "bad\0name.png".to_owned();
    let (id, bytes) = (odd.id.clone(), odd.bytes.clone());
    let submission = made::submit(store, made::named("ada"), vec![odd]).await;
    assert_eq!(store.credential_source(&tenant, &id).await.unwrap(), Some(("application/vc+ld+json".to_owned(), bytes)));
    let stored = store.credential(&tenant, &id).await.unwrap().unwrap();
    assert_eq!(stored.name, "bad\u{fffd}name.png");
    assert_eq!(stored.report, made::report(Outcome::Accepted));
    assert_eq!(stored.candidate_ref.as_str(), "ada");
    let answer = store.submission(&tenant, &submission).await.unwrap().unwrap();
    assert_eq!(answer.state, SubmissionState::Complete);
    assert_eq!(answer.outcome, Some(Outcome::Accepted));
    assert_eq!(answer.files[0].credentials[0].id, id);
    assert_eq!((answer.progress.done, answer.progress.total), (1, 1));
}

async fn lists_are_paged_newest_first_and_scoped_by_tenant(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    for n in 0..5 {
        made::submit(store, made::named("ada"), vec![made::credential(&format!("badge {n}"), vec![])]).await;
    }
    made::submit(store, made::named("bob"), vec![made::with_outcome("forged", vec![], Outcome::Rejected)]).await;
    let all = CredentialFilter::default();
    let first = store.list_credentials(&tenant, &all, &page(4)).await.unwrap();
    let after = Page { limit: 4, after: Some(first[3].id.to_string()) };
    let second = store.list_credentials(&tenant, &all, &after).await.unwrap();
    assert_eq!((first.len(), second.len()), (4, 2));
    let ids: Vec<_> = first.iter().chain(&second).map(|credential| credential.id.clone()).collect();
    assert!(ids.is_sorted_by(|one, next| one > next), "{ids:?}");
    let rejected = CredentialFilter { outcome: Some(Outcome::Rejected), ..CredentialFilter::default() };
    assert_eq!(store.list_credentials(&tenant, &rejected, &page(9)).await.unwrap().len(), 1);
    let of_bob = CredentialFilter { candidate_ref: Some(CandidateRef::from("bob")), ..CredentialFilter::default() };
    assert_eq!(store.list_credentials(&tenant, &of_bob, &page(9)).await.unwrap().len(), 1);
    assert_eq!(store.list_submissions(&tenant, &page(9)).await.unwrap().len(), 6);
    let other = TenantId::from("other");
    assert_eq!(store.list_credentials(&other, &all, &page(9)).await.unwrap().len(), 0);
    assert!(store.credential(&other, &ids[0]).await.unwrap().is_none());
    assert!(store.credential_source(&other, &ids[0]).await.unwrap().is_none());
    assert!(store.list_events(&other, &page(9)).await.unwrap().is_empty());
}

async fn events_are_paged_oldest_first_by_position(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let skills = vec![made::skill("s1", "Riveting"), made::skill("s2", "Welding")];
    made::submit(store, made::named("ada"), vec![made::credential("badge", skills)]).await;
    let first = store.list_events(&tenant, &page(2)).await.unwrap();
    let after = Page { limit: 9, after: Some(first[1].0.to_string()) };
    let rest = store.list_events(&tenant, &after).await.unwrap();
    let types: Vec<_> = first.iter().chain(&rest).map(|(_, event)| event.event_type).collect();
    assert_eq!(types, [EventType::CredentialVerified, EventType::SkillAsserted, EventType::SkillAsserted]);
    let sequences: Vec<_> = first.iter().chain(&rest).map(|(_, event)| event.sequence.as_str()).collect();
    assert_eq!(sequences, ["0000000001", "0000000002", "0000000003"]);
    let (_, event) = &rest[0];
    assert_eq!(store.event(&tenant, &event.id).await.unwrap().as_ref(), Some(event));
    assert_eq!(store.event(&TenantId::from("other"), &event.id).await.unwrap(), None);
}

fn secrets(pairs: &[(&str, &str)]) -> Secrets {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect()
}

async fn secrets_are_never_listed_and_only_those_given_are_replaced(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let mut connection = made::connection("ATS");
    store.create_connection(&connection, &secrets(&[("api_key", "first"), ("token", "0012")])).await.unwrap();
    connection.name = "ATS 2".to_owned();
    assert!(store.update_connection(&connection, &secrets(&[("api_key", "second")]), None).await.unwrap());
    let found = store.connection(&tenant, &connection.id).await.unwrap().unwrap();
    assert_eq!(found.secrets_set, ["api_key", "token"]);
    assert_eq!(found.name, "ATS 2");
    let opened = store.connection_secrets(&connection.id).await.unwrap();
    assert_eq!((opened["api_key"].expose(), opened["token"].expose()), ("second", "0012"));
    let pause = store.set_connection_state(&tenant, &connection.id, ConnectionState::Paused, Some("on holiday"), noon());
    assert!(pause.await.unwrap());
    assert!(store.active_connections().await.unwrap().is_empty());
    assert_eq!(store.list_connections(&tenant).await.unwrap()[0].paused_reason.as_deref(), Some("on holiday"));
    assert!(!store.delete_connection(&TenantId::from("other"), &connection.id).await.unwrap());
    assert!(store.delete_connection(&tenant, &connection.id).await.unwrap());
    assert!(store.connection_secrets(&connection.id).await.unwrap().is_empty());
}

/// One active connection and one event waiting for it.
async fn one_delivery(store: &Store) -> (ConnectionId, EventId) {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    made::submit(store, made::named("ada"), vec![made::credential("badge", vec![])]).await;
    let taken = store.take_unpublished(noon(), Duration::seconds(30), Duration::minutes(5), 100, |_, _| true).await.unwrap();
    (connection.id, taken[0].event.id.clone())
}

async fn an_event_makes_one_delivery_per_connection_that_takes_it(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let all = made::connection("all");
    let mut skills_only = made::connection("skills only");
    skills_only.event_types = vec![EventType::SkillAsserted];
    let mut accepted_only = made::connection("accepted only");
    accepted_only.outcomes = vec![Outcome::Accepted];
    let mut paused = made::connection("paused");
    paused.state = ConnectionState::Paused;
    for connection in [&all, &skills_only, &accepted_only, &paused] {
        store.create_connection(connection, &Secrets::new()).await.unwrap();
    }
    let uncertain = made::with_outcome("badge", vec![made::skill("s1", "Riveting")], Outcome::Attention);
    made::submit(store, made::named("ada"), vec![uncertain]).await;
    let take = || store.take_unpublished(noon(), Duration::seconds(30), Duration::minutes(5), 100, |_, _| true);
    assert_eq!(take().await.unwrap().len(), 2);
    assert_eq!(take().await.unwrap().len(), 0, "a taken event is left alone");
    let count = async |connection: &ConnectionId| {
        let filter = DeliveryFilter { connection_id: Some(connection.clone()), ..DeliveryFilter::default() };
        store.list_deliveries(&tenant, &filter, &page(100)).await.unwrap().len()
    };
    assert_eq!(count(&all.id).await, 2);
    assert_eq!(count(&skills_only.id).await, 1);
    assert_eq!(count(&accepted_only.id).await, 0);
    assert_eq!(count(&paused.id).await, 2);
    let later = noon() + Duration::seconds(31);
    let again = store.take_unpublished(later, Duration::seconds(30), Duration::minutes(5), 100, |_, _| true).await.unwrap();
    assert_eq!(again.len(), 2, "a killed relay's events are taken again");
    assert_eq!(count(&all.id).await, 2, "and make no second delivery");
    let positions: Vec<i64> = again.iter().map(|outgoing| outgoing.position).collect();
    store.mark_published(&positions, later).await.unwrap();
    assert_eq!(store.count_unpublished().await.unwrap(), 0);
}

/// The lane of one person, claimed for a minute.
async fn claim(store: &Store, connection: &ConnectionId, candidate: &str, holder: &str, now: DateTime<Utc>) -> Option<LaneWork> {
    let candidates = [CandidateRef::from(candidate)];
    let claimed = store.claim_lanes((&made::tenant(), connection), &candidates, holder, now, Duration::minutes(1)).await.unwrap();
    let Claim::Lanes { claimed: mut lanes, .. } = claimed else { panic!("{claimed:?}") };
    assert!(lanes.len() <= 1);
    lanes.pop()
}

/// The first delivery of ada's lane.
async fn claim_first(store: &Store, connection: &ConnectionId, now: DateTime<Utc>) -> Option<Delivery> {
    claim(store, connection, "ada", "worker", now).await.map(|lane| lane.work[0].delivery.clone())
}

fn record(connection: &ConnectionId, holder: &str, attempt: Attempt, event: &EventId, result: &DeliveryResult) -> Record {
    Record {
        tenant: made::tenant(),
        connection: connection.clone(),
        candidate: CandidateRef::from("ada"),
        event: event.clone(),
        holder: holder.to_owned(),
        attempt,
        result: result.clone(),
        sign: Sign::Nothing,
        ledger: BTreeMap::new(),
        is_last: true,
    }
}

/// Records an attempt of "worker" at ada's delivery.
async fn put(store: &Store, delivery: &Delivery, number: u32, result: &DeliveryResult) -> Recorded {
    let record = record(&delivery.connection_id, "worker", attempt(delivery, number), &delivery.event_id, result);
    store.record_attempts(vec![record], noon(), Duration::minutes(1)).await.unwrap().remove(0)
}

async fn a_lane_is_claimed_by_one_worker_until_its_lease_ends(TestStore { store, .. }: &TestStore) {
    let (connection, event) = one_delivery(store).await;
    let holders = ["1", "2", "3", "4", "5", "6"];
    let claims = holders.map(|holder| claim(store, &connection, "ada", holder, noon()));
    let claimed: Vec<LaneWork> = futures_util::future::join_all(claims).await.into_iter().flatten().collect();
    assert_eq!((claimed.len(), &claimed[0].work[0].event.id), (1, &event));
    assert!(claim(store, &connection, "ada", "7", noon() + Duration::seconds(59)).await.is_none());
    assert_eq!(store.take_due_lanes(noon() + Duration::seconds(59), Duration::minutes(5), 10).await.unwrap().len(), 0);
    let after = noon() + Duration::seconds(61);
    assert_eq!(
        store.take_due_lanes(after, Duration::minutes(5), 10).await.unwrap().len(),
        1,
        "a killed worker's lane is told again"
    );
    assert!(claim(store, &connection, "ada", "7", after).await.is_some());
    assert!(claim(store, &connection, "nobody", "7", after).await.is_none());
    let ada = [CandidateRef::from("ada")];
    store.renew_lanes(&connection, &ada, "7", after + Duration::minutes(3)).await.unwrap();
    assert!(claim(store, &connection, "ada", "8", after + Duration::minutes(2)).await.is_none(), "its holder lives");
    store.release_lanes(&connection, &ada, "8", after).await.unwrap();
    assert!(claim(store, &connection, "ada", "8", after).await.is_none(), "only its holder lets it go");
    store.release_lanes(&connection, &ada, "7", after).await.unwrap();
    assert!(claim(store, &connection, "ada", "8", after).await.is_some());
}

async fn what_a_worker_did_after_it_lost_the_lane_is_not_recorded(TestStore { store, .. }: &TestStore) {
    let (connection, event) = one_delivery(store).await;
    let of_first = claim_first(store, &connection, noon()).await.unwrap();
    let of_second = claim(store, &connection, "ada", "other", noon() + Duration::minutes(2)).await.unwrap();
    let dead = DeliveryResult::Permanent { reason: "late".into(), message: "The lease was over.".into() };
    assert!(matches!(put(store, &of_first, 1, &dead).await, Recorded::Lost));
    let made = record(&connection, "other", attempt(&of_second.work[0].delivery, 1), &event, &DeliveryResult::Delivered);
    let recorded = store.record_attempts(vec![made], noon(), Duration::minutes(1)).await.unwrap().remove(0);
    assert!(matches!(recorded, Recorded::Kept), "{recorded:?}");
    let (delivery, attempts) = store.delivery(&made::tenant(), &of_first.id).await.unwrap().unwrap();
    assert_eq!((delivery.state, attempts.len()), (DeliveryState::Delivered, 1));
}

async fn a_lane_goes_on_until_nothing_is_due_in_it(TestStore { store, .. }: &TestStore) {
    let (connection, [first, second, _]) = events_of_two_people(store).await;
    let lane = claim(store, &connection.id, "ada", "worker", noon()).await.unwrap();
    assert_eq!(lane.work.iter().map(|work| &work.event.id).collect::<Vec<_>>(), [&first, &second], "in order");
    made::submit(store, made::named("ada"), vec![made::credential("late", vec![])]).await;
    let taken = store.take_unpublished(noon(), Duration::seconds(30), Duration::minutes(5), 100, |_, _| true).await.unwrap();
    let late = taken[0].event.id.clone();
    let delivered = |work: &Work, is_last| Record {
        is_last,
        ..record(&connection.id, "worker", attempt(&work.delivery, 1), &work.event.id, &DeliveryResult::Delivered)
    };
    let records = vec![delivered(&lane.work[0], false), delivered(&lane.work[1], true)];
    let mut recorded = store.record_attempts(records, noon(), Duration::minutes(1)).await.unwrap();
    let Some(Recorded::Next(more)) = recorded.pop() else { panic!("the event that came meanwhile is left behind") };
    assert_eq!(more.work.iter().map(|work| &work.event.id).collect::<Vec<_>>(), [&late]);
    let recorded = store.record_attempts(vec![delivered(&more.work[0], true)], noon(), Duration::minutes(1)).await.unwrap();
    assert!(matches!(recorded[..], [Recorded::Kept]), "{recorded:?}");
    let far = noon() + Duration::days(1);
    let due: Vec<_> = store.take_due_lanes(far, Duration::minutes(5), 10).await.unwrap();
    assert_eq!(due.len(), 1, "only bob's lane is left");
}

async fn a_paused_connection_gives_no_lane_away(TestStore { store, .. }: &TestStore) {
    let (connection, _) = one_delivery(store).await;
    let tenant = made::tenant();
    store.set_connection_state(&tenant, &connection, ConnectionState::Paused, None, noon()).await.unwrap();
    let ada = [CandidateRef::from("ada")];
    let claimed = store.claim_lanes((&tenant, &connection), &ada, "worker", noon(), Duration::minutes(1)).await.unwrap();
    assert!(matches!(claimed, Claim::Paused), "{claimed:?}");
    assert!(store.take_due_lanes(noon() + Duration::days(1), Duration::minutes(5), 10).await.unwrap().is_empty());
    store.set_connection_state(&tenant, &connection, ConnectionState::Active, None, noon()).await.unwrap();
    assert!(claim_first(store, &connection, noon()).await.is_some());
    let other = (&TenantId::from("other"), &connection);
    let claimed = store.claim_lanes(other, &ada, "worker", noon(), Duration::minutes(1)).await.unwrap();
    assert!(matches!(claimed, Claim::Gone), "{claimed:?}");
}

async fn what_no_connector_does_anything_with_makes_no_delivery(TestStore { store, .. }: &TestStore) {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    made::submit(store, made::named("ada"), vec![made::credential("badge", vec![made::skill("s1", "Riveting")])]).await;
    let only_skills = |connector: &str, event_type| connector == "webhook" && event_type == EventType::SkillAsserted;
    let taken = store.take_unpublished(noon(), Duration::seconds(30), Duration::minutes(5), 100, only_skills).await.unwrap();
    assert_eq!(taken.len(), 2, "every event is published");
    let deliveries = store.list_deliveries(&made::tenant(), &DeliveryFilter::default(), &page(9)).await.unwrap();
    assert_eq!(deliveries.len(), 1);
}

fn attempt(delivery: &Delivery, number: u32) -> Attempt {
    Attempt {
        id: AttemptId::generate(),
        delivery_id: delivery.id.clone(),
        number,
        started_at: noon(),
        finished_at: noon() + Duration::seconds(1),
        result: "as it went".to_owned(),
        reason: None,
        message: None,
        calls: vec![CallRecord {
            step: "write".to_owned(),
            method: "POST".to_owned(),
            url: "https://ats.example.org/notes".to_owned(),
            status: Some(201),
            response: Some("{}".to_owned()),
            milliseconds: 12,
        }],
    }
}

async fn each_result_leads_to_its_state(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let (connection, _) = one_delivery(store).await;
    let text = |text: &str| text.to_owned();
    let at = noon() + Duration::hours(1);
    let results = [
        (
            DeliveryResult::RetryAt { at, reason: text("rate_limited"), message: text("Too many requests.") },
            DeliveryState::Pending,
        ),
        (DeliveryResult::Parked { reason: text("no_match"), message: text("Nobody has this address.") }, DeliveryState::Parked),
        (DeliveryResult::Permanent { reason: text("refused"), message: text("The answer was no.") }, DeliveryState::Dead),
        (
            DeliveryResult::ConfigError { reason: text("unauthorized"), message: text("The key is wrong.") },
            DeliveryState::Pending,
        ),
        (DeliveryResult::Unchanged, DeliveryState::Unchanged),
        (DeliveryResult::Delivered, DeliveryState::Delivered),
    ];
    let later = noon() + Duration::hours(2);
    for (number, (result, state)) in (1..).zip(results) {
        let found = store.list_deliveries(&tenant, &DeliveryFilter::default(), &page(1)).await.unwrap().remove(0);
        store.replay_delivery(&tenant, &found.id, later).await.unwrap();
        let claimed = claim_first(store, &connection, later).await.unwrap();
        assert!(matches!(put(store, &claimed, number, &result).await, Recorded::Kept));
        let (delivery, attempts) = store.delivery(&tenant, &claimed.id).await.unwrap().unwrap();
        assert_eq!((delivery.state, delivery.attempts, attempts.len()), (state, number, number as usize));
        if let DeliveryResult::RetryAt { .. } = result {
            assert_eq!(delivery.next_attempt_at, Some(at));
            let due = |now| store.take_due_lanes(now, Duration::minutes(5), 10);
            assert_eq!(due(noon() + Duration::minutes(59)).await.unwrap().len(), 0);
            assert_eq!(due(at).await.unwrap().len(), 1);
            assert_eq!(due(at).await.unwrap().len(), 0, "its message is in the queue");
        }
        let active = store.active_connections().await.unwrap().len();
        assert_eq!(active, usize::from(!matches!(result, DeliveryResult::ConfigError { .. })));
        store.set_connection_state(&tenant, &connection, ConnectionState::Active, None, later).await.unwrap();
    }
    let (_, attempts) = store
        .delivery(&tenant, &store.list_deliveries(&tenant, &DeliveryFilter::default(), &page(1)).await.unwrap()[0].id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(attempts[0].calls[0].status, Some(201));
}

async fn an_attempt_is_recorded_once(TestStore { store, .. }: &TestStore) {
    let (connection, _) = one_delivery(store).await;
    let claimed = claim_first(store, &connection, noon()).await.unwrap();
    assert!(matches!(put(store, &claimed, 1, &DeliveryResult::Delivered).await, Recorded::Kept));
    let late = DeliveryResult::Permanent { reason: "late".into(), message: "The lease was over.".into() };
    assert!(matches!(put(store, &claimed, 1, &late).await, Recorded::Lost));
    let (delivery, attempts) = store.delivery(&made::tenant(), &claimed.id).await.unwrap().unwrap();
    assert_eq!((delivery.state, attempts.len()), (DeliveryState::Delivered, 1));
}

async fn a_dead_delivery_can_be_replayed(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let (connection, event) = one_delivery(store).await;
    let claimed = claim_first(store, &connection, noon()).await.unwrap();
    assert!(!store.replay_delivery(&tenant, &claimed.id, noon()).await.unwrap(), "a worker is on it");
    let dead = DeliveryResult::Permanent { reason: "gone".into(), message: "The job was closed.".into() };
    put(store, &claimed, 1, &dead).await;
    assert!(claim_first(store, &connection, noon()).await.is_none());
    assert!(!store.replay_delivery(&TenantId::from("other"), &claimed.id, noon()).await.unwrap());
    assert!(store.replay_delivery(&tenant, &claimed.id, noon()).await.unwrap());
    let due = store.take_due_lanes(noon(), Duration::minutes(5), 10).await.unwrap();
    assert_eq!((due.len(), &due[0].0, &due[0].1.id), (1, &connection, &event));
    assert_eq!(claim_first(store, &connection, noon()).await.unwrap().attempts, 1);
}

/// A connection, and what it is told: two events about one person, then one about another.
async fn events_of_two_people(store: &Store) -> (Connection, [EventId; 3]) {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    made::submit(store, made::named("ada"), vec![made::credential("badge", vec![made::skill("s1", "Riveting")])]).await;
    made::submit(store, made::named("bob"), vec![made::credential("other", vec![])]).await;
    let taken = store.take_unpublished(noon(), Duration::seconds(30), Duration::minutes(5), 100, |_, _| true).await.unwrap();
    (connection, [0, 1, 2].map(|place| taken[place].event.id.clone()))
}

async fn what_is_tried_again_is_not_overtaken_by_later_events_of_the_same_person(TestStore { store, .. }: &TestStore) {
    let (connection, [first, second, of_bob]) = events_of_two_people(store).await;
    let soon = noon() + Duration::minutes(10);
    let away = DeliveryResult::RetryAt { at: soon, reason: "away".into(), message: "The system is away.".into() };
    let claimed = claim_first(store, &connection.id, noon()).await.unwrap();
    assert_eq!(claimed.event_id, first);
    assert!(matches!(put(store, &claimed, 1, &away).await, Recorded::Kept));

    assert!(claim(store, &connection.id, "ada", "worker", noon()).await.is_none(), "the second waits for the first");
    assert!(claim(store, &connection.id, "bob", "worker", noon()).await.is_some(), "others don't");
    let due = store.take_due_lanes(soon + Duration::seconds(1), Duration::minutes(5), 10).await.unwrap();
    let ids: Vec<_> = due.iter().map(|(_, event)| &event.id).collect();
    assert_eq!(ids, [&first, &of_bob], "one message per lane; nobody has finished with bob's lane either");
    let lane = claim(store, &connection.id, "ada", "worker", soon + Duration::seconds(2)).await.unwrap();
    assert_eq!(lane.work.iter().map(|work| &work.event.id).collect::<Vec<_>>(), [&first, &second]);
    assert_eq!(lane.work[0].delivery.attempts, 1);
}

async fn old_events_are_deleted_once_nothing_is_left_to_do_about_them(TestStore { store, .. }: &TestStore) {
    let (tenant, far) = (made::tenant(), Utc::now() + Duration::days(2));
    let (connection, _) = one_delivery(store).await;
    let events = store.list_events(&tenant, &page(9)).await.unwrap();
    store.mark_published(&events.iter().map(|(position, _)| *position).collect::<Vec<_>>(), noon()).await.unwrap();
    assert_eq!(store.prune_events(&tenant, far, 10).await.unwrap(), 0, "a delivery waits");
    let claimed = claim_first(store, &connection, noon()).await.unwrap();
    let dead = DeliveryResult::Permanent { reason: "gone".into(), message: "The job was closed.".into() };
    put(store, &claimed, 1, &dead).await;
    assert_eq!(store.prune_events(&tenant, far, 10).await.unwrap(), 0, "a dead letter can be replayed");
    store.replay_delivery(&tenant, &claimed.id, noon()).await.unwrap();
    let claimed = claim_first(store, &connection, noon()).await.unwrap();
    put(store, &claimed, 2, &DeliveryResult::Delivered).await;
    assert_eq!(store.prune_events(&tenant, noon() - Duration::days(1), 10).await.unwrap(), 0, "it is not old");
    assert_eq!(store.prune_events(&tenant, far, 10).await.unwrap(), 1);
    assert!(store.list_events(&tenant, &page(9)).await.unwrap().is_empty());
    assert_eq!(store.delivery(&tenant, &claimed.id).await.unwrap(), None);
}

async fn a_ledger_entry_is_replaced(TestStore { store, .. }: &TestStore) {
    let (connection, event) = one_delivery(store).await;
    assert_eq!(store.ledger_entry(&connection, &event, "write").await.unwrap(), None);
    for (state, remote_id) in
        [(LedgerState::Started, None), (LedgerState::Refused, None), (LedgerState::Done, Some("note-7".to_owned()))]
    {
        let entry = LedgerEntry { state, remote_id, request_digest: "ab12".to_owned() };
        store.put_ledger_entry(&connection, &event, "write", &entry, noon()).await.unwrap();
        assert_eq!(store.ledger_entry(&connection, &event, "write").await.unwrap(), Some(entry));
    }
}

async fn an_erased_person_leaves_one_event_and_nothing_else(database: &TestStore) {
    let (store, tenant) = (&database.store, made::tenant());
    one_delivery(store).await;
    let other = made::submit(store, made::named("bob"), vec![made::credential("of bob", vec![made::skill("b", "Baking")])]).await;
    let ada = CandidateRef::from("ada");
    let named = CandidateHint { candidate_ref: Some(ada.clone()), ..hint("ada@example.org") };
    store.find_or_create_candidate(&tenant, &named, noon()).await.unwrap();
    assert!(store.erase_candidate(&TenantId::from("other"), &ada, "test", noon()).await.unwrap().is_none());
    assert!(store.erase_candidate(&tenant, &ada, "test", noon()).await.unwrap().is_some());
    assert!(store.erase_candidate(&tenant, &ada, "test", noon()).await.unwrap().is_none());
    assert_eq!(store.candidate(&tenant, &ada).await.unwrap(), None);
    assert_eq!(store.candidate_identity(&tenant, &ada).await.unwrap(), Default::default());
    assert_ne!(store.find_or_create_candidate(&tenant, &hint("ada@example.org"), noon()).await.unwrap(), ada);
    let credentials = store.list_credentials(&tenant, &CredentialFilter::default(), &page(9)).await.unwrap();
    assert_eq!(credentials.iter().map(|one| one.candidate_ref.as_str()).collect::<Vec<_>>(), ["bob"]);
    let events = store.list_events(&tenant, &page(9)).await.unwrap();
    let of_ada: Vec<_> = events.iter().filter(|(_, event)| event.partitionkey == ada).collect();
    assert_eq!(of_ada.len(), 1);
    assert_eq!(of_ada[0].1.event_type, EventType::CandidateErased);
    assert_eq!(of_ada[0].1.sequence, "0000000003", "after the credential and the address");
    let left: Vec<_> = store.list_submissions(&tenant, &page(9)).await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(left, [other]);
    assert!(store.list_deliveries(&tenant, &DeliveryFilter::default(), &page(9)).await.unwrap().is_empty());
}

async fn a_sealed_setting_is_kept_once(database: &TestStore) {
    let first = database.store.keep_sealed_setting("receipt-key", &Secret::new("one"), noon()).await.unwrap();
    let second = database.reopened().await.keep_sealed_setting("receipt-key", &Secret::new("two"), noon()).await.unwrap();
    assert_eq!((first.expose(), second.expose()), ("one", "one"));
    assert!(database.store.sealed_setting("other").await.unwrap().is_none());
}

async fn a_wrong_master_key_is_told_apart(database: &TestStore) {
    let refused = Store::connect(&database.url, Sealer::new(&[1; 32])).await.err().map(|error| error.to_string());
    assert!(refused.as_ref().is_some_and(|text| text.contains("master key")), "{refused:?}");
}

async fn two_processes_may_start_at_once(database: &TestStore) {
    let url = match database.url.strip_suffix("skillgate.sqlite") {
        Some(folder) => format!("{folder}fresh.sqlite"),
        None => database.url.clone(),
    };
    let starts = (0..6).map(|_| Store::connect(&url, sealer()));
    for store in futures_util::future::join_all(starts).await {
        store.unwrap().ping().await.unwrap();
    }
}

async fn a_failed_transaction_leaves_nothing(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    let ada = CandidateRef::from("ada");
    let (in_tenant, candidate) = (tenant.clone(), ada.clone());
    let failed = store.transaction(move |transaction| {
        transaction.ensure_candidate(&in_tenant, &candidate, noon())?;
        Err::<(), _>(StoreError::Internal("stop".to_owned()))
    });
    assert!(failed.await.is_err());
    assert_eq!(store.candidate(&tenant, &ada).await.unwrap(), None);
}

async fn many_writers_at_once_all_succeed(TestStore { store, .. }: &TestStore) {
    let submissions = (0..40).map(|n| {
        let skills = vec![made::skill(&format!("s{n}"), "Riveting")];
        made::submit(store, made::named(&format!("person {}", n % 4)), vec![made::credential(&format!("badge {n}"), skills)])
    });
    futures_util::future::join_all(submissions).await;
    let events = store.list_events(&made::tenant(), &page(200)).await.unwrap();
    assert_eq!(events.len(), 80);
    for n in 0..4 {
        let person = CandidateRef(format!("person {n}"));
        let of_person = events.iter().filter(|(_, event)| event.partitionkey == person);
        let sequences: Vec<String> = of_person.map(|(_, event)| event.sequence.clone()).collect();
        let expected: Vec<String> = (1..=20).map(|number| format!("{number:010}")).collect();
        assert_eq!(sequences, expected, "numbers of one person follow the positions, without a gap");
    }
}

async fn the_audit_log_is_read_newest_first(TestStore { store, .. }: &TestStore) {
    let tenant = made::tenant();
    for n in 0..3 {
        store.audit(&tenant, vec![deed(&format!("candidate:{n}"))], noon()).await.unwrap();
    }
    let any = AuditFilter::default();
    let first = store.list_audit(&tenant, &any, None, 2).await.unwrap();
    assert_eq!(first.iter().map(|entry| entry.object.as_str()).collect::<Vec<_>>(), ["candidate:2", "candidate:1"]);
    assert_eq!(store.list_audit(&tenant, &any, Some(first[1].number), 2).await.unwrap().len(), 1);
    assert!(store.list_audit(&TenantId::from("other"), &any, None, 2).await.unwrap().is_empty());
    let one = AuditFilter { object: Some("candidate:1".to_owned()), from: Some(noon()), ..AuditFilter::default() };
    assert_eq!(store.list_audit(&tenant, &one, None, 9).await.unwrap(), first[1..]);
    let later = AuditFilter { from: Some(noon() + Duration::seconds(1)), ..AuditFilter::default() };
    assert!(store.list_audit(&tenant, &later, None, 9).await.unwrap().is_empty());
}

fn deed(object: &str) -> Deed {
    Deed { actor: "api_key:1".into(), action: "candidate.erase".into(), object: object.into(), address: "192.0.2.1".into() }
}

async fn entries_of_many_writers_at_once_form_one_chain(TestStore { store, url, .. }: &TestStore) {
    let other = Store::connect(url, sealer()).await.unwrap();
    let tenant = made::tenant();
    let writers = (0..40).map(|n| {
        let (store, tenant) = (if n % 2 == 0 { store.clone() } else { other.clone() }, tenant.clone());
        tokio::spawn(async move { store.audit(&tenant, vec![deed("a"), deed("b")], noon()).await })
    });
    for written in futures_util::future::join_all(writers).await {
        written.unwrap().unwrap();
    }
    assert_eq!(store.verify_audit(&tenant).await.unwrap().unwrap().number, 80);
}

async fn a_changed_removed_or_inserted_entry_of_the_audit_log_is_found(database: &TestStore) {
    let (store, tenant) = (&database.store, made::tenant());
    let write = || async {
        for n in 0..5 {
            store.audit(&tenant, vec![deed(&format!("candidate:{n}"))], noon()).await.unwrap();
        }
    };
    let found = || async { store.verify_audit(&tenant).await.unwrap() };
    write().await;
    assert_eq!(found().await.unwrap().number, 5);
    let all = "SELECT tenant_id, number, at, actor, action, object, address, hash FROM audit_entries";
    for (broken, fault) in [
        ("UPDATE audit_entries SET object = 'candidate:9' WHERE number = 3".to_owned(), AuditFault::Changed(3)),
        ("UPDATE audit_entries SET address = '192.0.2.9' WHERE number = 1".to_owned(), AuditFault::Changed(1)),
        ("DELETE FROM audit_entries WHERE number = 2".to_owned(), AuditFault::Missing(2)),
        ("DELETE FROM audit_entries WHERE number = 5".to_owned(), AuditFault::Missing(5)),
        (
            "INSERT INTO audit_entries SELECT tenant_id, 6, at, actor, action, object, address, hash FROM audit_entries \
             WHERE number = 5"
                .to_owned(),
            AuditFault::Changed(6),
        ),
        ("UPDATE audit_heads SET number = 4".to_owned(), AuditFault::Head),
        (
            "DELETE FROM audit_entries WHERE number = 2; UPDATE audit_entries SET number = number - 1 WHERE number = 3; \
             UPDATE audit_entries SET number = number - 1 WHERE number = 4; \
             UPDATE audit_entries SET number = number - 1 WHERE number = 5"
                .to_owned(),
            AuditFault::Changed(2),
        ),
    ] {
        database.execute(&format!("CREATE TABLE kept AS {all}; CREATE TABLE kept_heads AS SELECT * FROM audit_heads")).await;
        database.execute(&broken).await;
        assert_eq!(found().await, Err(fault), "{broken}");
        database
            .execute(
                "DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM kept; DELETE FROM audit_heads; \
                 INSERT INTO audit_heads SELECT * FROM kept_heads; DROP TABLE kept; DROP TABLE kept_heads",
            )
            .await;
        assert_eq!(found().await.unwrap().number, 5);
    }
}
