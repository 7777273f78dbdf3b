//! Draws a small badge: a rosette with a tick, as PNG and as SVG.
//! Comes in: nothing. Goes out: pictures that any viewer shows. A formula draws them, so no picture file is needed.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

const SIDE: u32 = 240;
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";
const BLUE: [u8; 4] = [0x1F, 0x4E, 0x79, 0xFF];
const GOLD: [u8; 4] = [0xE3, 0xA7, 0x2F, 0xFF];
const WHITE: [u8; 4] = [0xFF, 0xFF, 0xFF, 0xFF];
const CLEAR: [u8; 4] = [0; 4];

/// The badge as a PNG file.
pub fn png() -> std::io::Result<Vec<u8>> {
    let mut rows = Vec::new();
    for y in 0..SIDE {
        rows.push(0); // no filter
        for x in 0..SIDE {
            rows.extend(colour(x, y));
        }
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&rows)?;
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    header.extend([8, 6, 0, 0, 0]); // 8 bits, RGBA
    let mut file = SIGNATURE.to_vec();
    file.extend(chunk(b"IHDR", &header));
    file.extend(chunk(b"IDAT", &encoder.finish()?));
    file.extend(chunk(b"IEND", &[]));
    Ok(file)
}

/// One PNG chunk with its length and checksum.
pub fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = crc32fast::Hasher::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], kind, data, &crc.finalize().to_be_bytes()].concat()
}

/// A ring of sixteen petals, a disc, and a tick in it.
fn colour(x: u32, y: u32) -> [u8; 4] {
    let half = f64::from(SIDE) / 2.0;
    let (dx, dy) = (f64::from(x) + 0.5 - half, f64::from(y) + 0.5 - half);
    let (radius, angle) = (dx.hypot(dy), dy.atan2(dx));
    let edge = 108.0 + 8.0 * (16.0 * angle).cos();
    let near = |ax: f64, ay: f64, bx: f64, by: f64| {
        let along = (((dx - ax) * (bx - ax) + (dy - ay) * (by - ay)) / ((bx - ax).powi(2) + (by - ay).powi(2))).clamp(0.0, 1.0);
        (dx - ax - along * (bx - ax)).hypot(dy - ay - along * (by - ay)) < 9.0
    };
    match radius {
        _ if radius > edge => CLEAR,
        _ if radius > 86.0 => GOLD,
        _ if near(-36.0, 4.0, -10.0, 32.0) || near(-10.0, 32.0, 40.0, -30.0) => WHITE,
        _ => BLUE,
    }
}

/// The badge as an SVG file; `inside` is put in front of the drawing.
pub fn svg(inside: &str) -> String {
    format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240" role="img" aria-label="Badge">
{inside}
  <circle cx="120" cy="120" r="112" fill="#e3a72f"/>
  <circle cx="120" cy="120" r="86" fill="#1f4e79"/>
  <path d="M84 124l26 28 50-62" fill="none" stroke="#fff" stroke-width="18" stroke-linecap="round" stroke-linejoin="round"/>
</svg>
"##
    )
}
