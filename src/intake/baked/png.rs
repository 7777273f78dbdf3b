//! PNG text chunks (tEXt, zTXt, iTXt) with a badge.
//! Comes in: the bytes of a PNG file. Goes out: the baked texts. Work is bounded by the file's length, and inflating
//! by `max_text_chunk_bytes`. Reading stops at a damaged chunk; texts before it count.

use super::Picture;
use crate::document::Limits;
use flate2::read::ZlibDecoder;
use std::io::Read;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";
/// `openbadges`: 0.5 to 2.x; the other keywords: 3.0 and CLR 2.0.
const KEYWORDS: [&[u8]; 3] = [b"openbadgecredential", b"openbadges", b"clrcredential"];

/// Finds the badges in a PNG file.
pub fn extract(bytes: &[u8], limits: &Limits) -> Picture {
    let mut picture = Picture::default();
    let mut seen = [false; KEYWORDS.len()];
    let Some(mut rest) = bytes.strip_prefix(SIGNATURE) else {
        picture.damage = Some("it does not begin like a PNG file".to_owned());
        return picture;
    };
    loop {
        let Some(chunk) = Chunk::split(rest) else {
            picture.damage = Some("it ends in the middle".to_owned());
            return picture;
        };
        rest = chunk.rest;
        if chunk.kind == b"IEND" {
            return picture;
        }
        let Some((keyword, body)) = chunk.keyword() else { continue };
        let Some(index) = KEYWORDS.iter().position(|known| known.eq_ignore_ascii_case(keyword)) else { continue };
        if seen.get(index) == Some(&true) {
            picture.repeated += 1;
            continue;
        }
        match chunk.text(body, limits) {
            Ok(text) => {
                if let Some(flag) = seen.get_mut(index) {
                    *flag = true;
                }
                picture.payloads.push(text);
            }
            Err(cause) => picture.damage = Some(cause),
        }
    }
}

struct Chunk<'a> {
    kind: &'a [u8],
    data: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn split(bytes: &'a [u8]) -> Option<Self> {
        let (length, bytes) = bytes.split_at_checked(4)?;
        let (kind, bytes) = bytes.split_at_checked(4)?;
        let (data, bytes) = bytes.split_at_checked(usize::try_from(big_endian(length)?).ok()?)?;
        // The checksum is not checked: some programs rewrite text chunks with a wrong checksum, every viewer still shows the picture,
        // and the signature or the issuer's site shows whether the badge is whole.
        let (_checksum, rest) = bytes.split_at_checked(4)?;
        Some(Self { kind, data, rest })
    }

    /// Keyword, and the data after its terminator; only for text chunks.
    fn keyword(&self) -> Option<(&'a [u8], &'a [u8])> {
        if !matches!(self.kind, b"tEXt" | b"zTXt" | b"iTXt") {
            return None;
        }
        let end = self.data.iter().take(80).position(|&byte| byte == 0)?;
        let (keyword, body) = self.data.split_at_checked(end)?;
        Some((keyword.trim_ascii(), body.get(1..)?))
    }

    fn text(&self, body: &'a [u8], limits: &Limits) -> Result<String, String> {
        match self.kind {
            b"tEXt" => decoded(body.to_vec(), limits),
            b"zTXt" => inflated(body, limits),
            _ => international_text(body, limits),
        }
    }
}

/// iTXt: compression flag, compression method, language\0, translated keyword\0, text.
fn international_text(body: &[u8], limits: &Limits) -> Result<String, String> {
    let broken = || "its badge data is malformed".to_owned();
    let (header, after) = body.split_at_checked(2).ok_or_else(broken)?;
    let mut fields = after.splitn(3, |&byte| byte == 0);
    let text = fields.nth(2).ok_or_else(broken)?;
    match header {
        [0, _] => decoded(text.to_vec(), limits),
        [1, method] => {
            let mut with_method = vec![*method];
            with_method.extend_from_slice(text);
            inflated(&with_method, limits)
        }
        _ => Err(broken()),
    }
}

/// A compression method byte (0 is zlib) and a zlib stream.
fn inflated(body: &[u8], limits: &Limits) -> Result<String, String> {
    let Some((0, stream)) = body.split_first() else {
        return Err("its badge data is compressed in an unknown way".to_owned());
    };
    let cap = limits.max_text_chunk_bytes;
    let mut text = Vec::new();
    let read = ZlibDecoder::new(stream).take(cap as u64 + 1).read_to_end(&mut text);
    if text.len() > cap {
        return Err(format!("its badge data unpacks to more than {} KB", cap >> 10));
    }
    read.map_err(|_| "its compressed badge data is damaged".to_owned())?;
    decoded(text, limits)
}

/// UTF-8, which every issuer writes, else Latin-1, which tEXt prescribes.
fn decoded(bytes: Vec<u8>, limits: &Limits) -> Result<String, String> {
    if bytes.len() > limits.max_text_chunk_bytes.max(limits.max_file_bytes) {
        return Err("its badge data is too large".to_owned());
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => error.into_bytes().into_iter().map(char::from).collect(),
    })
}

fn big_endian(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::Write;

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let mut crc = crc32fast::Hasher::new();
        crc.update(kind);
        crc.update(data);
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        [&length.to_be_bytes()[..], kind, data, &crc.finalize().to_be_bytes()].concat()
    }

    fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut file = SIGNATURE.to_vec();
        file.extend(chunk(b"IHDR", &[0; 13]));
        file.extend(chunks.concat());
        file.extend(chunk(b"IEND", &[]));
        file
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).and_then(|()| encoder.finish()).unwrap_or_default()
    }

    fn payloads(file: &[u8]) -> Vec<String> {
        extract(file, &Limits::default()).payloads
    }

    #[test]
    fn every_kind_of_text_chunk_is_read() {
        let plain = chunk(b"tEXt", b"openbadges\0{\"a\":1}");
        let deflated = chunk(b"zTXt", &[&b"openbadges\0\0"[..], &zlib(b"{\"a\":2}")].concat());
        let international = chunk(b"iTXt", b"openbadgecredential\0\0\0en\0Badge\0{\"a\":3}");
        let compressed = chunk(b"iTXt", &[&b"clrcredential\0\x01\0\0\0"[..], &zlib(b"{\"a\":4}")].concat());
        assert_eq!(payloads(&png(&[plain])), ["{\"a\":1}"]);
        assert_eq!(payloads(&png(&[deflated])), ["{\"a\":2}"]);
        assert_eq!(payloads(&png(&[international, compressed])), ["{\"a\":3}", "{\"a\":4}"]);
    }

    #[test]
    fn the_first_badge_of_a_kind_counts_and_others_are_counted() {
        let first = chunk(b"iTXt", b"openbadgecredential\0\0\0\0\0first");
        let second = chunk(b"iTXt", b"openbadgecredential\0\0\0\0\0second");
        let picture = extract(&png(&[first, second]), &Limits::default());
        assert_eq!(picture.payloads, ["first"]);
        assert_eq!(picture.repeated, 1);
    }

    #[test]
    fn inflate_bombs_stop_at_the_cap() {
        let bomb = chunk(b"zTXt", &[&b"openbadges\0\0"[..], &zlib(&vec![b'x'; 8 << 20])].concat());
        let picture = extract(&png(&[bomb]), &Limits::default());
        assert!(picture.payloads.is_empty());
        assert!(picture.damage.is_some_and(|cause| cause.contains("1024 KB")));
    }

    #[test]
    fn damage_is_named_and_a_wrong_checksum_is_tolerated() {
        let good = chunk(b"iTXt", b"openbadges\0\0\0\0\0ok");
        let mut elsewhere = chunk(b"IDAT", b"pixels");
        if let Some(last) = elsewhere.last_mut() {
            *last ^= 0xFF;
        }
        assert_eq!(payloads(&png(&[elsewhere, good.clone()])), ["ok"]);
        let mut wrong = good.clone();
        if let Some(last) = wrong.last_mut() {
            *last ^= 0xFF;
        }
        let picture = extract(&png(&[wrong]), &Limits::default());
        assert_eq!((picture.payloads, picture.damage), (vec!["ok".to_owned()], None));
        let whole = png(&[good]);
        for length in 0..whole.len() {
            let picture = extract(&whole[..length], &Limits::default());
            assert!(picture.damage.is_some(), "cut at {length}");
        }
    }
}
