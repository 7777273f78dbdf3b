//! SKOS in RDF/XML: typed nodes with `rdf:about`, whose children are values. Document types and entities are refused by the reader.

use super::linked::{Statements, Value, local};
use super::{ImportError, Wanted};
use crate::taxonomy::bundle::Bundle;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// Elements inside elements.
const MAX_DEPTH: usize = 16;

/// An open element: a node that statements are about, or a property of the node around it.
enum Open {
    Root,
    Node(String),
    Property { name: String, language: String, text: String, has_node: bool },
}

pub fn read(file_name: &str, text: &str, wanted: &Wanted) -> Result<Bundle, ImportError> {
    let mut reader = Reader::from_str(text);
    let mut statements = Statements::default();
    let mut open: Vec<Open> = Vec::new();
    let mut blank = 0usize;
    loop {
        let at = reader.buffer_position();
        let line = || 1 + text.as_bytes().get(..at as usize).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
        let wrong = |message: String| ImportError::Unreadable(format!("{file_name}, line {}: {message}", line()));
        let event = reader.read_event().map_err(|error| wrong(error.to_string()))?;
        match event {
            Event::Eof => break,
            Event::DocType(_) => return Err(wrong("a document type is not accepted".to_owned())),
            Event::Start(element) => {
                if open.len() >= MAX_DEPTH {
                    return Err(wrong(format!("elements are nested more than {MAX_DEPTH} deep")));
                }
                let opened = start(&mut statements, &open, &element, &mut blank)?;
                if let (Open::Node(_), Some(Open::Property { has_node, .. })) = (&opened, open.last_mut()) {
                    *has_node = true;
                }
                open.push(opened);
            }
            Event::Empty(element) => {
                let opened = start(&mut statements, &open, &element, &mut blank)?;
                if let (Open::Node(_), Some(Open::Property { has_node, .. })) = (&opened, open.last_mut()) {
                    *has_node = true;
                }
            }
            Event::Text(said) => {
                if let Some(Open::Property { text, .. }) = open.last_mut() {
                    text.push_str(&said);
                }
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| wrong(error.to_string()))?;
                let named = || resolve_predefined_entity(&reference).map(str::to_owned);
                let resolved = character.map(String::from).or_else(named);
                let resolved = resolved.ok_or_else(|| wrong("an entity is not accepted".to_owned()))?;
                if let Some(Open::Property { text, .. }) = open.last_mut() {
                    text.push_str(&resolved);
                }
            }
            Event::End(_) => {
                if let Some(Open::Property { name, language, text, has_node: false }) = open.pop()
                    && !text.trim().is_empty()
                    && let Some(subject) = around(&open)
                {
                    statements.add(&subject, &name, Value::Text { text: text.trim().to_owned(), language })?;
                }
            }
            _ => {}
        }
    }
    Ok(statements.finish(file_name, wanted))
}

fn around(open: &[Open]) -> Option<String> {
    open.iter().rev().find_map(|one| match one {
        Open::Node(uri) => Some(uri.clone()),
        _ => None,
    })
}

fn attribute(element: &BytesStart<'_>, wanted: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|one| one.key.as_ref() == wanted)?;
    Some(quick_xml::escape::unescape(&found.value).ok()?.into_owned())
}

fn start(statements: &mut Statements, open: &[Open], element: &BytesStart<'_>, blank: &mut usize) -> Result<Open, ImportError> {
    let name = element.name().as_ref().to_owned();
    match open.last() {
        None => Ok(Open::Root),
        Some(Open::Node(subject)) => {
            if let Some(other) = attribute(element, "rdf:resource") {
                statements.add(subject, &name, Value::Node(other))?;
                return Ok(Open::Property { name, language: String::new(), text: String::new(), has_node: true });
            }
            let language = attribute(element, "xml:lang").unwrap_or_default();
            Ok(Open::Property { name, language, text: String::new(), has_node: false })
        }
        Some(outer) => {
            let uri = attribute(element, "rdf:about").or_else(|| attribute(element, "rdf:nodeID"));
            let uri = uri.unwrap_or_else(|| {
                *blank += 1;
                format!("_:xml{blank}")
            });
            if local(&name) != "Description" {
                statements.add(&uri, "type", Value::Node(name))?;
            }
            if let (Open::Property { name, .. }, Some(subject)) = (outer, around(open)) {
                statements.add(&subject, name, Value::Node(uri.clone()))?;
            }
            Ok(Open::Node(uri))
        }
    }
}
