//! The event feed: the same facts that connections get, to be read by position (CloudEvents 1.0 batch format).

use crate::http::auth::Caller;
use crate::http::paging;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::event::Event;
use actix_web::http::header::{CONTENT_TYPE, LINK};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use std::time::{Duration, Instant};

/// Holds the position to go on from, also when there was nothing new.
const NEXT: &str = "skillgate-next";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    after: Option<String>,
    /// Seconds to wait for an event while no event is there.
    wait: Option<u8>,
}

/// Longest wait: shorter than the patience of common proxies.
const MAX_WAIT: u8 = 30;
/// Time between two looks for new events.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// `GET /v1/events?after=`: oldest first. `Skillgate-Next` is the position for the next call; `Link: rel="next"` says that there is more now.
pub async fn list(state: web::Data<State>, caller: Caller, query: web::Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let after = query.after.as_deref();
    if after.is_some_and(|after| after.parse::<u64>().is_err()) {
        return Err(Problem::new(Code::InvalidQuery, "after must be the Skillgate-Next of the call before."));
    }
    let page = paging::page(query.limit, after)?;
    let wait = query.wait.unwrap_or(0);
    if wait > MAX_WAIT {
        return Err(Problem::new(Code::InvalidQuery, format!("wait must be between 0 and {MAX_WAIT} seconds.")));
    }
    let until = Instant::now() + Duration::from_secs(u64::from(wait));
    let mut rows: Vec<(i64, Event)> = state.store().list_events(&caller.tenant_id, &page).await?;
    while rows.is_empty() && Instant::now() < until {
        tokio::time::sleep(LOOK_AGAIN).await;
        rows = state.store().list_events(&caller.tenant_id, &page).await?;
    }
    let more = paging::cut(&page, &mut rows);
    let next = rows.last().map(|(position, _)| position.to_string());
    let next = next.unwrap_or_else(|| after.unwrap_or("0").to_owned());
    let events: Vec<Event> = rows.into_iter().map(|(_, event)| event).collect();

    let mut response = HttpResponse::Ok();
    if more {
        response.insert_header((LINK, format!("</v1/events?after={next}&limit={}>; rel=\"next\"", page.limit - 1)));
    }
    let body = serde_json::to_vec(&events).map_err(Problem::internal)?;
    Ok(response
        .insert_header((NEXT, next))
        .insert_header((CONTENT_TYPE, "application/cloudevents-batch+json; charset=utf-8"))
        .body(body))
}
