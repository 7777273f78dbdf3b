//! Whether the JSON says what was signed: a signature covers the RDF of a document, readers read its JSON.
//! Comes in: the document and its verified proofs. Goes out: the checks `context` and `integrity`.
//! Must not know: keys, signatures.

use super::problem::ProofProblem;
use super::single::Verified;
use crate::jsonld::{Contexts, Edition};
use crate::model::report::{Check, CheckId, CheckStatus};
use serde_json::{Map, Value};

/// More contexts than this on one document are refused unread.
const MAX_CONTEXTS: usize = 8;

/// The context URLs that a document lists at its top.
pub fn context_urls(document: &Map<String, Value>) -> Vec<&str> {
    match document.get("@context") {
        Some(Value::String(url)) => vec![url],
        Some(Value::Array(entries)) => entries.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// What can be refused before any work: unknown, inline and repeated contexts.
pub fn screen(document: &Map<String, Value>, contexts: &Contexts) -> Result<(), ProofProblem> {
    let context = |code, detail| {
        let pointer = Some("/@context".to_owned());
        Err(ProofProblem { check: CheckId::Context, status: CheckStatus::Fail, code, detail, pointer })
    };
    let entries = match document.get("@context") {
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => return context("context_missing", "the document names no vocabulary".to_owned()),
    };
    if entries.len() > MAX_CONTEXTS {
        return context("context_excess", format!("the document lists more than {MAX_CONTEXTS} vocabularies"));
    }
    let mut seen = Vec::new();
    for entry in entries {
        let Value::String(url) = entry else {
            return context(
                "inline_context",
                "the document brings its own vocabulary, which could give words another meaning".to_owned(),
            );
        };
        let Some(found) = contexts.get(url, Edition::default()) else {
            return context("unknown_context", format!("the context {url} is not known, and contexts are never fetched"));
        };
        if seen.contains(&found) {
            return context("context_repeated", format!("the document lists the vocabulary {url} twice"));
        }
        seen.push(found);
    }
    Ok(())
}

pub fn check(_document: &Map<String, Value>, _verified: &[Verified], _contexts: &Contexts, _edition: Edition) -> (Check, Check) {
    (
        Check::pass(CheckId::Context, "The document uses known vocabularies."),
        Check::could_not_check(CheckId::Integrity, "not_reached", "Whether the file's text is what was signed was not checked."),
    )
}
