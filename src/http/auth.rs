//! Who is asking: an API key as bearer token, or the session cookie of the pages.
//! Comes in: a request to a route that belongs to a tenant. Goes out: the request with its [`Caller`], or 401 or 403.
//! Must not know: the route's work. The key itself is hashed at once; only the hash is looked up.

use super::arrival;
use super::extract::header;
use super::problem::{Code, Problem};
use super::session;
use super::state::State;
use crate::channel::secrets;
use crate::model::ids::{ApiKeyId, TenantId};
use crate::model::tenant::{ApiKey, hash_api_key};
use crate::protocol::open_badges::has_scope;
use crate::protocol::open_badges::oauth_token::bearer_token;
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError, web};
use std::future::{Ready, ready};

/// Pages send this header with every request that changes something; other sites can't without being asked first (CORS).
pub const PAGE_HEADER: &str = "x-skillgate-page";
const MAX_KEY_BYTES: usize = 256;

/// Who is asking, and for which employer.
#[derive(Clone, Debug)]
pub struct Caller {
    pub tenant_id: TenantId,
    pub key_id: ApiKeyId,
    pub key_name: String,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The route's row in the table of routes says that it needs a caller; without one nothing of a tenant is reachable.
        ready(request.extensions().get::<Caller>().cloned().ok_or_else(unauthorized))
    }
}

/// Middleware of the routes that belong to a tenant. `scope`: with which a short-lived token opens the route too.
pub async fn require_caller(
    scope: Option<&'static str>,
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut identified = identify(&state, request.headers(), request.method()).await;
    if identified.is_err()
        && let Some(scope) = scope
        && let Some(caller) = token_caller(&state, request.headers(), scope).await
    {
        identified = Ok(caller);
    }
    match identified {
        Ok(caller) => {
            request.extensions_mut().insert(caller.clone());
            arrival::of_caller(&state, &caller, request, next).await
        }
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

/// The caller of a request: by API key, or by the session of the pages.
pub async fn identify(state: &State, headers: &HeaderMap, method: &Method) -> Result<Caller, Problem> {
    if headers.contains_key(AUTHORIZATION) {
        let hash = bearer(headers).map(hash_api_key).ok_or_else(unauthorized)?;
        return find(state, &hash).await;
    }
    let now = state.clock().now();
    let secure = state.public_url().starts_with("https://");
    let session = session::of_request(&state.sealer, headers, now, secure).ok_or_else(unauthorized)?;
    if state.store().is_session_ended(&session.id).await? {
        return Err(unauthorized());
    }
    if !method.is_safe() && !headers.contains_key(PAGE_HEADER) {
        let detail =
            "A request with a session cookie that changes something needs the page's own header; programs use an API key.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    find(state, &session.key_hash).await
}

/// Looks a key up by its hash. The lookup compares hashes of a 256-bit secret, so its timing tells nothing about a key.
pub async fn find(state: &State, hash: &str) -> Result<Caller, Problem> {
    let found: Option<ApiKey> = state.store().find_api_key(hash, state.clock().now()).await?;
    let key = found.filter(|key| key.revoked_at.is_none()).ok_or_else(unauthorized)?;
    Ok(Caller { tenant_id: key.tenant_id, key_id: key.id, key_name: key.name })
}

/// The employer's own system behind a short-lived token, when the token has the scope.
async fn token_caller(state: &State, headers: &HeaderMap, scope: &str) -> Option<Caller> {
    let token = bearer_token(header(headers, AUTHORIZATION))?;
    let holder = state.store().token_holder(&secrets::hash(token), state.clock().now()).await.ok().flatten()?;
    // A token that belongs to a candidate never opens a tenant's routes.
    let allowed = holder.candidate_ref.is_none() && has_scope(&holder.scope, scope);
    allowed.then(|| Caller {
        tenant_id: holder.tenant_id,
        key_id: ApiKeyId(holder.client_id),
        key_name: "short-lived token".to_owned(),
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let plausible = scheme.eq_ignore_ascii_case("bearer") && (1..=MAX_KEY_BYTES).contains(&token.len());
    plausible.then_some(token)
}

pub fn unauthorized() -> Problem {
    Problem::new(Code::Unauthorized, "Send a valid API key as `Authorization: Bearer sk_…`.")
        .header("www-authenticate", r#"Bearer realm="skillgate""#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn headers(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn only_a_bearer_token_of_plausible_length_is_a_key() {
        assert_eq!(bearer(&headers("Bearer sk_1")), Some("sk_1"));
        assert_eq!(bearer(&headers("bearer  sk_1 ")), Some("sk_1"));
        for other in ["Basic c2s6", "Bearer", "Bearer ", "sk_1"] {
            assert_eq!(bearer(&headers(other)), None, "{other}");
        }
    }
}
