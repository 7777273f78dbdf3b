//! Work that continues after a request. It is stopped and watched here.

use crate::delivery::relay::Relay;
use crate::http::ports::Tasks;
use crate::model::ids::SubmissionId;
use crate::pipeline::Pipeline;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::Instrument;

/// The running tasks. Cheap to clone; clones share them.
#[derive(Clone, Default)]
pub struct Tracker(Arc<Mutex<JoinSet<()>>>);

impl Tracker {
    /// Runs a task, and removes ended tasks.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = tasks.try_join_next() {
            report(ended);
        }
        tasks.spawn(task);
    }

    /// Ends when all current tasks have ended.
    pub async fn wait(&self) {
        let mut tasks = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(ended) = tasks.join_next().await {
            report(ended);
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(cause = %error, "a background task panicked");
    }
}

/// Continues the work of requests, and wakes the relay and the workers. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    pub pipeline: Pipeline,
    pub relay: Relay,
    /// Signals a change of connections, so that the worker reads the connections at once.
    pub connections_changed: Arc<Notify>,
    /// Submissions in work.
    pub tracker: Tracker,
}

impl Tasks for Jobs {
    fn resume(&self, submission: SubmissionId) {
        let jobs = self.clone();
        let work = async move {
            if let Err(error) = jobs.pipeline.resume(&submission).await {
                tracing::error!(submission = %submission, cause = %error, "a submission could not be verified and will be taken up at the next start");
            }
            jobs.wake();
        };
        // A part of the request's trace, which the answer does not end.
        self.tracker.spawn(work.in_current_span());
    }

    fn wake(&self) {
        self.relay.wake();
        self.connections_changed.notify_one();
    }
}
