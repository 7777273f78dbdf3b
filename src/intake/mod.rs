//! Foreign bytes become credentials to verify.
//! Comes in: an uploaded file. Goes out: what was found in it, unpacked and split, nothing believed yet.
//! Must not know: whether anything in it is genuine, where it is stored or who hears of it.

pub mod archive;
pub mod baked;
pub mod detect;
pub mod presentation;
pub(crate) mod problem;
mod signed;
pub mod text;

use crate::document::Limits;
use crate::model::credential::{ReceivedCredential, ReceivedPresentation};
use crate::model::submission::{FileProblem, UploadedFile};

/// One file, or one entry of an archive, after it was opened.
#[derive(Clone, Debug)]
pub struct OpenedFile {
    /// For people: `badges.zip/ada.png`.
    pub name: String,
    /// Lower-case hex SHA-256 of the file's bytes; empty for an entry that could not be unpacked.
    pub sha256: String,
    /// Plain words for what it is.
    pub detected: String,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub enum Content {
    Credentials(Vec<ReceivedCredential>),
    Presentation(ReceivedPresentation),
    /// No credential: a plain sentence that names what was found.
    Nothing(FileProblem),
}

/// Opens a file: one item for a plain file, one per entry for an archive. Never fails: a bad entry is
/// `Content::Nothing` and doesn't spoil the rest. A list that mixes kinds gives several items of one name.
pub fn open(file: &UploadedFile, limits: &Limits) -> Vec<OpenedFile> {
    let mut opened = Vec::new();
    open_each(file, limits, &mut |one| opened.push(one));
    opened
}

/// As [`open`], but hands over one item at a time, so that a large archive is never held in memory as a whole.
pub fn open_each(file: &UploadedFile, limits: &Limits, sink: &mut dyn FnMut(OpenedFile)) {
    detect::open(file, limits, sink);
}

/// How many files an upload counts as, without unpacking: entries of an archive's directory, else 1.
pub fn count(file: &UploadedFile, limits: &Limits) -> usize {
    detect::count(file, limits)
}
