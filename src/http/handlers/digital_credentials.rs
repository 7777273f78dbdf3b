//! The waiting page's way to wallets on the same device: the browser's Digital Credentials API carries the request and the answer.

use super::oid4vp::{refuse, taken};
use crate::document::json;
use crate::http::answers;
use crate::http::body::{BodyError, read_body};
use crate::http::state::State;
use crate::model::exchange::Exchange;
use crate::protocol::oid4vp::browser;
use crate::protocol::oid4vp::request::response_key;
use crate::protocol::oid4vp::response::{self, AnswerContent};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// `GET /interactions/{x}/digital-credentials`: the requests that the page hands to the browser.
pub async fn requests(state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    let exchange = match state.channels.open_for_answer(&id).await {
        Ok(exchange) => exchange,
        Err(problem) => return answers::problem(&problem),
    };
    if let Err(problem) = state.channels.started(&exchange).await {
        return answers::problem(&problem);
    }
    let (urls, deployment) = (state.channels.urls(&exchange), state.channels.oid4vp(&exchange.tenant_id));
    let requests = browser::requests(&exchange, &urls, &deployment, &state.channels.domain());
    let offered: Vec<&Value> = requests.iter().map(|request| &request["protocol"]).collect();
    state.channels.journal(&exchange.id, "digital_credentials_request", 200, json!({"offered": offered})).await;
    answers::json(200, &json!({"requests": requests}))
}

/// `POST /interactions/{x}/digital-credentials`: the browser's answer to the page, `{"protocol", "data"}`.
pub async fn answer(state: web::Data<State>, request: HttpRequest, id: web::Path<String>, payload: web::Payload) -> HttpResponse {
    let exchange = match state.channels.open_for_answer(&id).await {
        Ok(exchange) => exchange,
        Err(problem) => return answers::problem(&problem),
    };
    let body = match read_body(&request, payload, state.limits().max_file_bytes).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return refuse(413, "invalid_request", "the answer is larger than this gateway accepts"),
        Err(BodyError::Broken) => return refuse(400, "invalid_request", "the answer did not arrive as a whole"),
    };
    let (status, answered, detail) = match read(&state, &exchange, &body) {
        Ok((content, audience)) => taken(&state, &exchange, content, Some(audience), body.len()).await,
        Err(problem) => {
            let body = json!({"error": "invalid_request", "error_description": problem});
            (400, body, json!({"refused": problem}))
        }
    };
    state.channels.journal(&exchange.id, "digital_credentials_response", status, detail).await;
    answers::json(status, &answered)
}

/// The wallet's answer, and whom its holder's signature must name. The error is a plain sentence.
fn read(state: &State, exchange: &Exchange, body: &[u8]) -> Result<(AnswerContent, String), String> {
    let outer = json::parse(body, state.limits()).map_err(|error| format!("the body is not usable JSON: {error}"))?;
    let (urls, deployment) = (state.channels.urls(exchange), state.channels.oid4vp(&exchange.tenant_id));
    let protocol = outer["protocol"].as_str().unwrap_or_default();
    let audience = browser::audience(protocol, &deployment, &urls, &state.channels.domain());
    let audience = audience.ok_or("protocol is not one that was asked for")?;
    // Some browsers give the page text in the place of an object.
    let data = match &outer["data"] {
        Value::String(text) => text.clone(),
        data => data.to_string(),
    };
    let key = response_key(exchange);
    let answer = response::read(Some("application/json"), data.as_bytes(), state.limits(), key.as_ref())?;
    Ok((answer.content, audience))
}
