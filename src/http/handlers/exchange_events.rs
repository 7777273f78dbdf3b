//! `GET /interactions/{x}/events`: server-sent events for the waiting page, from the moment the wallet asks to the verdicts.
//! Within this process a change arrives at once; a change by another process is seen within seconds.

use crate::channel::Channels;
use crate::http::answers;
use crate::http::seats::Seat;
use crate::http::state::State;
use crate::model::exchange::{Exchange, ExchangeState};
use crate::model::ids::ExchangeId;
use crate::protocol::vcalm::problem::Problem;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;

/// How often the database is looked at when nothing was announced, and how often a sign of life is sent.
const LOOK: Duration = Duration::from_secs(3);

struct Watch {
    channels: Channels,
    id: ExchangeId,
    seen: Option<i32>,
    changes: Receiver<ExchangeId>,
    over: bool,
    /// The gateway stops: the page asks again, and finds the next gateway.
    ending: CancellationToken,
    _seat: Seat<ExchangeId>,
}

pub async fn events(state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    // Listening begins before the first look, so that no change falls in between.
    let changes = state.channels.changes.listen();
    let exchange = match state.channels.open_for_wallet(&id).await {
        Ok(exchange) => exchange,
        Err(problem) => return answers::problem(&problem),
    };
    let Some(seat) = state.streams.take(exchange.id.clone()) else { return answers::problem(&Problem::unavailable()) };
    let (channels, ending) = (state.channels.clone(), state.ending.clone());
    let watch = Watch { channels, id: exchange.id, seen: None, changes, over: false, ending, _seat: seat };
    let stream = unfold(watch, |mut watch| async move {
        if watch.over {
            return None;
        }
        let text = next(&mut watch).await;
        Some((Ok::<Bytes, Infallible>(Bytes::from(text)), watch))
    });
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream)
}

/// The next event, or a sign of life.
async fn next(watch: &mut Watch) -> String {
    if watch.seen.is_some() {
        wait(watch).await;
    }
    match watch.channels.store().exchange(&watch.id).await {
        Ok(Some(exchange)) if !exchange.is_expired(watch.channels.clock().now()) || exchange.state.is_final() => {
            if watch.seen == Some(exchange.sequence) {
                return ": waiting\n\n".to_owned();
            }
            watch.seen = Some(exchange.sequence);
            watch.over = exchange.state.is_final();
            format!("event: exchange\ndata: {}\n\n", seen_by_page(&exchange))
        }
        Ok(_) => {
            watch.over = true;
            "event: exchange\ndata: {\"state\":\"expired\"}\n\n".to_owned()
        }
        Err(_) => ": waiting\n\n".to_owned(),
    }
}

async fn wait(watch: &mut Watch) {
    let Watch { changes, id, ending, over, .. } = watch;
    let announced = async {
        loop {
            match changes.recv().await {
                Ok(changed) if changed == *id => return,
                // Others changed, or some announcements were missed: the latter is a reason to look.
                Ok(_) => {}
                Err(_) => return tokio::time::sleep(LOOK).await,
            }
        }
    };
    tokio::select! {
        () = ending.cancelled() => *over = true,
        _ = tokio::time::timeout(LOOK, announced) => {}
    }
}

/// The facts that the page may show to whoever holds the link: the transport's state, and outcomes without content.
fn seen_by_page(exchange: &Exchange) -> Value {
    let verdicts =
        exchange.results.as_ref().and_then(|results| results["default"]["verdicts"].as_array()).cloned().unwrap_or_default();
    let outcomes: Vec<Value> =
        verdicts.iter().map(|verdict| json!({"outcome": verdict["outcome"], "reason": verdict["reason"]})).collect();
    let mut body = json!({"state": exchange.state, "sequence": exchange.sequence, "verdicts": outcomes});
    if exchange.state != ExchangeState::Complete
        && let Some(error) = &exchange.last_error
    {
        body["problem"] = error["detail"].clone();
    }
    body
}
