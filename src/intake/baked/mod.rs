//! Credentials baked into images.

pub mod png;
pub mod svg;
