//! The wallet's answer (`direct_post`): every shape of `vp_token` that wallets send.
//! Comes in: the body. Goes out: the presentations, or the wallet's error.

use super::encrypted::ResponseKey;
use super::mdoc;
use crate::document::{Limits, json};
use crate::protocol::vcalm::message::is_presentation;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const MAX_PRESENTATIONS: usize = 8;
const MAX_ERROR_TEXT: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub state: Option<String>,
    pub content: AnswerContent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerContent {
    Presentations(Vec<Presented>),
    /// The wallet or its owner said no: (error, description).
    Declined(String, Option<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// Exactly as received.
    pub bytes: Vec<u8>,
    pub form: PresentedForm,
    /// The domain or audience in the proof: only to choose which of our names to compare with.
    pub named_audience: Option<String>,
    /// The query that the presentation answers; absent in the forms before version 1.0.
    pub query_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresentedForm {
    Json,
    CompactJws,
    SdJwt,
}

impl PresentedForm {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/vp",
            Self::CompactJws => "application/vp+jwt",
            Self::SdJwt => "application/dc+sd-jwt",
        }
    }
}

/// Reads the answer. `key`: the key that it had to be encrypted to, where the request said so; a refusal may come plain all the same.
/// The error is a plain sentence for `error_description`.
pub fn read(content_type: Option<&str>, body: &[u8], limits: &Limits, key: Option<&ResponseKey>) -> Result<Answer, String> {
    if body.len() > limits.max_file_bytes {
        return Err("the answer is larger than this gateway accepts".to_owned());
    }
    let is_json = content_type.is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("application/json"));
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    if is_json {
        json::parse(body, limits).map_err(|error| error.to_string())?;
        fields = texts(json::without_bom(body))?;
    } else {
        for (name, value) in url::form_urlencoded::parse(body) {
            if fields.insert(name.to_string(), value.to_string()).is_some() {
                return Err(format!("{name} was given more than once"));
            }
        }
    }
    match (key, fields.get("response")) {
        (Some(key), Some(jwe)) => {
            let opened = key.open(jwe, limits)?;
            fields = texts(Value::Object(opened).to_string().as_bytes())?;
        }
        (Some(_), None) if !fields.contains_key("error") => {
            return Err("response is missing: the answer must be encrypted".to_owned());
        }
        (None, Some(_)) => return Err("no encrypted answer was asked for".to_owned()),
        _ => {}
    }
    let state = fields.get("state").cloned();
    if let Some(error) = fields.get("error") {
        let short = |text: &String| text.chars().filter(|c| !c.is_control()).take(MAX_ERROR_TEXT).collect();
        let content = AnswerContent::Declined(short(error), fields.get("error_description").map(short));
        return Ok(Answer { state, content });
    }
    let token = fields.get("vp_token").ok_or("vp_token is missing")?;
    let presentations = presentations(token, limits)?;
    Ok(Answer { state, content: AnswerContent::Presentations(presentations) })
}

/// The members of a JSON object: a text stands for itself, anything else for its JSON.
fn texts(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes).map_err(|_| "the body must be a JSON object")?;
    let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
    Ok(members.into_iter().map(|(name, raw)| (name, text(raw))).collect())
}

/// An object by query id (1.0), a presentation alone, a list, or a bare JWT or SD-JWT.
fn presentations(token: &str, limits: &Limits) -> Result<Vec<Presented>, String> {
    let mut found = Vec::new();
    collect(token.trim_start_matches('\u{FEFF}').trim(), limits, 0, None, &mut found)?;
    if found.is_empty() {
        return Err("vp_token holds no presentation".to_owned());
    }
    Ok(found)
}

fn collect(text: &str, limits: &Limits, depth: usize, query_id: Option<&str>, found: &mut Vec<Presented>) -> Result<(), String> {
    let add = |presented: Presented| Presented { query_id: query_id.map(str::to_owned), ..presented };
    if found.len() >= MAX_PRESENTATIONS {
        return Err(format!("vp_token holds more than {MAX_PRESENTATIONS} presentations"));
    }
    let unusable = |error: &dyn std::fmt::Display| format!("vp_token is not usable: {error}");
    match text.bytes().next() {
        Some(b'{') => {
            let value = json::parse(text.as_bytes(), limits).map_err(|error| unusable(&error))?;
            if is_presentation(&value) || value.get("credentialSubject").is_some() {
                found.push(add(json_presentation(text, &value)));
                return Ok(());
            }
            // Only the outermost object names queries.
            if depth > 0 {
                return Err("vp_token holds something that is no presentation".to_owned());
            }
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(|error| unusable(&error))?;
            members.iter().try_for_each(|(id, raw)| collect(raw.get(), limits, depth + 1, Some(id), found))
        }
        Some(b'[') => {
            if depth > 1 {
                return Err("vp_token is nested too deep".to_owned());
            }
            json::parse(text.as_bytes(), limits).map_err(|error| unusable(&error))?;
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| unusable(&error))?;
            items.iter().try_for_each(|raw| collect(raw.get(), limits, depth + 1, query_id, found))
        }
        Some(b'"') => {
            let inner: String = serde_json::from_str(text).map_err(|error| unusable(&error))?;
            if depth > 2 {
                return Err("vp_token is nested too deep".to_owned());
            }
            collect(inner.trim(), limits, depth + 1, query_id, found)
        }
        _ => {
            if let Some(document_type) = mdoc::document_type(text) {
                return Err(format!(
                    "the answer holds a mobile document (mdoc, ISO/IEC 18013-5) of the type {document_type}, which can't be verified here; share the credential in a format that was asked for"
                ));
            }
            found.push(add(compact(text).ok_or("vp_token is neither JSON nor a JWT")?));
            Ok(())
        }
    }
}

fn json_presentation(text: &str, value: &Value) -> Presented {
    let proof = match value.get("proof") {
        Some(Value::Array(proofs)) => proofs.first(),
        proof => proof,
    };
    let named_audience = proof.and_then(|proof| proof.get("domain")).and_then(Value::as_str).map(str::to_owned);
    Presented { bytes: text.as_bytes().to_vec(), form: PresentedForm::Json, named_audience, query_id: None }
}

fn compact(text: &str) -> Option<Presented> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    if !text.bytes().all(allowed) {
        return None;
    }
    let (form, last_jwt) = match text.rsplit_once('~') {
        Some((_, key_binding)) => (PresentedForm::SdJwt, key_binding),
        None => (PresentedForm::CompactJws, text),
    };
    if form == PresentedForm::CompactJws && text.split('.').count() != 3 {
        return None;
    }
    let named_audience = audience(last_jwt);
    Some(Presented { bytes: text.as_bytes().to_vec(), form, named_audience, query_id: None })
}

fn audience(jwt: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let first = match claims.get("aud")? {
        Value::Array(items) => items.first()?.as_str()?,
        single => single.as_str()?,
    };
    Some(first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::oid4vp::encrypted::tests::encrypt;

    fn form(fields: &[(&str, &str)]) -> Result<Answer, String> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        read(Some("application/x-www-form-urlencoded"), body.as_bytes(), &Limits::default(), None)
    }

    fn found(token: &str) -> Vec<Presented> {
        match form(&[("vp_token", token), ("state", "s")]).unwrap().content {
            AnswerContent::Presentations(list) => list,
            other => panic!("{other:?}"),
        }
    }

    fn jwt(aud: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", encode(r#"{"alg":"EdDSA"}"#), encode(&format!(r#"{{"aud":"{aud}","vp":{{}}}}"#)))
    }

    #[test]
    fn every_shape_of_a_token_is_read() {
        let vp = r#"{"type":"VerifiablePresentation", "proof":{"domain":"d"}}"#;
        let quoted = serde_json::to_string(vp).unwrap();
        for token in [
            vp.to_owned(),
            format!("[{vp}]"),
            format!(r#"{{"badge":[{vp}]}}"#),
            format!(r#"{{"badge":{vp}}}"#),
            format!(r#"{{"badge":[{quoted}]}}"#),
            quoted.clone(),
        ] {
            let list = found(&token);
            assert_eq!((list.len(), list[0].bytes.as_slice()), (1, vp.as_bytes()), "{token}");
            assert_eq!((list[0].form, list[0].named_audience.as_deref()), (PresentedForm::Json, Some("d")));
        }
        let jwt = jwt("redirect_uri:x");
        for token in [jwt.clone(), format!("\"{jwt}\""), format!("[\"{jwt}\"]"), format!(r#"{{"badge":["{jwt}"]}}"#)] {
            let list = found(&token);
            assert_eq!(
                (list[0].form, list[0].named_audience.as_deref()),
                (PresentedForm::CompactJws, Some("redirect_uri:x")),
                "{token}"
            );
        }
        let sd = format!("{}~ZGlz~{}", jwt, self::jwt("gw"));
        assert_eq!(found(&sd)[0].form, PresentedForm::SdJwt);
        assert_eq!(found(&sd)[0].named_audience.as_deref(), Some("gw"));
        let three = found(&format!(r#"{{"a":["{jwt}"],"b":[{vp},{vp}]}}"#));
        let ids: Vec<Option<&str>> = three.iter().map(|item| item.query_id.as_deref()).collect();
        assert_eq!(ids, [Some("a"), Some("b"), Some("b")]);
        assert_eq!(found(vp)[0].query_id, None);
    }

    #[test]
    fn a_json_body_is_taken_too() {
        let body = br#"{"vp_token":{"badge":[{"type":["VerifiablePresentation"]}]},"state":"s"}"#;
        let answer = read(Some("application/json; charset=utf-8"), body, &Limits::default(), None).unwrap();
        assert_eq!(answer.state.as_deref(), Some("s"));
        assert!(matches!(answer.content, AnswerContent::Presentations(list) if list.len() == 1));
    }

    #[test]
    fn an_encrypted_answer_is_opened_and_a_plain_one_is_no_way_around_it() {
        let key = ResponseKey::generate();
        let plain = serde_json::json!({"vp_token": {"badge": [{"type": ["VerifiablePresentation"]}]}, "state": "s"});
        let jwe = encrypt(&key.public_jwk(), "A256GCM", &plain);
        let read = |fields: &[(&str, &str)], key: Option<&ResponseKey>| {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            super::read(Some("application/x-www-form-urlencoded"), body.as_bytes(), &Limits::default(), key)
        };
        let answer = read(&[("response", jwe.as_str())], Some(&key)).unwrap();
        assert_eq!(answer.state.as_deref(), Some("s"));
        assert!(matches!(answer.content, AnswerContent::Presentations(list) if list[0].query_id.as_deref() == Some("badge")));
        let token = plain["vp_token"].to_string();
        assert!(read(&[("vp_token", token.as_str()), ("state", "s")], Some(&key)).unwrap_err().contains("must be encrypted"));
        assert!(read(&[("response", jwe.as_str())], None).unwrap_err().contains("no encrypted answer"));
        assert!(read(&[("response", jwe.as_str())], Some(&ResponseKey::generate())).is_err());
        assert!(matches!(read(&[("error", "access_denied")], Some(&key)).unwrap().content, AnswerContent::Declined(..)));
    }

    #[test]
    fn a_mobile_document_is_named() {
        let problem = form(&[("vp_token", mdoc::tests::answer("org.iso.18013.5.1.mDL").as_str()), ("state", "s")]).unwrap_err();
        assert!(problem.contains("org.iso.18013.5.1.mDL") && problem.contains("mdoc"), "{problem}");
        let by_id = format!(r#"{{"badge":["{}"]}}"#, mdoc::tests::answer("org.iso.18013.5.1.mDL"));
        assert!(form(&[("vp_token", by_id.as_str())]).unwrap_err().contains("mDL"));
    }

    #[test]
    fn a_refusal_is_read_and_nonsense_is_an_error() {
        let answer = form(&[("error", "access_denied"), ("error_description", "user\nsaid no")]).unwrap();
        assert_eq!(answer.content, AnswerContent::Declined("access_denied".to_owned(), Some("usersaid no".to_owned())));
        for token in ["", "x", "{", "[]", "{}", "1", "a.b", "[[[[\"a.b.c\"]]]]"] {
            assert!(form(&[("vp_token", token)]).is_err(), "{token}");
        }
        assert!(form(&[]).is_err());
        assert!(form(&[("vp_token", "a.b.c"), ("vp_token", "a.b.c")]).is_err());
    }
}
