//! Sends a connection what was verified before it was made.
//! Comes in: which credentials are meant. Goes out: numbers; the deliveries are due at once.

use super::connections::find;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::event::EventType;
use crate::model::ids::ConnectionId;
use crate::store::Backfill;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Steps of one call; each looks at 500 events.
const MAX_STEPS: usize = 100;
const MAX_ISSUER_CHARS: usize = 2_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Only events from this moment on.
    since: Option<DateTime<Utc>>,
    /// Only events before this moment.
    until: Option<DateTime<Utc>>,
    /// Only credentials of this issuer: its id, or its name.
    issuer: Option<String>,
    /// Only count.
    #[serde(default)]
    preview: bool,
    /// The `next` of an earlier answer.
    #[serde(default)]
    after: i64,
}

#[derive(Serialize)]
struct Answer {
    credentials: usize,
    events: u64,
    /// Events about people who were merged into others since; they are left out.
    merged: u64,
    /// There are more events: ask again with this as `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// `POST /v1/connections/{id}/backfill`
pub async fn backfill(
    state: web::Data<State>,
    caller: Caller,
    id: Id<ConnectionId>,
    body: web::Json<Question>,
) -> Result<HttpResponse, Problem> {
    let Question { since, until, issuer, preview, after } = body.into_inner();
    if issuer.as_ref().is_some_and(|issuer| issuer.is_empty() || issuer.chars().count() > MAX_ISSUER_CHARS) {
        return Err(Problem::invalid_field("issuer", "must be 1 to 2,000 characters of text"));
    }
    let connection = find(&state, &caller, &id.0).await?;
    let which = Backfill { since, until, issuer };
    let known = state.connectors.list();
    let handled: Vec<String> =
        known.into_iter().find(|known| known.name == connection.connector).map(|known| known.event_types).unwrap_or_default();
    let is_handled = move |event_type: EventType| handled.iter().any(|name| name == event_type.as_str());
    let (of, now) = ((&connection, &which), state.clock().now());
    let found = state.store().backfill_on(of, after.max(0), (preview, MAX_STEPS), now, is_handled).await?;
    if !preview {
        state.tasks.wake();
    }
    let answer = Answer { credentials: found.credentials.len(), events: found.events, merged: found.merged, next: found.next };
    Ok(if preview { HttpResponse::Ok().json(answer) } else { HttpResponse::Accepted().json(answer) })
}
