//! Opens text: JSON, signed tokens and messages, also in quotes, lists, API answers and running text.
//! Comes in: text from a file, an image or an envelope. Goes out: its credentials. Signatures are not checked.

use super::found::{Content, Found, SEALED, Source, named};
use super::{changed, presentation, problem, running, search, signed};
use crate::document::classify::{self, Kind};
use crate::document::json::{self, JsonError};
use crate::document::{cose, token};
use crate::model::credential::{Document, Format};
use serde_json::Value;
use std::sync::Arc;

/// The deepest nesting of envelopes (quotes, wrappers, data URLs).
const MAX_NESTING: usize = 4;

/// The content of a text: several items only for a text that mixes kinds.
pub fn open(text: &str, source: &Source<'_>) -> Vec<Found> {
    let text = text.trim_start_matches('\u{FEFF}').trim();
    if text.is_empty() {
        return vec![Found::nothing("empty file", problem::empty())];
    }
    if source.nesting > MAX_NESTING {
        return vec![Found::nothing("text", problem::unknown())];
    }
    if text.starts_with(['{', '[']) {
        return open_json(text, source);
    }
    if let Some(inner) = unquoted(text).or_else(|| classify::data_url_content(text)) {
        return open(&inner, &source.deeper());
    }
    if let Some(found) = signed::open(text, source, open) {
        return vec![found];
    }
    if let Some(found) = cose::from_base64(text).and_then(|bytes| signed::open_cose(&bytes, source, open)) {
        return vec![found];
    }
    if let Some(inner) = decoded(text) {
        return open(&inner, &source.deeper());
    }
    running::open(text, source, open).unwrap_or_else(|| vec![plain_text(text, source)])
}

/// Decodes base64 text, of either alphabet, on one or several lines.
fn decoded(text: &str) -> Option<String> {
    if !search::is_encoded(text) {
        return None;
    }
    let written: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = token::decode(&written.replace('+', "-").replace('/', "_")).ok()?;
    String::from_utf8(bytes).ok()
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
    if let Some(what) = changed::in_text(text, source.limits) {
        return Found::nothing("changed text", problem::text_changed(what));
    }
    if start.starts_with("openid4vp:") || start.starts_with("openid-credential-offer:") {
        return Found::nothing("wallet link", problem::not_a_credential("a link for a wallet"));
    }
    Found::nothing("text", problem::unknown())
}

// --- JSON

fn open_json(text: &str, source: &Source<'_>) -> Vec<Found> {
    let error = match json::parse_text(text, source.limits) {
        Ok(value) => return open_value(text, value, source),
        Err(error) => error,
    };
    if let JsonError::Syntax { .. } = error {
        if let Some(found) = running::open(text, source, open) {
            return found;
        }
        if let Some(what) = changed::in_text(text, source.limits) {
            return vec![Found::nothing("changed text", problem::text_changed(what))];
        }
        // Ordinary text may begin with a bracket, too.
        let inside = text.trim_start_matches(['{', '[']).trim_start();
        if !inside.is_empty() && !inside.starts_with(['"', '}', ']', '\'', '/']) {
            return vec![plain_text(text, source)];
        }
    }
    vec![Found::nothing("JSON text", problem::bad_json(&error))]
}

/// `text` is the exact source of `value`.
fn open_value(text: &str, value: Value, source: &Source<'_>) -> Vec<Found> {
    let object = match &value {
        Value::Object(object) => object,
        Value::Array(_) => return search::open(text, &value, source, open),
        _ => return vec![Found::nothing("JSON text", problem::unknown())],
    };
    match classify::kind(object) {
        Kind::Credential => match proof_token(object) {
            Some(token) => open(&token, &source.deeper()),
            None => vec![json_credential(text, value, source)],
        },
        Kind::Presentation => {
            if let Some(token) = proof_token(object) {
                return open(&token, &source.deeper());
            }
            let document = Document::Json(Arc::new(value));
            vec![presentation::found(text.as_bytes(), "application/vp+ld+json", document, text.as_bytes(), source, open)]
        }
        Kind::Enveloped(content) => open(&content, &source.deeper()),
        Kind::JwsJson => vec![jws_json(text, object, source)],
        Kind::Other(_) | Kind::Description(_) | Kind::Unknown => search::open(text, &value, source, open),
    }
}

fn json_credential(text: &str, value: Value, source: &Source<'_>) -> Found {
    if let Some(what) = changed::in_credential(&value) {
        return Found::nothing("changed text", problem::text_changed(what));
    }
    let format = classify::format_of(&value);
    let media_type = match format {
        Format::OpenBadges1 | Format::OpenBadges2 => "application/ld+json",
        _ => "application/vc+ld+json",
    };
    source.found(named(format), source.credential(media_type, text.as_bytes(), Document::Json(Arc::new(value))))
}

/// Some wallets show a token as JSON and keep the token in a proof of the type `JwtProof2020`; only the token is signed.
fn proof_token(object: &serde_json::Map<String, Value>) -> Option<String> {
    let proof = object.get("proof")?;
    let token = proof.get("jwt").and_then(Value::as_str)?;
    (proof.get("type").and_then(Value::as_str) == Some("JwtProof2020")).then(|| token.to_owned())
}

/// A JSON-serialised JWS. With one signature and a base64url payload, it equals the compact form. The European seal (JAdES) keeps
/// the payload as text, and that text is the credential.
fn jws_json(text: &str, object: &serde_json::Map<String, Value>, source: &Source<'_>) -> Found {
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
                    credential.media_type = SEALED.to_owned();
                }
            }
            return found;
        }
    }
    match json::parse(payload.as_bytes(), source.limits) {
        Ok(inner) if inner.is_object() => {
            let detected = format!("{} with a seal", named(classify::format_of(&inner)));
            source.found(detected, source.credential(SEALED, text.as_bytes(), Document::Json(Arc::new(inner))))
        }
        Ok(_) => Found::nothing("signed document", problem::unknown()),
        Err(error) => Found::nothing("signed document", problem::bad_json(&error)),
    }
}
