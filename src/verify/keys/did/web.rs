//! did:web: the address of an identifier's document (did:web method specification, "Read").

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// The URL of the DID document, or `None` when the identifier is malformed.
pub fn document_url(did: &str) -> Option<Url> {
    let mut segments = did.strip_prefix("did:web:")?.split(':');
    let authority = percent_decode_str(segments.next()?).decode_utf8().ok()?;
    if authority.is_empty() || authority.contains(['/', '@', '?', '#', '\\', '%']) {
        return None;
    }
    let path: Vec<&str> = segments.collect();
    let dubious =
        |segment: &&str| segment.is_empty() || matches!(*segment, "." | "..") || segment.contains(['/', '?', '#', '\\']);
    if path.iter().any(dubious) {
        return None;
    }
    // A method-specific identifier is a domain name; literal addresses are not allowed in it.
    let scheme = if is_loopback(&authority) { "http" } else { "https" };
    let text = match path.as_slice() {
        [] => format!("{scheme}://{authority}/.well-known/did.json"),
        path => format!("{scheme}://{authority}/{}/did.json", path.join("/")),
    };
    let url = Url::parse(&text).ok()?;
    matches!(url.host(), Some(Host::Domain(_))).then_some(url)
}

/// Development set-ups publish on `localhost` without TLS; the HTTP client refuses it unless the operator allows that network.
fn is_loopback(authority: &str) -> bool {
    authority == "localhost" || authority.starts_with("localhost:")
}

#[cfg(test)]
mod tests {
    use super::document_url;

    #[test]
    fn the_document_is_where_the_method_says() {
        let cases = [
            ("did:web:example.org", "https://example.org/.well-known/did.json"),
            ("did:web:example.org:issuers:one", "https://example.org/issuers/one/did.json"),
            ("did:web:example.org%3A8443", "https://example.org:8443/.well-known/did.json"),
            ("did:web:example.org%3A8443:user", "https://example.org:8443/user/did.json"),
            ("did:web:localhost%3A3000", "http://localhost:3000/.well-known/did.json"),
        ];
        for (did, url) in cases {
            assert_eq!(document_url(did).map(String::from).as_deref(), Some(url), "{did}");
        }
    }

    #[test]
    fn malformed_identifiers_lead_nowhere() {
        for did in [
            "did:web:",
            "did:key:z6Mk",
            "did:web:example.org:..:x",
            "did:web:127.0.0.1",
            "did:web:user%40example.org",
            "did:web:example.org%2Fevil",
            "did:web:example.org::x",
            "did:web:example.org:a/b",
            "did:web:[::1]",
        ] {
            assert_eq!(document_url(did), None, "{did}");
        }
    }
}
