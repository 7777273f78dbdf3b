//! Turns the end of a run into a result to record: the time of the next attempt, or the final state. Pure.

use crate::connector::run::End;
use crate::connector::stop::{LEDGER_UNAVAILABLE, Stop, StopKind};
use crate::model::breaker::Sign;
use crate::model::delivery::DeliveryResult;
use chrono::{DateTime, Duration as Span, Utc};
use std::time::Duration;

/// Being asked to slow down is not a failure: such retries may use this many times the length of the retry schedule.
const PATIENCE_WITH_LIMITS: usize = 4;
/// So many attempts must meet what looks like a wrong setting before the connection is paused: a receiver that is being moved
/// redirects for a moment.
const ATTEMPTS_IN_DOUBT: u32 = 3;
/// Random share of a wait, so that deliveries that failed together are not retried together.
const JITTER: f64 = 0.2;

/// `attempts`: number of attempts before this one, since the last replay. `random`: 0..1.
pub fn delivery_result(end: End, attempts: u32, schedule: &[Duration], now: DateTime<Utc>, random: f64) -> DeliveryResult {
    let Stop { kind, reason, message } = match end {
        End::Delivered => return DeliveryResult::Delivered,
        End::Unchanged => return DeliveryResult::Unchanged,
        End::Stopped(stop) => stop,
    };
    match kind {
        StopKind::Parked => DeliveryResult::Parked { reason, message },
        StopKind::ConfigError => DeliveryResult::ConfigError { reason, message },
        StopKind::SuspectConfig => match next_wait(attempts, schedule, None, false, random) {
            Some(wait) if attempts.saturating_add(1) < ATTEMPTS_IN_DOUBT => {
                DeliveryResult::RetryAt { at: now + wait, reason, message }
            }
            _ => DeliveryResult::ConfigError { reason, message },
        },
        StopKind::Permanent => DeliveryResult::Permanent { reason, message },
        // The engine has started over often enough.
        StopKind::StartOver => delivery_result(
            End::Stopped(Stop { kind: StopKind::Retry { wait: None, limited: false }, reason, message }),
            attempts,
            schedule,
            now,
            random,
        ),
        StopKind::Retry { wait, limited } => match next_wait(attempts, schedule, wait, limited, random) {
            Some(wait) => DeliveryResult::RetryAt { at: now + wait, reason, message },
            None => {
                let message = format!("Given up after {} attempts. The last one: {message}", attempts.saturating_add(1));
                DeliveryResult::Permanent { reason, message }
            }
        },
    }
}

fn next_wait(attempts: u32, schedule: &[Duration], asked: Option<Duration>, limited: bool, random: f64) -> Option<Span> {
    let attempts = usize::try_from(attempts).unwrap_or(usize::MAX);
    let last = schedule.last().filter(|_| limited && attempts < schedule.len() * PATIENCE_WITH_LIMITS);
    let planned = schedule.get(attempts).or(last)?;
    // Never earlier than the target asked for.
    let jittered = planned.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0));
    let asked = asked.map(|asked| asked + planned.mul_f64(JITTER * random.clamp(0.0, 1.0)).min(Duration::from_secs(10)));
    Span::from_std(jittered.max(asked.unwrap_or_default())).ok()
}

/// Every name that [`told`] gives.
pub const NAMES: [&str; 6] = ["delivered", "unchanged", "parked", "retry", "config_error", "permanent"];
/// What the end of a run shows of the system.
pub fn sign(end: &End) -> Sign {
    let Stop { kind, reason, message } = match end {
        End::Delivered | End::Unchanged => return Sign::Well,
        End::Stopped(stop) => stop,
    };
    let (reason, message) = (reason.clone(), message.clone());
    match kind {
        StopKind::Parked => Sign::Answered,
        // The gateway's own fault, or the connection is paused.
        StopKind::Retry { .. } if reason == LEDGER_UNAVAILABLE => Sign::Nothing,
        StopKind::ConfigError | StopKind::SuspectConfig | StopKind::StartOver => Sign::Nothing,
        StopKind::Retry { wait: Some(wait), limited: true } => Sign::Limited(Span::from_std(*wait).unwrap_or_default()),
        StopKind::Retry { .. } => Sign::Failing { reason, message },
        StopKind::Permanent => Sign::Refused { reason, message },
    }
}

/// The result's name, reason and message, as the attempt records them.
pub fn told(result: &DeliveryResult) -> (&'static str, Option<(&str, &str)>) {
    match result {
        DeliveryResult::Delivered => ("delivered", None),
        DeliveryResult::Unchanged => ("unchanged", None),
        DeliveryResult::Parked { reason, message } => ("parked", Some((reason, message))),
        DeliveryResult::RetryAt { reason, message, .. } => ("retry", Some((reason, message))),
        DeliveryResult::ConfigError { reason, message } => ("config_error", Some((reason, message))),
        DeliveryResult::Permanent { reason, message } => ("permanent", Some((reason, message))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(100)];

    fn after(attempts: u32, wait: Option<u64>, limited: bool, random: f64) -> Option<i64> {
        let kind = StopKind::Retry { wait: wait.map(Duration::from_secs), limited };
        let now: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().unwrap();
        match delivery_result(End::Stopped(Stop::new(kind, "r", "m")), attempts, &SCHEDULE, now, random) {
            DeliveryResult::RetryAt { at, .. } => Some((at - now).num_milliseconds()),
            DeliveryResult::Permanent { .. } => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn waits_follow_the_schedule_with_jitter_and_end_in_a_dead_letter() {
        assert_eq!([0.0, 0.5, 1.0].map(|random| after(0, None, false, random)), [Some(8_000), Some(10_000), Some(12_000)]);
        assert_eq!(after(1, None, false, 0.5), Some(100_000));
        assert_eq!(after(2, None, false, 0.5), None);
    }

    #[test]
    fn what_looks_like_a_wrong_setting_pauses_the_connection_only_when_it_comes_again() {
        let now: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().unwrap();
        let schedule = [Duration::from_secs(10); 5];
        let after = |attempts| {
            let stop = Stop::new(StopKind::SuspectConfig, "redirected", "m");
            delivery_result(End::Stopped(stop), attempts, &schedule, now, 0.5)
        };
        assert!([0, 1].map(after).iter().all(|result| matches!(result, DeliveryResult::RetryAt { .. })));
        assert!([2, 9].map(after).iter().all(|result| matches!(result, DeliveryResult::ConfigError { .. })));
    }

    #[test]
    fn nobody_comes_back_earlier_than_asked() {
        for random in [0.0, 0.3, 1.0] {
            assert!(after(0, Some(60), true, random).unwrap() >= 60_000);
        }
    }

    #[test]
    fn being_asked_to_slow_down_uses_the_schedule_up_more_slowly() {
        assert_eq!(after(7, None, true, 0.5), Some(100_000));
        assert_eq!(after(8, None, true, 0.5), None);
    }
}
