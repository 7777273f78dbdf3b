//! Documents in a signed CBOR message (Securing VCs using JOSE and COSE §3.3, RFC 9052), read into the parts of a token.
//! Comes in: a COSE_Sign1 message. Goes out: an [`Envelope`], so that the same code checks keys, claims and signatures of JOSE and COSE.
//! Must not know: keys, status, trust, people.

use super::{Envelope, LIMITS, MAX_TOKEN, Malformed, check_header, object};
use crate::document::cose::{Header, Sign1};
use crate::model::code::Code;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};
use std::sync::Arc;

// Header labels (RFC 9052 §3.1, RFC 9596, RFC 9597).
const ALG: i128 = 1;
const CRIT: i128 = 2;
const CTY: i128 = 3;
const KID: i128 = 4;
const CWT_CLAIMS: i128 = 15;
const TYP: i128 = 16;
/// Entries that decide how the message is read; they must be in the signed header, since anybody can change the unsigned header.
const ONLY_SIGNED: [i128; 5] = [ALG, CRIT, CTY, CWT_CLAIMS, TYP];
/// The most entries of both headers together.
const MAX_ENTRIES: usize = 50;

/// COSE algorithm → its name in JOSE (RFC 9053, RFC 8812, RFC 9864). `key.rs` decides whether an algorithm is supported.
const ALGORITHMS: [(i128, &str); 16] = [
    (-7, "ES256"),
    (-8, "EdDSA"),
    (-9, "ES256"),
    (-19, "Ed25519"),
    (-35, "ES384"),
    (-36, "ES512"),
    (-37, "PS256"),
    (-38, "PS384"),
    (-39, "PS512"),
    (-47, "ES256K"),
    (-51, "ES384"),
    (-52, "ES512"),
    (-53, "Ed448"),
    (-257, "RS256"),
    (-258, "RS384"),
    (-259, "RS512"),
];

/// Claims that the header may hold (RFC 9597) → their names in a JWT (RFC 8392 §4).
const CLAIMS: [(i128, &str); 6] = [(1, "iss"), (2, "sub"), (3, "aud"), (4, "exp"), (5, "nbf"), (6, "iat")];

/// Parses a message with a JSON payload.
pub fn read(bytes: &[u8]) -> Result<Envelope, Malformed> {
    if bytes.len() > MAX_TOKEN {
        return Err(Malformed::new(Code::TooLarge, "the signed message is too large"));
    }
    let broken = || Malformed::new(Code::InvalidCose, "the signed message can't be read");
    let message = Sign1::read(bytes).ok_or_else(broken)?;
    let protected = message.protected_header().ok_or_else(broken)?;
    check_labels(&protected, &message.unprotected)?;
    let header = token_header(&protected, &message.unprotected)?;
    check_header(&header)?;
    let mut payload = object(message.payload, &LIMITS, "payload")?;
    if let Some(claims) = entry(&protected, CWT_CLAIMS) {
        add_claims(&mut payload, claims)?;
    }
    let signing_input = to_be_signed(&message).ok_or_else(broken)?;
    Ok(Envelope { header, payload: Arc::new(Value::Object(payload)), signing_input, signature: message.signature.to_vec() })
}

fn wrong(detail: impl Into<String>) -> Malformed {
    Malformed::new(Code::InvalidCoseHeader, detail)
}

/// A label may appear once, in one of the headers (RFC 9052 §3).
fn check_labels(protected: &Header, unprotected: &Header) -> Result<(), Malformed> {
    let labels: Vec<&Cbor> = protected.iter().chain(unprotected).map(|(label, _)| label).collect();
    if labels.len() > MAX_ENTRIES {
        return Err(wrong("the headers of the message have too many entries"));
    }
    let is_label = |label: &&Cbor| label.is_integer() || label.is_text();
    let is_repeated = |at: usize| labels.iter().skip(at + 1).any(|later| *later == labels[at]);
    if !labels.iter().all(is_label) || (0..labels.len()).any(is_repeated) {
        return Err(wrong("an entry of the message's headers appears twice or has an invalid label"));
    }
    match ONLY_SIGNED.iter().any(|label| entry(unprotected, *label).is_some()) {
        true => Err(wrong("a part of the message's header is not signed, although it must be")),
        false => Ok(()),
    }
}

fn entry(header: &Header, wanted: i128) -> Option<&Cbor> {
    let is_wanted = |label: &Cbor| label.as_integer().is_some_and(|label| i128::from(label) == wanted);
    header.iter().find(|(label, _)| is_wanted(label)).map(|(_, value)| value)
}

/// The header with the names that JOSE uses.
fn token_header(protected: &Header, unprotected: &Header) -> Result<Map<String, Value>, Malformed> {
    let mut header = Map::new();
    let mut set = |name: &str, value: String| header.insert(name.to_owned(), Value::String(value));
    match entry(protected, ALG) {
        Some(Cbor::Integer(number)) => {
            let number = i128::from(*number);
            let known = ALGORITHMS.iter().find(|(known, _)| *known == number);
            set("alg", known.map_or_else(|| format!("with the number {number}"), |(_, name)| (*name).to_owned()));
        }
        Some(_) => return Err(wrong("the message's algorithm is not a registered algorithm")),
        None => return Err(wrong("the message's header names no algorithm")),
    }
    for (label, name) in [(TYP, "typ"), (CTY, "cty")] {
        match entry(protected, label) {
            None => {}
            Some(Cbor::Text(text)) => drop(set(name, text.clone())),
            Some(_) => return Err(Malformed::new(Code::WrongMediaType, "the message does not say that it is a credential")),
        }
    }
    // The key id is only a hint: the key must be the issuer's, and the signature must match.
    match entry(protected, KID).or_else(|| entry(unprotected, KID)) {
        None => {}
        Some(Cbor::Bytes(bytes)) => {
            let name = std::str::from_utf8(bytes).map_err(|_| wrong("the name of the message's key is not text"))?;
            set("kid", name.to_owned());
        }
        Some(_) => return Err(wrong("the name of the message's key is of the wrong type")),
    }
    if entry(protected, CRIT).is_some() {
        set("crit", "present".to_owned());
    }
    Ok(header)
}

/// Claims of the header count like claims of the payload, and must not contradict them.
fn add_claims(payload: &mut Map<String, Value>, claims: &Cbor) -> Result<(), Malformed> {
    let claims = claims.as_map().ok_or_else(|| wrong("the claims in the message's header are of the wrong type"))?;
    if claims.len() > MAX_ENTRIES {
        return Err(wrong("the message's header holds too many claims"));
    }
    for (label, name) in CLAIMS {
        let Some(value) = entry(claims, label) else { continue };
        let value = match value {
            Cbor::Text(text) => Value::String(text.clone()),
            Cbor::Integer(number) => i64::try_from(*number).map_or(Value::Null, Value::from),
            Cbor::Float(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
            _ => Value::Null,
        };
        // Compared as text, because equal numbers can be stored in different ways.
        let spelled = |value: &Value| value.to_string();
        if payload.get(name).is_some_and(|known| spelled(known) != spelled(&value)) {
            return Err(Malformed::new(Code::SecondTruth, format!("the message gives two different values for \"{name}\"")));
        }
        payload.insert(name.to_owned(), value);
    }
    Ok(())
}

/// `Sig_structure` without additional data (RFC 9052 §4.4).
fn to_be_signed(message: &Sign1<'_>) -> Option<Vec<u8>> {
    let bytes = |bytes: &[u8]| Cbor::Bytes(bytes.to_vec());
    let parts = [Cbor::Text("Signature1".to_owned()), bytes(message.protected), bytes(&[]), bytes(message.payload)];
    let mut encoded = Vec::with_capacity(message.payload.len() + message.protected.len() + 32);
    ciborium::into_writer(&Cbor::Array(parts.into()), &mut encoded).ok()?;
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(protected: Vec<(Cbor, Cbor)>, unprotected: Vec<(Cbor, Cbor)>, payload: &str) -> Vec<u8> {
        let mut header = Vec::new();
        ciborium::into_writer(&Cbor::Map(protected), &mut header).unwrap();
        let parts = vec![Cbor::Bytes(header), Cbor::Map(unprotected), Cbor::Bytes(payload.into()), Cbor::Bytes(vec![1; 64])];
        let mut bytes = Vec::new();
        ciborium::into_writer(&Cbor::Tag(18, Box::new(Cbor::Array(parts))), &mut bytes).unwrap();
        bytes
    }

    fn pair(label: i64, value: impl Into<Cbor>) -> (Cbor, Cbor) {
        (Cbor::from(label), value.into())
    }

    fn alg() -> (Cbor, Cbor) {
        pair(1, -7)
    }

    fn code(protected: Vec<(Cbor, Cbor)>, unprotected: Vec<(Cbor, Cbor)>) -> Code {
        read(&message(protected, unprotected, "{}")).map(|_| Code::Ok).unwrap_or_else(|problem| problem.code)
    }

    #[test]
    fn a_message_has_the_parts_of_a_token() {
        let kid = Cbor::Bytes(b"#k".to_vec());
        let protected = vec![alg(), pair(3, "application/vc"), pair(4, kid), pair(16, "application/VC+COSE")];
        let token = read(&message(protected, vec![], "{\"a\":1}")).unwrap();
        assert_eq!((token.algorithm(), token.key_id(), token.media_type().as_deref()), ("ES256", Some("#k"), Some("vc+cose")));
        assert!(token.require_type(&["vc+cose"], &["vc"]).is_ok());
        let input = b"\x84\x6ASignature1\x58";
        assert!(token.signing_input().starts_with(input) && token.signing_input().ends_with(b"\x40\x47{\"a\":1}"));
    }

    #[test]
    fn headers_that_break_the_rules_are_refused() {
        let text = |text: &str| Cbor::from(text);
        let cases = [
            (vec![], vec![], Code::InvalidCoseHeader),
            (vec![], vec![alg()], Code::InvalidCoseHeader),
            (vec![alg()], vec![alg()], Code::InvalidCoseHeader),
            (vec![alg(), alg()], vec![], Code::InvalidCoseHeader),
            (vec![pair(1, "ES256")], vec![], Code::InvalidCoseHeader),
            (vec![alg(), pair(2, Cbor::Array(vec![Cbor::from(1)]))], vec![], Code::UnknownCriticalHeader),
            (vec![alg()], vec![pair(2, Cbor::Array(vec![]))], Code::InvalidCoseHeader),
            (vec![alg()], vec![pair(16, "application/vc+cose")], Code::InvalidCoseHeader),
            (vec![alg()], vec![pair(15, Cbor::Map(vec![]))], Code::InvalidCoseHeader),
            (vec![alg(), pair(4, "kid")], vec![], Code::InvalidCoseHeader),
            (vec![alg(), pair(4, Cbor::Bytes(vec![0xFF]))], vec![], Code::InvalidCoseHeader),
            (vec![alg(), pair(16, 60)], vec![], Code::WrongMediaType),
            (vec![alg(), (Cbor::Null, text("x"))], vec![], Code::InvalidCoseHeader),
            (vec![alg()], (100..200).map(|label| pair(label, 0)).collect(), Code::InvalidCoseHeader),
            (vec![alg()], vec![pair(4, Cbor::Bytes(b"k".to_vec()))], Code::Ok),
            (vec![alg(), pair(99, "unknown"), (text("x"), text("y"))], vec![], Code::Ok),
        ];
        for (protected, unprotected, expected) in cases {
            assert_eq!(code(protected.clone(), unprotected.clone()), expected, "{protected:?} {unprotected:?}");
        }
        assert_eq!(read(&message(vec![alg()], vec![], "[]")).unwrap_err().code, Code::InvalidJwt);
    }

    #[test]
    fn an_algorithm_that_is_no_signature_keeps_a_name_that_nothing_supports() {
        // 5 is HMAC-SHA-256: whoever can verify it could have made it.
        let token = read(&message(vec![pair(1, 5)], vec![], "{}")).unwrap();
        assert_eq!(token.algorithm(), "with the number 5");
    }

    #[test]
    fn claims_of_the_header_hold_and_do_not_contradict_the_payload() {
        let claims = Cbor::Map(vec![pair(1, "did:example:i"), pair(4, 1_767_225_600)]);
        let protected = vec![alg(), pair(15, claims)];
        let token = read(&message(protected.clone(), vec![], "{\"iss\":\"did:example:i\"}")).unwrap();
        assert_eq!(
            (token.payload()["iss"].as_str(), token.payload()["exp"].as_i64()),
            (Some("did:example:i"), Some(1_767_225_600))
        );
        let other = read(&message(protected, vec![], "{\"iss\":\"did:example:o\"}"));
        assert_eq!(other.unwrap_err().code, Code::SecondTruth);
    }
}
