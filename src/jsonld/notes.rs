//! Oddities of a document that the expansion noticed.
//! Comes in: places and their oddities. Goes out: a list for the code that judges the document.
//! Must not know: which oddities are acceptable.

use super::dataset::Term;
use std::sync::Arc;

/// One difference between the JSON and its RDF form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// A member whose name no context defines: it is not in the RDF.
    UndefinedTerm,
    /// A value that is not in the RDF: a relative or malformed IRI, a free-floating text.
    DroppedValue,
    /// A key or a member that shapes the JSON but is not in the RDF (`@index`, `@direction`).
    NotSigned,
    /// A member written as a keyword, where readers look for a name.
    KeywordMember(String),
    /// A member written as an IRI.
    IriMember(Arc<str>),
    /// A type written as an IRI.
    IriType(Arc<str>),
    /// A member whose name is not the one that belongs to its IRI.
    Renamed(Arc<str>),
    /// An array directly in an array, which RDF flattens.
    NestedArray,
    /// `{"@value": …}` where readers look for the value itself.
    ValueObject,
    /// The same type twice on one node.
    RepeatedType,
}

/// An oddity and its place (a JSON Pointer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub oddity: Oddity,
    pub pointer: String,
    /// The name or value concerned, shortened.
    pub what: String,
}

/// A place where a node with an identifier is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeNote {
    pub id: Term,
    pub graph: Option<Term>,
    pub pointer: String,
    /// It says more than `id` and `type`.
    pub described: bool,
    /// The property that leads to it; absent at the top.
    pub property: Option<Arc<str>>,
}

#[derive(Clone, Debug, Default)]
pub struct Notes {
    pub oddities: Vec<Note>,
    /// There are more oddities than are kept: an oddity that was not kept may matter.
    pub is_cut_short: bool,
    pub nodes: Vec<NodeNote>,
}

/// Most oddities that are kept. Many are harmless, and any number of harmless oddities may precede a harmful oddity.
const MAX_NOTES: usize = 1_000;

impl Notes {
    pub fn add(&mut self, oddity: Oddity, path: &Path<'_>, what: &str) {
        if self.oddities.len() < MAX_NOTES {
            let what = what.chars().take(80).collect();
            self.oddities.push(Note { oddity, pointer: path.pointer(), what });
        } else {
            self.is_cut_short = true;
        }
    }
}

/// A place in a document, kept on the stack.
#[derive(Clone, Copy)]
pub enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// RFC 6901.
    pub fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, key) => format!("{}/{}", parent.pointer(), key.replace('~', "~0").replace('/', "~1")),
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }

    pub fn is_index(&self) -> bool {
        matches!(self, Self::Index(..))
    }
}
