//! The problems of files without a credential, each with plain sentences and a next step.
//! Comes in: the facts about the file. Goes out: a [`FileProblem`] with a stable code.

use crate::document::json::JsonError;
use crate::model::code::Code;
use crate::model::submission::FileProblem;

pub(crate) fn empty() -> FileProblem {
    FileProblem::new(Code::EmptyFile, "The file is empty.")
}

pub(crate) fn too_large(limit: usize) -> FileProblem {
    let message = format!("The file is larger than {} MB, which is too large for a badge.", limit >> 20);
    FileProblem::new(Code::FileTooLarge, message)
}

/// A file of a well-known kind that can't carry a badge. `what` begins with an article: `a PDF document`.
pub(crate) fn unsupported(what: &str) -> FileProblem {
    let message = format!("This is {what}, which can't hold a digital credential that can be verified.");
    FileProblem::new(Code::UnsupportedFile, message)
}

/// Problems of ordinary companions (instructions, tables, pictures) in a mail or an archive.
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

/// Whether the problem is about a credential that could not be read, not about a file without a credential.
pub(crate) fn is_telling(problem: &FileProblem) -> bool {
    !COMPANIONS.contains(&problem.code)
}

/// After the whole document was searched. `places` names the searched places and begins with "neither".
pub(crate) fn no_credential(what: &str, places: &str) -> FileProblem {
    FileProblem::new(Code::NoCredentialFound, format!("No digital credential was found in this {what}: {places}."))
}

pub(crate) fn locked_document() -> FileProblem {
    let message = "This PDF document is protected by a password, so it could not be opened.";
    FileProblem::new(Code::DocumentLocked, message)
}

pub(crate) fn broken_document(what: &str) -> FileProblem {
    FileProblem::new(Code::BrokenDocument, format!("This {what} is damaged and can't be read."))
}

pub(crate) fn document_too_deep() -> FileProblem {
    FileProblem::new(Code::DocumentTooDeep, "This document lies too deep inside other documents, so it was not opened.")
}

pub(crate) fn wallet_link(what: &str, link: &str) -> FileProblem {
    let message = format!(
        "This {what} holds a link for a wallet ({link}). The link was not followed: only the candidate's own wallet can open it."
    );
    FileProblem::new(Code::WalletLink, message)
}

/// `what`: a clause that names the change, without a full stop.
pub(crate) fn text_changed(what: &str) -> FileProblem {
    let message =
        format!("A chat or e-mail program changed the text of the credential: {what}. So its signature can't be checked.");
    FileProblem::new(Code::TextChanged, message)
}

/// A warning for the person who sent the file; it does not repeat the key.
pub(crate) fn private_key() -> FileProblem {
    let message = "This file also holds a private key. The key was neither stored nor shown here, but anyone who has the file can act in the name of the key's owner.";
    FileProblem::new(Code::PrivateKeyFound, message)
}

/// The same problem for a companion in an archive, which does not affect the verdict.
pub(crate) fn companion(problem: &FileProblem) -> FileProblem {
    let cause = if problem.code == Code::UnknownContent { "" } else { &problem.message };
    let message = format!("The file holds no credential. {cause} It does not affect the verdict.").replace("  ", " ");
    // A damaged picture may have been a badge.
    let next_step = problem.next_step.clone().filter(|_| problem.code == Code::BrokenImage);
    FileProblem { next_step, ..FileProblem::new(Code::Companion, message) }
}

/// `unusable`: lines that name no file or nobody; `first`: the number of the first of them. `is_cut`: there are more lines than are read.
pub(crate) fn people_list(files: usize, unusable: usize, first: Option<usize>, is_cut: bool) -> FileProblem {
    let counted = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let mut message = format!("This list says whose {} are.", counted(files, "file"));
    if files == 1 {
        message = "This list says whose 1 file is.".to_owned();
    }
    if let Some(first) = first {
        message.push_str(&format!(" {} can't be used; the first is line {first}.", counted(unusable, "line")));
    }
    if is_cut {
        message.push_str(" It is longer than lists may be, and its end was not read.");
    }
    FileProblem::new(Code::PeopleList, message)
}

pub(crate) fn only_a_list() -> FileProblem {
    FileProblem::new(Code::NoCredentialFound, "This is a list of files and people, and no credential came with it.")
}

pub(crate) fn only_companions(files: usize) -> FileProblem {
    let message = format!("None of the {files} files in this archive holds a digital credential.");
    FileProblem::new(Code::NoCredentialFound, message)
}

pub(crate) fn utf16() -> FileProblem {
    FileProblem::new(Code::TextInUtf16, "This is a damaged text file in UTF-16, so it could not be read.")
}

pub(crate) fn image_without_badge(what: &str) -> FileProblem {
    let message = format!("This {what} holds no badge data, and no QR code with a credential was found in it.");
    FileProblem::new(Code::ImageWithoutBadge, message)
}

pub(crate) fn broken_image(what: &str, cause: &str) -> FileProblem {
    FileProblem::new(Code::BrokenImage, format!("This {what} is damaged: {cause}."))
}

pub(crate) fn bad_json(error: &JsonError) -> FileProblem {
    FileProblem::new(error.code(), format!("The file could not be read: {error}."))
        .next("Ask the candidate for the file exactly as the issuer made it.")
}

pub(crate) fn link_only() -> FileProblem {
    FileProblem::new(Code::LinkInsteadOfFile, "The file holds only a link, not a credential.")
}

pub(crate) fn not_a_credential(what: &str) -> FileProblem {
    FileProblem::new(Code::NotACredential, format!("This is {what}, not a credential that was awarded to someone."))
}

/// A genuine part of a badge, or its issuer's profile. `what` begins with an article.
pub(crate) fn description(what: &str) -> FileProblem {
    FileProblem::new(Code::DescriptionOnly, format!("This is {what}, which does not award anything to anyone."))
}

pub(crate) fn unknown() -> FileProblem {
    FileProblem::new(Code::UnknownContent, "No credential was recognised in this file.")
}
