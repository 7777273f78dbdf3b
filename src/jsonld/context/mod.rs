//! Active contexts: the meanings of a document's terms, compiled once and shared.
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

/// A context as written, kept until a term with a scoped context is used.
#[derive(Debug)]
pub struct LocalContext {
    pub id: u64,
    pub value: Value,
    /// The URL of the context's document.
    pub base: Option<Arc<str>>,
}

impl LocalContext {
    pub fn new(value: Value, base: Option<Arc<str>>) -> Self {
        Self { id: next_id(), value, base }
    }
}

/// The meaning of a term.
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
    /// Whether the mapping is a well-formed absolute IRI, checked once.
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
    /// The property whose values are the keys of an index container.
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

    /// Whether two definitions are equal except for protection (JSON-LD API §4.2.2 step 29).
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

/// A look-up for every member of every document: a quick hash with a random seed, because documents may define terms.
pub type Terms = HashMap<Arc<str>, Arc<TermDefinition>, foldhash::fast::RandomState>;

/// The meaning of all terms at one place of a document.
#[derive(Clone, Debug)]
pub struct ActiveContext {
    pub id: u64,
    pub terms: Terms,
    pub base: Option<Arc<str>>,
    /// The default base of relative references.
    pub original_base: Option<Arc<str>>,
    pub vocab: Option<Arc<str>>,
    pub language: Option<Arc<str>>,
    pub direction: Option<Arc<str>>,
    /// The context to return to after a type-scoped context.
    pub previous: Option<Arc<ActiveContext>>,
    /// Whether only known contexts went into it, so that results may be cached.
    pub shared: bool,
}

impl ActiveContext {
    /// The initial context.
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
