//! Messages saved by Outlook: a compound file whose streams are the message's properties ([MS-OXMSG]).
//! Comes in: the bytes of a compound file. Goes out: its attachments and texts, also from messages inside it.
//! Must not know: credentials.

use super::MAX_DEPTH;
use crate::intake::archive;
use crate::intake::budget::Budget;
use crate::intake::findings::{Findings, Place};
use cfb::CompoundFile;
use std::io::{Cursor, Read};
use std::path::Path;

const MAGIC: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// The name of the stream that every message has, in UTF-16 as compound files write names.
const PROPERTIES: &str = "__properties_version1.0";
const ATTACHMENT: &str = "__attach_version1.0_#";
/// Property and type of a stream: text in UTF-16 (001F) or in one byte per letter (001E), bytes (0102), a message (000D).
const BODY: [&str; 2] = ["1000001F", "1000001E"];
const HTML: [&str; 3] = ["10130102", "1013001F", "1013001E"];
const LONG_NAME: [&str; 2] = ["3707001F", "3707001E"];
const SHORT_NAME: [&str; 2] = ["3704001F", "3704001E"];
const DATA: [&str; 1] = ["37010102"];
const MESSAGE: &str = "3701000D";

type Compound<'a> = CompoundFile<Cursor<&'a [u8]>>;

/// Whether the compound file is a message: older Office documents are compound files, too.
pub(in crate::intake) fn is_msg(bytes: &[u8]) -> bool {
    let name: Vec<u8> = PROPERTIES.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.starts_with(MAGIC) && memchr::memmem::find(bytes, &name).is_some()
}

/// False for an unreadable message.
pub(in crate::intake) fn look(bytes: &[u8], budget: &Budget, findings: &mut Findings<'_>) -> bool {
    let Ok(mut file) = CompoundFile::open(Cursor::new(bytes)) else { return false };
    read(&mut file, Path::new("/"), 0, budget, findings);
    true
}

fn read(file: &mut Compound<'_>, folder: &Path, depth: usize, budget: &Budget, findings: &mut Findings<'_>) {
    if depth > MAX_DEPTH {
        findings.left_out();
        return;
    }
    if let Some(text) = text(file, folder, &BODY, budget) {
        findings.text(&text, Place::Text);
    }
    if let Some(text) = text(file, folder, &HTML, budget) {
        findings.text(&text, Place::Text);
    }
    let Ok(entries) = file.read_storage(folder) else { return };
    let attachments: Vec<_> = entries.filter(|entry| entry.is_storage() && entry.name().starts_with(ATTACHMENT)).collect();
    for (index, attachment) in attachments.iter().enumerate() {
        let folder = attachment.path();
        let inner = folder.join(format!("__substg1.0_{MESSAGE}"));
        if file.is_storage(&inner) {
            read(file, &inner, depth + 1, budget, findings);
            continue;
        }
        let Some((data, _)) = stream(file, folder, &DATA, budget) else { continue };
        let name = text(file, folder, &LONG_NAME, budget).or_else(|| text(file, folder, &SHORT_NAME, budget));
        let name = archive::display_name(&name.unwrap_or_default());
        let name = if name.is_empty() { format!("attachment {}", index + 1) } else { name };
        findings.part(&name, &data);
    }
}

fn text(file: &mut Compound<'_>, folder: &Path, properties: &[&'static str], budget: &Budget) -> Option<String> {
    let (bytes, property) = stream(file, folder, properties, budget)?;
    if property.ends_with("001F") {
        let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        return Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect());
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first of the properties that exists.
fn stream(
    file: &mut Compound<'_>,
    folder: &Path,
    properties: &[&'static str],
    budget: &Budget,
) -> Option<(Vec<u8>, &'static str)> {
    let (property, path) = properties
        .iter()
        .map(|property| (*property, folder.join(format!("__substg1.0_{property}"))))
        .find(|(_, path)| file.is_stream(path))?;
    let mut bytes = Vec::new();
    let read = file.open_stream(&path).ok()?.take(budget.bytes() as u64).read_to_end(&mut bytes);
    budget.pay_bytes(bytes.len());
    read.is_ok().then_some((bytes, property))
}
