//! Sessions of the pages: one's own, and for administrators all of the tenant's.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::account::Session;
use crate::model::ids::SessionId;
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Sessions {
    items: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    session: Session,
    /// The session that asks.
    is_own: bool,
}

fn listed(caller: &Caller, sessions: Vec<Session>) -> HttpResponse {
    let own = |session: &Session| caller.session.as_ref() == Some(&session.id);
    let items = sessions.into_iter().map(|session| Listed { is_own: own(&session), session }).collect();
    HttpResponse::Ok().json(Sessions { items })
}

/// `GET /v1/sessions`: of the whole tenant, newest first.
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    Ok(listed(&caller, state.store().list_sessions(&caller.tenant_id, None, state.clock().now()).await?))
}

/// `DELETE /v1/sessions/{id}`
pub async fn end(state: web::Data<State>, caller: Caller, id: Id<SessionId>) -> Result<HttpResponse, Problem> {
    match state.store().end_session(&caller.tenant_id, &id.0, None).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::not_found("session")),
    }
}

/// `GET /v1/me/sessions`: those of the user or key that asks, newest first.
pub async fn mine(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let sessions = state.store().list_sessions(&caller.tenant_id, Some(&caller.actor), state.clock().now()).await?;
    Ok(listed(&caller, sessions))
}

/// `DELETE /v1/me/sessions/{id}`
pub async fn end_one_of_mine(state: web::Data<State>, caller: Caller, id: Id<SessionId>) -> Result<HttpResponse, Problem> {
    match state.store().end_session(&caller.tenant_id, &id.0, Some(&caller.actor)).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::not_found("session")),
    }
}

/// `DELETE /v1/me/sessions`: signs out everywhere, here too.
pub async fn end_mine(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    state.store().end_sessions(&caller.tenant_id, &caller.actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
