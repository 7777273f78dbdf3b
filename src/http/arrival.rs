//! How a request's body may arrive, on every route: without long silence, faster than a drip, and only while there is room for it.
//! Comes in: a request whose body is still on the wire, and who sends it. Goes out: the request with a watched body; the answer 408 or
//! 429 when the body was too slow or there was no room. Must not know: who reads the body, or what for.

use super::auth::Caller;
use super::budget::{Room, Sender};
use super::problem::{Code, Problem};
use super::state::State;
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use bytes::Bytes;
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// Longest silence on the wire.
const IDLE: Duration = Duration::from_secs(10);
/// A body has this long, and a second more for every so many bytes of it that arrived, up to the longest time.
const START: Duration = Duration::from_secs(20);
const BYTES_PER_SECOND: usize = 4 << 10;
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Slow,
    NoRoom,
}

/// What the middleware and the body's stream share; both live on one server thread.
struct Arrival {
    room: Room,
    fault: Cell<Option<Fault>>,
}

/// Middleware of the routes that anybody may call.
pub async fn of_stranger(
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let sender = Sender::Stranger(state.peers.network_of(request.peer_addr(), request.headers()));
    watched(&state, sender, request, next).await
}

/// For the middleware that identified the caller.
pub async fn of_caller(
    state: &State,
    caller: &Caller,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    watched(state, Sender::Tenant(caller.tenant_id.clone()), request, next).await
}

async fn watched(
    state: &State,
    sender: Sender,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let payload = request.take_payload();
    if matches!(payload, Payload::None) {
        return next.call(request).await;
    }
    let arrival = Rc::new(Arrival { room: state.budget.room(sender), fault: Cell::new(None) });
    // Some readers ask once more after the end.
    let body = arriving(payload, arrival.clone()).fuse();
    request.set_payload(Payload::Stream { payload: Box::pin(body) });
    // The room is held until the answer is made: until then the body is in memory.
    let response = next.call(request).await?;
    let Some(fault) = arrival.fault.get() else { return Ok(response) };
    let mut refused = problem(fault).error_response();
    // The rest of the body must not be taken for the next request.
    refused.head_mut().set_connection_type(ConnectionType::Close);
    Ok(response.into_response(refused))
}

fn problem(fault: Fault) -> Problem {
    match fault {
        Fault::Slow => Problem::new(Code::RequestTimeout, "The body arrived too slowly; send it again."),
        Fault::NoRoom => Problem::new(Code::TooManyRequests, "Too much is being uploaded at this moment; try again shortly.")
            .header("retry-after", "5"),
    }
}

/// The body's bytes; ends in an error as soon as it is too slow, or there is no room for more.
fn arriving(payload: Payload, arrival: Rc<Arrival>) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    let begun = Instant::now();
    unfold(Some((payload, 0usize)), move |open| {
        let arrival = arrival.clone();
        async move {
            let (mut payload, arrived) = open?;
            let deadline = (begun + allowed(arrived)).min(Instant::now() + IDLE);
            let chunk = match tokio::time::timeout_at(deadline, payload.next()).await {
                Ok(chunk) => chunk?,
                Err(_) => return Some((Err(fail(&arrival, Fault::Slow)), None)),
            };
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return Some((Err(error), None)),
            };
            if !arrival.room.grow(arrived, chunk.len()).await {
                return Some((Err(fail(&arrival, Fault::NoRoom)), None));
            }
            let arrived = arrived.saturating_add(chunk.len());
            Some((Ok(chunk), Some((payload, arrived))))
        }
    })
}

/// The time that a body may have taken by now.
fn allowed(arrived: usize) -> Duration {
    let earned = Duration::from_secs((arrived / BYTES_PER_SECOND) as u64);
    (START + earned).min(LONGEST)
}

fn fail(arrival: &Arrival, fault: Fault) -> PayloadError {
    arrival.fault.set(Some(fault));
    PayloadError::Incomplete(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drip_ends_within_half_a_minute_and_a_large_upload_may_take_its_time() {
        assert_eq!(allowed(0), START);
        assert_eq!(allowed(30), START);
        assert_eq!(allowed(BYTES_PER_SECOND * 100), START + Duration::from_secs(100));
        assert_eq!(allowed(usize::MAX), LONGEST);
    }
}
