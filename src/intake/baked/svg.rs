//! SVG elements of the Open Badges baking specification.
//! Comes in: the bytes of an SVG file. Goes out: the baked texts. Nothing is resolved or fetched: a DOCTYPE with declarations, and
//! every entity except the five of XML, are refused. Time and memory grow only with the length.

use super::Picture;
use crate::document::{Limits, json};
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Namespaces of baked elements, each with its kind of badge.
const NAMESPACES: [(&str, usize); 3] =
    [("https://purl.imsglobal.org/ob/v3p0", 0), ("http://openbadges.org", 1), ("https://purl.imsglobal.org/clr/v2p0", 2)];
/// The most declarations that bind or shadow a baking namespace; an honest file has one.
const MAX_DECLARATIONS: usize = 64;
const MAX_DEPTH: usize = 2_000;

/// Whether the document's first element is `svg`.
pub fn root_is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(json::without_bom(bytes)) else { return contains_svg(bytes) };
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => return element.local_name().as_ref() == "svg",
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

/// Recognises SVG files in another encoding, so that the problem names them correctly.
fn contains_svg(bytes: &[u8]) -> bool {
    bytes.windows(4).take(4_096).any(|window| window == b"<svg")
}

/// Finds the badges in an SVG file.
pub fn extract(bytes: &[u8], limits: &Limits) -> Picture {
    let mut scan = Scan::default();
    let damage = match std::str::from_utf8(json::without_bom(bytes)) {
        Ok(text) => scan.run(text, limits).err(),
        Err(_) => Some("it is not in UTF-8".to_owned()),
    };
    scan.picture.damage = damage;
    if scan.picture.damage.as_deref() == Some(FORBIDDEN) {
        scan.picture.payloads.clear();
    }
    scan.picture
}

const FORBIDDEN: &str = "it declares entities, which no badge needs";

#[derive(Default)]
struct Scan {
    picture: Picture,
    seen: [bool; NAMESPACES.len()],
    declarations: Vec<Declaration>,
    depth: usize,
    open: Option<OpenElement>,
}

/// `xmlns:prefix="…"` on an open element. `kind`: `None` for any other namespace.
struct Declaration {
    depth: usize,
    prefix: String,
    kind: Option<usize>,
}

/// An open baked element, with its text so far.
struct OpenElement {
    depth: usize,
    kind: usize,
    verify: Option<String>,
    text: String,
}

impl Scan {
    fn run(&mut self, text: &str, limits: &Limits) -> Result<(), String> {
        let mut reader = Reader::from_str(text);
        loop {
            let event = reader.read_event().map_err(|_| "it is not well-formed XML".to_owned())?;
            match event {
                Event::Start(element) => {
                    self.start(&element)?;
                }
                Event::Empty(element) => {
                    self.start(&element)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) => self.append(&text, limits)?,
                Event::CData(data) => self.append(&data, limits)?,
                Event::GeneralRef(reference) => {
                    let replacement = match reference.resolve_char_ref() {
                        Ok(Some(character)) => character.to_string(),
                        _ => resolve_predefined_entity(&reference).ok_or(FORBIDDEN)?.to_owned(),
                    };
                    self.append(&replacement, limits)?;
                }
                Event::DocType(declaration) if declaration.contains('[') => return Err(FORBIDDEN.to_owned()),
                Event::Eof if self.depth > 0 => return Err("it ends in the middle".to_owned()),
                Event::Eof => return Ok(()),
                Event::DocType(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it is nested too deep".to_owned());
        }
        if element.attributes_raw().contains("xmlns") {
            self.declare(element)?;
        }
        let name = element.name();
        let (prefix, local) = name.as_ref().split_once(':').unwrap_or(("", name.as_ref()));
        if self.open.is_some() || !matches!(local, "assertion" | "credential") {
            return Ok(());
        }
        let bound = self.declarations.iter().rev().find(|declaration| declaration.prefix == prefix);
        let Some(kind) = bound.and_then(|declaration| declaration.kind) else { return Ok(()) };
        let verify = attribute(element, "verify")?;
        self.open = Some(OpenElement { depth: self.depth, kind, verify, text: String::new() });
        Ok(())
    }

    fn declare(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| "it is not well-formed XML".to_owned())?;
            let key: &str = attribute.key.as_ref();
            let prefix = match key.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) => rest.strip_prefix(':').unwrap_or("\0"),
                None => continue,
            };
            let namespace = attribute.value.trim().trim_end_matches('/');
            let kind = NAMESPACES.iter().find(|(known, _)| *known == namespace).map(|(_, kind)| *kind);
            let shadows = self.declarations.iter().any(|declaration| declaration.prefix == prefix);
            if kind.is_none() && !shadows {
                continue;
            }
            if self.declarations.len() >= MAX_DECLARATIONS {
                return Err("it declares too many namespaces".to_owned());
            }
            self.declarations.push(Declaration { depth: self.depth, prefix: prefix.to_owned(), kind });
        }
        Ok(())
    }

    fn append(&mut self, text: &str, limits: &Limits) -> Result<(), String> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.text.push_str(text);
        if open.text.len() > limits.max_file_bytes { Err("its badge data is too large".to_owned()) } else { Ok(()) }
    }

    fn end(&mut self) {
        if self.open.as_ref().is_some_and(|open| open.depth == self.depth)
            && let Some(open) = self.open.take()
        {
            self.finish(open);
        }
        while self.declarations.last().is_some_and(|declaration| declaration.depth == self.depth) {
            self.declarations.pop();
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// A signature in `verify` is the badge. A link in `verify` is only the address at which the element's JSON is hosted.
    fn finish(&mut self, open: OpenElement) {
        let text = open.text.trim();
        let verify = open.verify.as_deref().map(str::trim).filter(|verify| !verify.is_empty());
        let payload = match verify {
            Some(link) if link.starts_with("http") && !text.is_empty() => text,
            Some(verify) => verify,
            None if text.is_empty() => return,
            None => text,
        };
        match self.seen.get_mut(open.kind) {
            Some(seen) if !*seen => {
                *seen = true;
                self.picture.payloads.push(payload.to_owned());
            }
            _ => self.picture.repeated += 1,
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| "it is not well-formed XML".to_owned())?;
        if attribute.key.as_ref() == name {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| FORBIDDEN.to_owned())?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(svg: &str) -> Picture {
        extract(svg.as_bytes(), &Limits::default())
    }

    #[test]
    fn both_ways_of_baking_are_read() {
        let signed =
            r#"<svg xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"><openbadges:credential verify="a.b.c"/></svg>"#;
        assert_eq!(found(signed).payloads, ["a.b.c"]);
        let inline = r#"<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
            <svg xmlns="http://www.w3.org/2000/svg"><b:assertion xmlns:b="http://openbadges.org" verify="https://example.org/a.json"><![CDATA[
            {"a":"<&>"}]]></b:assertion></svg>"#;
        assert_eq!(found(inline).payloads, ["{\"a\":\"<&>\"}"]);
        let escaped = r#"<svg><credential xmlns="https://purl.imsglobal.org/clr/v2p0">{&quot;a&quot;:&#49;}</credential></svg>"#;
        assert_eq!(found(escaped).payloads, ["{\"a\":1}"]);
        let link = r#"<svg><b:assertion xmlns:b="http://openbadges.org" verify="https://example.org/a.json"/></svg>"#;
        assert_eq!(found(link).payloads, ["https://example.org/a.json"]);
    }

    #[test]
    fn only_elements_of_the_right_namespace_count() {
        assert!(found(r#"<svg><credential verify="a.b.c"/></svg>"#).payloads.is_empty());
        assert!(found(r#"<svg xmlns:o="https://example.org"><o:credential verify="a.b.c"/></svg>"#).payloads.is_empty());
        let shadowed = r#"<svg xmlns:o="https://purl.imsglobal.org/ob/v3p0"><g xmlns:o="https://example.org"><o:credential verify="a.b.c"/></g></svg>"#;
        assert!(found(shadowed).payloads.is_empty());
        let ended = r#"<svg><g xmlns:o="https://purl.imsglobal.org/ob/v3p0"/><o:credential verify="a.b.c"/></svg>"#;
        assert!(found(ended).payloads.is_empty());
    }

    #[test]
    fn the_first_badge_of_a_kind_counts() {
        let two = r#"<svg xmlns:o="https://purl.imsglobal.org/ob/v3p0"><o:credential verify="a.b.c"/><o:credential verify="d.e.f"/></svg>"#;
        let picture = found(two);
        assert_eq!(picture.payloads, ["a.b.c"]);
        assert_eq!(picture.repeated, 1);
    }

    #[test]
    fn entities_are_never_expanded() {
        let bomb = r#"<!DOCTYPE svg [<!ENTITY a "x"><!ENTITY b SYSTEM "file:///etc/passwd">]>
            <svg xmlns:o="https://purl.imsglobal.org/ob/v3p0"><o:credential>&b;</o:credential></svg>"#;
        assert_eq!(found(bomb).damage.as_deref(), Some(FORBIDDEN));
        let undeclared = r#"<svg xmlns:o="https://purl.imsglobal.org/ob/v3p0"><o:credential verify="&x;"/></svg>"#;
        assert!(found(undeclared).payloads.is_empty());
    }

    #[test]
    fn broken_and_deep_files_are_named() {
        assert!(found("<svg><g></svg>").damage.is_some());
        assert!(found("<svg><g>").damage.is_some());
        assert!(found(&"<g>".repeat(10_000)).damage.is_some_and(|cause| cause.contains("deep")));
        assert!(root_is_svg(b"<?xml version=\"1.0\"?><!-- c --><svg:svg/>"));
        assert!(!root_is_svg(b"<note/>"));
    }
}
