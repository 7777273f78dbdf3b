//! Term definitions (JSON-LD API §4.2).
//! Comes in: one entry of a context. Goes out: the term's definition in the active context.
//! Must not know: documents.

use super::iri::{Expanded, is_absolute_iri, is_well_formed, keyword, looks_like_keyword, split_compact};
use super::{ActiveContext, Containers, LocalContext, Mapping, TermDefinition, TypeMapping};
use crate::jsonld::JsonLdError;
use crate::model::code::Code;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Deepest chain of terms that are defined by other terms.
const MAX_DEPENDENCY: usize = 64;

pub struct Definer<'a> {
    active: &'a mut ActiveContext,
    local: &'a Map<String, Value>,
    base: Option<&'a Arc<str>>,
    protected: bool,
    override_protected: bool,
    /// Terms whose definition is begun (`false`) or finished (`true`).
    defined: HashMap<String, bool>,
}

impl<'a> Definer<'a> {
    pub fn new(
        active: &'a mut ActiveContext,
        local: &'a Map<String, Value>,
        base: Option<&'a Arc<str>>,
        protected: bool,
        override_protected: bool,
    ) -> Self {
        Self { active, local, base, protected, override_protected, defined: HashMap::new() }
    }

    pub fn define(&mut self, term: &str, depth: usize) -> Result<(), JsonLdError> {
        match self.defined.get(term) {
            Some(true) => return Ok(()),
            Some(false) => return Err(invalid(Code::CyclicIriMapping, format!("the term {term} is defined by itself"))),
            None if depth > MAX_DEPENDENCY => {
                return Err(invalid(Code::CyclicIriMapping, "terms depend on each other too deeply"));
            }
            None => {}
        }
        if term.is_empty() {
            return Err(invalid(Code::InvalidTermDefinition, "a context defines a term without a name"));
        }
        self.defined.insert(term.to_owned(), false);
        let value = self.local.get(term).unwrap_or(&Value::Null);
        if term == "@type" {
            check_type_definition(value)?;
        } else if keyword(term).is_some() {
            return Err(invalid(Code::KeywordRedefinition, format!("a context redefines {term}")));
        } else if looks_like_keyword(term) {
            self.defined.insert(term.to_owned(), true);
            return Ok(());
        }
        let previous = self.active.terms.remove(term);
        let id_only;
        let (members, simple) = match value {
            Value::Null => {
                id_only = Map::from_iter([("@id".to_owned(), Value::Null)]);
                (&id_only, false)
            }
            Value::String(_) => {
                id_only = Map::from_iter([("@id".to_owned(), value.clone())]);
                (&id_only, true)
            }
            Value::Object(members) => (members, false),
            _ => {
                return Err(invalid(
                    Code::InvalidTermDefinition,
                    format!("the definition of {term} is neither text nor an object"),
                ));
            }
        };
        let Some(mut definition) = self.definition(term, members, simple, depth)? else {
            self.defined.insert(term.to_owned(), true);
            return Ok(());
        };
        if let Some(previous) = previous.filter(|previous| previous.protected && !self.override_protected) {
            if !definition.means_the_same(&previous) {
                return Err(invalid(
                    Code::ProtectedTermRedefinition,
                    format!("the protected term {term} is given another meaning"),
                ));
            }
            definition = (*previous).clone();
        }
        definition.is_iri = matches!(&definition.mapping, Mapping::Iri(iri) if is_well_formed(iri));
        self.active.terms.insert(term.into(), Arc::new(definition));
        self.defined.insert(term.to_owned(), true);
        Ok(())
    }

    fn definition(
        &mut self,
        term: &str,
        members: &Map<String, Value>,
        simple: bool,
        depth: usize,
    ) -> Result<Option<TermDefinition>, JsonLdError> {
        const KNOWN: [&str; 11] = [
            "@id",
            "@reverse",
            "@container",
            "@context",
            "@direction",
            "@index",
            "@language",
            "@nest",
            "@prefix",
            "@protected",
            "@type",
        ];
        if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(invalid(
                Code::InvalidTermDefinition,
                format!("the definition of {term} has an unknown member {unknown}"),
            ));
        }
        let mut definition = TermDefinition::new(Mapping::Null);
        definition.protected = match members.get("@protected") {
            None => self.protected,
            Some(Value::Bool(protected)) => *protected,
            Some(_) => {
                return Err(invalid(Code::InvalidProtectedValue, format!("@protected of {term} is neither true nor false")));
            }
        };
        definition.type_mapping = self.type_mapping(term, members.get("@type"), depth)?;
        if let Some(reverse) = members.get("@reverse") {
            self.reverse(term, members, reverse, &mut definition, depth)?;
            return Ok(Some(definition).filter(|definition| definition.reverse));
        }
        match self.mapping(term, members.get("@id"), simple, &mut definition, depth)? {
            Some(mapping) => definition.mapping = mapping,
            None => return Ok(None),
        }
        if let Some(container) = members.get("@container") {
            definition.containers = containers(term, container)?;
            if definition.containers.type_ {
                match definition.type_mapping {
                    None => definition.type_mapping = Some(TypeMapping::Id),
                    Some(TypeMapping::Id | TypeMapping::Vocab) => {}
                    Some(_) => {
                        return Err(invalid(Code::InvalidTypeMapping, format!("the type map {term} has a type of its own")));
                    }
                }
            }
        }
        if let Some(index) = members.get("@index") {
            let property = index.as_str().filter(|index| definition.containers.index && keyword(index).is_none());
            definition.index =
                Some(property.ok_or_else(|| invalid(Code::InvalidTermDefinition, format!("@index of {term} is wrong")))?.into());
        }
        if let Some(context) = members.get("@context") {
            definition.context = Some(Arc::new(LocalContext::new(context.clone(), self.base.cloned())));
        }
        self.language(term, members, &mut definition)?;
        match members.get("@nest") {
            None => {}
            Some(Value::String(nest)) if nest == "@nest" || keyword(nest).is_none() => {
                definition.nest = Some(nest.as_str().into())
            }
            Some(_) => return Err(invalid(Code::InvalidNestValue, format!("@nest of {term} is wrong"))),
        }
        match members.get("@prefix") {
            None => {}
            Some(Value::Bool(prefix)) if !term.contains(':') && !term.contains('/') => {
                definition.prefix = *prefix;
                if *prefix && matches!(definition.mapping, Mapping::Keyword(_)) {
                    return Err(invalid(Code::InvalidTermDefinition, format!("the keyword {term} can't be a prefix")));
                }
            }
            Some(Value::Bool(_)) => return Err(invalid(Code::InvalidTermDefinition, format!("{term} can't be a prefix"))),
            Some(_) => return Err(invalid(Code::InvalidPrefixValue, format!("@prefix of {term} is neither true nor false"))),
        }
        Ok(Some(definition))
    }

    fn type_mapping(&mut self, term: &str, value: Option<&Value>, depth: usize) -> Result<Option<TypeMapping>, JsonLdError> {
        let wrong = || invalid(Code::InvalidTypeMapping, format!("the type of {term} is not an IRI"));
        let Some(value) = value else { return Ok(None) };
        let text = value.as_str().ok_or_else(wrong)?;
        Ok(Some(match self.expand(text, depth)? {
            Expanded::Keyword("@id") => TypeMapping::Id,
            Expanded::Keyword("@vocab") => TypeMapping::Vocab,
            Expanded::Keyword("@json") => TypeMapping::Json,
            Expanded::Keyword("@none") => TypeMapping::None,
            Expanded::Iri(iri) if is_absolute_iri(&iri) => TypeMapping::Datatype(iri),
            _ => return Err(wrong()),
        }))
    }

    fn reverse(
        &mut self,
        term: &str,
        members: &Map<String, Value>,
        reverse: &Value,
        definition: &mut TermDefinition,
        depth: usize,
    ) -> Result<(), JsonLdError> {
        if members.contains_key("@id") || members.contains_key("@nest") {
            return Err(invalid(Code::InvalidReverseProperty, format!("the reverse term {term} has an @id or @nest")));
        }
        let text =
            reverse.as_str().ok_or_else(|| invalid(Code::InvalidIriMapping, format!("@reverse of {term} is not an IRI")))?;
        if keyword(text).is_none() && looks_like_keyword(text) {
            return Ok(());
        }
        match self.expand(text, depth)? {
            Expanded::Iri(iri) if is_absolute_iri(&iri) || iri.starts_with("_:") => definition.mapping = Mapping::Iri(iri),
            _ => return Err(invalid(Code::InvalidIriMapping, format!("@reverse of {term} is not an IRI"))),
        }
        if let Some(container) = members.get("@container") {
            match container {
                Value::Null => {}
                Value::String(name) if matches!(name.as_str(), "@set" | "@index") => {
                    definition.containers = containers(term, container)?
                }
                _ => return Err(invalid(Code::InvalidReverseProperty, format!("the reverse term {term} has a wrong container"))),
            }
        }
        definition.reverse = true;
        Ok(())
    }

    /// `None`: the definition must be ignored.
    fn mapping(
        &mut self,
        term: &str,
        id: Option<&Value>,
        simple: bool,
        definition: &mut TermDefinition,
        depth: usize,
    ) -> Result<Option<Mapping>, JsonLdError> {
        let wrong = || invalid(Code::InvalidIriMapping, format!("the term {term} does not stand for an IRI"));
        let mapping = match id {
            Some(Value::Null) => Mapping::Null,
            Some(Value::String(id)) if id != term => {
                if keyword(id).is_none() && looks_like_keyword(id) {
                    return Ok(None);
                }
                let mapping = match self.expand(id, depth)? {
                    Expanded::Keyword("@context") => {
                        return Err(invalid(Code::InvalidKeywordAlias, format!("{term} is an alias of @context")));
                    }
                    Expanded::Keyword(keyword) => Mapping::Keyword(keyword),
                    Expanded::Iri(iri) if is_absolute_iri(&iri) || iri.starts_with("_:") => Mapping::Iri(iri),
                    Expanded::Iri(_) | Expanded::Null => return Err(wrong()),
                };
                let inner_colon = split_compact(term).is_some_and(|(_, suffix)| !suffix.is_empty());
                if inner_colon || term.contains('/') {
                    self.defined.insert(term.to_owned(), true);
                    let meant = match self.expand(term, depth)? {
                        Expanded::Iri(iri) => Mapping::Iri(iri),
                        Expanded::Keyword(keyword) => Mapping::Keyword(keyword),
                        Expanded::Null => Mapping::Null,
                    };
                    if meant != mapping {
                        return Err(wrong());
                    }
                } else if let (true, Mapping::Iri(iri)) = (simple, &mapping) {
                    definition.prefix = iri.ends_with([':', '/', '?', '#', '[', ']', '@']) || iri.starts_with("_:");
                }
                mapping
            }
            Some(value) if !value.is_string() => return Err(wrong()),
            _ => match split_compact(term) {
                Some((prefix, suffix)) => {
                    if self.local.contains_key(prefix) {
                        self.define(prefix, depth + 1)?;
                    }
                    match self.active.terms.get(prefix).map(|definition| &definition.mapping) {
                        Some(Mapping::Iri(iri)) => Mapping::Iri(format!("{iri}{suffix}").into()),
                        _ => Mapping::Iri(term.into()),
                    }
                }
                None if term.contains('/') => match self.active.expand(term, true, false) {
                    Expanded::Iri(iri) if is_absolute_iri(&iri) => Mapping::Iri(iri),
                    _ => return Err(wrong()),
                },
                None if term == "@type" => Mapping::Keyword("@type"),
                None => match &self.active.vocab {
                    Some(vocabulary) => Mapping::Iri(format!("{vocabulary}{term}").into()),
                    None => return Err(wrong()),
                },
            },
        };
        Ok(Some(mapping))
    }

    fn language(&self, term: &str, members: &Map<String, Value>, definition: &mut TermDefinition) -> Result<(), JsonLdError> {
        if members.contains_key("@type") {
            return Ok(());
        }
        definition.language = match members.get("@language") {
            None => None,
            Some(Value::Null) => Some(None),
            Some(Value::String(language)) => Some(Some(language.to_lowercase().into())),
            Some(_) => return Err(invalid(Code::InvalidLanguageMapping, format!("@language of {term} is not text"))),
        };
        definition.direction = match members.get("@direction") {
            None => None,
            Some(Value::Null) => Some(None),
            Some(Value::String(direction)) if matches!(direction.as_str(), "ltr" | "rtl") => {
                Some(Some(direction.as_str().into()))
            }
            Some(_) => return Err(invalid(Code::InvalidBaseDirection, format!("@direction of {term} is neither ltr nor rtl"))),
        };
        Ok(())
    }

    /// IRI expansion while terms are still being defined (§5.2 steps 3 and 6.3).
    fn expand(&mut self, text: &str, depth: usize) -> Result<Expanded, JsonLdError> {
        let pending = |this: &Self, term: &str| this.local.contains_key(term) && this.defined.get(term) != Some(&true);
        if keyword(text).is_none() && pending(self, text) {
            self.define(text, depth + 1)?;
        }
        if let Some((prefix, suffix)) = split_compact(text)
            && prefix != "_"
            && !suffix.starts_with("//")
            && pending(self, prefix)
        {
            self.define(prefix, depth + 1)?;
        }
        Ok(self.active.expand(text, true, false))
    }
}

fn check_type_definition(value: &Value) -> Result<(), JsonLdError> {
    let allowed = value.as_object().is_some_and(|members| {
        !members.is_empty()
            && members.iter().all(|(name, value)| match name.as_str() {
                "@container" => value == "@set",
                "@protected" => true,
                _ => false,
            })
    });
    if allowed { Ok(()) } else { Err(invalid(Code::KeywordRedefinition, "a context redefines @type")) }
}

fn containers(term: &str, value: &Value) -> Result<Containers, JsonLdError> {
    let wrong = || invalid(Code::InvalidContainerMapping, format!("the container of {term} is wrong"));
    let names = match value {
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(names) => names.as_slice(),
        _ => return Err(wrong()),
    };
    let mut found = Containers::default();
    for name in names {
        let flag = match name.as_str() {
            Some("@list") => &mut found.list,
            Some("@set") => &mut found.set,
            Some("@language") => &mut found.language,
            Some("@index") => &mut found.index,
            Some("@graph") => &mut found.graph,
            Some("@id") => &mut found.id,
            Some("@type") => &mut found.type_,
            _ => return Err(wrong()),
        };
        *flag = true;
    }
    let Containers { list, set, language, index, graph, id, type_ } = found;
    let maps = [language, index, id, type_].into_iter().filter(|flag| *flag).count();
    let fits = maps <= 1 && !(list && (set || maps > 0 || graph)) && !(graph && (language || type_));
    if fits { Ok(found) } else { Err(wrong()) }
}

/// A context that breaks a rule of JSON-LD 1.1 API §9.6.
pub(super) fn invalid(code: Code, detail: impl Into<String>) -> JsonLdError {
    JsonLdError::Invalid { code, pointer: String::new(), detail: detail.into() }
}
