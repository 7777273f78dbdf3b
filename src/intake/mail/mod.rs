//! Mails: their attachments and texts.
//! Comes in: a saved message (.eml, .msg). Goes out: parts and texts, handed to the findings.
//! Must not know: credentials. Sender and receivers are not read.

mod eml;
mod msg;

pub(super) use eml::look as look_eml;
pub(super) use msg::{is_msg, look as look_msg};

/// The deepest nesting of messages.
const MAX_DEPTH: usize = 3;

/// Header fields of which every message has some.
const HEADERS: &[&str] = &[
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "delivered-to",
    "reply-to",
    "x-mailer",
    "content-type",
    "dkim-signature",
    "authentication-results",
    "x-received",
    "arc-seal",
    "sender",
    "cc",
];

/// Whether a text begins like a saved message: at least two header fields, one of them about the sender.
pub(super) fn is_eml(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(64 << 10)).unwrap_or_default();
    let mut known = 0;
    let mut has_sender = false;
    for (index, line) in head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).enumerate() {
        let is_continued = line.starts_with(b" ") || line.starts_with(b"\t");
        if line.is_empty() {
            break;
        }
        if is_continued && index > 0 || index == 0 && line.starts_with(b"From ") {
            continue;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let is_name = name.len() < line.len() && !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic());
        if !is_name {
            return false;
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        known += usize::from(HEADERS.contains(&name.as_str()));
        has_sender |= matches!(name.as_str(), "from" | "received" | "return-path" | "sender");
    }
    known >= 2 && has_sender
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_the_head_of_a_message_is_taken_for_a_mail() {
        assert!(is_eml(b"From: a@example.org\r\nSubject: x\r\n\r\nHello"));
        assert!(is_eml(b"From a@example.org Mon\nReceived: by x\n\tfor y\nDate: z\n\n"));
        for other in [
            &b"{\"from\": 1}"[..],
            b"hello: world\nmore: text\n\n",
            b"Subject: x\nTo: y\n\n",
            b"https://example.org/x\n",
            b"eyJhbGciOiJub25lIn0.e30.",
        ] {
            assert!(!is_eml(other), "{}", String::from_utf8_lossy(other));
        }
    }
}
