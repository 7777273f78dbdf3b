//! Cross-origin rules: browser wallets may call the channels from any site, without cookies. Everything else stays closed.
//! Comes in: a request to a route whose row is open to any site. Goes out: its answer with the headers that let the page read it.
//! Must not know: which routes those are; the table of routes says so.

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

const HEADERS: [(&str, &str); 3] = [
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "Link, Location, X-Total-Count, ETag, Retry-After, WWW-Authenticate"),
    // The answer is for the page that asked, whatever its site.
    ("cross-origin-resource-policy", "cross-origin"),
];
const PREFLIGHT: [(&str, &str); 3] = [
    ("access-control-allow-methods", "GET, HEAD, POST, PUT, OPTIONS"),
    ("access-control-allow-headers", "Authorization, Content-Type, If-None-Match, Accept"),
    ("access-control-max-age", "86400"),
];

/// Middleware of the routes that are open to any site: lets a page of another site read the answer.
pub async fn allow(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut response = next.call(request).await?;
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Answers the question that a browser asks before the call itself.
pub async fn preflight() -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    for (name, value) in PREFLIGHT {
        response.insert_header((name, value));
    }
    response.finish()
}
