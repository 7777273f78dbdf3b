//! Members that decide validity, status and issuer: readers must find them in their usual place and plain form.
//! Comes in: the document. Goes out: problems of the `integrity` check.
//! Must not know: proofs, contexts.

use crate::model::code::Code;
use crate::verify::securing::proof::problem::ProofProblem;
use serde_json::{Map, Value};

const DATES: [&str; 6] = ["validFrom", "validUntil", "issuanceDate", "expirationDate", "issued", "awardedDate"];
const OBJECTS: [&str; 4] = ["credentialStatus", "credentialSubject", "credentialSchema", "refreshService"];

pub fn problems(document: &Map<String, Value>) -> Vec<ProofProblem> {
    let mut problems = Vec::new();
    let mut wrong = |pointer: String, what: &str| {
        problems.push(ProofProblem::integrity(Code::NotPlain, &pointer, format!("{what} is not written in its plain form")));
    };
    for name in DATES.iter().filter(|name| document.get(**name).is_some_and(|value| !value.is_string() && !value.is_null())) {
        wrong(format!("/{name}"), name);
    }
    for name in OBJECTS {
        let single = document.get(name).map(std::slice::from_ref).unwrap_or_default();
        let (values, many) = match document.get(name) {
            Some(Value::Array(values)) => (values.as_slice(), true),
            _ => (single, false),
        };
        for (index, value) in values.iter().enumerate() {
            let pointer = if many { format!("/{name}/{index}") } else { format!("/{name}") };
            match value {
                Value::Object(members) if name == "credentialStatus" => {
                    for (member, _) in members.iter().filter(|(_, value)| value.is_object()) {
                        wrong(format!("{pointer}/{member}"), member);
                    }
                }
                Value::Object(_) | Value::Null => {}
                Value::String(_) if name == "credentialSubject" => {}
                _ => wrong(pointer, name),
            }
        }
    }
    if let Some(issuer) = document.get("issuer") {
        let id = issuer.as_object().map_or(Some(issuer), |issuer| issuer.get("id"));
        if !id.is_some_and(Value::is_string) {
            wrong("/issuer".to_owned(), "the issuer");
        }
    }
    problems
}
