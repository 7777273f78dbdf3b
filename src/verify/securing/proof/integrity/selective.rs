//! The parts of a selectively disclosed credential that its holder could have withheld.
//! Comes in: the mandatory and the chosen statements. Goes out: problems of the `integrity` check.
//! Must not know: the check of the proof.

use crate::document::members::entries;
use crate::jsonld::dataset::{Quad, Term};
use crate::model::code::Code;
use crate::verify::checks::unsaid;
use crate::verify::securing::proof::problem::ProofProblem;
use serde_json::{Map, Value};

/// The statements of a selectively disclosed document.
#[derive(Clone, Debug)]
pub struct Disclosure {
    /// Mandatory: the issuer requires that they are always disclosed.
    pub mandatory: Vec<Quad>,
    /// Chosen: the holder disclosed them.
    pub chosen: Vec<Quad>,
    /// The proof shows that nothing was left out.
    pub is_whole: bool,
}

/// A problem, and whether it rejects the credential.
pub struct Withholdable {
    pub problem: ProofProblem,
    pub fatal: bool,
}

const CREDENTIALS: &str = "https://www.w3.org/2018/credentials#";
/// Properties that a holder must not withhold: without them, an expired or revoked credential would look good.
const DECISIVE: [&str; 5] = ["validFrom", "validUntil", "issuanceDate", "expirationDate", "credentialStatus"];

/// Properties (last part of their IRI) of results and of their requirements.
const RESULTS: [&str; 3] = ["result", "resultDescription", "rubricCriterionLevel"];

/// Statements about validity, status and results must be mandatory, because a missing statement may be a withheld statement.
pub fn problems(document: &Map<String, Value>, disclosure: &Disclosure) -> Vec<Withholdable> {
    if disclosure.is_whole {
        return Vec::new();
    }
    let mut found = Vec::new();
    // An issuer that marks no statement as mandatory does not use the mechanism. An issuer that marks some chose to leave out the others.
    let strict = is_badge(document) && !disclosure.mandatory.is_empty();
    let mut report = |name: &str, detail: String| {
        let problem = ProofProblem::integrity(Code::Withholdable, &format!("/{name}"), detail);
        found.push(Withholdable { problem, fatal: strict });
    };
    for name in DECISIVE {
        let predicate = format!("{CREDENTIALS}{name}");
        if disclosure.chosen.iter().any(|quad| *quad.predicate == *predicate) {
            report(name, format!("the holder could have left out {name}, or further values of it"));
        }
    }
    let status_nodes: Vec<&Term> =
        all(disclosure).filter(|quad| names(quad, "credentialStatus")).map(|quad| &quad.object).collect();
    if disclosure.chosen.iter().any(|quad| status_nodes.contains(&&quad.subject)) {
        report("credentialStatus", "the holder could have left out a part of the status".to_owned());
    }
    for (name, what) in unsaid::lifecycle(document) {
        report(name, format!("the file does not show {what}, and its holder could have left that out"));
    }
    found.extend(results(document, disclosure));
    found
}

/// A holder who can leave out a result, or the required value, can make a failed course look passed. Badges without results are
/// common, so a person must judge.
fn results(document: &Map<String, Value>, disclosure: &Disclosure) -> Option<Withholdable> {
    let subjects = || entries(document.get("credentialSubject")).filter(|subject| subject.get("achievement").is_some());
    subjects().next()?;
    let is_link = |quad: &Quad| quad.graph.is_none() && RESULTS.iter().any(|name| quad.predicate.ends_with(&format!("#{name}")));
    let nodes: Vec<&Term> = all(disclosure).filter(|quad| is_link(quad)).map(|quad| &quad.object).collect();
    let is_chosen = disclosure.chosen.iter().any(|quad| is_link(quad) || nodes.contains(&&quad.subject));
    let detail = if is_chosen {
        "the holder could have left out a result, or a part of the result that was required"
    } else if subjects().any(|subject| !entries(subject.get("result")).any(Value::is_object)) {
        "the file shows no result, and its holder could have left out a result that says \"not achieved\""
    } else if !subjects().all(is_conclusive) {
        "the file does not show which result was required, and its holder could have left that out"
    } else {
        return None;
    };
    let problem = ProofProblem::integrity(Code::ResultWithholdable, "/credentialSubject", detail.to_owned());
    Some(Withholdable { problem, fatal: false })
}

/// Whether each result has a status, or a description with a required value.
fn is_conclusive(subject: &Value) -> bool {
    let descriptions: Vec<&Value> =
        entries(subject.get("achievement")).flat_map(|achievement| entries(achievement.get("resultDescription"))).collect();
    entries(subject.get("result")).all(|result| {
        let wanted = result.get("resultDescription");
        let described = descriptions.iter().filter(|description| wanted.is_none() || description.get("id") == wanted);
        let has_bar =
            |description: &&&Value| ["requiredValue", "requiredLevel"].iter().any(|bar| description.get(*bar).is_some());
        result.get("status").is_some() || described.filter(has_bar).count() == 1
    })
}

fn all(disclosure: &Disclosure) -> impl Iterator<Item = &Quad> {
    disclosure.mandatory.iter().chain(&disclosure.chosen)
}

fn names(quad: &Quad, name: &str) -> bool {
    quad.predicate.strip_prefix(CREDENTIALS) == Some(name)
}

fn is_badge(document: &Map<String, Value>) -> bool {
    let badge =
        |written: &Value| matches!(written.as_str(), Some("OpenBadgeCredential" | "AchievementCredential" | "ClrCredential"));
    match document.get("type") {
        Some(Value::Array(types)) => types.iter().any(badge),
        Some(single) => badge(single),
        None => false,
    }
}
