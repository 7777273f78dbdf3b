//! The parts of every answer, whichever route gave it: a request id, security headers, a log line, a count.
//! Comes in: any request. Goes out: its answer, wrapped.

use super::state::State;
use crate::trace;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::web;
use std::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span};

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that is being answered, as its answer's `X-Request-Id` will say. `None` outside of a request.
pub fn request_id() -> Option<String> {
    CURRENT.try_with(String::clone).ok()
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_REQUEST_ID_BYTES: usize = 64;

/// Set on every answer that does not set it itself.
const SECURITY_HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// The outermost middleware.
pub async fn wrap<B: MessageBody + 'static>(
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let request_id = incoming_id(request.headers()).unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
    let method = request.method().clone();
    let span = tracing::info_span!("request", %request_id);
    let traced = span.in_scope(|| traced(&request));
    let begun = Instant::now();

    let answered = next.call(request).instrument(traced.clone()).instrument(span.clone());
    let mut response = CURRENT.scope(request_id.clone(), answered).await?;

    let seconds = begun.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    let route = response.request().match_pattern().unwrap_or_else(|| "(none)".to_owned());
    state.watch.metrics.request(known_method(&method), &route, status, seconds);
    record(&traced, known_method(&method), &route, status);
    span.in_scope(|| tracing::debug!(%method, route, status, seconds, "answered a request"));

    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    // Whoever is told to come again is told when.
    if matches!(status, 429 | 503 | 507) && !headers.contains_key(RETRY_AFTER) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    for (name, value) in SECURITY_HEADERS {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// The request in the trace that its sender names (`traceparent`). Probes are no part of a trace.
fn traced(request: &ServiceRequest) -> Span {
    if matches!(request.path(), "/healthz" | "/readyz" | "/metrics") {
        return Span::none();
    }
    let span = tracing::info_span!(
        target: trace::TARGET,
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
    );
    trace::continue_from(&span, request.headers().get(trace::TRACEPARENT).and_then(|value| value.to_str().ok()));
    span
}

/// The names are OpenTelemetry's for HTTP servers.
fn record(span: &Span, method: &str, route: &str, status: u16) {
    if span.is_disabled() {
        return;
    }
    trace::rename(span, format!("{method} {route}"));
    span.record("http.request.method", method);
    span.record("http.route", route);
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// The id that a proxy in front has given, when it is short and plain.
fn incoming_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let acceptable = (1..=MAX_REQUEST_ID_BYTES).contains(&text.len()) && text.bytes().all(plain);
    acceptable.then(|| text.to_owned())
}

/// A method as a metric label: strangers can't invent new ones.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
