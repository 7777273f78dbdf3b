//! What opening one upload may still cost, over everything inside it: archives, documents and mails in one another.
//! Comes in: the limits of the configuration. Goes out: yes or no, before each step.
//! Must not know: what is opened.

use super::found::OpenedFile;
use crate::document::Limits;
use crate::model::credential::Container;
use std::cell::Cell;

/// What opening costs at most, what it may still cost, and how a file inside another one is opened.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) limits: &'a Limits,
    pub(super) budget: &'a Budget,
    pub(super) part: OpenPart,
}

/// Opens a file that stands in these containers; its name and its bytes come first.
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

    /// Entries of archives, attachments and objects of documents that may still be looked at.
    pub(crate) fn entries(&self) -> usize {
        self.entries.get()
    }

    /// False when fewer than `count` are left; then nothing is taken.
    pub(crate) fn take_entries(&self, count: usize) -> bool {
        take(&self.entries, count)
    }

    /// Bytes that may still be unpacked.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// What was unpacked is paid for, whether it was of use or not.
    pub(crate) fn pay_bytes(&self, count: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(count));
    }

    /// False when the pictures looked at so far leave too few pixels for another of this size.
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
