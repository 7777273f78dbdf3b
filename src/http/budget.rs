//! Bounds the memory that uploads take at the same time, over all connections.
//! Comes in: how large a request says it is. Goes out: a permit that is given back when dropped, or "not now".

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One unit of the budget, in bytes. A request costs at least one unit, which also bounds how many run at once.
const UNIT: usize = 256 << 10;
/// Longest wait of a request for its turn; after it the answer is "try again later".
const PATIENCE: Duration = Duration::from_secs(5);

/// Cheap to clone; clones share the budget.
#[derive(Clone)]
pub struct Budget {
    units: Arc<Semaphore>,
    total: usize,
    patience: Duration,
}

impl Budget {
    /// `bytes`: most bytes of uploads held in memory at the same time.
    pub fn new(bytes: usize) -> Self {
        Self::with_patience(bytes, PATIENCE)
    }

    /// As [`Budget::new`], with another longest wait.
    pub fn with_patience(bytes: usize, patience: Duration) -> Self {
        let total = (bytes / UNIT).max(1);
        Self { units: Arc::new(Semaphore::new(total)), total, patience }
    }

    /// Waits for room for `bytes` bytes; `None` when there was none in time.
    pub async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let wanted = bytes.div_ceil(UNIT).clamp(1, self.total);
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        let turn = Arc::clone(&self.units).acquire_many_owned(wanted);
        tokio::time::timeout(self.patience, turn).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_budget_refuses_until_a_permit_is_given_back() {
        let budget = Budget::with_patience(1 << 20, Duration::from_millis(5));
        let held = budget.take(1 << 20).await.unwrap();
        assert!(budget.take(1).await.is_none());
        drop(held);
        assert!(budget.take(1).await.is_some());
    }

    #[tokio::test]
    async fn a_request_larger_than_the_whole_budget_still_gets_its_turn() {
        let budget = Budget::with_patience(1 << 20, Duration::from_millis(5));
        assert!(budget.take(usize::MAX).await.is_some());
    }
}
