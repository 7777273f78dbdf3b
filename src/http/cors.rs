//! Cross-origin rules of the channels: browser wallets may call them from anywhere, without cookies. Everything else stays closed.
//! Comes in: a path. Goes out: whether it belongs to a channel, and the headers for it.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

const OPEN: [&str; 8] = [
    "/ims/",
    "/workflows/",
    "/interactions/",
    "/.well-known/",
    "/oauth/register",
    "/oauth/token",
    "/oauth/revoke",
    "/challenges",
];
const OPEN_EXACT: [&str; 2] = ["/credentials/verify", "/presentations/verify"];

const HEADERS: [(&str, &str); 2] = [
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "Link, Location, X-Total-Count, ETag, Retry-After, WWW-Authenticate"),
];
const PREFLIGHT: [(&str, &str); 3] = [
    ("access-control-allow-methods", "GET, HEAD, POST, PUT, OPTIONS"),
    ("access-control-allow-headers", "Authorization, Content-Type, If-None-Match, Accept"),
    ("access-control-max-age", "86400"),
];

/// Whether browsers may call the path from any site.
pub fn is_open(path: &str) -> bool {
    OPEN_EXACT.contains(&path) || OPEN.iter().any(|prefix| path.starts_with(prefix))
}

/// Adds the headers that let a page of another site read an answer. Cookies play no part.
pub fn allow(path: &str, headers: &mut HeaderMap) {
    if !is_open(path) {
        return;
    }
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // The answer is for the page that asked, whichever it is.
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
}

/// Answers the browser's question before the call itself.
pub async fn preflight() -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    for (name, value) in PREFLIGHT {
        response.insert_header((name, value));
    }
    response.finish()
}

#[cfg(test)]
mod tests {
    use super::is_open;

    #[test]
    fn only_doors_are_open_to_other_sites() {
        for open in [
            "/ims/ob/v3p0/credentials",
            "/workflows/credentials/exchanges/x",
            "/interactions/x",
            "/oauth/token",
            "/credentials/verify",
        ] {
            assert!(is_open(open), "{open}");
        }
        for closed in
            ["/v1/submissions", "/oauth/authorize", "/session", "/", "/connect/x", "/credentials", "/backpacks/callback"]
        {
            assert!(!is_open(closed), "{closed}");
        }
    }
}
