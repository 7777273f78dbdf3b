//! The pictures of a PDF document (ISO 32000-2, 8.9), in shades of grey.
//! Comes in: the dictionary of an image and its data. Goes out: its pixels. JPEG data and plain samples are read; JPEG 2000 and fax
//! formats are not read. Must not know: QR codes.

use super::objects::Objects;
use crate::intake::budget::Budget;
use crate::intake::picture::{self, Grey, Kind};
use hayro_syntax::object::{Dict, Object};

/// The way from samples to shades.
enum Colors {
    /// This number of samples per pixel.
    Direct(usize),
    /// A sample is an index into this table, whose entries have this number of samples.
    Table(Vec<u8>, usize),
}

/// Width and height of a picture that may hold a QR code.
pub(super) fn size(objects: &Objects<'_>, dict: &Dict<'_>) -> Option<(usize, usize)> {
    /// The smallest QR code has 21 squares per side.
    const SMALLEST: usize = 21;
    let (width, height) = (objects.number(dict, "Width")?, objects.number(dict, "Height")?);
    (width >= SMALLEST && height >= SMALLEST).then_some((width, height))
}

pub(super) fn read(objects: &Objects<'_>, number: u32, dict: &Dict<'_>, budget: &Budget) -> Option<Grey> {
    let (width, height) = size(objects, dict)?;
    let (data, picture) = objects.data(number).ok()?;
    match picture.as_deref() {
        Some("DCTDecode" | "DCT") => return picture::decode(Kind::Jpeg, &data, budget).ok(),
        Some(_) => return None,
        None => {}
    }
    let is_mask = matches!(objects.get(dict, "ImageMask"), Some(Object::Boolean(true)));
    let bits = if is_mask { 1 } else { objects.number(dict, "BitsPerComponent")? };
    let colors = if is_mask { Colors::Direct(1) } else { colors(objects, &objects.get(dict, "ColorSpace")?)? };
    if !matches!(bits, 1 | 2 | 4 | 8 | 16) || !budget.take_pixels(width, height) {
        return None;
    }
    let per_pixel = match &colors {
        Colors::Direct(count) => *count,
        Colors::Table(..) => 1,
    };
    let samples = samples(&data, width, height, per_pixel, bits, matches!(colors, Colors::Direct(_)))?;
    let grey = match colors {
        Colors::Direct(4) => Grey::from_samples(width, height, printed(&samples), 3),
        Colors::Direct(count) => Grey::from_samples(width, height, samples, count),
        Colors::Table(table, count) => {
            let entries = samples.iter().flat_map(|index| (0..count).map(move |part| (usize::from(*index) * count) + part));
            let mixed: Vec<u8> = entries.map(|at| table.get(at).copied().unwrap_or(0)).collect();
            match count {
                4 => Grey::from_samples(width, height, printed(&mixed), 3),
                count => Grey::from_samples(width, height, mixed, count),
            }
        }
    };
    let turned = matches!(objects.get(dict, "Decode"), Some(Object::Array(decode)) if is_turned(&decode));
    grey.map(|mut grey| {
        if turned {
            grey.pixels.iter_mut().for_each(|shade| *shade = u8::MAX - *shade);
        }
        grey
    })
}

fn is_turned(decode: &hayro_syntax::object::Array<'_>) -> bool {
    let first = decode.iter::<hayro_syntax::object::Number>().next();
    first.is_some_and(|first| first.as_f64() > 0.5)
}

/// The colour spaces of scans and office programs (8.6); rarer ones are left out.
fn colors(objects: &Objects<'_>, space: &Object<'_>) -> Option<Colors> {
    match space {
        Object::Name(name) => named(name.as_ref()).map(Colors::Direct),
        Object::Array(parts) => {
            let parts: Vec<_> = parts.raw_iter().take(4).collect();
            let numbers: Vec<Option<u32>> =
                parts.iter().map(|part| part.as_obj_ref().map(|reference| reference.obj_number)).collect();
            let mut parts = parts.into_iter().map(|part| objects.followed(part));
            let kind = parts.next()??.into_name()?;
            match kind.as_ref() {
                b"ICCBased" => match parts.next()?? {
                    Object::Dict(profile) => objects.number(&profile, "N").map(Colors::Direct),
                    _ => None,
                },
                b"Indexed" | b"I" => {
                    let Colors::Direct(count) = colors(objects, &parts.next()??)? else { return None };
                    let table = match (numbers.get(3)?, parts.nth(1)??) {
                        (Some(number), _) if objects.is_stream(*number) => objects.data(*number).ok()?.0,
                        (Some(number), Object::String(text)) => objects.string(*number, &text),
                        (None, Object::String(text)) => text.to_vec(),
                        _ => return None,
                    };
                    Some(Colors::Table(table, count))
                }
                other => named(other).map(Colors::Direct),
            }
        }
        _ => None,
    }
}

fn named(name: &[u8]) -> Option<usize> {
    match name {
        b"DeviceGray" | b"G" | b"CalGray" => Some(1),
        b"DeviceRGB" | b"RGB" | b"CalRGB" => Some(3),
        b"DeviceCMYK" | b"CMYK" => Some(4),
        _ => None,
    }
}

/// One byte per sample; rows begin at whole bytes. `is_shade`: the largest number of these bits is white.
fn samples(data: &[u8], width: usize, height: usize, per_pixel: usize, bits: usize, is_shade: bool) -> Option<Vec<u8>> {
    let per_row = width.checked_mul(per_pixel)?;
    let row_bytes = per_row.checked_mul(bits)?.div_ceil(8);
    if data.len() < row_bytes.checked_mul(height)? {
        return None;
    }
    let most = (1_usize << bits.min(8)) - 1;
    let mut out = Vec::with_capacity(per_row * height);
    for row in data.chunks_exact(row_bytes).take(height) {
        match bits {
            8 => out.extend_from_slice(row),
            16 => out.extend(row.chunks_exact(2).map(|pair| pair[0])),
            _ => out.extend((0..per_row).map(|index| {
                let at = index * bits;
                let value = usize::from(row[at / 8]) >> (8 - bits - at % 8) & most;
                let shade = if is_shade { value * 255 / most } else { value };
                u8::try_from(shade).unwrap_or(u8::MAX)
            })),
        }
    }
    Some(out)
}

/// From CMYK to red, green and blue.
fn printed(inks: &[u8]) -> Vec<u8> {
    let pixels = inks.as_chunks::<4>().0.iter();
    let light = |ink: u8, black: u8| u8::try_from(u16::from(255 - ink) * u16::from(255 - black) / 255).unwrap_or(0);
    pixels.flat_map(|[cyan, magenta, yellow, black]| [cyan, magenta, yellow].map(|ink| light(*ink, *black))).collect()
}
