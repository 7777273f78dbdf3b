//! How large values are kept small: reports, normalised forms, events, received bytes.
//! Comes in: text or bytes. Goes out: the same, compressed with a dictionary of the words that nearly every such text holds.
//! Must not know: which tables hold such values.
//!
//! The first byte names the dictionary; four bytes with the length follow, and then raw deflate (RFC 1951). A first byte that names no
//! dictionary belongs to the value itself, which is kept as it is because compression would not make it smaller. A dictionary
//! never changes once values are stored with it: another dictionary gets another first byte.

use super::{Result, StoreError};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;

/// The kind of a value. Each kind has a dictionary of its own, since a large dictionary takes longer to load than the value to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes as they came in.
    Received,
    Report,
    Normalized,
    Event,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Received, Self::Report, Self::Normalized, Self::Event];

    /// The kind's mark and dictionary.
    const fn dictionary(self) -> (u8, &'static [u8]) {
        match self {
            Self::Received => (1, include_bytes!("packed/received.txt")),
            Self::Report => (2, include_bytes!("packed/report.txt")),
            Self::Normalized => (3, include_bytes!("packed/normalized.txt")),
            Self::Event => (4, include_bytes!("packed/event.txt")),
        }
    }

    fn of(stored: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| stored.first() == Some(&kind.dictionary().0))
    }
}

/// The mark and the length.
const HEAD: usize = 5;
/// No stored value is larger: a value that would need more memory is damaged.
const LARGEST: usize = 1 << 30;
/// Most of the gain comes from the dictionary.
const LEVEL: u32 = 6;

thread_local! {
    /// Their tables are large: making them anew would cost more than the work itself.
    static TOOLS: RefCell<(Compress, Decompress)> =
        RefCell::new((Compress::new(Compression::new(LEVEL), false), Decompress::new(false)));
}

pub fn pack(kind: Kind, value: &[u8]) -> Vec<u8> {
    let packed = TOOLS.with_borrow_mut(|(tool, _)| compress(tool, kind, value));
    let is_kept_plain = |packed: &Vec<u8>| packed.len() >= value.len() && Kind::of(value).is_none();
    packed.filter(|packed| !is_kept_plain(packed)).unwrap_or_else(|| value.to_vec())
}

pub fn unpack(stored: Vec<u8>) -> Result<Vec<u8>> {
    let Some(kind) = Kind::of(&stored) else { return Ok(stored) };
    TOOLS.with_borrow_mut(|(_, tool)| decompress(tool, kind, &stored)).ok_or_else(damaged)
}

pub fn pack_json<T: Serialize>(kind: Kind, value: &T) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(value);
    text.map(|text| pack(kind, &text)).map_err(|error| StoreError::Internal(format!("a value can't be stored as JSON: {error}")))
}

pub fn unpack_json<T: DeserializeOwned>(stored: Vec<u8>) -> Result<T> {
    serde_json::from_slice(&unpack(stored)?).map_err(|_| damaged())
}

pub fn unpack_text(stored: Vec<u8>) -> Result<String> {
    String::from_utf8(unpack(stored)?).map_err(|_| damaged())
}

/// `None`: the value is too large for the length's four bytes, or the compressor failed.
fn compress(tool: &mut Compress, kind: Kind, value: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(value.len()).ok().filter(|_| value.len() <= LARGEST)?;
    let (mark, dictionary) = kind.dictionary();
    tool.reset();
    tool.set_dictionary(dictionary).ok()?;
    let mut packed = Vec::with_capacity(HEAD + value.len() / 2 + 64);
    packed.push(mark);
    packed.extend_from_slice(&length.to_le_bytes());
    loop {
        let rest = value.get(usize::try_from(tool.total_in()).ok()?..)?;
        match tool.compress_vec(rest, &mut packed, FlushCompress::Finish).ok()? {
            Status::StreamEnd => return Some(packed),
            Status::Ok | Status::BufError => packed.reserve(packed.len()),
        }
    }
}

/// `None`: the value is damaged.
fn decompress(tool: &mut Decompress, kind: Kind, stored: &[u8]) -> Option<Vec<u8>> {
    let (length, packed) = stored.get(1..)?.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= LARGEST)?;
    tool.reset(false);
    tool.set_dictionary(kind.dictionary().1).ok()?;
    let mut value = Vec::with_capacity(length + 16);
    let status = tool.decompress_vec(packed, &mut value, FlushDecompress::Finish).ok()?;
    (status == Status::StreamEnd && value.len() == length).then_some(value)
}

fn damaged() -> StoreError {
    StoreError::Internal("a stored value can't be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let text = br#"{"specversion":"1.0","type":"org.skillgate.skill.asserted.v1"}"#;
        for kind in Kind::ALL {
            let dictionary = kind.dictionary().1;
            for value in [&b""[..], b"\x01", b"\x04\x01\x01", b"x", text, &[7; 100_000], dictionary] {
                assert_eq!(unpack(pack(kind, value)).unwrap(), value, "{kind:?}");
            }
            assert!(pack(kind, dictionary).len() < 64, "{kind:?}");
        }
        assert!(pack(Kind::Event, text).len() < text.len() / 2);
        assert!(pack(Kind::Received, &[7; 100_000]).len() < 1_000);
    }

    #[test]
    fn a_damaged_value_is_an_error() {
        let packed = pack(Kind::Report, &[7; 1_000]);
        for cut in 1..packed.len() {
            assert!(unpack(packed[..cut].to_vec()).is_err(), "{cut}");
        }
        let mut longer = packed.clone();
        longer[1] ^= 1;
        assert!(unpack(longer).is_err());
        assert!(unpack(vec![packed[0], 255, 255, 255, 255, 0]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn bytes_of_any_kind_come_back(value in proptest::collection::vec(proptest::num::u8::ANY, 0..2_000)) {
            proptest::prop_assert_eq!(unpack(pack(Kind::Received, &value)).unwrap(), value);
        }
    }
}
