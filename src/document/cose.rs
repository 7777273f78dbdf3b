//! The frame of a signed CBOR message (COSE_Sign1, RFC 9052 §4.2).
//! Comes in: bytes, or their base64 text. Goes out: the four parts, byte for byte.
//! Must not know: the meaning of the headers, the signer. Lengths are read before anything is copied.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ciborium::Value;

/// Tag 18 in its one-byte form; the tag is optional.
const TAG: u8 = 0xD2;
/// A list of four.
const LIST_OF_FOUR: u8 = 0x84;
/// Largest header; certificate chains need a few thousand bytes.
const MAX_HEADER: usize = 64 << 10;
/// Deepest nesting of containers in a header.
const MAX_NESTING: usize = 8;

/// The entries of a header, in order and with repeated labels.
pub type Header = Vec<(Value, Value)>;

/// The parts of a message.
#[derive(Clone, Debug)]
pub struct Sign1<'a> {
    /// The encoded protected header, which the signature covers byte for byte.
    pub protected: &'a [u8],
    pub unprotected: Header,
    pub payload: &'a [u8],
    pub signature: &'a [u8],
}

impl<'a> Sign1<'a> {
    /// `None` for anything else, also for a message without a payload or with bytes after its end.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let list = bytes.strip_prefix(&[TAG]).unwrap_or(bytes);
        let mut rest = list.strip_prefix(&[LIST_OF_FOUR])?;
        let protected = byte_string(&mut rest)?;
        let (unprotected, length) = header(rest)?;
        rest = rest.get(length..)?;
        let payload = byte_string(&mut rest)?;
        let signature = byte_string(&mut rest)?;
        rest.is_empty().then_some(Self { protected, unprotected, payload, signature })
    }

    /// The entries of the protected header; an empty byte string means no entries.
    pub fn protected_header(&self) -> Option<Header> {
        if self.protected.is_empty() {
            return Some(Header::new());
        }
        let (entries, length) = header(self.protected)?;
        (length == self.protected.len()).then_some(entries)
    }
}

/// The bytes of a message in base64, of either alphabet, on one or several lines.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    // The two beginnings of a message in base64, so that most other text need not be decoded.
    let begins_so = ["0oR", "hE", "hF"].iter().any(|start| text.trim_start().starts_with(start));
    if !begins_so {
        return None;
    }
    let written = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    let mut standard: Vec<u8> = written
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    while standard.last() == Some(&b'=') {
        standard.pop();
    }
    let bytes = STANDARD_NO_PAD.decode(standard).ok()?;
    Sign1::read(&bytes).is_some().then_some(bytes)
}

/// Takes a byte string of known length off the front (RFC 8949 §3).
fn byte_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    const BYTE_STRING: u8 = 2;
    let (first, after) = rest.split_first()?;
    if first >> 5 != BYTE_STRING {
        return None;
    }
    let (length, after) = match first & 0x1F {
        short @ 0..=23 => (usize::from(short), after),
        // The length itself follows, in 1, 2, 4 or 8 bytes.
        size @ 24..=27 => {
            let (digits, after) = after.split_at_checked(1 << (size - 24))?;
            let length = digits.iter().fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
            (usize::try_from(length).ok()?, after)
        }
        _ => return None,
    };
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

/// The map at the front, and how many bytes it takes.
fn header(bytes: &[u8]) -> Option<(Header, usize)> {
    let window = bytes.get(..MAX_HEADER).unwrap_or(bytes);
    let mut unread = window;
    match ciborium::de::from_reader_with_recursion_limit(&mut unread, MAX_NESTING) {
        Ok(Value::Map(entries)) => Some((entries, window.len() - unread.len())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `18([<< {1: -7} >>, {4: 'k'}, 'hi', 'sig'])`
    const MESSAGE: &[u8] = b"\xD2\x84\x43\xA1\x01\x26\xA1\x04\x41k\x42hi\x43sig";

    #[test]
    fn a_message_is_taken_apart_with_or_without_its_tag() {
        for bytes in [MESSAGE, &MESSAGE[1..]] {
            let message = Sign1::read(bytes).unwrap();
            assert_eq!((message.protected, message.payload, message.signature), (&b"\xA1\x01\x26"[..], &b"hi"[..], &b"sig"[..]));
            assert_eq!(message.unprotected, [(Value::from(4), Value::Bytes(b"k".to_vec()))]);
            assert_eq!(message.protected_header().unwrap(), [(Value::from(1), Value::from(-7))]);
        }
    }

    #[test]
    fn base64_of_either_alphabet_is_read_and_other_text_is_not() {
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let standard = STANDARD.encode(MESSAGE);
        let wrapped = format!("{}\r\n{}\n", &standard[..8], &standard[8..]);
        for text in [standard.clone(), wrapped, URL_SAFE_NO_PAD.encode(MESSAGE), STANDARD.encode(&MESSAGE[1..])] {
            assert!(from_base64(&text).is_some(), "{text}");
        }
        for text in ["", "0oR", "hello", &hex::encode(MESSAGE), &format!("{standard}!")] {
            assert!(from_base64(text).is_none(), "{text}");
        }
    }

    #[test]
    fn broken_messages_are_refused() {
        for end in 0..MESSAGE.len() {
            assert!(Sign1::read(&MESSAGE[..end]).is_none(), "cut at {end}");
        }
        let mut deep = b"\x84\x40\xA1\x01".to_vec();
        deep.extend([0x81; 1000]);
        let endless_map = [&b"\x84\x40\xBF"[..], &[0x01; 100_000]].concat();
        for bytes in [
            &b"\x84\x40\xA0\xF6\x40"[..],
            b"\x84\x40\xA0\x5F\x41a\xFF\x40",
            b"\x84\x5B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xA0\x40\x40",
            b"\x84\x40\xBB\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
            b"\x84\x40\x80\x40\x40",
            &[MESSAGE, b"\0"].concat(),
            &deep,
            &endless_map,
        ] {
            assert!(Sign1::read(bytes).is_none(), "{}", hex::encode(&bytes[..bytes.len().min(20)]));
        }
    }
}
