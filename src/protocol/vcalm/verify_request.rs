//! Bodies of `POST /credentials/verify`, `/presentations/verify` and `/challenges`.
//! Comes in: the body. Goes out: the exact bytes to verify and what to answer with, or a problem for malformed input.

use super::message::{check_envelope, has_type, is_presentation};
use super::problem::Problem;
use super::results::Wanted;
use crate::document::{Limits, json};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::HashMap;

#[derive(Clone, Debug, PartialEq)]
pub struct VerifyRequest {
    /// The credential or presentation, exactly as received.
    pub bytes: Vec<u8>,
    pub json: Value,
    pub wanted: Wanted,
    pub challenge: Option<String>,
    pub domain: Option<String>,
    /// A presentation under `presentation`: it has no proof on purpose.
    pub proofless: bool,
}

pub fn read_credential(body: &[u8], limits: &Limits) -> Result<VerifyRequest, Problem> {
    let (members, raw) = parse(body, limits)?;
    let options = options(&members, &["returnResults", "returnProblemDetails", "returnCredential"])?;
    let Some(credential) = members.get("verifiableCredential").filter(|value| value.is_object()) else {
        return Err(Problem::malformed("verifiableCredential must be an object."));
    };
    check_credential(credential)?;
    let wanted = Wanted {
        results: flag(&options, "returnResults", false)?,
        problem_details: flag(&options, "returnProblemDetails", true)?,
        input: flag(&options, "returnCredential", false)?,
    };
    Ok(VerifyRequest {
        bytes: bytes_of(&raw, "verifiableCredential"),
        json: credential.clone(),
        wanted,
        challenge: None,
        domain: None,
        proofless: false,
    })
}

pub fn read_presentation(body: &[u8], limits: &Limits) -> Result<VerifyRequest, Problem> {
    let (members, raw) = parse(body, limits)?;
    let options = options(&members, &["returnResults", "returnProblemDetails", "returnPresentation", "challenge", "domain"])?;
    let name = match (members.contains_key("verifiablePresentation"), members.contains_key("presentation")) {
        (true, false) => "verifiablePresentation",
        (false, true) => "presentation",
        _ => return Err(Problem::malformed("Send either verifiablePresentation or presentation.")),
    };
    let Some(presentation) = members.get(name).filter(|value| value.is_object() && is_presentation(value)) else {
        return Err(Problem::malformed(format!("{name} must be a presentation.")));
    };
    let proofless = name == "presentation";
    let enveloped = has_type(presentation, "EnvelopedVerifiablePresentation");
    if enveloped {
        check_envelope(presentation)?;
    }
    if !proofless && !enveloped && presentation.get("proof").is_none() {
        return Err(Problem::malformed(
            "verifiablePresentation has no proof; send it as presentation to have only its credentials verified.",
        ));
    }
    if proofless && presentation.get("proof").is_some() {
        return Err(Problem::malformed("presentation has a proof; send it as verifiablePresentation."));
    }
    let text = |name: &str| match options.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Problem::malformed(format!("The option {name} must be a text."))),
    };
    let wanted = Wanted {
        results: flag(&options, "returnResults", false)?,
        problem_details: flag(&options, "returnProblemDetails", true)?,
        input: flag(&options, "returnPresentation", false)?,
    };
    Ok(VerifyRequest {
        bytes: bytes_of(&raw, name),
        json: presentation.clone(),
        wanted,
        challenge: text("challenge")?,
        domain: text("domain")?,
        proofless,
    })
}

/// `POST /challenges` takes an empty object (or nothing).
pub fn read_challenge_request(body: &[u8], limits: &Limits) -> Result<(), Problem> {
    if body.is_empty() {
        return Ok(());
    }
    parse(body, limits).map(|_| ())
}

type Raw<'a> = HashMap<String, &'a RawValue>;

fn parse<'a>(body: &'a [u8], limits: &Limits) -> Result<(Map<String, Value>, Raw<'a>), Problem> {
    if body.len() > limits.max_file_bytes {
        return Err(Problem::too_large());
    }
    let value = json::parse(body, limits).map_err(|error| Problem::parsing(format!("The body is not usable JSON: {error}.")))?;
    let Value::Object(members) = value else {
        return Err(Problem::parsing("The body must be a JSON object."));
    };
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let raw = serde_json::from_slice(text).map_err(|_| Problem::parsing("The body is not usable JSON."))?;
    Ok((members, raw))
}

fn bytes_of(raw: &Raw, name: &str) -> Vec<u8> {
    raw.get(name).map(|value| value.get().as_bytes().to_vec()).unwrap_or_default()
}

/// The options; an unknown one is an error, except `checks`, which older callers send and which changes nothing.
fn options(members: &Map<String, Value>, known: &[&str]) -> Result<Map<String, Value>, Problem> {
    let options = match members.get("options") {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(options)) => options,
        Some(_) => return Err(Problem::malformed("options must be an object.")),
    };
    match options.keys().find(|name| *name != "checks" && !known.contains(&name.as_str())) {
        Some(name) => Err(Problem::unknown_option(name)),
        None => Ok(options.clone()),
    }
}

fn flag(options: &Map<String, Value>, name: &str, default: bool) -> Result<bool, Problem> {
    match options.get(name) {
        None => Ok(default),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(Problem::malformed(format!("The option {name} must be true or false."))),
    }
}

/// The shape that a credential must have to be checked at all. Everything else is a verdict.
fn check_credential(credential: &Value) -> Result<(), Problem> {
    if has_type(credential, "EnvelopedVerifiableCredential") {
        return check_envelope(credential);
    }
    let text_or_object = |value: &Value| value.is_string() || value.is_object();
    let list = |name: &str, item: &dyn Fn(&Value) -> bool| match credential.get(name) {
        Some(Value::Array(items)) if !items.is_empty() && items.iter().all(item) => Ok(()),
        _ => Err(Problem::malformed(format!("{name} must be a list."))),
    };
    list("@context", &text_or_object)?;
    list("type", &Value::is_string)?;
    if !has_type(credential, "VerifiableCredential") {
        return Err(Problem::malformed("type must hold VerifiableCredential."));
    }
    if !credential.get("issuer").is_some_and(text_or_object) {
        return Err(Problem::malformed("issuer must be a text or an object."));
    }
    one_or_more(credential, "credentialSubject")?;
    for proof in one_or_more(credential, "proof")? {
        let text = |name: &str| proof.get(name).is_some_and(Value::is_string);
        for name in ["type", "verificationMethod", "proofPurpose"] {
            if !text(name) {
                return Err(Problem::malformed(format!("proof.{name} must be a text.")));
            }
        }
        if !text("proofValue") && !text("jws") {
            return Err(Problem::malformed("proof.proofValue must be a text."));
        }
        // Data Integrity 1.0 made it optional; the older suite requires it.
        let older_suite = proof.get("type").and_then(Value::as_str) == Some("Ed25519Signature2020");
        let created_missing = proof.get("created").is_none() && older_suite;
        if created_missing || proof.get("created").is_some_and(|created| !created.is_string()) {
            return Err(Problem::malformed("proof.created must be a date and time."));
        }
    }
    Ok(())
}

fn one_or_more<'a>(credential: &'a Value, name: &str) -> Result<Vec<&'a Value>, Problem> {
    let items: Vec<&Value> = match credential.get(name) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(item) => vec![item],
        None => Vec::new(),
    };
    if items.is_empty() || !items.iter().all(|item| item.is_object()) {
        return Err(Problem::malformed(format!("{name} must be an object or a list of objects.")));
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn credential() -> Value {
        json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": "did:key:z",
               "credentialSubject": {"id": "did:key:s"},
               "proof": {"type": "Ed25519Signature2020", "created": "2024-01-01T00:00:00Z", "verificationMethod": "did:key:z#z",
                         "proofPurpose": "assertionMethod", "proofValue": "z1"}})
    }

    fn read(body: &Value) -> Result<VerifyRequest, Problem> {
        read_credential(body.to_string().as_bytes(), &Limits::default())
    }

    #[test]
    fn the_bytes_of_the_credential_are_those_of_the_request() {
        let inner = r#"{"@context":[ "https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":{},"credentialSubject":[{}],"proof":{"type":"DataIntegrityProof","verificationMethod":"x","proofPurpose":"y","proofValue":"z"}}"#;
        let body = format!(r#"{{"options":{{"returnResults":true,"checks":["proof"]}},"verifiableCredential":{inner}}}"#);
        let request = read_credential(body.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(request.bytes, inner.as_bytes());
        assert!(request.wanted.results && request.wanted.problem_details && !request.wanted.input);
    }

    #[test]
    fn each_missing_or_mistyped_member_is_malformed() {
        let cases = [
            ("/@context", json!("https://www.w3.org/ns/credentials/v2")),
            ("/@context", json!([])),
            ("/@context", json!([4])),
            ("/type", json!("VerifiableCredential")),
            ("/type", json!([4])),
            ("/issuer", json!(4)),
            ("/credentialSubject", json!([])),
            ("/credentialSubject", json!("x")),
            ("/proof", json!("x")),
            ("/proof", json!([])),
            ("/proof/type", json!(1)),
            ("/proof/created", json!(1)),
            ("/proof/verificationMethod", Value::Null),
            ("/proof/proofPurpose", json!([])),
            ("/proof/proofValue", json!(1)),
        ];
        for (pointer, value) in cases {
            let mut changed = credential();
            *changed.pointer_mut(pointer).unwrap() = value;
            assert_eq!(read(&json!({"verifiableCredential": changed})).unwrap_err().status, 400, "{pointer}");
        }
        for name in ["@context", "type", "issuer", "credentialSubject", "proof"] {
            let mut changed = credential();
            changed.as_object_mut().unwrap().remove(name);
            assert!(read(&json!({"verifiableCredential": changed})).is_err(), "{name}");
        }
        let mut undated = credential();
        undated["proof"].as_object_mut().unwrap().remove("created");
        assert!(read(&json!({"verifiableCredential": undated})).is_err());
        undated["proof"]["type"] = json!("DataIntegrityProof");
        assert!(read(&json!({"verifiableCredential": undated})).is_ok());
    }

    #[test]
    fn an_unknown_option_has_its_own_type_and_checks_is_ignored() {
        let unknown = read(&json!({"verifiableCredential": credential(), "options": {"x": 1}})).unwrap_err();
        assert!(unknown.problem_type.ends_with("#UNKNOWN_OPTION_PROVIDED"));
        assert!(read(&json!({"verifiableCredential": credential(), "options": {"checks": ["proof"]}})).is_ok());
        assert!(read(&json!({"verifiableCredential": credential(), "options": {"returnResults": "yes"}})).is_err());
        assert!(
            read(&json!({"verifiableCredential": {"@context": "https://www.w3.org/ns/credentials/v2",
                "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt,x"}}))
            .is_ok()
        );
        for (context, id) in [(json!(["https://www.w3.org/ns/credentials/v2"]), "x"), (Value::Null, "data:application/vc+jwt,x")]
        {
            let enveloped = json!({"@context": context, "type": "EnvelopedVerifiableCredential", "id": id});
            assert!(read(&json!({"verifiableCredential": enveloped})).is_err(), "{enveloped}");
        }
    }

    #[test]
    fn a_presentation_is_sent_with_proof_or_declared_proofless() {
        let read = |body: Value| read_presentation(body.to_string().as_bytes(), &Limits::default());
        let signed = json!({"type": ["VerifiablePresentation"], "proof": {}});
        let bare = json!({"type": "VerifiablePresentation"});
        let request = read(json!({"verifiablePresentation": signed, "options": {"challenge": "c", "domain": "d"}})).unwrap();
        assert_eq!((request.challenge.as_deref(), request.domain.as_deref(), request.proofless), (Some("c"), Some("d"), false));
        assert!(read(json!({"presentation": bare})).unwrap().proofless);
        assert!(read(json!({"verifiablePresentation": bare})).is_err());
        assert!(read(json!({"presentation": signed})).is_err());
        assert!(read(json!({"verifiablePresentation": signed, "presentation": bare})).is_err());
        assert!(read(json!({})).is_err());
        assert!(
            read_challenge_request(b"{}", &Limits::default()).is_ok()
                && read_challenge_request(b"[", &Limits::default()).is_err()
        );
    }
}
