//! The structure that a specification requires, as JSON Schemas of our own (schemas/), compiled once.
//! Comes in: a credential as JSON. Goes out: the `schema` check.
//! Must not know: the network, proofs.

use crate::model::code::Code;
use crate::model::credential::Format;
use crate::model::report::{Check, CheckId, Finding};
use jsonschema::{Draft, Validator};
use serde_json::Value;
use std::borrow::Cow;
use std::sync::LazyLock;

const ID: CheckId = CheckId::Schema;
/// The most violations that a report lists.
const MAX_FINDINGS: usize = 20;

/// One of our schemas, compiled, with its text (which gives the severity of each violation).
pub(crate) struct OwnSchema {
    text: Value,
    validator: Option<Validator>,
}

static OB3: LazyLock<OwnSchema> = LazyLock::new(|| OwnSchema::compile(include_str!("../../../schemas/ob3.json"), None));
static CLR2: LazyLock<OwnSchema> = LazyLock::new(|| OwnSchema::compile(include_str!("../../../schemas/clr2.json"), None));
const OB2_TEXT: &str = include_str!("../../../schemas/ob2.json");
pub(crate) static OB2_ASSERTION: LazyLock<OwnSchema> = LazyLock::new(|| OwnSchema::compile(OB2_TEXT, None));
pub(crate) static OB2_BADGE: LazyLock<OwnSchema> = LazyLock::new(|| OwnSchema::compile(OB2_TEXT, Some("#/$defs/BadgeClass")));
pub(crate) static OB2_ISSUER: LazyLock<OwnSchema> = LazyLock::new(|| OwnSchema::compile(OB2_TEXT, Some("#/$defs/Issuer")));

/// The severity of a violation: `"$comment": "severity: error"` in the schema, else a deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Deviation,
}

impl OwnSchema {
    /// `entry`: the definition to start from, when it is not the schema's own.
    fn compile(text: &str, entry: Option<&str>) -> Self {
        let mut text: Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(entry) = entry {
            text["$ref"] = Value::from(entry);
        }
        let validator =
            jsonschema::options().with_draft(Draft::Draft202012).offline().should_validate_formats(true).build(&text).ok();
        Self { text, validator }
    }

    /// Every violation (up to a bound), gravest first.
    pub(crate) fn violations(&self, document: &Value) -> Vec<(Severity, Finding)> {
        let Some(validator) = &self.validator else {
            return vec![(Severity::Error, Finding::new(Code::SchemaUnusable, "The gateway's own schema is broken.").at(""))];
        };
        let document = without_nulls(document);
        // Most documents are valid, and a validity test is quicker than a list of violations.
        if validator.is_valid(&document) {
            return Vec::new();
        }
        let mut found: Vec<(Severity, Finding)> = validator
            .iter_errors(&document)
            .take(200)
            .map(|error| {
                let pointer = error.instance_path().to_string();
                let detail = describe(&error.masked_with("…").to_string(), &pointer);
                (
                    self.severity(&error.schema_path().to_string()),
                    Finding::new(Code::SchemaViolation, detail).at(pointer.as_str()),
                )
            })
            .collect();
        found.sort_by_key(|(severity, _)| *severity == Severity::Deviation);
        found.truncate(MAX_FINDINGS);
        found
    }

    /// The nearest enclosing severity on the way to the keyword that failed.
    fn severity(&self, keyword: &str) -> Severity {
        let mut node = &self.text;
        let mut severity = Severity::Deviation;
        for segment in keyword.split('/').skip(1) {
            if let Some(target) = node.get("$ref").and_then(Value::as_str).filter(|_| segment == "$ref") {
                node = self.text.pointer(target.trim_start_matches('#')).unwrap_or(&Value::Null);
            } else {
                node = match node {
                    Value::Array(items) => segment.parse().ok().and_then(|at: usize| items.get(at)).unwrap_or(&Value::Null),
                    other => &other[segment],
                };
            }
            if node["$comment"] == "severity: error" {
                severity = Severity::Error;
            }
        }
        severity
    }
}

/// Against the schemas that are built in. Pure.
///
/// Codes: `schema_invalid` (fail: the document is not of the kind that it says), `schema_deviation` (warning).
pub fn check(document: &Value, format: Format) -> Check {
    let schema = match format {
        Format::OpenBadges3 => &OB3,
        Format::Clr2 => &CLR2,
        Format::OpenBadges2 => &OB2_ASSERTION,
        other => return Check::not_applicable(ID, format!("There is no schema to check a {} against.", other.title())),
    };
    judge(format.title(), schema.violations(document))
}

pub(crate) fn judge(title: &str, violations: Vec<(Severity, Finding)>) -> Check {
    let worst = violations.first().map(|(severity, _)| *severity);
    let mut check = match worst {
        None => Check::pass(ID, format!("The file has the structure that {title} prescribes.")),
        Some(Severity::Deviation) => {
            Check::warning(ID, Code::SchemaDeviation, format!("The file differs from the structure that {title} prescribes."))
        }
        Some(Severity::Error) => Check::fail(ID, Code::SchemaInvalid, format!("The file is not a valid {title} document.")),
    };
    check.findings = violations.into_iter().map(|(_, finding)| finding).collect();
    check
}

/// The validator's message with the place. It holds no values, since values may be personal.
fn describe(said: &str, pointer: &str) -> String {
    let place = if pointer.is_empty() { "the document" } else { pointer };
    let said: String = said.chars().filter(|c| !c.is_control()).take(160).collect();
    format!("At {place}: {said}.")
}

/// Removes members that are null: JSON-LD treats them as absent, and real files hold them. Copies only a value with such members.
fn without_nulls(document: &Value) -> Cow<'_, Value> {
    fn has_nulls(value: &Value) -> bool {
        match value {
            Value::Object(members) => members.values().any(|member| member.is_null() || has_nulls(member)),
            Value::Array(items) => items.iter().any(has_nulls),
            _ => false,
        }
    }
    fn stripped(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .filter(|(_, member)| !member.is_null())
                .map(|(key, member)| (key.clone(), stripped(member)))
                .collect(),
            Value::Array(items) => items.iter().map(stripped).collect(),
            other => other.clone(),
        }
    }
    match has_nulls(document) {
        true => Cow::Owned(stripped(document)),
        false => Cow::Borrowed(document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::CheckStatus;
    use serde_json::json;

    fn badge() -> Value {
        json!({
            "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
            "id": "urn:uuid:1",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "issuer": { "id": "did:example:college", "type": ["Profile"], "name": "Example College" },
            "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": {
                "id": "did:example:ada",
                "type": "AchievementSubject",
                "achievement": {
                    "id": "urn:uuid:2", "type": ["Achievement"], "name": "Welding", "description": { "en": "Welds" },
                    "criteria": { "narrative": "Welded" }, "achievementType": "Badge",
                    "alignment": { "type": ["Alignment"], "targetName": "Welding", "targetUrl": "https://example.org/s/1", "targetDescription": null }
                }
            }
        })
    }

    fn status_after(edit: impl Fn(&mut Value)) -> (CheckStatus, Code) {
        let mut document = badge();
        edit(&mut document);
        let check = check(&document, Format::OpenBadges3);
        (check.status, check.code)
    }

    #[test]
    fn a_badge_with_single_values_language_maps_and_nulls_passes() {
        let check = check(&badge(), Format::OpenBadges3);
        assert_eq!(check.status, CheckStatus::Pass, "{:?}", check.findings);
    }

    #[test]
    fn a_badge_over_data_model_1_1_passes() {
        assert_eq!(
            status_after(|b| {
                b["issuanceDate"] = b["validFrom"].take();
            })
            .0,
            CheckStatus::Pass
        );
    }

    #[test]
    fn an_object_of_the_wrong_type_makes_the_badge_invalid() {
        let fail = (CheckStatus::Fail, Code::SchemaInvalid);
        assert_eq!(status_after(|b| b["issuer"]["type"] = json!(["Thing"])), fail);
        assert_eq!(status_after(|b| b["issuer"]["parentOrg"] = json!({ "id": "urn:x", "type": "Thing" })), fail);
        assert_eq!(status_after(|b| b["credentialSubject"]["type"] = json!("Thing")), fail);
        assert_eq!(
            status_after(|b| b["credentialSubject"]["result"] = json!([{ "type": ["Result"] }, { "type": ["Thing"] }])),
            fail
        );
        assert_eq!(status_after(|b| b["evidence"] = json!([{ "type": "Thing" }])), fail);
        // A credential that only borrows the vocabulary is not measured against what a badge must have.
        assert_eq!(status_after(|b| b["type"] = json!(["VerifiableCredential"])).0, CheckStatus::Warning);
    }

    #[test]
    fn a_badge_without_its_essence_is_invalid() {
        assert_eq!(status_after(|b| b["credentialSubject"]["achievement"] = Value::Null).0, CheckStatus::Fail);
        assert_eq!(status_after(|b| b["credentialSubject"]["achievement"]["name"] = Value::Null).0, CheckStatus::Fail);
        assert_eq!(status_after(|b| b["issuer"] = json!(7)).0, CheckStatus::Fail);
    }

    #[test]
    fn unlisted_words_and_badly_written_dates_are_deviations_with_their_place() {
        let mut document = badge();
        document["credentialSubject"]["achievement"]["achievementType"] = json!("Programme");
        document["awardedDate"] = json!("yesterday");
        let check = check(&document, Format::OpenBadges3);
        assert_eq!((check.status, check.code), (CheckStatus::Warning, Code::SchemaDeviation));
        let pointers: Vec<_> = check.findings.iter().filter_map(|finding| finding.pointer.as_deref()).collect();
        assert!(
            pointers.contains(&"/credentialSubject/achievement/achievementType") && pointers.contains(&"/awardedDate"),
            "{pointers:?}"
        );
    }

    #[test]
    fn findings_never_repeat_a_value() {
        let (_, text) = {
            let mut b = badge();
            b["issuer"]["type"] = json!("ada@example.org");
            let c = check(&b, Format::OpenBadges3);
            (0, serde_json::to_string(&c).unwrap())
        };
        assert!(!text.contains("ada@example.org"), "{text}");
    }

    #[test]
    fn a_record_of_the_wrong_subject_type_is_invalid_and_a_good_one_passes() {
        let mut record = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"], "id": "urn:uuid:1", "name": "Transcript",
            "type": ["VerifiableCredential", "ClrCredential"],
            "issuer": { "id": "did:example:college", "type": "Profile" }, "validFrom": "2026-01-01T00:00:00Z",
            "credentialSubject": { "type": ["ClrSubject"], "verifiableCredential": ["eyJ.e30.c2ln"] }
        });
        assert_eq!(check(&record, Format::Clr2).status, CheckStatus::Pass);
        record["credentialSubject"]["type"] = json!("AchievementSubject");
        assert_eq!(check(&record, Format::Clr2).status, CheckStatus::Fail);
    }

    #[test]
    fn every_own_schema_compiles() {
        for schema in [&OB3, &CLR2, &OB2_ASSERTION, &OB2_BADGE, &OB2_ISSUER] {
            assert!(schema.validator.is_some());
        }
    }
}
