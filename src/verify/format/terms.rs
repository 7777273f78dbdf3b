//! Whether a type is defined by the contexts that a document names.
//! Comes in: a term and `@context`. Goes out: whether it is certain that nothing defines it.

use crate::jsonld::{Contexts, Edition};
use serde_json::Value;

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
