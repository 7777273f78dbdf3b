//! Signed tokens and messages: compact JWS (VC-JWT, signed badges), SD-JWT and COSE.
//! Comes in: text or bytes of such a shape. Goes out: their content. Signatures are not checked; the payload is read only to tell a
//! presentation from a credential.

use super::found::{Found, OpenInner, Source, named};
use super::{presentation, problem};
use crate::document::classify::{self, Kind};
use crate::document::cose::Sign1;
use crate::document::json;
use crate::document::token::decode;
use crate::model::credential::{Document, Format, Token};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

/// The form of the signature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Jwt,
    SdJwt,
    Cose,
}

impl Shape {
    /// For people, with its article.
    fn title(self) -> &'static str {
        match self {
            Self::Jwt => "a signed token (JWT)",
            Self::SdJwt => "an SD-JWT",
            Self::Cose => "a signed message (COSE)",
        }
    }

    fn of_credential(self, format: Format) -> &'static str {
        match (self, format) {
            (Self::SdJwt, Format::SdJwtVc) => "application/dc+sd-jwt",
            (Self::SdJwt, _) => "application/vc+sd-jwt",
            (Self::Jwt, Format::OpenBadges1 | Format::OpenBadges2) => "application/jose",
            (Self::Jwt, _) => "application/vc+jwt",
            (Self::Cose, _) => "application/vc+cose",
        }
    }

    fn of_presentation(self) -> &'static str {
        match self {
            Self::Jwt => "application/vp+jwt",
            Self::SdJwt => "application/vp+sd-jwt",
            Self::Cose => "application/vp+cose",
        }
    }
}

/// Compact JWS and SD-JWT; `None` when the text has neither shape. `inner`: opens the credentials of a presentation.
pub fn open(text: &str, source: &Source<'_>, inner: OpenInner) -> Option<Found> {
    let jws = text.split('~').next()?;
    let mut parts = jws.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let is_base64url = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='));
    if parts.next().is_some() || header.is_empty() || ![header, signature].into_iter().all(is_base64url) {
        return None;
    }
    let payload = match decode(payload) {
        Ok(payload) => payload,
        Err(_) if is_base64url(payload) => Vec::new(),
        Err(_) => return None,
    };
    let header = json::parse(&decode(header).ok()?, source.limits).ok().filter(Value::is_object)?;
    let claims = json::parse(&payload, source.limits).ok().map(Arc::new);
    let (shape, document) = match text.contains('~') {
        true => (Shape::SdJwt, Document::SdJwt(text.to_owned())),
        false => (Shape::Jwt, Document::CompactJws(Token { text: text.to_owned(), claims: claims.clone() })),
    };
    // A selectively disclosed presentation may hide its own type in a disclosure.
    let says_presentation = header["typ"].as_str().is_some_and(|typ| typ.trim_start_matches("application/").starts_with("vp+"));
    let hidden = (says_presentation && shape == Shape::SdJwt).then_some(Claimed::Presentation { in_claim: false });
    let content = Signed { shape, bytes: text.as_bytes(), document, payload: &payload, claims };
    Some(found(content, hidden, source, inner))
}

/// A signed CBOR message; `None` when the bytes are something else.
pub fn open_cose(bytes: &[u8], source: &Source<'_>, inner: OpenInner) -> Option<Found> {
    let message = Sign1::read(bytes)?;
    let claims = json::parse(message.payload, source.limits).ok().map(Arc::new);
    let document = Document::CoseSign1(bytes.to_vec());
    Some(found(Signed { shape: Shape::Cose, bytes, document, payload: message.payload, claims }, None, source, inner))
}

struct Signed<'a> {
    shape: Shape,
    bytes: &'a [u8],
    document: Document,
    payload: &'a [u8],
    /// `None` for a payload that is not acceptable JSON.
    claims: Option<Arc<Value>>,
}

/// `known`: the content's kind, when it is known without the payload.
fn found(signed: Signed<'_>, known: Option<Claimed>, source: &Source<'_>, open: OpenInner) -> Found {
    let Signed { shape, bytes, document, payload, claims } = signed;
    let Some(claims) = claims else {
        // Verification refuses unreadable signed content and gives the reason.
        let media_type = shape.of_credential(if shape == Shape::SdJwt { Format::SdJwtVc } else { Format::Other });
        return source.found("signed token".to_owned(), source.credential(media_type, bytes, document));
    };
    match known.unwrap_or_else(|| claimed(&claims)) {
        Claimed::Presentation { in_claim } => {
            let inner = if in_claim { member_source(payload, "vp") } else { Some(payload) };
            presentation::found(bytes, shape.of_presentation(), document, inner.unwrap_or_default(), source, open)
        }
        Claimed::Credential(format) => {
            let detected = format!("{} as {}", named(format), shape.title());
            source.found(detected, source.credential(shape.of_credential(format), bytes, document))
        }
        Claimed::Neither => {
            Found::nothing("signed token", problem::not_a_credential(&format!("{} of another kind", shape.title())))
        }
    }
}

/// The exact source of one member of a JSON object.
fn member_source<'a>(object: &'a [u8], member: &str) -> Option<&'a [u8]> {
    let parts: HashMap<String, &'a RawValue> = serde_json::from_slice(json::without_bom(object)).ok()?;
    parts.get(member).map(|raw| raw.get().as_bytes())
}

enum Claimed {
    /// `in_claim`: whether the presentation is the `vp` claim instead of the whole payload.
    Presentation {
        in_claim: bool,
    },
    Credential(Format),
    Neither,
}

/// The content's kind by the token's claims. The top-level type wins over the `vc` and `vp` claims.
fn claimed(claims: &Value) -> Claimed {
    let types = classify::strings(claims.get("type"));
    if types.contains(&"VerifiablePresentation") {
        return Claimed::Presentation { in_claim: false };
    }
    if types.contains(&"VerifiableCredential") {
        return Claimed::Credential(classify::format_of(claims));
    }
    if let Some(inner) = claims.get("vc") {
        return Claimed::Credential(classify::format_of(inner));
    }
    if claims.get("vp").is_some_and(Value::is_object) {
        return Claimed::Presentation { in_claim: true };
    }
    let Some(object) = claims.as_object() else { return Claimed::Neither };
    if object.contains_key("vct") {
        return Claimed::Credential(Format::SdJwtVc);
    }
    match classify::kind(object) {
        Kind::Credential => Claimed::Credential(classify::format_of(claims)),
        _ if object.contains_key("vp") => Claimed::Credential(Format::Other),
        _ => Claimed::Neither,
    }
}
