//! The circuit breaker of one connection: it spares a system that fails, and stops a connection that only fails. Pure.
//! Comes in: what each attempt shows of the system. Goes out: until when the connection rests, or why it must be paused.

use super::ids::CandidateRef;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// So many attempts in a row, each about another person than the one before, must fail before the connection rests: one event that
/// the system can't digest must not stop all others.
const FAILURES: u32 = 5;
/// The first rest; each further failure doubles it.
const FIRST_REST: Duration = Duration::seconds(10);
const LONGEST_REST: Duration = Duration::minutes(5);
/// A system that asks one request to wait for longer may answer others: only the request's own delivery waits longer.
const LONGEST_WAIT: Duration = Duration::minutes(15);
/// While one delivery tries whether the system is back, the others wait for so long at most.
pub const PROBE: Duration = Duration::seconds(30);
/// A system that has failed for so long needs a person. The usual retry schedule is longer, so no delivery is given up by then.
const PATIENCE: Duration = Duration::hours(24);
/// So many dead letters in a row, each about another person, are a fault of the connection, not of the events.
const REFUSALS: u32 = 25;

/// What an attempt shows of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    Well,
    /// It answered, and a person must decide about the event.
    Answered,
    Failing {
        reason: String,
        message: String,
    },
    /// It asked every caller to wait so long.
    Limited(Duration),
    Refused {
        reason: String,
        message: String,
    },
    /// The attempt says nothing about the system.
    Nothing,
}

/// Nothing but failures and refusals since the last good answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// Dead letters in a row.
    #[serde(default)]
    pub refusals: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<DateTime<Utc>>,
    /// Until then no attempt is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resting_until: Option<DateTime<Utc>>,
    /// Stable code and one plain sentence of the last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Tells the person of the last failure or refusal from others: a part of the SHA-256 of the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// What a claim of deliveries may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    All,
    /// One delivery tries whether the system is back.
    One,
    Wait(DateTime<Utc>),
}

impl Breaker {
    pub fn permit(&self, now: DateTime<Utc>) -> Permit {
        match self.resting_until {
            Some(until) if until > now => Permit::Wait(until),
            _ if self.is_open() => Permit::One,
            _ => Permit::All,
        }
    }

    fn is_open(&self) -> bool {
        self.failures >= FAILURES
    }

    /// Whether the connection must be paused, and why. `random`: 0..1, so that connections that failed together don't come back
    /// together.
    pub fn note(&mut self, sign: &Sign, about: &CandidateRef, now: DateTime<Utc>, random: f64) -> Option<String> {
        match sign {
            Sign::Nothing => None,
            Sign::Well => {
                *self = Self::default();
                None
            }
            Sign::Answered => {
                *self = Self { refusals: self.refusals, last: self.last.take(), ..Self::default() };
                None
            }
            Sign::Limited(wait) => {
                self.resting_until = self.resting_until.max(Some(now + (*wait).min(LONGEST_WAIT)));
                None
            }
            Sign::Failing { reason, message } => {
                if self.is_another(about) || self.failures == 0 {
                    self.failures += 1;
                }
                let since = *self.failing_since.get_or_insert(now);
                self.keep(reason, message, about);
                if self.is_open() {
                    let doubled = FIRST_REST * (1 << (self.failures - FAILURES).min(10));
                    let rest = doubled.min(LONGEST_REST).as_seconds_f64() * (0.8 + 0.4 * random);
                    self.resting_until = Some(now + Duration::milliseconds((rest * 1_000.0) as i64));
                }
                let is_too_long = self.is_open() && now - since >= PATIENCE;
                is_too_long.then(|| format!("Paused because the system has failed for a day. The last failure: {message}"))
            }
            Sign::Refused { reason, message } => {
                // It answers.
                (self.failures, self.failing_since) = (0, None);
                if self.is_another(about) || self.refusals == 0 {
                    self.refusals += 1;
                }
                self.keep(reason, message, about);
                let is_too_often = self.refusals >= REFUSALS;
                is_too_often
                    .then(|| format!("Paused because {REFUSALS} deliveries in a row became dead letters. The last: {message}"))
            }
        }
    }

    fn is_another(&self, about: &CandidateRef) -> bool {
        self.last.as_ref() != Some(&mark(about))
    }

    fn keep(&mut self, reason: &str, message: &str, about: &CandidateRef) {
        self.reason = Some(reason.to_owned());
        self.message = Some(message.to_owned());
        self.last = Some(mark(about));
    }
}

fn mark(about: &CandidateRef) -> String {
    hex::encode(&Sha256::digest(about.as_str())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn failing() -> Sign {
        Sign::Failing { reason: "server_error".into(), message: "The system answered 503.".into() }
    }

    fn refused() -> Sign {
        Sign::Refused { reason: "refused".into(), message: "No.".into() }
    }

    fn about(number: u32) -> CandidateRef {
        CandidateRef(format!("person-{number}"))
    }

    #[test]
    fn a_system_that_fails_for_several_people_rests_longer_and_longer_and_is_tried_by_one_delivery() {
        let mut breaker = Breaker::default();
        for number in 1..FAILURES {
            assert_eq!(breaker.note(&failing(), &about(number), noon(), 0.5), None);
            assert_eq!(breaker.permit(noon()), Permit::All);
        }
        breaker.note(&failing(), &about(FAILURES), noon(), 0.5);
        assert_eq!(breaker.permit(noon()), Permit::Wait(noon() + FIRST_REST));
        assert_eq!(breaker.permit(noon() + FIRST_REST), Permit::One);
        for number in 10..30 {
            breaker.note(&failing(), &about(number), noon(), 0.5);
        }
        assert_eq!(breaker.permit(noon()), Permit::Wait(noon() + LONGEST_REST));
        breaker.note(&Sign::Well, &about(1), noon(), 0.5);
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn one_person_whose_events_fail_stops_nobody_else() {
        let mut breaker = Breaker::default();
        for _ in 0..50 {
            assert_eq!(breaker.note(&failing(), &about(1), noon(), 0.5), None);
            assert_eq!(breaker.note(&refused(), &about(1), noon(), 0.5), None);
        }
        assert_eq!((breaker.refusals, breaker.permit(noon())), (1, Permit::All));
    }

    #[test]
    fn a_day_of_failures_or_many_dead_letters_in_a_row_pause_the_connection() {
        let mut breaker = Breaker::default();
        for number in 0..10 {
            assert_eq!(breaker.note(&failing(), &about(number), noon(), 0.5), None);
        }
        let why = breaker.note(&failing(), &about(11), noon() + PATIENCE, 0.5).unwrap();
        assert!(why.contains("for a day") && why.contains("503"), "{why}");
        let mut breaker = Breaker::default();
        let pauses: Vec<bool> =
            (1..=REFUSALS).map(|number| breaker.note(&refused(), &about(number), noon(), 0.5).is_some()).collect();
        assert_eq!((pauses.iter().filter(|pause| **pause).count(), pauses.last()), (1, Some(&true)));
    }

    #[test]
    fn a_system_that_asks_to_wait_is_left_alone_for_everybody() {
        let mut breaker = Breaker::default();
        breaker.note(&Sign::Limited(Duration::seconds(90)), &about(1), noon(), 0.5);
        breaker.note(&Sign::Limited(Duration::seconds(30)), &about(2), noon(), 0.5);
        assert_eq!(breaker.permit(noon()), Permit::Wait(noon() + Duration::seconds(90)));
        assert_eq!(breaker.permit(noon() + Duration::seconds(90)), Permit::All);
        breaker.note(&Sign::Limited(Duration::hours(9)), &about(3), noon(), 0.5);
        assert_eq!(breaker.permit(noon()), Permit::Wait(noon() + LONGEST_WAIT));
    }

    #[test]
    fn a_parked_delivery_shows_that_the_system_answers() {
        let mut breaker = Breaker::default();
        for number in 0..FAILURES {
            breaker.note(&failing(), &about(number), noon(), 0.5);
        }
        breaker.note(&Sign::Answered, &about(9), noon(), 0.5);
        assert_eq!(breaker.permit(noon()), Permit::All);
    }
}
