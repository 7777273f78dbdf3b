//! Detects the kind of a file from its bytes alone.
//! Comes in: the bytes. Goes out: their kind.
//! The client's file name and media type are ignored: both are often wrong and may be hostile.

use super::{mail, picture};
use crate::document::cose::Sign1;
use crate::document::json;

/// The kind of a file by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    Zip,
    Pdf,
    /// A message in its internet form (RFC 5322).
    Eml,
    /// A message saved by Outlook.
    Msg,
    Picture(picture::Kind),
    Xml,
    Cose,
    Utf16,
    Text,
    /// A known kind that carries no credential; begins with an article.
    Other(&'static str),
}

/// First bytes of a ZIP archive: with entries, empty, and the first part of a split archive.
const ZIP: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08PK\x03\x04"];

/// First bytes of kinds that carry no credential: offset, bytes, name.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyp", "a video"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an older Office document"),
    (0, b"Rar!\x1A\x07", "a RAR archive"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive"),
    (0, b"\x1F\x8B", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xFD7zXZ\0", "an xz archive"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"MZ", "a Windows program"),
    (0, b"\x7FELF", "a program"),
];

pub(super) fn sniff(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return Kind::Empty;
    }
    if let Some(kind) = picture_kind(bytes) {
        return Kind::Picture(kind);
    }
    if json::without_bom(bytes).trim_ascii_start().starts_with(b"%PDF-") {
        return Kind::Pdf;
    }
    if mail::is_msg(bytes) {
        return Kind::Msg;
    }
    if ZIP.iter().any(|magic| bytes.starts_with(magic)) {
        return Kind::Zip;
    }
    if Sign1::read(bytes).is_some() {
        return Kind::Cose;
    }
    let known = SIGNATURES.iter().find(|(offset, magic, _)| bytes.get(*offset..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((_, _, what)) = known {
        return Kind::Other(what);
    }
    let utf16_mark = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    let utf16_brace =
        bytes.starts_with(b"{\0") || bytes.starts_with(b"\0{") || bytes.starts_with(b"[\0") || bytes.starts_with(b"<\0");
    if utf16_mark || utf16_brace {
        return Kind::Utf16;
    }
    let text = json::without_bom(bytes).trim_ascii_start();
    if text.is_empty() {
        return Kind::Empty;
    }
    if text.first() == Some(&b'<') && !is_html(text) {
        return Kind::Xml;
    }
    if mail::is_eml(text) {
        return Kind::Eml;
    }
    if text.iter().take(512).any(|&b| b < 0x09) {
        return Kind::Other("a file of an unknown binary kind");
    }
    Kind::Text
}

fn picture_kind(bytes: &[u8]) -> Option<picture::Kind> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(picture::Kind::Png),
        [0xFF, 0xD8, 0xFF, ..] => Some(picture::Kind::Jpeg),
        [b'G', b'I', b'F', b'8', ..] => Some(picture::Kind::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(picture::Kind::WebP),
        _ => None,
    }
}

fn is_html(text: &[u8]) -> bool {
    let start: Vec<u8> = text.iter().take(16).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype html")
        || start.starts_with(b"<html")
        || start.starts_with(b"<head")
        || start.starts_with(b"<body")
}

/// Whether the bytes are an archive that is opened entry by entry.
pub fn is_archive(bytes: &[u8]) -> bool {
    sniff(bytes) == Kind::Zip
}
