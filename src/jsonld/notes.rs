//! Oddities of a document that the expansion finds.
//! Comes in: places and their oddities. Goes out: a list for the code that judges the document.
//! Must not know: whether an oddity is acceptable.

use super::dataset::Term;
use std::sync::Arc;

/// A difference between the JSON and its RDF form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// A member whose name no context defines: it is not in the RDF.
    UndefinedTerm,
    /// A value that is not in the RDF: a relative or malformed IRI, or a text without a subject.
    DroppedValue,
    /// A key or a member that is in the JSON but not in the RDF (`@index`, `@direction`).
    NotSigned,
    /// A member with a keyword as its name, where readers expect an ordinary name.
    KeywordMember(String),
    /// A member with an IRI as its name.
    IriMember(Arc<str>),
    /// A type written as an IRI.
    IriType(Arc<str>),
    /// A member whose name differs from the usual name of its IRI.
    Renamed(Arc<str>),
    /// An array directly in an array, which RDF flattens.
    NestedArray,
    /// `{"@value": …}` where readers expect the value itself.
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

/// A place that describes or refers to a node with an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeNote {
    pub id: Term,
    pub graph: Option<Term>,
    pub pointer: String,
    /// Whether the place has more members than `id` and `type`.
    pub described: bool,
    /// The property that leads to it; absent at the top.
    pub property: Option<Arc<str>>,
}

#[derive(Clone, Debug, Default)]
pub struct Notes {
    pub oddities: Vec<Note>,
    /// Whether some oddities were not kept; such an oddity may matter.
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
}
