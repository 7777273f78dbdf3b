//! Text that chat and mail programs changed on its way, so that no signature on it can be good.
//! Comes in: text that is no JSON, or a credential. Goes out: what was changed, in words for people. Nothing is put right.
//! Must not know: whether the credential was genuine before.

use crate::document::{Limits, json};
use serde_json::Value;

const QUOTES: &[char] = &['“', '”', '„', '‟', '«', '»', '‘', '’', '‚', '″', '＂'];
const QUOTED: &str = "its straight quotation marks became curly ones";
const ENTITIES: &str = "its quotation marks became signs of web pages (&quot;)";
const UNSEEN: &str = "characters that are not seen were put between its words";
const EMOJI: &str = "a part of an identifier became a small picture (emoji)";
const LINKED: &str = "an address in it became a link";
const TOKEN: &str = "characters of the token became others";
const ESCAPED: &str = "backslashes were put before its quotation marks or its underscores";

/// What was changed in a text that should be JSON or a token and can't be read.
pub(super) fn in_text(text: &str, limits: &Limits) -> Option<&'static str> {
    let inside = text.trim_start_matches(['{', '[']).trim_start();
    if inside.len() == text.len() {
        let is_token = text.starts_with("ey") && text.bytes().filter(|byte| *byte == b'.').count() >= 2;
        return (is_token && !text.is_ascii() && !text.contains(' ')).then_some(TOKEN);
    }
    if inside.starts_with(QUOTES) {
        return Some(QUOTED);
    }
    if inside.starts_with("&quot;") || inside.starts_with("&#34;") {
        return Some(ENTITIES);
    }
    if inside.starts_with("\\\"") {
        return Some(ESCAPED);
    }
    let is_unseen =
        |c: char| matches!(c, '\u{A0}' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}');
    if text.contains(is_unseen) && json::parse_text(&text.replace(is_unseen, " "), limits).is_ok() {
        return Some(UNSEEN);
    }
    // Only some of the quotation marks were changed.
    let plain: String = text.chars().map(|c| if QUOTES.contains(&c) { '"' } else { c }).collect();
    (plain != text && json::parse_text(&plain, limits).is_ok()).then_some(QUOTED)
}

/// What was changed in a credential that can be read. Only places that no issuer writes so are looked at.
pub(super) fn in_credential(credential: &Value) -> Option<&'static str> {
    let id = |value: &Value| value.as_str().or_else(|| value.get("id").and_then(Value::as_str)).map(str::to_owned);
    let proofs = match &credential["proof"] {
        Value::Array(proofs) => proofs.as_slice(),
        single => std::slice::from_ref(single),
    };
    let methods = proofs.iter().take(16).filter_map(|proof| id(&proof["verificationMethod"]));
    let is_broken_did = |id: &str| id.strip_prefix("did").is_some_and(|rest| rest.starts_with(|c: char| !c.is_ascii()));
    if id(&credential["issuer"]).into_iter().chain(methods).any(|id| is_broken_did(&id)) {
        return Some(EMOJI);
    }
    let contexts = match &credential["@context"] {
        Value::Array(contexts) => contexts.as_slice(),
        single => std::slice::from_ref(single),
    };
    let is_linked = |text: &str| ["<http", "[http"].iter().any(|start| text.starts_with(start));
    if contexts.iter().take(16).filter_map(Value::as_str).any(is_linked) {
        return Some(LINKED);
    }
    let mut values = proofs.iter().take(16).flat_map(|proof| [&proof["proofValue"], &proof["jws"]]).filter_map(Value::as_str);
    values.any(|value| !value.is_ascii()).then_some(TOKEN)
}
