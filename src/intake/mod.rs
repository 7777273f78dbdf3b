//! Turns foreign bytes into credentials to verify.
//! Comes in: an uploaded file. Goes out: its credentials, unpacked and split, and not verified yet.
//! Must not know: verification, storage, events.

pub mod archive;
mod badge_picture;
pub mod baked;
mod budget;
mod changed;
mod companions;
pub mod detect;
mod file;
mod findings;
mod found;
mod mail;
mod pdf;
mod people;
mod picture;
mod plain;
mod presentation;
pub(crate) mod problem;
mod running;
mod search;
mod signed;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use badge_picture::badge_picture;
pub use companions::among_uploads;
pub use found::{Content, OpenedFile};

use crate::document::Limits;
use crate::model::submission::UploadedFile;
use budget::{Budget, Opening};

/// Opens a file: one item for a plain file, one per entry for an archive. Never fails: a bad entry becomes `Content::Nothing` and
/// does not affect the others. A list that mixes kinds gives several items with one name.
pub fn open(file: &UploadedFile, limits: &Limits) -> Vec<OpenedFile> {
    let mut opened = Vec::new();
    open_each(file, limits, &mut |one| opened.push(one));
    opened
}

/// As [`open`], but hands over one item at a time, so that a large archive is never held in memory as a whole.
pub fn open_each(file: &UploadedFile, limits: &Limits, sink: &mut dyn FnMut(OpenedFile)) {
    let name = archive::display_name(file.name.as_deref().unwrap_or_default());
    let name = if name.is_empty() { "upload" } else { &name };
    let budget = Budget::new(limits);
    file::open(name, &file.bytes, &[], Opening { limits, budget: &budget, part: file::open }, sink);
}

/// Whether the upload is an archive, by its first bytes.
pub fn is_archive(file: &UploadedFile) -> bool {
    detect::is_archive(&file.bytes)
}

/// The number of files in an upload, counted without unpacking: the entries of an archive's directory, else 1.
pub fn count(file: &UploadedFile, limits: &Limits) -> usize {
    if !is_archive(file) {
        return 1;
    }
    archive::count(&file.bytes).clamp(1, limits.max_archive_entries.max(1))
}
