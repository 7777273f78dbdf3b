//! PDF documents: their attachments, texts, links, metadata and QR codes.
//! Comes in: the bytes of a document. Goes out: parts, texts, links and values, handed to the findings.
//! Must not know: credentials. No script is run and nothing is fetched; everything is read within the upload's budget.

mod drawing;
mod filters;
mod images;
mod lexer;
mod lock;
mod objects;
mod text;

use super::archive;
use super::budget::Budget;
use super::findings::{Findings, Place};
use super::picture;
use hayro_syntax::object::{Dict, MaybeRef, Object};
use objects::Objects;
pub(in crate::intake) use objects::PdfError;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use std::collections::BTreeSet;

/// Deepest nesting of arrays and dictionaries in one object.
const MAX_DEPTH: usize = 12;
/// Most pages and drawings whose text is read, and most strings of the document's objects.
const MAX_PAGES: usize = 500;
const MAX_STRINGS: usize = 2_000;
/// Most bytes of one string that may be a value.
const MAX_STRING_BYTES: usize = 64 << 10;

/// The objects to read, by their numbers.
#[derive(Default)]
struct Gathered {
    /// Names and streams of attached files.
    files: Vec<(String, u32)>,
    /// Streams whose type is an attached file.
    embedded: BTreeSet<u32>,
    metadata: Vec<u32>,
    pages: Vec<u32>,
    forms: Vec<u32>,
    /// Sorted by the number of pixels: small pictures are more often QR codes than large pictures.
    images: Vec<(usize, u32)>,
    strings: Vec<String>,
}

pub(super) fn look(bytes: &[u8], budget: &Budget, findings: &mut Findings<'_>) -> Result<(), PdfError> {
    let objects = Objects::read(bytes, budget)?;
    if objects.cut {
        findings.left_out();
    }
    let mut gathered = Gathered::default();
    for number in objects.numbers() {
        if let Some(object) = objects.object(number) {
            gather(&objects, number, &object, true, 0, &mut gathered);
        }
    }
    attached(&objects, &mut gathered, findings);
    for number in &gathered.metadata {
        if let Ok((data, None)) = objects.data(*number) {
            metadata(&data, findings);
        }
    }
    for value in &gathered.strings {
        findings.value(value, Place::Field);
    }
    read_pages(&objects, &gathered, budget, findings);
    gathered.images.sort_unstable();
    for (_, number) in &gathered.images {
        let Some(Object::Dict(dict)) = objects.object(*number) else { continue };
        let Some(picture) = images::read(&objects, *number, &dict, budget) else { continue };
        for value in picture::texts(&picture, budget) {
            findings.value(&value, Place::QrCode);
        }
    }
    Ok(())
}

fn gather<'b>(objects: &'b Objects<'_>, number: u32, object: &Object<'b>, is_top: bool, depth: usize, gathered: &mut Gathered) {
    if depth > MAX_DEPTH {
        return;
    }
    match object {
        Object::Dict(dict) => {
            file(objects, number, dict, gathered);
            if is_top {
                stream_or_page(objects, number, dict, gathered);
            }
            for (_, value) in dict.entries() {
                if let MaybeRef::NotRef(value) = value {
                    gather(objects, number, &value, false, depth + 1, gathered);
                }
            }
        }
        Object::Array(items) => {
            for item in items.raw_iter() {
                if let MaybeRef::NotRef(value) = item {
                    gather(objects, number, &value, false, depth + 1, gathered);
                }
            }
        }
        Object::String(text) if gathered.strings.len() < MAX_STRINGS && text.len() <= MAX_STRING_BYTES => {
            let text = words(&objects.string(number, text));
            if Findings::may_be_value(&text) {
                gathered.strings.push(text);
            }
        }
        _ => {}
    }
}

/// A file specification (7.11.3) at any place: in the list of embedded files, at an annotation, or as an associated file.
fn file<'b>(objects: &'b Objects<'_>, number: u32, dict: &Dict<'b>, gathered: &mut Gathered) {
    let Some(streams) = objects.dict(dict, "EF") else { return };
    let stream = ["UF", "F"].iter().find_map(|key| streams.get_ref(key));
    let Some(stream) = stream.map(|reference| reference.obj_number) else { return };
    let name = ["UF", "F"].iter().find_map(|key| objects.get(dict, key)?.into_string());
    let name = name.map(|name| words(&objects.string(number, &name))).unwrap_or_default();
    gathered.files.push((name, stream));
}

fn stream_or_page(objects: &Objects<'_>, number: u32, dict: &Dict<'_>, gathered: &mut Gathered) {
    let kind = objects.name(dict, "Type").unwrap_or_default();
    let subtype = objects.name(dict, "Subtype").unwrap_or_default();
    let is_stream = objects.is_stream(number);
    match (kind.as_str(), subtype.as_str()) {
        ("Page", _) if gathered.pages.len() < MAX_PAGES => gathered.pages.push(number),
        ("EmbeddedFile", _) if is_stream => drop(gathered.embedded.insert(number)),
        ("Metadata", _) if is_stream => gathered.metadata.push(number),
        (_, "Image") if is_stream => {
            if let Some((width, height)) = images::size(objects, dict) {
                gathered.images.push((width.saturating_mul(height), number));
            }
        }
        (_, "Form") if is_stream && gathered.forms.len() < MAX_PAGES => gathered.forms.push(number),
        _ => {}
    }
}

fn attached(objects: &Objects<'_>, gathered: &mut Gathered, findings: &mut Findings<'_>) {
    let mut seen = BTreeSet::new();
    let mut files = std::mem::take(&mut gathered.files);
    files.retain(|(_, stream)| seen.insert(*stream));
    files.extend(gathered.embedded.iter().filter(|stream| !seen.contains(stream)).map(|stream| (String::new(), *stream)));
    for (index, (name, stream)) in files.iter().enumerate() {
        let name = archive::display_name(name);
        let name = if name.is_empty() { format!("attachment {}", index + 1) } else { name };
        match objects.data(*stream) {
            Ok((data, _)) => findings.part(&name, &data),
            Err(_) => findings.left_out(),
        }
    }
}

/// The metadata packet (XMP): a value of an element or an attribute may be a credential or a link.
fn metadata(data: &[u8], findings: &mut Findings<'_>) {
    let text = String::from_utf8_lossy(data);
    let mut reader = Reader::from_str(&text);
    let mut value = String::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Text(part) => value.push_str(&part),
            Event::CData(part) => value.push_str(&part),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => value.push(character),
                _ => value.push_str(resolve_predefined_entity(&reference).unwrap_or_default()),
            },
            Event::Start(element) | Event::Empty(element) => {
                findings.value(&std::mem::take(&mut value), Place::Metadata);
                for attribute in element.attributes().with_checks(false).flatten() {
                    let is_namespace = attribute.key.as_ref().starts_with("xmlns");
                    if !is_namespace && let Ok(given) = attribute.normalized_value(XmlVersion::Explicit1_0) {
                        findings.value(&given, Place::Metadata);
                    }
                }
            }
            Event::End(_) => findings.value(&std::mem::take(&mut value), Place::Metadata),
            Event::Eof => return,
            _ => {}
        }
    }
}

/// The text of the pages, and the QR codes that they draw.
fn read_pages(objects: &Objects<'_>, gathered: &Gathered, budget: &Budget, findings: &mut Findings<'_>) {
    let mut reader = text::Reader::new(objects);
    let mut codes = Vec::new();
    for number in gathered.pages.iter().chain(&gathered.forms) {
        let Some(Object::Dict(dict)) = objects.object(*number) else { continue };
        let content = if objects.is_stream(*number) { reader.form(*number, &dict) } else { reader.page(&dict) };
        if let Some(picture) = drawing::draw(&content, budget) {
            codes.extend(picture::texts(&picture, budget));
        }
    }
    codes.iter().for_each(|value| findings.value(value, Place::QrCode));
    findings.text(&reader.text.wide, Place::Text);
    // The first reading puts spaces between letters that the writer placed one by one.
    findings.text(&reader.text.close, Place::Text);
}

/// A text string (7.9.2.2): UTF-16, UTF-8, or one byte per letter.
fn words(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => {
            let units = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}
