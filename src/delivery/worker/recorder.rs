//! Writes the attempts of many lanes in one transaction, so that they share one round trip and one wait for the disk.
//! Comes in: records, one per attempt. Goes out: the fate of each record, once it is on the disk.
//! Starts no task: whoever finds nobody writing writes for all who wait.

use crate::model::clock::Clock;
use crate::store::{Record, Recorded, Store, StoreError};
use chrono::Duration as Span;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot::{self, Sender};

/// Records per transaction.
const MOST: usize = 256;
/// While fewer records wait, they gather for a moment: a transaction costs nearly the same for one record and for many, and no
/// delivery waits for it but the last of a lane.
const MANY: usize = 64;
const GATHERING: Duration = Duration::from_millis(4);

type Waiting = (Record, Sender<Result<Recorded, StoreError>>);

/// Shared by all lanes of a process.
pub struct Recorder {
    store: Store,
    clock: Clock,
    lease: Span,
    waiting: Mutex<Vec<Waiting>>,
    /// Held by whoever writes.
    turn: tokio::sync::Mutex<()>,
}

impl Recorder {
    /// A lane that goes on stays with its holder for `lease`.
    pub fn new(store: Store, clock: Clock, lease: Span) -> Self {
        Self { store, clock, lease, waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Returns once the record is on the disk. Records of one lane are written in the order in which they were given. Must be
    /// polled until it returns: it may be writing for others.
    pub async fn record(&self, record: Record) -> Result<Recorded, StoreError> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push((record, answer));
        loop {
            tokio::select! {
                biased;
                written = &mut answered => return written.unwrap_or_else(|_| Err(abandoned())),
                _turn = self.turn.lock() => match answered.try_recv() {
                    Ok(written) => return written,
                    Err(oneshot::error::TryRecvError::Closed) => return Err(abandoned()),
                    Err(oneshot::error::TryRecvError::Empty) => self.write().await,
                },
            }
        }
    }

    async fn write(&self) {
        if self.waiting().len() < MANY {
            tokio::time::sleep(GATHERING).await;
        }
        let some: Vec<Waiting> = {
            let mut waiting = self.waiting();
            let count = waiting.len().min(MOST);
            waiting.drain(..count).collect()
        };
        let (records, answers): (Vec<Record>, Vec<Sender<_>>) = some.into_iter().unzip();
        let written = self.store.record_attempts(records, self.clock.now(), self.lease).await;
        let results: Vec<Result<Recorded, StoreError>> = match written {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) => answers.iter().map(|_| Err(error.clone())).collect(),
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Whoever does not wait any more has given the lane up.
            drop(answer.send(result));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer was stopped: it is unknown whether the record was written.
fn abandoned() -> StoreError {
    StoreError::Unavailable("the writer of attempts was stopped".to_owned())
}
