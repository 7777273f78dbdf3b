//! What the HTTP surface needs from the rest of the program, as traits that the composition root fills.
//! Comes in: questions of handlers. Goes out: plain answers.
//! Must not know: which queue, connector engine or task runner answers.

use crate::model::connection::{Connection, Secrets};
use crate::model::event::EventType;
use crate::model::ids::SubmissionId;
use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};

/// A part that must work for the gateway to do its job, for example `database` or `queue`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    pub name: String,
    pub ok: bool,
    /// One plain sentence for an operator when it is not; never a secret or an address with credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A place on a disk that the gateway writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// `database` or `files`.
    pub place: &'static str,
    /// Bytes.
    pub size: u64,
    pub free: u64,
}

/// Answers `/readyz`, and what `/metrics` says of the machine.
#[async_trait]
pub trait Health: Send + Sync {
    async fn probe(&self) -> Vec<Probe>;
    fn rooms(&self) -> Vec<Room>;
}

/// Work that outlives the request. The runner owns the tasks, so that they are stopped and watched in one place.
pub trait Tasks: Send + Sync {
    /// A submission was stored and is not complete: it is to be worked on soon.
    fn resume(&self, submission: SubmissionId);
    /// Events, connections or deliveries changed: relay and workers should look now rather than at their next turn.
    fn wake(&self);
}

/// A field of a connector's set-up form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FormField {
    pub name: String,
    pub label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// `string`, `boolean` or `integer`.
    pub kind: String,
    pub required: bool,
    /// A secret goes into `secrets`, any other field into `fields`.
    pub secret: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// The employer makes the secret up and tells it to the receiver: `whsec_` and the Base64 of 24 to 64 random bytes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub generated: bool,
}

/// A connector as the administrator chooses it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConnectorInfo {
    /// The name of its folder.
    pub name: String,
    pub title: String,
    /// `ats`, `hris`, `file`, …
    pub category: String,
    /// How well it is known to work: `stable`, `beta` or `experimental`.
    pub status: String,
    /// The address of the vendor's documentation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<String>,
    pub fields: Vec<FormField>,
    /// Event types that it handles.
    pub event_types: Vec<String>,
    /// Names of the templates that a connection may override in `mapping`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mapping: Vec<String>,
}

/// Settings whose requests are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    pub connector: String,
    pub fields: Map<String, Value>,
    pub mapping: Map<String, Value>,
    /// Absent: the first event of the connector's tests.
    pub event_type: Option<EventType>,
}

/// The problem with one field of a set-up form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

/// One step of a connection test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestStep {
    pub name: String,
    pub ok: bool,
    pub message: String,
}

/// The connectors that this installation has.
#[async_trait]
pub trait Connectors: Send + Sync {
    /// Sorted by title.
    fn list(&self) -> Vec<ConnectorInfo>;

    /// Checks a connection's fields, mapping and the names of its secrets against the connector's form; empty means right.
    fn check(
        &self,
        connector: &str,
        fields: &Map<String, Value>,
        mapping: &Map<String, Value>,
        secrets: &[String],
    ) -> Vec<FieldError>;

    /// The requests that these settings make for a sample event, without secrets and without sending anything; why not, when there is no
    /// such event.
    async fn plan(&self, planned: &Planned) -> Result<String, FieldError>;

    /// Asks the employer system who we are, without writing anything.
    async fn test(&self, connection: &Connection, secrets: &Secrets) -> Vec<TestStep>;
}
