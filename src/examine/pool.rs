//! Work on the blocking pool, on all cores. Comes in: items and a function. Goes out: the results in the order of the items.
//! A panic destroys only the result of its own item. Must not know: the items' kind.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::spawn_blocking;

/// The work on an item panicked, or was never finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// Calls `work` with each item, on one thread per core.
pub async fn each<T, R>(items: Vec<T>, work: impl Fn(T) -> R + Send + Sync + 'static) -> Vec<Result<R, Fault>>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let count = items.len();
    let todo: Arc<Mutex<VecDeque<(usize, T)>>> = Arc::new(Mutex::new(items.into_iter().enumerate().collect()));
    let work = Arc::new(work);
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let workers = (0..cores.min(count)).map(|_| {
        let (todo, work) = (todo.clone(), work.clone());
        spawn_blocking(move || {
            let mut done = Vec::new();
            while let Some((index, item)) = next(&todo) {
                let result = std::panic::catch_unwind(AssertUnwindSafe(|| work(item)));
                done.push((index, result.map_err(|_| Fault)));
            }
            done
        })
    });
    let workers: Vec<_> = workers.collect();
    let mut results: Vec<Result<R, Fault>> = (0..count).map(|_| Err(Fault)).collect();
    for worker in workers {
        // A stopped worker leaves the faults of its remaining items in place.
        let Ok(done) = worker.await else { continue };
        for (index, result) in done {
            results[index] = result;
        }
    }
    results
}

fn next<T>(todo: &Mutex<VecDeque<T>>) -> Option<T> {
    todo.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_come_in_the_order_of_the_items_and_a_panic_spoils_only_its_own() {
        let results = each((0..100).collect(), |item: usize| {
            assert!(item != 41, "a fault on purpose");
            item * 2
        });
        let results = results.await;
        assert_eq!(results.len(), 100);
        for (item, result) in results.into_iter().enumerate() {
            assert_eq!(result, if item == 41 { Err(Fault) } else { Ok(item * 2) });
        }
    }

    #[tokio::test]
    async fn no_items_give_no_results() {
        assert!(each(Vec::new(), |item: usize| item).await.is_empty());
    }
}
