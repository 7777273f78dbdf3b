//! Foreign bytes become credentials to verify.
//! Comes in: an uploaded file. Goes out: what was found in it, unpacked and split, nothing believed yet.
//! Must not know: whether anything in it is genuine, where it is stored or who hears of it.

pub mod archive;
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

pub use found::{Content, OpenedFile};

use crate::document::Limits;
use crate::model::submission::UploadedFile;
use budget::{Budget, Opening};

/// Opens a file: one item for a plain file, one per entry for an archive. Never fails: a bad entry is
/// `Content::Nothing` and doesn't spoil the rest. A list that mixes kinds gives several items of one name.
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

/// Told by the first bytes.
pub fn is_archive(file: &UploadedFile) -> bool {
    detect::is_archive(&file.bytes)
}

/// How many files an upload counts as, without unpacking: entries of an archive's directory, else 1.
pub fn count(file: &UploadedFile, limits: &Limits) -> usize {
    if !is_archive(file) {
        return 1;
    }
    archive::count(&file.bytes).clamp(1, limits.max_archive_entries.max(1))
}
