//! Credentials inside a credential (CLR entries, endorsements, credentials in a résumé), each verified alone.
//! Comes in: the covered outer document. Goes out: the `nested` check and a report per inner credential. A bad inner credential does
//! not affect the others. Must not know: how an inner credential is secured.

use crate::document::classify::names_data_model_2;
use crate::document::members::each;
use crate::document::{cose, token};
use crate::jsonld::notes::Path;
use crate::model::code::Code;
use crate::model::credential::{Document, ReceivedCredential, VerifiedDocument};
use crate::model::report::{Check, CheckId, Finding, NestedReport, NestedRole, Outcome};
use crate::model::submission::CandidateHint;
use crate::verify::{VerificationRequest, Verifier};
use serde_json::Value;
use std::sync::Arc;

const ID: CheckId = CheckId::Nested;
/// The deepest level at which inner credentials are verified.
pub const MAX_DEPTH: usize = 3;
/// The most credentials directly inside a credential. A long transcript has about a hundred.
const MAX_NESTED: usize = 200;

/// The inner credentials and their reports.
pub struct Nested {
    pub check: Check,
    pub reports: Vec<NestedReport>,
    /// Inner credentials (not endorsements) that were not rejected, with the JSON Pointer to each.
    pub documents: Vec<(String, VerifiedDocument)>,
}

/// An inner credential before verification.
struct Inner {
    pointer: String,
    role: NestedRole,
    media_type: &'static str,
    document: Document,
}

/// `depth`: the level of `document` itself; 0 for a received credential.
///
/// Codes: `nested_rejected`, `endorsement_invalid`, `nested_attention` (warning); `nested_too_many`, `nested_too_deep` (could not check).
pub async fn check(document: &Value, verifier: &Verifier, request: &VerificationRequest, depth: usize) -> Nested {
    let (inner, left_out) = find(document);
    if inner.is_empty() {
        return Nested {
            check: Check::not_applicable(ID, "The credential holds no other credentials."),
            reports: Vec::new(),
            documents: Vec::new(),
        };
    }
    if depth + 1 > MAX_DEPTH {
        let check = Check::could_not_check(
            ID,
            Code::NestedTooDeep,
            format!("Credentials more than {MAX_DEPTH} levels deep inside other credentials were not checked."),
        );
        return Nested { check, reports: Vec::new(), documents: Vec::new() };
    }
    let mut reports = Vec::with_capacity(inner.len());
    let mut documents = Vec::new();
    for credential in inner {
        let pointer = credential.pointer.clone();
        let role = credential.role;
        // The subject of an endorsement is the issuer or the achievement, not the candidate.
        let candidate = match role {
            NestedRole::Credential => request.candidate.clone(),
            NestedRole::Endorsement => CandidateHint::default(),
        };
        let inner_request = VerificationRequest { candidate, ..request.clone() };
        let received = receive(credential);
        let verification = verifier.verify_within(&received, &inner_request, depth + 1).await;
        if let (NestedRole::Credential, Some(document)) = (role, verification.document) {
            documents.push((pointer.clone(), document));
        }
        reports.push(NestedReport { pointer, role, report: verification.report });
    }
    Nested { check: judge(&reports, left_out), reports, documents }
}

fn receive(inner: Inner) -> ReceivedCredential {
    let bytes = match &inner.document {
        Document::Json(json) => serde_json::to_vec(json).unwrap_or_default(),
        Document::CompactJws(token) => token.text.clone().into_bytes(),
        Document::SdJwt(text) | Document::HostedUrl(text) => text.clone().into_bytes(),
        Document::CoseSign1(bytes) => bytes.clone(),
    };
    let media_type = inner.media_type.to_owned();
    ReceivedCredential {
        name: inner.pointer,
        containers: Vec::new(),
        media_type,
        bytes,
        document: inner.document,
        presentation: None,
    }
}

fn judge(reports: &[NestedReport], left_out: usize) -> Check {
    let with = |role: NestedRole, outcome: Outcome| {
        reports.iter().filter(move |nested| nested.role == role && nested.report.outcome == outcome)
    };
    let rejected = with(NestedRole::Credential, Outcome::Rejected).count();
    let attention = with(NestedRole::Credential, Outcome::Attention).count();
    let bad_endorsements = with(NestedRole::Endorsement, Outcome::Rejected).count();
    let credentials = reports.iter().filter(|nested| nested.role == NestedRole::Credential).count();
    let mut check = if rejected > 0 {
        let message =
            format!("{rejected} of the {credentials} credentials inside can't be relied on; the others are not affected.");
        Check::warning(ID, Code::NestedRejected, message)
    } else if left_out > 0 {
        let message = format!("Only {} of the {} credentials inside were checked.", reports.len(), reports.len() + left_out);
        Check::could_not_check(ID, Code::NestedTooMany, message)
    } else if attention > 0 {
        Check::warning(
            ID,
            Code::NestedAttention,
            format!("{attention} of the {credentials} credentials inside need a person's attention."),
        )
    } else if bad_endorsements > 0 {
        let message = "An endorsement inside can't be relied on; the credential itself is not affected.";
        Check::warning(ID, Code::EndorsementInvalid, message)
    } else {
        Check::pass(ID, "Every credential inside was verified on its own.")
    };
    for nested in reports.iter().filter(|nested| nested.report.outcome != Outcome::Accepted) {
        let Some(deciding) = nested.report.deciding_check() else { continue };
        // The problem type of an inner credential's check would describe this credential.
        check = check.finding(Finding::new(deciding.code, &deciding.message).at(&nested.pointer).typed(None));
    }
    check
}

/// Every credential directly inside, in document order, and the number of further ones.
fn find(document: &Value) -> (Vec<Inner>, usize) {
    let mut found = Vec::new();
    let mut more = 0;
    let Some(members) = document.as_object() else { return (found, more) };
    for (name, value) in members {
        walk(value, name, &Path::Key(&Path::Root, name), &mut found, &mut more);
    }
    (found, more)
}

fn walk(value: &Value, member: &str, path: &Path<'_>, found: &mut Vec<Inner>, more: &mut usize) {
    // Contexts and proofs hold no credentials; a status list's text is long.
    if matches!(member, "@context" | "proof" | "encodedList") {
        return;
    }
    if let Some(inner) = as_credential(value, member, path) {
        match found.len() < MAX_NESTED {
            true => found.push(inner),
            false => *more += 1,
        }
        return;
    }
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, member, &Path::Index(path, number), found, more);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                walk(value, name, &Path::Key(path, name), found, more);
            }
        }
        _ => {}
    }
}

fn as_credential(value: &Value, member: &str, path: &Path<'_>) -> Option<Inner> {
    let inner = |role, media_type, document| Some(Inner { pointer: path.pointer(), role, media_type, document });
    match value {
        Value::String(text) if matches!(member, "verifiableCredential" | "endorsementJwt") => {
            let role = if member == "endorsementJwt" { NestedRole::Endorsement } else { NestedRole::Credential };
            inner(role, "application/vc+jwt", token(text)?)
        }
        Value::Object(members) => {
            let has = |name: &str| each(&value["type"]).any(|kind| kind.as_str() == Some(name));
            // Without its vocabulary it is judged as the JSON that it is.
            if has("EnvelopedVerifiableCredential") && !names_data_model_2(members) {
                return inner(NestedRole::Credential, "application/vc+ld+json", Document::Json(Arc::new(value.clone())));
            }
            if has("EnvelopedVerifiableCredential") {
                let (_, text) = value["id"].as_str()?.strip_prefix("data:")?.split_once(',')?;
                let document = token(text)?;
                let media_type = match document {
                    Document::CoseSign1(_) => "application/vc+cose",
                    _ => "application/vc+jwt",
                };
                return inner(NestedRole::Credential, media_type, document);
            }
            if !has("VerifiableCredential") {
                return None;
            }
            let is_endorsement = member == "endorsement" || has("EndorsementCredential");
            let role = if is_endorsement { NestedRole::Endorsement } else { NestedRole::Credential };
            inner(role, "application/vc+ld+json", Document::Json(Arc::new(value.clone())))
        }
        _ => None,
    }
}

fn token(text: &str) -> Option<Document> {
    let text = text.trim();
    if text.contains('~') {
        return Some(Document::SdJwt(text.to_owned()));
    }
    if text.split('.').count() == 3 {
        return Some(Document::CompactJws(token::read(text)));
    }
    cose::from_base64(text).map(Document::CoseSign1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_inner_credential_is_found_once_with_its_place() {
        let vc =
            json!({ "type": ["VerifiableCredential"], "credentialSubject": { "inner": { "type": "VerifiableCredential" } } });
        let endorsement = json!({ "type": ["VerifiableCredential", "EndorsementCredential"] });
        let document = json!({
            "type": ["VerifiableCredential", "ClrCredential"],
            "endorsement": [endorsement],
            "endorsementJwt": "a.b.c",
            "credentialSubject": {
                "verifiableCredential": [vc, "d.e.f", { "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt,g.h.i" }],
                "achievement": { "creator": { "endorsementJwt": ["j.k.l"] } },
            },
            "proof": { "type": "VerifiableCredential" }
        });
        let (found, more) = find(&document);
        let mut places: Vec<(&str, NestedRole)> = found.iter().map(|inner| (inner.pointer.as_str(), inner.role)).collect();
        places.sort_by_key(|(pointer, _)| *pointer);
        let credential = NestedRole::Credential;
        assert_eq!(
            places,
            [
                ("/credentialSubject/achievement/creator/endorsementJwt/0", NestedRole::Endorsement),
                ("/credentialSubject/verifiableCredential/0", credential),
                ("/credentialSubject/verifiableCredential/1", credential),
                ("/credentialSubject/verifiableCredential/2", credential),
                ("/endorsement/0", NestedRole::Endorsement),
                ("/endorsementJwt", NestedRole::Endorsement),
            ]
        );
        assert_eq!(more, 0);
    }

    #[test]
    fn more_than_the_bound_are_counted_not_verified() {
        let many = vec![json!({ "type": "VerifiableCredential" }); MAX_NESTED + 5];
        let (found, more) = find(&json!({ "credentialSubject": { "verifiableCredential": many } }));
        assert_eq!((found.len(), more), (MAX_NESTED, 5));
    }
}
