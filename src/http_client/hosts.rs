//! How hosts that nobody here has chosen are treated: few requests at a time, and a pause after they failed.
//! Comes in: the name of a host. Goes out: leave to ask it now, or not. Must not know: what is asked.

use moka::sync::Cache;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Requests to one host at the same time; others wait for their turn, within their own time.
const AT_ONCE: usize = 6;
/// Failures in a row after which the host is left alone, and for how long: doubled with each further failure.
const FAILURES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Hosts that are remembered, and how long after they were last asked.
const MOST_HOSTS: u64 = 10_000;
const REMEMBERED: Duration = Duration::from_secs(900);

/// Cheap to clone; clones remember together.
#[derive(Clone)]
pub struct Hosts(Cache<String, Arc<Host>>);

struct Host {
    turns: Arc<Semaphore>,
    trouble: Mutex<Trouble>,
}

#[derive(Default)]
struct Trouble {
    failures: u32,
    left_alone_until: Option<Instant>,
}

/// Leave to ask a host. Say how it went.
pub struct Leave {
    host: Arc<Host>,
    _turn: OwnedSemaphorePermit,
}

impl Hosts {
    pub fn new() -> Self {
        Self(Cache::builder().max_capacity(MOST_HOSTS).time_to_idle(REMEMBERED).build())
    }

    /// Waits for a turn; `None` when the host failed a moment ago. Ends with its caller's time.
    pub async fn ask(&self, name: &str) -> Option<Leave> {
        let host = self
            .0
            .get_with_by_ref(name, || Arc::new(Host { turns: Arc::new(Semaphore::new(AT_ONCE)), trouble: Mutex::default() }));
        if host.is_left_alone(Instant::now()) {
            return None;
        }
        let turn = host.turns.clone().acquire_owned().await.ok()?;
        // Those before may have found out that it does not answer.
        (!host.is_left_alone(Instant::now())).then_some(Leave { host, _turn: turn })
    }
}

impl Host {
    fn is_left_alone(&self, now: Instant) -> bool {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).lasts(now)
    }
}

impl Trouble {
    fn lasts(&self, now: Instant) -> bool {
        self.left_alone_until.is_some_and(|until| until > now)
    }

    fn grow(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if let Some(further) = self.failures.checked_sub(FAILURES) {
            let pause = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(further)).min(LONGEST_PAUSE);
            self.left_alone_until = Some(now + pause);
        }
    }
}

impl Leave {
    /// The host gave an answer, whichever.
    pub fn answered(self) {
        *self.host.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Trouble::default();
    }

    /// The host could not be reached, or was silent.
    pub fn failed(self) {
        self.host.trouble.lock().unwrap_or_else(PoisonError::into_inner).grow(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_fails_is_left_alone_longer_and_longer() {
        let (mut trouble, mut now) = (Trouble::default(), Instant::now());
        trouble.grow(now);
        trouble.grow(now);
        assert!(!trouble.lasts(now), "twice may happen to anybody");
        for pause in [5, 10, 20, 40, 80, 160, 300, 300] {
            trouble.grow(now);
            assert!(trouble.lasts(now + Duration::from_secs(pause - 1)), "{pause}");
            now += Duration::from_secs(pause);
            assert!(!trouble.lasts(now), "{pause}");
        }
    }

    #[tokio::test]
    async fn an_answer_ends_the_count_and_other_hosts_are_not_left_alone() {
        let hosts = Hosts::new();
        for _ in 0..FAILURES - 1 {
            hosts.ask("slow.example.org").await.unwrap().failed();
        }
        hosts.ask("slow.example.org").await.unwrap().answered();
        for _ in 0..FAILURES {
            hosts.ask("slow.example.org").await.unwrap().failed();
        }
        assert!(hosts.ask("slow.example.org").await.is_none());
        assert!(hosts.ask("other.example.org").await.is_some());
    }

    #[tokio::test]
    async fn a_host_is_asked_few_things_at_once() {
        let hosts = Hosts::new();
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(hosts.ask("a.example.org").await.unwrap());
        }
        assert!(tokio::time::timeout(Duration::from_millis(20), hosts.ask("a.example.org")).await.is_err());
        drop(held.pop());
        assert!(hosts.ask("a.example.org").await.is_some());
    }
}
