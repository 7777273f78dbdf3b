//! Rules of Open Badges 2.0 that a schema can't express: dates, pictures, extensions.
//! Comes in: the objects of a badge. Goes out: the `context` and `validity` checks, and violations for the `schema` check.
//! Must not know: the network.

use crate::document::members::each;
use crate::model::code::Code;
use crate::model::credential::Format;
use crate::model::moment;
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::verify::checks::schema::Severity;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

const ID: CheckId = CheckId::Validity;
/// Addresses of the vocabulary, without their scheme.
const VOCABULARIES: [&str; 5] = [
    "w3id.org/openbadges/v2",
    "w3id.org/openbadges/v1",
    "openbadgespec.org/v1",
    "openbadgespec.org/v2/context.json",
    "purl.imsglobal.org/spec/ob/v2p0/context.json",
];

/// An assertion names the vocabulary of Open Badges (Open Badges 2.0, "Open Badges Vocabulary"), or defines its words itself.
///
/// Codes: `unknown_context` (could not check), `context_unusual` (warning).
pub(super) fn context(assertion: &Value, format: Format) -> Check {
    const ID: CheckId = CheckId::Context;
    if format == Format::OpenBadges1 || assertion.is_null() {
        return Check::not_applicable(ID, "Badges of this kind need no vocabulary.");
    }
    let contexts: Vec<Option<&str>> = each(&assertion["@context"]).map(Value::as_str).collect();
    let is_known = |context: &str| context.split_once("://").is_some_and(|(_, address)| VOCABULARIES.contains(&address));
    if contexts.iter().flatten().any(|context| is_known(context)) {
        return Check::pass(ID, "The badge uses the vocabulary of Open Badges.");
    }
    if !contexts.is_empty() && contexts.iter().all(Option::is_some) {
        let named = contexts.first().copied().flatten().unwrap_or_default();
        let message = format!("The badge uses the vocabulary {named:.200}, which the gateway does not know.");
        return Check::could_not_check(ID, Code::UnknownContext, message).next(super::ASK);
    }
    Check::warning(ID, Code::ContextUnusual, "The badge does not name the vocabulary of Open Badges as it should.")
}

/// Codes: `valid`, `expired`, `not_yet_valid`, `date_malformed`, `window_inverted`.
pub(super) fn validity(assertion: &Value, at: DateTime<Utc>) -> Check {
    let issued = member(assertion, "issuedOn", "issued_on");
    let expires = &assertion["expires"];
    let malformed = || {
        Check::fail(ID, Code::DateMalformed, "A date of the badge can't be read.")
            .next("Ask the issuer to issue the badge again.")
    };
    let Ok(issued) = optional(issued) else { return malformed() };
    let Ok(expires) = optional(expires) else { return malformed() };
    if let (Some(issued), Some(expires)) = (issued, expires)
        && expires < issued
    {
        return Check::fail(ID, Code::WindowInverted, "The badge's dates say that it expired before it was issued.");
    }
    if issued.is_some_and(|issued| issued > at) {
        return Check::fail(ID, Code::NotYetValid, "The badge's date of issue is in the future.")
            .next("Check the badge again after that date.");
    }
    if expires.is_some_and(|expires| expires <= at) {
        return Check::fail(ID, Code::Expired, "The badge has expired.").next("Ask the candidate whether it was renewed.");
    }
    Check::pass(ID, "The badge is within its period of validity.")
}

/// Turns a passed check into `not_applicable` when the badge is not proven to be genuine.
pub(super) fn unless_unproven(check: Check, proof: &Check) -> Check {
    let is_unproven = matches!(proof.status, CheckStatus::Fail | CheckStatus::CouldNotCheck);
    match is_unproven && check.status == CheckStatus::Pass {
        true => Check::not_applicable(check.id, "Not checked, because the badge was not found to be genuine."),
        false => check,
    }
}

fn member<'a>(object: &'a Value, name: &str, old_name: &str) -> &'a Value {
    object.get(name).unwrap_or(&object[old_name])
}

fn optional(value: &Value) -> Result<Option<DateTime<Utc>>, ()> {
    match value {
        Value::Null => Ok(None),
        given => moment(given).map(Some).ok_or(()),
    }
}

/// ISO 8601 with or without time and offset (without offset: UTC); Unix seconds as number or text in 0.5 and 1.0.
pub(super) fn moment(value: &Value) -> Option<DateTime<Utc>> {
    if let Value::Number(number) = value {
        return DateTime::from_timestamp(number.as_i64()?, 0);
    }
    let text = value.as_str()?.trim();
    if text.len() > 64 {
        return None;
    }
    if let Some(moment) = moment::with_offset(text) {
        return Some(moment);
    }
    for format in ["%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%.f%z"] {
        if let Ok(moment) = DateTime::parse_from_str(&text.replace('Z', "+00:00"), format) {
            return Some(moment.with_timezone(&Utc));
        }
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Some(moment) = moment::without_offset(text, format) {
            return Some(moment);
        }
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return day.and_hms_opt(0, 0, 0).map(|moment| moment.and_utc());
    }
    let is_seconds = !text.is_empty() && text.len() <= 11 && text.bytes().all(|b| b.is_ascii_digit());
    is_seconds.then(|| text.parse().ok()).flatten().and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

/// The picture of an assertion must be an address, since an embedded picture can't be the baked picture. A badge class may embed its
/// picture.
pub(super) fn picture(assertion: &Value) -> Vec<(Severity, Finding)> {
    let address = assertion["image"].as_str().or_else(|| assertion["image"]["id"].as_str());
    match address.is_some_and(|address| address.trim_start().to_ascii_lowercase().starts_with("data:")) {
        true => {
            vec![(
                Severity::Error,
                Finding::new(Code::ImageEmbedded, "The badge's picture (image) must be a web address.").at("/image"),
            )]
        }
        false => Vec::new(),
    }
}

/// `hashed` must agree with the identity: a hash, or the plain identity (Open Badges 1.0 and 2.0, `IdentityObject`).
pub(super) fn recipient(assertion: &Value) -> Vec<(Severity, Finding)> {
    let recipient = &assertion["recipient"];
    let (Some(hashed), Some(identity)) = (recipient["hashed"].as_bool(), recipient["identity"].as_str()) else {
        return Vec::new();
    };
    let is_hash = identity.split_once('$').is_some_and(|(algorithm, digits)| {
        let lengths = [("sha256", 64), ("md5", 32)];
        lengths.contains(&(algorithm.to_ascii_lowercase().as_str(), digits.len()))
            && digits.bytes().all(|b| b.is_ascii_hexdigit())
    });
    let detail = match (hashed, is_hash) {
        (true, false) => "The badge says that its recipient is hidden (hashed), but names the recipient in plain text.",
        (false, true) => "The badge says that it names its recipient in plain text, but the recipient is hidden (hashed).",
        _ => return Vec::new(),
    };
    vec![(Severity::Error, Finding::new(Code::RecipientContradictory, detail).at("/recipient"))]
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Address,
    Object,
    Texts,
}

/// An extension that the specification publishes. Each member: its name, its other name, its kind, and whether it is required.
struct Extension {
    name: &'static str,
    members: &'static [(&'static str, &'static str, Kind, bool)],
}

/// The extensions of the Open Badges 2.0 extension list, with their members.
const EXTENSIONS: [Extension; 10] = [
    Extension { name: "ExampleExtension", members: &[("exampleProperty", "http://schema.org/text", Kind::Text, true)] },
    Extension { name: "ApplyLink", members: &[("applyLink", "url", Kind::Address, true)] },
    Extension {
        name: "Accessibility",
        members: &[
            ("accessibilityAPI", "schema:accessibilityAPI", Kind::Texts, false),
            ("accessibilityControl", "schema:accessibilityControl", Kind::Texts, false),
            ("accessibilityFeature", "schema:accessibilityFeature", Kind::Texts, false),
            ("accessibilityHazard", "schema:accessibilityHazard", Kind::Texts, false),
            ("url", "schema:url", Kind::Address, false),
        ],
    },
    Extension {
        name: "GeoCoordinates",
        members: &[("description", "schema:description", Kind::Text, true), ("geo", "schema:geo", Kind::Object, true)],
    },
    Extension {
        name: "IssuerAccreditation",
        members: &[("name", "schema:name", Kind::Text, false), ("url", "schema:url", Kind::Address, false)],
    },
    Extension {
        name: "LicenseExtension",
        members: &[("id", "@id", Kind::Text, true), ("name", "schema:name", Kind::Text, true)],
    },
    Extension { name: "OriginalCreator", members: &[("url", "schema:url", Kind::Address, true)] },
    Extension {
        name: "ExtraDescription",
        members: &[("name", "schema:name", Kind::Text, true), ("narrative", "obi:narrative", Kind::Text, true)],
    },
    Extension {
        name: "RecipientProfile",
        members: &[("name", "schema:name", Kind::Text, false), ("publicKey", "sec:publicKey", Kind::Text, false)],
    },
    Extension { name: "Assessment", members: &[("description", "schema:description", Kind::Text, false)] },
];

/// Checks every published extension inside an object; other extensions are not checked.
pub(super) fn extensions(object: &Value, path: &str) -> Vec<(Severity, Finding)> {
    let Some(members) = object.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in members {
        for node in each(value).filter(|node| is_extension(key, node)) {
            let names: Vec<&str> = each(&node["type"]).filter_map(Value::as_str).map(local_name).collect();
            let known = EXTENSIONS.iter().find(|known| {
                names.iter().any(|name| name.trim_end_matches("Extension") == known.name.trim_end_matches("Extension"))
            });
            if let Some(known) = known {
                found.extend(violations(known, node, &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))));
            }
        }
    }
    found
}

fn is_extension(key: &str, node: &Value) -> bool {
    node.is_object()
        && (key.starts_with("extensions:")
            || each(&node["type"]).filter_map(Value::as_str).any(|name| local_name(name) == "Extension"))
}

/// `extensions:ApplyLink`, `https://w3id.org/openbadges/extensions#ApplyLink` → `ApplyLink`
fn local_name(name: &str) -> &str {
    name.rsplit(['#', '/', ':']).next().unwrap_or(name)
}

fn violations(extension: &Extension, node: &Value, pointer: &str) -> Vec<(Severity, Finding)> {
    let mut found = Vec::new();
    for (name, other, kind, required) in extension.members {
        let value = node.get(*name).or_else(|| node.get(*other)).unwrap_or(&Value::Null);
        let fits = match (value, kind) {
            (Value::Null, _) => !required,
            (Value::String(text), Kind::Address) => text.contains(':'),
            (Value::String(_), Kind::Text | Kind::Texts) => true,
            (Value::Array(items), Kind::Texts) => items.iter().all(Value::is_string),
            (Value::Object(_), Kind::Object) => true,
            _ => false,
        };
        if !fits {
            let detail = format!("The extension {} has no proper \"{name}\".", extension.name);
            found.push((Severity::Error, Finding::new(Code::ExtensionInvalid, detail).at(pointer)));
        }
    }
    found
}

/// Editions 0.5 to 1.1: the required members.
pub(super) fn legacy_violations(assertion: &Value) -> Vec<(Severity, Finding)> {
    let mut found = Vec::new();
    let mut require = |holds: bool, pointer: &str, detail: &str| {
        if !holds {
            found.push((Severity::Error, Finding::new(Code::SchemaViolation, detail).at(pointer)));
        }
    };
    // 0.5 has a bare recipient, with all other members inside `badge`. Some platforms added `verify` later.
    let is_first = assertion["badge"].is_object() && (assertion.get("verify").is_none() || assertion["recipient"].is_string());
    let recipient = &assertion["recipient"];
    require(
        if is_first { recipient.is_string() } else { recipient["identity"].is_string() },
        "/recipient",
        "The badge does not say who it was awarded to.",
    );
    require(
        assertion["badge"].is_object() || assertion["badge"].is_string(),
        "/badge",
        "The badge does not say what it was awarded for.",
    );
    require(is_first || assertion.get("verify").is_some(), "/verify", "The badge does not say how it can be verified.");
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at() -> DateTime<Utc> {
        moment(&json!("2026-06-01T00:00:00Z")).unwrap()
    }

    #[test]
    fn dates_are_read_in_the_ways_that_issuers_write_them() {
        for (text, expected) in [
            ("2017-10-01T00:00Z", "2017-10-01T00:00:00+00:00"),
            ("2011-12-31", "2011-12-31T00:00:00+00:00"),
            ("2016-12-31T23:59:59.5+02:00", "2016-12-31T21:59:59.500+00:00"),
            ("2016-12-31T23:59:59", "2016-12-31T23:59:59+00:00"),
            ("1483228799", "2016-12-31T23:59:59+00:00"),
        ] {
            assert_eq!(moment(&json!(text)).map(|m| m.to_rfc3339()).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(moment(&json!("soon")), None);
        assert_eq!(moment(&json!(true)), None);
    }

    #[test]
    fn the_edges_of_the_calendar_are_not_errors() {
        let late = json!({ "issuedOn": "2026-01-01T00:00:00Z", "expires": "9999-12-31T23:59:59-23:59" });
        assert_eq!(validity(&late, at()).status, CheckStatus::Pass);
        let early = json!({ "issuedOn": "0001-01-01T00:00:00+23:59" });
        assert_eq!(validity(&early, at()).status, CheckStatus::Pass);
    }

    #[test]
    fn a_badge_outside_its_window_fails_for_that_reason() {
        let code = |assertion: Value| validity(&assertion, at()).code;
        assert_eq!(code(json!({ "issuedOn": "2100-01-01" })), Code::NotYetValid);
        assert_eq!(code(json!({ "issuedOn": "2020-01-01", "expires": "2021-01-01" })), Code::Expired);
        assert_eq!(code(json!({ "issuedOn": "2022-12-31", "expires": "2022-11-15" })), Code::WindowInverted);
        assert_eq!(code(json!({ "issuedOn": "2020-01-01", "expires": {} })), Code::DateMalformed);
    }

    #[test]
    fn published_extensions_are_checked_and_others_left_alone() {
        let good = json!({ "extensions:exampleExtension": { "type": ["Extension", "extensions:ExampleExtension"], "http://schema.org/text": "text" } });
        assert!(extensions(&good, "").is_empty());
        let bad = json!({ "x": { "type": ["Extension", "obi:extensions/#ExampleExtension"], "exampleProperty": 7 } });
        assert_eq!(extensions(&bad, "")[0].1.pointer.as_deref(), Some("/x"));
        let foreign = json!({ "extensions:ours": { "type": ["Extension", "extensions:OurOwn"], "anything": 7 } });
        assert!(extensions(&foreign, "").is_empty());
    }

    #[test]
    fn a_recipient_must_be_what_it_says_that_it_is() {
        let hash = format!("sha256${}", "0a".repeat(32));
        let contradicts = |hashed: bool, identity: &str| {
            !recipient(&json!({ "recipient": { "type": "email", "hashed": hashed, "identity": identity } })).is_empty()
        };
        assert!(contradicts(true, "ada@example.org") && contradicts(false, &hash));
        assert!(contradicts(true, "sha256$0a0a") && contradicts(true, "crc$00000000000000000000000000000000"));
        assert!(!contradicts(true, &hash) && !contradicts(false, "ada@example.org") && !contradicts(false, "us$er@example.org"));
        assert!(recipient(&json!({ "recipient": "ada@example.org" })).is_empty());
    }

    #[test]
    fn an_assertion_may_not_embed_its_picture() {
        assert_eq!(picture(&json!({ "image": "data:image/png;base64,AAAA" })).len(), 1);
        assert_eq!(picture(&json!({ "image": { "id": " DATA:image/png;base64,AAAA" } })).len(), 1);
        assert!(picture(&json!({ "image": "https://example.org/a.png" })).is_empty());
    }
}
