//! Links to a person's own page, and what persons wrote there: the employer's side.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::ids::{CandidateRef, is_identifier};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

const MAX_DAYS: i64 = 365;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// `channels.person_link_days` when absent.
    days: Option<i64>,
}

/// `POST /v1/candidates/{ref}/link`: the link is shown once.
pub async fn create(
    state: web::Data<State>,
    caller: Caller,
    id: Id<CandidateRef>,
    body: web::Json<NewLink>,
) -> Result<HttpResponse, Problem> {
    let days = body.days.unwrap_or(state.channels.settings.person_link_days);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Problem::invalid_field("days", format!("must be from 1 to {MAX_DAYS}")));
    }
    let made = state.channels.link_person(&caller.tenant_id, &id.0, days).await?;
    let (page, code) = made.ok_or_else(|| Problem::not_found("candidate"))?;
    caller.note("person_link.create", format!("candidate:{}", page.candidate_ref));
    let mut answer = serde_json::to_value(&page).map_err(Problem::internal)?;
    answer["url"] = json!(format!("{}/person/{code}", state.public_url()));
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(answer))
}

/// `GET /v1/candidates/{ref}/links`: newest first, without their addresses.
pub async fn list(state: web::Data<State>, caller: Caller, id: Id<CandidateRef>) -> Result<HttpResponse, Problem> {
    let candidate = current(&state, &caller, &id.0).await?;
    let items = state.store().list_person_pages(&caller.tenant_id, &candidate).await?;
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}

/// `DELETE /v1/candidates/{ref}/links/{id}`: the link opens nothing any more.
pub async fn revoke(state: web::Data<State>, caller: Caller, path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (candidate, id) = two(path, "link")?;
    let candidate = current(&state, &caller, &candidate).await?;
    if !state.store().revoke_person_page(&caller.tenant_id, &candidate, &id, state.clock().now()).await? {
        return Err(Problem::not_found("link"));
    }
    caller.note("person_link.revoke", format!("candidate:{}", candidate));
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/person-notes`: what persons wrote and nobody has dealt with.
pub async fn open_notes(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = state.store().person_notes(&caller.tenant_id, None).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({"items": items})))
}

/// `GET /v1/candidates/{ref}/notes`: all of one person.
pub async fn notes(state: web::Data<State>, caller: Caller, id: Id<CandidateRef>) -> Result<HttpResponse, Problem> {
    let candidate = current(&state, &caller, &id.0).await?;
    let items = state.store().person_notes(&caller.tenant_id, Some(&candidate)).await?;
    let stopped = state.store().sharing_stopped_at(&caller.tenant_id, &candidate).await?;
    let answer = json!({"items": items, "sharing_stopped_at": stopped});
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(answer))
}

/// `POST /v1/candidates/{ref}/notes/{id}/done`: somebody has dealt with the note.
pub async fn finish(state: web::Data<State>, caller: Caller, path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (candidate, id) = two(path, "note")?;
    let candidate = current(&state, &caller, &candidate).await?;
    if !state.store().finish_person_note(&caller.tenant_id, &candidate, &id, state.clock().now()).await? {
        return Err(Problem::not_found("note"));
    }
    caller.note("person_note.done", format!("candidate:{}", candidate));
    Ok(HttpResponse::NoContent().finish())
}

fn two(path: web::Path<(String, String)>, what: &str) -> Result<(CandidateRef, String), Problem> {
    let (candidate, id) = path.into_inner();
    if !is_identifier(&candidate) || !is_identifier(&id) {
        return Err(Problem::not_found(what));
    }
    Ok((CandidateRef::from(candidate), id))
}

async fn current(state: &State, caller: &Caller, candidate: &CandidateRef) -> Result<CandidateRef, Problem> {
    let found = state.store().candidate(&caller.tenant_id, candidate).await?;
    Ok(found.ok_or_else(|| Problem::not_found("candidate"))?.candidate_ref)
}
