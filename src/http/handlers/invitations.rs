//! Candidate links: employers make them, candidates open them.

use crate::channel::consent::NewInvitation;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::handlers::oauth::{INVITATION_COOKIE, set_cookie};
use crate::http::person::candidate;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::protocol::open_badges::Api;
use crate::web::channel as pages;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

const DEFAULT_DAYS: i64 = 14;
const MAX_DAYS: i64 = 365;
const DEFAULT_CONNECTIONS: i32 = 5;
const MAX_CONNECTIONS: i32 = 100;
const MAX_PURPOSE: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    candidate_ref: Option<String>,
    candidate_email: Option<String>,
    candidate_name: Option<String>,
    purpose: Option<String>,
    days: Option<i64>,
    max_connections: Option<i32>,
}

/// `POST /v1/invitations`: the link is shown once.
pub async fn create(state: web::Data<State>, caller: Caller, body: web::Json<Invite>) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let candidate = candidate(body.candidate_ref.as_deref(), body.candidate_email.as_deref(), body.candidate_name.as_deref())?;
    let days = body.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Problem::invalid_field("days", format!("must be from 1 to {MAX_DAYS}")));
    }
    let max_connections = body.max_connections.unwrap_or(DEFAULT_CONNECTIONS);
    if !(1..=MAX_CONNECTIONS).contains(&max_connections) {
        return Err(Problem::invalid_field("max_connections", format!("must be from 1 to {MAX_CONNECTIONS}")));
    }
    if body.purpose.as_ref().is_some_and(|text| text.chars().count() > MAX_PURPOSE) {
        return Err(Problem::invalid_field("purpose", format!("must have at most {MAX_PURPOSE} characters")));
    }
    let new = NewInvitation { tenant_id: caller.tenant_id.clone(), candidate, purpose: body.purpose, days, max_connections };
    let (invitation, code) = state.channels.invite(new).await?;
    caller.note("invitation.create", format!("invitation:{}", invitation.id));
    let url = format!("{}/connect/{code}", state.public_url());
    let mut answer = serde_json::to_value(&invitation).map_err(Problem::internal)?;
    answer["url"] = json!(url);
    answer["code"] = json!(code);
    Ok(HttpResponse::Created().insert_header(("cache-control", "no-store")).json(answer))
}

/// `GET /v1/invitations`: newest first, without their links.
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = state.store().list_invitations(&caller.tenant_id).await?;
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}

/// `DELETE /v1/invitations/{id}`: ends the link and every connection that was made with it.
pub async fn revoke(state: web::Data<State>, caller: Caller, id: Id<String>) -> Result<HttpResponse, Problem> {
    match state.store().revoke_invitation(&caller.tenant_id, &id.0, state.clock().now()).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::not_found("invitation")),
    }
}

/// `GET /connect/{code}`: the candidate's page. The browser remembers the link for the consent page.
pub async fn connect(state: web::Data<State>, code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let Some(invitation) = state.channels.invitation(&code).await? else {
        let text = "Its time is over, or the employer withdrew it. Ask the employer for a new one.";
        return Ok(pages::message(404, "This link can't be used", text));
    };
    let context = json!({
        "organisation": state.channels.settings.organisation,
        "purpose": invitation.purpose,
        "code": code.as_str(),
        "address": format!("{}{}", state.public_url(), Api::OpenBadges3.base_path()),
        "expires": invitation.expires_at.format("%-d %B %Y").to_string(),
        "privacy_url": state.channels.privacy_url(),
    });
    let mut response = pages::page(200, "connect.html", &context, "'self'");
    set_cookie(&mut response, &state, INVITATION_COOKIE, &code, "/oauth/authorize", 14 * 86_400);
    Ok(response)
}
