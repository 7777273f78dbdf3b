//! Why a run could not be finished, and what is to happen with the delivery.
//! Comes in: failures of templates, settings, calls and steps. Goes out: a kind, a stable reason and one redacted sentence.
//! Must not know: schedules of retries; the worker turns `Retry` into a moment or, after too many, into a dead letter.

use super::values::TemplateError;
use std::time::Duration;

/// The reason of a stop when the gateway's own database is away.
pub const LEDGER_UNAVAILABLE: &str = "ledger_unavailable";

/// Why a run could not be finished. Messages are redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    pub kind: StopKind,
    pub reason: String,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    Parked,
    /// `wait`: the wait that the target asked for. `limited`: the target only asked to slow down, which is not a failure.
    Retry {
        wait: Option<Duration>,
        limited: bool,
    },
    ConfigError,
    /// A wrong setting, unless it was only for a moment.
    SuspectConfig,
    Permanent,
    /// What was read has changed before it was written: nothing was applied.
    StartOver,
}

impl Stop {
    pub fn new(kind: StopKind, reason: &str, message: impl Into<String>) -> Self {
        Self { kind, reason: reason.to_owned(), message: message.into() }
    }

    pub fn parked(reason: &str, message: impl Into<String>) -> Self {
        Self::new(StopKind::Parked, reason, message)
    }

    pub fn config(reason: &str, message: impl Into<String>) -> Self {
        Self::new(StopKind::ConfigError, reason, message)
    }
}

impl From<TemplateError> for Stop {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Park { reason, message } => Self::parked(&reason, message),
            failed => Self::new(StopKind::Permanent, "mapping_failed", format!("The request could not be built: {failed}.")),
        }
    }
}
