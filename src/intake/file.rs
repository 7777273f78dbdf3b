//! Opens one file of any kind, also a file inside another file.
//! Comes in: its bytes, and the containers around it. Goes out: the items found in it and in the files inside it.
//! Must not know: the file's source. Archives and documents hand the files inside them back to this module.

use super::budget::Opening;
use super::detect::{Kind, sniff};
use super::findings::{Findings, Place};
use super::found::{Content, Found, OpenedFile};
use super::pdf::{self, PdfError};
use super::{archive, mail, people, picture, plain, problem};
use crate::model::credential::Container;
use crate::model::submission::FileProblem;
use sha2::{Digest, Sha256};

/// The deepest nesting of documents and mails.
const MAX_DOCUMENT_DEPTH: usize = 3;

/// The searched places of a document, for people.
const PLACES_OF_A_PDF: &str = "neither in its attachments, nor in its metadata, text, links or QR codes";
const PLACES_OF_A_MAIL: &str = "neither in its attachments, nor in its text or links";

pub(super) fn open(name: &str, bytes: &[u8], containers: &[Container], opening: Opening<'_>, sink: &mut dyn FnMut(OpenedFile)) {
    let limits = opening.limits;
    let depth = |kinds: &[Container]| containers.iter().filter(|container| kinds.contains(container)).count();
    let kind = sniff(bytes);
    match kind {
        Kind::Zip if depth(&[Container::Zip]) <= limits.max_archive_depth => {
            archive::open(name, bytes, containers, opening, sink);
        }
        _ if bytes.len() > limits.max_file_bytes => {
            sink(OpenedFile::nothing(name, sha256(bytes), "large file", problem::too_large(limits.max_file_bytes)));
        }
        Kind::Pdf | Kind::Eml | Kind::Msg if depth(&[Container::Pdf, Container::Mail]) < MAX_DOCUMENT_DEPTH => {
            document(kind, name, bytes, containers, opening, sink);
        }
        Kind::Picture(kind) => picture_file(kind, name, bytes, containers, opening, sink),
        _ => {
            let warnings = plain::warnings(kind, bytes, limits);
            let found = plain::open(kind, name, bytes, containers, limits);
            let is_nothing = found.iter().all(|found| matches!(found.content, Content::Nothing(_)));
            match plain::decoded(kind, bytes).filter(|_| is_nothing).and_then(|text| people::read(&text)) {
                Some((people, told)) => {
                    sink(OpenedFile { people, ..OpenedFile::nothing(name, sha256(bytes), "list of files and people", told) });
                }
                None => hand_over(name, bytes, found, &warnings, sink),
            }
        }
    }
}

fn document(
    kind: Kind,
    name: &str,
    bytes: &[u8],
    containers: &[Container],
    opening: Opening<'_>,
    sink: &mut dyn FnMut(OpenedFile),
) {
    let (what, container, places) = match kind {
        Kind::Pdf => ("PDF document", Container::Pdf, PLACES_OF_A_PDF),
        _ => ("mail", Container::Mail, PLACES_OF_A_MAIL),
    };
    let mut findings = Findings::new(name, what, [containers, &[container]].concat(), opening);
    let problem = match kind {
        Kind::Pdf => match pdf::look(bytes, opening.budget, &mut findings) {
            Ok(()) => None,
            Err(PdfError::Locked) => Some(problem::locked_document()),
            Err(PdfError::Damaged) => Some(problem::broken_document(what)),
        },
        Kind::Msg => (!mail::look_msg(bytes, opening.budget, &mut findings)).then(|| problem::broken_document(what)),
        _ => (!mail::look_eml(bytes, &mut findings)).then(|| problem::broken_document(what)),
    };
    findings.finish(&sha256(bytes), problem.unwrap_or_else(|| problem::no_credential(what, places)), sink);
}

/// Reads baked data; a picture without baked data is searched for QR codes.
fn picture_file(
    kind: picture::Kind,
    name: &str,
    bytes: &[u8],
    containers: &[Container],
    opening: Opening<'_>,
    sink: &mut dyn FnMut(OpenedFile),
) {
    let what = kind.title();
    let mut problem = problem::image_without_badge(what);
    if kind == picture::Kind::Png {
        let baked = plain::baked_png(name, bytes, containers, opening.limits);
        match baked.as_slice() {
            [Found { content: Content::Nothing(found), .. }] => problem = found.clone(),
            _ => return hand_over(name, bytes, baked, &[], sink),
        }
    }
    let mut findings = Findings::new(name, what, containers.to_vec(), opening);
    match picture::decode(kind, bytes, opening.budget) {
        Ok(grey) => picture::texts(&grey, opening.budget).iter().for_each(|text| findings.value(text, Place::QrCode)),
        Err(picture::DecodeError::TooManyPixels) => findings.left_out(),
        Err(picture::DecodeError::Damaged) if kind == picture::Kind::Png => {}
        Err(picture::DecodeError::Damaged) => problem = problem::broken_image(what, "its pixels can't be read"),
    }
    findings.finish(&sha256(bytes), problem, sink);
}

fn hand_over(name: &str, bytes: &[u8], found: Vec<Found>, warnings: &[FileProblem], sink: &mut dyn FnMut(OpenedFile)) {
    let sha256 = sha256(bytes);
    for Found { detected, content } in found {
        let (name, sha256, warnings) = (name.to_owned(), sha256.clone(), warnings.to_vec());
        sink(OpenedFile { name, sha256, detected, content, links: Vec::new(), warnings, people: Vec::new() });
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
