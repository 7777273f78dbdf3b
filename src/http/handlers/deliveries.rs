//! Deliveries: the list, their attempts, and replays.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::paging;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::delivery::{Attempt, Delivery, DeliveryState};
use crate::model::ids::DeliveryId;
use crate::model::record::DeliveryFilter;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Most deliveries that one call replays.
const MAX_REPLAYS: u32 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    after: Option<String>,
    connection_id: Option<String>,
    event_id: Option<String>,
    state: Option<DeliveryState>,
    candidate_ref: Option<String>,
    reason: Option<String>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct WithAttempts {
    #[serde(flatten)]
    delivery: Delivery,
    /// Oldest first. The name `attempts` is the count that lists show.
    attempt_log: Vec<Attempt>,
}

/// `GET /v1/deliveries`: newest first.
pub async fn list(state: web::Data<State>, caller: Caller, query: web::Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let page = paging::page(query.limit, query.after.as_deref())?;
    let filter = DeliveryFilter {
        connection_id: paging::filter("connection_id", query.connection_id)?,
        state: query.state,
        event_id: paging::filter("event_id", query.event_id)?,
        candidate_ref: paging::filter("candidate_ref", query.candidate_ref)?,
        reason: paging::filter("reason", query.reason)?,
        since: query.since,
        until: query.until,
    };
    let rows = state.store().list_deliveries(&caller.tenant_id, &filter, &page).await?;
    Ok(paging::list(&page, rows, |row: &Delivery| row.id.to_string()))
}

async fn find(state: &State, caller: &Caller, id: &DeliveryId) -> Result<WithAttempts, Problem> {
    let found = state.store().delivery(&caller.tenant_id, id).await?;
    let (delivery, attempt_log) = found.ok_or_else(|| Problem::not_found("delivery"))?;
    Ok(WithAttempts { delivery, attempt_log })
}

/// `GET /v1/deliveries/{id}`
pub async fn get(state: web::Data<State>, caller: Caller, id: Id<DeliveryId>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(find(&state, &caller, &id.0).await?))
}

/// `POST /v1/deliveries/{id}/replay`: due again now, the same event.
pub async fn replay(state: web::Data<State>, caller: Caller, id: Id<DeliveryId>) -> Result<HttpResponse, Problem> {
    if !state.store().replay_delivery(&caller.tenant_id, &id.0, state.clock().now()).await? {
        return Err(Problem::not_found("delivery"));
    }
    state.tasks.wake();
    Ok(HttpResponse::Accepted().json(find(&state, &caller, &id.0).await?))
}

/// Which deliveries are meant; each member that is given narrows the question.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayMany {
    /// Every state but `pending`. What arrived is sent again only to one connection.
    state: DeliveryState,
    connection_id: Option<String>,
    reason: Option<String>,
    /// Deliveries that were made at this moment or later.
    since: Option<DateTime<Utc>>,
    /// Deliveries that were made before this moment.
    until: Option<DateTime<Utc>>,
    /// Only count.
    #[serde(default)]
    preview: bool,
}

#[derive(Serialize)]
struct Replayed {
    /// Deliveries that the question meant.
    matched: u64,
    replayed: u32,
}

/// `POST /v1/deliveries/replay`: the oldest deliveries that a question means; at most 1,000 per call.
pub async fn replay_many(state: web::Data<State>, caller: Caller, body: web::Json<ReplayMany>) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let has_arrived = matches!(body.state, DeliveryState::Delivered | DeliveryState::Unchanged);
    if body.state == DeliveryState::Pending || (has_arrived && body.connection_id.is_none()) {
        return Err(Problem::invalid_field("state", "must be dead or parked or, with connection_id, delivered or unchanged"));
    }
    let connection_id = match body.connection_id {
        Some(id) if !crate::model::ids::is_identifier(&id) => {
            return Err(Problem::new(Code::InvalidField, "connection_id is not an identifier."));
        }
        other => other.map(Into::into),
    };
    let filter = DeliveryFilter {
        connection_id,
        state: Some(body.state),
        reason: body.reason,
        since: body.since,
        until: body.until,
        ..DeliveryFilter::default()
    };
    let matched = state.store().count_deliveries(&caller.tenant_id, &filter).await?;
    if body.preview {
        return Ok(HttpResponse::Ok().json(Replayed { matched, replayed: 0 }));
    }
    let replayed = state.store().replay_deliveries(&caller.tenant_id, &filter, MAX_REPLAYS, state.clock().now()).await?;
    state.tasks.wake();
    Ok(HttpResponse::Accepted().json(Replayed { matched, replayed }))
}
