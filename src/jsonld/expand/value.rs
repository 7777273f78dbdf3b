//! Values: scalars and value objects to literals and references (JSON-LD API §5.3, §8.2).
//! Comes in: a scalar, or the members of a value object. Goes out: an RDF term.
//! Must not know: nodes.

use super::{Entry, Expander, Item, Meaning, Place, RDF_JSON, XSD, XSD_BOOLEAN, XSD_DOUBLE, XSD_INTEGER, literal};
use crate::jsonld::context::{ActiveContext, Expanded, Mode, TypeMapping, is_absolute_iri};
use crate::jsonld::dataset::Term;
use crate::jsonld::notes::{Oddity, Path};
use crate::jsonld::{JsonLdError, jcs};
use crate::model::code::Code;
use serde_json::{Number, Value};
use std::sync::Arc;

impl Expander<'_> {
    pub(super) fn scalar(
        &mut self,
        active: &Arc<ActiveContext>,
        json: &Value,
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Option<Term>, JsonLdError> {
        let definition = place.property.definition;
        let scoped = match definition.and_then(|definition| definition.context.as_ref()) {
            Some(scoped) => Some(self.processor.scoped(active, scoped, Mode::Property)?),
            None => None,
        };
        let active = scoped.as_ref().unwrap_or(active);
        let type_mapping = definition.and_then(|definition| definition.type_mapping.as_ref());
        match (type_mapping, json) {
            (Some(TypeMapping::Id), Value::String(text)) => {
                let expanded = active.expand(text, false, true);
                Ok(self.reference(&expanded, path, text))
            }
            (Some(TypeMapping::Vocab), Value::String(text)) => {
                let expanded = active.expand(text, true, true);
                Ok(self.reference(&expanded, path, text))
            }
            (Some(TypeMapping::Datatype(datatype)), _) => Ok(Some(typed(json, Some(datatype)))),
            (_, Value::String(text)) => {
                let language = match definition.and_then(|definition| definition.language.clone()) {
                    Some(own) => own,
                    None => active.language.clone(),
                };
                let direction = match definition.and_then(|definition| definition.direction.clone()) {
                    Some(own) => own,
                    None => active.direction.clone(),
                };
                if direction.is_some() {
                    self.note(Oddity::NotSigned, path, "@direction");
                }
                Ok(self.text(text, language, path))
            }
            _ => Ok(Some(typed(json, None))),
        }
    }

    /// A text with a language; `None` for a malformed language tag.
    pub(super) fn text(&mut self, text: &str, language: Option<Arc<str>>, path: &Path<'_>) -> Option<Term> {
        if language.as_ref().is_some_and(|language| !is_language_tag(language)) {
            self.note(Oddity::DroppedValue, path, text);
            return None;
        }
        Some(literal(text.into(), None, language))
    }

    /// A reference to a node; `None`, with a note, for a value that is not an IRI.
    pub(super) fn reference(&mut self, expanded: &Expanded, path: &Path<'_>, written: &str) -> Option<Term> {
        let term = match expanded {
            Expanded::Iri(iri) => self.node_term(iri),
            Expanded::Keyword(_) | Expanded::Null => None,
        };
        if term.is_none() {
            self.note(Oddity::DroppedValue, path, written);
        }
        term
    }

    pub(super) fn value_object(
        &mut self,
        meaning: &Meaning<'_>,
        entries: &[Entry<'_>],
        path: &Path<'_>,
        place: &Place<'_>,
    ) -> Result<Vec<Item>, JsonLdError> {
        let mut value = None;
        let mut datatype = None;
        let mut language = None;
        let mut direction = None;
        for entry in entries {
            let at = Path::Key(path, entry.name);
            let slot = match entry.expanded {
                Expanded::Keyword("@value") => &mut value,
                Expanded::Keyword("@type") => &mut datatype,
                Expanded::Keyword("@language") => &mut language,
                Expanded::Keyword("@direction") => &mut direction,
                Expanded::Keyword("@index") => {
                    if !entry.value.is_string() {
                        return Err(self.error(Code::InvalidIndexValue, &at, "an index is not text"));
                    }
                    self.note(Oddity::NotSigned, &at, entry.name);
                    continue;
                }
                _ => return Err(self.error(Code::InvalidValueObject, &at, "a value has other members")),
            };
            if slot.replace(entry.value).is_some() {
                return Err(self.error(Code::CollidingKeywords, &at, "two members mean the same"));
            }
        }
        let value = value.unwrap_or(&Value::Null);
        if direction.is_some_and(|direction| !matches!(direction.as_str(), Some("ltr" | "rtl"))) {
            return Err(self.error(Code::InvalidBaseDirection, path, "a text direction is neither ltr nor rtl"));
        }
        if datatype.is_some() && (language.is_some() || direction.is_some()) {
            return Err(self.error(Code::InvalidValueObject, path, "a value has both a type and a language"));
        }
        if language.is_some_and(|language| !language.is_string()) {
            return Err(self.error(Code::InvalidLanguageTaggedString, path, "a language is not text"));
        }
        let json = matches!(meaning.input_type, Some(Expanded::Keyword("@json")));
        if !json && (value.is_object() || value.is_array()) {
            return Err(self.error(Code::InvalidValueObjectValue, path, "a value is neither text, a number nor a boolean"));
        }
        if language.is_some() && !value.is_string() && !value.is_null() {
            return Err(self.error(Code::InvalidLanguageTaggedValue, path, "a value with a language is not text"));
        }
        let plain_text = datatype.is_none() && direction.is_none() && value.is_string();
        if !(plain_text && language.is_some()) {
            self.note(Oddity::ValueObject, path, "@value");
        }
        if direction.is_some() {
            self.note(Oddity::NotSigned, path, "@direction");
        }
        if place.property.name == Some("@included") {
            return Err(self.error(Code::InvalidIncludedValue, path, "a value in @included is not a node"));
        }
        if place.property.is_free() {
            self.note(Oddity::DroppedValue, path, "@value");
            return Ok(Vec::new());
        }
        let term = match (json, value, datatype) {
            (true, value, _) => Some(literal(jcs::canonical(value).into(), Some(RDF_JSON.clone()), None)),
            (_, Value::Null, _) => None,
            (_, value, Some(datatype)) => {
                let written =
                    datatype.as_str().ok_or_else(|| self.error(Code::InvalidTypedValue, path, "a value's type is not text"))?;
                match meaning.outer.expand(written, true, true) {
                    Expanded::Iri(iri) if oxiri::Iri::parse(&*iri).is_ok() => Some(typed(value, Some(&iri))),
                    Expanded::Iri(iri) if !is_absolute_iri(&iri) && !iri.starts_with("_:") => {
                        self.note(Oddity::DroppedValue, path, written);
                        None
                    }
                    _ => return Err(self.error(Code::InvalidTypedValue, path, "a value's type is not an IRI")),
                }
            }
            (_, Value::String(text), None) => {
                let language = language.and_then(Value::as_str).map(|language| language.to_lowercase().into());
                self.text(text, language, path)
            }
            (_, value, None) => Some(typed(value, None)),
        };
        Ok(term.map(Item::plain).into_iter().collect())
    }
}

/// The literal of a native value (§8.2.2 steps 8 to 11).
fn typed(value: &Value, datatype: Option<&Arc<str>>) -> Term {
    let string_type = |datatype: &Arc<str>| datatype.strip_prefix(XSD) == Some("string");
    let datatype = datatype.filter(|datatype| !string_type(datatype));
    let or = |default: &Arc<str>| Some(datatype.unwrap_or(default).clone());
    match value {
        Value::Bool(flag) => literal(if *flag { "true" } else { "false" }.into(), or(&XSD_BOOLEAN), None),
        Value::Number(number) => {
            let wants_double = datatype.is_some_and(|datatype| **datatype == **XSD_DOUBLE);
            let (text, double) = number_text(number, wants_double);
            literal(text.into(), or(if double { &XSD_DOUBLE } else { &XSD_INTEGER }), None)
        }
        Value::String(text) => literal(text.as_str().into(), datatype.cloned(), None),
        other => literal(other.to_string().into(), datatype.cloned(), None),
    }
}

/// The canonical integer or double form, and whether it is a double.
fn number_text(number: &Number, wants_double: bool) -> (String, bool) {
    // Adding zero turns -0 into 0.
    let double = number.as_f64().unwrap_or(f64::NAN) + 0.0;
    if !wants_double && double.fract() == 0.0 && double.abs() < 1e21 {
        return (format!("{double:.0}"), false);
    }
    // `%1.15E` without trailing zeros.
    let scientific = format!("{double:.15E}");
    let (mantissa, exponent) = scientific.split_once('E').unwrap_or((&scientific, "0"));
    let trimmed = mantissa.trim_end_matches('0');
    let zero = if trimmed.ends_with('.') { "0" } else { "" };
    (format!("{trimmed}{zero}E{exponent}"), true)
}

/// The shape of BCP 47.
fn is_language_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().is_some_and(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic()));
    first && parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}
