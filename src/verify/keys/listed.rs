//! A did:key that belongs to an issuer on the web: the issuer's document lists the key by its DID or as a verification method.
//! Comes in: the issuer's document and the key that signed. Goes out: the key as the issuer's, if the document lists it for the use.
//! Must not know: where documents come from, signatures.

use super::{Purpose, ResolvedKey, did, from_document};
use crate::document::members::entries;
use crate::verify::keys::did::document;
use serde_json::Value;

/// Whether `issuer` publishes a document at a web address, so that the document can list its keys.
pub fn is_on_web(issuer: &str) -> bool {
    matches!(did::method(issuer), Some("web" | "webvh")) || issuer.starts_with("https://") || issuer.starts_with("http://")
}

/// The key as `issuer`'s own. The document must be the issuer's and must list the key for the purpose.
pub fn in_document(document: &Value, issuer: &str, key: &ResolvedKey, purpose: Purpose) -> Option<ResolvedKey> {
    if document.get("id").and_then(Value::as_str) != Some(issuer) {
        return None;
    }
    let own = |object: Option<&Value>| {
        let text = |name: &str| object.and_then(|object| object.get(name)).and_then(Value::as_str).map(str::to_owned);
        let (expires, revoked) = (text("expires"), text("revoked"));
        ResolvedKey { controller: issuer.to_owned(), allowed: true, expires, revoked, ..key.clone() }
    };
    let is_it = |id: &str| id == key.id || id == key.controller;
    let relationship = match purpose {
        Purpose::AssertionMethod => "assertionMethod",
        Purpose::Authentication => "authentication",
    };
    // Profiles of Open Badges list keys in `publicKey`. In a DID document, `publicKey` does not state a key's use.
    let members = if did::method(issuer).is_some() { &[relationship][..] } else { &[relationship, "publicKey"][..] };
    for entry in members.iter().flat_map(|member| entries(document.get(member))) {
        let id = entry.as_str().or_else(|| entry.get("id").and_then(Value::as_str));
        if id.is_some_and(is_it) {
            let defined = document::methods(document, issuer).find(|(id, _)| is_it(id));
            let defined = defined.map(|(_, object)| Value::Object(object.clone()));
            return Some(own(defined.as_ref().or(Some(entry))));
        }
    }
    let same = document::methods(document, issuer).filter_map(|(id, _)| from_document(document, issuer, &id, purpose).ok());
    same.into_iter().find(|method| method.allowed && method.key == key.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::keys::PublicKey;
    use serde_json::json;

    const ISSUER: &str = "https://college.example.org/issuer";

    fn signer(seed: u8) -> ResolvedKey {
        let bytes = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
        let multikey = format!("z{}", bs58::encode([&[0xed, 1], bytes.as_bytes().as_slice()].concat()).into_string());
        let did = format!("did:key:{multikey}");
        let key = PublicKey::from_multikey(&multikey).unwrap();
        ResolvedKey { allowed: true, ..ResolvedKey::new(&format!("{did}#{multikey}"), &did, key) }
    }

    fn found(document: &Value) -> Option<ResolvedKey> {
        in_document(document, ISSUER, &signer(1), Purpose::AssertionMethod)
    }

    #[test]
    fn a_key_is_the_issuers_when_its_document_names_it_for_issuing() {
        let key = signer(1);
        let multikey = key.id.split_once('#').unwrap().1.to_owned();
        let listings = [
            json!({"id": ISSUER, "assertionMethod": key.id}),
            json!({"id": ISSUER, "assertionMethod": [key.controller]}),
            json!({"id": ISSUER, "publicKey": {"id": key.id, "type": "Multikey", "publicKeyMultibase": multikey}}),
            json!({"id": ISSUER, "assertionMethod": [{"id": "#k", "type": "Multikey", "publicKeyMultibase": multikey}]}),
        ];
        for document in listings {
            let own = found(&document).unwrap();
            assert_eq!((own.controller.as_str(), own.allowed), (ISSUER, true), "{document}");
        }
        let revoked = json!({"id": ISSUER, "assertionMethod": [{"id": key.id, "revoked": "2026-01-01T00:00:00Z"}]});
        assert_eq!(found(&revoked).unwrap().revoked.as_deref(), Some("2026-01-01T00:00:00Z"));
    }

    #[test]
    fn a_key_is_not_the_issuers_when_another_document_or_another_use_names_it() {
        let (key, other) = (signer(1), signer(2));
        let silent = [
            json!({"id": ISSUER}),
            json!({"assertionMethod": [key.id]}),
            json!({"id": "https://mallory.example", "assertionMethod": [key.id]}),
            json!({"id": ISSUER, "assertionMethod": [other.id]}),
            json!({"id": ISSUER, "authentication": [key.id], "verificationMethod": [{"id": key.id}]}),
            json!({"id": ISSUER, "alsoKnownAs": [key.controller], "owner": key.controller, "url": key.controller}),
            json!({"id": ISSUER, "assertionMethod": [format!("{}x", key.id)]}),
        ];
        for document in silent {
            assert_eq!(found(&document), None, "{document}");
        }
        let did = "did:web:college.example.org";
        let legacy = json!({"id": did, "publicKey": [key.id]});
        assert_eq!(in_document(&legacy, did, &key, Purpose::AssertionMethod), None);
    }
}
