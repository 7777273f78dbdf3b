//! Who is asking: an API key as bearer token, or the session cookie of the pages.
//! Comes in: a request. Goes out: its [`Caller`], or 401 or 403.
//! Must not know: the route's work. The key itself is hashed at once; only the hash is looked up.

use super::extract::header;
use super::problem::{Code, Problem};
use super::session;
use super::state::State;
use crate::account;
use crate::channel::secrets;
use crate::model::account::{Actor, Deed, Role};
use crate::model::ids::{ApiKeyId, SessionId, TenantId};
use crate::model::tenant::{ApiKey, hash_api_key};
use crate::protocol::open_badges::has_scope;
use crate::protocol::open_badges::oauth_token::bearer_token;
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::Duration;
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Pages send this header with every request that changes something; other sites can't without being asked first (CORS).
pub const PAGE_HEADER: &str = "x-skillgate-page";
const MAX_KEY_BYTES: usize = 256;

/// Who is asking, and for which employer.
#[derive(Clone, Debug)]
pub struct Caller {
    pub tenant_id: TenantId,
    pub actor: Actor,
    /// Name of the key or the user.
    pub name: String,
    pub role: Role,
    /// The network that the request comes from.
    pub address: IpAddr,
    /// The session of the pages; none for a key that was sent.
    pub session: Option<SessionId>,
    /// What the handler wants to be noted in the place of the route's own words: actions with their objects.
    noted: Arc<Mutex<Vec<(String, String)>>>,
}

impl Caller {
    /// Has the audit log note this, which was done just now, in the place of what the table of routes says.
    pub fn note(&self, action: &str, object: impl Into<String>) {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).push((action.to_owned(), object.into()));
    }

    pub(super) fn noted(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn deed(&self, action: &str, object: &str) -> Deed {
        Deed {
            actor: self.actor.to_string(),
            action: action.to_owned(),
            object: object.to_owned(),
            address: self.address.to_string(),
        }
    }

    fn of_key(key: ApiKey, address: IpAddr) -> Self {
        Self {
            tenant_id: key.tenant_id,
            actor: Actor::Key(key.id),
            name: key.name,
            role: key.role,
            address,
            session: None,
            noted: Arc::default(),
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // The route's row in the table of routes says that it needs a caller; without one nothing of a tenant is reachable.
        ready(request.extensions().get::<Caller>().cloned().ok_or_else(unauthorized))
    }
}

/// The network that a request comes from.
pub fn address_of(state: &State, request: &HttpRequest) -> IpAddr {
    state.peers.network_of(request.peer_addr(), request.headers())
}

/// The caller of a request: by API key, or by the session of the pages.
pub async fn identify(state: &State, request: &HttpRequest) -> Result<Caller, Problem> {
    let headers = request.headers();
    if headers.contains_key(AUTHORIZATION) {
        let hash = bearer(headers).map(hash_api_key).ok_or_else(unauthorized)?;
        return find(state, &hash, address_of(state, request)).await;
    }
    let secret = session::secret_in(headers, state.is_secure()).ok_or_else(unauthorized)?;
    let idle = Duration::minutes(i64::from(state.accounts.settings.session_idle_minutes));
    let found = state.store().open_session(&account::hash(secret), idle, state.clock().now()).await?;
    let open = found.ok_or_else(unauthorized)?;
    if !request.method().is_safe() && !headers.contains_key(PAGE_HEADER) {
        let detail =
            "A request with a session cookie that changes something needs the page's own header; programs use an API key.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(Caller {
        tenant_id: open.tenant_id,
        actor: open.actor,
        name: open.name,
        role: open.role,
        address: address_of(state, request),
        session: Some(open.session.id),
        noted: Arc::default(),
    })
}

/// Looks a key up by its hash. The lookup compares hashes of a 256-bit secret, so its timing tells nothing about a key.
pub async fn find(state: &State, hash: &str, address: IpAddr) -> Result<Caller, Problem> {
    let found: Option<ApiKey> = state.store().find_api_key(hash, state.clock().now()).await?;
    let key = found.filter(|key| key.revoked_at.is_none()).ok_or_else(unauthorized)?;
    Ok(Caller::of_key(key, address))
}

/// The employer's own system behind a short-lived token, when the token has the scope. It has the role of its API key.
pub async fn token_caller(state: &State, request: &HttpRequest, scope: &str) -> Option<Caller> {
    let token = bearer_token(header(request.headers(), AUTHORIZATION))?;
    let holder = state.store().token_holder(&secrets::hash(token), state.clock().now()).await.ok().flatten()?;
    // A token that belongs to a candidate never opens a tenant's routes.
    if holder.candidate_ref.is_some() || !has_scope(&holder.scope, scope) {
        return None;
    }
    let key = state.store().api_key(&ApiKeyId(holder.client_id)).await.ok().flatten()?;
    Some(Caller::of_key(key, address_of(state, request))).filter(|caller| caller.tenant_id == holder.tenant_id)
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
