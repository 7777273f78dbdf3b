//! Makes what is counted, in one registry. Comes in: nothing. Goes out: the collectors of each part.

use crate::delivery::Counters;
use crate::http::metrics::Metrics;
use prometheus::{Histogram, HistogramOpts, Registry};

pub struct Counting {
    pub metrics: Metrics,
    /// Seconds per credential.
    pub verification: Histogram,
    pub attempts: Counters,
}

impl Counting {
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let help = "Time of the verification of a credential, with what it fetches.";
        let options = HistogramOpts::new("skillgate_verification_seconds", help);
        let verification = Histogram::with_opts(options.buckets(vec![0.002, 0.005, 0.02, 0.1, 0.5, 2.0, 12.0]))?;
        registry.register(Box::new(verification.clone()))?;
        let attempts = Counters::new(&registry)?;
        Ok(Self { metrics: Metrics::new(registry)?, verification, attempts })
    }
}
