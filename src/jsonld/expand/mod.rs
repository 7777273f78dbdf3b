//! JSON-LD expansion (JSON-LD API §5.1) straight to RDF quads (§8.1), without a document in between.
//! Comes in: a JSON document. Goes out: quads, and notes on values that did not become quads.
//! Must not know: the purpose of the quads.

mod maps;
mod node;
mod value;

use super::context::{ActiveContext, Expanded, Mode, Processor, TermDefinition};
use super::contexts::{Contexts, Edition};
use super::dataset::{Dataset, Literal, Quad, Term};
use super::notes::{Notes, Oddity, Path};
use super::{JsonLdError, TooComplex};
use crate::model::code::Code;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// Deepest nesting of objects and arrays.
const MAX_DEPTH: usize = 64;
/// Most JSON values and context switches of one document.
const MAX_STEPS: usize = 60_000;
/// Most quads of one document.
const MAX_QUADS: usize = 40_000;

pub(super) const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
pub(super) const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

macro_rules! vocabulary {
    ($($name:ident = $prefix:ident $suffix:literal;)*) => {
        $(pub(super) static $name: LazyLock<Arc<str>> = LazyLock::new(|| format!("{}{}", $prefix, $suffix).into());)*
    };
}

vocabulary! {
    RDF_TYPE = RDF "type";
    RDF_FIRST = RDF "first";
    RDF_REST = RDF "rest";
    RDF_NIL = RDF "nil";
    RDF_JSON = RDF "JSON";
    XSD_BOOLEAN = XSD "boolean";
    XSD_INTEGER = XSD "integer";
    XSD_DOUBLE = XSD "double";
}

/// The RDF form of a document, with notes.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    pub dataset: Dataset,
    pub notes: Notes,
}

/// Expands a document. `base`: the base of relative references; credentials have no base.
pub fn expand(document: &Value, contexts: &Contexts, edition: Edition, base: Option<&str>) -> Result<Expansion, JsonLdError> {
    let mut expander = Expander::new(contexts, edition);
    let initial = expander.processor.initial(base);
    expander.element(&initial, document, &Path::Root, &Place::TOP)?;
    Ok(expander.out)
}

/// Expands an object as if the member `without` were missing, which avoids a copy of the object.
pub fn expand_without(
    without: &'static str,
    document: &Map<String, Value>,
    contexts: &Contexts,
    edition: Edition,
) -> Result<Expansion, JsonLdError> {
    let mut expander = Expander { without: Some(without), ..Expander::new(contexts, edition) };
    let initial = expander.processor.initial(None);
    expander.object(&initial, document, &Path::Root, &Place::TOP)?;
    Ok(expander.out)
}

/// The property whose value is being expanded.
#[derive(Clone, Copy)]
struct Property<'a> {
    /// A term or IRI as written, or `@graph`, `@included` or `@reverse`; absent at the top.
    name: Option<&'a str>,
    definition: Option<&'a Arc<TermDefinition>>,
    iri: Option<&'a Arc<str>>,
}

impl Property<'_> {
    const TOP: Self = Self { name: None, definition: None, iri: None };

    fn keyword(name: &'static str) -> Self {
        Self { name: Some(name), definition: None, iri: None }
    }

    /// A position where a bare value has no subject.
    fn is_free(&self) -> bool {
        matches!(self.name, None | Some("@graph"))
    }
}

/// The place of an element in the document and in the dataset.
#[derive(Clone, Copy)]
struct Place<'a> {
    property: Property<'a>,
    graph: Option<&'a Term>,
    from_map: bool,
    /// The node's identifier, if the key of a map gives it.
    id: Option<&'a Term>,
}

impl<'a> Place<'a> {
    const TOP: Self = Self { property: Property::TOP, graph: None, from_map: false, id: None };

    fn with(&self, property: Property<'a>) -> Self {
        Self { property, from_map: false, id: None, ..*self }
    }
}

/// One object of a property.
struct Item {
    term: Term,
    list: bool,
}

impl Item {
    fn plain(term: Term) -> Self {
        Self { term, list: false }
    }
}

struct Expander<'a> {
    processor: Processor<'a>,
    out: Expansion,
    /// Blank nodes that the document names.
    labels: HashMap<String, u32>,
    steps: usize,
    depth: usize,
    /// A member of the outermost object that is skipped.
    without: Option<&'static str>,
}

impl<'a> Expander<'a> {
    fn new(contexts: &'a Contexts, edition: Edition) -> Self {
        let processor = Processor { contexts, edition };
        Self { processor, out: Expansion::default(), labels: HashMap::new(), steps: 0, depth: 0, without: None }
    }
}

impl Expander<'_> {
    fn step(&mut self, cost: usize) -> Result<(), JsonLdError> {
        self.steps += cost;
        if self.steps > MAX_STEPS || self.out.dataset.quads.len() > MAX_QUADS { Err(TooComplex.into()) } else { Ok(()) }
    }

    fn fresh_blank(&mut self) -> Term {
        let id = self.out.dataset.blank_count;
        self.out.dataset.blank_count += 1;
        Term::Blank(id)
    }

    /// A node's term; `None` for a value that RDF can't hold.
    fn node_term(&mut self, iri: &Arc<str>) -> Option<Term> {
        if let Some(label) = iri.strip_prefix("_:") {
            if let Some(id) = self.labels.get(label) {
                return Some(Term::Blank(*id));
            }
            let Term::Blank(id) = self.fresh_blank() else { return None };
            self.labels.insert(label.to_owned(), id);
            return Some(Term::Blank(id));
        }
        oxiri::Iri::parse(&**iri).is_ok().then(|| Term::Iri(iri.clone()))
    }

    fn emit(&mut self, subject: &Term, predicate: &Arc<str>, object: Term, graph: Option<&Term>) {
        self.out.dataset.quads.push(Quad {
            subject: subject.clone(),
            predicate: predicate.clone(),
            object,
            graph: graph.cloned(),
        });
    }

    fn note(&mut self, oddity: Oddity, path: &Path<'_>, what: &str) {
        self.out.notes.add(oddity, path, what);
    }

    /// Any JSON value as the object (or objects) of a property.
    fn element(
        &mut self,
        active: &Arc<ActiveContext>,
        json: &Value,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        self.step(1)?;
        if self.depth >= MAX_DEPTH {
            return Err(TooComplex.into());
        }
        self.depth += 1;
        let items = match json {
            Value::Null => Vec::new(),
            Value::Array(values) => self.array(active, values, path, place)?,
            Value::Object(members) => self.object(active, members, path, place)?,
            scalar if place.property.is_free() => {
                self.note(Oddity::DroppedValue, path, &scalar.to_string());
                Vec::new()
            }
            scalar => self.scalar(active, scalar, path, place)?.map(Item::plain).into_iter().collect(),
        };
        self.depth -= 1;
        Ok(items)
    }

    fn array(
        &mut self,
        active: &Arc<ActiveContext>,
        values: &[Value],
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let in_list = place.property.definition.is_some_and(|definition| definition.containers.list);
        let mut items = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let path = Path::Index(path, index);
            let found = self.element(active, value, &path, place)?;
            if !value.is_array() {
                items.extend(found);
            } else if in_list {
                let head = self.list(found, place);
                items.push(Item { term: head, list: true });
            } else {
                self.note(Oddity::NestedArray, &path, "");
                items.extend(found);
            }
        }
        Ok(items)
    }

    /// Emits an RDF list and returns its head.
    fn list(&mut self, items: Vec<Item>, place: &Place<'_>) -> Term {
        let mut head = Term::Iri(RDF_NIL.clone());
        for item in items.into_iter().rev() {
            let cell = self.fresh_blank();
            self.emit(&cell, &RDF_FIRST, item.term, place.graph);
            self.emit(&cell, &RDF_REST, head, place.graph);
            head = cell;
        }
        head
    }

    fn object(
        &mut self,
        active: &Arc<ActiveContext>,
        members: &Map<String, Value>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        self.step(members.len())?;
        let mut active = active.clone();
        if let Some(previous) = active.previous.clone().filter(|_| !place.from_map) {
            let mut meanings = members.keys().map(|name| active.expand(name, true, false));
            let is_reference = members.len() == 1 && meanings.clone().all(|meaning| meaning == Expanded::Keyword("@id"));
            let is_value = meanings.any(|meaning| meaning == Expanded::Keyword("@value"));
            if !is_value && !is_reference {
                active = previous;
            }
        }
        if let Some(scoped) = place.property.definition.and_then(|definition| definition.context.as_ref()) {
            active = self.processor.scoped(&active, scoped, Mode::Property)?;
        }
        if let Some(local) = members.get("@context") {
            active = self.processor.local(&active, local).map_err(|error| error.at(path))?;
        }
        // The document's own contexts are processed again at each use.
        self.step(if active.shared { 0 } else { 20 })?;
        let outer = active.clone();
        let mut type_members: Vec<&String> = Vec::new();
        for name in members.keys() {
            if outer.expand(name, true, false) == Expanded::Keyword("@type") {
                type_members.push(name);
            }
        }
        type_members.sort_unstable();
        let mut input_type = None;
        for name in type_members {
            let mut types: Vec<&str> = match &members[name] {
                Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
                single => single.as_str().into_iter().collect(),
            };
            if input_type.is_none() {
                input_type = types.last().map(|last| active.expand(last, true, true));
            }
            types.sort_unstable();
            for written in types {
                if let Some(scoped) = outer.term(written).and_then(|definition| definition.context.as_ref()) {
                    self.step(1)?;
                    active = self.processor.scoped(&active, scoped, Mode::Type)?;
                }
            }
        }
        let meaning = Meaning { active: &active, outer: &outer, input_type: input_type.as_ref() };
        self.classified(&meaning, members, path, place)
    }

    /// Tells value, list, set and node objects apart (§5.1.2 steps 13 to 17).
    fn classified(
        &mut self,
        meaning: &Meaning<'_>,
        members: &Map<String, Value>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let mut entries = Vec::with_capacity(members.len());
        let mut kind = Kind::Node;
        for (name, value) in members {
            let is_left_out = matches!(path, Path::Root) && self.without == Some(name.as_str());
            if name == "@context" || is_left_out {
                continue;
            }
            let expanded = meaning.active.expand(name, true, false);
            match &expanded {
                Expanded::Keyword("@value") => kind = Kind::Value,
                Expanded::Keyword("@list") if kind == Kind::Node => kind = Kind::List,
                Expanded::Keyword("@set") if kind == Kind::Node => kind = Kind::Set,
                _ => {}
            }
            entries.push(Entry { name, value, expanded });
        }
        match kind {
            Kind::Value => self.value_object(meaning, &entries, path, place),
            Kind::List | Kind::Set => self.collection(meaning, &entries, kind, path, place),
            Kind::Node => self.node(meaning, &entries, path, place),
        }
    }

    fn collection(
        &mut self,
        meaning: &Meaning<'_>,
        entries: &[Entry<'_>],
        kind: Kind,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        if kind == Kind::List && place.property.name == Some("@included") {
            return Err(self.error(Code::InvalidIncludedValue, path, "a value in @included is not a node"));
        }
        let mut items = Vec::new();
        for entry in entries {
            let path = Path::Key(path, entry.name);
            match entry.expanded {
                Expanded::Keyword("@list" | "@set") => {
                    self.note(Oddity::KeywordMember(entry.name.to_owned()), &path, entry.name);
                    if kind == Kind::List && place.property.is_free() {
                        self.note(Oddity::DroppedValue, &path, entry.name);
                        return Ok(Vec::new());
                    }
                    items = self.element(meaning.active, entry.value, &path, &place.with(place.property))?;
                }
                Expanded::Keyword("@index") => self.note(Oddity::NotSigned, &path, entry.name),
                _ => return Err(self.error(Code::InvalidSetOrListObject, &path, "a list or set has other members")),
            }
        }
        if kind == Kind::Set {
            return Ok(items);
        }
        let term = self.list(items, place);
        Ok(vec![Item { term, list: true }])
    }

    fn error(&self, code: Code, path: &Path<'_>, detail: &str) -> JsonLdError {
        JsonLdError::Invalid { code, pointer: path.pointer(), detail: detail.to_owned() }
    }
}

/// The active contexts of an object's members.
struct Meaning<'a> {
    active: &'a Arc<ActiveContext>,
    /// The context before type-scoped contexts, in which the types are read.
    outer: &'a Arc<ActiveContext>,
    input_type: Option<&'a Expanded>,
}

/// A member with the meaning of its name.
struct Entry<'a> {
    name: &'a str,
    value: &'a Value,
    expanded: Expanded,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Node,
    Value,
    List,
    Set,
}

fn literal(value: Arc<str>, datatype: Option<Arc<str>>, language: Option<Arc<str>>) -> Term {
    Term::Literal(Box::new(Literal { value, datatype, language }))
}
