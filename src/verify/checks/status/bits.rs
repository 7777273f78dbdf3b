//! Packed lists of small numbers: the place of an entry's value, and the compression of lists.
//! Comes in: the encoded text of a list. Goes out: one entry's value.
//! Must not know: the meaning of a value.

use flate2::read::{GzDecoder, ZlibDecoder};
use std::io::Read;

/// Largest list after inflating: 16 MiB hold 134 million one-bit entries.
const MAX_LIST_BYTES: u64 = 16 << 20;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BitsError {
    #[error("the list is not encoded correctly")]
    Encoding,
    #[error("the list is larger than allowed")]
    TooLarge,
    #[error("the credential's number is not on the list")]
    OutOfRange,
    #[error("the gateway does not support entries of this size")]
    Width,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// W3C lists: the first entry in the highest bits of the first byte.
    HighestFirst,
    /// IETF token status lists: the first entry in the lowest bits of the first byte.
    LowestFirst,
}

pub(super) fn gunzip(compressed: &[u8]) -> Result<Vec<u8>, BitsError> {
    read_capped(GzDecoder::new(compressed))
}

pub(super) fn inflate_zlib(compressed: &[u8]) -> Result<Vec<u8>, BitsError> {
    read_capped(ZlibDecoder::new(compressed))
}

fn read_capped(decoder: impl Read) -> Result<Vec<u8>, BitsError> {
    let mut bytes = Vec::new();
    decoder.take(MAX_LIST_BYTES + 1).read_to_end(&mut bytes).map_err(|_| BitsError::Encoding)?;
    match bytes.len() as u64 > MAX_LIST_BYTES {
        true => Err(BitsError::TooLarge),
        false => Ok(bytes),
    }
}

/// The value of entry `index` in a list of `width`-bit entries.
pub(super) fn value_at(list: &[u8], index: u64, width: u32, packing: Packing) -> Result<u64, BitsError> {
    let allowed = match packing {
        Packing::HighestFirst => (1..=32).contains(&width),
        Packing::LowestFirst => matches!(width, 1 | 2 | 4 | 8),
    };
    if !allowed {
        return Err(BitsError::Width);
    }
    let first = index.checked_mul(u64::from(width)).ok_or(BitsError::OutOfRange)?;
    let mut value = 0u64;
    for offset in 0..u64::from(width) {
        let position = first + offset;
        let byte = usize::try_from(position / 8).ok().and_then(|at| list.get(at)).ok_or(BitsError::OutOfRange)?;
        let within = (position % 8) as u32;
        match packing {
            Packing::HighestFirst => value = (value << 1) | u64::from((byte >> (7 - within)) & 1),
            Packing::LowestFirst => value |= u64::from((byte >> within) & 1) << offset,
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[test]
    fn w3c_lists_count_from_the_highest_bit() {
        assert_eq!(value_at(&[0b0100_0000, 0], 1, 1, Packing::HighestFirst), Ok(1));
        assert_eq!(value_at(&[0b0100_0000, 0], 6, 1, Packing::HighestFirst), Ok(0));
        assert_eq!(value_at(&[0b0001_1011], 2, 2, Packing::HighestFirst), Ok(2));
        assert_eq!(value_at(&[0b0000_0001, 0b1000_0000], 2, 3, Packing::HighestFirst), Ok(0b011));
    }

    #[test]
    fn token_lists_count_from_the_lowest_bit() {
        // The two-bit example of the IETF draft: 0xC9 0x44 holds 1,2,0,3,0,1,0,1.
        let values: Vec<u64> = (0..8).map(|i| value_at(&[0xC9, 0x44], i, 2, Packing::LowestFirst).unwrap()).collect();
        assert_eq!(values, [1, 2, 0, 3, 0, 1, 0, 1]);
    }

    #[test]
    fn numbers_beyond_the_list_are_refused_not_read_as_zero() {
        assert_eq!(value_at(&[0], 8, 1, Packing::HighestFirst), Err(BitsError::OutOfRange));
        assert_eq!(value_at(&[0], u64::MAX, 8, Packing::HighestFirst), Err(BitsError::OutOfRange));
        assert_eq!(value_at(&[0], 0, 3, Packing::LowestFirst), Err(BitsError::Width));
        assert_eq!(value_at(&[0], 0, 0, Packing::HighestFirst), Err(BitsError::Width));
    }

    #[test]
    fn an_inflate_bomb_is_cut_off() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..(MAX_LIST_BYTES / 65_536 + 2) {
            encoder.write_all(&[0u8; 65_536]).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(gunzip(&bomb), Err(BitsError::TooLarge));
        assert_eq!(gunzip(b"not gzip"), Err(BitsError::Encoding));
    }
}
