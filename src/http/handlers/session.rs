//! The session of the pages: an API key goes in once, a cookie that scripts can't read comes out.

use crate::http::auth::{Caller, find};
use crate::http::problem::Problem;
use crate::http::session;
use crate::http::state::State;
use crate::model::ids::TenantId;
use crate::model::secret::Secret;
use crate::model::tenant::hash_api_key;
use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    key: Secret,
}

#[derive(Serialize)]
struct Whoami {
    tenant_id: TenantId,
    key_name: String,
}

/// `POST /session`: 401 when the key is unknown or revoked.
pub async fn begin(state: web::Data<State>, body: web::Json<Login>) -> Result<HttpResponse, Problem> {
    let hash = hash_api_key(body.key.expose().trim());
    let caller = find(&state, &hash).await?;
    let cookie = session::begin(&state.sealer, &hash, state.clock().now(), secure(&state))
        .ok_or_else(|| Problem::internal("the session could not be sealed"))?;
    Ok(HttpResponse::Ok().insert_header((SET_COOKIE, cookie)).insert_header((CACHE_CONTROL, "no-store")).json(whoami(caller)))
}

/// `GET /session`: who the page is acting for.
pub async fn get(caller: Caller) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(whoami(caller))
}

/// `DELETE /session`: no copy of the cookie is good for anything afterwards.
pub async fn end(state: web::Data<State>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let now = state.clock().now();
    if let Some(session) = session::of_request(&state.sealer, request.headers(), now, secure(&state)) {
        state.store().end_session(&session.id, session.ends_at, now).await?;
    }
    Ok(HttpResponse::NoContent().insert_header((SET_COOKIE, session::end(secure(&state)))).finish())
}

fn whoami(caller: Caller) -> Whoami {
    Whoami { tenant_id: caller.tenant_id, key_name: caller.key_name }
}

fn secure(state: &State) -> bool {
    state.public_url().starts_with("https://")
}
