//! Contexts below the top: only a credential inside the credential may have its own context.
//! Comes in: the document. Goes out: problems of the `context` and `integrity` checks.
//! Must not know: proofs.

use super::screen;
use crate::document::members::entries;
use crate::jsonld::Contexts;
use crate::jsonld::notes::Path;
use crate::model::code::Code;
use crate::verify::securing::proof::problem::ProofProblem;
use serde_json::{Map, Value};

/// Members that hold credentials.
const CREDENTIALS: [&str; 2] = ["endorsement", "verifiableCredential"];
/// Contexts that define only signature suites: a proof may have them itself.
const SUITES: [&str; 6] = [
    "https://w3id.org/security/suites/ed25519-2018/v1",
    "https://w3id.org/security/suites/ed25519-2020/v1",
    "https://w3id.org/security/suites/jws-2020/v1",
    "https://w3id.org/security/data-integrity/v1",
    "https://w3id.org/security/data-integrity/v2",
    "https://w3c-ccg.github.io/lds-jws2020/contexts/lds-jws2020-v1.json",
];
/// The most credentials within one credential, at any depth.
const MAX_EMBEDDED: usize = 256;

pub fn problems(document: &Map<String, Value>, contexts: &Contexts) -> Vec<ProofProblem> {
    let mut walk = Walk { contexts, embedded: 0, problems: Vec::new() };
    walk.members(document, &Path::Root);
    if walk.embedded > MAX_EMBEDDED {
        let detail = format!("the document holds more than {MAX_EMBEDDED} other credentials");
        walk.problems.push(ProofProblem::new(Code::TooComplex, detail));
    }
    walk.problems
}

struct Walk<'a> {
    contexts: &'a Contexts,
    embedded: usize,
    problems: Vec<ProofProblem>,
}

impl Walk<'_> {
    fn members(&mut self, members: &Map<String, Value>, path: &Path<'_>) {
        for (name, value) in members.iter().filter(|(name, _)| *name != "@context") {
            let path = Path::Key(path, name);
            match value {
                Value::Array(items) => {
                    for (index, item) in items.iter().enumerate() {
                        self.value(item, &Path::Index(&path, index), CREDENTIALS.contains(&name.as_str()));
                    }
                }
                single => self.value(single, &path, CREDENTIALS.contains(&name.as_str())),
            }
        }
    }

    fn value(&mut self, value: &Value, path: &Path<'_>, credential: bool) {
        match value {
            Value::Object(members) => {
                self.contexts_of(members, path, credential);
                self.members(members, path);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, &Path::Index(path, index), false);
                }
            }
            _ => {}
        }
    }

    fn contexts_of(&mut self, members: &Map<String, Value>, path: &Path<'_>, credential: bool) {
        let is_credential = credential && members.get("type").is_some_and(names_credential);
        if is_credential {
            self.embedded += 1;
        }
        let here = || Path::Key(path, "@context").pointer();
        match members.get("@context") {
            None if is_credential => {
                let detail = "a credential inside the document does not name its vocabulary".to_owned();
                self.problems.push(ProofProblem::integrity(Code::InnerContextMissing, &path.pointer(), detail));
            }
            None => {}
            Some(context) if is_proof(path) && names_suites(context) => {}
            Some(_) if !credential => {
                let detail = "a part of the document changes what words mean".to_owned();
                self.problems.push(ProofProblem::integrity(Code::InnerContext, &here(), detail));
            }
            Some(context) => {
                let entries = match context {
                    Value::Array(entries) => entries.as_slice(),
                    single => std::slice::from_ref(single),
                };
                self.problems.extend(screen::list(entries, self.contexts, &here(), false).err());
            }
        }
    }
}

/// `/proof`, `/verifiableCredential/0/proof/1` and the like.
fn is_proof(path: &Path<'_>) -> bool {
    match path {
        Path::Root => false,
        Path::Key(_, name) => *name == "proof",
        Path::Index(list, _) => is_proof(list),
    }
}

fn names_suites(context: &Value) -> bool {
    entries(Some(context)).all(|entry| entry.as_str().is_some_and(|url| SUITES.contains(&url)))
}

fn names_credential(types: &Value) -> bool {
    let named = |written: &Value| written.as_str() == Some("VerifiableCredential");
    match types {
        Value::Array(types) => types.iter().any(named),
        single => named(single),
    }
}
