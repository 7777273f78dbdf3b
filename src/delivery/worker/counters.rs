//! Counts attempts for `/metrics`. Comes in: attempts and their results. Goes out: collectors of the registry.
//! Labels come from closed lists: installed connectors and names of results. Never an id or a tenant.

use super::result;
use crate::model::delivery::{Attempt, Delivery, DeliveryResult};
use chrono::{DateTime, Utc};
use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Counters {
    attempts: IntCounterVec,
    seconds: HistogramVec,
    until_taken: Histogram,
}

impl Counters {
    /// # Errors
    /// The registry already holds such collectors.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let opts = Opts::new("skillgate_attempts_total", "Attempts to deliver an event, by their result.");
        let seconds = HistogramOpts::new(
            "skillgate_attempt_seconds",
            "Time of an attempt, with all its requests to the employer's system.",
        );
        let until_taken = "Time from the making of a delivery until the employer's system has it, retries included.";
        let until_taken = HistogramOpts::new("skillgate_delivery_seconds", until_taken);
        let counters = Self {
            attempts: IntCounterVec::new(opts, &["connector", "result"])?,
            seconds: HistogramVec::new(seconds.buckets(vec![0.01, 0.05, 0.2, 1.0, 5.0, 20.0, 60.0, 300.0]), &["connector"])?,
            until_taken: Histogram::with_opts(until_taken.buckets(vec![0.05, 0.2, 1.0, 5.0, 30.0, 300.0, 3600.0, 86_400.0]))?,
        };
        let collectors: [Box<dyn Collector>; 3] =
            [Box::new(counters.attempts.clone()), Box::new(counters.seconds.clone()), Box::new(counters.until_taken.clone())];
        collectors.into_iter().try_for_each(|collector| registry.register(collector))?;
        Ok(counters)
    }

    /// Shows the connector's counts from the first moment, as 0: what is first seen as 1 does not count as an increase.
    pub fn expect(&self, connector: &str) {
        self.seconds.with_label_values(&[connector]);
        for name in result::NAMES {
            self.attempts.with_label_values(&[connector, name]);
        }
    }

    pub fn count(&self, connector: &str, delivery: &Delivery, attempt: &Attempt, outcome: &DeliveryResult) {
        let (name, _) = result::told(outcome);
        self.attempts.with_label_values(&[connector, name]).inc();
        let seconds = |from: DateTime<Utc>, until: DateTime<Utc>| (until - from).as_seconds_f64().max(0.0);
        self.seconds.with_label_values(&[connector]).observe(seconds(attempt.started_at, attempt.finished_at));
        if matches!(outcome, DeliveryResult::Delivered | DeliveryResult::Unchanged) {
            self.until_taken.observe(seconds(delivery.created_at, attempt.finished_at));
        }
    }
}
