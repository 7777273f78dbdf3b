//! The request rate of a connection over several processes: on PostgreSQL they share the database that gives out the turns.

use crate::support::databases::{TestStore, noon, on_both_databases};
use crate::support::made;
use skillgate::connector::file::{FileEnd, FileError, FileJob};
use skillgate::connector::limits::{Rate, Turns, Wait};
use skillgate::connector::outside::Outside;
use skillgate::connector::{Engine, Registry};
use skillgate::http_client::{HttpError, OutboundRequest, OutboundResponse};
use skillgate::model::clock::Clock;
use skillgate::model::connection::Secrets;
use skillgate::model::ids::{ConnectionId, TenantId};
use skillgate::model::secret::Secret;
use skillgate::store::Turn;
use std::path::Path;
use std::sync::{Arc, Mutex};
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

/// Gives every turn one step later, and notes how long the engine would have waited.
#[derive(Default)]
struct OneStepLater(Mutex<Vec<(Rate, Duration)>>);

#[async_trait::async_trait]
impl Turns for OneStepLater {
    async fn next(&self, _: &ConnectionId, rate: Rate, patience: Duration) -> Wait {
        self.0.lock().unwrap().push((rate, patience));
        Wait::TooLong(rate.between())
    }
}

struct Nobody;

#[async_trait::async_trait]
impl Outside for Nobody {
    async fn send(&self, _: OutboundRequest) -> Result<OutboundResponse, HttpError> {
        Err(HttpError::TimedOut("api.hibob.com".into()))
    }
    async fn write_file(&self, _: &TenantId, _: FileJob) -> Result<FileEnd, FileError> {
        Err(FileError::Failed("there is no folder".into()))
    }
}

/// A delivery of several calls to a system with ten calls a minute would otherwise begin again and again.
#[tokio::test]
async fn who_has_the_next_turn_of_a_slow_system_waits_for_it() {
    let connector = Registry::load(Path::new("")).unwrap().get("hibob").unwrap();
    let turns = Arc::new(OneStepLater::default());
    let engine = Engine::new(Arc::new(Nobody), Clock::fixed(noon())).with_turns(turns.clone());
    let mut connection = made::connection("HiBob");
    connection.fields.insert("table_id".to_owned(), "certs".into());
    let secret = |name: &str| (name.to_owned(), Secret::new("x"));
    let secrets = Secrets::from([secret("service_user"), secret("token")]);
    let report = engine.check_connection(&connector, &connection, &secrets).await;
    assert!(!report.ok, "{}", report.message);
    let asked = turns.0.lock().unwrap().clone();
    assert_eq!(asked.len(), 1, "{}", report.message);
    assert!(asked[0].1 > asked[0].0.between(), "{asked:?}");
}
