//! The pixels of a picture.
//! Comes in: the bytes of a picture of a known kind. Goes out: its shades of grey, or its colours.
//! Must not know: QR codes. The picture's size is read and taken from the budget before a pixel is decoded.

use super::Grey;
use crate::intake::budget::Budget;
use std::io::Cursor;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Most scans of a progressive JPEG. Honest pictures have about ten; more scans only cost time.
const MAX_JPEG_SCANS: usize = 40;
/// Widest and highest picture, in pixels.
const MAX_SIDE: usize = 30_000;
/// The memory that a decoder may need beside the pixels, in bytes.
const WORKING_MEMORY: usize = 16 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::intake) enum Kind {
    Png,
    Jpeg,
    WebP,
    Gif,
}

impl Kind {
    /// For people, without an article.
    pub(in crate::intake) fn title(self) -> &'static str {
        match self {
            Self::Png => "PNG image",
            Self::Jpeg => "JPEG image",
            Self::WebP => "WebP image",
            Self::Gif => "GIF image",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::intake) enum DecodeError {
    #[error("it has too many pixels to be read")]
    TooManyPixels,
    #[error("its pixels can't be read")]
    Damaged,
}

use DecodeError::{Damaged, TooManyPixels};

/// Samples of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) bytes per pixel.
pub(super) struct Samples {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: usize,
    pub(super) bytes: Vec<u8>,
}

pub(in crate::intake) fn decode(kind: Kind, bytes: &[u8], budget: &Budget) -> Result<Grey, DecodeError> {
    let Samples { width, height, channels, bytes } = samples(kind, bytes, budget, ColorSpace::Luma)?;
    Grey::from_samples(width, height, bytes, channels).ok_or(Damaged)
}

/// With its colours.
pub(super) fn colours(kind: Kind, bytes: &[u8], budget: &Budget) -> Result<Samples, DecodeError> {
    samples(kind, bytes, budget, ColorSpace::RGB)
}

/// `wanted`: what a JPEG is turned into; the other kinds give their own samples.
fn samples(kind: Kind, bytes: &[u8], budget: &Budget, wanted: ColorSpace) -> Result<Samples, DecodeError> {
    match kind {
        Kind::Png => png(bytes, budget),
        Kind::Jpeg => jpeg(bytes, budget, wanted),
        Kind::WebP => webp(bytes, budget),
        Kind::Gif => gif(bytes, budget),
    }
}

fn pay(width: usize, height: usize, budget: &Budget) -> Result<usize, DecodeError> {
    let fits = width <= MAX_SIDE && height <= MAX_SIDE && budget.take_pixels(width, height);
    if fits { Ok(width * height) } else { Err(TooManyPixels) }
}

fn png(bytes: &[u8], budget: &Budget) -> Result<Samples, DecodeError> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: WORKING_MEMORY });
    // A chunk with a wrong checksum does not matter for a QR code in the picture.
    decoder.ignore_checksums(true);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|_| Damaged)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    pay(width, height, budget)?;
    let size = reader.output_buffer_size().ok_or(TooManyPixels)?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(|_| Damaged)?;
    Ok(Samples { width, height, channels: frame.color_type.samples(), bytes })
}

fn jpeg(bytes: &[u8], budget: &Budget, wanted: ColorSpace) -> Result<Samples, DecodeError> {
    let options = DecoderOptions::default()
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE)
        .jpeg_set_max_scans(MAX_JPEG_SCANS)
        .jpeg_set_out_colorspace(wanted);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| Damaged)?;
    let (width, height) = decoder.dimensions().ok_or(Damaged)?;
    pay(width, height, budget)?;
    let samples = match decoder.decode() {
        Ok(samples) => samples,
        // The library has no conversion from CMYK to grey, so CMYK goes over RGB.
        Err(_) => {
            let options = options.jpeg_set_out_colorspace(ColorSpace::RGB);
            JpegDecoder::new_with_options(ZCursor::new(bytes), options).decode().map_err(|_| Damaged)?
        }
    };
    let channels = samples.len() / (width * height).max(1);
    Ok(Samples { width, height, channels, bytes: samples })
}

fn webp(bytes: &[u8], budget: &Budget) -> Result<Samples, DecodeError> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(|_| Damaged)?;
    let (width, height) = decoder.dimensions();
    let count = pay(width as usize, height as usize, budget)?;
    decoder.set_memory_limit(WORKING_MEMORY + count * 4);
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut samples = vec![0; decoder.output_buffer_size().ok_or(TooManyPixels)?];
    decoder.read_image(&mut samples).map_err(|_| Damaged)?;
    Ok(Samples { width: width as usize, height: height as usize, channels, bytes: samples })
}

fn gif(bytes: &[u8], budget: &Budget) -> Result<Samples, DecodeError> {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(Cursor::new(bytes)).map_err(|_| Damaged)?;
    let frame = decoder.next_frame_info().map_err(|_| Damaged)?.ok_or(Damaged)?;
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let count = pay(width, height, budget)?;
    let mut samples = vec![0; count * 4];
    decoder.read_into_buffer(&mut samples).map_err(|_| Damaged)?;
    Ok(Samples { width, height, channels: 4, bytes: samples })
}
