//! Bounds the memory that request bodies take at the same time: the bytes that arrived count, not the announced length.
//! Comes in: who sends, and how many bytes have arrived. Goes out: room for them, or "not now".
//! Callers with a key and strangers have budgets apart, so that no stranger can stop an upload; in each of them no sender gets more
//! than a share, so that no sender can stop the others. Must not know: what the bytes are for.

use crate::model::ids::TenantId;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One unit of a budget, in bytes. A body below one unit costs nothing: the number of connections bounds such bodies.
const UNIT: usize = 4 << 10;
/// Longest wait of a body for room; after it the answer is "try again later".
const PATIENCE: Duration = Duration::from_secs(5);
/// Bodies of the largest size that the callers, one tenant, the strangers and one stranger may have in memory together.
const OF_CALLERS: usize = 4;
const OF_TENANT: usize = 2;
const OF_STRANGERS: usize = 6;
const OF_STRANGER: usize = 2;

/// Who sends a body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    Tenant(TenantId),
    /// The address of a host, or of a network of hosts that one person can have.
    Stranger(IpAddr),
}

/// Cheap to clone; clones share the budgets.
#[derive(Clone)]
pub struct Budget {
    callers: Pool,
    strangers: Pool,
    patience: Duration,
}

impl Budget {
    /// The largest body of a caller and of a stranger, in bytes.
    pub fn new(upload: usize, message: usize) -> Self {
        Self::with_patience(upload, message, PATIENCE)
    }

    /// As [`Budget::new`], with another longest wait.
    pub fn with_patience(upload: usize, message: usize, patience: Duration) -> Self {
        let pool = |largest: usize, all, one| Pool::new(largest.saturating_mul(all), largest.saturating_mul(one));
        let (callers, strangers) = (pool(upload, OF_CALLERS, OF_TENANT), pool(message, OF_STRANGERS, OF_STRANGER));
        Self { callers, strangers, patience }
    }

    /// Room for one body, which grows as the body arrives.
    pub fn room(&self, sender: Sender) -> Room {
        let pool = match sender {
            Sender::Tenant(_) => &self.callers,
            Sender::Stranger(_) => &self.strangers,
        };
        let share = pool.share(&sender);
        Room { pool: pool.clone(), sender, share, patience: self.patience, held: Mutex::default() }
    }
}

#[derive(Clone)]
struct Pool {
    units: Arc<Semaphore>,
    units_per_share: usize,
    /// The shares that somebody uses now.
    shares: Arc<Mutex<HashMap<Sender, Arc<Semaphore>>>>,
}

impl Pool {
    fn new(bytes: usize, share: usize) -> Self {
        let units = |bytes: usize| (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(units(bytes))), units_per_share: units(share), shares: Arc::default() }
    }

    fn share(&self, sender: &Sender) -> Arc<Semaphore> {
        let mut shares = lock(&self.shares);
        shares.entry(sender.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.units_per_share))).clone()
    }
}

/// One body's part of its sender's share and of the budget; given back when dropped.
pub struct Room {
    pool: Pool,
    sender: Sender,
    share: Arc<Semaphore>,
    patience: Duration,
    held: Mutex<Vec<OwnedSemaphorePermit>>,
}

impl Room {
    /// Waits for room for `bytes` more bytes than before; false when there was none in time. `held`: bytes that have room already.
    pub async fn grow(&self, held: usize, bytes: usize) -> bool {
        let more = (held.saturating_add(bytes) / UNIT).saturating_sub(held / UNIT);
        if more == 0 {
            return true;
        }
        let Ok(more) = u32::try_from(more.min(self.pool.units_per_share)) else { return false };
        let taken = async {
            let own = self.share.clone().acquire_many_owned(more).await?;
            let common = self.pool.units.clone().acquire_many_owned(more).await?;
            Ok::<_, tokio::sync::AcquireError>([own, common])
        };
        match tokio::time::timeout(self.patience, taken).await {
            Ok(Ok(permits)) => {
                lock(&self.held).extend(permits);
                true
            }
            _ => false,
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        lock(&self.held).clear();
        let mut shares = lock(&self.pool.shares);
        // The map's own handle and this one.
        if Arc::strong_count(&self.share) <= 2 {
            shares.remove(&self.sender);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn budget() -> Budget {
        Budget::with_patience(2 * MIB, 2 * MIB, Duration::from_millis(5))
    }

    fn tenant(name: &str) -> Sender {
        Sender::Tenant(TenantId::from(name))
    }

    fn stranger(last: u8) -> Sender {
        Sender::Stranger(IpAddr::from([192, 0, 2, last]))
    }

    #[tokio::test]
    async fn strangers_that_send_next_to_nothing_take_nothing() {
        let budget = budget();
        let rooms: Vec<Room> = (0..2_000).map(|_| budget.room(stranger(1))).collect();
        for room in &rooms {
            assert!(room.grow(0, 1).await);
        }
        assert!(budget.room(stranger(1)).grow(0, 2 * MIB).await);
    }

    #[tokio::test]
    async fn no_stranger_stops_a_caller_and_no_tenant_stops_another() {
        let budget = budget();
        let held: Vec<Room> = (0..8).map(|last| budget.room(stranger(last))).collect();
        for room in &held {
            room.grow(0, 2 * MIB).await;
        }
        assert!(!budget.room(stranger(9)).grow(0, 2 * MIB).await, "the strangers' budget is used up");
        let greedy = budget.room(tenant("greedy"));
        assert!(greedy.grow(0, 4 * MIB).await);
        assert!(!budget.room(tenant("greedy")).grow(0, MIB).await, "its share is used up");
        assert!(budget.room(tenant("other")).grow(0, 4 * MIB).await);
    }

    #[tokio::test]
    async fn room_is_given_back_and_shares_that_nobody_uses_are_forgotten() {
        let budget = budget();
        let (first, second) = (budget.room(tenant("a")), budget.room(tenant("a")));
        assert!(first.grow(0, 2 * MIB).await && first.grow(2 * MIB, 2 * MIB).await);
        assert!(!second.grow(0, MIB).await);
        drop(first);
        assert!(second.grow(0, 4 * MIB).await);
        drop(second);
        assert!(lock(&budget.callers.shares).is_empty());
        assert_eq!(budget.callers.units.available_permits(), 8 * MIB / UNIT);
    }

    #[tokio::test]
    async fn small_steps_cost_as_much_as_one_large_step() {
        let budget = budget();
        let room = budget.room(tenant("a"));
        for step in 0..1_024 {
            assert!(room.grow(step * 1_000, 1_000).await);
        }
        assert_eq!(budget.callers.units.available_permits(), (8 * MIB / UNIT) - 1_024_000 / UNIT);
    }
}
