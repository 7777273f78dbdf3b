//! The witnesses of a did:webvh log: an entry counts only when enough witnesses signed it.
//! Comes in: the `witness` parameter, and the file with their signatures. Goes out: whether enough of them signed.
//! Must not know: the file's address, the entries' content.

use super::proof;
use crate::document::members::entries;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// The most witnesses of one log, and the most entries of the file that are read.
const MAX_WITNESSES: usize = 32;
const MAX_ENTRIES: usize = 400;

/// The witnesses of an entry, and how many of them must sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnesses {
    threshold: usize,
    /// Multikeys.
    keys: Vec<String>,
}

impl Witnesses {
    /// Reads the `witness` parameter; `Ok(None)` for `{}`, which means no witnesses.
    pub fn read(parameter: &Value) -> Result<Option<Self>, String> {
        if parameter.is_null() || parameter.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(None);
        }
        let wrong = || "the log names its witnesses in a way that is not allowed".to_owned();
        let listed = parameter.get("witnesses").and_then(Value::as_array).filter(|listed| listed.len() <= MAX_WITNESSES);
        let key = |witness: &Value| Some(witness.get("id")?.as_str()?.strip_prefix("did:key:")?.to_owned());
        let keys: Option<Vec<String>> = listed.ok_or_else(wrong)?.iter().map(key).collect();
        let keys = keys.ok_or_else(wrong)?;
        let threshold = parameter.get("threshold").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
        let threshold = threshold.ok_or_else(wrong)?;
        // A witness that is listed twice must not count twice.
        let distinct: HashSet<&String> = keys.iter().collect();
        if threshold == 0 || threshold > keys.len() || distinct.len() != keys.len() {
            return Err(wrong());
        }
        Ok(Some(Self { threshold, keys }))
    }
}

/// The entry with this number needs these witnesses.
#[derive(Clone, Debug)]
pub struct Needed {
    pub number: usize,
    pub by: Witnesses,
}

/// Whether the file holds enough signatures for every entry. A signature on a later entry covers all earlier entries.
///
/// `versions`: the `versionId` of each entry of the log, in order.
pub fn seen(file: &Value, versions: &[String], needed: &[Needed]) -> bool {
    let all: HashSet<&String> = needed.iter().flat_map(|needed| &needed.by.keys).collect();
    let all: Vec<String> = all.into_iter().cloned().collect();
    // The last entry that each witness has seen.
    let mut last: HashMap<&str, usize> = HashMap::new();
    for entry in entries(Some(file)).take(MAX_ENTRIES) {
        let Some(version) = entry.get("versionId").and_then(Value::as_str) else { continue };
        let Some(index) = versions.iter().position(|known| known == version) else { continue };
        for key in proof::signers(&json!({ "versionId": version }), entry.get("proof"), &all) {
            let number = last.entry(key).or_default();
            *number = (*number).max(index + 1);
        }
    }
    needed.iter().all(|needed| {
        let seen_by = needed.by.keys.iter().filter(|key| last.get(key.as_str()).is_some_and(|number| *number >= needed.number));
        seen_by.count() >= needed.by.threshold
    })
}
