//! Decentralised identifiers, and the documents that list a controller's keys.
//! Comes in: identifiers and JSON documents. Goes out: locations and verification methods.
//! Must not know: proofs, credentials, trust.

pub mod document;
pub mod registries;
pub mod spelled;
pub mod web;
pub mod webvh;

/// The DID of a DID URL: without path, query and fragment.
pub fn without_fragment(url: &str) -> &str {
    let end = url.find(['#', '?']).unwrap_or(url.len());
    url.get(..end).unwrap_or(url)
}

/// The text after the `#`; `None` for an empty fragment.
pub fn fragment(url: &str) -> Option<&str> {
    url.split_once('#').map(|(_, fragment)| fragment).filter(|fragment| !fragment.is_empty())
}

/// The method name of a DID: `web` for `did:web:example.org`.
pub fn method(did: &str) -> Option<&str> {
    let (name, rest) = did.strip_prefix("did:")?.split_once(':')?;
    (!name.is_empty() && !rest.is_empty()).then_some(name)
}

/// Methods whose identifiers have a single spelling. Identifiers of other methods have long and short forms, or can be moved.
const ONE_SPELLING: [&str; 4] = ["key", "jwk", "web", "ebsi"];

/// Whether a verification method can't belong to the controller, whatever the controller's document says: a DID document defines
/// keys only for its own subject (Controlled Identifiers 1.0 §3.3). Always false for web addresses: they may host any key.
pub fn is_foreign(verification_method: &str, controller: &str) -> bool {
    let did = without_fragment(verification_method);
    let Some(name) = method(did) else { return false };
    did != without_fragment(controller) && (method(controller) != Some(name) || ONE_SPELLING.contains(&name))
}

/// Whether the controller is a name that can't be resolved, such as `urn:uuid:…`. No document lists its keys, and it names no party
/// that could be impersonated.
pub fn leads_nowhere(controller: &str) -> bool {
    controller.starts_with("urn:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_of_another_did_is_foreign_unless_it_may_be_another_spelling() {
        let foreign = [
            ("did:example:a#k", "https://example.org/issuer"),
            ("did:web:a.example.org#k", "did:web:b.example.org"),
            ("did:key:zA#zA", "did:web:a.example.org"),
        ];
        for (method, controller) in foreign {
            assert!(is_foreign(method, controller), "{method} {controller}");
        }
        let perhaps_own = [
            ("did:example:a#k", "did:example:a"),
            ("did:ion:short:long#k", "did:ion:short"),
            ("https://example.org/keys/1", "https://example.org/issuer"),
            ("https://example.org/keys/1", "did:web:example.org"),
            ("key-1", "did:web:example.org"),
        ];
        for (method, controller) in perhaps_own {
            assert!(!is_foreign(method, controller), "{method} {controller}");
        }
    }
}
