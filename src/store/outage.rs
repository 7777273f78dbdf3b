//! Notices that the database is away, so that nobody waits for it: calls are refused at once until it is back.
//! Comes in: successes and failures of connections. Goes out: whether to try, whether to test a connection before its use.
//! Must not know: which database it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// While the database is away, one call in this time finds out whether it is back.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// After a failure connections are tested for this time before they are used, so that those that the failure cut are replaced.
/// While nothing fails, no test costs a round trip.
const SUSPICION: Duration = Duration::from_secs(300);

/// Whether the database answers, as far as is known. Cheap to clone; clones share it.
#[derive(Clone, Default)]
pub struct Outage(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    last_failure: Option<Instant>,
    /// While no connection can be made: when the next call may try.
    next_try: Option<Instant>,
}

impl Outage {
    /// False while the database is away and was asked a moment ago.
    pub fn may_try(&self, now: Instant) -> bool {
        let mut known = self.known();
        match known.next_try {
            Some(moment) if now < moment => false,
            Some(_) => {
                known.next_try = Some(now + BETWEEN_TRIES);
                true
            }
            None => true,
        }
    }

    /// A connection failed while it was used.
    pub fn failed(&self, now: Instant) {
        self.known().last_failure = Some(now);
    }

    /// No connection could be made.
    pub fn began(&self, now: Instant) {
        let mut known = self.known();
        if known.next_try.is_none() {
            tracing::warn!("the database is away; requests that need it are refused until it is back");
        }
        (known.last_failure, known.next_try) = (Some(now), Some(now + BETWEEN_TRIES));
    }

    /// A connection could be made, or a tested connection works.
    pub fn ended(&self) {
        if self.known().next_try.take().is_some() {
            tracing::info!("the database is back");
        }
    }

    pub fn is_suspected(&self, now: Instant) -> bool {
        self.known().last_failure.is_some_and(|since| now.saturating_duration_since(since) < SUSPICION)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_the_database_is_away_one_call_a_second_tries() {
        let outage = Outage::default();
        let start = Instant::now();
        assert!(outage.may_try(start) && outage.may_try(start));
        outage.began(start);
        assert!(!outage.may_try(start));
        assert!(outage.may_try(start + BETWEEN_TRIES));
        assert!(!outage.may_try(start + BETWEEN_TRIES), "another call tries already");
        outage.ended();
        assert!(outage.may_try(start + BETWEEN_TRIES) && outage.may_try(start + BETWEEN_TRIES));
    }

    #[test]
    fn connections_are_tested_for_a_while_after_a_failure() {
        let outage = Outage::default();
        let start = Instant::now();
        assert!(!outage.is_suspected(start));
        outage.failed(start);
        assert!(outage.is_suspected(start + Duration::from_secs(1)));
        assert!(!outage.is_suspected(start + SUSPICION));
        assert!(outage.may_try(start), "a failed statement is no outage");
    }
}
