//! The credential in a token's claims, and whether the claims agree with the credential.
//! Comes in: a token's payload. Goes out: the credential as one JSON document, and every contradiction.
//! Must not know: signatures, keys.
//!
//! Data model 1.1 keeps the credential in the `vc` claim and moves some members into registered claims (VCDM 1.1 §6.3.1);
//! in data model 2.0 the payload is the credential (VC-JOSE-COSE §3.1.1), and `vc` or `vp` beside it could contradict it.

use super::Malformed;
use crate::document::classify;
use crate::document::members::entries;
use crate::model::code::Code;
use crate::model::credential::Format;
use crate::model::report::{Check, CheckId, CheckStatus};
use crate::verify::checks::format::{BASE, identifier_of};
use crate::verify::checks::validity::{parse_moment, parse_seconds};
use chrono::{Duration, SecondsFormat};
use serde_json::{Map, Value};

/// Registered claims about the token, which are not members of the credential.
const REGISTERED: [&str; 8] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"];

/// Tolerance between claims and dates: `nbf` and `exp` are whole seconds, and issuers often write them a moment apart from the dates.
const ROUNDING: Duration = Duration::seconds(1);

/// A credential (or presentation) read from claims.
pub struct Claimed {
    /// The document that a reader sees.
    pub json: Value,
    pub format: Format,
    /// The named signer: `iss`, else the issuer in the document.
    pub signer: Option<String>,
    /// The failed check, when the document names a different issuer than the token.
    pub controller: Option<Check>,
    pub integrity: Check,
    /// A deviation of the token's form from the standard that a person should know.
    pub deviation: Option<Check>,
}

/// Reads the credential of a payload.
pub fn credential(payload: &Map<String, Value>) -> Result<Claimed, Malformed> {
    check_types(payload)?;
    let version_2 = is_version_2(payload);
    if version_2 && (payload.contains_key("vc") || payload.contains_key("vp")) {
        return Err(Malformed::new(
            Code::SecondTruth,
            "the token holds a credential, and a second credential beside it in \"vc\" or \"vp\"",
        ));
    }
    let (mut json, deviation) = match payload.get("vc") {
        Some(Value::Object(inner)) if is_version_2(inner) => {
            let detail = "the credential is packaged in an outdated way (the claim \"vc\")";
            (inner.clone(), Some(Check::new(CheckId::Format, CheckStatus::Warning, Code::VcClaim, detail).found()))
        }
        Some(Value::Object(inner)) => (inner.clone(), None),
        Some(_) => return Err(Malformed::new(Code::InvalidClaims, "\"vc\" in the token is not an object")),
        None => (without_registered(payload), None),
    };
    let in_claim = payload.contains_key("vc");
    let named_issuer = identifier_of(json.get("issuer")).map(str::to_owned);
    let iss = payload.get("iss").and_then(Value::as_str).map(str::to_owned);
    if in_claim {
        fill_in(&mut json, payload);
    }
    let json = Value::Object(json);
    let format = classify::format_of(&json);
    let controller = match (&iss, &named_issuer) {
        (Some(iss), Some(named)) if iss != named => {
            let detail = format!("the token was issued by {iss:.200}, but the credential in it names {named:.200} as its issuer");
            Some(Check::fail(CheckId::Controller, Code::ControllerMismatch, &detail).found())
        }
        _ => None,
    };
    let integrity = compare(&json, payload, format, in_claim);
    Ok(Claimed { signer: iss.or(named_issuer), json, format, controller, integrity, deviation })
}

/// Reads the presentation of a payload; the signer is the holder.
pub fn presentation(payload: &Map<String, Value>) -> Result<Claimed, Malformed> {
    check_types(payload)?;
    if is_version_2(payload) && (payload.contains_key("vc") || payload.contains_key("vp")) {
        return Err(Malformed::new(Code::SecondTruth, "the token holds a presentation, and a second presentation beside it"));
    }
    let json = match payload.get("vp") {
        Some(Value::Object(inner)) => inner.clone(),
        Some(_) => return Err(Malformed::new(Code::InvalidClaims, "\"vp\" in the token is not an object")),
        None => without_registered(payload),
    };
    let iss = payload.get("iss").and_then(Value::as_str);
    let holder = identifier_of(json.get("holder"));
    let controller = match (iss, holder) {
        (Some(iss), Some(holder)) if iss != holder => Some(
            Check::fail(
                CheckId::Controller,
                Code::ControllerMismatch,
                "the presentation names a different holder than its signer",
            )
            .found(),
        ),
        _ => None,
    };
    let signer = iss.or(holder).map(str::to_owned);
    let integrity = Check::pass(CheckId::Integrity, "The signature covers the presentation as it stands.");
    Ok(Claimed { json: Value::Object(json), format: Format::Presentation, signer, controller, integrity, deviation: None })
}

/// Reads a credential that follows only SD-JWT VC: a type in `vct`, other members of the issuer's choice.
pub fn sd_jwt_vc(payload: &Map<String, Value>) -> Result<Claimed, Malformed> {
    check_types(payload)?;
    let signer = payload.get("iss").and_then(Value::as_str).map(str::to_owned);
    let integrity = Check::pass(CheckId::Integrity, "The signature covers the credential as it stands.");
    Ok(Claimed {
        json: Value::Object(payload.clone()),
        format: Format::SdJwtVc,
        signer,
        controller: None,
        integrity,
        deviation: None,
    })
}

/// The `format` check of an SD-JWT VC: a type, and readable dates (SD-JWT VC §3.2.2.1).
pub fn check_sd_jwt_vc(json: &Value) -> Check {
    let broken = |detail: &str| Check::fail(CheckId::Format, Code::Malformed, detail).found();
    if json.get("vct").and_then(Value::as_str).is_none_or(str::is_empty) {
        return broken("the credential has no type");
    }
    for member in ["validFrom", "validUntil", "issuanceDate", "expirationDate"] {
        let Some(value) = json.get(member) else { continue };
        if !value.as_str().and_then(parse_moment).is_some_and(|moment| moment.has_offset) {
            return broken("a date can't be read");
        }
    }
    Check::pass(CheckId::Format, "The file is a well-formed SD-JWT credential.")
}

fn is_version_2(object: &Map<String, Value>) -> bool {
    entries(object.get("@context")).any(|context| context == BASE[1])
}

fn without_registered(payload: &Map<String, Value>) -> Map<String, Value> {
    payload
        .iter()
        .filter(|(name, _)| !REGISTERED.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// RFC 7519 §4.1. `iat` is not checked: issuers write many forms there, and no decision depends on it.
fn check_types(payload: &Map<String, Value>) -> Result<(), Malformed> {
    let wrong = |name: &str| Malformed::new(Code::InvalidClaims, format!("\"{name}\" in the token has the wrong type"));
    for name in ["iss", "sub", "jti"] {
        if payload.get(name).is_some_and(|value| !value.is_string()) {
            return Err(wrong(name));
        }
    }
    for name in ["nbf", "exp"] {
        if payload.get(name).is_some_and(|value| parse_seconds(value).is_none()) {
            return Err(wrong(name));
        }
    }
    if entries(payload.get("aud")).any(|audience| !audience.is_string()) {
        return Err(wrong("aud"));
    }
    Ok(())
}

/// Members that data model 1.1 allows a token to hold only as registered claims.
fn fill_in(json: &mut Map<String, Value>, payload: &Map<String, Value>) {
    let text = |name: &str| payload.get(name).and_then(Value::as_str).map(|text| Value::String(text.to_owned()));
    let date = |name: &str| {
        let moment = payload.get(name).and_then(parse_seconds)?;
        Some(Value::String(moment.to_rfc3339_opts(SecondsFormat::Secs, true)))
    };
    let has_start = ["issuanceDate", "validFrom"].iter().any(|member| json.contains_key(*member));
    let has_end = ["expirationDate", "validUntil"].iter().any(|member| json.contains_key(*member));
    let additions = [
        ("id", text("jti"), json.contains_key("id")),
        ("issuer", text("iss"), json.contains_key("issuer")),
        ("issuanceDate", date("nbf"), has_start),
        ("expirationDate", date("exp"), has_end),
    ];
    for (member, value, present) in additions {
        if let (Some(value), false) = (value, present) {
            json.insert(member.to_owned(), value);
        }
    }
    if let (Some(Value::Object(subject)), Some(sub)) = (json.get_mut("credentialSubject"), text("sub")) {
        subject.entry("id").or_insert(sub);
    }
}

/// Every registered claim must agree with its member of the credential (Open Badges 3.0 §8.2.4.1, VCDM 1.1 §6.3.1).
fn compare(json: &Value, payload: &Map<String, Value>, format: Format, in_claim: bool) -> Check {
    let is_badge = matches!(format, Format::OpenBadges3 | Format::Clr2);
    let claim = |name: &str| payload.get(name).and_then(Value::as_str);
    let subjects: Vec<&str> = entries(json.get("credentialSubject")).filter_map(|subject| identifier_of(Some(subject))).collect();
    let mut mismatches: Vec<&str> = Vec::new();
    if let (Some(jti), Some(id)) = (claim("jti"), json.get("id").and_then(Value::as_str))
        && jti != id
    {
        mismatches.push("jti");
    }
    if let Some(sub) = claim("sub")
        && !subjects.is_empty()
        && !subjects.contains(&sub)
    {
        mismatches.push("sub");
    }
    // In data model 2.0 outside Open Badges, the token's window may differ from the credential's window.
    if is_badge || in_claim {
        for (name, members) in [("nbf", ["validFrom", "issuanceDate"]), ("exp", ["validUntil", "expirationDate"])] {
            let Some(seconds) = payload.get(name).and_then(parse_seconds) else { continue };
            let written: Vec<_> =
                members.iter().filter_map(|member| json.get(*member)?.as_str()).filter_map(parse_moment).collect();
            if !written.is_empty() && !written.iter().any(|moment| (moment.earliest - seconds).abs() <= ROUNDING) {
                mismatches.push(name);
            }
        }
    }
    if !mismatches.is_empty() {
        let detail = format!("the token contradicts the credential inside it ({})", mismatches.join(", "));
        return Check::fail(CheckId::Integrity, Code::ClaimsMismatch, &detail).found();
    }
    let lacks = |name: &str, needed: bool| is_badge && needed && !payload.contains_key(name);
    let missing = [("iss", true), ("nbf", true), ("jti", json.get("id").is_some()), ("sub", !subjects.is_empty())];
    match missing.into_iter().find(|(name, needed)| lacks(name, *needed)) {
        None => Check::pass(CheckId::Integrity, "The signature covers the credential as it stands."),
        // Well-known issuers leave `sub` out; the signed credential still names the subject.
        Some(("sub", _)) => {
            let detail = "the token does not repeat who the badge is about (\"sub\"), as signed badges should";
            Check::new(CheckId::Integrity, CheckStatus::Warning, Code::ClaimMissing, detail).found()
        }
        Some((name, _)) => Check::fail(
            CheckId::Integrity,
            Code::ClaimMissing,
            format!("the token lacks \"{name}\", which every signed badge must have"),
        )
        .found(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(payload: Value) -> Claimed {
        credential(payload.as_object().unwrap()).unwrap()
    }

    fn refused(payload: Value) -> Code {
        credential(payload.as_object().unwrap()).map(|_| Code::Ok).unwrap_or_else(|problem| problem.code)
    }

    fn version_1() -> Value {
        json!({"iss": "did:example:i", "sub": "did:example:s", "jti": "urn:uuid:1", "nbf": 1_767_225_600, "exp": 1_798_761_600,
            "vc": {"@context": [BASE[0]], "type": ["VerifiableCredential"], "credentialSubject": {"name": "x"}}})
    }

    #[test]
    fn data_model_1_takes_missing_members_from_the_claims() {
        let claimed = read(version_1());
        assert_eq!(claimed.json["id"], "urn:uuid:1");
        assert_eq!(claimed.json["issuer"], "did:example:i");
        assert_eq!(claimed.json["issuanceDate"], "2026-01-01T00:00:00Z");
        assert_eq!(claimed.json["expirationDate"], "2027-01-01T00:00:00Z");
        assert_eq!(claimed.json["credentialSubject"]["id"], "did:example:s");
        assert_eq!(claimed.integrity.status, CheckStatus::Pass);
    }

    #[test]
    fn claims_that_contradict_the_credential_are_found() {
        let cases = [
            ("id", json!("urn:uuid:2"), "jti"),
            ("issuanceDate", json!("2025-01-01T00:00:00Z"), "nbf"),
            ("expirationDate", json!("2030-01-01T00:00:00Z"), "exp"),
            ("credentialSubject", json!({"id": "did:example:other"}), "sub"),
        ];
        for (member, value, claim) in cases {
            let mut payload = version_1();
            payload["vc"][member] = value;
            let claimed = read(payload);
            assert_eq!(claimed.integrity.code, Code::ClaimsMismatch, "{member}");
            assert!(claimed.integrity.message.contains(claim), "{}", claimed.integrity.message);
        }
        let mut payload = version_1();
        payload["vc"]["issuer"] = json!({"id": "did:example:other"});
        assert_eq!(read(payload).controller.unwrap().code, Code::ControllerMismatch);
    }

    #[test]
    fn data_model_2_is_the_payload_itself_and_tolerates_no_second_truth() {
        let payload = json!({"@context": [BASE[1]], "type": ["VerifiableCredential"], "issuer": "did:example:i", "iss": "did:example:i",
            "credentialSubject": {"id": "did:example:s"}, "iat": "2026-01-01"});
        let claimed = read(payload.clone());
        assert_eq!((claimed.json.get("iss"), claimed.format), (None, Format::Vc2));
        for name in ["vc", "vp"] {
            let mut doubled = payload.clone();
            doubled[name] = json!("oops");
            assert_eq!(refused(doubled), Code::SecondTruth);
        }
    }

    #[test]
    fn registered_claims_have_registered_types() {
        for (name, value) in [
            ("iss", json!(5)),
            ("sub", json!({})),
            ("jti", json!(null)),
            ("nbf", json!("1")),
            ("exp", json!([])),
            ("aud", json!([5])),
        ] {
            let mut payload = version_1();
            payload[name] = value;
            assert_eq!(refused(payload), Code::InvalidClaims, "{name}");
        }
    }

    #[test]
    fn a_badge_needs_every_claim() {
        let badge = |missing: &str| {
            let mut payload = json!({"@context": [BASE[1], "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
                "type": ["VerifiableCredential", "OpenBadgeCredential"], "id": "urn:uuid:1", "issuer": {"id": "did:example:i"},
                "validFrom": "2026-01-01T00:00:00.250Z", "credentialSubject": {"id": "did:example:s"},
                "iss": "did:example:i", "sub": "did:example:s", "jti": "urn:uuid:1", "nbf": 1_767_225_600});
            payload.as_object_mut().unwrap().remove(missing);
            read(payload).integrity.code
        };
        assert_eq!(badge(""), Code::Ok);
        for missing in ["iss", "sub", "jti", "nbf"] {
            assert_eq!(badge(missing), Code::ClaimMissing, "{missing}");
        }
    }
}
