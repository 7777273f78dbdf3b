//! What is said of a file that holds no credential: one plain sentence and a next step.
//! Comes in: what was found. Goes out: a [`FileProblem`] with a stable code.

use crate::document::json::JsonError;
use crate::model::submission::FileProblem;

const ASK_FOR_BADGE: &str = "Ask the applicant for the badge itself: the downloaded picture (PNG or SVG), the JSON file, or the credential from their wallet.";

pub(crate) fn problem(code: &str, message: impl Into<String>, next_step: impl Into<String>) -> FileProblem {
    FileProblem { code: code.to_owned(), message: message.into(), next_step: Some(next_step.into()) }
}

pub(crate) fn empty() -> FileProblem {
    problem("empty_file", "The file is empty.", "Ask the applicant to send the file again.")
}

pub(crate) fn too_large(limit: usize) -> FileProblem {
    problem("file_too_large", format!("The file is larger than {} MB, which no badge needs to be.", limit >> 20), ASK_FOR_BADGE)
}

/// A file of a well-known kind that can't carry a badge. `what` starts with an article: `a PDF document`.
pub(crate) fn unsupported(what: &str) -> FileProblem {
    problem("unsupported_file", format!("This is {what}; it carries no digital credential that can be verified."), ASK_FOR_BADGE)
}

pub(crate) fn utf16() -> FileProblem {
    problem(
        "text_in_utf16",
        "This is a text file in the UTF-16 encoding; credentials are UTF-8.",
        "Ask for the file as it was downloaded, or save it again as UTF-8.",
    )
}

pub(crate) fn image_without_badge(what: &str) -> FileProblem {
    problem(
        "image_without_badge",
        format!("This {what} carries no badge data."),
        "Ask the applicant for the original file from the platform that issued the badge; copies, screenshots and chat apps drop the data.",
    )
}

pub(crate) fn broken_image(what: &str, cause: &str) -> FileProblem {
    problem("broken_image", format!("This {what} is damaged: {cause}."), "Ask the applicant to download the badge again.")
}

pub(crate) fn bad_json(error: &JsonError) -> FileProblem {
    problem(
        error.code(),
        format!("The file could not be read: {error}."),
        "Ask the applicant for the file as the issuer made it, without edits.",
    )
}

pub(crate) fn link_only() -> FileProblem {
    problem(
        "link_instead_of_file",
        "The file holds only a link, no credential.",
        "Paste the link into the link box instead, or ask the applicant for the badge file.",
    )
}

pub(crate) fn not_a_credential(what: &str) -> FileProblem {
    problem("not_a_credential", format!("This is {what}, not a credential that somebody was awarded."), ASK_FOR_BADGE)
}

/// A genuine part of a badge, or its issuer's profile. `what` starts with an article.
pub(crate) fn description(what: &str) -> FileProblem {
    problem(
        FileProblem::DESCRIPTION,
        format!("This is {what}; it awards nothing to anybody."),
        "Ask the applicant for the badge that was awarded to them: the downloaded picture (PNG or SVG) or the JSON file.",
    )
}

pub(crate) fn unknown() -> FileProblem {
    problem("unknown_content", "No credential was recognised in this file.", ASK_FOR_BADGE)
}

pub(crate) fn archive(code: &str, message: impl Into<String>) -> FileProblem {
    problem(code, message, "Send the badges as single files, or in a plain ZIP archive.")
}
