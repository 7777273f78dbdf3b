//! SD-JWT (RFC 9901) and SD-JWT VC: selective disclosure over a token.
//! Comes in: `<jws>~<disclosure>~…~[key binding]`. Goes out: the token, the document with its disclosures in place, the key binding.
//! Must not know: keys of issuers, status, people.

mod withheld;

use super::jose::{Envelope, Malformed};
use super::proof::signature;
use crate::document::{Limits, json};
use crate::jsonld::notes::Path;
use crate::model::code::Code;
use crate::verify::checks::validity::parse_seconds;
use crate::verify::keys::PublicKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::collections::{HashMap, HashSet};
pub use withheld::judge;

const MAX_DISCLOSURES: usize = 1_000;
const MAX_DEPTH: usize = 32;
const MAX_PLACES_BYTES: usize = 1 << 20;
/// Members that decide about validity: a holder who can hide them can hide that the credential has expired (SD-JWT VC §3.2.2.2).
const NEVER_HIDDEN: [&str; 11] =
    ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "validUntil", "expirationDate", "credentialStatus", "_sd_alg"];

/// A parsed SD-JWT; its signature is not checked yet.
#[derive(Debug)]
pub struct SdJwt {
    pub jws: Envelope,
    /// The payload with every disclosure in its place and without digests.
    pub claims: Map<String, Value>,
    /// JSON Pointers to the objects and lists of the claims that hide (or seem to hide) a part.
    pub withheld: Vec<String>,
    pub key_binding: Option<KeyBinding>,
}

/// The holder's signature over the disclosures.
#[derive(Debug)]
pub struct KeyBinding {
    jws: Envelope,
    expected_hash: String,
}

impl SdJwt {
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        let mut parts = text.split('~');
        let jws = Envelope::parse(parts.next().unwrap_or_default())?;
        let mut rest: Vec<&str> = parts.collect();
        let last = rest.pop().unwrap_or_default();
        let algorithm = HashAlgorithm::of(jws.payload())?;
        let key_binding = if last.contains('.') {
            let covered = text.get(..text.len() - last.len()).unwrap_or_default();
            Some(KeyBinding { jws: Envelope::parse(last)?, expected_hash: algorithm.digest(covered.as_bytes()) })
        } else {
            // The closing tilde is often missing; the last part is a disclosure then.
            rest.extend(Some(last).filter(|last| !last.is_empty()));
            None
        };
        if rest.len() > MAX_DISCLOSURES {
            return Err(refused("the credential comes with too many disclosures"));
        }
        let mut disclosures = HashMap::new();
        for encoded in rest {
            let disclosure = Disclosure::parse(encoded)?;
            if disclosures.insert(algorithm.digest(encoded.as_bytes()), disclosure).is_some() {
                return Err(refused("a disclosure comes twice"));
            }
        }
        let mut placing = Placing { disclosures, seen: HashSet::new(), withheld: Vec::new(), places_left: MAX_PLACES_BYTES };
        let mut claims = placing.object(jws.payload().clone(), 0, &Path::Root)?;
        claims.remove("_sd_alg");
        if !placing.disclosures.is_empty() {
            return Err(refused("a disclosure belongs to no part of the credential"));
        }
        Ok(Self { jws, claims, withheld: placing.withheld, key_binding })
    }
}

/// Whether parts of the claims may be hidden: the claims hold digests of disclosures.
pub fn is_selective(claims: &Map<String, Value>) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::Object(members) => is_selective(members),
            Value::Array(items) => items.iter().any(within),
            _ => false,
        }
    }
    claims.iter().any(|(name, value)| matches!(name.as_str(), "_sd" | "_sd_alg" | "...") || within(value))
}

impl KeyBinding {
    /// The time of the holder's signature, as the holder states it.
    pub fn made_at(&self) -> Option<DateTime<Utc>> {
        self.jws.payload().get("iat").and_then(parse_seconds)
    }

    /// Checks that the holder's key signed exactly this disclosure (RFC 9901 §7.3), for the given nonce and audience.
    pub fn check(&self, claims: &Map<String, Value>, nonce: Option<&str>, audience: Option<&str>) -> Result<(), Malformed> {
        let broken = |detail: &str| Malformed::new(Code::KeyBindingInvalid, detail);
        if self.jws.media_type().as_deref() != Some("kb+jwt") {
            return Err(broken("the holder's signature is of the wrong type"));
        }
        let jwk = claims.get("cnf").and_then(|confirmation| confirmation.get("jwk"));
        let jwk = jwk.ok_or_else(|| broken("the credential names no key of the holder"))?;
        let key = PublicKey::from_jwk(jwk).map_err(|error| Malformed::new(Code::KeyBindingInvalid, error.to_string()))?;
        signature::jose(self.jws.algorithm(), &key, self.jws.signing_input(), self.jws.signature())
            .map_err(|_| broken("the holder's signature does not match"))?;
        let text = |name: &str| self.jws.payload().get(name).and_then(Value::as_str);
        if text("sd_hash") != Some(self.expected_hash.as_str()) {
            return Err(broken("the holder signed a different selection of the credential's parts"));
        }
        if self.made_at().is_none() || text("nonce").is_none() || text("aud").is_none() {
            return Err(broken("the holder's signature does not say when and for whom it was made"));
        }
        if nonce.is_some_and(|nonce| text("nonce") != Some(nonce)) {
            return Err(Malformed::new(Code::ChallengeMismatch, "the holder signed for another request"));
        }
        if audience.is_some_and(|audience| text("aud") != Some(audience)) {
            return Err(Malformed::new(Code::DomainMismatch, "the holder signed for another recipient"));
        }
        Ok(())
    }
}

fn refused(detail: &str) -> Malformed {
    Malformed::new(Code::DisclosureInvalid, detail)
}

fn hidable(name: &str) -> Malformed {
    let detail = format!("the credential lets its holder hide \"{name:.40}\", which decides whether it is valid");
    Malformed::new(Code::Undisclosed, detail)
}

#[derive(Clone, Copy)]
enum HashAlgorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl HashAlgorithm {
    fn of(payload: &Map<String, Value>) -> Result<Self, Malformed> {
        match payload.get("_sd_alg") {
            None => Ok(Self::Sha256),
            Some(name) => match name.as_str() {
                Some("sha-256") => Ok(Self::Sha256),
                Some("sha-384") => Ok(Self::Sha384),
                Some("sha-512") => Ok(Self::Sha512),
                _ => Err(refused("the disclosures are hashed with an unknown algorithm")),
            },
        }
    }

    fn digest(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 => URL_SAFE_NO_PAD.encode(Sha256::digest(bytes)),
            Self::Sha384 => URL_SAFE_NO_PAD.encode(Sha384::digest(bytes)),
            Self::Sha512 => URL_SAFE_NO_PAD.encode(Sha512::digest(bytes)),
        }
    }
}

/// `name` is absent for an element of an array.
struct Disclosure {
    name: Option<String>,
    value: Value,
}

impl Disclosure {
    fn parse(encoded: &str) -> Result<Self, Malformed> {
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| refused("a disclosure is not base64url"))?;
        let Value::Array(parts) = json::parse(&bytes, &Limits::STANDARD)? else {
            return Err(refused("a disclosure is not a list"));
        };
        match <[Value; 3]>::try_from(parts) {
            Ok([Value::String(_), Value::String(name), value]) => Ok(Self { name: Some(name), value }),
            Ok(_) => Err(refused("a disclosure is malformed")),
            Err(parts) => match <[Value; 2]>::try_from(parts) {
                Ok([Value::String(_), value]) => Ok(Self { name: None, value }),
                _ => Err(refused("a disclosure is malformed")),
            },
        }
    }
}

struct Placing {
    disclosures: HashMap<String, Disclosure>,
    seen: HashSet<String>,
    withheld: Vec<String>,
    /// The remaining bytes for names of undisclosed places, since one long name can precede many places.
    places_left: usize,
}

impl Placing {
    fn value(&mut self, value: Value, depth: usize, path: &Path<'_>) -> Result<Value, Malformed> {
        if depth > MAX_DEPTH {
            return Err(refused("the disclosures are nested too deep"));
        }
        match value {
            Value::Object(members) => Ok(Value::Object(self.object(members, depth, path)?)),
            Value::Array(list) => {
                let mut placed = Vec::with_capacity(list.len());
                for element in list {
                    let path = Path::Index(path, placed.len());
                    match hidden_element(&element) {
                        None => placed.push(self.value(element, depth + 1, &path)?),
                        Some(digest) => {
                            if let Some(disclosure) = self.take(digest, &path)? {
                                if disclosure.name.is_some() {
                                    return Err(refused("a disclosed field is in the place of a list's element"));
                                }
                                placed.push(self.value(disclosure.value, depth + 1, &path)?);
                            }
                        }
                    }
                }
                Ok(Value::Array(placed))
            }
            other => Ok(other),
        }
    }

    fn object(&mut self, members: Map<String, Value>, depth: usize, path: &Path<'_>) -> Result<Map<String, Value>, Malformed> {
        let is_top = matches!(path, Path::Root);
        let mut placed = Map::new();
        let mut digests = Vec::new();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("_sd", Value::Array(list)) => digests = list,
                ("_sd" | "...", _) => return Err(refused("a reserved field is misused")),
                ("_sd_alg", value) if is_top => {
                    placed.insert(name, value);
                }
                ("_sd_alg", _) => return Err(refused("a reserved field is misused")),
                (_, value) => {
                    let value = self.value(value, depth + 1, &Path::Key(path, &name))?;
                    placed.insert(name, value);
                }
            }
        }
        for digest in digests {
            let digest = digest.as_str().ok_or_else(|| refused("a digest is not text"))?;
            let Some(disclosure) = self.take(digest, path)? else { continue };
            let name = disclosure.name.ok_or_else(|| refused("a disclosed list element is in the place of a field"))?;
            if matches!(name.as_str(), "_sd" | "...") || (is_top && NEVER_HIDDEN.contains(&name.as_str())) {
                return Err(hidable(&name));
            }
            let value = self.value(disclosure.value, depth + 1, &Path::Key(path, &name))?;
            if placed.insert(name, value).is_some() {
                return Err(refused("a disclosure replaces a field that the credential already has"));
            }
        }
        Ok(placed)
    }

    /// The disclosure for a digest; every digest may appear once.
    fn take(&mut self, digest: &str, place: &Path<'_>) -> Result<Option<Disclosure>, Malformed> {
        if !self.seen.insert(digest.to_owned()) {
            return Err(refused("a digest appears twice"));
        }
        let disclosure = self.disclosures.remove(digest);
        if disclosure.is_none() {
            let pointer = place.pointer();
            let left = self.places_left.checked_sub(pointer.len() + 1);
            self.places_left = left.ok_or_else(|| refused("too much is left out of the credential"))?;
            if self.withheld.last() != Some(&pointer) {
                self.withheld.push(pointer);
            }
        }
        Ok(disclosure)
    }
}

fn hidden_element(element: &Value) -> Option<&str> {
    let members = element.as_object().filter(|members| members.len() == 1)?;
    members.get("...")?.as_str()
}

#[cfg(test)]
mod tests;
