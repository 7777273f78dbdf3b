//! A delivery (one event for one connection) and its attempts.

use super::ids::{AttemptId, ConnectionId, DeliveryId, EventId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub connection_id: ConnectionId,
    pub event_id: EventId,
    pub state: DeliveryState,
    /// The number of attempts.
    pub attempts: u32,
    /// Number of attempts before the last replay, which do not count for the retry schedule.
    #[serde(skip)]
    pub attempts_before: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Stable code of the last result, for example `no_match`, `rate_limited`, `connection_refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// One plain sentence about the last result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waiting for its (next) attempt.
    Pending,
    Delivered,
    /// The target system already had the data.
    Unchanged,
    /// A person must decide; see `reason`.
    Parked,
    /// A dead letter, which can be inspected and replayed.
    Dead,
}

impl DeliveryState {
    pub const ALL: [DeliveryState; 5] = [Self::Pending, Self::Delivered, Self::Unchanged, Self::Parked, Self::Dead];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Unchanged => "unchanged",
            Self::Parked => "parked",
            Self::Dead => "dead",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One attempt, for administrators. Bodies are truncated and redacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub id: AttemptId,
    pub delivery_id: DeliveryId,
    /// Counted from 1.
    pub number: u32,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    /// `delivered`, `unchanged`, `parked`, `retry`, `config_error`, `permanent`
    pub result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The calls, in order.
    pub calls: Vec<CallRecord>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    pub step: String,
    pub method: String,
    /// Without secrets.
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The first 2,000 characters of the answer, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    pub milliseconds: u64,
}

/// The result of one attempt; the same vocabulary for every connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryResult {
    Delivered,
    Unchanged,
    Parked {
        reason: String,
        message: String,
    },
    RetryAt {
        at: DateTime<Utc>,
        reason: String,
        message: String,
    },
    /// Pauses the connection and keeps its queue.
    ConfigError {
        reason: String,
        message: String,
    },
    /// Dead letter.
    Permanent {
        reason: String,
        message: String,
    },
}
