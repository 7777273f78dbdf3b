//! Compares web addresses: the same site, below a prefix.
//! Comes in: addresses as an issuer or a policy writes them. Goes out: whether one covers the other.
//! Must not know: the network, the owners of the addresses.

use url::Url;

/// A web address without user name or password; the parser has already resolved `..` and percent-encoded hosts.
pub fn plain(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain =
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none() && url.host().is_some();
    is_plain.then_some(url)
}

/// The same host and port. The scheme is not compared: the HTTP client decides about plain `http`, and many issuers' profiles
/// still name their own addresses with `http`.
pub fn same_site(home: &Url, other: &Url) -> bool {
    home.host() == other.host() && home.port() == other.port()
}

/// A prefix counts only up to the end of a path segment: `/badges` does not cover `/badges-of-others`.
pub fn is_below(prefix: &Url, url: &Url) -> bool {
    if !same_site(prefix, url) {
        return false;
    }
    let Some(rest) = url.path().strip_prefix(prefix.path()) else { return false };
    let at_boundary = prefix.path().ends_with('/') || rest.is_empty() || rest.starts_with('/');
    // Encoded separators could mean something else to the server that answers.
    let encoded = rest.to_ascii_lowercase();
    let no_tricks = !encoded.contains("%2f") && !encoded.contains("%2e") && !encoded.contains("%5c");
    at_boundary && no_tricks && prefix.query().is_none_or(|query| url.query() == Some(query))
}

/// Whether an address lies below another one, ending at a path boundary.
pub fn is_below_address(prefix: &str, address: &str) -> bool {
    match (plain(prefix), plain(address)) {
        (Some(prefix), Some(address)) => is_below(&prefix, &address),
        _ => false,
    }
}
