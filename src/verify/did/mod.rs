//! Decentralised identifiers, and the documents that list a controller's keys.
//! Comes in: identifiers and JSON documents. Goes out: locations and verification methods.
//! Must not know: proofs, credentials, trust.

pub mod document;
pub mod web;

/// The DID of a DID URL: without path, query and fragment.
pub fn without_fragment(url: &str) -> &str {
    let end = url.find(['#', '?']).unwrap_or(url.len());
    url.get(..end).unwrap_or(url)
}

/// What follows the `#`, when anything does.
pub fn fragment(url: &str) -> Option<&str> {
    url.split_once('#').map(|(_, fragment)| fragment).filter(|fragment| !fragment.is_empty())
}

/// The method name of a DID: `web` for `did:web:example.org`.
pub fn method(did: &str) -> Option<&str> {
    let (name, rest) = did.strip_prefix("did:")?.split_once(':')?;
    (!name.is_empty() && !rest.is_empty()).then_some(name)
}
