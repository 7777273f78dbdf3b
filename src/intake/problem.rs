//! What is said of a file that holds no credential: one plain sentence and a next step.
//! Comes in: what was found. Goes out: a [`FileProblem`] with a stable code.

use crate::document::json::JsonError;
use crate::model::code::Code;
use crate::model::submission::FileProblem;

pub(crate) fn empty() -> FileProblem {
    FileProblem::new(Code::EmptyFile, "The file is empty.")
}

pub(crate) fn too_large(limit: usize) -> FileProblem {
    let message = format!("The file is larger than {} MB; no badge needs to be that large.", limit >> 20);
    FileProblem::new(Code::FileTooLarge, message)
}

/// A file of a well-known kind that can't carry a badge. `what` starts with an article: `a PDF document`.
pub(crate) fn unsupported(what: &str) -> FileProblem {
    let message = format!("This is {what}; it carries no digital credential that can be verified.");
    FileProblem::new(Code::UnsupportedFile, message)
}

/// What files beside credentials may be without telling anything of the whole: instructions, tables and pictures in a mail or an archive.
const COMPANIONS: &[Code] = &[
    Code::EmptyFile,
    Code::FileTooLarge,
    Code::UnsupportedFile,
    Code::ImageWithoutBadge,
    Code::BrokenImage,
    Code::NoCredentialFound,
    Code::LinkInsteadOfFile,
    Code::NotACredential,
    Code::DescriptionOnly,
    Code::UnknownContent,
    Code::InvalidUtf8,
    Code::TextInUtf16,
];

/// Whether the problem tells of a credential that could not be read, and not only that there is none.
pub(crate) fn is_telling(problem: &FileProblem) -> bool {
    !COMPANIONS.contains(&problem.code)
}

/// After everything in a document was looked at. `places` says where, and begins with "neither".
pub(crate) fn no_credential(what: &str, places: &str) -> FileProblem {
    FileProblem::new(Code::NoCredentialFound, format!("No digital credential was found in this {what}: {places}."))
}

pub(crate) fn locked_document() -> FileProblem {
    let message = "This PDF document is locked with a password, so nothing in it could be looked at.";
    FileProblem::new(Code::DocumentLocked, message)
}

pub(crate) fn broken_document(what: &str) -> FileProblem {
    FileProblem::new(Code::BrokenDocument, format!("This {what} is damaged and can't be read."))
}

pub(crate) fn document_too_deep() -> FileProblem {
    FileProblem::new(Code::DocumentTooDeep, "This document stands in a document in a document, and was not opened.")
}

pub(crate) fn wallet_link(what: &str, link: &str) -> FileProblem {
    let message = format!(
        "This {what} holds a link for a wallet ({link}). The link was not followed: only the candidate's own wallet can answer it."
    );
    FileProblem::new(Code::WalletLink, message)
}

/// `what` was changed; a clause without a full stop.
pub(crate) fn text_changed(what: &str) -> FileProblem {
    let message = format!(
        "The text was changed on its way, as chat and mail programs do: {what}. No signature on it can be checked any more."
    );
    FileProblem::new(Code::TextChanged, message)
}

/// For the person who sent the file; the key itself is not repeated.
pub(crate) fn private_key() -> FileProblem {
    let message = "This file also holds a private key. The key was neither kept nor shown; whoever has the file can act in the name of the key's owner.";
    FileProblem::new(Code::PrivateKeyFound, message)
}

/// The same problem of a file that came beside others in an archive: it decides nothing.
pub(crate) fn companion(problem: &FileProblem) -> FileProblem {
    let cause = if problem.code == Code::UnknownContent { "" } else { &problem.message };
    let message = format!("No credential in it. {cause} The file does not count in the verdict.").replace("  ", " ");
    // A damaged picture may have been a badge.
    let next_step = problem.next_step.clone().filter(|_| problem.code == Code::BrokenImage);
    FileProblem { next_step, ..FileProblem::new(Code::Companion, message) }
}

pub(crate) fn only_companions(files: usize) -> FileProblem {
    let message = format!("No digital credential was found in this archive: none of its {files} files holds a credential.");
    FileProblem::new(Code::NoCredentialFound, message)
}

pub(crate) fn utf16() -> FileProblem {
    FileProblem::new(Code::TextInUtf16, "This is a text file in the UTF-16 encoding, and it is damaged.")
}

pub(crate) fn image_without_badge(what: &str) -> FileProblem {
    let message = format!("This {what} carries no badge data, and no QR code with a credential was found on it.");
    FileProblem::new(Code::ImageWithoutBadge, message)
}

pub(crate) fn broken_image(what: &str, cause: &str) -> FileProblem {
    FileProblem::new(Code::BrokenImage, format!("This {what} is damaged: {cause}."))
}

pub(crate) fn bad_json(error: &JsonError) -> FileProblem {
    FileProblem::new(error.code(), format!("The file could not be read: {error}."))
        .next("Ask the candidate for the file as the issuer made it, without edits.")
}

pub(crate) fn link_only() -> FileProblem {
    FileProblem::new(Code::LinkInsteadOfFile, "The file holds only a link, not a credential.")
}

pub(crate) fn not_a_credential(what: &str) -> FileProblem {
    FileProblem::new(Code::NotACredential, format!("This is {what}, not a credential that someone was awarded."))
}

/// A genuine part of a badge, or its issuer's profile. `what` starts with an article.
pub(crate) fn description(what: &str) -> FileProblem {
    FileProblem::new(Code::DescriptionOnly, format!("This is {what}; it awards nothing to anyone."))
}

pub(crate) fn unknown() -> FileProblem {
    FileProblem::new(Code::UnknownContent, "No credential was recognised in this file.")
}
