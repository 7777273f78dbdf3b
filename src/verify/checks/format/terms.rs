//! Whether the contexts of a document define a type, and whether the contexts agree with each other.
//! Comes in: a term or a document, and `@context`. Goes out: the certain faults.

use crate::document::members::entries;
use crate::jsonld::{Contexts, Edition, JsonLdError, expand};
use crate::verify::securing::proof::screen;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The place and the fault of words that a document defines itself: no such word may change a protected term, and each type must
/// stand for a web address. Unknown contexts are left to the `context` check.
pub fn own_vocabulary_problem(members: &Map<String, Value>, contexts: &Contexts) -> Option<(&'static str, &'static str)> {
    let context = members.get("@context");
    // The `context` check refuses such a document unread.
    if !entries(context).any(Value::is_object) || screen(members, contexts).is_err() {
        return None;
    }
    let types: HashSet<&str> = entries(members.get("type")).filter_map(Value::as_str).collect();
    let typed = json!({"@context": context, "id": "urn:uuid:00000000-0000-0000-0000-000000000000", "type": types});
    match expand(&typed, contexts, Edition::default(), None) {
        Ok(expansion) if expansion.dataset.quads.len() < types.len() => {
            Some(("/type", "a type stands for something that is not a web address"))
        }
        Err(JsonLdError::Invalid { .. }) => Some(("/@context", "the document's own vocabulary contradicts another vocabulary")),
        Ok(_) | Err(_) => None,
    }
}

/// True only when every context is known and none of them gives the term a meaning.
pub fn is_undefined(term: &str, context: Option<&Value>, contexts: &Contexts) -> bool {
    if term.contains(':') {
        return false;
    }
    let Some(context) = context else { return true };
    !may_define(context, term, contexts)
}

fn may_define(context: &Value, term: &str, contexts: &Contexts) -> bool {
    match context {
        Value::Array(list) => {
            // A later `@vocab: null` takes a vocabulary away again; single terms stay.
            let vocabulary_lost = list.iter().rev().find_map(|entry| entry.get("@vocab")).is_some_and(Value::is_null);
            list.iter().any(|entry| match entry {
                Value::Object(members) => {
                    members.contains_key(term) || (!vocabulary_lost && members.get("@vocab").is_some_and(Value::is_string))
                }
                other => defined_by(other, term, contexts, !vocabulary_lost),
            })
        }
        other => defined_by(other, term, contexts, true),
    }
}

fn defined_by(context: &Value, term: &str, contexts: &Contexts, vocabulary_counts: bool) -> bool {
    match context {
        Value::String(url) => match contexts.get(url, Edition(0)) {
            Some(known) => inside(known.get("@context").unwrap_or(known), term, contexts, vocabulary_counts),
            None => true,
        },
        Value::Object(_) => inside(context, term, contexts, vocabulary_counts),
        _ => false,
    }
}

/// Published contexts are objects, or lists of objects and further URLs.
fn inside(content: &Value, term: &str, contexts: &Contexts, vocabulary_counts: bool) -> bool {
    match content {
        Value::Object(members) => {
            members.contains_key(term) || (vocabulary_counts && members.get("@vocab").is_some_and(Value::is_string))
        }
        Value::Array(list) => list.iter().any(|entry| defined_by(entry, term, contexts, vocabulary_counts)),
        Value::String(_) => defined_by(content, term, contexts, vocabulary_counts),
        _ => false,
    }
}
