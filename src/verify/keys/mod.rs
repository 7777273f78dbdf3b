//! Public keys, and the way from a verification method or a `kid` to its key.
//! Comes in: a DID URL or an https URL. Goes out: the key, its controller, and its allowed uses.
//! Must not know: the signed documents.

pub mod authorities;
pub mod did;
pub mod forms;
pub mod history;
pub mod lapse;
mod listed;
pub mod purpose;
#[cfg(test)]
pub(crate) mod test_certificates;
pub mod x5c;

pub use purpose::Purpose;

use super::documents::{DocumentError, Documents};
use authorities::Authorities;
use chrono::{DateTime, Utc};
use did::registries::{self, Registries};
use did::{document, spelled, web, webvh};
use history::History;
use serde_json::{Map, Value};

/// A public key of a supported kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    P521(Box<p521::PublicKey>),
    Secp256k1(Box<k256::ecdsa::VerifyingKey>),
    Rsa(Box<rsa::RsaPublicKey>),
    /// Compressed G2 point, 96 bytes.
    Bls12381G2(Vec<u8>),
}

/// A resolved verification method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedKey {
    /// Absolute identifier of the method.
    pub id: String,
    /// The controller that the method's document names.
    pub controller: String,
    pub key: PublicKey,
    /// Whether the controller's document lists the key for the requested purpose.
    pub allowed: bool,
    /// RFC 3339 moments from the method itself, when present.
    pub expires: Option<String>,
    pub revoked: Option<String>,
    /// The moment from which the controller's document no longer lists the key, if its history shows that.
    pub retired: Option<DateTime<Utc>>,
    /// The only JOSE algorithm that the key's JWK allows (`alg`).
    pub algorithm: Option<String>,
}

impl ResolvedKey {
    /// A key without further facts; not allowed for any use.
    pub fn new(id: &str, controller: &str, key: PublicKey) -> Self {
        let (id, controller) = (id.to_owned(), controller.to_owned());
        Self { id, controller, key, allowed: false, expires: None, revoked: None, retired: None, algorithm: None }
    }
}

/// The reason why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The document with the key is not available: could not check.
    #[error("the issuer's key could not be fetched: {0}")]
    Unavailable(String),
    /// The document is available, but the key is missing or broken.
    #[error("{0}")]
    Invalid(String),
    #[error("the gateway does not support this kind of key: {0}")]
    Unsupported(String),
}

const ACCEPT: &str = "application/did+json, application/did+ld+json, application/json, application/ld+json;q=0.9, */*;q=0.1";
/// Longest verification method that is resolved; a did:jwk of a large RSA key has about 1,500 characters.
const MAX_METHOD_LENGTH: usize = 8192;

/// Resolves keys through [`Documents`]. Cheap to clone.
#[derive(Clone)]
pub struct KeyResolver {
    pub documents: Documents,
    /// The authorities that may certify the owner of a key.
    pub authorities: Authorities,
    /// Services for DIDs without a web address.
    registries: Registries,
    /// The moment as of which keys are resolved.
    at: DateTime<Utc>,
}

impl KeyResolver {
    /// `at`: the moment as of which keys are resolved; it matters only for documents with a history.
    pub fn new(documents: Documents, at: DateTime<Utc>) -> Self {
        Self { documents, authorities: Authorities::default(), registries: Registries::default(), at }
    }

    pub fn with_registries(self, registries: Registries) -> Self {
        Self { registries, ..self }
    }

    pub fn with_authorities(self, authorities: Authorities) -> Self {
        Self { authorities, ..self }
    }

    /// Finds the key that `verification_method` (a DID URL or an https URL) names.
    ///
    /// `signed`: the time of the signature, as the signer states it; it matters only for documents with a history.
    ///
    /// # Errors
    /// [`KeyError::Unavailable`] when the document with the key could not be fetched; the other kinds are final.
    pub async fn resolve(
        &self,
        verification_method: &str,
        purpose: Purpose,
        signed: Option<DateTime<Utc>>,
    ) -> Result<ResolvedKey, KeyError> {
        if verification_method.len() > MAX_METHOD_LENGTH {
            return Err(KeyError::Invalid("the key's name is too long".to_owned()));
        }
        let controller = did::without_fragment(verification_method);
        if let Some(key) = spelled::key(verification_method, controller) {
            return key;
        }
        match did::method(controller) {
            Some(method) => self.did_document(controller, method).await?.key(controller, verification_method, purpose, signed),
            None if controller.starts_with("https://") || controller.starts_with("http://") => {
                self.web_key(verification_method, controller, purpose).await
            }
            None if controller.starts_with("urn:") => Err(KeyError::Unsupported("urn".to_owned())),
            None => Err(KeyError::Invalid(format!("{verification_method} is not the address of a key"))),
        }
    }

    /// Every usable key of a controller's document; keys of unsupported kinds are left out.
    ///
    /// # Errors
    /// As for [`KeyResolver::resolve`].
    pub async fn methods(&self, controller: &str, purpose: Purpose) -> Result<Vec<ResolvedKey>, KeyError> {
        if let Some(key) = spelled::key(controller, controller) {
            return Ok(vec![key?]);
        }
        let document = match did::method(controller) {
            Some(method) => self.did_document(controller, method).await?.current,
            None => self.json(controller).await?,
        };
        let ids: Vec<String> = document::methods(&document, controller).map(|(id, _)| id).collect();
        Ok(ids.iter().filter_map(|id| from_document(&document, controller, id, purpose).ok()).collect())
    }

    /// The key as the issuer's own, when the issuer's document on the web lists the did:key; else the key unchanged.
    pub async fn adopted(&self, key: ResolvedKey, issuer: Option<&str>, purpose: Purpose) -> ResolvedKey {
        let Some(issuer) = issuer.filter(|issuer| listed::is_on_web(issuer)) else { return key };
        if did::method(&key.controller) != Some("key") {
            return key;
        }
        let document = match did::method(issuer) {
            Some(method) => self.did_document(issuer, method).await.map(|history| history.current),
            None => self.json(issuer).await,
        };
        document.ok().and_then(|document| listed::in_document(&document, issuer, &key, purpose)).unwrap_or(key)
    }

    /// The DID document of a controller, for methods that do not spell the key out.
    async fn did_document(&self, did: &str, method: &str) -> Result<History, KeyError> {
        let document = match method {
            _ if self.documents.is_provided(did) => self.json(did).await?,
            "web" => {
                let location = web::document_url(did).ok_or_else(|| KeyError::Invalid(format!("{did} is malformed")))?;
                self.json(location.as_str()).await?
            }
            // A service is asked only for methods that the gateway can't resolve itself.
            "webvh" => return webvh::resolve(did, &self.documents, self.at).await,
            _ => registries::document(self.json(&self.registries.location(did)?).await?, did)?,
        };
        if document.get("id").and_then(Value::as_str) != Some(did) {
            return Err(KeyError::Invalid(format!("the document found for {did} belongs to someone else")));
        }
        if document.get("deactivated").and_then(Value::as_bool) == Some(true) {
            return Err(KeyError::Invalid(format!("{did} was deactivated")));
        }
        Ok(document.into())
    }

    /// The JSON document at an address.
    pub(crate) async fn json(&self, address: &str) -> Result<Value, KeyError> {
        let fetched = self.documents.get(address, ACCEPT).await.map_err(|error| match error {
            DocumentError::Gone(_) => KeyError::Invalid(format!("{address} was withdrawn")),
            other => KeyError::Unavailable(other.to_string()),
        })?;
        serde_json::from_slice(&fetched.bytes).map_err(|_| KeyError::Invalid(format!("{address} does not hold JSON")))
    }

    /// A key at a web address: in a controller document, as a separate key document, as a JWK or in a JWK set.
    async fn web_key(&self, url: &str, address: &str, purpose: Purpose) -> Result<ResolvedKey, KeyError> {
        let document = self.json(url.split('#').next().unwrap_or(address)).await?;
        if document.get("keys").is_some() {
            let jwk = jwk_of_set(&document, url).ok_or_else(|| KeyError::Invalid(format!("the key set does not hold {url}")))?;
            return from_jwk_document(jwk, url, address);
        }
        if document.get("kty").is_some() {
            return from_jwk_document(&document, url, address);
        }
        let Some(object) =
            document.as_object().filter(|object| object.keys().any(|name| name.starts_with("publicKey") && name != "publicKey"))
        else {
            if document.get("id").and_then(Value::as_str).is_some_and(|id| id != address) {
                return Err(KeyError::Invalid(format!("the document found at {address} belongs to someone else")));
            }
            return from_document(&document, address, url, purpose);
        };
        // A separate key document counts only when its owner's document lists the key.
        let id = object.get("id").and_then(Value::as_str).unwrap_or(url);
        if id != url {
            return Err(KeyError::Invalid(format!("the key found at {url} has another identifier, {id}")));
        }
        let owner = object.get("controller").or_else(|| object.get("owner")).and_then(Value::as_str);
        let owner = owner.ok_or_else(|| KeyError::Invalid(format!("the key at {url} names no owner")))?;
        let mut resolved = method_key(object, url, owner)?;
        resolved.allowed = match self.json(did::without_fragment(owner)).await {
            Ok(owner_document) => lists_key(&owner_document, url, purpose),
            Err(KeyError::Unavailable(cause)) => return Err(KeyError::Unavailable(cause)),
            Err(_) => false,
        };
        Ok(resolved)
    }
}

/// Whether an owner's profile lists the key: by relationship, or in `publicKey` (Open Badges 2.0).
fn lists_key(profile: &Value, url: &str, purpose: Purpose) -> bool {
    let relationship = match purpose {
        Purpose::AssertionMethod => "assertionMethod",
        Purpose::Authentication => "authentication",
    };
    [relationship, "publicKey"].iter().any(|member| {
        let value = profile.get(member);
        let entries = value.map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)).unwrap_or_default();
        entries.iter().any(|entry| entry.as_str().or_else(|| entry.get("id").and_then(Value::as_str)) == Some(url))
    })
}

fn jwk_of_set<'a>(set: &'a Value, url: &str) -> Option<&'a Value> {
    let keys = set.get("keys")?.as_array()?;
    let wanted = did::fragment(url);
    match wanted {
        Some(fragment) => keys.iter().find(|jwk| jwk.get("kid").is_some_and(|kid| kid == fragment || kid == url)),
        None if keys.len() == 1 => keys.first(),
        None => None,
    }
}

/// A JWK does not name its controller, so its address counts as the controller.
fn from_jwk_document(jwk: &Value, url: &str, address: &str) -> Result<ResolvedKey, KeyError> {
    let key = PublicKey::from_jwk(jwk)?;
    Ok(ResolvedKey { allowed: true, algorithm: algorithm_of(jwk), ..ResolvedKey::new(url, address, key) })
}

fn from_document(document: &Value, controller: &str, url: &str, purpose: Purpose) -> Result<ResolvedKey, KeyError> {
    let method = document::find(document, controller, url, purpose).map_err(|error| KeyError::Invalid(error.to_string()))?;
    let named = method.object.get("controller").or_else(|| method.object.get("owner")).and_then(Value::as_str);
    let mut resolved = method_key(method.object, &method.id, named.unwrap_or(controller))?;
    // A document lists keys only for its own subject: a foreign key or a foreign controller in it does not count.
    resolved.allowed = method.allowed && did::without_fragment(&method.id) == controller && resolved.controller == controller;
    Ok(resolved)
}

fn method_key(object: &Map<String, Value>, id: &str, controller: &str) -> Result<ResolvedKey, KeyError> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let algorithm = object.get("publicKeyJwk").and_then(algorithm_of);
    let key = ResolvedKey::new(id, controller, PublicKey::from_method(object)?);
    Ok(ResolvedKey { expires: text("expires"), revoked: text("revoked"), algorithm, ..key })
}

fn algorithm_of(jwk: &Value) -> Option<String> {
    jwk.get("alg").and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::documents::Provided;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;
    use std::collections::HashMap;

    fn multikey(seed: u8) -> String {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
        format!("z{}", bs58::encode([&[0xed, 1], key.as_bytes().as_slice()].concat()).into_string())
    }

    fn resolver(documents: &[(&str, Value)]) -> KeyResolver {
        let provided = documents.iter().map(|(url, json)| ((*url).to_owned(), Provided::Content(json.to_string().into())));
        KeyResolver::new(Documents::with_provided(provided.collect(), None), "2026-06-01T00:00:00Z".parse().unwrap())
    }

    async fn resolve(documents: &[(&str, Value)], method: &str) -> Result<ResolvedKey, KeyError> {
        resolver(documents).resolve(method, Purpose::AssertionMethod, None).await
    }

    #[tokio::test]
    async fn did_web_takes_the_named_key_of_the_right_document() {
        let did = "did:web:example.org:college";
        let url = "https://example.org/college/did.json";
        let method = |name: &str, seed| json!({"id": format!("{did}#{name}"), "type": "Multikey", "controller": did, "publicKeyMultibase": multikey(seed)});
        let document = json!({"id": did, "verificationMethod": [method("a", 1), method("b", 2)], "assertionMethod": ["#b"]});
        let b = resolve(&[(url, document.clone())], &format!("{did}#b")).await.unwrap();
        assert_eq!((b.key, b.allowed), (PublicKey::from_multikey(&multikey(2)).unwrap(), true));
        assert!(!resolve(&[(url, document.clone())], &format!("{did}#a")).await.unwrap().allowed);
        let foreign = json!({"id": "did:web:example.org", "verificationMethod": []});
        assert!(matches!(resolve(&[(url, foreign)], &format!("{did}#a")).await, Err(KeyError::Invalid(_))));
        assert!(matches!(resolve(&[], &format!("{did}#a")).await, Err(KeyError::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_document_cannot_speak_for_another_controller() {
        let did = "did:web:mallory.example";
        let document = json!({"id": did, "assertionMethod": [{"id": "#k", "type": "Multikey",
            "controller": "did:web:example.org", "publicKeyMultibase": multikey(1)}]});
        let key = resolve(&[(did, document)], &format!("{did}#k")).await.unwrap();
        assert!(!key.allowed);
    }

    #[tokio::test]
    async fn a_key_on_its_own_counts_only_when_its_owner_lists_it() {
        let (key_url, owner) = ("https://example.org/key", "https://example.org/issuer");
        let key = json!({"id": key_url, "type": "Multikey", "controller": owner, "publicKeyMultibase": multikey(1)});
        let listing = json!({"id": owner, "publicKey": [key_url]});
        let silent = json!({"id": owner});
        assert!(resolve(&[(key_url, key.clone()), (owner, listing)], key_url).await.unwrap().allowed);
        assert!(!resolve(&[(key_url, key.clone()), (owner, silent)], key_url).await.unwrap().allowed);
        assert!(matches!(resolve(&[(key_url, key)], key_url).await, Err(KeyError::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_key_set_is_searched_by_fragment() {
        let jwk = |seed: u8, kid: &str| {
            let x = URL_SAFE_NO_PAD.encode(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes());
            json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid})
        };
        let url = "https://example.org/.well-known/jwks.json";
        let set = json!({"keys": [jwk(1, "one"), jwk(2, "two")]});
        let two = resolve(&[(url, set.clone())], &format!("{url}#two")).await.unwrap();
        assert_eq!(two.key, PublicKey::from_multikey(&multikey(2)).unwrap());
        assert!(resolve(&[(url, set)], url).await.is_err());
    }

    #[tokio::test]
    async fn unknown_methods_are_unsupported_and_odd_names_invalid() {
        assert!(matches!(resolve(&[], "did:ethr:0x1#k").await, Err(KeyError::Unsupported(_))));
        for name in ["", "key-1", "did:web:", "javascript:alert(1)", &"x".repeat(10_000)] {
            assert!(matches!(resolve(&[], name).await, Err(KeyError::Invalid(_) | KeyError::Unsupported(_))), "{name:.20}");
        }
    }

    #[test]
    fn only_named_documents_count_as_provided() {
        let documents = Documents::with_provided(HashMap::from([("did:example:1".to_owned(), Provided::Gone)]), None);
        assert!(documents.is_provided("did:example:1") && !documents.is_provided("did:example:2"));
    }
}
