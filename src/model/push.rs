//! A platform that sends events to one tenant (a webhook), and what came of them.
//! Must not know: how a platform signs, what an event looks like.

use super::ids::{SubmissionId, TenantId};
use super::secret::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A tenant's address for one platform.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PushSubscription {
    /// Random: it is part of the address.
    pub id: String,
    #[serde(skip)]
    pub tenant_id: TenantId,
    /// Name of the manifest.
    pub channel: String,
    /// The employer's name for it.
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// When the platform's last genuine request came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event_at: Option<DateTime<Utc>>,
    /// Why an event led to no badge; absent after the next event that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<PushNote>,
}

/// What an administrator is told about a failed event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushNote {
    pub at: DateTime<Utc>,
    pub code: String,
    /// Sentences that hold nothing of the event.
    pub message: String,
}

/// What only the gateway and the platform know.
#[derive(Clone, Debug)]
pub struct PushSecrets {
    /// Proves that a request is the platform's.
    pub secret: Secret,
    /// Opens the platform's API, where an event must be asked for.
    pub token: Option<Secret>,
}

/// An event that was worked on. The keys are hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkedEvent {
    pub event_key: String,
    pub badge_key: String,
    /// The badge's submission; absent when issuers were asked again about badges that were there.
    pub submission_id: Option<SubmissionId>,
}
