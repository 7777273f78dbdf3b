//! Who a candidate is in a connection's system, as a person says it after a delivery was parked.
//! Comes in: a candidate and the system's identifier. Goes out: the links; parked deliveries about the candidate are due again.

use super::connections::find;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::connection::PersonLink;
use crate::model::delivery::DeliveryState;
use crate::model::ids::{CandidateRef, ConnectionId, is_identifier};
use crate::model::record::DeliveryFilter;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

const MAX_REMOTE_ID_CHARS: usize = 200;
const MAX_REPLAYS: u32 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    remote_id: String,
}

#[derive(Serialize)]
struct Links {
    items: Vec<PersonLink>,
}

#[derive(Serialize)]
struct Linked {
    #[serde(flatten)]
    link: PersonLink,
    replayed: u32,
}

/// `GET /v1/connections/{id}/people`
pub async fn list(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    let connection = find(&state, &caller, &id.0).await?;
    let items = state.store().person_links(&caller.tenant_id, &connection.id).await?;
    Ok(HttpResponse::Ok().json(Links { items }))
}

/// `PUT /v1/connections/{id}/people/{candidate_ref}`
pub async fn put(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: web::Json<NewLink>,
) -> Result<HttpResponse, Problem> {
    let (connection, candidate_ref) = named(path.into_inner())?;
    let connection = find(&state, &caller, &connection).await?;
    let remote_id = body.into_inner().remote_id.trim().to_owned();
    let length = remote_id.chars().count();
    if !(1..=MAX_REMOTE_ID_CHARS).contains(&length) || remote_id.chars().any(char::is_control) {
        return Err(Problem::invalid_field("remote_id", "must be 1 to 200 characters of text"));
    }
    let now = state.clock().now();
    let of = (&caller.tenant_id, &connection.id);
    if !state.store().link_person(of, &candidate_ref, &remote_id, now).await? {
        return Err(Problem::not_found("candidate"));
    }
    let parked = DeliveryFilter {
        connection_id: Some(connection.id),
        state: Some(DeliveryState::Parked),
        candidate_ref: Some(candidate_ref.clone()),
        ..DeliveryFilter::default()
    };
    let replayed = state.store().replay_deliveries(&caller.tenant_id, &parked, MAX_REPLAYS, now).await?;
    state.tasks.wake();
    let link = PersonLink { candidate_ref, remote_id, created_at: now };
    Ok(HttpResponse::Ok().json(Linked { link, replayed }))
}

/// `DELETE /v1/connections/{id}/people/{candidate_ref}`
pub async fn delete(state: web::Data<State>, caller: Caller, path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (connection, candidate_ref) = named(path.into_inner())?;
    if !state.store().unlink_person(&caller.tenant_id, &connection, &candidate_ref).await? {
        return Err(Problem::not_found("link"));
    }
    Ok(HttpResponse::NoContent().finish())
}

fn named((connection, candidate_ref): (String, String)) -> Result<(ConnectionId, CandidateRef), Problem> {
    if !is_identifier(&connection) {
        return Err(Problem::not_found("connection"));
    }
    if !is_identifier(&candidate_ref) {
        return Err(Problem::not_found("candidate"));
    }
    Ok((ConnectionId(connection), CandidateRef(candidate_ref)))
}
