//! The values of a property: containers of every kind (JSON-LD API §5.1.2 steps 13.5 to 13.13).
//! Comes in: a property's JSON value. Goes out: its objects.
//! Must not know: the property's node.

use super::{Expander, Item, Meaning, Place, Property, RDF_TYPE};
use crate::jsonld::JsonLdError;
use crate::jsonld::context::{ActiveContext, Expanded, Mode, TypeMapping, is_absolute_iri};
use crate::jsonld::dataset::Term;
use crate::jsonld::notes::{Oddity, Path};
use crate::model::code::Code;
use serde_json::{Map, Value};
use std::sync::Arc;

impl Expander<'_> {
    pub(super) fn values(
        &mut self,
        meaning: &Meaning<'_>,
        json: &Value,
        property: &Property<'_>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let place = place.with(*property);
        let Some(containers) = property.definition.map(|definition| definition.containers) else {
            return self.element(meaning.active, json, path, &place);
        };
        match json {
            Value::Object(members) if containers.language => return self.language_map(meaning, members, path, &place),
            Value::Object(members) if containers.index || containers.type_ || containers.id => {
                return self.index_map(meaning, members, path, &place);
            }
            _ => {}
        }
        if containers.graph {
            let values = match json {
                Value::Array(values) => values.as_slice(),
                single => std::slice::from_ref(single),
            };
            let mut items = Vec::new();
            for (index, value) in values.iter().enumerate().filter(|(_, value)| !value.is_null()) {
                let path = if json.is_array() { Path::Index(path, index) } else { *path };
                items.push(self.graph_item(meaning.active, value, None, &path, &place)?);
            }
            return Ok(items);
        }
        let items = self.element(meaning.active, json, path, &place)?;
        if !containers.list {
            return Ok(items);
        }
        match (items.as_slice(), json) {
            // Already a list object; an array that holds one is a list of lists.
            ([Item { list: true, .. }], Value::Object(_)) => Ok(items),
            (_, Value::Null) => Ok(items),
            _ => Ok(vec![Item { term: self.list(items, &place), list: true }]),
        }
    }

    /// A value in its own graph.
    fn graph_item(
        &mut self,
        active: &Arc<ActiveContext>,
        value: &Value,
        name: Option<Term>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Item, JsonLdError> {
        let graph = name.unwrap_or_else(|| self.fresh_blank());
        let keyed = place.from_map;
        let inner = Place { graph: Some(&graph), id: None, ..*place };
        // A value with `@graph` in a keyed map is already a graph, so only its content is taken.
        let content = value.as_object().filter(|_| keyed).and_then(|members| graph_content(active, members));
        match content {
            Some((name, content)) => {
                let place = Place { property: Property::keyword("@graph"), from_map: false, ..inner };
                self.element(active, content, &Path::Key(path, name), &place)?;
            }
            None => {
                let literals = self.element(active, value, path, &inner)?;
                if literals.iter().any(|item| matches!(item.term, Term::Literal(_))) {
                    self.note(Oddity::DroppedValue, path, "a value in a graph");
                }
            }
        }
        Ok(Item::plain(graph))
    }

    fn language_map(
        &mut self,
        meaning: &Meaning<'_>,
        members: &Map<String, Value>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let mut items = Vec::new();
        let own = place.property.definition.and_then(|definition| definition.direction.clone());
        if own.unwrap_or_else(|| meaning.active.direction.clone()).is_some() {
            self.note(Oddity::NotSigned, path, "@direction");
        }
        self.step(members.len())?;
        for (key, value) in members {
            let path = Path::Key(path, key);
            let language = match meaning.active.expand(key, true, false) {
                Expanded::Keyword("@none") => None,
                _ => Some(key.to_lowercase().into()),
            };
            let texts = match value {
                Value::Array(texts) => texts.as_slice(),
                single => std::slice::from_ref(single),
            };
            for text in texts {
                match text {
                    Value::Null => {}
                    Value::String(text) => items.extend(self.text(text, language.clone(), &path).map(Item::plain)),
                    _ => return Err(self.error(Code::InvalidLanguageMapValue, &path, "an entry of a language map is not text")),
                }
            }
        }
        Ok(items)
    }

    fn index_map(
        &mut self,
        meaning: &Meaning<'_>,
        members: &Map<String, Value>,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let Some(definition) = place.property.definition else { return Ok(Vec::new()) };
        let containers = definition.containers;
        let outer = match &meaning.active.previous {
            Some(previous) if containers.id || containers.type_ => previous,
            _ => meaning.active,
        };
        let mut items = Vec::new();
        self.step(members.len())?;
        for (key, value) in members {
            let path = Path::Key(path, key);
            let scoped = match outer.term(key).and_then(|definition| definition.context.as_ref()) {
                Some(scoped) if containers.type_ => Some(self.processor.scoped(outer, scoped, Mode::Local)?),
                _ => None,
            };
            let active = scoped.as_ref().unwrap_or(outer);
            let none = meaning.active.expand(key, true, false) == Expanded::Keyword("@none");
            let id = match (containers.id && !none, meaning.active.expand(key, false, true)) {
                (true, expanded) => self.reference(&expanded, &path, key),
                (false, _) => None,
            };
            if containers.index && definition.index.is_none() && !none {
                self.note(Oddity::NotSigned, &path, key);
            }
            let values = match value {
                Value::Array(values) => values.as_slice(),
                single => std::slice::from_ref(single),
            };
            for (index, value) in values.iter().enumerate().filter(|(_, value)| !value.is_null()) {
                let path = if values.len() > 1 { Path::Index(&path, index) } else { path };
                let inner = Place { from_map: true, id: id.as_ref(), ..*place };
                let found = if containers.graph {
                    vec![self.graph_item(active, value, id.clone(), &path, &inner)?]
                } else {
                    self.keyed_value(active, value, &path, &inner, containers.type_)?
                };
                for item in found {
                    if !none {
                        self.key_statement(meaning, key, &item, &path, place)?;
                    }
                    items.push(item);
                }
            }
        }
        Ok(items)
    }

    /// In a type map, a text refers to a node; elsewhere, the term decides.
    fn keyed_value(
        &mut self,
        active: &Arc<ActiveContext>,
        value: &Value,
        path: &Path<'_>,
        place: &Place<'_>,
        type_map: bool,
    ) -> Result<Vec<Item>, JsonLdError> {
        if let (true, Value::String(text)) = (type_map, value) {
            let vocab = place.property.definition.is_some_and(|definition| definition.type_mapping == Some(TypeMapping::Vocab));
            let expanded = active.expand(text, vocab, true);
            return Ok(self.reference(&expanded, path, text).map(Item::plain).into_iter().collect());
        }
        self.element(active, value, path, place)
    }

    /// The meaning of a map's key for its value.
    fn key_statement(
        &mut self,
        meaning: &Meaning<'_>,
        key: &str,
        item: &Item,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<(), JsonLdError> {
        let Some(definition) = place.property.definition else { return Ok(()) };
        if definition.containers.type_ {
            let expanded = meaning.active.expand(key, true, true);
            if let Some(term) = self.reference(&expanded, path, key) {
                self.emit(&item.term, &RDF_TYPE, term, place.graph);
            }
        } else if let (true, Some(index)) = (definition.containers.index, &definition.index) {
            let Expanded::Iri(iri) = meaning.active.expand(index, true, false) else { return Ok(()) };
            if matches!(item.term, Term::Literal(_)) {
                return Err(self.error(Code::InvalidValueObject, path, "a value can't have an index property"));
            }
            if !is_absolute_iri(&iri) {
                self.note(Oddity::UndefinedTerm, path, index);
                return Ok(());
            }
            let property = Property { name: Some(index), definition: meaning.active.term(index), iri: Some(&iri) };
            let value = Value::String(key.to_owned());
            if let Some(term) = self.scalar(meaning.active, &value, path, &place.with(property))? {
                self.emit(&item.term, &iri, term, place.graph);
            }
        }
        Ok(())
    }
}

fn graph_content<'a>(active: &ActiveContext, members: &'a Map<String, Value>) -> Option<(&'a str, &'a Value)> {
    let means_graph = |name: &String| active.expand(name, true, false) == Expanded::Keyword("@graph");
    members.iter().find(|(name, _)| means_graph(name)).map(|(name, value)| (name.as_str(), value))
}
