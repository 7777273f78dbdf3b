//! The log of a did:webvh 1.0 identifier: every entry is hashed, chained to the previous entry and signed by an authorised key.
//! Comes in: the log's text and the DID. Goes out: the documents in order and the entries that witnesses must confirm, or the fault
//! of the log.
//! Must not know: the log's address.

use super::proof;
use super::witness::{Needed, Witnesses};
use crate::document::members::entries;
use crate::document::{Limits, json};
use crate::jsonld::jcs;
use crate::verify::checks::validity::parse_moment;
use crate::verify::keys::history::Version;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Largest log, in bytes and entries: every entry costs two hashes and a signature check.
const MAX_BYTES: usize = 1 << 20;
const MAX_ENTRIES: usize = 300;
const MAX_KEYS: usize = 32;
const METHOD: &str = "did:webvh:1.0";
const PLACEHOLDER: &str = "{SCID}";
/// The parameters that an entry may set (did:webvh 1.0, "DID Method Parameters"). An unknown parameter could change the log's meaning.
const PARAMETERS: [&str; 9] =
    ["method", "scid", "updateKeys", "nextKeyHashes", "witness", "watchers", "portable", "deactivated", "ttl"];

/// A log in which every entry follows from the previous entry.
#[derive(Debug)]
pub struct Log {
    /// The documents that were in force by the requested moment, oldest first.
    pub versions: Vec<Version>,
    pub deactivated: bool,
    /// The `versionId` of every entry.
    pub version_ids: Vec<String>,
    /// The entries that witnesses must confirm.
    pub needed: Vec<Needed>,
}

/// The parameters after the entries read so far.
#[derive(Default)]
struct State {
    scid: String,
    version_id: String,
    time: Option<DateTime<Utc>>,
    update_keys: Vec<String>,
    next_key_hashes: Vec<String>,
    witnesses: Option<Witnesses>,
    portable: bool,
    deactivated: bool,
    id: String,
}

/// Reads and checks a log. Entries later than `at` are checked too, but their documents are left out.
///
/// # Errors
/// A clause that names the fault.
pub fn read(bytes: &[u8], scid: &str, at: DateTime<Utc>) -> Result<Log, String> {
    if bytes.len() > MAX_BYTES {
        return Err("the log is too large".to_owned());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "the log is not text".to_owned())?;
    let mut state = State { scid: scid.to_owned(), ..State::default() };
    let mut log = Log { versions: Vec::new(), deactivated: false, version_ids: Vec::new(), needed: Vec::new() };
    for (index, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        let number = index + 1;
        if number > MAX_ENTRIES {
            return Err(format!("the log has more than {MAX_ENTRIES} entries"));
        }
        let entry = json::parse_text(line, &Limits::default()).map_err(|_| format!("entry {number} of the log is not JSON"))?;
        let Value::Object(entry) = entry else { return Err(format!("entry {number} of the log is not a JSON object")) };
        let (version, seen_by) = state.apply(number, entry).map_err(|problem| format!("entry {number} of the log: {problem}"))?;
        log.version_ids.push(state.version_id.clone());
        log.needed.extend(seen_by.map(|by| Needed { number, by }));
        if version.from <= at {
            log.deactivated = state.deactivated;
            log.versions.push(version);
        }
    }
    Ok(log)
}

impl State {
    /// Applies the next entry. Returns its document and the witnesses that must have seen it.
    fn apply(&mut self, number: usize, mut entry: Map<String, Value>) -> Result<(Version, Option<Witnesses>), String> {
        if self.deactivated {
            return Err("it comes after the identifier was deactivated".to_owned());
        }
        if entry.keys().any(|name| !matches!(name.as_str(), "versionId" | "versionTime" | "parameters" | "state" | "proof")) {
            return Err("it has an unknown member".to_owned());
        }
        let version_id = entry.get("versionId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let time = entry.get("versionTime").and_then(Value::as_str).and_then(parse_moment).filter(|moment| moment.has_offset);
        let time = time.ok_or("its time can't be read")?.earliest;
        if self.time.is_some_and(|before| time <= before) {
            return Err("it is not later than the entry before".to_owned());
        }
        let proofs = entry.remove("proof");
        let signed = Value::Object(entry.clone());
        self.check_hash(number, &version_id, entry)?;
        let parameters = signed.get("parameters").and_then(Value::as_object).ok_or("it has no parameters")?;
        let keys_before = self.update_keys.clone();
        let promised = std::mem::take(&mut self.next_key_hashes);
        let witnesses_before = self.witnesses.clone();
        self.set(number, parameters)?;
        self.check_promise(&promised, parameters)?;
        // Without pre-rotation, a key that the previous entry authorised signs the entry.
        let allowed = if number == 1 || !promised.is_empty() { &self.update_keys } else { &keys_before };
        if proof::signers(&signed, proofs.as_ref(), allowed).is_empty() {
            return Err("no key that may change the log has signed it".to_owned());
        }
        let document = signed.get("state").cloned().ok_or("it has no document")?;
        self.move_to(number, &document)?;
        self.version_id = version_id;
        self.time = Some(time);
        let seen_by = witnesses_before.or_else(|| self.witnesses.clone());
        Ok((Version { from: time, document }, seen_by))
    }

    /// "Entry Hash Generation and Verification", and "Verify SCID" for the first entry.
    fn check_hash(&self, number: usize, version_id: &str, mut entry: Map<String, Value>) -> Result<(), String> {
        let before = if number == 1 { &self.scid } else { &self.version_id };
        entry.insert("versionId".to_owned(), Value::String(before.clone()));
        let text = jcs::canonical(&Value::Object(entry.clone()));
        if version_id != format!("{number}-{}", proof::hash(&text)) {
            return Err("it was changed, or does not follow the entry before".to_owned());
        }
        if number > 1 {
            return Ok(());
        }
        entry.insert("versionId".to_owned(), Value::String(PLACEHOLDER.to_owned()));
        let text = jcs::canonical(&Value::Object(entry)).replace(self.scid.as_str(), PLACEHOLDER);
        if proof::hash(&text) != self.scid {
            return Err("the identifier was not derived from it".to_owned());
        }
        Ok(())
    }

    fn set(&mut self, number: usize, parameters: &Map<String, Value>) -> Result<(), String> {
        if let Some(unknown) = parameters.keys().find(|name| !PARAMETERS.contains(&name.as_str())) {
            return Err(format!("it sets the unknown parameter {unknown:.40}"));
        }
        match parameters.get("method").map(|method| method == METHOD) {
            Some(true) => {}
            None if number > 1 => {}
            _ => return Err(format!("only the version {METHOD} is supported")),
        }
        let scid = parameters.get("scid").and_then(Value::as_str);
        if scid.is_some_and(|scid| scid != self.scid) || (number == 1) != parameters.contains_key("scid") {
            return Err("it belongs to another identifier".to_owned());
        }
        if let Some(keys) = texts(parameters, "updateKeys")? {
            self.update_keys = keys;
        }
        if number == 1 && self.update_keys.is_empty() {
            return Err("it names no key that may change the log".to_owned());
        }
        self.next_key_hashes = texts(parameters, "nextKeyHashes")?.unwrap_or_default();
        if let Some(witness) = parameters.get("witness") {
            self.witnesses = Witnesses::read(witness)?;
        }
        match flag(parameters, "portable")? {
            Some(true) if number > 1 && !self.portable => {
                return Err("it makes the identifier portable, which only the first entry may do".to_owned());
            }
            Some(portable) => self.portable = portable,
            None => {}
        }
        self.deactivated = flag(parameters, "deactivated")?.unwrap_or(false);
        Ok(())
    }

    /// "Pre-Rotation Key Hash Generation and Verification": only keys whose hashes the previous entry published may follow.
    fn check_promise(&self, promised: &[String], parameters: &Map<String, Value>) -> Result<(), String> {
        if promised.is_empty() {
            return Ok(());
        }
        let says_what_follows = parameters.contains_key("updateKeys") && parameters.contains_key("nextKeyHashes");
        let is_kept = says_what_follows && self.update_keys.iter().all(|key| promised.contains(&proof::hash(key)));
        if is_kept { Ok(()) } else { Err("its keys are not the keys that the entry before announced".to_owned()) }
    }

    /// The document must be this identifier's. It may name another place only when the first entry allows that, and must then name the
    /// old place as well ("DID Portability").
    fn move_to(&mut self, number: usize, document: &Value) -> Result<(), String> {
        let id = document.get("id").and_then(Value::as_str).unwrap_or_default();
        if id.strip_prefix("did:webvh:").and_then(|rest| rest.split_once(':')).is_none_or(|(scid, _)| scid != self.scid) {
            return Err("its document belongs to another identifier".to_owned());
        }
        let has_moved = number > 1 && id != self.id;
        let names_old = entries(document.get("alsoKnownAs")).any(|name| name == self.id.as_str());
        if has_moved && !(self.portable && names_old) {
            return Err("it moves the identifier, which is not allowed".to_owned());
        }
        id.clone_into(&mut self.id);
        Ok(())
    }
}

/// A list of texts. Older logs write `null` for an empty list.
fn texts(parameters: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, String> {
    let Some(value) = parameters.get(name) else { return Ok(None) };
    if value.is_null() {
        return Ok(Some(Vec::new()));
    }
    let wrong = || format!("its {name} are not a list of texts");
    let items = value.as_array().filter(|items| items.len() <= MAX_KEYS).ok_or_else(wrong)?;
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
}

fn flag(parameters: &Map<String, Value>, name: &str) -> Result<Option<bool>, String> {
    match parameters.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(format!("its {name} is neither true nor false")),
    }
}
