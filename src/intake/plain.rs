//! Opens one file that holds no other files: a picture with baked data, a signed message or text.
//! Comes in: its bytes, and the containers around it. Goes out: the items found in it.
//! Must not know: archives and documents; those that arrive here are nested too deep.

use super::baked::{self, Picture};
use super::detect::Kind;
use super::found::{Content, Found, Source};
use super::{problem, signed, text};
use crate::document::{Limits, json, private_key};
use crate::model::code::Code;
use crate::model::credential::Container;
use crate::model::submission::FileProblem;
use std::borrow::Cow;

/// Opens every kind except archives, documents and pixel pictures.
pub(super) fn open(kind: Kind, name: &str, bytes: &[u8], containers: &[Container], limits: &Limits) -> Vec<Found> {
    match kind {
        Kind::Empty => vec![Found::nothing("empty file", problem::empty())],
        Kind::Utf16 => match utf16(bytes) {
            Some(text) => text::open(&text, &Source { name, containers, limits, nesting: 0 }),
            None => vec![Found::nothing("text in UTF-16", problem::utf16())],
        },
        Kind::Other(what) => vec![Found::nothing(what, problem::unsupported(what))],
        Kind::Zip => {
            vec![Found::nothing(
                "ZIP archive",
                FileProblem::new(Code::ArchiveTooDeep, "This is an archive inside an archive, so it was not opened."),
            )]
        }
        Kind::Picture(_) => baked_png(name, bytes, containers, limits),
        Kind::Pdf | Kind::Eml | Kind::Msg => vec![Found::nothing("document", problem::document_too_deep())],
        Kind::Xml => match baked::svg::root_is_svg(bytes) {
            true => open_picture(&baked::svg::extract(bytes, limits), "SVG image", Container::Svg, name, containers, limits),
            false => vec![Found::nothing("XML document", problem::unsupported("an XML document"))],
        },
        Kind::Cose => {
            signed::open_cose(bytes, &Source { name, containers, limits, nesting: 0 }, text::open).into_iter().collect()
        }
        Kind::Text => match std::str::from_utf8(bytes) {
            Ok(content) => kept_whole(text::open(content, &Source { name, containers, limits, nesting: 0 }), bytes),
            Err(_)
                if bytes.trim_ascii_start().starts_with(b"{")
                    || bytes.trim_ascii_start().starts_with(b"[")
                    || bytes.starts_with(b"\"") =>
            {
                vec![Found::nothing("text", problem::bad_json(&json::JsonError::NotUtf8))]
            }
            Err(_) => vec![Found::nothing("text", problem::unknown())],
        },
    }
}

/// Warnings for the person who sent the file. Only text is searched: pictures do not hold private keys.
pub(super) fn warnings(kind: Kind, bytes: &[u8], limits: &Limits) -> Vec<FileProblem> {
    let holds_key = kind == Kind::Text && std::str::from_utf8(bytes).is_ok_and(|text| private_key::is_in(text, limits));
    if holds_key { vec![problem::private_key()] } else { Vec::new() }
}

/// The text of a table, in the encodings in which spreadsheets save it; `None` for anything but text.
pub(super) fn decoded(kind: Kind, bytes: &[u8]) -> Option<Cow<'_, str>> {
    match kind {
        Kind::Text => match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.into()),
            // Windows-1252 or Latin-1: the letters of addresses and file names are mostly ASCII.
            Err(_) => Some(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into()),
        },
        Kind::Utf16 => utf16(bytes).map(Cow::Owned),
        _ => None,
    }
}

/// Decodes UTF-16 text in either byte order.
fn utf16(bytes: &[u8]) -> Option<String> {
    let is_big_endian = bytes.starts_with(b"\xFE\xFF") || bytes.first() == Some(&0);
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| if is_big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
    rest.is_empty().then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok()).flatten()
}

/// A file with a single credential and nothing else is kept exactly as received, with the white space around it.
fn kept_whole(mut found: Vec<Found>, file: &[u8]) -> Vec<Found> {
    if let [Found { content: Content::Credentials(credentials), .. }] = found.as_mut_slice()
        && let [credential] = credentials.as_mut_slice()
        && credential.bytes == json::without_bom(file).trim_ascii()
    {
        credential.bytes = file.to_vec();
    }
    found
}

/// The items baked into a PNG picture.
pub(super) fn baked_png(name: &str, bytes: &[u8], containers: &[Container], limits: &Limits) -> Vec<Found> {
    open_picture(&baked::png::extract(bytes, limits), "PNG image", Container::Png, name, containers, limits)
}

/// The items baked into one picture; several only for a picture with several kinds of badge.
fn open_picture(
    picture: &Picture,
    what: &str,
    container: Container,
    name: &str,
    containers: &[Container],
    limits: &Limits,
) -> Vec<Found> {
    let mut inside = containers.to_vec();
    inside.push(container);
    let source = Source { name, containers: &inside, limits, nesting: 0 };
    let mut found: Vec<Found> = picture.payloads.iter().flat_map(|payload| text::open(payload, &source)).collect();
    for one in &mut found {
        let ignored = if picture.repeated > 0 { "; a second badge in it was ignored" } else { "" };
        one.detected = match one.content {
            Content::Nothing(_) => format!("{what} with badge data that holds no credential ({})", one.detected),
            _ => format!("{what} with a baked {}{ignored}", one.detected),
        };
    }
    if !found.is_empty() {
        return found;
    }
    let problem = match &picture.damage {
        Some(cause) => problem::broken_image(what, cause),
        None => problem::image_without_badge(what),
    };
    vec![Found::nothing(what, problem)]
}
