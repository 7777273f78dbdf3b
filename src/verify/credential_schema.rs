//! The schemas that a credential names itself (`credentialSchema`): fetched, compiled under bounds, applied.
//! Comes in: a credential and the check on our own schemas. Goes out: that check, completed.
//! Must not know: what the schemas demand.

use super::documents::{DocumentError, Documents};
use super::recipient::each;
use super::schema::finding;
use super::status::shorten;
use super::{SecuredDocument, Verifier};
use crate::intake::text::token;
use crate::intake::{Limits, json};
use crate::model::credential::Document;
use crate::model::report::{Check, CheckStatus, Finding};
use chrono::{DateTime, Utc};
use jsonschema::PatternOptions;
use serde_json::Value;
use std::sync::Arc;

/// The most schemas of one credential that are looked at.
const MAX_SCHEMAS: usize = 8;
/// A schema larger than this is not compiled.
const MAX_SCHEMA_BYTES: usize = 1 << 20;
/// Work that one regular expression of a stranger's schema may cause.
const MAX_BACKTRACKS: usize = 100_000;

/// What one named schema says of the document.
enum Verdict {
    Conforms,
    Violates(Vec<Finding>),
    /// Code and sentence.
    Unknown(&'static str, String),
}

/// Codes: `credential_schema_violated` (warning for what the issuer's own schema refuses, since the credential is
/// genuine all the same), `credential_schema_unavailable`, `credential_schema_unknown`, `credential_schema_invalid` (could not check).
pub(super) async fn check(document: &Value, mut own: Check, verifier: &Verifier, at: DateTime<Utc>) -> Check {
    if own.status == CheckStatus::Fail {
        return own;
    }
    for (number, entry) in each(&document["credentialSchema"]).take(MAX_SCHEMAS).enumerate() {
        let pointer = format!("/credentialSchema/{number}");
        match evaluate(entry, document, verifier, at).await {
            Verdict::Conforms if own.status == CheckStatus::NotApplicable => {
                own = Check::pass(own.id, "The file has the structure that the issuer's own schema prescribes.");
            }
            Verdict::Conforms => {}
            Verdict::Violates(findings) => {
                // Editions of one schema differ in strictness and are often confused; the credential is genuine all the same.
                let message = "The file does not follow the schema that it names itself.";
                own = worsen(own, CheckStatus::Warning, "credential_schema_violated", message);
                own.findings.extend(findings);
            }
            Verdict::Unknown(code, detail) => {
                own = worsen(own, CheckStatus::CouldNotCheck, code, "The schema that the file names could not be applied.");
                own.findings.push(finding(code, detail, &pointer));
            }
        }
    }
    own
}

/// A fail outweighs what could not be checked; that outweighs a warning.
fn worsen(mut check: Check, status: CheckStatus, code: &str, message: &str) -> Check {
    let weight = |status: CheckStatus| match status {
        CheckStatus::Fail => 3,
        CheckStatus::CouldNotCheck => 2,
        CheckStatus::Warning => 1,
        CheckStatus::Pass | CheckStatus::NotApplicable => 0,
    };
    if weight(status) > weight(check.status) {
        check.status = status;
        check.code = code.to_owned();
        check.message = message.to_owned();
        check.next_step = Some("Ask the issuer to issue the credential again, or check it once more later.".to_owned());
    }
    check
}

async fn evaluate(entry: &Value, document: &Value, verifier: &Verifier, at: DateTime<Utc>) -> Verdict {
    let types: Vec<&str> = each(&entry["type"]).filter_map(Value::as_str).collect();
    let Some(url) = entry["id"].as_str() else {
        return Verdict::Unknown("credential_schema_invalid", "The entry has no address.".into());
    };
    // The misspelling without "1EdTech" is common in real credentials.
    let is_plain = ["JsonSchema", "1EdTechJsonSchemaValidator2019", "JsonSchemaValidator2019", "JsonSchemaValidator2018"];
    if types.iter().any(|name| is_plain.contains(name)) {
        return match fetch(url, &verifier.documents).await {
            Ok(schema) => apply(&schema, document),
            Err(verdict) => verdict,
        };
    }
    if types.contains(&"JsonSchemaCredential") {
        return match fetch_credential(url, verifier, at).await {
            Ok(schema) => apply(&schema, document),
            Err(verdict) => verdict,
        };
    }
    let named = types.first().map_or_else(String::new, |name| shorten(name));
    Verdict::Unknown("credential_schema_unknown", format!("Schemas of the kind \"{named}\" are not known."))
}

async fn fetch_bytes(url: &str, documents: &Documents) -> Result<bytes::Bytes, Verdict> {
    let unavailable = |detail: &str| Verdict::Unknown("credential_schema_unavailable", detail.to_owned());
    let fetched = documents.get(url, "application/schema+json, application/json").await.map_err(|error| match error {
        DocumentError::Gone(_) | DocumentError::NotFound(_) => unavailable("The schema does not exist at the address given."),
        DocumentError::Refused(_) => unavailable("The address of the schema may not be contacted."),
        DocumentError::Offline(_) => unavailable("The schema was not at hand and nothing may be fetched."),
        DocumentError::Unreachable { .. } => unavailable("The schema could not be fetched."),
    })?;
    match fetched.bytes.len() > MAX_SCHEMA_BYTES {
        true => Err(Verdict::Unknown("credential_schema_invalid", "The schema is larger than allowed.".into())),
        false => Ok(fetched.bytes),
    }
}

async fn fetch(url: &str, documents: &Documents) -> Result<Value, Verdict> {
    let bytes = fetch_bytes(url, documents).await?;
    json::parse(&bytes, &Limits::default())
        .map_err(|_| Verdict::Unknown("credential_schema_invalid", "What stands at the schema's address is not JSON.".into()))
}

/// VC JSON Schema 1.0, §2.2: the schema travels inside a credential that must itself verify.
async fn fetch_credential(url: &str, verifier: &Verifier, at: DateTime<Utc>) -> Result<Value, Verdict> {
    let bytes = fetch_bytes(url, &verifier.documents).await?;
    let broken = |detail: &str| Verdict::Unknown("credential_schema_invalid", detail.to_owned());
    let document = match json::parse(&bytes, &Limits::default()) {
        Ok(Value::String(text)) => Document::CompactJws(token(&text)),
        Ok(value) => Document::Json(Arc::new(value)),
        Err(_) => Document::CompactJws(token(&String::from_utf8_lossy(&bytes))),
    };
    let secured = verifier.verify_secured(&document, at).await;
    if !is_genuine(&secured) {
        return Err(broken("The credential that carries the schema is not genuine."));
    }
    let subject = secured.json.as_ref().map(|json| &json["credentialSubject"]);
    let subject = subject.filter(|subject| each(&subject["type"]).filter_map(Value::as_str).any(|name| name == "JsonSchema"));
    subject
        .map(|subject| subject["jsonSchema"].clone())
        .filter(Value::is_object)
        .ok_or_else(|| broken("The credential at the schema's address carries no schema."))
}

fn is_genuine(secured: &SecuredDocument) -> bool {
    use crate::model::report::CheckId;
    let bad = secured.checks.iter().any(|check| check.status == CheckStatus::Fail);
    let proven = secured.checks.iter().any(|check| check.id == CheckId::Proof && check.status == CheckStatus::Pass);
    proven && !bad
}

/// References to other documents are refused: no credential causes a fetch beyond the one that it names.
fn apply(schema: &Value, document: &Value) -> Verdict {
    // A dialect that isn't known can't be guessed at.
    let declares_dialect = schema["$schema"].as_str().is_some_and(|dialect| {
        [
            "https://json-schema.org/draft/2020-12/schema",
            "https://json-schema.org/draft/2019-09/schema",
            "http://json-schema.org/draft-07/schema",
        ]
        .contains(&dialect.trim_end_matches('#'))
    });
    if !declares_dialect {
        return Verdict::Unknown(
            "credential_schema_invalid",
            "The schema does not say which known edition of JSON Schema it follows.".into(),
        );
    }
    let patterns = PatternOptions::fancy_regex().backtrack_limit(MAX_BACKTRACKS).size_limit(1 << 20).dfa_size_limit(1 << 20);
    let compiled = jsonschema::options().offline().with_pattern_options(patterns).build(schema);
    let validator = match compiled {
        Ok(validator) => validator,
        Err(_) => {
            return Verdict::Unknown(
                "credential_schema_invalid",
                "The schema itself is broken or refers to other documents.".into(),
            );
        }
    };
    let findings: Vec<Finding> = validator
        .iter_errors(document)
        .take(20)
        .map(|error| {
            let pointer = error.instance_path().to_string();
            finding(
                "credential_schema_violated",
                format!(
                    "At {}: {}.",
                    if pointer.is_empty() { "the document" } else { &pointer },
                    shorten(&error.masked_with("…").to_string())
                ),
                &pointer,
            )
        })
        .collect();
    match findings.is_empty() {
        true => Verdict::Conforms,
        false => Verdict::Violates(findings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

    #[test]
    fn a_schema_that_refers_elsewhere_is_refused_without_fetching() {
        let schema = json!({ "$schema": DIALECT, "$ref": "https://example.org/other.json" });
        assert!(matches!(apply(&schema, &json!({})), Verdict::Unknown("credential_schema_invalid", _)));
    }

    #[test]
    fn a_schema_without_a_known_edition_is_not_guessed_at() {
        assert!(matches!(apply(&json!({ "type": "object" }), &json!({})), Verdict::Unknown(..)));
    }

    #[test]
    fn a_violation_names_its_place_but_not_the_value() {
        let schema = json!({ "$schema": DIALECT, "properties": { "email": { "type": "number" } } });
        let Verdict::Violates(findings) = apply(&schema, &json!({ "email": "ada@example.org" })) else {
            panic!("must be violated")
        };
        assert_eq!(findings[0].pointer.as_deref(), Some("/email"));
        assert!(!findings[0].detail.contains("ada@"), "{}", findings[0].detail);
    }

    #[test]
    fn a_pattern_that_explodes_ends() {
        let schema = json!({ "$schema": DIALECT, "properties": { "a": { "pattern": "^(a+)+\\1$" } } });
        let started = std::time::Instant::now();
        let _ = apply(&schema, &json!({ "a": "a".repeat(64) + "!" }));
        assert!(started.elapsed().as_secs() < 5);
    }
}
