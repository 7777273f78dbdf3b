//! The schemas that a credential names itself (`credentialSchema`): fetched, compiled under bounds, applied.
//! Comes in: a credential and the check on our own schemas. Goes out: that check, completed.
//! Must not know: what the schemas demand.

use super::status::shorten;
use crate::document::members::each;
use crate::document::{Limits, classify, json, token};
use crate::model::code::Code;
use crate::model::credential::{Document, Format};
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::verify::documents::{DocumentError, Documents};
use crate::verify::{SecuredDocument, Verifier};
use chrono::{DateTime, Utc};
use jsonschema::PatternOptions;
use serde_json::Value;
use std::sync::Arc;

/// The most schemas of one credential that are looked at.
const MAX_SCHEMAS: usize = 8;
/// A schema larger than this is not compiled.
const MAX_SCHEMA_BYTES: usize = 1 << 20;
/// Where 1EdTech publishes the schemas of Open Badges 3.0 and CLR 2.0, in their editions.
const OFFICIAL: [(Format, &str); 2] = [
    (Format::OpenBadges3, "purl.imsglobal.org/spec/ob/v3p0/schema/"),
    (Format::Clr2, "purl.imsglobal.org/spec/clr/v2p0/schema/"),
];

/// The schema that every credential around a schema must name (VC JSON Schema 1.0 §2.2).
const SCHEMA_OF_SCHEMAS: &str = "https://www.w3.org/2022/credentials/v2/json-schema-credential-schema.json";
/// `$schema` as written → the edition's own identifier. VC JSON Schema 1.0 §4 writes Draft 7 with https.
const DIALECTS: [(&str, &str); 4] = [
    ("https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2020-12/schema"),
    ("https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2019-09/schema"),
    ("http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema#"),
    ("https://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/schema#"),
];
/// Bound on the work of one regular expression in a foreign schema.
const MAX_BACKTRACKS: usize = 100_000;

/// The result of one named schema.
enum Verdict {
    Conforms,
    Violates(Vec<Finding>),
    /// The address leads to another schema, or to no schema (VC JSON Schema 1.0 §4.2: failure).
    Broken(String),
    /// Code and sentence (VC JSON Schema 1.0 §4.2: indeterminate).
    Unknown(Code, String),
}

/// Codes: `credential_schema_violated` (only a warning: a violation of the issuer's own schema does not make the credential
/// less genuine), `credential_schema_broken` (warning), `credential_schema_unavailable`, `credential_schema_unknown`,
/// `credential_schema_invalid` (could not check).
pub(crate) async fn check(document: &Value, mut own: Check, verifier: &Verifier, at: DateTime<Utc>) -> Check {
    if own.status == CheckStatus::Fail {
        return own;
    }
    if each(&document["credentialSchema"]).nth(MAX_SCHEMAS).is_some() {
        let message = "The file names more schemas than the gateway applies.";
        own = worsen(own, CheckStatus::CouldNotCheck, Code::CredentialSchemaTooMany, message);
        let detail = format!("Only the first {MAX_SCHEMAS} schemas were applied.");
        own.findings.push(Finding::new(Code::CredentialSchemaTooMany, detail).at("/credentialSchema"));
    }
    for (number, entry) in each(&document["credentialSchema"]).take(MAX_SCHEMAS).enumerate() {
        let pointer = format!("/credentialSchema/{number}");
        match evaluate(entry, document, verifier, at).await {
            Verdict::Conforms if own.status == CheckStatus::NotApplicable => {
                own = Check::pass(own.id, "The file has the structure that the issuer's own schema prescribes.");
            }
            Verdict::Conforms => {}
            Verdict::Violates(findings) => {
                // Issuers often name the wrong edition of a schema, and editions differ in strictness. The credential is still genuine.
                let message = "The file does not follow the schema that it names.";
                own = worsen(own, CheckStatus::Warning, Code::CredentialSchemaViolated, message);
                own.findings.extend(findings);
            }
            Verdict::Broken(detail) => {
                let message = "The file names a schema, but the schema's address leads to something else.";
                own = worsen(own, CheckStatus::Warning, Code::CredentialSchemaBroken, message);
                own.findings.push(Finding::new(Code::CredentialSchemaBroken, detail).at(pointer.as_str()));
            }
            Verdict::Unknown(code, detail) => {
                own = worsen(own, CheckStatus::CouldNotCheck, code, "The schema that the file names could not be applied.");
                own.findings.push(Finding::new(code, detail).at(pointer.as_str()));
            }
        }
    }
    own
}

/// A failure outweighs `could_not_check`, and `could_not_check` outweighs a warning.
fn worsen(mut check: Check, status: CheckStatus, code: Code, message: &str) -> Check {
    let weight = |status: CheckStatus| match status {
        CheckStatus::Fail => 3,
        CheckStatus::CouldNotCheck => 2,
        CheckStatus::Warning => 1,
        CheckStatus::Pass | CheckStatus::NotApplicable => 0,
    };
    if weight(status) > weight(check.status) {
        check.status = status;
        check.code = code;
        check.message = message.to_owned();
        check.next_step = code.next_step().map(str::to_owned);
    }
    check
}

async fn evaluate(entry: &Value, document: &Value, verifier: &Verifier, at: DateTime<Utc>) -> Verdict {
    let types: Vec<&str> = each(&entry["type"]).filter_map(Value::as_str).collect();
    let Some(url) = entry["id"].as_str() else {
        return Verdict::Unknown(Code::CredentialSchemaInvalid, "The schema entry has no address.".into());
    };
    // The misspelling without "1EdTech" is common in real credentials.
    let is_plain = ["JsonSchema", "1EdTechJsonSchemaValidator2019", "JsonSchemaValidator2019", "JsonSchemaValidator2018"];
    if types.iter().any(|name| is_plain.contains(name)) {
        let schema = match fetch(url, &verifier.documents).await {
            Ok(schema) => schema,
            // The check that this one completes has applied our own copy of it.
            Err(Verdict::Unknown(..)) if is_official(url, document) => return Verdict::Conforms,
            Err(verdict) => return verdict,
        };
        // The kinds that Open Badges defines do not require a schema to have an `$id`.
        let named = types.contains(&"JsonSchema");
        let is_named = || schema["$id"].as_str().is_some_and(|id| id.trim_end_matches('#') == url.trim_end_matches('#'));
        if named && !is_named() {
            return Verdict::Broken("The schema names a different address as its own (`$id`).".into());
        }
        return apply(&schema, document);
    }
    if types.contains(&"JsonSchemaCredential") {
        return match fetch_credential(url, verifier, at).await {
            Ok(schema) => apply(&schema, document),
            Err(verdict) => verdict,
        };
    }
    let named = types.first().map_or_else(String::new, |name| shorten(name));
    Verdict::Unknown(Code::CredentialSchemaUnknown, format!("The gateway does not know schemas of the kind \"{named}\"."))
}

/// Whether `url` is the official schema of the document's kind.
fn is_official(url: &str, document: &Value) -> bool {
    let address = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    let format = classify::format_of(document);
    OFFICIAL.iter().any(|(of, folder)| *of == format && address.starts_with(folder))
}

async fn fetch_bytes(url: &str, documents: &Documents) -> Result<bytes::Bytes, Verdict> {
    let unavailable = |detail: &str| Verdict::Unknown(Code::CredentialSchemaUnavailable, detail.to_owned());
    let fetched = documents.get(url, "application/schema+json, application/json").await.map_err(|error| match error {
        DocumentError::Gone(_) | DocumentError::NotFound(_) => unavailable("There is no schema at the schema's address."),
        DocumentError::Offline(_) => {
            unavailable("The schema was not provided, and the gateway is not allowed to fetch the schema.")
        }
        DocumentError::Unreachable(_) => unavailable("The schema could not be fetched."),
    })?;
    match fetched.bytes.len() > MAX_SCHEMA_BYTES {
        true => Err(Verdict::Unknown(Code::CredentialSchemaInvalid, "The schema is larger than allowed.".into())),
        false => Ok(fetched.bytes),
    }
}

async fn fetch(url: &str, documents: &Documents) -> Result<Value, Verdict> {
    let bytes = fetch_bytes(url, documents).await?;
    json::parse(&bytes, &Limits::default())
        .map_err(|_| Verdict::Broken("The document at the schema's address is not JSON.".into()))
}

/// VC JSON Schema 1.0, §2.2: the schema travels inside a credential that must itself verify.
async fn fetch_credential(url: &str, verifier: &Verifier, at: DateTime<Utc>) -> Result<Value, Verdict> {
    let bytes = fetch_bytes(url, &verifier.documents).await?;
    let document = match json::parse(&bytes, &Limits::default()) {
        Ok(Value::String(text)) => Document::CompactJws(token::read(&text)),
        Ok(value) => Document::Json(Arc::new(value)),
        Err(_) => Document::CompactJws(token::read(&String::from_utf8_lossy(&bytes))),
    };
    let secured = verifier.verify_secured(&document, at).await;
    if secured.checks.iter().any(|check| check.status == CheckStatus::Fail) {
        return Err(Verdict::Broken("The credential that carries the schema is not genuine.".into()));
    }
    let Some(json) = secured.json.as_ref().filter(|_| is_proven(&secured)) else {
        let detail = "It could not be checked whether the credential that carries the schema is genuine.";
        return Err(Verdict::Unknown(Code::CredentialSchemaInvalid, detail.to_owned()));
    };
    carried(json, url).map_err(|detail| Verdict::Broken(detail.to_owned()))
}

/// The schema inside a genuine credential, if the credential is what VC JSON Schema 1.0 §2.2 demands.
fn carried(credential: &Value, url: &str) -> Result<Value, &'static str> {
    let has_type = |holder: &Value, wanted: &str| each(&holder["type"]).any(|name| name.as_str() == Some(wanted));
    let subject = &credential["credentialSubject"];
    let demands = [
        (credential["id"].as_str() == Some(url), "The credential at the schema's address has another identifier."),
        (has_type(credential, "JsonSchemaCredential"), "The credential at the schema's address is of another kind."),
        (
            each(&credential["credentialSchema"]).any(|entry| entry["id"].as_str() == Some(SCHEMA_OF_SCHEMAS)),
            "The credential that carries the schema does not name the schema that the standard requires for such credentials.",
        ),
        (
            has_type(subject, "JsonSchema") && subject["jsonSchema"].is_object(),
            "The credential at the schema's address carries no schema.",
        ),
        // In a schema without an address, a relative `$id` identifies nothing.
        (
            subject["jsonSchema"]["$id"].as_str().is_some_and(|id| url::Url::parse(id).is_ok()),
            "The schema has no `$id` that is a full address.",
        ),
    ];
    match demands.into_iter().find(|(is_met, _)| !is_met) {
        Some((_, detail)) => Err(detail),
        None => Ok(subject["jsonSchema"].clone()),
    }
}

fn is_proven(secured: &SecuredDocument) -> bool {
    secured.checks.iter().any(|check| check.id == CheckId::Proof && check.status == CheckStatus::Pass)
}

/// References to other documents are refused: no credential causes a fetch beyond the one that it names.
fn apply(schema: &Value, document: &Value) -> Verdict {
    let Some(written) = schema["$schema"].as_str() else {
        return Verdict::Broken("The schema does not say which edition of JSON Schema it follows.".into());
    };
    // An unknown edition must not be guessed.
    let Some((_, dialect)) = DIALECTS.iter().find(|(known, _)| *known == written.trim_end_matches('#')) else {
        let detail = "The schema follows an edition of JSON Schema that the gateway does not know.";
        return Verdict::Unknown(Code::CredentialSchemaInvalid, detail.to_owned());
    };
    let mut schema = schema.clone();
    schema["$schema"] = Value::from(*dialect);
    let patterns = PatternOptions::fancy_regex().backtrack_limit(MAX_BACKTRACKS).size_limit(1 << 20).dfa_size_limit(1 << 20);
    let compiled = jsonschema::options().offline().with_pattern_options(patterns).build(&schema);
    let validator = match compiled {
        Ok(validator) => validator,
        Err(_) => {
            return Verdict::Unknown(
                Code::CredentialSchemaInvalid,
                "The schema itself is broken or refers to other documents.".into(),
            );
        }
    };
    let findings: Vec<Finding> = validator
        .iter_errors(document)
        .take(20)
        .map(|error| {
            let pointer = error.instance_path().to_string();
            Finding::new(
                Code::CredentialSchemaViolated,
                format!(
                    "At {}: {}.",
                    if pointer.is_empty() { "the document" } else { &pointer },
                    shorten(&error.masked_with("…").to_string())
                ),
            )
            .at(pointer.as_str())
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
        assert!(matches!(apply(&schema, &json!({})), Verdict::Unknown(Code::CredentialSchemaInvalid, _)));
    }

    #[test]
    fn a_schema_without_a_known_edition_is_not_guessed_at() {
        assert!(matches!(apply(&json!({ "type": "object" }), &json!({})), Verdict::Broken(_)));
        let unknown = json!({ "$schema": "https://json-schema.org/draft/unknown/schema", "type": "object" });
        assert!(matches!(apply(&unknown, &json!({})), Verdict::Unknown(Code::CredentialSchemaInvalid, _)));
    }

    #[test]
    fn a_credential_around_a_schema_is_what_the_specification_demands() {
        let url = "https://example.org/schemas/1";
        let credential = json!({
            "id": url, "type": ["VerifiableCredential", "JsonSchemaCredential"],
            "credentialSchema": { "id": SCHEMA_OF_SCHEMAS, "type": "JsonSchema" },
            "credentialSubject": { "type": "JsonSchema", "jsonSchema": { "$id": "https://example.org/inner", "$schema": DIALECT } },
        });
        assert!(carried(&credential, url).is_ok());
        for (pointer, value) in [
            ("/id", json!("https://example.org/schemas/2")),
            ("/type", json!(["VerifiableCredential"])),
            ("/credentialSchema/id", json!("https://example.org/other")),
            ("/credentialSubject/type", json!("Person")),
            ("/credentialSubject/jsonSchema", json!("x")),
            ("/credentialSubject/jsonSchema/$id", json!("inner")),
        ] {
            let mut changed = credential.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            assert!(carried(&changed, url).is_err(), "{pointer}");
        }
    }

    #[test]
    fn draft_7_is_known_by_both_of_its_addresses() {
        for dialect in ["http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft-07/schema#"] {
            let schema = json!({ "$schema": dialect, "required": ["name"] });
            assert!(matches!(apply(&schema, &json!({ "name": "x" })), Verdict::Conforms), "{dialect}");
            assert!(matches!(apply(&schema, &json!({})), Verdict::Violates(_)), "{dialect}");
        }
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

    #[tokio::test]
    async fn schemas_beyond_the_bound_are_not_passed_over_in_silence() {
        let verifier = Verifier::new(Documents::default(), crate::jsonld::Contexts::built_in());
        let entry = json!({ "id": "https://example.org/schema", "type": "JsonSchema" });
        let checked = async |count: usize| {
            let document = json!({ "credentialSchema": vec![entry.clone(); count] });
            let own = Check::not_applicable(CheckId::Schema, "x");
            let check = check(&document, own, &verifier, chrono::DateTime::UNIX_EPOCH).await;
            check.findings.iter().any(|finding| finding.code == Code::CredentialSchemaTooMany)
        };
        assert_eq!((checked(MAX_SCHEMAS).await, checked(MAX_SCHEMAS + 1).await), (false, true));
    }

    #[test]
    fn a_pattern_that_explodes_ends() {
        let schema = json!({ "$schema": DIALECT, "properties": { "a": { "pattern": "^(a+)+\\1$" } } });
        // Without a limit on backtracking this takes longer than anybody waits.
        let verdict = apply(&schema, &json!({ "a": "a".repeat(64) + "!" }));
        assert!(!matches!(verdict, Verdict::Conforms));
    }
}
