//! What the handlers of the channels share: reading a bounded body, answers with `Cache-Control: no-store`, short-lived tokens.

use super::auth::Caller;
use super::state::State;
use crate::channel::secrets;
use crate::model::ids::ApiKeyId;
use crate::protocol::open_badges::has_scope;
use crate::protocol::open_badges::oauth_token::bearer_token;
use crate::protocol::vcalm::problem::Problem as VcalmProblem;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::Value;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    /// The connection ended, or too much is in memory already.
    Broken,
}

/// Reads a body up to `limit` bytes.
pub async fn body(state: &State, request: &HttpRequest, payload: web::Payload, limit: usize) -> Result<Bytes, BodyError> {
    let announced = header(request.headers(), "content-length").and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    let _permit = state.budget.take(announced.unwrap_or(limit.min(1 << 20))).await.ok_or(BodyError::Broken)?;
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::TooLarge),
    }
}

pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

pub fn authorization(request: &HttpRequest) -> Option<&str> {
    request.headers().get(AUTHORIZATION)?.to_str().ok()
}

/// JSON with `Cache-Control: no-store`.
pub fn json(status: u16, value: &Value) -> HttpResponse {
    typed(status, "application/json", value)
}

pub fn problem(problem: &VcalmProblem) -> HttpResponse {
    typed(problem.status, "application/problem+json", &problem.body())
}

pub fn typed(status: u16, media_type: &str, value: &Value) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(value.to_string())
}

/// The employer's own system behind a short-lived token, when the token is good for this call. API keys are looked up elsewhere.
pub async fn token_caller(state: &State, headers: &HeaderMap, method: &str, path: &str) -> Option<Caller> {
    let scope = required_scope(method, path)?;
    let token = bearer_token(headers.get(AUTHORIZATION)?.to_str().ok()?.into())?;
    let holder = state.store.token_holder(&secrets::hash(token), state.clock.now()).await.ok().flatten()?;
    let allowed = holder.candidate_ref.is_none() && has_scope(&holder.scope, scope);
    allowed.then(|| Caller {
        tenant_id: holder.tenant_id,
        key_id: ApiKeyId(holder.client_id),
        key_name: "short-lived token".to_owned(),
    })
}

fn required_scope(method: &str, path: &str) -> Option<&'static str> {
    match path {
        "/credentials/verify" => Some("write:/credentials/verify"),
        "/presentations/verify" | "/challenges" => Some("write:/presentations/verify"),
        _ if !path.starts_with("/workflows/") => None,
        _ if method == "GET" || method == "HEAD" => Some("read:/workflows"),
        _ => Some("write:/workflows"),
    }
}

#[cfg(test)]
mod tests {
    use super::required_scope;

    #[test]
    fn a_short_lived_token_opens_only_the_calls_of_its_scope() {
        assert_eq!(required_scope("POST", "/workflows/credentials/exchanges"), Some("write:/workflows"));
        assert_eq!(required_scope("GET", "/workflows/credentials/exchanges/x"), Some("read:/workflows"));
        assert_eq!(required_scope("POST", "/challenges"), Some("write:/presentations/verify"));
        assert_eq!(required_scope("POST", "/v1/submissions"), None);
        assert_eq!(required_scope("GET", "/v1/api-keys"), None);
    }
}
