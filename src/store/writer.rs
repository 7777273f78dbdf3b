//! The one writer of an SQLite database: writes that wait at the same time share one transaction, and so one wait for the disk.
//! Comes in: pieces of work. Goes out: their results, once all of it is written.
//! Each piece is a savepoint of its own: a piece that fails takes no other piece with it.
//! A transaction that holds nothing promised does not wait for the disk: the next one that does takes it there, too.

use super::pool::{AnyConnection, Manager, each_backend, in_transaction};
use super::prepared::run_prepared;
use super::{Promise, Result, StoreError};
use diesel::connection::SimpleConnection;
use diesel::r2d2::Pool;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Pieces per transaction.
const MOST: usize = 64;
/// A transaction takes up no further piece after this time.
const LONGEST: Duration = Duration::from_millis(40);

/// Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Writer(Arc<Inner>);

struct Inner {
    pool: Pool<Manager>,
    /// The setting that the connection got last. A new connection keeps every promise, until it is told otherwise.
    told: Mutex<Promise>,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Box<dyn Piece>>,
    /// A thread of the blocking pool works on the line.
    is_served: bool,
}

trait Piece: Send {
    fn promise(&self) -> Promise;
    fn run(&mut self, connection: &mut AnyConnection);
    /// `committed`: whether the work is on the disk.
    fn end(self: Box<Self>, committed: Result<()>);
}

struct Work<T, F> {
    promise: Promise,
    work: Option<F>,
    result: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<T, F> Piece for Work<T, F>
where
    T: Send,
    F: FnOnce(&mut AnyConnection) -> Result<T> + Send,
{
    fn promise(&self) -> Promise {
        self.promise
    }

    fn run(&mut self, connection: &mut AnyConnection) {
        self.result = self.work.take().map(|work| in_savepoint(connection, work));
    }

    fn end(self: Box<Self>, committed: Result<()>) {
        let Work { result, answer, .. } = *self;
        let stopped = || Err(StoreError::Internal("a write was not begun".to_owned()));
        let result = committed.and_then(|()| result.unwrap_or_else(stopped));
        // The caller may have gone away; the work is done all the same.
        drop(answer.send(result));
    }
}

impl Writer {
    pub fn new(pool: Pool<Manager>) -> Self {
        Self(Arc::new(Inner { pool, told: Mutex::new(Promise::Kept), line: Mutex::default() }))
    }

    pub fn is_busy(&self) -> bool {
        self.0.line().is_served
    }

    /// Committed when the work is `Ok`, else nothing of it happened.
    pub async fn write<T, F>(&self, promise: Promise, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let begins = {
            let mut line = self.0.line();
            line.waiting.push_back(Box::new(Work { promise, work: Some(work), result: None, answer }));
            !std::mem::replace(&mut line.is_served, true)
        };
        if begins {
            let inner = self.0.clone();
            drop(tokio::task::spawn_blocking(move || inner.serve()));
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::Internal("a database task was stopped".to_owned())))
    }
}

impl Inner {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works until nothing waits.
    fn serve(&self) {
        loop {
            {
                let mut line = self.line();
                if line.waiting.is_empty() {
                    line.is_served = false;
                    return;
                }
            }
            // A panic drops the transaction with its connection, and the answers with their pieces.
            if catch_unwind(AssertUnwindSafe(|| self.write_some())).is_err() {
                tracing::error!("a write was broken off by a defect, and the writes that shared its transaction with it");
            }
        }
    }

    /// The strongest promise of the pieces that the next transaction may take up.
    fn promise(&self) -> Promise {
        self.line().waiting.iter().take(MOST).map(|piece| piece.promise()).max().unwrap_or(Promise::Soon)
    }

    /// The next piece, unless it asks for more than the transaction keeps.
    fn next(&self, kept: Promise) -> Option<Box<dyn Piece>> {
        self.line().waiting.pop_front_if(|piece| piece.promise() <= kept)
    }

    fn keep(&self, connection: &mut AnyConnection, kept: Promise) -> Result<()> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != kept {
            let synchronous = match kept {
                Promise::Soon => "PRAGMA synchronous = NORMAL",
                Promise::Kept => "PRAGMA synchronous = FULL",
            };
            each_backend!(connection, c => c.batch_execute(synchronous))?;
            *told = kept;
        }
        Ok(())
    }

    fn write_some(&self) {
        let mut pieces = Vec::new();
        let kept = self.promise();
        let committed = self.pool.get().map_err(StoreError::from).and_then(|mut connection| {
            self.keep(&mut connection, kept)?;
            in_transaction(&mut connection, |connection| {
                let begun = Instant::now();
                while pieces.len() < MOST && begun.elapsed() < LONGEST {
                    let Some(mut piece) = self.next(kept) else { break };
                    piece.run(connection);
                    pieces.push(piece);
                }
                Ok(())
            })
        });
        if pieces.is_empty() && committed.is_err() {
            // The transaction was not begun: all who wait learn why.
            pieces.extend(std::mem::take(&mut self.line().waiting));
        }
        for piece in pieces {
            piece.end(committed.clone());
        }
    }
}

fn in_savepoint<T>(connection: &mut AnyConnection, work: impl FnOnce(&mut AnyConnection) -> Result<T>) -> Result<T> {
    let mut run = |statement: &str| run_prepared!(connection, diesel::sql_query(statement));
    run("SAVEPOINT piece")?;
    let result = work(connection);
    let mut run = |statement: &str| run_prepared!(connection, diesel::sql_query(statement));
    if result.is_err() {
        run("ROLLBACK TO piece")?;
    }
    run("RELEASE piece")?;
    result
}
