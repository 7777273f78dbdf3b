//! The test cases that a manifest brings along: an event or new applications, the exchange that it must cause, the result.
//! Comes in: the manifest's `tests`. Goes out: typed cases for the self-test.

use crate::model::candidate::Identity;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One case: an event, the exchange that it must cause, the result.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    pub name: String,
    /// A file beside the manifest; empty for a test of `intake`.
    #[serde(default)]
    pub event: String,
    pub intake: Option<IntakeCase>,
    #[serde(default)]
    pub fields: Map<String, Value>,
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    #[serde(default)]
    pub mapping: Map<String, Value>,
    #[serde(default)]
    pub candidate: Identity,
    /// The system's identifier of the person, as if somebody had linked the two.
    pub link: Option<String>,
    /// The ledger entries of an earlier attempt: step → `started`, `done` or `refused`.
    #[serde(default)]
    pub ledger: BTreeMap<String, String>,
    /// A file beside the manifest: the credential that a step with `badge` sends.
    pub badge: Option<String>,
    /// What earlier events remembered.
    #[serde(default)]
    pub remembered: BTreeMap<String, String>,
    /// What is remembered at the end.
    pub remembers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub exchange: Vec<Exchange>,
    pub outcome: String,
    pub reason: Option<String>,
    /// File name → file beside the manifest with the content that it must have.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub expect: Expected,
    pub reply: Reply,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub get: Option<String>,
    pub post: Option<String>,
    pub put: Option<String>,
    pub patch: Option<String>,
    pub delete: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub json: Option<Value>,
    pub json_contains: Option<Value>,
    pub text: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    pub status: Option<u16>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub json: Option<Value>,
    /// A file beside the manifest.
    pub file: Option<String>,
    /// No answer: `timed_out`, `unreachable`.
    pub transport: Option<String>,
}

/// In place of an event: which applications are found, and how each is read. The outcome is then `read`, or why it stopped.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeCase {
    /// Where the poll begins; absent: it is the first poll.
    pub cursor: Option<Value>,
    /// A request of the system, in place of a poll.
    pub push: Option<PushCase>,
    #[serde(default)]
    pub applications: Vec<Value>,
    /// The cursor after the poll.
    pub next: Option<Value>,
    /// Of each application, in order.
    #[serde(default)]
    pub read: Vec<ReadCase>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushCase {
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The last part of the address, where it holds the secret.
    pub key: Option<String>,
    /// The body, byte for byte.
    pub text: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadCase {
    pub person: PersonCase,
    pub files: Vec<FileCase>,
    /// Texts in which links may stand.
    pub links: Vec<String>,
    pub left_out: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PersonCase {
    pub name: Option<String>,
    pub email: Option<String>,
    pub id: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileCase {
    pub name: String,
    /// A file beside the manifest.
    pub content: String,
}
