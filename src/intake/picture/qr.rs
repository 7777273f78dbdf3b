//! QR codes in a picture.
//! Comes in: shades of grey. Goes out: the text of each readable code, once, in the order found.
//! Must not know: the meaning of a text.

use super::Grey;
use crate::intake::budget::Budget;
use quircs::Quirc;

/// Most codes that are read in one picture.
const MAX_CODES: usize = 16;
/// Below this number of pixels, codes may be too small to be found without enlarging.
const SMALL: usize = 600 * 600;
/// From this number of pixels, codes may be too large or too noisy to be found without reducing.
const LARGE: usize = 1_500 * 1_500;

/// The texts of the codes. When the picture's own size gives no code, another size is tried.
pub(in crate::intake) fn texts(picture: &Grey, budget: &Budget) -> Vec<String> {
    let found = at_size(picture);
    let count = picture.width * picture.height;
    if !found.is_empty() || !budget.take_pixels(picture.width, picture.height) {
        return found;
    }
    match count {
        ..SMALL => at_size(&doubled(picture)),
        LARGE.. => at_size(&halved(picture)),
        _ => found,
    }
}

fn at_size(picture: &Grey) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    // The finder stops after 32 corner marks, so a picture full of them costs no more.
    for code in Quirc::default().identify(picture.width, picture.height, &picture.pixels).take(MAX_CODES) {
        let Some(data) = code.ok().and_then(|code| code.decode().ok()) else { continue };
        if let Ok(text) = String::from_utf8(data.payload)
            && !texts.contains(&text)
        {
            texts.push(text);
        }
    }
    texts
}

/// Every pixel four times, with a white margin, which screenshots often cut off.
fn doubled(picture: &Grey) -> Grey {
    const MARGIN: usize = 16;
    let (width, height) = (picture.width * 2 + 2 * MARGIN, picture.height * 2 + 2 * MARGIN);
    let mut pixels = vec![u8::MAX; width * height];
    for (y, row) in picture.pixels.chunks_exact(picture.width).enumerate() {
        for (x, shade) in row.iter().enumerate() {
            for at in [0, 1, width, width + 1] {
                pixels[(y * 2 + MARGIN) * width + x * 2 + MARGIN + at] = *shade;
            }
        }
    }
    Grey { width, height, pixels }
}

/// Each pixel is the mean of four pixels.
fn halved(picture: &Grey) -> Grey {
    let (width, height) = (picture.width / 2, picture.height / 2);
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let at = y * 2 * picture.width + x * 2;
            let sum: u32 =
                [at, at + 1, at + picture.width, at + picture.width + 1].iter().map(|at| u32::from(picture.pixels[*at])).sum();
            pixels.push(u8::try_from(sum / 4).unwrap_or(u8::MAX));
        }
    }
    Grey { width, height, pixels }
}
