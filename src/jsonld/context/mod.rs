//! Active contexts: what each term of a document means, compiled once and shared.
//! Comes in: context documents. Goes out: immutable term tables, memoised per parent and local context.
//! Must not know: documents, RDF.

mod define;
mod iri;
mod process;

use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use iri::{Expanded, is_absolute_iri, is_well_formed};
pub use process::{Mode, Processor};

/// A number that no other context in this process has or will have.
fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A context as it is written, kept for when a term with a scoped context is used.
#[derive(Debug)]
pub struct LocalContext {
    pub id: u64,
    pub value: Value,
    /// The URL of the document that it was written in.
    pub base: Option<Arc<str>>,
}

impl LocalContext {
    pub fn new(value: Value, base: Option<Arc<str>>) -> Self {
        Self { id: next_id(), value, base }
    }
}

/// What a term stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// The term is switched off.
    Null,
    Keyword(&'static str),
    /// An absolute IRI, or a blank node identifier (`_:…`).
    Iri(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeMapping {
    Id,
    Vocab,
    Json,
    None,
    Datatype(Arc<str>),
}

/// `@container` as a set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Containers {
    pub list: bool,
    pub set: bool,
    pub language: bool,
    pub index: bool,
    pub graph: bool,
    pub id: bool,
    pub type_: bool,
}

#[derive(Clone, Debug)]
pub struct TermDefinition {
    pub mapping: Mapping,
    /// The mapping is a well-formed absolute IRI, which is found out once.
    pub is_iri: bool,
    pub prefix: bool,
    pub protected: bool,
    pub reverse: bool,
    pub type_mapping: Option<TypeMapping>,
    pub containers: Containers,
    /// `Some(None)`: the term switches the default language off.
    pub language: Option<Option<Arc<str>>>,
    pub direction: Option<Option<Arc<str>>>,
    pub nest: Option<Arc<str>>,
    /// The property that keys of an index container are values of.
    pub index: Option<Arc<str>>,
    pub context: Option<Arc<LocalContext>>,
}

impl TermDefinition {
    fn new(mapping: Mapping) -> Self {
        Self {
            mapping,
            is_iri: false,
            prefix: false,
            protected: false,
            reverse: false,
            type_mapping: None,
            containers: Containers::default(),
            language: None,
            direction: None,
            nest: None,
            index: None,
            context: None,
        }
    }

    /// Equal in all but protection (JSON-LD API §4.2.2 step 29).
    fn means_the_same(&self, other: &Self) -> bool {
        let context = |definition: &Self| definition.context.as_ref().map(|context| context.value.clone());
        self.mapping == other.mapping
            && self.prefix == other.prefix
            && self.reverse == other.reverse
            && self.type_mapping == other.type_mapping
            && self.containers == other.containers
            && self.language == other.language
            && self.direction == other.direction
            && self.nest == other.nest
            && self.index == other.index
            && context(self) == context(other)
    }
}

/// Looked up for every member of every document: a quick hash, seeded at random because documents may bring terms along.
pub type Terms = HashMap<Arc<str>, Arc<TermDefinition>, foldhash::fast::RandomState>;

/// The meaning of all terms at one place of a document.
#[derive(Clone, Debug)]
pub struct ActiveContext {
    pub id: u64,
    pub terms: Terms,
    pub base: Option<Arc<str>>,
    /// What relative references are resolved against when a context does not say otherwise.
    pub original_base: Option<Arc<str>>,
    pub vocab: Option<Arc<str>>,
    pub language: Option<Arc<str>>,
    pub direction: Option<Arc<str>>,
    /// What to go back to when a type-scoped context ends.
    pub previous: Option<Arc<ActiveContext>>,
    /// Made of known contexts only, so that results may be kept.
    pub shared: bool,
}

impl ActiveContext {
    /// Before any context was processed.
    pub fn initial(base: Option<&str>) -> Self {
        let base: Option<Arc<str>> = base.map(Into::into);
        Self {
            id: next_id(),
            terms: Terms::default(),
            original_base: base.clone(),
            shared: base.is_none(),
            base,
            vocab: None,
            language: None,
            direction: None,
            previous: None,
        }
    }

    pub fn term(&self, term: &str) -> Option<&Arc<TermDefinition>> {
        self.terms.get(term)
    }
}
