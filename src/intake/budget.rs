//! The remaining budget for opening one upload, with all archives, documents and mails inside it.
//! Comes in: the limits of the configuration. Goes out: yes or no, before each step.
//! Must not know: the opened files.

use super::found::OpenedFile;
use crate::document::Limits;
use crate::model::credential::Container;
use std::cell::Cell;

/// The limits, the remaining budget, and the function that opens a file inside another file.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) limits: &'a Limits,
    pub(super) budget: &'a Budget,
    pub(super) part: OpenPart,
}

/// Opens a file with this name and these bytes, inside these containers.
pub(super) type OpenPart = fn(&str, &[u8], &[Container], Opening<'_>, &mut dyn FnMut(OpenedFile));

pub(crate) struct Budget {
    entries: Cell<usize>,
    bytes: Cell<usize>,
    pixels: Cell<usize>,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            entries: Cell::new(limits.max_archive_entries),
            bytes: Cell::new(limits.max_archive_bytes),
            pixels: Cell::new(limits.max_pixels),
        }
    }

    /// Takes entries of archives, attachments or objects of documents from the budget.
    pub(crate) fn entries(&self) -> usize {
        self.entries.get()
    }

    /// False when fewer than `count` remain; then nothing is taken.
    pub(crate) fn take_entries(&self, count: usize) -> bool {
        take(&self.entries, count)
    }

    /// The number of bytes that may still be unpacked.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// Takes the unpacked bytes from the budget, whether they were useful or not.
    pub(crate) fn pay_bytes(&self, count: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(count));
    }

    /// False when too few pixels remain for a picture of this size.
    pub(crate) fn take_pixels(&self, width: usize, height: usize) -> bool {
        width.checked_mul(height).is_some_and(|count| take(&self.pixels, count))
    }
}

fn take(left: &Cell<usize>, count: usize) -> bool {
    match left.get().checked_sub(count) {
        Some(rest) => {
            left.set(rest);
            true
        }
        None => false,
    }
}
