//! The connectors of this gateway: the embedded connectors, and those of an extra folder.
//! Comes in: folders with a manifest.yaml. Goes out: checked connectors by name; a wrong manifest never gets this far.
//! Must not know: connections, deliveries, how a manifest is run.

use super::intake_spec::Intake;
use super::manifest::{Handler, Manifest, Step, strings_of};
use super::order::FormOrder;
use super::template::Templates;
use crate::model::event::EventType;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

include!(concat!(env!("OUT_DIR"), "/connectors.rs"));

const SCHEMA: &str = include_str!("../../schemas/connector-manifest.json");
const MANIFEST: &str = "manifest.yaml";
const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_FILES: usize = 500;
/// Names that templates find in their context besides the steps.
pub const RESERVED: [&str; 26] = [
    "event",
    "event_json",
    "event_type",
    "data",
    "fields",
    "secrets",
    "candidate",
    "mapping",
    "values",
    "connection",
    "now",
    "item",
    "page",
    "json",
    "xml",
    "status",
    "headers",
    "text",
    "transport",
    "matches",
    "remembered",
    "badge",
    "cursor",
    "application",
    "attachment",
    "body",
];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The manifest is wrong: its author must change it.
    #[error("connector {connector}: {problem}")]
    Invalid { connector: String, problem: String },
    #[error("the folder of connectors can't be read: {0}")]
    Unreadable(String),
}

/// A checked manifest with the files beside it.
#[derive(Clone, Debug)]
pub struct Connector {
    pub manifest: Manifest,
    /// How the manifest orders the form of a connection.
    pub order: FormOrder,
    /// Path inside the folder → content.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// All connectors, by name. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Registry(Arc<BTreeMap<String, Arc<Connector>>>);

impl Registry {
    /// The embedded connectors, and those of `extra` (which may replace an embedded one) unless it is empty.
    pub fn load(extra: &Path) -> Result<Self, RegistryError> {
        let mut folders = embedded();
        if !extra.as_os_str().is_empty() {
            folders.extend(read_folders(extra)?);
        }
        let mut connectors = BTreeMap::new();
        for (name, files) in folders {
            let connector = Connector::parse(&name, files)?;
            connectors.insert(name, Arc::new(connector));
        }
        Ok(Self(Arc::new(connectors)))
    }

    pub fn get(&self, name: &str) -> Option<Arc<Connector>> {
        self.0.get(name).cloned()
    }

    /// In order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Connector>> {
        self.0.values()
    }
}

type Folders = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

fn embedded() -> Folders {
    let mut folders = Folders::new();
    for (path, content) in EMBEDDED {
        if let Some((name, file)) = path.split_once('/') {
            folders.entry(name.to_owned()).or_default().insert(file.to_owned(), content.to_vec());
        }
    }
    folders
}

fn read_folders(root: &Path) -> Result<Folders, RegistryError> {
    let unreadable = |error: std::io::Error| RegistryError::Unreadable(format!("{}: {error}", root.display()));
    let mut folders = Folders::new();
    for entry in std::fs::read_dir(root).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if !path.join(MANIFEST).is_file() {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        read_files(&path, &path, &mut files).map_err(unreadable)?;
        folders.insert(name, files);
    }
    Ok(folders)
}

fn read_files(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            read_files(root, &path, files)?;
        } else if kind.is_file() {
            let too_much = entry.metadata()?.len() > MAX_FILE_BYTES || files.len() >= MAX_FILES;
            if too_much {
                return Err(std::io::Error::other(format!("{} is more than a connector's folder may hold", path.display())));
            }
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.insert(relative, std::fs::read(&path)?);
        }
    }
    Ok(())
}

impl Connector {
    /// Checks the manifest of one folder: YAML, schema, types, then references between its parts.
    pub fn parse(name: &str, files: BTreeMap<String, Vec<u8>>) -> Result<Self, RegistryError> {
        let invalid = |problem: String| RegistryError::Invalid { connector: name.to_owned(), problem };
        let source = files.get(MANIFEST).ok_or_else(|| invalid(format!("{MANIFEST} is missing")))?;
        let source = std::str::from_utf8(source).map_err(|_| invalid("the manifest is not UTF-8".into()))?;
        let document: Value = serde_saphyr::from_str(source).map_err(|error| invalid(error.to_string()))?;
        check_schema(&document).map_err(invalid)?;
        let manifest: Manifest = serde_json::from_value(document).map_err(|error| invalid(error.to_string()))?;
        if manifest.connector != name {
            return Err(invalid(format!("it calls itself {}, but its folder is {name}", manifest.connector)));
        }
        let order = FormOrder::of(source);
        let connector = Self { manifest, order, files };
        connector.check().map_err(invalid)?;
        Ok(connector)
    }

    /// The handler for an event: the first handler that names its type, else the handler for all types.
    pub fn handler(&self, event_type: EventType) -> Option<&Handler> {
        let short = short_name(event_type);
        let named = |wanted: &str| self.manifest.events.iter().find(|handler| handler.on.iter().any(|on| on == wanted));
        named(short).or_else(|| named("*"))
    }

    /// Whether any step remembers an identifier for later events.
    pub fn remembers(&self) -> bool {
        let mut steps = self.manifest.events.iter().flat_map(|handler| &handler.steps);
        steps.any(|step| step.write.as_ref().is_some_and(|write| write.remember.is_some()))
    }

    /// Names of the steps that send a credential's file along.
    pub fn steps_with_files(&self) -> Vec<String> {
        let steps = self.manifest.events.iter().flat_map(|handler| &handler.steps);
        steps.filter(|step| step.badge.is_some()).map(|step| step.id.clone()).collect()
    }

    /// Event types that the manifest handles.
    pub fn event_types(&self) -> Vec<EventType> {
        EventType::ALL.iter().copied().filter(|event_type| self.handler(*event_type).is_some()).collect()
    }

    /// A file beside the manifest as JSON.
    pub fn json_file(&self, path: &str) -> Result<Value, RegistryError> {
        let invalid = |problem: String| RegistryError::Invalid { connector: self.manifest.connector.clone(), problem };
        let content = self.files.get(path).ok_or_else(|| invalid(format!("{path} is missing")))?;
        serde_json::from_slice(content).map_err(|error| invalid(format!("{path}: {error}")))
    }

    fn check(&self) -> Result<(), String> {
        let manifest = &self.manifest;
        let templates = Templates;
        for field in manifest.connection.fields.values() {
            if let Some(pattern) = &field.pattern {
                regex::Regex::new(pattern).map_err(|error| error.to_string())?;
            }
        }
        let mut texts = Vec::new();
        manifest.mapping.values().for_each(|value| strings_of(value, &mut texts));
        texts.push(&manifest.connection.base_url);
        texts.extend(manifest.connection.headers.values().map(String::as_str));
        let check_call = manifest.connection.check.as_ref().and_then(|check| check.call.as_ref());
        let intake = manifest.intake.as_ref();
        let reading = || intake.into_iter().flat_map(Intake::steps);
        let steps = || manifest.events.iter().flat_map(|handler| &handler.steps).chain(reading());
        let fetch = intake.and_then(|intake| intake.read.fetch.as_ref());
        let calls = || steps().filter_map(|step| step.call.as_ref()).chain(check_call).chain(fetch);
        texts.extend(calls().flat_map(|call| call.templates()));
        let writes = steps().filter_map(|step| step.write.as_ref());
        texts.extend(steps().filter_map(|step| step.badge.as_deref()));
        texts.extend(writes.flat_map(|write| [&write.remember, &write.forget]).flatten().map(String::as_str));
        texts.iter().try_for_each(|text| templates.check_template(text)).map_err(|error| error.to_string())?;
        let mut secret_headers = manifest.connection.secret_headers.values();
        secret_headers.try_for_each(|text| templates.check_template(text)).map_err(|error| error.to_string())?;
        if texts.iter().any(|text| text.contains("secrets.") || text.contains("secrets[")) {
            return Err("only `connection.auth` and `connection.secret_headers` may use secrets".to_owned());
        }

        let rules = manifest.classify.iter().chain(calls().flat_map(|call| &call.classify));
        let mut expressions: Vec<&String> = rules.flat_map(|rule| [Some(&rule.when), rule.wait.as_ref()]).flatten().collect();
        expressions.extend(manifest.events.iter().filter_map(|handler| handler.when.as_ref()));
        expressions.extend(intake.into_iter().flat_map(Intake::expressions));
        for step in steps() {
            let remote_id = step.write.as_ref().and_then(|write| write.remote_id.as_ref());
            expressions.extend(
                [&step.when, &step.unless, &step.for_each, &step.until, &step.find, &step.next]
                    .into_iter()
                    .flatten()
                    .chain(remote_id),
            );
            expressions.extend(step.extract.values());
        }
        expressions.iter().try_for_each(|text| templates.check_expression(text)).map_err(|error| error.to_string())?;
        if let Some(event) =
            manifest.not_handled.keys().find(|event| manifest.events.iter().any(|handler| handler.on.contains(event)))
        {
            return Err(format!("`not_handled` names {event}, which has steps"));
        }
        if self.remembers() && self.handler(EventType::CandidateErased).is_none() {
            return Err(
                "a step has `remember`, so `candidate.erased` needs steps: nothing is remembered of the erased".to_owned()
            );
        }
        if let Some(intake) = intake {
            self.check_intake(intake)?;
        }
        manifest.events.iter().try_for_each(|handler| check_steps(&handler.steps))
    }

    fn check_intake(&self, intake: &Intake) -> Result<(), String> {
        intake.check()?;
        let secret = intake.webhook.as_ref().map(|webhook| &webhook.secret);
        if let Some(secret) = secret.filter(|secret| !self.manifest.connection.secrets.contains_key(*secret)) {
            return Err(format!("`intake.webhook.secret` names {secret}, which is no secret of the connection"));
        }
        check_steps(intake.poll.as_ref().map_or(&[], |poll| &poll.steps))?;
        check_steps(&intake.read.steps)
    }
}

/// `credential.verified` of `org.skillgate.credential.verified.v1`.
pub fn short_name(event_type: EventType) -> &'static str {
    let name = event_type.as_str();
    let inside = name.strip_prefix("org.skillgate.").unwrap_or(name);
    inside.rsplit_once('.').map_or(inside, |(short, _)| short)
}

fn check_steps(steps: &[Step]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for step in steps {
        let id = &step.id;
        if RESERVED.contains(&id.as_str()) || !seen.insert(id) {
            return Err(format!("step id `{id}` is reserved or used twice"));
        }
        if let Some(call) = &step.call {
            let (method, _) = call.target().ok_or_else(|| format!("step `{id}` needs exactly one method"))?;
            let kinds = [call.json.is_some(), !call.form.is_empty(), call.text.is_some(), !call.multipart.is_empty()];
            let bodies = kinds.into_iter().filter(|is_there| *is_there).count();
            if bodies > 1 || (bodies > 0 && method == "GET") {
                return Err(format!("step `{id}` has more than one body, or one on a GET"));
            }
            if !matches!(method, "GET" | "POST") && step.write.is_none() {
                return Err(format!("step `{id}` changes something: it needs `write`"));
            }
        }
        if let Some(write) = &step.write {
            let reads = step.find.is_some() || step.next.is_some() || step.require.is_some() || step.until.is_some();
            if !step.extract.is_empty() || reads {
                return Err(format!("step `{id}` writes: a later attempt has no answer to extract from, use `write.remote_id`"));
            }
            let observes = write.idempotency == super::manifest::Idempotency::Observe;
            if write.remember.is_some() && write.remote_id.is_none() {
                return Err(format!("step `{id}` has `remember`, so it needs `remote_id`"));
            }
            if observes && step.unless.is_none() && step.when.is_none() {
                return Err(format!("step `{id}` declares `observe`, so it needs `unless` or `when` over an earlier step"));
            }
        }
        if step.badge.is_some() && (step.write.is_none() || step.call.is_none()) {
            return Err(format!("step `{id}` has `badge`, which is for calls that write"));
        }
        if step.file.is_some() && step.write.is_none() {
            return Err(format!("step `{id}` writes a file: it needs `write`"));
        }
        if step.require.is_some() && step.find.is_none() {
            return Err(format!("step `{id}` has `require` but no `find`"));
        }
        if step.link.as_ref().is_some_and(|link| !step.extract.contains_key(link) || step.extract.len() > 1) {
            return Err(format!("step `{id}` has a `link`, which must be the only value that it extracts"));
        }
    }
    Ok(())
}

fn check_schema(document: &Value) -> Result<(), String> {
    let schema: Value = serde_json::from_str(SCHEMA).map_err(|error| error.to_string())?;
    let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
    match validator.iter_errors(document).next() {
        None => Ok(()),
        Some(error) => Err(format!("{} at `{}`", shorten(&error.to_string()), error.instance_path())),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(300).collect()
}
