//! XML answers as values that expressions read: `xml.Envelope.Body.Fault.faultstring`.
//! Comes in: bytes of a foreign system. Goes out: a value, or none for what is not XML or more than the limits allow. Entities other than
//! the five of XML 1.0 are not resolved, and a document type ends the reading.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value};

const MAX_DEPTH: usize = 48;
const MAX_ELEMENTS: usize = 50_000;

/// An element with nothing but text is that text; else an object with the children by their local names (a list when a name comes
/// again), attributes as `@name`, and text as `#text`.
pub fn read(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?;
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        return None;
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut count = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                count += 1;
                if open.len() > MAX_DEPTH || count > MAX_ELEMENTS {
                    return None;
                }
                open.push(Element::of(&start)?);
            }
            Event::Empty(start) => {
                count += 1;
                if count > MAX_ELEMENTS {
                    return None;
                }
                let element = Element::of(&start)?;
                open.last_mut()?.add(element);
            }
            Event::End(_) => {
                let element = open.pop()?;
                open.last_mut()?.add(element);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text),
            Event::CData(text) => open.last_mut()?.text.push_str(&text),
            Event::GeneralRef(reference) => open.last_mut()?.text.push_str(&resolved(&reference)?),
            Event::DocType(_) => return None,
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    let root = open.pop().filter(|_| open.is_empty())?;
    (!root.members.is_empty()).then_some(Value::Object(root.members))
}

fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned)
}

#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Option<Self> {
        let mut element = Self { name: start.local_name().as_ref().to_owned(), ..Self::default() };
        for attribute in start.attributes() {
            let attribute = attribute.ok()?;
            if !attribute.key.as_ref().starts_with("xmlns") {
                let name = format!("@{}", attribute.key.local_name().as_ref());
                let value = quick_xml::escape::unescape(&attribute.value).ok()?.into_owned();
                element.members.insert(name, Value::String(value));
            }
        }
        Some(element)
    }

    fn add(&mut self, child: Self) {
        let Self { name, mut members, text } = child;
        let text = text.trim();
        let value = match members.is_empty() {
            true => Value::String(text.to_owned()),
            false => {
                if !text.is_empty() {
                    members.insert("#text".to_owned(), Value::String(text.to_owned()));
                }
                Value::Object(members)
            }
        };
        match self.members.get_mut(&name) {
            None => drop(self.members.insert(name, value)),
            Some(Value::Array(list)) => list.push(value),
            Some(one) => {
                let first = one.take();
                *one = Value::Array(vec![first, value]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_read_by_local_names() {
        let soap = br#"<?xml version="1.0"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>
            <wd:Worker xmlns:wd="urn:x" wd:type="a &amp; b"><wd:ID>7</wd:ID><wd:ID>8</wd:ID><wd:Name>O&apos;Neil &#233;<![CDATA[ <x>]]></wd:Name></wd:Worker>
            <empty/></env:Body></env:Envelope>"#;
        let value = read(soap).unwrap();
        let worker = &value["Envelope"]["Body"]["Worker"];
        assert_eq!(*worker, json!({"@type": "a & b", "ID": ["7", "8"], "Name": "O'Neil é <x>"}));
        assert_eq!(value["Envelope"]["Body"]["empty"], "");
    }

    #[test]
    fn no_entity_is_resolved_and_nothing_grows_without_bound() {
        let bomb = b"<!DOCTYPE a [<!ENTITY b \"xxxx\">]><a>&b;</a>";
        assert_eq!(read(bomb), None);
        assert_eq!(read(b"<a>&b;</a>"), None);
        assert_eq!(read(&[b"<a>".repeat(100), b"</a>".repeat(100)].concat()), None, "too deep");
        assert_eq!(read(&[b"<a>".to_vec(), b"<b/>".repeat(MAX_ELEMENTS + 1), b"</a>".to_vec()].concat()), None, "too many");
        for not_xml in [&b"{\"a\": 1}"[..], b"", b"<a>", b"</a>", b"<a></b>", b"\xff\xfe", b"plain"] {
            assert_eq!(read(not_xml), None, "{not_xml:?}");
        }
    }
}
