//! The names of IRIs in the built-in contexts and in a document's own contexts.
//! Comes in: contexts. Goes out: names by IRI, and terms that are not built in.
//! Must not know: documents beyond their `@context`.

use super::JsonLdError;
use super::context::{ActiveContext, Mapping, Mode, Processor};
use super::contexts::{Contexts, Edition};
use crate::model::code::Code;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

/// Deepest nesting of scoped contexts; deeper contexts repeat known terms.
const MAX_DEPTH: usize = 5;
/// Most terms that a document's own contexts may define. A vocabulary of general use has a few thousand.
const MAX_FOREIGN: usize = 20_000;

type Names = HashMap<Arc<str>, HashSet<Arc<str>>>;

static BUILT_IN: LazyLock<Names> = LazyLock::new(|| {
    let contexts = Contexts::built_in();
    let mut names = Names::new();
    for url in contexts.built_in_urls() {
        for edition in (0..contexts.editions([url].into_iter())).map(Edition) {
            let processor = Processor { contexts: &contexts, edition };
            let start = processor.initial(None);
            let mut walk = Walk { processor, seen: HashSet::new(), found: Vec::new() };
            if let Ok(active) = walk.processor.local(&start, &Value::String(url.to_owned())) {
                walk.collect(&start, &active, 0);
            }
            for term in walk.found {
                if let Some(iri) = term.iri {
                    names.entry(iri).or_default().insert(term.name);
                }
            }
        }
    }
    names
});

/// A term that a context defines.
#[derive(Clone, Debug)]
pub struct Term {
    pub name: Arc<str>,
    /// Absent: the term is switched off, or is an alias of a keyword.
    pub iri: Option<Arc<str>>,
    /// Whether the same name had another meaning before.
    pub redefines: bool,
}

/// Whether a built-in context has a name for the IRI.
pub fn has_name(iri: &str) -> bool {
    BUILT_IN.contains_key(iri)
}

/// Whether the built-in contexts have only other names for the IRI.
pub fn is_known_otherwise(iri: &str, name: &str) -> bool {
    BUILT_IN.get(iri).is_some_and(|names| !names.contains(name))
}

/// The terms of the entries in a document's `@context` that are not built in.
pub fn foreign_terms(entries: &[Value], contexts: &Contexts, edition: Edition) -> Result<Vec<Term>, JsonLdError> {
    let processor = Processor { contexts, edition };
    let mut active = processor.initial(None);
    let mut walk = Walk { processor, seen: HashSet::new(), found: Vec::new() };
    for entry in entries {
        let next = walk.processor.local(&active, entry)?;
        if !entry.as_str().is_some_and(|url| contexts.is_built_in(url)) {
            walk.collect(&active, &next, 0);
        }
        active = next;
    }
    if walk.found.len() >= MAX_FOREIGN {
        // A term that was not checked may hide a field.
        let detail = format!("the document's vocabularies define more than {MAX_FOREIGN} words");
        return Err(JsonLdError::Invalid { code: Code::ContextExcess, pointer: "/@context".to_owned(), detail });
    }
    Ok(walk.found)
}

struct Walk<'a> {
    processor: Processor<'a>,
    seen: HashSet<u64>,
    found: Vec<Term>,
}

impl Walk<'_> {
    /// Adds the definitions that are in `after` and not in `before`, with scoped contexts.
    fn collect(&mut self, before: &ActiveContext, after: &Arc<ActiveContext>, depth: usize) {
        for (name, definition) in &after.terms {
            let earlier = before.terms.get(name);
            if earlier.is_some_and(|earlier| Arc::ptr_eq(earlier, definition)) || self.found.len() >= MAX_FOREIGN {
                continue;
            }
            let iri = match &definition.mapping {
                Mapping::Iri(iri) => Some(iri.clone()),
                Mapping::Null | Mapping::Keyword(_) => None,
            };
            let redefines = earlier.is_some_and(|earlier| earlier.mapping != definition.mapping);
            self.found.push(Term { name: name.clone(), iri, redefines });
            let Some(scoped) = definition.context.as_ref().filter(|scoped| depth < MAX_DEPTH && self.seen.insert(scoped.id))
            else {
                continue;
            };
            if let Ok(inner) = self.processor.scoped(after, scoped, Mode::Property) {
                self.collect(after, &inner, depth + 1);
            }
        }
    }
}
