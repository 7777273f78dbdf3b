//! A database that goes away and comes back, behind a door that the test opens and closes: nobody waits for it, and everything goes on
//! by itself.

use crate::support::databases::{TestStore, sealer};
use skillgate::store::{Store, StoreError};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Leads to PostgreSQL while it is open.
struct Door {
    address: std::net::SocketAddr,
    behind: String,
    open: CancellationToken,
}

impl Door {
    async fn open(behind: &str, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (address, open, to) = (listener.local_addr().unwrap(), CancellationToken::new(), behind.to_owned());
        let closed = open.clone();
        tokio::spawn(async move {
            loop {
                let mut client = tokio::select! {
                    () = closed.cancelled() => return,
                    accepted = listener.accept() => accepted.unwrap().0,
                };
                let (to, closed) = (to.clone(), closed.clone());
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(to).await.unwrap();
                    tokio::select! {
                        () = closed.cancelled() => {}
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                    }
                });
            }
        });
        Self { address, behind: behind.to_owned(), open }
    }

    fn close(&self) {
        self.open.cancel();
    }

    async fn open_again(&self) -> Self {
        for _ in 0..100 {
            // The old listener goes away a moment after the signal.
            tokio::time::sleep(Duration::from_millis(20)).await;
            if std::net::TcpListener::bind(self.address).is_ok() {
                return Self::open(&self.behind, &self.address.to_string()).await;
            }
        }
        panic!("the port stays taken");
    }
}

async fn is_away(store: &Store) -> Duration {
    let began = Instant::now();
    let answer = store.ping().await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn a_database_that_is_away_keeps_nobody_waiting_and_is_used_again_when_it_is_back() {
    let database = TestStore::postgres().await;
    let (before, rest) = database.url.split_once('@').unwrap();
    let (server, rest) = rest.split_once('/').unwrap();
    let door = Door::open(server, "127.0.0.1:0").await;
    let store = Store::connect(&format!("{before}@{}/{rest}", door.address), sealer()).await.unwrap();
    store.ping().await.unwrap();

    door.close();
    // What is under way when the database goes away learns of it; then one call finds that no connection can be made.
    for _ in 0..3 {
        assert!(is_away(&store).await < Duration::from_secs(5));
    }
    let waits = futures_util::future::join_all((0..200).map(|_| is_away(&store))).await;
    let waiting = waits.iter().filter(|wait| **wait > Duration::from_millis(500)).count();
    assert!(waiting <= 1, "{waiting} of 200 calls waited: only the call that tries may");

    let _door = door.open_again().await;
    let began = Instant::now();
    while store.ping().await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(10), "it is not used again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let calls = futures_util::future::join_all((0..50).map(|_| store.ping())).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
}
