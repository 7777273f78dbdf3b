//! Undoes the filters of a PDF stream (ISO 32000-2, 7.4) within a budget.
//! Comes in: raw data and the filters' names and parameters. Goes out: the data, up to the first picture filter.
//! Must not know: the purpose of the data.

use crate::intake::budget::Budget;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use std::io::Read;
use weezl::{BitOrder, LzwStatus};

/// Most bytes that one stream may unpack to.
const MAX_STREAM_BYTES: usize = 64 << 20;
/// Most filters on one stream; only attackers use more.
const MAX_FILTERS: usize = 4;

/// One filter with the parameters that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) predictor: usize,
    pub(super) columns: usize,
    pub(super) colors: usize,
    pub(super) bits: usize,
    pub(super) late_change: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FilterError {
    #[error("it unpacks to more data than is allowed")]
    TooLarge,
    #[error("it can't be unpacked")]
    Damaged,
}

/// The data, and the picture filter that remains.
pub(super) fn undo(raw: &[u8], filters: &[Filter], budget: &Budget) -> Result<(Vec<u8>, Option<String>), FilterError> {
    if filters.len() > MAX_FILTERS {
        return Err(FilterError::TooLarge);
    }
    let mut data = raw.to_vec();
    for filter in filters {
        let cap = budget.bytes().min(MAX_STREAM_BYTES);
        data = match filter.name.as_str() {
            "FlateDecode" | "Fl" => predicted(inflate(&data, cap), filter)?,
            "LZWDecode" | "LZW" => predicted(lzw(&data, filter.late_change, cap), filter)?,
            "ASCIIHexDecode" | "AHx" => hex(&data),
            "ASCII85Decode" | "A85" => base85(&data),
            "RunLengthDecode" | "RL" => run_length(&data, cap),
            "Crypt" => data,
            other => return Ok((data, Some(other.to_owned()))),
        };
        budget.pay_bytes(data.len());
        if data.len() > cap {
            return Err(FilterError::TooLarge);
        }
    }
    Ok((data, None))
}

/// Output before an error counts, since many writers cut the checksum off. The result may be one byte longer than `cap`, which shows
/// that the data exceeds the cap.
fn inflate(data: &[u8], cap: usize) -> Vec<u8> {
    let most = cap as u64 + 1;
    let mut out = Vec::new();
    let ended = ZlibDecoder::new(data).take(most).read_to_end(&mut out);
    if ended.is_err() && out.is_empty() {
        // Without the two bytes of the zlib header.
        drop(DeflateDecoder::new(data).take(most).read_to_end(&mut out));
    }
    out
}

fn lzw(data: &[u8], late_change: bool, cap: usize) -> Vec<u8> {
    let mut decoder = match late_change {
        true => weezl::decode::Decoder::new(BitOrder::Msb, 8),
        false => weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
    };
    let mut out = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let mut left = data;
    while out.len() <= cap {
        let step = decoder.decode_bytes(left, &mut buffer);
        left = left.get(step.consumed_in..).unwrap_or_default();
        out.extend_from_slice(buffer.get(..step.consumed_out).unwrap_or_default());
        let stuck = step.consumed_in == 0 && step.consumed_out == 0;
        if stuck || !matches!(step.status, Ok(LzwStatus::Ok)) {
            break;
        }
    }
    out
}

fn hex(data: &[u8]) -> Vec<u8> {
    let digits = data.iter().take_while(|byte| **byte != b'>').filter_map(|byte| char::from(*byte).to_digit(16));
    let digits: Vec<u8> = digits.filter_map(|digit| u8::try_from(digit).ok()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

fn base85(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut group: Vec<u8> = Vec::with_capacity(5);
    for &byte in data.iter().take_while(|byte| **byte != b'~') {
        match byte {
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => group.push(byte - b'!'),
            _ => {}
        }
        if group.len() == 5 {
            out.extend(group_bytes(&group));
            group.clear();
        }
    }
    if group.len() > 1 {
        let kept = group.len() - 1;
        group.resize(5, 84);
        out.extend(group_bytes(&group).into_iter().take(kept));
    }
    out
}

fn group_bytes(group: &[u8]) -> [u8; 4] {
    group.iter().fold(0_u32, |value, digit| value.wrapping_mul(85).wrapping_add(u32::from(*digit))).to_be_bytes()
}

fn run_length(data: &[u8], cap: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = data;
    while let Some((&length, tail)) = rest.split_first() {
        let count = usize::from(length);
        match length {
            128 => break,
            129.. => {
                let Some((&byte, after)) = tail.split_first() else { break };
                out.resize(out.len() + 257 - count, byte);
                rest = after;
            }
            _ => {
                let taken = tail.len().min(count + 1);
                out.extend_from_slice(&tail[..taken]);
                rest = &tail[taken..];
            }
        }
        if out.len() > cap {
            break;
        }
    }
    out
}

/// Undoes the predictor (ISO 32000-2, 7.4.4.4).
fn predicted(data: Vec<u8>, filter: &Filter) -> Result<Vec<u8>, FilterError> {
    if filter.predictor < 2 {
        return Ok(data);
    }
    let bits = filter.colors.checked_mul(filter.bits).filter(|bits| (1..=1024).contains(bits)).ok_or(FilterError::Damaged)?;
    let row = filter.columns.checked_mul(bits).map(|bits| bits.div_ceil(8)).filter(|row| *row > 0).ok_or(FilterError::Damaged)?;
    let pixel = bits.div_ceil(8);
    if filter.predictor == 2 {
        return Ok(if filter.bits == 8 { differences(data, row, pixel) } else { data });
    }
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    for line in data.chunks(row.saturating_add(1)) {
        let Some((&kind, line)) = line.split_first() else { break };
        let start = out.len();
        for (index, &byte) in line.iter().enumerate() {
            let left = if index >= pixel { out[start + index - pixel] } else { 0 };
            let has_above = start >= row;
            let above = if has_above { out[start + index - row] } else { 0 };
            let corner = if has_above && index >= pixel { out[start + index - row - pixel] } else { 0 };
            let guess = match kind {
                1 => left,
                2 => above,
                3 => u8::try_from((u16::from(left) + u16::from(above)) / 2).unwrap_or(0),
                4 => paeth(left, above, corner),
                _ => 0,
            };
            out.push(byte.wrapping_add(guess));
        }
    }
    Ok(out)
}

fn differences(mut data: Vec<u8>, row: usize, pixel: usize) -> Vec<u8> {
    for line in data.chunks_mut(row) {
        for index in pixel..line.len() {
            line[index] = line[index].wrapping_add(line[index - pixel]);
        }
    }
    data
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i16::from);
    let guess = a + b - c;
    let (to_left, to_above, to_corner) = ((guess - a).abs(), (guess - b).abs(), (guess - c).abs());
    if to_left <= to_above && to_left <= to_corner {
        left
    } else if to_above <= to_corner {
        above
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Limits;
    use std::io::Write;

    fn filter(name: &str) -> Filter {
        Filter { name: name.to_owned(), ..Filter::default() }
    }

    fn deflated(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_filter_of_texts_is_undone() {
        let budget = Budget::new(&Limits::default());
        let undone = |raw: &[u8], name: &str| undo(raw, &[filter(name)], &budget).unwrap().0;
        assert_eq!(undone(b"48 65 6C6c 6F>", "ASCIIHexDecode"), b"Hello");
        assert_eq!(undone(b"87cURD]i,\"Ebo80~>", "ASCII85Decode"), b"Hello World!");
        assert_eq!(undone(&[4, b'H', b'e', b'l', b'l', b'o', 254, b'!', 128], "RunLengthDecode"), b"Hello!!!");
        assert_eq!(undone(&deflated(b"Hello"), "FlateDecode"), b"Hello");
        assert_eq!(undone(&[0x80, 0x0B, 0x60, 0x50, 0x22, 0x0C, 0x0C, 0x85, 0x01], "LZWDecode"), b"-----A---B");
        let picture = undo(b"x", &[filter("DCTDecode")], &budget).unwrap();
        assert_eq!(picture, (b"x".to_vec(), Some("DCTDecode".to_owned())));
    }

    #[test]
    fn rows_that_tell_only_the_difference_to_the_row_above_are_put_together() {
        let up = Filter { predictor: 12, columns: 3, colors: 1, bits: 8, ..filter("FlateDecode") };
        let rows = deflated(&[2, 1, 2, 3, 2, 1, 1, 1]);
        assert_eq!(undo(&rows, &[up], &Budget::new(&Limits::default())).unwrap().0, [1, 2, 3, 2, 3, 4]);
    }

    #[test]
    fn a_bomb_ends_at_the_budget_whatever_filters_it_uses() {
        let bomb = deflated(&vec![0; 4 << 20]);
        let limits = Limits { max_archive_bytes: 1 << 20, ..Limits::default() };
        for filters in [vec![filter("FlateDecode")], vec![filter("FlateDecode"); 2]] {
            let nested = if filters.len() == 2 { deflated(&bomb) } else { bomb.clone() };
            let budget = Budget::new(&limits);
            assert_eq!(undo(&nested, &filters, &budget), Err(FilterError::TooLarge));
            assert_eq!(budget.bytes(), 0, "unpacked bytes are taken from the budget");
        }
        let runs = [129, 0].repeat(20_000);
        assert_eq!(undo(&runs, &[filter("RL")], &Budget::new(&limits)), Err(FilterError::TooLarge));
        let many = vec![filter("AHx"); 5];
        assert_eq!(undo(b"41", &many, &Budget::new(&limits)), Err(FilterError::TooLarge));
    }
}
