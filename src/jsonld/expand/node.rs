//! Node objects: identifier, types and properties.
//! Comes in: the members of a node object. Goes out: its quads, and the term that refers to it.
//! Must not know: value objects, maps of values.

use super::{Entry, Expander, Item, Meaning, Place, Property, RDF_JSON, RDF_TYPE, literal};
use crate::jsonld::context::{ActiveContext, Expanded, TypeMapping, is_absolute_iri, is_well_formed};
use crate::jsonld::dataset::Term;
use crate::jsonld::notes::{NodeNote, Oddity, Path};
use crate::jsonld::{JsonLdError, jcs};
use crate::model::code::Code;
use serde_json::Value;
use std::sync::Arc;

impl Expander<'_> {
    pub(super) fn node(
        &mut self,
        meaning: &Meaning<'_>,
        entries: &[Entry<'_>],
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let is = |keyword: &'static str| move |entry: &&Entry<'_>| entry.expanded == Expanded::Keyword(keyword);
        if let [only] = entries {
            let expanded = &only.expanded;
            if *expanded == Expanded::Keyword("@graph") && place.property.name.is_none() {
                let place = place.with(Property::keyword("@graph"));
                self.note(Oddity::KeywordMember(only.name.to_owned()), &Path::Key(path, only.name), only.name);
                self.element(meaning.active, only.value, &Path::Key(path, only.name), &place)?;
                return Ok(Vec::new());
            }
            if *expanded == Expanded::Keyword("@language") {
                self.note(Oddity::DroppedValue, path, only.name);
                return Ok(Vec::new());
            }
        }
        let mut ids = entries.iter().filter(is("@id"));
        let id_entry = ids.next();
        if ids.next().is_some() {
            return Err(self.error(Code::CollidingKeywords, path, "a node has two identifiers"));
        }
        let subject = match id_entry {
            None => Some(place.id.cloned().unwrap_or_else(|| self.fresh_blank())),
            Some(entry) => self.identifier(meaning, entry, path)?,
        };
        if let (Some(id), Some(_)) = (&subject, id_entry) {
            let described = entries.iter().any(|entry| !matches!(entry.expanded, Expanded::Keyword("@id" | "@type")));
            let (graph, property) = (place.graph.cloned(), place.property.iri.cloned());
            self.out.notes.nodes.push(NodeNote { id: id.clone(), graph, pointer: path.pointer(), described, property });
        }
        self.types(meaning, entries, subject.as_ref(), path, place)?;
        self.members(meaning, entries, subject.as_ref(), path, place)?;
        Ok(subject.map(Item::plain).into_iter().collect())
    }

    fn identifier(&mut self, meaning: &Meaning<'_>, entry: &Entry<'_>, path: &Path<'_>) -> Result<Option<Term>, JsonLdError> {
        let path = Path::Key(path, entry.name);
        if entry.name != "id" {
            self.note(Oddity::KeywordMember(entry.name.to_owned()), &path, entry.name);
        }
        let written = entry.value.as_str().ok_or_else(|| self.error(Code::InvalidIdValue, &path, "an identifier is not text"))?;
        let expanded = meaning.active.expand(written, false, true);
        Ok(self.reference(&expanded, &path, written))
    }

    fn types(
        &mut self,
        meaning: &Meaning<'_>,
        entries: &[Entry<'_>],
        subject: Option<&Term>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<(), JsonLdError> {
        let mut seen: Vec<Arc<str>> = Vec::new();
        for entry in entries.iter().filter(|entry| entry.expanded == Expanded::Keyword("@type")) {
            let path = Path::Key(path, entry.name);
            if entry.name != "type" {
                self.note(Oddity::KeywordMember(entry.name.to_owned()), &path, entry.name);
            }
            let values = match entry.value {
                Value::Array(values) => values.as_slice(),
                single => std::slice::from_ref(single),
            };
            self.step(values.len())?;
            for value in values {
                let written = value.as_str().ok_or_else(|| self.error(Code::InvalidTypeValue, &path, "a type is not text"))?;
                let expanded = meaning.outer.expand(written, true, true);
                let is_known = is_term_iri(meaning.outer, written);
                let term = match &expanded {
                    Expanded::Iri(iri) if is_known => Some(Term::Iri(iri.clone())),
                    other => self.reference(other, &path, written),
                };
                if let Some(term) = term
                    && let Expanded::Iri(iri) = &expanded
                {
                    if seen.contains(iri) {
                        self.note(Oddity::RepeatedType, &path, written);
                    }
                    seen.push(iri.clone());
                    if !is_known && meaning.outer.term(written).is_none() {
                        self.note(Oddity::IriType(iri.clone()), &path, written);
                    }
                    if let Some(subject) = subject {
                        self.emit(subject, &RDF_TYPE, term, place.graph);
                    }
                }
            }
        }
        Ok(())
    }

    /// All members of a node, with the members of nested groups (`@nest`).
    fn members(
        &mut self,
        meaning: &Meaning<'_>,
        entries: &[Entry<'_>],
        subject: Option<&Term>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<(), JsonLdError> {
        for entry in entries {
            let path = Path::Key(path, entry.name);
            match &entry.expanded {
                Expanded::Keyword("@id" | "@type") => {}
                Expanded::Keyword(keyword) => self.keyword_member(keyword, meaning, entry, subject, &path, place)?,
                Expanded::Iri(iri) if is_term_iri(meaning.active, entry.name) || is_well_formed(iri) => {
                    self.property(meaning, entry, iri, subject, &path, place)?;
                }
                Expanded::Iri(_) | Expanded::Null => {
                    if place.property.name == Some("@reverse") {
                        return Err(self.error(Code::InvalidReversePropertyMap, &path, "a reverse property is not an IRI"));
                    }
                    self.note(Oddity::UndefinedTerm, &path, entry.name);
                }
            }
        }
        Ok(())
    }

    fn keyword_member(
        &mut self,
        keyword: &str,
        meaning: &Meaning<'_>,
        entry: &Entry<'_>,
        subject: Option<&Term>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<(), JsonLdError> {
        self.note(Oddity::KeywordMember(entry.name.to_owned()), path, entry.name);
        match keyword {
            "@graph" => {
                if subject.is_some() {
                    let inner = Place { graph: subject, ..place.with(Property::keyword("@graph")) };
                    self.element(meaning.active, entry.value, path, &inner)?;
                }
            }
            "@included" => {
                let nodes = match entry.value {
                    Value::Array(nodes) => nodes.as_slice(),
                    single => std::slice::from_ref(single),
                };
                if nodes.iter().any(|node| !node.is_object()) {
                    return Err(self.error(Code::InvalidIncludedValue, path, "a value in @included is not a node"));
                }
                self.element(meaning.active, entry.value, path, &place.with(Property::keyword("@included")))?;
            }
            "@index" if entry.value.is_string() => self.note(Oddity::NotSigned, path, entry.name),
            "@index" => return Err(self.error(Code::InvalidIndexValue, path, "an index is not text")),
            "@nest" => self.nested(meaning, entry, subject, path, place)?,
            "@reverse" => self.reverse_map(meaning, entry, subject, path, place)?,
            "@language" | "@direction" => return Err(self.error(Code::InvalidValueObject, path, "a language without a value")),
            _ => return Err(self.error(Code::InvalidKeywordMember, path, "a keyword is out of place")),
        }
        Ok(())
    }

    fn nested(
        &mut self,
        meaning: &Meaning<'_>,
        entry: &Entry<'_>,
        subject: Option<&Term>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<(), JsonLdError> {
        let groups = match entry.value {
            Value::Array(groups) => groups.as_slice(),
            single => std::slice::from_ref(single),
        };
        let scoped = match meaning.active.term(entry.name).and_then(|definition| definition.context.as_ref()) {
            Some(scoped) => Some(self.processor.scoped(meaning.active, scoped, crate::jsonld::context::Mode::Property)?),
            None => None,
        };
        let active = scoped.as_ref().unwrap_or(meaning.active);
        self.depth += 1;
        self.step(if self.depth > super::MAX_DEPTH { super::MAX_STEPS } else { 1 })?;
        for group in groups {
            let members =
                group.as_object().ok_or_else(|| self.error(Code::InvalidNestValue, path, "a nested group is not an object"))?;
            let mut entries = Vec::with_capacity(members.len());
            for (name, value) in members {
                let expanded = active.expand(name, true, false);
                if expanded == Expanded::Keyword("@value") {
                    return Err(self.error(Code::InvalidNestValue, path, "a nested group holds a value"));
                }
                if expanded == Expanded::Keyword("@id") {
                    return Err(self.error(Code::NestedIdentifier, path, "an identifier in a nested group is not supported"));
                }
                entries.push(Entry { name, value, expanded });
            }
            let inner = Meaning { active, outer: active, input_type: meaning.input_type };
            self.types(&inner, &entries, subject, path, place)?;
            self.members(&inner, &entries, subject, path, place)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn reverse_map(
        &mut self,
        meaning: &Meaning<'_>,
        entry: &Entry<'_>,
        subject: Option<&Term>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<(), JsonLdError> {
        let members =
            entry.value.as_object().ok_or_else(|| self.error(Code::InvalidReverseValue, path, "@reverse is not an object"))?;
        for (name, value) in members {
            let path = Path::Key(path, name);
            let iri = match meaning.active.expand(name, true, false) {
                Expanded::Iri(iri) if is_absolute_iri(&iri) => iri,
                Expanded::Keyword(_) => return Err(self.error(Code::InvalidReversePropertyMap, &path, "a keyword in @reverse")),
                Expanded::Iri(_) | Expanded::Null => {
                    self.note(Oddity::UndefinedTerm, &path, name);
                    continue;
                }
            };
            let definition = meaning.active.term(name);
            let property = Property { name: Some(name), definition, iri: Some(&iri) };
            let items = self.values(meaning, value, &property, &path, place)?;
            // A reverse term inside @reverse points forward again.
            let forward = definition.is_some_and(|definition| definition.reverse);
            self.connect(subject, &iri, items, !forward, &path, place)?;
        }
        Ok(())
    }

    fn property(
        &mut self,
        meaning: &Meaning<'_>,
        entry: &Entry<'_>,
        iri: &Arc<str>,
        subject: Option<&Term>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<(), JsonLdError> {
        let definition = meaning.active.term(entry.name);
        match definition {
            None => self.note(Oddity::IriMember(iri.clone()), path, entry.name),
            Some(_) if is_renamed(iri, entry.name) => self.note(Oddity::Renamed(iri.clone()), path, entry.name),
            Some(_) => {}
        }
        let property = Property { name: Some(entry.name), definition, iri: Some(iri) };
        let items = if definition.is_some_and(|definition| definition.type_mapping == Some(TypeMapping::Json)) {
            vec![Item::plain(literal(jcs::canonical(entry.value).into(), Some(RDF_JSON.clone()), None))]
        } else {
            self.values(meaning, entry.value, &property, path, place)?
        };
        let reverse = definition.is_some_and(|definition| definition.reverse);
        self.connect(subject, iri, items, reverse, path, place)
    }

    fn connect(
        &mut self,
        subject: Option<&Term>,
        iri: &Arc<str>,
        items: Vec<Item>,
        reverse: bool,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<(), JsonLdError> {
        let Some(subject) = subject else { return Ok(()) };
        for item in items {
            if !reverse {
                self.emit(subject, iri, item.term, place.graph);
            } else if item.list || matches!(item.term, Term::Literal(_)) {
                return Err(self.error(Code::InvalidReversePropertyValue, path, "a reverse property leads to a value"));
            } else {
                self.emit(&item.term, iri, subject.clone(), place.graph);
            }
        }
        Ok(())
    }
}

/// Whether a name is a term that stands for a well-formed IRI.
fn is_term_iri(active: &ActiveContext, name: &str) -> bool {
    active.term(name).is_some_and(|definition| definition.is_iri)
}

/// Namespaces in which the IRI's last part is the name that readers know.
const NAMED_BY_IRI: [&str; 2] = ["https://www.w3.org/2018/credentials#", "https://www.w3.org/ns/credentials/status#"];

fn is_renamed(iri: &str, name: &str) -> bool {
    NAMED_BY_IRI.iter().any(|namespace| iri.strip_prefix(namespace).is_some_and(|last| last != name))
}
