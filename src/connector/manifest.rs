//! The typed form of connectors/NAME/manifest.yaml.
//! Comes in: JSON that the manifest schema accepted. Goes out: a description that the engine interprets.
//! Must not know: how a request is sent, where a delivery is kept.

use super::auth_spec::Auth;
use super::case::Test;
use super::intake_spec::Intake;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One employer system, described as data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Equal to the folder's name.
    pub connector: String,
    pub title: String,
    /// Counted up whenever the manifest changes what it sends.
    pub version: u32,
    pub status: Status,
    pub category: String,
    /// What is written where, for the list of connectors.
    #[serde(default)]
    pub writes: String,
    /// How the connector was proven, for the list of connectors.
    #[serde(default)]
    pub proven: String,
    #[serde(default)]
    pub docs: Vec<String>,
    #[serde(default)]
    pub connection: ConnectionSpec,
    #[serde(default)]
    pub limits: Limits,
    /// Member names whose values never reach an attempt's record, beyond the ones that the engine knows.
    #[serde(default)]
    pub redact: Vec<String>,
    /// Read for every call, first match wins; the engine's own rules come last.
    #[serde(default)]
    pub classify: Vec<Rule>,
    /// Named templates that a tenant may override.
    #[serde(default)]
    pub mapping: Map<String, Value>,
    /// Tables for the `lookup` filter; `mapping.values` of a connection overrides them.
    #[serde(default)]
    pub values: Map<String, Value>,
    pub events: Vec<Handler>,
    /// How new applications and their files are read; absent: the connector only writes.
    pub intake: Option<Intake>,
    /// Events without steps (short names), each with the reason.
    #[serde(default)]
    pub not_handled: BTreeMap<String, String>,
    /// Path of a request → JSON Schema of its body, a file beside the manifest.
    #[serde(default)]
    pub contract: BTreeMap<String, String>,
    #[serde(default)]
    pub tests: Vec<Test>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Stable,
    Beta,
    /// Built on facts that nobody has confirmed against the real system.
    Experimental,
}

/// The fields that a tenant fills in; also drives forms and validation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSpec {
    #[serde(default)]
    pub fields: BTreeMap<String, Field>,
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretField>,
    #[serde(default)]
    pub auth: Auth,
    #[serde(default)]
    pub base_url: String,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// More headers that prove who sends a request; beside `auth`, only these templates may use `secrets`.
    #[serde(default)]
    pub secret_headers: BTreeMap<String, String>,
    /// A harmless call that proves the settings.
    pub check: Option<CheckSpec>,
}

#[derive(Clone, Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(rename = "type", default)]
    pub kind: FieldKind,
    #[serde(default)]
    pub required: bool,
    /// Regular expression that the whole text must match.
    pub pattern: Option<String>,
    #[serde(rename = "enum", default)]
    pub choices: Vec<String>,
    pub default: Option<Value>,
    pub example: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    #[default]
    String,
    Boolean,
    Integer,
}

#[derive(Clone, Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct SecretField {
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub required: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    pub call: Option<Call>,
    pub file: Option<FileWrite>,
    /// Must hold for the answer; absent means that the rules must call it ok.
    pub expect: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests per period: `10/s`, `50/10s`, `1000/m`; several with commas between them all hold: `15/m, 850/h, 20000/d`.
    pub rate: Option<String>,
    pub concurrency: u16,
    pub timeout_seconds: u64,
    pub max_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rate: None, concurrency: 4, timeout_seconds: 30, max_body_bytes: 1 << 20 }
    }
}

/// One line of the table that reads an answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Over `status`, `headers`, `json`, `text` and `transport` (empty when there was an answer).
    pub when: String,
    pub then: Verdict,
    /// Stable code; the verdict's own name when absent.
    pub reason: Option<String>,
    /// Template of one plain sentence.
    pub message: Option<String>,
    /// Seconds to wait, as an expression; `Retry-After` is read without it.
    pub wait: Option<String>,
}

/// The meaning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// The target already had it.
    Unchanged,
    /// Try later. For a write its fate is unknown.
    Transient,
    /// Try later; certainly not applied.
    RateLimited,
    /// Once with fresh credentials, then `config_error`.
    AuthRefresh,
    ConfigError,
    /// Try later; `config_error` when it comes again and again.
    SuspectConfig,
    Permanent,
    /// A person must decide.
    Park,
    /// Certainly not applied, because what the steps read has changed meanwhile: run them again at once.
    StartOver,
}

/// The steps for some event types.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// Short names (`credential.verified`) or `*`.
    pub on: Vec<String>,
    pub when: Option<String>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub id: String,
    pub when: Option<String>,
    pub unless: Option<String>,
    /// A list: the step runs once per element, which is called `item`.
    pub for_each: Option<String>,
    pub call: Option<Call>,
    pub file: Option<FileWrite>,
    /// Elements of the answer that are meant, as an expression that gives a list.
    pub find: Option<String>,
    pub require: Option<Require>,
    /// The member that names the person in this step's value: where a person has linked the candidate to an identifier of the system,
    /// that identifier is the value and nothing is searched.
    pub link: Option<String>,
    /// Over the answer: whether the system has finished what it accepted earlier. Until it holds, the delivery comes back later.
    pub until: Option<String>,
    /// Over the answer: what the next page's request sees as `page`; none after the last page.
    pub next: Option<String>,
    /// Values that later steps read as `ID.NAME`; not for writes, whose answer a later attempt does not have.
    #[serde(default)]
    pub extract: BTreeMap<String, String>,
    pub write: Option<Write>,
    /// Template of a credential's id, for a writing step: its calls see the credential as it was received as `badge`.
    pub badge: Option<String>,
}

/// Exactly one match. No match parks as `no_match`, several park as `ambiguous`, unless the step has words of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Require {
    One(One),
    OneOrElse { none: ParkWords, several: Option<ParkWords> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum One {
    One,
}

/// Why a delivery is parked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParkWords {
    pub reason: String,
    /// Template of one plain sentence.
    pub message: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    pub idempotency: Idempotency,
    /// Expression over the answer: the target's identifier of the written record.
    pub remote_id: Option<String>,
    /// Template of a name under which later events about the person see the identifier in `remembered`.
    pub remember: Option<String>,
    /// Template of a name that is forgotten once the step is done.
    pub forget: Option<String>,
}

/// Why sending twice does no harm, or that it would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idempotency {
    /// The target knows the key: an upsert, an external id, an id that receivers de-duplicate on.
    Natural,
    /// Setting a value that is already set changes nothing.
    Set,
    /// An earlier step looks for the record that this step writes.
    Observe,
    /// Only our ledger knows: an ambiguous write is parked, never repeated.
    LedgerOnly,
}

/// An HTTP request. Exactly one method; at most one body.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub get: Option<String>,
    pub post: Option<String>,
    pub put: Option<String>,
    pub patch: Option<String>,
    pub delete: Option<String>,
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    pub json: Option<Value>,
    #[serde(default)]
    pub form: BTreeMap<String, String>,
    pub text: Option<String>,
    /// A body of several parts.
    #[serde(default)]
    pub multipart: Vec<Part>,
    /// Hosts beside the system's own to which the call may go, for example of a store of files. They get no credentials.
    #[serde(default)]
    pub elsewhere: Vec<String>,
    /// Read before the connector's own rules.
    #[serde(default)]
    pub classify: Vec<Rule>,
}

/// One part of a body of several parts: a text, or a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub name: String,
    pub text: Option<String>,
    pub base64: Option<String>,
    pub file_name: Option<String>,
    pub media_type: Option<String>,
}

impl Call {
    /// Method and path or URL; `None` unless there is exactly one.
    pub fn target(&self) -> Option<(&'static str, &str)> {
        let all =
            [("GET", &self.get), ("POST", &self.post), ("PUT", &self.put), ("PATCH", &self.patch), ("DELETE", &self.delete)];
        let mut given = all.into_iter().filter_map(|(method, target)| target.as_deref().map(|target| (method, target)));
        let first = given.next()?;
        given.next().is_none().then_some(first)
    }

    /// Every template of the call, for checking at load time.
    pub fn templates(&self) -> Vec<&str> {
        let mut all: Vec<&str> = [&self.get, &self.post, &self.put, &self.patch, &self.delete, &self.text]
            .into_iter()
            .filter_map(|text| text.as_deref())
            .collect();
        all.extend(self.query.values().chain(self.headers.values()).chain(self.form.values()).map(String::as_str));
        let parts = self.multipart.iter();
        all.extend(
            parts.flat_map(|part| [&part.text, &part.base64, &part.file_name, &part.media_type]).flatten().map(String::as_str),
        );
        if let Some(json) = &self.json {
            strings_of(json, &mut all);
        }
        all
    }
}

/// Every text inside a JSON value.
pub fn strings_of<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings_of(item, into)),
        Value::Object(members) => members.values().for_each(|member| strings_of(member, into)),
        _ => {}
    }
}

/// A file in a folder that the connection names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileWrite {
    pub folder: String,
    /// A plain file name.
    pub name: String,
    /// `true`: rows are added to the file; a row whose `key` is already there is not added again. Else the file is written whole.
    #[serde(default)]
    pub append: String,
    /// The column that tells rows apart.
    pub key: String,
    pub columns: Vec<String>,
    /// A list: one row per element, which is called `item`.
    pub each: String,
    /// Column → template.
    pub row: BTreeMap<String, String>,
}
