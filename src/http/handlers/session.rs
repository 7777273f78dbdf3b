//! The session of the pages: a key, or an address with a password, goes in once; a cookie that scripts can't read comes out.

use crate::account::{self, AccountError};
use crate::http::auth::{Caller, address_of, find};
use crate::http::problem::Problem;
use crate::http::session;
use crate::http::state::State;
use crate::model::account::{Actor, Deed, Role, User};
use crate::model::ids::TenantId;
use crate::model::secret::Secret;
use crate::model::tenant::hash_api_key;
use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// An API key, or an address with a password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    key: Option<Secret>,
    email: Option<String>,
    password: Option<Secret>,
    /// Of the authenticator app, or a recovery code.
    code: Option<String>,
}

#[derive(Serialize)]
struct Whoami<'a> {
    tenant_id: &'a TenantId,
    /// Of the key or the user.
    name: &'a str,
    role: Role,
}

/// `POST /session`: 401 when the key is unknown or revoked, or address, password or code are wrong.
pub async fn begin(state: web::Data<State>, request: HttpRequest, body: web::Json<Login>) -> Result<HttpResponse, Problem> {
    let from = address_of(&state, &request);
    let login = body.into_inner();
    match (login.key, login.email, login.password) {
        (Some(key), None, None) => {
            let caller = find(&state, &hash_api_key(key.expose().trim()), from).await?;
            begun(&state, &caller.tenant_id, &caller.actor, &caller.name, caller.role, from).await
        }
        (None, Some(email), Some(password)) => {
            // Keys need no limit: nobody guesses 256 random bits.
            state.accounts.admit(from)?;
            match state.accounts.sign_in(&email, &password, login.code.as_deref()).await {
                Ok(user) => of_user(&state, &user, from).await,
                Err(error) => {
                    note_failure(&state, &email, &error, from).await?;
                    Err(error.into())
                }
            }
        }
        _ => Err(Problem::invalid_field("key", "send either key, or email and password")),
    }
}

/// A failed attempt is noted with the user's id, in the user's tenant. An attempt at an address of nobody is noted in the first tenant, so
/// that it takes as long.
async fn note_failure(state: &State, email: &str, error: &AccountError, from: IpAddr) -> Result<(), Problem> {
    let action = match error {
        AccountError::Wrong => "session.refuse",
        AccountError::LockedUntil(_) => "session.locked",
        _ => return Ok(()),
    };
    let found = state.store().sign_in_by_email(email).await?.map(|found| (found.user.tenant_id, found.user.id.to_string()));
    let (tenant, id) = found.unwrap_or_else(|| (TenantId::from("default"), "unknown".to_owned()));
    let deed =
        Deed { actor: "stranger".to_owned(), action: action.to_owned(), object: format!("user:{id}"), address: from.to_string() };
    Ok(state.store().audit(&tenant, vec![deed], state.clock().now()).await?)
}

async fn of_user(state: &State, user: &User, from: IpAddr) -> Result<HttpResponse, Problem> {
    begun(state, &user.tenant_id, &Actor::User(user.id.clone()), &user.name, user.role, from).await
}

async fn begun(
    state: &State,
    tenant: &TenantId,
    actor: &Actor,
    name: &str,
    role: Role,
    from: IpAddr,
) -> Result<HttpResponse, Problem> {
    let (secret, length) = state.accounts.begin_session(tenant, actor, from).await?;
    let deed = Deed {
        actor: actor.to_string(),
        action: "session.begin".to_owned(),
        object: actor.to_string(),
        address: from.to_string(),
    };
    state.store().audit(tenant, vec![deed], state.clock().now()).await?;
    let cookie = session::begin(&secret, length, state.is_secure());
    let answer = HttpResponse::Ok().insert_header((SET_COOKIE, cookie)).insert_header((CACHE_CONTROL, "no-store")).json(Whoami {
        tenant_id: tenant,
        name,
        role,
    });
    Ok(answer)
}

/// `GET /session`: who the page is acting for.
pub async fn get(caller: Caller) -> HttpResponse {
    let whoami = Whoami { tenant_id: &caller.tenant_id, name: &caller.name, role: caller.role };
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(whoami)
}

/// `DELETE /session`: no copy of the cookie is good for anything afterwards.
pub async fn end(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if let Some(secret) = session::secret_in(request.headers(), state.is_secure()) {
        let idle = chrono::Duration::minutes(i64::from(state.accounts.settings.session_idle_minutes));
        let now = state.clock().now();
        if let Some(open) = state.store().open_session(&account::hash(secret), idle, now).await? {
            state.store().end_session(&open.tenant_id, &open.session.id, None).await?;
            let deed = Deed {
                actor: open.actor.to_string(),
                action: "session.end".to_owned(),
                object: format!("session:{}", open.session.id),
                address: address_of(&state, &request).to_string(),
            };
            state.store().audit(&open.tenant_id, vec![deed], now).await?;
        }
    }
    Ok(HttpResponse::NoContent().insert_header((SET_COOKIE, session::end(state.is_secure()))).finish())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invited {
    /// From the link.
    code: Secret,
    password: Secret,
}

/// `POST /session/password`: the invited person sets a password. It works once, and signs nobody in.
pub async fn set_password(
    state: web::Data<State>,
    request: HttpRequest,
    body: web::Json<Invited>,
) -> Result<HttpResponse, Problem> {
    let from = address_of(&state, &request);
    state.accounts.admit(from)?;
    let body = body.into_inner();
    let user = state.accounts.accept(body.code.expose(), body.password).await?;
    let object = format!("user:{}", user.id);
    let deed = Deed { actor: object.clone(), action: "user.set_password".to_owned(), object, address: from.to_string() };
    state.store().audit(&user.tenant_id, vec![deed], state.clock().now()).await?;
    Ok(HttpResponse::NoContent().finish())
}
