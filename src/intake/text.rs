//! Text becomes credentials: JSON, signed tokens and messages, also in quotes, lists and API bodies.
//! Comes in: text from a file, an image or an envelope. Goes out: its credentials. Signatures are not looked at.

use super::found::{Content, Found, MAX_ITEMS, Source, named};
use super::{presentation, problem, signed};
use crate::document::classify::{self, Kind};
use crate::document::{cose, json};
use crate::model::code::Code;
use crate::model::credential::{Document, Format};
use crate::model::submission::FileProblem;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

/// Envelopes in envelopes (quotes, wrappers, data URLs) that are opened.
const MAX_NESTING: usize = 4;

/// The content of a text. Several items only for lists that mix kinds.
pub fn open(text: &str, source: &Source<'_>) -> Vec<Found> {
    open_nested(text, source, source.nesting)
}

fn open_nested(text: &str, source: &Source<'_>, nesting: usize) -> Vec<Found> {
    let text = text.trim_start_matches('\u{FEFF}').trim();
    if text.is_empty() {
        return vec![Found::nothing("empty file", problem::empty())];
    }
    if nesting > MAX_NESTING {
        return vec![Found::nothing("text", problem::unknown())];
    }
    if text.starts_with(['{', '[']) {
        return open_json(text, source, nesting);
    }
    if let Some(inner) = unquoted(text) {
        return open_nested(&inner, source, nesting + 1);
    }
    if let Some(content) = classify::data_url_content(text) {
        return open_nested(&content, source, nesting + 1);
    }
    if let Some(found) = signed::open(text, source, open) {
        return vec![found];
    }
    if let Some(found) = cose::from_base64(text).and_then(|bytes| signed::open_cose(&bytes, source, open)) {
        return vec![found];
    }
    vec![plain_text(text, source)]
}

/// The text inside one pair of quotes.
fn unquoted(text: &str) -> Option<String> {
    if let Ok(inner) = serde_json::from_str::<String>(text) {
        return Some(inner);
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(inner.to_owned())
}

fn plain_text(text: &str, source: &Source<'_>) -> Found {
    let one_word = !text.contains(char::is_whitespace);
    let is_url = one_word && url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_url && source.is_baked() {
        let document = Document::HostedUrl(text.to_owned());
        let credential = source.credential("text/uri-list", text.as_bytes(), document);
        return source.found("link to a hosted Open Badge".to_owned(), credential);
    }
    if is_url {
        return Found::nothing("link", problem::link_only());
    }
    let start = text.get(..64).unwrap_or(text);
    let lower = start.to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Found::nothing("web page", problem::unsupported("a web page (HTML)"));
    }
    if start.starts_with("-----BEGIN ") {
        return Found::nothing("key or certificate", problem::not_a_credential("a key or a certificate"));
    }
    if start.starts_with("did:") {
        return Found::nothing("identifier", problem::not_a_credential("an identifier (DID)"));
    }
    if start.starts_with("openid4vp:") || start.starts_with("openid-credential-offer:") {
        return Found::nothing("wallet link", problem::not_a_credential("a link for a wallet"));
    }
    Found::nothing("text", problem::unknown())
}

// --- JSON

fn open_json(text: &str, source: &Source<'_>, nesting: usize) -> Vec<Found> {
    match json::parse_text(text, source.limits) {
        Ok(value) => open_value(text, value, source, nesting),
        Err(error) => vec![Found::nothing("JSON text", problem::bad_json(&error))],
    }
}

/// `text` is the exact source of `value`.
fn open_value(text: &str, value: Value, source: &Source<'_>, nesting: usize) -> Vec<Found> {
    let object = match value {
        Value::Object(object) => object,
        Value::Array(_) => return open_list(text, source, nesting),
        Value::String(inner) => return open_nested(&inner, source, nesting + 1),
        _ => return vec![Found::nothing("JSON text", problem::unknown())],
    };
    match classify::kind(&object) {
        Kind::Credential => {
            let value = Value::Object(object);
            let format = classify::format_of(&value);
            let media_type = match format {
                Format::OpenBadges1 | Format::OpenBadges2 => "application/ld+json",
                _ => "application/vc+ld+json",
            };
            vec![source.found(named(format), source.credential(media_type, text.as_bytes(), Document::Json(Arc::new(value))))]
        }
        Kind::Presentation => {
            let document = Document::Json(Arc::new(Value::Object(object)));
            vec![presentation::found(text.as_bytes(), "application/vp+ld+json", document, text.as_bytes(), source, open)]
        }
        Kind::Enveloped(content) => open_nested(&content, source, nesting + 1),
        Kind::JwsJson => vec![jws_json(text, &object, source)],
        Kind::Wrapper(members) => open_wrapper(text, members, source, nesting),
        Kind::Other(what) => vec![Found::nothing(what, problem::not_a_credential(what))],
        Kind::Description(what) => vec![Found::nothing(what, problem::description(what))],
        Kind::Unknown => {
            // Whatever its members are called: a credential among them is known by its own signature.
            let signed = object.iter().filter(|(_, value)| classify::is_signed(value)).map(|(name, _)| name.as_str());
            open_wrapper(text, &signed.collect::<Vec<_>>(), source, nesting)
        }
    }
}

/// A JSON-serialised JWS: with one signature and a base64url payload it is the same as the compact form;
/// the European seal (JAdES) keeps the payload as text, and that text is the credential.
fn jws_json(text: &str, object: &serde_json::Map<String, Value>, source: &Source<'_>) -> Found {
    const MEDIA_TYPE: &str = "application/jose+json";
    let payload = object.get("payload").and_then(Value::as_str).unwrap_or_default();
    let signature = match object.get("signatures").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) => only.as_object(),
        Some(_) => None,
        None => Some(object),
    };
    let part = |name: &str| signature.and_then(|s| s.get(name)).and_then(Value::as_str);
    if let (Some(protected), Some(signature)) = (part("protected"), part("signature")) {
        let compact = format!("{protected}.{payload}.{signature}");
        if let Some(mut found) = signed::open(&compact, source, open) {
            if let Content::Credentials(credentials) = &mut found.content {
                for credential in credentials {
                    credential.bytes = text.as_bytes().to_vec();
                    credential.media_type = MEDIA_TYPE.to_owned();
                }
            }
            return found;
        }
    }
    match json::parse(payload.as_bytes(), source.limits) {
        Ok(inner) if inner.is_object() => {
            let detected = format!("{} with a seal", named(classify::format_of(&inner)));
            source.found(detected, source.credential(MEDIA_TYPE, text.as_bytes(), Document::Json(Arc::new(inner))))
        }
        Ok(_) => Found::nothing("signed document", problem::unknown()),
        Err(error) => Found::nothing("signed document", problem::bad_json(&error)),
    }
}

fn open_wrapper(text: &str, members: &[&str], source: &Source<'_>, nesting: usize) -> Vec<Found> {
    let Ok(parts) = serde_json::from_str::<HashMap<String, &RawValue>>(text) else {
        return vec![Found::nothing("JSON document", problem::unknown())];
    };
    let held: Vec<&str> = members.iter().filter_map(|member| parts.get(*member)).map(|raw| raw.get()).collect();
    if held.is_empty() {
        return vec![Found::nothing("JSON document", problem::unknown())];
    }
    merged(held.iter().flat_map(|inner| open_nested(inner, source, nesting + 1)).collect())
}

fn open_list(text: &str, source: &Source<'_>, nesting: usize) -> Vec<Found> {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) else {
        return vec![Found::nothing("JSON list", problem::unknown())];
    };
    if items.len() > MAX_ITEMS {
        let message = format!("The file lists {} items; at most {MAX_ITEMS} are taken from one file.", items.len());
        return vec![Found::nothing("JSON list", FileProblem::new(Code::TooManyItems, message))];
    }
    if items.is_empty() {
        return vec![Found::nothing("JSON list", problem::unknown())];
    }
    merged(items.iter().flat_map(|item| open_nested(item.get(), source, nesting + 1)).collect())
}

/// Plain credentials of one file go together; presentations and problems stay apart.
/// When nothing at all was found, one problem speaks for all.
fn merged(found: Vec<Found>) -> Vec<Found> {
    let mut credentials = Vec::new();
    let mut detected = String::new();
    let mut apart = Vec::new();
    let mut problems = Vec::new();
    for one in found {
        match one.content {
            Content::Credentials(mut some) => {
                detected =
                    if credentials.is_empty() { one.detected } else { format!("{} credentials", credentials.len() + some.len()) };
                credentials.append(&mut some);
            }
            Content::Presentation(_) => apart.push(one),
            Content::Nothing(_) => problems.push(one),
        }
    }
    let mut result = Vec::new();
    if !credentials.is_empty() {
        result.push(Found { detected, content: Content::Credentials(credentials) });
    }
    result.append(&mut apart);
    if result.is_empty() {
        problems.truncate(1);
    }
    result.append(&mut problems);
    result
}
