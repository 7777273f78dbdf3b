//! Services that an administrator can configure for DIDs without a web address: EBSI's registry of legal entities, and a universal
//! resolver. Both are off by default. The gateway trusts the operator of a configured service.
//! Comes in: a DID. Goes out: the address of its document, and the document in the service's answer.
//! Must not know: the network.

use super::method;
use crate::verify::keys::KeyError;
use serde_json::Value;
use url::Url;

/// Longest DID that is sent to a service.
const MAX_DID: usize = 512;
/// The first byte of a legal entity's identifier, before 16 random bytes (EBSI DID method for legal entities).
const LEGAL_ENTITY: u8 = 1;

/// The configured services; empty by default.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    ebsi: Option<Url>,
    universal: Option<Url>,
}

impl Registries {
    /// Base addresses; an empty text turns the service off.
    ///
    /// # Errors
    /// The text that is not a usable web address.
    pub fn new(ebsi: &str, universal: &str) -> Result<Self, String> {
        Ok(Self { ebsi: base(ebsi)?, universal: base(universal)? })
    }

    /// The address at which a service gives the document of `did`.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] when no service knows the method, [`KeyError::Invalid`] when the DID is malformed.
    pub fn location(&self, did: &str) -> Result<String, KeyError> {
        let name = method(did).unwrap_or_default();
        let service = match (name, &self.ebsi) {
            ("ebsi", Some(ebsi)) => Some(ebsi),
            _ => self.universal.as_ref(),
        };
        let Some(service) = service else {
            return Err(KeyError::Unsupported(format!("did:{name:.32}")));
        };
        if name == "ebsi" && !is_legal_entity(did) {
            return Err(KeyError::Invalid(format!("{did:.100} does not name a legal entity")));
        }
        if !is_plain(did) {
            return Err(KeyError::Invalid(format!("{did:.100} is malformed")));
        }
        let mut address = service.clone();
        match address.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().push(did),
            Err(()) => return Err(KeyError::Unsupported(format!("did:{name:.32}"))),
        };
        Ok(address.into())
    }
}

/// The DID document in an answer: by itself, or in a resolution result (DID Resolution 0.3 §4).
///
/// # Errors
/// [`KeyError::Invalid`] when the service says that the DID is deactivated or holds no document.
pub fn document(answer: Value, did: &str) -> Result<Value, KeyError> {
    let Value::Object(mut members) = answer else {
        return Err(KeyError::Invalid(format!("the service's document for {did} is not a JSON object")));
    };
    if !members.contains_key("didDocument") {
        return Ok(Value::Object(members));
    }
    let metadata = members.get("didDocumentMetadata");
    if metadata.and_then(|metadata| metadata.get("deactivated")).is_some_and(|value| value != false && !value.is_null()) {
        return Err(KeyError::Invalid(format!("{did} was deactivated")));
    }
    members
        .remove("didDocument")
        .filter(Value::is_object)
        .ok_or_else(|| KeyError::Invalid(format!("there is no document for {did}")))
}

fn base(text: &str) -> Result<Option<Url>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = crate::verify::addresses::plain(text).filter(|url| url.query().is_none() && url.fragment().is_none());
    url.map(Some).ok_or_else(|| format!("{text} is not a web address without user name, query and fragment"))
}

/// DID Core 1.0 §3.1: letters, digits, `.`, `-`, `_`, `:` and percent signs. No such character has a meaning of its own in a path.
fn is_plain(did: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'%');
    did.len() <= MAX_DID && did.bytes().all(allowed)
}

fn is_legal_entity(did: &str) -> bool {
    let encoded = did.strip_prefix("did:ebsi:z").filter(|encoded| encoded.len() <= 32);
    let bytes = encoded.and_then(|encoded| bs58::decode(encoded).into_vec().ok());
    bytes.is_some_and(|bytes| bytes.len() == 17 && bytes.first() == Some(&LEGAL_ENTITY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ebsi(first: u8) -> String {
        format!("did:ebsi:z{}", bs58::encode([&[first], [7; 16].as_slice()].concat()).into_string())
    }

    #[test]
    fn nobody_is_asked_unless_the_administrator_says_so() {
        let off = Registries::new("", "").unwrap();
        for did in [ebsi(1).as_str(), "did:ethr:0x1"] {
            assert!(matches!(off.location(did), Err(KeyError::Unsupported(_))));
        }
        let both = Registries::new("https://ebsi.example/v5/identifiers", "https://resolver.example/1.0/identifiers/").unwrap();
        assert_eq!(both.location(&ebsi(1)).unwrap(), format!("https://ebsi.example/v5/identifiers/{}", ebsi(1)));
        assert_eq!(both.location("did:ethr:0x1").unwrap(), "https://resolver.example/1.0/identifiers/did:ethr:0x1");
        assert_eq!(both.location("did:x:a%3Ab").unwrap(), "https://resolver.example/1.0/identifiers/did:x:a%253Ab");
    }

    #[test]
    fn odd_identifiers_and_addresses_are_not_handed_on() {
        let both = Registries::new("https://ebsi.example", "https://resolver.example").unwrap();
        let odd = ["did:ethr:../../admin", "did:ethr:a?b", "did:ethr:a b", "did:ebsi:zNot", "did:ebsi:x", &ebsi(2)];
        for did in odd.map(str::to_owned).into_iter().chain([format!("did:x:{}", "a".repeat(600))]) {
            assert!(matches!(both.location(&did), Err(KeyError::Invalid(_))), "{did:.40}");
        }
        for address in ["ftp://example.org", "https://me:secret@example.org", "https://example.org/?did=", "nonsense"] {
            assert!(Registries::new(address, "").is_err(), "{address}");
        }
    }

    #[test]
    fn a_resolution_result_is_unwrapped_unless_the_did_is_deactivated() {
        let plain = json!({"id": "did:x:1"});
        assert_eq!(document(plain.clone(), "did:x:1").unwrap(), plain);
        let wrapped = json!({"didDocument": plain, "didDocumentMetadata": {"deactivated": false}});
        assert_eq!(document(wrapped, "did:x:1").unwrap(), plain);
        let over = [
            json!({"didDocument": plain, "didDocumentMetadata": {"deactivated": true}}),
            json!({"didDocument": null}),
            json!([]),
        ];
        for answer in over {
            assert!(matches!(document(answer, "did:x:1"), Err(KeyError::Invalid(_))));
        }
    }
}
