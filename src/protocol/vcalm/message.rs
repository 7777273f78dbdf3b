//! A wallet's message to an exchange. Its shape is read leniently; proofs are checked elsewhere.
//! Comes in: the body of a message. Goes out: the wallet's request, with each presentation's bytes exactly as received.

use super::problem::Problem;
use crate::document::Limits;
use crate::document::classify::names_data_model_2;
use crate::document::json::{self, JsonError};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Most presentations in one message.
const MAX_PRESENTATIONS: usize = 8;

#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// `{}`: the wallet starts, or asks for the next step.
    Start,
    Presentations(Vec<PresentedBytes>),
}

/// One presentation as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct PresentedBytes {
    pub bytes: Vec<u8>,
    pub json: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    #[serde(borrow)]
    verifiable_presentation: Option<&'a RawValue>,
}

/// Reads a participation message.
pub fn read(body: &[u8], limits: &Limits) -> Result<Message, Problem> {
    if body.len() > limits.max_file_bytes {
        return Err(Problem::too_large());
    }
    // An empty body is how some wallets say `{}`.
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Message::Start);
    }
    let whole = json::parse(body, limits).map_err(unreadable)?;
    let Some(members) = whole.as_object() else {
        return Err(Problem::parsing("The message must be a JSON object."));
    };
    if is_presentation(&whole) {
        return Ok(Message::Presentations(vec![PresentedBytes { bytes: body.to_vec(), json: whole }]));
    }
    match members.get("verifiablePresentation") {
        Some(Value::Object(_) | Value::Array(_)) => {}
        Some(Value::Null) | None => {
            return match members.keys().find(|name| *name == "verifiablePresentationRequest" || *name == "redirectUrl") {
                Some(name) => Err(Problem::unsupported_message(format!(
                    "This gateway does not answer {name}; it only receives presentations."
                ))),
                None => Ok(Message::Start),
            };
        }
        Some(_) => return Err(Problem::malformed("verifiablePresentation must be an object or a list of objects.")),
    }
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let raw: Members = serde_json::from_slice(text).map_err(|_| Problem::parsing("The message is not usable JSON."))?;
    let presentation = raw.verifiable_presentation.ok_or_else(|| Problem::parsing("verifiablePresentation is empty."))?;
    let parts: Vec<&RawValue> = match members.get("verifiablePresentation") {
        Some(Value::Array(_)) => {
            serde_json::from_str(presentation.get()).map_err(|_| Problem::parsing("The list of presentations can't be read."))?
        }
        _ => vec![presentation],
    };
    if parts.is_empty() {
        return Err(Problem::nothing_presented());
    }
    if parts.len() > MAX_PRESENTATIONS {
        return Err(Problem::malformed(format!("The message holds more than {MAX_PRESENTATIONS} presentations.")));
    }
    parts.into_iter().map(|part| presented(part, limits)).collect::<Result<_, _>>().map(Message::Presentations)
}

fn presented(part: &RawValue, limits: &Limits) -> Result<PresentedBytes, Problem> {
    let json = json::parse(part.get().as_bytes(), limits).map_err(unreadable)?;
    if !is_presentation(&json) {
        return Err(Problem::malformed("verifiablePresentation is not a presentation: its type does not say so."));
    }
    if has_type(&json, "EnvelopedVerifiablePresentation") {
        check_envelope(&json)?;
    }
    Ok(PresentedBytes { bytes: part.get().as_bytes().to_vec(), json })
}

/// An enveloped credential or presentation has data, and the vocabulary that says what it is (VCDM 2.0 §4.12).
pub fn check_envelope(enveloped: &Value) -> Result<(), Problem> {
    if !enveloped.as_object().is_some_and(names_data_model_2) {
        return Err(Problem::malformed("@context of an enveloped document must name https://www.w3.org/ns/credentials/v2."));
    }
    match enveloped.get("id").and_then(Value::as_str).is_some_and(|id| id.starts_with("data:")) {
        true => Ok(()),
        false => Err(Problem::malformed("id of an enveloped document must be a data: URL.")),
    }
}

fn unreadable(error: JsonError) -> Problem {
    Problem::parsing(format!("The message is not usable JSON: {error}."))
}

/// `type` may be a text or a list; a presentation may be wrapped (`EnvelopedVerifiablePresentation`).
pub fn is_presentation(value: &Value) -> bool {
    has_type(value, "VerifiablePresentation") || has_type(value, "EnvelopedVerifiablePresentation")
}

pub fn has_type(value: &Value, name: &str) -> bool {
    match value.get("type") {
        Some(Value::Array(types)) => types.iter().any(|item| item == name),
        Some(single) => single == name,
        None => false,
    }
}

/// The journal's entry about a presentation: shapes and names of mechanisms, none of its content.
pub fn outline(json: &Value) -> Value {
    let kind = |value: &Value| match value {
        Value::Array(items) => format!("list of {}", items.len()),
        Value::Object(_) => "object".to_owned(),
        Value::String(_) => "text".to_owned(),
        _ => "none".to_owned(),
    };
    let proofs: Vec<&Value> = match json.get("proof") {
        Some(Value::Array(proofs)) => proofs.iter().collect(),
        Some(proof) => vec![proof],
        None => Vec::new(),
    };
    let name = |proof: &&Value| {
        let text = |member: &str| proof.get(member).and_then(Value::as_str).map(|text| text.chars().take(40).collect::<String>());
        text("cryptosuite").or_else(|| text("type"))
    };
    serde_json::json!({
        "enveloped": has_type(json, "EnvelopedVerifiablePresentation"),
        "proofs": proofs.iter().filter_map(name).collect::<Vec<_>>(),
        "holder": json.get("holder").map_or_else(|| "none".to_owned(), kind),
        "credentials": json.get("verifiableCredential").map_or_else(|| "none".to_owned(), kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Message, Problem> {
        read(text.as_bytes(), &Limits::default())
    }

    fn presentations(text: &str) -> Vec<PresentedBytes> {
        match read_text(text) {
            Ok(Message::Presentations(list)) => list,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_empty_message_asks_what_is_next() {
        for text in ["{}", " { } ", "", r#"{"referenceId":"urn:uuid:1"}"#, r#"{"verifiablePresentation":null}"#] {
            assert_eq!(read_text(text), Ok(Message::Start), "{text}");
        }
    }

    #[test]
    fn a_presentation_keeps_its_bytes_whether_wrapped_bare_or_listed() {
        let vp = r#"{ "type":"VerifiablePresentation",  "n": 1.50 }"#;
        assert_eq!(presentations(vp)[0].bytes, vp.as_bytes());
        assert_eq!(presentations(&format!(r#"{{"referenceId":"x","verifiablePresentation": {vp} }}"#))[0].bytes, vp.as_bytes());
        let list = presentations(&format!(
            r#"{{"verifiablePresentation":[{vp}, {{"@context":"https://www.w3.org/ns/credentials/v2","id":"data:application/vp+jwt,a.b.c","type":["EnvelopedVerifiablePresentation"]}}]}}"#
        ));
        assert_eq!((list.len(), list[0].bytes.as_slice()), (2, vp.as_bytes()));
    }

    #[test]
    fn what_is_not_a_message_is_refused_with_a_type() {
        for (text, code) in [
            (r#"{"verifiablePresentation": ["#, "PARSING_ERROR"),
            ("[]", "PARSING_ERROR"),
            (r#"{"a":1,"a":2}"#, "PARSING_ERROR"),
            (r#"{"verifiablePresentation":"x"}"#, "MALFORMED_VALUE_ERROR"),
            (r#"{"verifiablePresentation":{"type":"Other"}}"#, "MALFORMED_VALUE_ERROR"),
            (
                r#"{"verifiablePresentation":{"type":"EnvelopedVerifiablePresentation","id":"data:application/vp+jwt,a.b.c"}}"#,
                "MALFORMED_VALUE_ERROR",
            ),
            (r#"{"verifiablePresentation":[]}"#, "nothing-presented"),
            (r#"{"verifiablePresentationRequest":{}}"#, "unsupported-message"),
            (r#"{"redirectUrl":"https://x.example"}"#, "unsupported-message"),
        ] {
            assert_eq!(read_text(text).unwrap_err().code(), code, "{text}");
        }
        let limits = Limits { max_file_bytes: 10, ..Limits::default() };
        assert_eq!(read(&[b' '; 11], &limits).unwrap_err().status, 413);
    }

    #[test]
    fn the_outline_tells_shapes_and_no_content() {
        let json = serde_json::json!({"type": "VerifiablePresentation", "holder": {"id": "did:key:z6Mk"},
            "proof": {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofValue": "zSecret"},
            "verifiableCredential": [{"name": "Ada"}]});
        let text = outline(&json).to_string();
        assert!(text.contains("eddsa-rdfc-2022") && text.contains("list of 1"));
        assert!(!text.contains("Ada") && !text.contains("zSecret") && !text.contains("z6Mk"));
    }
}
