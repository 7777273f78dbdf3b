//! What is left of a person who was erased: a certificate that names nobody.

use super::ids::{CandidateRef, ConnectionId, TenantId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An erasure that was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub id: String,
    /// The reference under which the person was erased.
    pub candidate_ref: CandidateRef,
    /// Every reference that stood for the person, the one above among them.
    pub candidate_refs: Vec<CandidateRef>,
    pub erased_at: DateTime<Utc>,
    /// Who carried it out, for example `api_key:ID` or `person`.
    pub actor: String,
    /// Rows that were deleted, by class of data.
    pub rows: BTreeMap<String, u64>,
    /// Keys that were destroyed: what was sealed with them opens no more, wherever a copy of it is.
    pub keys_destroyed: u32,
    pub connections: Vec<Telling>,
}

impl Erasure {
    /// Whether no connection is still to acknowledge it.
    pub fn is_complete(&self) -> bool {
        self.connections.iter().all(|to| matches!(to.state, TellingState::Acknowledged | TellingState::NotNeeded))
    }
}

/// An entry of the list of erased references, which a restored back-up is made to forget again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedRefs {
    pub tenant: TenantId,
    pub refs: Vec<CandidateRef>,
    pub erased_at: DateTime<Utc>,
}

/// What one connection knows of an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    pub connection_id: ConnectionId,
    pub name: String,
    /// Whether the connection had been sent anything about the person.
    pub had_received: bool,
    pub state: TellingState,
    /// The first attempt to tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TellingState {
    /// The connection's system took the event.
    Acknowledged,
    /// The event waits, or is being tried again.
    Pending,
    /// The attempts ended without success: a person must replay the delivery.
    Failed,
    /// The connection got data, and its connector can't tell its system of an erasure: erase there by hand.
    ByHand,
    /// The connection got nothing about the person, and takes no event of an erasure.
    NotNeeded,
    /// The connection was deleted before it acknowledged.
    Deleted,
}
