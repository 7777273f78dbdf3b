//! A candidate's backpack on another host, from which the gateway pulls credentials.

use super::ids::{CandidateRef, TenantId};
use super::secret::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The protocol that a host speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BackpackApi {
    #[serde(rename = "ob_v3p0")]
    OpenBadges3,
    #[serde(rename = "clr_v2p0")]
    Clr2,
    /// Badge Connect.
    #[serde(rename = "ob_v2p1")]
    BadgeConnect,
}

/// The members of a host's discovery document that the gateway uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostDescription {
    pub api: BackpackApi,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Without a trailing slash.
    pub api_base: String,
    pub registration_url: String,
    pub authorization_url: String,
    pub token_url: String,
    pub refresh_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_url: Option<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// Our registration at a host.
#[derive(Clone, Debug)]
pub struct HostRegistration {
    pub client_id: String,
    pub client_secret: Secret,
    /// The values that the host returned; a host may change the requested values.
    pub redirect_uri: String,
    pub scope: String,
    /// `None`: never.
    pub secret_expires_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackpackState {
    /// The candidate has not consented yet.
    Pending,
    Connected,
    /// The host refuses our tokens: the candidate must connect again.
    Reconnect,
    Disconnected,
}

impl BackpackState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Connected => "connected",
            Self::Reconnect => "reconnect",
            Self::Disconnected => "disconnected",
        }
    }

    pub fn parse(text: &str) -> Self {
        match text {
            "pending" => Self::Pending,
            "connected" => Self::Connected,
            "reconnect" => Self::Reconnect,
            _ => Self::Disconnected,
        }
    }
}

/// A failed step, and the next step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailure {
    /// `discovery`, `registration`, `authorization`, `token`, `refresh`, `pull`, `revoke`
    pub step: String,
    pub message: String,
    pub next_step: String,
    /// Whether a later attempt may succeed.
    pub retry: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backpack {
    pub id: String,
    #[serde(skip, default = "no_tenant")]
    pub tenant_id: TenantId,
    pub candidate_ref: CandidateRef,
    pub state: BackpackState,
    pub host: HostDescription,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<StepFailure>,
    /// Start of the last complete pull.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_pull_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_pull_at: Option<DateTime<Utc>>,
    /// Failures in a row.
    pub failures: i32,
    pub created_at: DateTime<Utc>,
}

fn no_tenant() -> TenantId {
    TenantId::from("default")
}

/// Tokens of a connected backpack; sealed at rest.
#[derive(Clone, Debug)]
pub struct BackpackTokens {
    pub access_token: Secret,
    pub refresh_token: Option<Secret>,
    pub expires_at: Option<DateTime<Utc>>,
    pub scope: String,
}

/// An unfinished authorization; the verifier is sealed at rest.
#[derive(Clone, Debug)]
pub struct PendingAuthorization {
    /// Lower-case hex SHA-256 of `state`.
    pub state_hash: String,
    /// Lower-case hex SHA-256 of the browser's cookie.
    pub browser_hash: String,
    pub verifier: Secret,
    pub redirect_uri: String,
    pub expires_at: DateTime<Utc>,
}
