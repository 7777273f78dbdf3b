//! Applications that connections read from the employer's system: what became of them, and the address to which the system sends requests.

use super::connections::find;
use super::push::{refused, single};
use crate::channel::applications::hearing::Unheard;
use crate::http::auth::Caller;
use crate::http::body::{BodyError, read_body};
use crate::http::extract::Id;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::application::ApplicationState;
use crate::model::ids::{ConnectionId, is_identifier};
use crate::protocol::push::Received;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

/// Largest request of a system, in bytes.
const MAX_REQUEST_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    state: Option<ApplicationState>,
}

/// `GET /v1/connections/{id}/applications`
pub async fn list(
    state: web::Data<State>,
    caller: Caller,
    id: Id<ConnectionId>,
    which: web::Query<Which>,
) -> Result<HttpResponse, Problem> {
    let connection = find(&state, &caller, &id.0).await?;
    let items = state.store().list_applications(&connection.id, which.state).await?;
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}

/// `POST /v1/connections/{id}/applications/retry`: asks for new applications soon, and reads parked applications again.
pub async fn retry(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    let connection = find(&state, &caller, &id.0).await?;
    if !state.applications.reads(&connection) {
        return Err(Problem::new(Code::Conflict, "The connection does not read applications; its settings can switch it on."));
    }
    let retried = state.store().hasten_intake(&connection.id, state.clock().now()).await?;
    Ok(HttpResponse::Ok().json(json!({"retried": retried})))
}

/// `POST /v1/applications/{id}`
pub async fn receive(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    take(&state, &request, (path.into_inner(), None), payload).await
}

/// `POST /v1/applications/{id}/{key}`: the address holds the secret.
pub async fn receive_with_key(
    state: web::Data<State>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (id, key) = path.into_inner();
    take(&state, &request, (id, Some(&key)), payload).await
}

async fn take(
    state: &State,
    request: &HttpRequest,
    (id, key): (String, Option<&str>),
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    if !is_identifier(&id) {
        return Err(refused());
    }
    let hearing = state.applications.hearing(&ConnectionId(id)).await.map_err(problem)?;
    let headers = |name: &str| single(request.headers(), name);
    let is_genuine = |body: &[u8]| {
        let received = Received { headers: &headers, body, address_key: key };
        hearing.is_genuine(&received, state.clock().now())
    };
    if !hearing.needs_body() && !is_genuine(&[]) {
        return Err(refused());
    }
    let body = read_body(request, payload, MAX_REQUEST_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => Problem::new(Code::PayloadTooLarge, format!("A request may have {MAX_REQUEST_BYTES} bytes.")),
        BodyError::Broken => Problem::new(Code::InvalidBody, "The connection ended before the body was complete."),
    })?;
    if !is_genuine(&body) {
        return Err(refused());
    }
    if !state.channels.pushes.admit(format!("applications:{}", hearing.connection_id()), state.clock().now()) {
        return Err(Problem::new(Code::TooManyRequests, "The system sends too many requests; send them again later.")
            .header("retry-after", "60"));
    }
    let new = state.applications.hear(&hearing, &body).await.map_err(problem)?;
    Ok(HttpResponse::Ok().json(json!({"new": new})))
}

fn problem(unheard: Unheard) -> Problem {
    match unheard {
        Unheard::Refused => refused(),
        Unheard::Unreadable(cause) => Problem::new(Code::InvalidJson, format!("The request can't be read: {cause}.")),
        Unheard::Unusable(message) => Problem::new(Code::PushUnusable, message),
        Unheard::Store(error) => error.into(),
    }
}
