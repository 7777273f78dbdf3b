//! Finds private keys that are in a file by mistake: in wallet backups, in exports, below a pasted token.
//! Comes in: the text of a file. Goes out: whether it holds a private key. The key itself is neither kept nor shown.
//! Must not know: the use of the file.

use super::{Limits, json};
use serde_json::{Map, Value};

/// Deepest nesting of texts that are searched.
const MAX_NESTING: usize = 2;
/// The shortest private key or recovery phrase.
const SHORTEST_SECRET: usize = 20;
/// Numbers of words in a recovery phrase.
const PHRASE: std::ops::RangeInclusive<usize> = 12..=24;
/// Beginnings of the names of members with a private key, in lower case without `_` and `-`.
const NAMES: &[&str] = &["privatekey", "secretkey", "encryptedprivatekey"];
/// Whole names of members with a private key.
const SEEDS: &[&str] =
    &["seed", "seedhex", "masterseed", "walletseed", "seedphrase", "mnemonic", "mnemonicphrase", "recoveryphrase"];

/// Whether the text holds a private key.
pub fn is_in(text: &str, limits: &Limits) -> bool {
    holds(text, limits, 0)
}

fn holds(text: &str, limits: &Limits, nesting: usize) -> bool {
    if is_pem(text) {
        return true;
    }
    let text = text.trim_start_matches('\u{FEFF}').trim();
    if nesting > MAX_NESTING || !text.starts_with(['{', '[', '"']) {
        return false;
    }
    json::parse_text(text, limits).is_ok_and(|value| is_in_value(&value, limits, nesting))
}

/// The first line of a private key in PEM, for any algorithm: `-----BEGIN … PRIVATE KEY-----`.
fn is_pem(text: &str) -> bool {
    let lines = text.split("-----BEGIN ").skip(1);
    lines
        .filter_map(|rest| rest.split_once("-----"))
        .any(|(kind, _)| kind.ends_with("PRIVATE KEY") || kind.ends_with("PRIVATE KEY BLOCK"))
}

fn is_in_value(value: &Value, limits: &Limits, nesting: usize) -> bool {
    match value {
        Value::Object(object) => {
            is_key(object) || object.iter().any(|(name, value)| is_secret(name, value) || is_in_value(value, limits, nesting))
        }
        Value::Array(items) => items.iter().any(|item| is_in_value(item, limits, nesting)),
        Value::String(text) => holds(text, limits, nesting + 1),
        _ => false,
    }
}

/// A private or symmetric JSON Web Key (RFC 7518 §6): `d`, or `k` of an `oct` key.
fn is_key(object: &Map<String, Value>) -> bool {
    let has = |member: &str| object.get(member).and_then(Value::as_str).is_some_and(|text| text.len() >= SHORTEST_SECRET);
    match object.get("kty").and_then(Value::as_str) {
        Some("oct") => has("k"),
        Some(_) => has("d"),
        None => false,
    }
}

fn is_secret(name: &str, value: &Value) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect();
    if SEEDS.contains(&plain.as_str()) {
        return match value {
            Value::Array(words) => PHRASE.contains(&words.len()) && words.iter().all(Value::is_string),
            Value::String(text) => is_seed(text),
            _ => false,
        };
    }
    let is_long = value.as_str().is_some_and(|text| text.len() >= SHORTEST_SECRET);
    is_long && NAMES.iter().any(|start| plain.starts_with(start))
}

/// A recovery phrase (BIP 39), or at least 128 bits in hex, base58 or base64.
fn is_seed(text: &str) -> bool {
    let words = text.split_whitespace().count();
    PHRASE.contains(&words) || words == 1 && text.len() >= SHORTEST_SECRET && text.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(text: &str) -> bool {
        is_in(text, &Limits::default())
    }

    #[test]
    fn private_keys_of_every_shape_are_noticed() {
        let secret = "A".repeat(43);
        let pem = format!("-----BEGIN EC {} KEY-----\nMHcCAQEE\n", "PRIVATE");
        for held in [
            json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": secret, "d": secret}]}),
            json!({"kty": "oct", "k": secret}),
            json!({"contents": [{"type": "Ed25519VerificationKey2020", "privateKeyMultibase": secret}]}),
            json!({"wallet": {"seed": "0".repeat(64)}}),
            json!({"mnemonic": vec!["abandon"; 12]}),
            json!({"key": pem}),
            json!({"inner": json!({"private_key_hex": secret}).to_string()}),
        ] {
            assert!(found(&held.to_string()), "{held}");
        }
        assert!(found(&pem) && found("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb"));
    }

    #[test]
    fn public_keys_and_talk_about_keys_are_no_private_keys() {
        let public = "A".repeat(43);
        for held in [
            json!({"kty": "EC", "x": public, "y": public}),
            json!({"publicKeyMultibase": public, "seed": 42, "d": public}),
            json!({"narrative": "She learned what a PRIVATE KEY is.", "mnemonic": "Richard of York gave battle in vain"}),
            json!({"privateKey": null}),
        ] {
            assert!(!found(&held.to_string()), "{held}");
        }
        assert!(!found("-----BEGIN PUBLIC KEY-----\nMFkw") && !found("Keep your PRIVATE KEY safe."));
    }
}
