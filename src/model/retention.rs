//! How long what is kept: rules in days, and what they take away.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// Days after which something is deleted; 0: it is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionRules {
    /// A person with everything about them, since the last thing came in for them. A person who was told a purpose and a time is kept
    /// until that time instead.
    pub candidates_days: u32,
    /// Requests to wallets, since they ended.
    pub requests_days: u32,
    /// Events with finished deliveries, with these, their attempts and their ledger entries.
    pub events_days: u32,
    /// Certificates of erasure.
    pub certificates_days: u32,
}

/// A tenant's own rules; what is absent is as the settings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionOverride {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates_days: Option<u32>,
}

impl RetentionRules {
    /// Longest time that a rule can give: a hundred years.
    pub const MOST_DAYS: u32 = 36_525;

    pub fn with(self, own: RetentionOverride) -> Self {
        Self {
            candidates_days: own.candidates_days.unwrap_or(self.candidates_days),
            requests_days: own.requests_days.unwrap_or(self.requests_days),
            events_days: own.events_days.unwrap_or(self.events_days),
            certificates_days: own.certificates_days.unwrap_or(self.certificates_days),
        }
    }

    /// The moment before which something is too old; `None`: nothing is.
    pub fn cut(days: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (days > 0).then(|| now - Duration::days(i64::from(days.min(Self::MOST_DAYS))))
    }
}

impl RetentionOverride {
    /// The name of the first rule that is too long.
    pub fn too_long(&self) -> Option<&'static str> {
        let rules = [
            ("candidates_days", self.candidates_days),
            ("requests_days", self.requests_days),
            ("events_days", self.events_days),
            ("certificates_days", self.certificates_days),
        ];
        rules.into_iter().find(|(_, days)| days.is_some_and(|days| days > RetentionRules::MOST_DAYS)).map(|(name, _)| name)
    }
}

/// How much the rules take away, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    pub candidates: u64,
    pub requests: u64,
    pub events: u64,
    pub certificates: u64,
}

impl Expired {
    pub fn total(&self) -> u64 {
        self.candidates + self.requests + self.events + self.certificates
    }
}

impl std::ops::AddAssign for Expired {
    fn add_assign(&mut self, other: Self) {
        self.candidates += other.candidates;
        self.requests += other.requests;
        self.events += other.events;
        self.certificates += other.certificates;
    }
}

/// Until when a person is kept, and for which purposes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// `None`: no rule ends it.
    pub until: Option<DateTime<Utc>>,
    pub purposes: Vec<(String, DateTime<Utc>)>,
}
