//! One tenant's configured use of a connector.

use super::event::{Audience, EventType};
use super::ids::{CandidateRef, ConnectionId, TenantId};
use super::report::Outcome;
use super::secret::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    pub id: ConnectionId,
    #[serde(skip, default = "default_tenant")]
    pub tenant_id: TenantId,
    /// The connector's name: a folder of connectors/.
    pub connector: String,
    pub name: String,
    /// Values of the manifest's `connection.fields`.
    pub fields: Map<String, Value>,
    /// The tenant's overrides of the manifest's mapping.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub mapping: Map<String, Value>,
    /// Event types that the connection receives; empty means all types that the manifest handles.
    #[serde(default)]
    pub event_types: Vec<EventType>,
    /// Outcomes that the connection receives.
    #[serde(default = "default_outcomes")]
    pub outcomes: Vec<Outcome>,
    /// What the connection's events carry of the person, beside the reference.
    #[serde(default, skip_serializing_if = "Carries::is_nothing")]
    pub carries: Carries,
    pub state: ConnectionState,
    /// Why the connection is paused, in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_reason: Option<String>,
    /// Names of the stored secrets; their values are never returned.
    #[serde(default)]
    pub secrets_set: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Connection {
    /// Whether the connection receives an event of this type for this audience.
    pub fn takes(&self, event_type: EventType, audience: Audience) -> bool {
        let type_matches = self.event_types.is_empty() || self.event_types.contains(&event_type);
        type_matches && audience.includes(&self.outcomes)
    }
}

fn default_tenant() -> TenantId {
    TenantId::from("default")
}

/// Both outcomes with skills.
pub fn default_outcomes() -> Vec<Outcome> {
    vec![Outcome::Accepted, Outcome::Attention]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    Active,
    /// Deliveries wait: a person paused it, or its configuration is wrong.
    Paused,
}

/// Who a candidate is in a connection's system, as a person said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonLink {
    pub candidate_ref: CandidateRef,
    /// The system's identifier of the person.
    pub remote_id: String,
    pub created_at: DateTime<Utc>,
}

/// What a connection's events carry of the person, in `data.person`. By default, events hold only the reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Carries {
    /// The person's number in the employer's applicant tracking system.
    pub ats_id: bool,
    /// The person's e-mail address; needs a purpose.
    pub email: bool,
    /// Why the address is sent, in the employer's words; recorded with the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

impl Carries {
    pub fn is_nothing(&self) -> bool {
        self == &Self::default()
    }
}

/// Secrets by name: a reference (`env:NAME`, `file:/path`) or the value itself.
pub type Secrets = BTreeMap<String, Secret>;
