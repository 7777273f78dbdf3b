//! Work that outlives a request, owned here so that it is stopped and watched in one place.

use super::App;
use crate::http::ports::Tasks;
use crate::model::ids::SubmissionId;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// The running tasks. Cheap to clone; clones share them.
#[derive(Clone, Default)]
pub struct Tracker(Arc<Mutex<JoinSet<()>>>);

impl Tracker {
    /// Runs a task, and forgets those that have ended.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = tasks.try_join_next() {
            report(ended);
        }
        tasks.spawn(task);
    }

    /// Ends when every task has ended.
    pub async fn wait(&self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(ended) = tasks.join_next().await {
            report(ended);
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(cause = %error, "a task ended in a panic");
    }
}

impl Tasks for App {
    fn resume(&self, submission: SubmissionId) {
        let app = self.clone();
        self.tracker.spawn(async move {
            if let Err(error) = app.pipeline.resume(&submission).await {
                tracing::error!(submission = %submission, cause = %error, "a submission could not be worked on; it is tried again at the next start");
            }
            app.wake();
        });
    }

    fn wake(&self) {
        self.relay.wake();
        self.connections_changed.notify_one();
    }
}
