//! Whether the JSON agrees with the signed content: a signature covers the document's RDF, but readers see its JSON.
//! Comes in: the document and its verified proofs. Goes out: the checks `context` and `integrity`.
//! Must not know: keys, signatures.

mod embedded;
mod nodes;
mod plain;
mod screen;
mod selective;
#[cfg(test)]
mod tests;

pub use screen::{context_urls, screen, unknown};

use super::problem::ProofProblem;
use crate::document::members::entries;
use crate::jsonld::notes::{Note, Notes, Oddity};
use crate::jsonld::{Contexts, Edition, vocabulary};
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use serde_json::{Map, Value};

pub use selective::Disclosure;

/// Facts about a document from the check of a proof.
#[derive(Default)]
pub struct Seen {
    /// From the expansion of the document and the proof; absent when the signature covers the JSON itself.
    pub notes: Option<Notes>,
    pub proof_notes: Option<Notes>,
    /// Only for selective disclosure.
    pub disclosure: Option<Disclosure>,
}

/// Judges the notes of the expansion, and makes the checks that the expansion can't make.
pub fn check(document: &Map<String, Value>, seen: &[&Seen], contexts: &Contexts, edition: Edition) -> (Check, Check) {
    let mut problems: Vec<ProofProblem> = Vec::new();
    let all_notes = || seen.iter().flat_map(|seen| [&seen.notes, &seen.proof_notes]).flatten();
    if all_notes().any(|notes| notes.is_cut_short) {
        let detail = "the document uses too many unusual forms to be checked".to_owned();
        problems.push(ProofProblem::integrity(Code::TooComplex, "", detail));
    }
    if let Some(notes) = seen.iter().find_map(|seen| seen.notes.as_ref()) {
        problems.extend(notes.oddities.iter().filter(|note| !presented_token(document, note)).filter_map(judge));
        problems.extend(nodes::redescribed(document, notes));
    }
    let of_proofs = seen.iter().filter_map(|seen| seen.proof_notes.as_ref());
    problems.extend(of_proofs.flat_map(|notes| notes.oddities.iter().filter_map(judge)));
    problems.extend(embedded::problems(document, contexts));
    problems.extend(plain::problems(document));
    problems.extend(screen::foreign_names(document, contexts, edition));
    let disclosures = seen.iter().filter_map(|seen| seen.disclosure.as_ref());
    let withholdable: Vec<_> = disclosures.flat_map(|disclosure| selective::problems(document, disclosure)).collect();
    let (hard, soft): (Vec<_>, Vec<_>) = withholdable.into_iter().partition(|finding| finding.fatal);
    problems.extend(hard.into_iter().map(|finding| finding.problem));
    let notes = seen.iter().filter_map(|seen| seen.notes.as_ref()).flat_map(|notes| &notes.oddities);
    let tokens = notes.filter(|note| presented_token(document, note)).map(|note| {
        let detail = "the presentation's signature does not cover the token inside it, which has its own signature".to_owned();
        ProofProblem::integrity(Code::TokenNotCovered, &note.pointer, detail)
    });
    let soft = tokens.chain(soft.into_iter().map(|finding| finding.problem)).collect();

    let (context_problems, integrity_problems): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|problem| problem.check == CheckId::Context);
    let context = failed(context_problems).unwrap_or_else(|| {
        Check::pass(CheckId::Context, "The document uses known vocabularies, and every word in it is defined.")
    });
    let integrity = failed(integrity_problems).unwrap_or_else(|| mild(document, soft));
    (context, integrity)
}

/// A token among a presentation's credentials: RDF drops it, because it is not an IRI. The token has its own signature, but nothing
/// proves that the holder presented it.
fn presented_token(document: &Map<String, Value>, note: &Note) -> bool {
    let is_presentation = entries(document.get("type")).any(|name| name == "VerifiablePresentation");
    let place = note.pointer.strip_prefix("/verifiableCredential").and_then(|rest| match rest.strip_prefix('/') {
        None => rest.is_empty().then_some(0),
        Some(index) => index.parse().ok(),
    });
    let value = place.and_then(|place: usize| entries(document.get("verifiableCredential")).nth(place));
    let token = value.and_then(Value::as_str).and_then(|text| text.split('~').next()).unwrap_or_default();
    let parts: Vec<&str> = token.split('.').collect();
    let is_base64url = |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_presentation
        && note.oddity == Oddity::DroppedValue
        && matches!(parts.as_slice(), [header, _, _] if header.starts_with("eyJ"))
        && parts.iter().all(is_base64url)
}

/// The check with the first problem as its verdict and the other problems as findings.
fn failed(problems: Vec<ProofProblem>) -> Option<Check> {
    let mut problems = problems.into_iter();
    let first = problems.next()?;
    Some(problems.fold(first.into_check(), |check, problem| check.finding(problem.finding())))
}

/// Findings without a fault that a person should know.
fn mild(document: &Map<String, Value>, soft: Vec<ProofProblem>) -> Check {
    if let Some(check) = failed(soft) {
        return Check { status: CheckStatus::Warning, ..check };
    }
    if screen::has_inline(document) {
        return Check::warning(
            CheckId::Integrity,
            Code::InlineContext,
            "The signature covers the document, but the document itself defines the meaning of some of its words.",
        );
    }
    Check::pass(CheckId::Integrity, "Every value in the document is covered by the signature.")
}

/// The problem that an oddity causes for readers; `None` for a harmless oddity.
fn judge(note: &Note) -> Option<ProofProblem> {
    let problem = |code, detail: String| Some(ProofProblem::integrity(code, &note.pointer, detail));
    let what = &note.what;
    match &note.oddity {
        Oddity::UndefinedTerm => {
            let detail =
                format!("the document's vocabularies do not define the word \"{what}\", so the signature does not cover it");
            Some(ProofProblem { check: CheckId::Context, ..ProofProblem::integrity(Code::UndefinedTerm, &note.pointer, detail) })
        }
        Oddity::DroppedValue => problem(Code::DataLoss, format!("the signature does not cover the value {what}")),
        Oddity::NotSigned => problem(Code::NotSigned, format!("the signature does not cover \"{what}\"")),
        Oddity::KeywordMember(name) => problem(Code::KeywordMember, format!("\"{name}\" could hide or move values from readers")),
        Oddity::IriMember(iri) | Oddity::IriType(iri) if vocabulary::has_name(iri) => {
            problem(Code::RenamedMember, format!("\"{what}\" hides a standard field under another spelling"))
        }
        Oddity::IriMember(iri) if iri.starts_with("https://www.w3.org/2018/credentials#") => {
            problem(Code::RenamedMember, format!("\"{what}\" hides a field of the credential under another spelling"))
        }
        Oddity::IriMember(_) | Oddity::IriType(_) => None,
        Oddity::Renamed(_) => problem(Code::RenamedMember, format!("\"{what}\" hides a standard field under another name")),
        Oddity::NestedArray => {
            problem(Code::NestedArray, "a list directly inside another list reads differently from what was signed".to_owned())
        }
        Oddity::ValueObject => problem(Code::ValueObject, "a value is written in a form that readers would miss".to_owned()),
        Oddity::RepeatedType => problem(Code::RepeatedType, format!("the document gives the type \"{what}\" twice")),
    }
}
