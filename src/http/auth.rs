//! Who is asking: an API key as bearer token, or the session cookie of the pages.
//! Comes in: a request to a route that belongs to a tenant. Goes out: the request with its [`Caller`], or 401 or 403.
//! Must not know: what the route does. The key itself is hashed at once; only the hash is looked up.

use super::problem::{Code, Problem};
use super::session;
use super::state::State;
use crate::model::ids::{ApiKeyId, TenantId};
use crate::model::tenant::{ApiKey, hash_api_key};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap};
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

/// Middleware of the routes that belong to a tenant.
pub async fn require_caller(
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut identified = identify(&state, request.headers(), request.method()).await;
    if identified.is_err()
        && let Some(caller) =
            super::channel::token_caller(&state, request.headers(), request.method().as_str(), request.path()).await
    {
        identified = Ok(caller);
    }
    match identified {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.call(request).await
        }
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

async fn identify(state: &State, headers: &HeaderMap, method: &Method) -> Result<Caller, Problem> {
    if headers.contains_key(AUTHORIZATION) {
        let hash = bearer(headers).map(hash_api_key).ok_or_else(unauthorized)?;
        return find(state, &hash).await;
    }
    let now = state.clock.now();
    let secure = state.public_url.starts_with("https://");
    let hash = headers
        .get_all(COOKIE)
        .filter_map(|value| value.to_str().ok())
        .find_map(|header| session::read(&state.sealer, header, now, secure))
        .ok_or_else(unauthorized)?;
    if !method.is_safe() && !headers.contains_key(PAGE_HEADER) {
        let detail =
            "A request with a session cookie that changes something needs the page's own header; programs use an API key.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    find(state, &hash).await
}

/// Looks a key up by its hash. The lookup compares hashes of a 256-bit secret, so its timing tells nothing about a key.
pub async fn find(state: &State, hash: &str) -> Result<Caller, Problem> {
    let found: Option<ApiKey> = state.store.find_api_key(hash, state.clock.now()).await?;
    let key = found.filter(|key| key.revoked_at.is_none()).ok_or_else(unauthorized)?;
    Ok(Caller { tenant_id: key.tenant_id, key_id: key.id, key_name: key.name })
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
