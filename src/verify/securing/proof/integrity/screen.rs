//! The contexts at the top of a document: few, known, each listed once, and none of them renames a standard field.
//! Comes in: the document. Goes out: problems of the `context` and `integrity` checks.
//! Must not know: proofs.

use crate::document::members::entries;
use crate::jsonld::vocabulary::{self, Term};
use crate::jsonld::{Contexts, Edition};
use crate::model::code::Code;
use crate::model::report::{CheckId, CheckStatus};
use crate::verify::securing::proof::problem::ProofProblem;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The most contexts of one document; a longer list is refused unread.
const MAX_CONTEXTS: usize = 8;

const BASE_CONTEXTS: [&str; 2] = ["https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"];

/// The context URLs at the top of a document.
pub fn context_urls(document: &Map<String, Value>) -> Vec<&str> {
    entries(document.get("@context")).filter_map(Value::as_str).collect()
}

/// Whether the document defines words itself.
pub fn has_inline(document: &Map<String, Value>) -> bool {
    entries(document.get("@context")).any(|entry| !entry.is_string())
}

/// The problem that is visible before any work on the document.
pub fn screen(document: &Map<String, Value>, contexts: &Contexts) -> Result<(), ProofProblem> {
    if document.get("@context").is_none() {
        return Err(problem(
            "/@context",
            Code::ContextMissing,
            "the document does not name its vocabulary (JSON-LD context)".to_owned(),
        ));
    }
    list(entries(document.get("@context")).as_slice(), contexts, "/@context", true)
}

/// Judges one list of contexts. `inline`: whether the list may hold objects.
pub fn list(entries: &[Value], contexts: &Contexts, pointer: &str, inline: bool) -> Result<(), ProofProblem> {
    let wrong = |code, detail| Err(problem(pointer, code, detail));
    if entries.len() > MAX_CONTEXTS {
        return wrong(Code::ContextExcess, format!("the document lists more than {MAX_CONTEXTS} vocabularies"));
    }
    if !entries.first().and_then(Value::as_str).is_some_and(|url| BASE_CONTEXTS.contains(&url)) {
        return wrong(Code::ContextOrder, "the document does not list the vocabulary of Verifiable Credentials first".to_owned());
    }
    let mut seen = Vec::new();
    for entry in entries {
        let content = match entry {
            Value::String(url) => match contexts.get(url, Edition::default()) {
                Some(content) => content,
                None => return Err(unknown(url, pointer)),
            },
            Value::Object(_) if inline => entry,
            _ => return wrong(Code::InlineContext, "a part of the document brings its own vocabulary".to_owned()),
        };
        if seen.contains(&content) {
            return wrong(Code::ContextRepeated, "the document lists the same vocabulary twice".to_owned());
        }
        seen.push(content);
    }
    Ok(())
}

/// An unknown vocabulary: the signature covers its meaning, so the signature can't be checked. The document is not at fault.
pub fn unknown(url: &str, pointer: &str) -> ProofProblem {
    let detail =
        format!("the document uses the vocabulary {url:.200}, which the gateway does not know, so its signature was not checked");
    ProofProblem { status: CheckStatus::CouldNotCheck, ..problem(pointer, Code::UnknownContext, detail) }
}

fn problem(pointer: &str, code: Code, detail: String) -> ProofProblem {
    let pointer = Some(pointer.to_owned());
    ProofProblem { check: CheckId::Context, status: CheckStatus::Fail, code, detail, pointer }
}

/// Words of added or inline contexts that rename a standard field, or that give a standard name another meaning.
pub fn foreign_names(document: &Map<String, Value>, contexts: &Contexts, edition: Edition) -> Vec<ProofProblem> {
    let entries = entries(document.get("@context")).as_slice();
    if entries.iter().all(|entry| entry.as_str().is_some_and(|url| contexts.is_built_in(url))) {
        return Vec::new();
    }
    let terms = match vocabulary::foreign_terms(entries, contexts, edition) {
        Ok(terms) => terms,
        Err(error) => return vec![error.into()],
    };
    let suspicious =
        |term: &Term| term.redefines || term.iri.as_ref().is_some_and(|iri| vocabulary::is_known_otherwise(iri, &term.name));
    let suspects: HashMap<&str, &Term> = terms.iter().filter(|term| suspicious(term)).map(|term| (&*term.name, term)).collect();
    let mut problems = Vec::new();
    if !suspects.is_empty() {
        for (name, value) in document.iter().filter(|(name, _)| !matches!(name.as_str(), "@context" | "proof")) {
            used(name, value, &format!("/{name}"), &suspects, &mut problems);
        }
    }
    problems
}

fn used(name: &str, value: &Value, pointer: &str, suspects: &HashMap<&str, &Term>, problems: &mut Vec<ProofProblem>) {
    if suspects.contains_key(name) {
        let detail = format!("the word \"{name}\" hides a standard field under another name");
        problems.push(ProofProblem::integrity(Code::RenamedMember, pointer, detail));
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                used(name, value, &format!("{pointer}/{name}"), suspects, problems);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                used("", item, &format!("{pointer}/{index}"), suspects, problems);
                if let (true, Some(written)) = (name == "type", item.as_str()) {
                    used(written, &Value::Null, &format!("{pointer}/{index}"), suspects, problems);
                }
            }
        }
        Value::String(written) if name == "type" => used(written, &Value::Null, pointer, suspects, problems),
        _ => {}
    }
}
