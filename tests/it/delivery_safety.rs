//! What spares a system that fails, what stops a connection that only fails, and what is sent later: on both databases.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::employer::take_events;
use crate::support::made;
use chrono::{DateTime, Duration, Utc};
use skillgate::model::breaker::Sign;
use skillgate::model::connection::{Connection, ConnectionState, Secrets};
use skillgate::model::delivery::{Attempt, DeliveryResult, DeliveryState};
use skillgate::model::ids::{AttemptId, CandidateRef, ConnectionId};
use skillgate::model::record::DeliveryFilter;
use skillgate::model::secret::Secret;
use skillgate::store::{Backfill, BackfillPage, Claim, LaneWork, Record, Store};
use std::collections::BTreeMap;

on_both_databases!(
    a_system_that_fails_rests_is_tried_by_one_delivery_and_then_gets_all,
    dead_letters_in_a_row_pause_the_connection_until_a_person_resumes_it,
    a_new_connection_is_sent_what_stands_already_and_nothing_twice,
    a_backfill_asks_for_an_issuer_and_a_time,
    a_question_means_the_same_deliveries_in_the_preview_and_in_the_replay,
    replaced_secrets_count_until_their_grace_period_ends,
);

const PEOPLE: [&str; 8] = ["ada", "ben", "cem", "dan", "eva", "fay", "gus", "hal"];

/// A connection, and one delivery for each of eight people.
async fn eight_deliveries(store: &Store) -> Connection {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    for person in PEOPLE {
        made::submit(store, made::named(person), vec![made::credential(person, vec![])]).await;
    }
    take_events(store, noon()).await;
    connection
}

async fn claim(store: &Store, connection: &ConnectionId, now: DateTime<Utc>) -> Vec<LaneWork> {
    let people = PEOPLE.map(CandidateRef::from);
    let claimed = store.claim_lanes((&made::tenant(), connection), &people, "worker", now, Duration::minutes(1)).await.unwrap();
    let Claim::Lanes { claimed, .. } = claimed else { panic!("{claimed:?}") };
    claimed
}

async fn record(store: &Store, lane: &LaneWork, result: &DeliveryResult, sign: &Sign, now: DateTime<Utc>) {
    let work = &lane.work[0];
    let attempt = Attempt {
        id: AttemptId::generate(),
        delivery_id: work.delivery.id.clone(),
        number: work.delivery.attempts + 1,
        started_at: now,
        finished_at: now,
        result: "as it went".to_owned(),
        reason: None,
        message: None,
        calls: Vec::new(),
    };
    let record = Record {
        tenant: made::tenant(),
        connection: work.delivery.connection_id.clone(),
        candidate: lane.candidate.clone(),
        event: work.event.id.clone(),
        holder: "worker".to_owned(),
        attempt,
        result: result.clone(),
        sign: sign.clone(),
        ledger: BTreeMap::new(),
        is_last: true,
    };
    store.record_attempts(vec![record], now, Duration::minutes(1)).await.unwrap();
}

async fn a_system_that_fails_rests_is_tried_by_one_delivery_and_then_gets_all(TestStore { store, .. }: &TestStore) {
    let connection = eight_deliveries(store).await;
    let lanes = claim(store, &connection.id, noon()).await;
    assert_eq!(lanes.len(), 8);
    let later = noon() + Duration::seconds(5);
    let failed = DeliveryResult::RetryAt { at: later, reason: "server_error".into(), message: "It answered 503.".into() };
    let sign = Sign::Failing { reason: "server_error".into(), message: "It answered 503.".into() };
    for lane in &lanes[..5] {
        record(store, lane, &failed, &sign, noon()).await;
    }
    let rest: Vec<CandidateRef> = lanes[5..].iter().map(|lane| lane.candidate.clone()).collect();
    store.release_lanes(&connection.id, &rest, "worker", noon()).await.unwrap();
    let ids = [connection.id.clone()];
    let breaker = store.breakers(&ids).await.unwrap().remove(&connection.id).unwrap();
    assert_eq!((breaker.failures, breaker.reason.as_deref()), (5, Some("server_error")));
    let rested = breaker.resting_until.unwrap();
    assert!(rested > noon() + Duration::seconds(7), "{rested}");
    assert!(claim(store, &connection.id, noon() + Duration::seconds(6)).await.is_empty(), "it rests");

    let probe = claim(store, &connection.id, rested).await;
    assert_eq!(probe.len(), 1, "one delivery tries whether the system is back");
    assert!(claim(store, &connection.id, rested).await.is_empty(), "the others wait for it");
    record(store, &probe[0], &DeliveryResult::Delivered, &Sign::Well, rested).await;
    assert!(store.breakers(&ids).await.unwrap().is_empty());
    assert_eq!(store.take_due_lanes(rested, Duration::minutes(5), 10).await.unwrap().len(), 7, "all others are told at once");
    assert_eq!(claim(store, &connection.id, rested).await.len(), 7);
}

async fn dead_letters_in_a_row_pause_the_connection_until_a_person_resumes_it(TestStore { store, .. }: &TestStore) {
    let connection = eight_deliveries(store).await;
    let dead = DeliveryResult::Permanent { reason: "refused".into(), message: "No such field.".into() };
    let sign = Sign::Refused { reason: "refused".into(), message: "No such field.".into() };
    let tenant = made::tenant();
    let mut rounds = 0;
    while store.connection(&tenant, &connection.id).await.unwrap().unwrap().state == ConnectionState::Active {
        for lane in claim(store, &connection.id, noon()).await {
            record(store, &lane, &dead, &sign, noon()).await;
        }
        store.replay_deliveries(&tenant, &DeliveryFilter::default(), 100, noon()).await.unwrap();
        rounds += 1;
        assert!(rounds < 10, "it is never paused");
    }
    let paused = store.connection(&tenant, &connection.id).await.unwrap().unwrap();
    let why = paused.paused_reason.unwrap();
    assert!(why.contains("dead letters") && why.contains("No such field."), "{why}");
    store.set_connection_state(&tenant, &connection.id, ConnectionState::Active, None, noon()).await.unwrap();
    assert!(store.breakers(std::slice::from_ref(&connection.id)).await.unwrap().is_empty(), "a resumed connection begins anew");
    assert_eq!(claim(store, &connection.id, noon()).await.len(), 8);
}

async fn all(store: &Store, to: &Connection, which: &Backfill, preview: bool) -> BackfillPage {
    let page = store.backfill((to, which), 0, preview, noon(), |_| true).await.unwrap();
    assert_eq!(page.next, None);
    page
}

async fn a_new_connection_is_sent_what_stands_already_and_nothing_twice(TestStore { store, .. }: &TestStore) {
    let skill = made::skill("s1", "Riveting");
    made::submit(store, made::named("ada"), vec![made::credential("badge", vec![skill])]).await;
    // The second issue of a credential takes the place of the first.
    for day in [1, 2] {
        let issue = made::issue("key", noon() - Duration::days(10) + Duration::days(day), vec![]);
        made::submit(store, made::named("ben"), vec![issue]).await;
    }
    take_events(store, noon()).await;
    let late = made::connection("a new ATS");
    store.create_connection(&late, &Secrets::new()).await.unwrap();
    let which = Backfill::default();
    let preview = all(store, &late, &which, true).await;
    let listed = async || {
        let filter = DeliveryFilter { connection_id: Some(late.id.clone()), ..DeliveryFilter::default() };
        store.count_deliveries(&made::tenant(), &filter).await.unwrap()
    };
    assert_eq!((preview.credentials.len(), listed().await), (2, 0), "{preview:?}");
    let made_now = all(store, &late, &which, false).await;
    assert_eq!((&made_now, listed().await), (&preview, preview.events));
    let lanes = claim(store, &late.id, noon()).await;
    let of_ada = lanes.iter().find(|lane| lane.candidate.as_str() == "ada").unwrap();
    let types: Vec<&str> = of_ada.work.iter().map(|work| work.event.event_type.as_str()).collect();
    assert_eq!(types, ["org.skillgate.credential.verified.v1", "org.skillgate.skill.asserted.v1"], "in their order");
    let of_ben = lanes.iter().find(|lane| lane.candidate.as_str() == "ben").unwrap();
    assert_eq!(of_ben.work.len(), 1, "what was superseded is not sent");
    assert_eq!(all(store, &late, &which, false).await.events, 0, "nothing is sent twice");
}

async fn a_backfill_asks_for_an_issuer_and_a_time(TestStore { store, .. }: &TestStore) {
    made::submit(store, made::named("ada"), vec![made::credential("badge", vec![])]).await;
    take_events(store, noon()).await;
    let late = made::connection("a new ATS");
    store.create_connection(&late, &Secrets::new()).await.unwrap();
    let count = async |which: Backfill| all(store, &late, &which, true).await.events;
    let issuer = |issuer: &str| Backfill { issuer: Some(issuer.to_owned()), ..Backfill::default() };
    assert_eq!((count(issuer("did:example:college")).await, count(issuer("did:example:other")).await), (1, 0));
    let since = |since| Backfill { since: Some(since), ..Backfill::default() };
    assert_eq!((count(since(noon())).await, count(since(noon() + Duration::days(1))).await), (1, 0));
    assert_eq!(count(Backfill { until: Some(noon()), ..Backfill::default() }).await, 0);
    let mut deaf = late.clone();
    deaf.event_types = vec![skillgate::model::event::EventType::SkillWithdrawn];
    assert_eq!(all(store, &deaf, &Backfill::default(), true).await.events, 0, "only what the connection takes");
}

async fn a_question_means_the_same_deliveries_in_the_preview_and_in_the_replay(TestStore { store, .. }: &TestStore) {
    let connection = eight_deliveries(store).await;
    let tenant = made::tenant();
    for (number, lane) in claim(store, &connection.id, noon()).await.iter().enumerate() {
        let reason = if number < 3 { "no_match" } else { "ambiguous" };
        let parked = DeliveryResult::Parked { reason: reason.into(), message: "A person must look.".into() };
        record(store, lane, &parked, &Sign::Answered, noon()).await;
    }
    let question = |reason: &str| DeliveryFilter {
        connection_id: Some(connection.id.clone()),
        state: Some(DeliveryState::Parked),
        reason: Some(reason.to_owned()),
        since: Some(noon()),
        until: Some(noon() + Duration::days(1)),
        ..DeliveryFilter::default()
    };
    assert_eq!(store.count_deliveries(&tenant, &question("no_match")).await.unwrap(), 3);
    assert_eq!(
        store.replay_deliveries(&tenant, &question("no_match"), 2, noon()).await.unwrap(),
        2,
        "at most as many as asked for"
    );
    assert_eq!(store.replay_deliveries(&tenant, &question("no_match"), 100, noon()).await.unwrap(), 1);
    assert_eq!(store.count_deliveries(&tenant, &question("ambiguous")).await.unwrap(), 5);
    assert_eq!(claim(store, &connection.id, noon()).await.len(), 3);
    let late = DeliveryFilter { since: Some(noon() + Duration::days(1)), ..DeliveryFilter::default() };
    assert_eq!(store.count_deliveries(&tenant, &late).await.unwrap(), 0);
}

async fn replaced_secrets_count_until_their_grace_period_ends(TestStore { store, .. }: &TestStore) {
    let connection = made::connection("ATS");
    let secrets = |value: &str| Secrets::from([("key".to_owned(), Secret::new(value))]);
    store.create_connection(&connection, &secrets("first")).await.unwrap();
    let until = noon() + Duration::hours(1);
    let old = async |now| store.previous_secrets(&connection.id, now).await.unwrap();
    assert!(store.update_connection(&connection, &secrets("second"), Some(until)).await.unwrap());
    assert_eq!(old(noon()).await["key"].expose(), "first");
    assert!(old(until).await.is_empty());
    let periods = store.grace_periods(std::slice::from_ref(&connection.id), noon()).await.unwrap();
    assert_eq!(periods[&connection.id]["key"], until);
    // The same value again is no change, and a change without a grace period takes effect for all at once.
    assert!(store.update_connection(&connection, &secrets("second"), None).await.unwrap());
    assert_eq!(old(noon()).await["key"].expose(), "first");
    assert!(store.update_connection(&connection, &secrets("third"), None).await.unwrap());
    assert!(old(noon()).await.is_empty());
    assert_eq!(store.connection_secrets(&connection.id).await.unwrap()["key"].expose(), "third");
}
