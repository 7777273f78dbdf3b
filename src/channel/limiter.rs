//! A bound on the number of rows that strangers can make the gateway store.

use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex, PoisonError};

/// So many a minute, counted over all callers. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Limiter {
    most: u32,
    window: Arc<Mutex<(i64, u32)>>,
}

impl Limiter {
    pub fn per_minute(most: u32) -> Self {
        Self { most, window: Arc::default() }
    }

    /// Counts one more; false when there were enough in this minute.
    pub fn admit(&self, now: DateTime<Utc>) -> bool {
        let minute = now.timestamp().div_euclid(60);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.0 != minute {
            *window = (minute, 0);
        }
        if window.1 >= self.most {
            return false;
        }
        window.1 += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_takes_so_many_and_the_next_one_starts_anew() {
        let limiter = Limiter::per_minute(2);
        let now = DateTime::from_timestamp(600, 0).unwrap();
        assert!(limiter.admit(now) && limiter.clone().admit(now) && !limiter.admit(now));
        assert!(limiter.admit(now + chrono::Duration::seconds(60)));
    }
}
