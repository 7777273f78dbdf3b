//! A bound on the number of rows that strangers can make the gateway store.

use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// So many a minute of each address. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Limiter {
    most: u32,
    window: Arc<Mutex<Window>>,
}

#[derive(Default)]
struct Window {
    minute: i64,
    counts: HashMap<IpAddr, u32>,
}

impl Limiter {
    pub fn per_minute(most: u32) -> Self {
        Self { most, window: Arc::default() }
    }

    /// Counts one more of the address; false when it had enough in this minute.
    pub fn admit(&self, address: IpAddr, now: DateTime<Utc>) -> bool {
        let minute = now.timestamp().div_euclid(60);
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.minute != minute {
            *window = Window { minute, counts: HashMap::new() };
        }
        let count = window.counts.entry(address).or_default();
        let is_free = *count < self.most;
        *count += u32::from(is_free);
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
