//! The request rate of a connection over several processes: on PostgreSQL they share the database that gives out the turns.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use skillgate::connector::limits::Rate;
use skillgate::model::connection::Secrets;
use skillgate::store::Turn;
use std::time::Duration;

on_both_databases!(
    turns_are_given_out_once_and_far_enough_apart_whoever_asks,
    a_turn_that_would_come_too_late_is_not_taken,
    a_turn_that_nobody_used_gives_no_burst_afterwards,
);

const PATIENCE: Duration = Duration::from_secs(5);

async fn turns_are_given_out_once_and_far_enough_apart_whoever_asks(TestStore { store, .. }: &TestStore) {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    let rate = Rate::parse("10/s").unwrap();
    let asks = (0..20).map(|_| store.take_turn(&connection.id, rate.between(), PATIENCE, noon()));
    let mut waits = Vec::new();
    for turn in futures_util::future::join_all(asks).await {
        let Turn::In(wait) = turn.unwrap() else { panic!("all fit into five seconds") };
        waits.push(wait);
    }
    waits.sort_unstable();
    assert_eq!(waits[0], Duration::ZERO);
    assert!(waits.windows(2).all(|two| two[1] - two[0] == rate.between()), "{waits:?}");
    let in_a_second = waits.iter().filter(|wait| **wait <= Duration::from_secs(1)).count();
    assert!(in_a_second <= 10, "{in_a_second} requests in one second");
}

async fn a_turn_that_would_come_too_late_is_not_taken(TestStore { store, .. }: &TestStore) {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    let minute = Duration::from_secs(60);
    let take = || store.take_turn(&connection.id, minute, PATIENCE, noon());
    assert_eq!(take().await.unwrap(), Turn::In(Duration::ZERO));
    assert_eq!(take().await.unwrap(), Turn::TooLate(minute));
    assert_eq!(take().await.unwrap(), Turn::TooLate(minute), "the refused one has not moved the next");
}

async fn a_turn_that_nobody_used_gives_no_burst_afterwards(TestStore { store, .. }: &TestStore) {
    let connection = made::connection("ATS");
    store.create_connection(&connection, &Secrets::new()).await.unwrap();
    let second = Duration::from_secs(1);
    store.take_turn(&connection.id, second, PATIENCE, noon()).await.unwrap();
    let later = noon() + chrono::Duration::hours(1);
    let take = || store.take_turn(&connection.id, second, PATIENCE, later);
    assert_eq!([take().await.unwrap(), take().await.unwrap()], [Turn::In(Duration::ZERO), Turn::In(second)]);
}
