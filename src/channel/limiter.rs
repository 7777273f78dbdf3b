//! A bound on how often something may be done in a minute by each of many.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// So many a minute of each `K`. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Limiter<K> {
    most: u32,
    window: Arc<Mutex<Window<K>>>,
}

struct Window<K> {
    minute: i64,
    counts: HashMap<K, u32>,
}

impl<K: Eq + Hash> Limiter<K> {
    pub fn per_minute(most: u32) -> Self {
        Self { most, window: Arc::new(Mutex::new(Window { minute: 0, counts: HashMap::new() })) }
    }

    /// Counts one more; false when this one had enough in this minute.
    pub fn admit(&self, of: K, now: DateTime<Utc>) -> bool {
        let minute = now.timestamp().div_euclid(60);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.minute != minute {
            *window = Window { minute, counts: HashMap::new() };
        }
        let count = window.counts.entry(of).or_default();
        let is_free = *count < self.most;
        *count += u32::from(is_free);
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn a_minute_takes_so_many_of_each_address_and_the_next_one_starts_anew() {
        let limiter = Limiter::per_minute(2);
        let now = DateTime::from_timestamp(600, 0).unwrap();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert!(limiter.admit(one, now) && limiter.clone().admit(one, now) && !limiter.admit(one, now));
        assert!(limiter.admit(other, now));
        assert!(limiter.admit(one, now + chrono::Duration::seconds(60)));
    }
}
