//! A small copy of a badge's picture, decoded and written anew, so that nothing but pixels is left of the foreign file.
//! Comes in: the bytes of a picture. Goes out: a PNG of at most 256 pixels each way. The size is taken from the budget before decoding.

use super::decode::{Kind, Samples, colours};
use crate::intake::budget::Budget;

/// Longest side of the copy, in pixels.
const LONGEST: usize = 256;

/// `None` when the bytes are no picture that can be read within the budget.
pub(in crate::intake) fn small_png(kind: Kind, bytes: &[u8], budget: &Budget) -> Option<Vec<u8>> {
    let samples = colours(kind, bytes, budget).ok()?;
    let (width, height) = fitting(samples.width, samples.height)?;
    let pixels = scaled(&samples, width, height)?;
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&pixels).ok()?;
    writer.finish().ok()?;
    Some(png)
}

/// The size of the copy, with the same proportions.
fn fitting(width: usize, height: usize) -> Option<(usize, usize)> {
    let longest = width.max(height);
    if width.min(height) == 0 {
        return None;
    }
    if longest <= LONGEST {
        return Some((width, height));
    }
    let scale = |side: usize| (side * LONGEST / longest).max(1);
    Some((scale(width), scale(height)))
}

/// RGBA; each pixel is the average of the pixels that it stands for, weighted by how opaque they are.
fn scaled(from: &Samples, width: usize, height: usize) -> Option<Vec<u8>> {
    if from.bytes.len() < from.width.checked_mul(from.height)?.checked_mul(from.channels)? {
        return None;
    }
    let mut pixels = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        let rows = span(y, height, from.height);
        for x in 0..width {
            let columns = span(x, width, from.width);
            let (mut sums, mut opacity, mut count) = ([0u64; 3], 0u64, 0u64);
            for row in rows.clone() {
                for column in columns.clone() {
                    let [red, green, blue, alpha] = pixel(from, column, row)?;
                    for (sum, value) in sums.iter_mut().zip([red, green, blue]) {
                        *sum += u64::from(value) * u64::from(alpha);
                    }
                    opacity += u64::from(alpha);
                    count += 1;
                }
            }
            let average = |sum: u64, by: u64| u8::try_from(sum.checked_div(by).unwrap_or_default()).unwrap_or(u8::MAX);
            pixels.extend(sums.map(|sum| average(sum, opacity)));
            pixels.push(average(opacity, count));
        }
    }
    Some(pixels)
}

/// The pixels of the original that one pixel of the copy stands for.
fn span(at: usize, small: usize, large: usize) -> std::ops::Range<usize> {
    let start = at * large / small;
    start..((at + 1) * large / small).max(start + 1)
}

fn pixel(from: &Samples, x: usize, y: usize) -> Option<[u8; 4]> {
    let at = (y * from.width + x) * from.channels;
    match *from.bytes.get(at..at + from.channels)? {
        [grey] => Some([grey, grey, grey, u8::MAX]),
        [grey, alpha] => Some([grey, grey, grey, alpha]),
        [red, green, blue] => Some([red, green, blue, u8::MAX]),
        [red, green, blue, alpha] => Some([red, green, blue, alpha]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Limits;

    fn picture(width: u32, height: u32, colour: [u8; 4]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.add_text_chunk("openbadges".to_owned(), "foreign text".to_owned()).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&colour.repeat((width * height) as usize)).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn a_copy_is_small_keeps_proportions_and_colour_and_nothing_but_pixels() {
        let budget = Budget::new(&Limits::STANDARD);
        let original = picture(1_000, 500, [200, 10, 20, 255]);
        let small = small_png(Kind::Png, &original, &budget).unwrap();
        assert!(!small.windows(7).any(|part| part == b"foreign"));
        let again = colours(Kind::Png, &small, &budget).unwrap();
        assert_eq!((again.width, again.height), (256, 128));
        assert_eq!(pixel(&again, 100, 100), Some([200, 10, 20, 255]));
        let tiny = small_png(Kind::Png, &picture(3, 2, [1, 2, 3, 0]), &budget).unwrap();
        let again = colours(Kind::Png, &tiny, &budget).unwrap();
        assert_eq!((again.width, again.height, pixel(&again, 0, 0).unwrap()[3]), (3, 2, 0));
    }

    #[test]
    fn what_is_too_large_or_no_picture_has_no_copy() {
        let few = Budget::new(&Limits { max_pixels: 100, ..Limits::STANDARD });
        assert_eq!(small_png(Kind::Png, &picture(11, 10, [0; 4]), &few), None);
        let budget = Budget::new(&Limits::STANDARD);
        for kind in [Kind::Png, Kind::Jpeg, Kind::WebP, Kind::Gif] {
            assert_eq!(small_png(kind, b"no picture", &budget), None);
        }
        assert_eq!(fitting(30_000, 1), Some((256, 1)));
    }
}
