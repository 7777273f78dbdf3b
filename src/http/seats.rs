//! Counts simultaneous work per key, for example per tenant. Comes in: a key. Goes out: a seat, or `None` when all seats are taken.
//! Must not know: what the seats are for.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Seats<K: Eq + Hash> {
    most: usize,
    taken: Taken<K>,
}

type Taken<K> = Arc<Mutex<HashMap<K, usize>>>;

impl<K: Clone + Eq + Hash> Seats<K> {
    /// So many for each key.
    pub fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// Given back when it is dropped.
    pub fn take(&self, key: K) -> Option<Seat<K>> {
        let mut taken = lock(&self.taken);
        let count = taken.entry(key.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { taken: self.taken.clone(), key })
    }
}

pub struct Seat<K: Eq + Hash> {
    taken: Taken<K>,
    key: K,
}

impl<K: Eq + Hash> Drop for Seat<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        if let Some(count) = taken.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_so_many_seats_and_nobody_is_counted_who_has_gone() {
        let seats = Seats::new(2);
        let held = [seats.take("a").unwrap(), seats.clone().take("a").unwrap()];
        assert!(seats.take("a").is_none());
        assert!(seats.take("b").is_some());
        drop(held);
        assert!(seats.take("a").is_some());
        assert!(lock(&seats.taken).is_empty());
    }
}
