//! The bounds on foreign bytes.

use serde::Deserialize;

/// `intake.*` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Largest upload, in bytes, over all its files.
    pub max_upload_bytes: usize,
    /// Largest single credential or image, in bytes.
    pub max_file_bytes: usize,
    /// Deepest JSON nesting.
    pub max_json_depth: usize,
    /// Most JSON values in one document.
    pub max_json_values: usize,
    /// Most archive entries and attachments in one upload, at all levels together.
    pub max_archive_entries: usize,
    /// Most bytes that the archives, documents and mails of one upload may unpack to, at all levels together.
    pub max_archive_bytes: usize,
    /// Largest inflated : compressed ratio of an archive entry.
    pub max_inflate_ratio: usize,
    /// Deepest nesting of archives.
    pub max_archive_depth: usize,
    /// Most bytes that a compressed text chunk of an image may inflate to.
    pub max_text_chunk_bytes: usize,
    /// Most pixels that are searched for QR codes, in all pictures of one upload together.
    pub max_pixels: usize,
    /// Most links of one document, mail or picture that platforms are asked about.
    pub max_links: usize,
    /// From this number of files, a submission is examined after the response (202).
    pub max_files_inline: usize,
}

impl Limits {
    /// The values of `defaults.toml`, for code without a configuration.
    pub const STANDARD: Self = Self {
        max_upload_bytes: 64 << 20,
        max_file_bytes: 10 << 20,
        max_json_depth: 64,
        max_json_values: 200_000,
        max_archive_entries: 6_000,
        max_archive_bytes: 256 << 20,
        max_inflate_ratio: 200,
        max_archive_depth: 1,
        max_text_chunk_bytes: 1 << 20,
        max_pixels: 100_000_000,
        max_links: 10,
        max_files_inline: 20,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::STANDARD
    }
}
