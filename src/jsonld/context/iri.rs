//! IRI expansion (JSON-LD API §5.2) over a finished context.
//! Comes in: a term, compact IRI, relative reference or keyword. Goes out: its meaning.
//! Must not know: documents.

use super::{ActiveContext, Mapping};
use std::sync::Arc;

/// The meaning of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expanded {
    Null,
    Keyword(&'static str),
    /// An absolute IRI (by its form), a blank node identifier, or an unresolved relative reference.
    Iri(Arc<str>),
}

const KEYWORDS: [&str; 23] = [
    "@base",
    "@container",
    "@context",
    "@default",
    "@direction",
    "@graph",
    "@id",
    "@import",
    "@included",
    "@index",
    "@json",
    "@language",
    "@list",
    "@nest",
    "@none",
    "@prefix",
    "@propagate",
    "@protected",
    "@reverse",
    "@set",
    "@type",
    "@value",
    "@version",
];

/// The keyword with this text.
pub fn keyword(text: &str) -> Option<&'static str> {
    if !text.starts_with('@') {
        return None;
    }
    KEYWORDS.iter().chain(&["@vocab"]).find(|keyword| **keyword == text).copied()
}

/// `@` and letters only: reserved, and ignored unless it is a keyword.
pub fn looks_like_keyword(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// Whether the text begins with a scheme. Later code checks that it is well-formed.
pub fn is_absolute_iri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
    })
}

/// Whether RDF can hold the IRI.
pub fn is_well_formed(iri: &str) -> bool {
    is_absolute_iri(iri) && oxiri::Iri::parse(iri).is_ok()
}

/// Splits a compact IRI; the colon may not come first.
pub fn split_compact(text: &str) -> Option<(&str, &str)> {
    let colon = text.bytes().skip(1).position(|b| b == b':')? + 1;
    Some((&text[..colon], &text[colon + 1..]))
}

/// Resolves a relative reference; returns the text itself when that is impossible.
pub fn resolve(base: Option<&str>, reference: &str) -> Arc<str> {
    let resolved = base.and_then(|base| oxiri::Iri::parse(base).ok()?.resolve(reference).ok());
    match resolved {
        None => reference.into(),
        // A base may hold dot segments; RFC 3986 §5.2.2 removes them if the reference has a path.
        Some(iri)
            if !reference.starts_with(['?', '#']) && !reference.is_empty() && base.is_some_and(|base| base.contains("/.")) =>
        {
            let base = base.map(normalized).unwrap_or_default();
            let resolved = oxiri::Iri::parse(base).ok().and_then(|base| base.resolve(reference).ok());
            resolved.unwrap_or(iri).into_inner().into()
        }
        Some(iri) => iri.into_inner().into(),
    }
}

/// The folder of a base, without dot segments: merging drops the last segment first (RFC 3986 §5.2.3).
fn normalized(iri: &str) -> String {
    match oxiri::Iri::parse(iri) {
        Ok(parsed) => {
            let path = parsed.path();
            let folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
            iri.replacen(path, &remove_dot_segments(folder), 1)
        }
        Err(_) => iri.to_owned(),
    }
}

/// RFC 3986 §5.2.4, for a path that begins with a slash.
fn remove_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

impl ActiveContext {
    /// `vocab`: the text may be a term or relative to the vocabulary; `document`: the text may be relative to the base.
    pub fn expand(&self, text: &str, vocab: bool, document: bool) -> Expanded {
        if let Some(keyword) = keyword(text) {
            return Expanded::Keyword(keyword);
        }
        if looks_like_keyword(text) {
            return Expanded::Null;
        }
        if let Some(definition) = self.terms.get(text) {
            match &definition.mapping {
                Mapping::Keyword(keyword) => return Expanded::Keyword(keyword),
                Mapping::Iri(iri) if vocab => return Expanded::Iri(iri.clone()),
                Mapping::Null if vocab => return Expanded::Null,
                Mapping::Iri(_) | Mapping::Null => {}
            }
        }
        if let Some((prefix, suffix)) = split_compact(text) {
            if prefix == "_" || suffix.starts_with("//") {
                return Expanded::Iri(text.into());
            }
            if let Some(iri) = self.prefix_iri(prefix) {
                return Expanded::Iri(format!("{iri}{suffix}").into());
            }
            if is_absolute_iri(text) {
                return Expanded::Iri(text.into());
            }
        }
        if let (true, Some(vocabulary)) = (vocab, &self.vocab) {
            return Expanded::Iri(format!("{vocabulary}{text}").into());
        }
        if document {
            return Expanded::Iri(resolve(self.base.as_deref(), text));
        }
        Expanded::Iri(text.into())
    }

    pub fn prefix_iri(&self, prefix: &str) -> Option<&Arc<str>> {
        match self.terms.get(prefix) {
            Some(definition) if definition.prefix => match &definition.mapping {
                Mapping::Iri(iri) => Some(iri),
                Mapping::Null | Mapping::Keyword(_) => None,
            },
            _ => None,
        }
    }
}
