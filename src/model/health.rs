//! How the deliveries of one connection went lately.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// The newest deliveries of a connection, and what waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConnectionHealth {
    /// Deliveries that were made in the last 24 hours.
    pub day: Tally,
    /// The same for the last seven days.
    pub week: Tally,
    /// More deliveries were made than are counted here.
    pub is_partial: bool,
    /// Deliveries that wait, also older ones.
    pub waiting: u64,
    /// Since when the oldest event that was not delivered waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_waiting: Option<DateTime<Utc>>,
}

/// What became of deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Arrived, or were there already.
    pub delivered: u64,
    /// Wait for a person, or were given up.
    pub stopped: u64,
    pub waiting: u64,
}

impl Tally {
    /// Of the deliveries that ended, how many arrived, in per cent rounded down; `None` when none ended.
    pub fn success_percent(&self) -> Option<u64> {
        (self.delivered * 100).checked_div(self.delivered + self.stopped)
    }
}
