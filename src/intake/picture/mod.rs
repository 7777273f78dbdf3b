//! Decodes pictures to shades of grey and searches them for QR codes; makes small pictures of badges.
//! Comes in: the bytes of a PNG, JPEG, WebP or GIF picture, or raw samples. Goes out: the texts of its QR codes.
//! Must not know: the meaning of the texts. The size is taken from the budget before decoding; only an animation's first frame is read.

mod decode;
mod qr;
mod small;

pub(super) use decode::{DecodeError, Kind, decode};
pub(super) use qr::texts;
pub(super) use small::small_png;

/// One byte per pixel, 0 is black; `pixels.len() == width * height`.
pub(super) struct Grey {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

impl Grey {
    /// `None` when the samples do not fill the picture.
    pub(super) fn new(width: usize, height: usize, mut pixels: Vec<u8>) -> Option<Self> {
        let count = width.checked_mul(height).filter(|count| *count > 0 && *count <= pixels.len())?;
        pixels.truncate(count);
        Some(Self { width, height, pixels })
    }

    /// From samples of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) bytes per pixel; transparent pixels become white.
    pub(super) fn from_samples(width: usize, height: usize, samples: Vec<u8>, channels: usize) -> Option<Self> {
        let pixels = match channels {
            1 => samples,
            2 => samples.chunks_exact(2).map(|pixel| on_white(pixel[0], pixel[1])).collect(),
            3 => samples.chunks_exact(3).map(luma).collect(),
            4 => samples.chunks_exact(4).map(|pixel| on_white(luma(pixel), pixel[3])).collect(),
            _ => return None,
        };
        Self::new(width, height, pixels)
    }
}

/// ITU-R BT.601, in whole numbers.
fn luma(rgb: &[u8]) -> u8 {
    let [red, green, blue] = [0, 1, 2].map(|index| u32::from(rgb.get(index).copied().unwrap_or(0)));
    u8::try_from((red * 77 + green * 150 + blue * 29) >> 8).unwrap_or(u8::MAX)
}

fn on_white(shade: u8, alpha: u8) -> u8 {
    let (shade, alpha) = (u32::from(shade), u32::from(alpha));
    u8::try_from((shade * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}
