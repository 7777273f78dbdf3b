//! The test cases that a manifest brings along: an event, the exchange that it must cause, the result.
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
    /// A file beside the manifest.
    pub event: String,
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
