//! Work that outlives a request, owned here so that it is stopped and watched in one place.

use super::App;
use crate::http::ports::Tasks;
use crate::model::ids::SubmissionId;

impl Tasks for App {
    fn resume(&self, submission: SubmissionId) {
        let pipeline = self.pipeline.clone();
        self.tracker.spawn(async move {
            if let Err(error) = pipeline.resume(&submission).await {
                tracing::error!(submission = %submission, cause = %error, "a submission could not be worked on; it is tried again at the next start");
            }
        });
    }

    fn wake(&self) {
        self.wake.notify_one();
    }
}
