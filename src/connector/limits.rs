//! Keeps a connection within what its system allows: a request rate, one delivery per person at a time, and cached access tokens.
//! Comes in: ids of connections and people. Goes out: permission to go on, now or later. Must not know: requests and answers.

use crate::model::ids::{CandidateRef, ConnectionId};
use crate::model::secret::Secret;
use async_trait::async_trait;
use chrono::{DateTime, Duration as Span, Utc};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

/// Shared by all deliveries of a process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Gates(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// Times of the last requests, oldest first.
    sent: HashMap<ConnectionId, VecDeque<Instant>>,
    people: HashMap<(ConnectionId, CandidateRef), Arc<tokio::sync::Mutex<()>>>,
    tokens: HashMap<ConnectionId, Token>,
}

struct Token {
    value: Secret,
    until: DateTime<Utc>,
    /// Of the credentials that it was obtained with: changed credentials need a new token.
    credentials: String,
}

/// How long a request must wait for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The turn is the caller's.
    For(Duration),
    /// No turn was given out.
    TooLong(Duration),
}

/// Gives out the turns of a connection's request rate where several processes share it.
#[async_trait]
pub trait Turns: Send + Sync {
    /// The next turn, when it comes within `patience`.
    async fn next(&self, connection: &ConnectionId, rate: Rate, patience: Duration) -> Wait;
}

/// So many requests in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub requests: usize,
    pub period: Duration,
}

impl Rate {
    /// Several rates that all hold, with commas between them; what can't be read is left out, which the manifest's schema prevents.
    pub fn parse_all(text: &str) -> Vec<Self> {
        text.split(',').filter_map(|rate| Self::parse(rate.trim())).collect()
    }

    /// `10/s`, `50/10s`, `1000/m`, `5000/h`, `20000/d`.
    pub fn parse(text: &str) -> Option<Self> {
        let (requests, period) = text.split_once('/')?;
        let unit = match period.chars().last()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        let count = match &period[..period.len() - 1] {
            "" => 1,
            count => count.parse::<u64>().ok().filter(|count| (1..=10_000).contains(count))?,
        };
        let requests = requests.parse().ok().filter(|requests| (1..=1_000_000).contains(requests))?;
        Some(Self { requests, period: Duration::from_secs(unit * count) })
    }

    /// The time between two requests that keeps the rate in every window of the period.
    pub fn between(self) -> Duration {
        self.period.div_f64(self.requests.max(1) as f64) + Duration::from_micros(1)
    }
}

impl Gates {
    /// Takes a place among the requests of the connection; `Some` says how long to wait before asking again.
    pub fn enter(&self, connection: &ConnectionId, rates: &[Rate], now: Instant) -> Option<Duration> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = inner.sent.entry(connection.clone()).or_default();
        let longest = rates.iter().map(|rate| rate.period).max().unwrap_or_default();
        while sent.front().is_some_and(|first| now.duration_since(*first) >= longest) {
            sent.pop_front();
        }
        let wait = |rate: &Rate| {
            // The request that is so many requests back must have left the window.
            let before = sent.len().checked_sub(rate.requests).and_then(|place| sent.get(place))?;
            Some(rate.period.saturating_sub(now.duration_since(*before))).filter(|wait| !wait.is_zero())
        };
        let wait = rates.iter().filter_map(wait).max();
        if wait.is_none() {
            sent.push_back(now);
        }
        wait
    }

    /// Waits until no other delivery of this process works on the same person of the same system.
    pub async fn person(&self, connection: &ConnectionId, person: &CandidateRef) -> OwnedMutexGuard<()> {
        let lock = {
            let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            inner.people.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(inner.people.entry((connection.clone(), person.clone())).or_default())
        };
        lock.lock_owned().await
    }

    pub fn token(&self, connection: &ConnectionId, credentials: &str, now: DateTime<Utc>) -> Option<Secret> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let token = inner.tokens.get(connection)?;
        (token.until > now && token.credentials == credentials).then(|| token.value.clone())
    }

    /// Keeps a token until a minute before it expires.
    pub fn keep_token(&self, connection: &ConnectionId, credentials: &str, value: Secret, life_seconds: u64, now: DateTime<Utc>) {
        let life = i64::try_from(life_seconds.min(86_400)).unwrap_or(0);
        let token = Token { value, until: now + Span::seconds(life - 60), credentials: credentials.to_owned() };
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.tokens.insert(connection.clone(), token);
    }

    pub fn forget_token(&self, connection: &ConnectionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).tokens.remove(connection);
    }

    /// Drops what is kept of a connection that is gone.
    pub fn forget(&self, connection: &ConnectionId) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.sent.remove(connection);
        inner.tokens.remove(connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_nonsense_is_not() {
        assert_eq!(Rate::parse("50/10s"), Some(Rate { requests: 50, period: Duration::from_secs(10) }));
        assert_eq!(Rate::parse("1000/m"), Some(Rate { requests: 1_000, period: Duration::from_secs(60) }));
        assert_eq!(Rate::parse("9/d"), Some(Rate { requests: 9, period: Duration::from_secs(86_400) }));
        assert_eq!(Rate::parse_all("15/m, 850/h").len(), 2);
        for text in ["", "10", "0/s", "10/w", "x/s", "10/0s", "10/"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_window_holds_more_requests_than_allowed() {
        let gates = Gates::default();
        let connection = ConnectionId::from("c");
        let rate = Rate { requests: 2, period: Duration::from_secs(10) };
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(gates.enter(&connection, &[rate], at(0)), None);
        assert_eq!(gates.enter(&connection, &[rate], at(4)), None);
        assert_eq!(gates.enter(&connection, &[rate], at(4)), Some(Duration::from_secs(6)));
        assert_eq!(gates.enter(&connection, &[rate], at(10)), None);
        assert_eq!(gates.enter(&connection, &[rate], at(10)), Some(Duration::from_secs(4)));
        assert_eq!(gates.enter(&ConnectionId::from("other"), &[rate], at(10)), None);
    }

    #[test]
    fn two_windows_hold_together() {
        let gates = Gates::default();
        let connection = ConnectionId::from("c");
        let rates = Rate::parse_all("2/10s, 3/m");
        let start = Instant::now();
        let enter = |seconds| gates.enter(&connection, &rates, start + Duration::from_secs(seconds));
        assert_eq!([0, 1].map(enter), [None, None]);
        assert_eq!(enter(2), Some(Duration::from_secs(8)));
        assert_eq!(enter(10), None);
        assert_eq!(enter(30), Some(Duration::from_secs(30)), "the minute is used up");
        assert_eq!(enter(60), None);
    }

    #[test]
    fn a_token_is_used_until_it_nearly_expires_or_the_credentials_change() {
        let gates = Gates::default();
        let connection = ConnectionId::from("c");
        let now: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().unwrap();
        gates.keep_token(&connection, "one", Secret::new("token"), 3_600, now);
        assert!(gates.token(&connection, "one", now + Span::seconds(3_500)).is_some());
        assert!(gates.token(&connection, "one", now + Span::seconds(3_550)).is_none());
        assert!(gates.token(&connection, "two", now).is_none());
    }
}
