//! Text that chat and mail programs changed, so that its signature can't be checked.
//! Comes in: text that is not JSON, or a credential. Goes out: a clause that names the change. Nothing is repaired.
//! Must not know: whether the credential was genuine before.

use crate::document::{Limits, json};
use serde_json::Value;

const QUOTES: &[char] = &['“', '”', '„', '‟', '«', '»', '‘', '’', '‚', '″', '＂'];
const QUOTED: &str = "its straight quotation marks became curly quotation marks";
const ENTITIES: &str = "its quotation marks became web page code (&quot;)";
const UNSEEN: &str = "invisible characters were added between its words";
const EMOJI: &str = "a part of an identifier became an emoji";
const LINKED: &str = "a web address in it became a link";
const TOKEN: &str = "some of the token's characters were replaced";
const ESCAPED: &str = "backslashes were added before its quotation marks or underscores";

/// The change in a text that should be JSON or a token and can't be read.
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

/// The change in a readable credential. Only forms that no issuer writes are searched.
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
