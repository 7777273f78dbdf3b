//! Messages in their internet form (RFC 5322 with MIME).
//! Comes in: the bytes of a message. Goes out: its attachments and texts, also from messages inside it.
//! Must not know: credentials.

use super::MAX_DEPTH;
use crate::intake::archive;
use crate::intake::findings::{Findings, Place};
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

/// False for an unreadable message.
pub(in crate::intake) fn look(bytes: &[u8], findings: &mut Findings<'_>) -> bool {
    // An mbox file has a line before the message's header.
    let bytes = match bytes.starts_with(b"From ") {
        true => bytes.iter().position(|byte| *byte == b'\n').and_then(|end| bytes.get(end + 1..)).unwrap_or_default(),
        false => bytes,
    };
    // Only the parts are read, never names or addresses of people.
    let Some(message) = MessageParser::new().with_mime_headers().parse(bytes) else { return false };
    read(&message, 0, findings);
    true
}

fn read(message: &Message<'_>, depth: usize, findings: &mut Findings<'_>) {
    if depth > MAX_DEPTH {
        findings.left_out();
        return;
    }
    for (index, part) in message.parts.iter().enumerate() {
        let name = part.attachment_name().map(archive::display_name).filter(|name| !name.is_empty());
        match &part.body {
            PartType::Text(text) | PartType::Html(text) if name.is_none() => findings.text(text, Place::Text),
            PartType::Text(text) | PartType::Html(text) => findings.part(&name.unwrap_or_default(), text.as_bytes()),
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                findings.part(&name.unwrap_or_else(|| format!("attachment {index}")), bytes);
            }
            PartType::Message(inner) => read(inner, depth + 1, findings),
            PartType::Multipart(_) => {}
        }
    }
}
