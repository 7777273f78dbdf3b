//! Context processing (JSON-LD API §4.1).
//! Comes in: an active context, and the local context of a document or a term. Goes out: the new active context.
//! Must not know: the network; an unknown context is an error.

use super::define::{Definer, invalid};
use super::iri::{is_absolute_iri, resolve};
use super::{ActiveContext, Expanded, LocalContext, next_id};
use crate::jsonld::JsonLdError;
use crate::jsonld::contexts::{Contexts, Edition};
use crate::model::code::Code;
use serde_json::{Map, Value};
use std::sync::{Arc, LazyLock};

/// Deepest nesting of contexts.
const MAX_NESTING: usize = 16;

/// The place at which a context applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `@context` in a document or another context.
    Local,
    /// The context of a property's term: it may override protected terms.
    Property,
    /// The context of a type's term: it applies only to its node.
    Type,
}

type CacheKey = (u64, u64, Mode);

/// Results for known contexts. An evicted result is compiled again under a new id; ids are never reused.
static COMPILED: LazyLock<moka::sync::Cache<CacheKey, Arc<ActiveContext>>> = LazyLock::new(|| moka::sync::Cache::new(400));

static INITIAL: LazyLock<Arc<ActiveContext>> = LazyLock::new(|| Arc::new(ActiveContext::initial(None)));

pub struct Processor<'a> {
    pub contexts: &'a Contexts,
    pub edition: Edition,
}

impl Processor<'_> {
    pub fn initial(&self, base: Option<&str>) -> Arc<ActiveContext> {
        match base {
            None => INITIAL.clone(),
            Some(_) => Arc::new(ActiveContext::initial(base)),
        }
    }

    /// A term's own context, from the cache if possible.
    pub fn scoped(
        &self,
        active: &Arc<ActiveContext>,
        local: &Arc<LocalContext>,
        mode: Mode,
    ) -> Result<Arc<ActiveContext>, JsonLdError> {
        self.known(active, local, mode, 0)
    }

    fn known(
        &self,
        active: &Arc<ActiveContext>,
        local: &LocalContext,
        mode: Mode,
        nesting: usize,
    ) -> Result<Arc<ActiveContext>, JsonLdError> {
        if !active.shared {
            return self.process(active, &local.value, local.base.as_ref(), mode, nesting);
        }
        let key = (active.id, local.id, mode);
        if let Some(compiled) = COMPILED.get(&key) {
            return Ok(compiled);
        }
        let compiled = self.process(active, &local.value, local.base.as_ref(), mode, nesting)?;
        if compiled.shared {
            COMPILED.insert(key, compiled.clone());
        }
        Ok(compiled)
    }

    /// A context written in a document.
    pub fn local(&self, active: &Arc<ActiveContext>, value: &Value) -> Result<Arc<ActiveContext>, JsonLdError> {
        self.written(active, value, active.original_base.as_ref(), 0)
    }

    fn written(
        &self,
        active: &Arc<ActiveContext>,
        value: &Value,
        base: Option<&Arc<str>>,
        nesting: usize,
    ) -> Result<Arc<ActiveContext>, JsonLdError> {
        // A list of known URLs stays shared; any other list makes a private context.
        let entries = match value {
            Value::Array(entries) => entries.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut active = active.clone();
        for entry in entries {
            active = match entry {
                Value::String(url) => self.referenced(&active, url, base, Mode::Local, nesting)?,
                other => {
                    // A whole context document in place of its `@context`: every common processor accepts this.
                    let other = other.get("@context").unwrap_or(other);
                    let own = ActiveContext { shared: false, ..(*active).clone() };
                    self.process(&Arc::new(own), other, base, Mode::Local, nesting)?
                }
            };
        }
        Ok(active)
    }

    fn referenced(
        &self,
        active: &Arc<ActiveContext>,
        url: &str,
        base: Option<&Arc<str>>,
        mode: Mode,
        nesting: usize,
    ) -> Result<Arc<ActiveContext>, JsonLdError> {
        if nesting > MAX_NESTING {
            return Err(invalid(Code::ContextOverflow, "contexts refer to each other too deeply"));
        }
        let url = if is_absolute_iri(url) { url.into() } else { resolve(base.map(AsRef::as_ref), url) };
        let document = self.contexts.document(&url, self.edition).ok_or_else(|| JsonLdError::UnknownContext(url.to_string()))?;
        self.known(active, document, mode, nesting + 1)
    }

    /// The algorithm itself, for contexts of every shape.
    fn process(
        &self,
        active: &Arc<ActiveContext>,
        local: &Value,
        base: Option<&Arc<str>>,
        mode: Mode,
        nesting: usize,
    ) -> Result<Arc<ActiveContext>, JsonLdError> {
        let mut result = (**active).clone();
        result.id = next_id();
        let propagate = match local {
            Value::Object(members) => match members.get("@propagate") {
                None => mode != Mode::Type,
                Some(Value::Bool(propagate)) => *propagate,
                Some(_) => return Err(invalid(Code::InvalidPropagateValue, "a context's @propagate is neither true nor false")),
            },
            _ => mode != Mode::Type,
        };
        if !propagate && result.previous.is_none() {
            result.previous = Some(active.clone());
        }
        let entries = match local {
            Value::Array(entries) => entries.as_slice(),
            single => std::slice::from_ref(single),
        };
        for entry in entries {
            match entry {
                Value::Null => {
                    if mode != Mode::Property && result.terms.values().any(|definition| definition.protected) {
                        return Err(invalid(Code::InvalidContextNullification, "a context removes protected terms"));
                    }
                    let cleared = ActiveContext::initial(result.original_base.as_deref());
                    let previous = (!propagate).then(|| active.clone());
                    result = ActiveContext { previous, shared: result.shared, ..cleared };
                }
                Value::String(url) => {
                    let loaded = self.referenced(&Arc::new(result), url, base, Mode::Local, nesting)?;
                    result = (*loaded).clone();
                }
                Value::Object(members) => {
                    let imported = self.imported(members, base)?;
                    self.apply(&mut result, imported.as_ref().unwrap_or(members), base, mode)?;
                }
                _ => return Err(invalid(Code::InvalidLocalContext, "a context is neither a URL nor an object")),
            }
        }
        Ok(Arc::new(result))
    }

    /// `@import`: the members of a known context, overlaid with the importing context's members.
    fn imported(&self, members: &Map<String, Value>, base: Option<&Arc<str>>) -> Result<Option<Map<String, Value>>, JsonLdError> {
        let Some(import) = members.get("@import") else { return Ok(None) };
        let Value::String(url) = import else {
            return Err(invalid(Code::InvalidImportValue, "a context's @import is not a URL"));
        };
        let url = if is_absolute_iri(url) { url.as_str().into() } else { resolve(base.map(AsRef::as_ref), url) };
        let document = self.contexts.document(&url, self.edition).ok_or_else(|| JsonLdError::UnknownContext(url.to_string()))?;
        let Value::Object(imported) = &document.value else {
            return Err(invalid(Code::InvalidRemoteContext, "an imported context is not an object"));
        };
        if imported.contains_key("@import") {
            return Err(invalid(Code::InvalidContextEntry, "an imported context imports another one"));
        }
        let mut merged = imported.clone();
        merged.extend(members.iter().filter(|(name, _)| *name != "@import").map(|(name, value)| (name.clone(), value.clone())));
        Ok(Some(merged))
    }

    fn apply(
        &self,
        result: &mut ActiveContext,
        members: &Map<String, Value>,
        base: Option<&Arc<str>>,
        mode: Mode,
    ) -> Result<(), JsonLdError> {
        if members.get("@version").is_some_and(|version| version.as_f64() != Some(1.1)) {
            return Err(invalid(Code::InvalidVersionValue, "a context's @version is not 1.1"));
        }
        match members.get("@base") {
            None => {}
            // Only the document's own contexts may move the base.
            Some(_) if base.map(AsRef::as_ref) != result.original_base.as_deref() => {}
            Some(Value::Null) => result.base = None,
            Some(Value::String(iri)) if is_absolute_iri(iri) => result.base = Some(iri.as_str().into()),
            Some(Value::String(iri)) if result.base.is_some() => result.base = Some(resolve(result.base.as_deref(), iri)),
            Some(_) => return Err(invalid(Code::InvalidBaseIri, "a context's @base is not an IRI")),
        }
        match members.get("@vocab") {
            None => {}
            Some(Value::Null) => result.vocab = None,
            Some(Value::String(iri)) => match result.expand(iri, true, true) {
                Expanded::Iri(iri) if is_absolute_iri(&iri) || iri.starts_with("_:") => result.vocab = Some(iri),
                _ => return Err(invalid(Code::InvalidVocabMapping, "a context's @vocab is not an IRI")),
            },
            Some(_) => return Err(invalid(Code::InvalidVocabMapping, "a context's @vocab is not an IRI")),
        }
        match members.get("@language") {
            None => {}
            Some(Value::Null) => result.language = None,
            Some(Value::String(language)) => result.language = Some(language.to_lowercase().into()),
            Some(_) => return Err(invalid(Code::InvalidDefaultLanguage, "a context's @language is not text")),
        }
        match members.get("@direction") {
            None => {}
            Some(Value::Null) => result.direction = None,
            Some(Value::String(direction)) if matches!(direction.as_str(), "ltr" | "rtl") => {
                result.direction = Some(direction.as_str().into())
            }
            Some(_) => return Err(invalid(Code::InvalidBaseDirection, "a context's @direction is neither ltr nor rtl")),
        }
        let protected = match members.get("@protected") {
            None => false,
            Some(Value::Bool(protected)) => *protected,
            Some(_) => return Err(invalid(Code::InvalidProtectedValue, "a context's @protected is neither true nor false")),
        };
        let mut definer = Definer::new(result, members, base, protected, mode == Mode::Property);
        for term in members.keys() {
            if !matches!(
                term.as_str(),
                "@base" | "@direction" | "@import" | "@language" | "@propagate" | "@protected" | "@version" | "@vocab"
            ) {
                definer.define(term, 0)?;
            }
        }
        Ok(())
    }
}
