//! Embedded proofs: W3C Data Integrity and its predecessors.
//! Comes in: a JSON document with `proof`. Goes out: the checks `context`, `proof`, `controller` and `integrity`.
//! Must not know: status, trust, schemas, people.

mod chain;
mod controller;
mod hashing;
mod integrity;
mod options;
mod problem;
mod selective;
pub mod signature;
mod single;

use crate::document::members::entries;
use crate::jsonld::{Contexts, Edition};
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::verify::keys::{KeyResolver, Purpose};
use chrono::{DateTime, Utc};
pub use integrity::screen;
use options::{Expected, ProofOptions, Suite};
use problem::ProofProblem;
use serde_json::{Map, Value, json};
use single::Verified;

/// The most proofs of one document; a longer list is refused unread.
const MAX_PROOFS: usize = 8;

/// The inputs for the check of a proof.
pub struct ProofRequest<'a> {
    pub contexts: &'a Contexts,
    pub keys: &'a KeyResolver,
    pub purpose: Purpose,
    pub at: DateTime<Utc>,
    /// For presentations: the proof must hold the same value.
    pub challenge: Option<&'a str>,
    pub domain: Option<&'a str>,
    pub explain: bool,
}

/// The verdict on a document's embedded proofs.
pub struct ProofVerdict {
    /// Whether every context is known and in its place, and no term is undefined or redefined.
    pub context: Check,
    pub proof: Check,
    /// Whether the key belongs to `expected_controller` (the issuer or holder) and may be used for the purpose.
    pub controller: Check,
    pub integrity: Check,
    /// The controller of the key that verified.
    pub proven_controller: Option<String>,
}

/// Verifies the embedded proofs of a credential or a presentation.
/// `expected_controller`: the issuer's (or holder's) identifier.
pub async fn verify(document: &Value, expected_controller: Option<&str>, request: &ProofRequest<'_>) -> ProofVerdict {
    let Some(members) = document.as_object() else {
        return stopped(ProofProblem::malformed("the document is not a JSON object".to_owned()));
    };
    let proofs = match supported_proofs(members, request) {
        Ok(proofs) => proofs,
        Err(problem) => return stopped(problem),
    };
    let unsupported = proofs.unsupported;
    let needs_json_ld = proofs.supported.iter().any(|proof| !matches!(proof.suite, Suite::Jcs(_)));
    let screened = if needs_json_ld { integrity::screen(members, request.contexts) } else { Ok(()) };
    if let Err(problem) = screened {
        return stopped(problem);
    }
    let mut verified = Vec::new();
    for proof in &proofs.supported {
        let previous = match chain::previous(members, proof) {
            Ok(previous) => previous,
            Err(problem) => return stopped(problem),
        };
        match single::verify(members, proof, previous, request).await {
            Ok(done) => {
                let key = request.keys.adopted(done.key, expected_controller, request.purpose).await;
                verified.push(Verified { key, ..done });
            }
            Err(failure) => {
                let methods: Vec<&str> = proofs.supported.iter().map(|proof| proof.verification_method).collect();
                return failed(members, failure, &methods, expected_controller, request);
            }
        }
    }
    concluded(members, verified, &unsupported, needs_json_ld, expected_controller, request)
}

/// When the proofs of a document say that they were made.
pub fn dates(document: &Value) -> impl Iterator<Item = DateTime<Utc>> {
    entries(document.get("proof")).filter_map(|proof| options::parse_moment(proof.get("created")?.as_str()?))
}

struct Proofs<'a> {
    supported: Vec<ProofOptions<'a>>,
    /// Names of unsupported suites, beside at least one supported suite.
    unsupported: Vec<String>,
}

fn supported_proofs<'a>(document: &'a Map<String, Value>, request: &ProofRequest<'_>) -> Result<Proofs<'a>, ProofProblem> {
    let entries = match document.get("proof") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(entries)) => entries.iter().collect(),
        Some(entry) => vec![entry],
    };
    if entries.is_empty() {
        return Err(ProofProblem::new(Code::NoProof, "the document carries no signature".to_owned()));
    }
    if entries.len() > MAX_PROOFS {
        return Err(ProofProblem::new(Code::TooComplex, format!("the document carries more than {MAX_PROOFS} signatures")));
    }
    let expected = Expected { purpose: request.purpose, at: request.at, challenge: request.challenge, domain: request.domain };
    let mut proofs = Proofs { supported: Vec::new(), unsupported: Vec::new() };
    for entry in entries {
        let Some(members) = entry.as_object() else {
            return Err(ProofProblem::malformed("a proof is not a JSON object".to_owned()));
        };
        match options::suite_of(members) {
            Some(suite) => proofs.supported.push(options::read(members, suite, &expected)?),
            None => proofs.unsupported.push(options::suite_name(members)),
        }
    }
    if proofs.supported.is_empty() {
        let detail = format!("the gateway does not support signatures of the kind {}", proofs.unsupported.join(", "));
        return Err(ProofProblem::new(Code::UnsupportedProof, detail));
    }
    if proofs.supported.len() > 1 && proofs.supported.iter().any(|proof| proof.suite.is_selective()) {
        let detail = "the document is an extract with several signatures, so it is unclear which signature counts".to_owned();
        return Err(ProofProblem::new(Code::ProofAmbiguous, detail));
    }
    Ok(proofs)
}

/// The checks when the verification stopped before a key was found.
fn stopped(problem: ProofProblem) -> ProofVerdict {
    let skipped = |id| Check::not_applicable(id, "Not checked, because an earlier check failed.");
    let mut verdict = ProofVerdict {
        context: skipped(CheckId::Context),
        proof: skipped(CheckId::Proof),
        controller: skipped(CheckId::Controller),
        integrity: skipped(CheckId::Integrity),
        proven_controller: None,
    };
    let decided = problem.check;
    if decided != CheckId::Proof {
        verdict.proof = Check::could_not_check(
            CheckId::Proof,
            Code::NotReached,
            "The signature was not checked, because the document can't be read unambiguously.",
        );
    }
    let check = problem.into_check();
    match decided {
        CheckId::Context => verdict.context = check,
        CheckId::Integrity => verdict.integrity = check,
        _ => verdict.proof = check,
    }
    verdict
}

fn failed(
    document: &Map<String, Value>,
    failure: single::Failure,
    methods: &[&str],
    expected_controller: Option<&str>,
    request: &ProofRequest<'_>,
) -> ProofVerdict {
    let mut verdict = stopped(failure.problem);
    if failure.seen.notes.is_some() {
        let (context, integrity) = integrity::check(document, &[&failure.seen], request.contexts, Edition::default());
        // Without a matching signature, only failures count.
        if context.status == CheckStatus::Fail {
            verdict.context = context;
        }
        if integrity.status == CheckStatus::Fail {
            verdict.integrity = integrity;
        }
    }
    if let Some(key) = &failure.key {
        verdict.controller = controller::check(&[(key, failure.created)], expected_controller, request);
    } else if let Some(foreign) = controller::foreign(methods, expected_controller) {
        verdict.controller = foreign;
    }
    if request.explain {
        verdict.proof.explain = failure.explain;
    }
    verdict
}

fn concluded(
    document: &Map<String, Value>,
    verified: Vec<Verified>,
    unsupported: &[String],
    json_ld: bool,
    expected_controller: Option<&str>,
    request: &ProofRequest<'_>,
) -> ProofVerdict {
    let keys: Vec<_> = verified.iter().map(|done| (&done.key, done.created)).collect();
    let controller = controller::check(&keys, expected_controller, request);
    let proven_controller = controller::proven(&keys, expected_controller);
    let mut proof = Check::pass(CheckId::Proof, "The signature matches the document.");
    if !unsupported.is_empty() {
        proof = Check::warning(
            CheckId::Proof,
            Code::UnsupportedProof,
            format!(
                "The signature matches the document. A second signature, of the kind {}, could not be checked.",
                unsupported.join(", ")
            ),
        )
        .next("Do nothing, unless you rely on the second signature.");
    }
    for done in &verified {
        for (url, name) in editions_used(document, request.contexts, done.edition) {
            let detail = format!("the signature was made with the edition {name} of the vocabulary {url}");
            proof = proof.finding(Finding::new(Code::ContextEdition, detail).at("/@context"));
        }
    }
    if request.explain {
        proof.explain = Some(json!({"proofs": verified.iter().map(|done| &done.explain).collect::<Vec<_>>()}));
    }
    let edition = verified.first().map(|done| done.edition).unwrap_or_default();
    let (context, integrity) = if json_ld {
        integrity::check(document, &verified.iter().map(|done| &done.seen).collect::<Vec<_>>(), request.contexts, edition)
    } else {
        let whole = "The signature covers the whole text of the file.";
        (Check::not_applicable(CheckId::Context, whole), Check::pass(CheckId::Integrity, whole))
    };
    ProofVerdict { context, proof, controller, integrity, proven_controller }
}

/// The document's contexts with several official editions, and the edition that was used.
fn editions_used(document: &Map<String, Value>, contexts: &Contexts, edition: Edition) -> Vec<(String, &'static str)> {
    let urls = integrity::context_urls(document);
    urls.into_iter().filter_map(|url| contexts.edition_name(url, edition).map(|name| (url.to_owned(), name))).collect()
}
