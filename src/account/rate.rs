//! Attempts per network and minute, in this process. Comes in: addresses and moments. Goes out: whether another attempt may be made.
//! Must not know: what is attempted.

use chrono::{DateTime, Duration, Utc};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Networks that are remembered; when there are more, those whose minute is over are forgotten, then all.
const MOST: usize = 50_000;

/// When the network's minute began, and the attempts in it.
type Minutes = HashMap<IpAddr, (DateTime<Utc>, u32)>;

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Rate {
    most: u32,
    minutes: Arc<Mutex<Minutes>>,
}

impl Rate {
    pub fn new(most: u32) -> Self {
        Self { most, minutes: Arc::default() }
    }

    pub fn admit(&self, from: IpAddr, now: DateTime<Utc>) -> bool {
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |begun: DateTime<Utc>| begun + Duration::minutes(1) <= now;
        if minutes.len() >= MOST {
            minutes.retain(|_, (begun, _)| !is_over(*begun));
            if minutes.len() >= MOST {
                minutes.clear();
            }
        }
        let (begun, count) = minutes.entry(from).or_insert((now, 0));
        if is_over(*begun) {
            (*begun, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_so_many_attempts_in_a_minute() {
        let (rate, now) = (Rate::new(2), DateTime::from_timestamp(1_000, 0).unwrap());
        let [a, b]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        assert!(rate.admit(a, now) && rate.admit(a, now) && !rate.admit(a, now));
        assert!(rate.admit(b, now));
        assert!(rate.admit(a, now + Duration::minutes(1)));
    }
}
