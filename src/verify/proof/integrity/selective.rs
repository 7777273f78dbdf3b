//! What a holder who may withhold parts of a credential could have withheld.
//! Comes in: which statements the issuer made mandatory. Goes out: problems of the `integrity` check.
//! Must not know: how the proof was checked.

use crate::jsonld::dataset::{Quad, Term};
use crate::verify::proof::problem::ProofProblem;
use serde_json::{Map, Value};

/// The statements of a selectively disclosed document.
#[derive(Clone, Debug)]
pub struct Disclosure {
    /// Always disclosed: the issuer decided so.
    pub mandatory: Vec<Quad>,
    /// Disclosed by the holder's choice.
    pub chosen: Vec<Quad>,
}

/// A problem, and whether it is one to refuse for.
pub struct Withholdable {
    pub problem: ProofProblem,
    pub fatal: bool,
}

const CREDENTIALS: &str = "https://www.w3.org/2018/credentials#";
/// A holder who could leave one of these out could make an expired or revoked credential look good.
const DECISIVE: [&str; 5] = ["validFrom", "validUntil", "issuanceDate", "expirationDate", "credentialStatus"];

/// Statements about validity, status, issuer and type must be mandatory; absent ones can't be told from withheld ones.
pub fn problems(document: &Map<String, Value>, disclosure: &Disclosure) -> Vec<Withholdable> {
    let mut found = Vec::new();
    // An issuer who marks nothing does not use the mechanism; one who marks some statements left the others out on purpose.
    let strict = is_badge(document) && !disclosure.mandatory.is_empty();
    let mut report = |name: &str, detail: String| {
        let problem = ProofProblem::integrity("withholdable", &format!("/{name}"), detail);
        found.push(Withholdable { problem, fatal: strict });
    };
    for name in DECISIVE {
        let predicate = format!("{CREDENTIALS}{name}");
        if disclosure.chosen.iter().any(|quad| *quad.predicate == *predicate) {
            report(name, format!("the holder could have left out {name}, or others like it"));
        }
    }
    let status_nodes: Vec<&Term> =
        all(disclosure).filter(|quad| names(quad, "credentialStatus")).map(|quad| &quad.object).collect();
    if disclosure.chosen.iter().any(|quad| status_nodes.contains(&&quad.subject)) {
        report("credentialStatus", "the holder could have left out a part of the status".to_owned());
    }
    let absent = |names: [&str; 2]| names.iter().all(|name| !document.contains_key(*name));
    for (names, what) in [
        (["validFrom", "issuanceDate"], "from when the credential is valid"),
        (["validUntil", "expirationDate"], "until when the credential is valid"),
        (["credentialStatus", "credentialStatus"], "whether the credential can be revoked"),
    ] {
        if absent(names) {
            report(names[0], format!("the file does not show {what}, and its holder could have left that out"));
        }
    }
    found
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
