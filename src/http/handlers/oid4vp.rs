//! The wallet's side of an exchange (OpenID4VP 1.0): the request by reference, and `direct_post`.

use crate::channel::answer::Answer;
use crate::http::answers;
use crate::http::body::{BodyError, read_body};
use crate::http::extract::header;
use crate::http::state::State;
use crate::model::exchange::Exchange;
use crate::model::submission::Channel;
use crate::protocol::oid4vp::query;
use crate::protocol::oid4vp::request::{Construction, REQUEST_OBJECT_TYPE, authorization_request, response_key, unsigned_object};
use crate::protocol::oid4vp::response::{self as oid4vp, AnswerContent, Presented, read};
use crate::protocol::open_badges::oauth::Parameters;
use crate::protocol::vcalm::problem::Problem;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

const MAX_REQUEST_BODY: usize = 64 << 10;
const MAX_NONCE: usize = 512;

pub fn refuse(status: u16, error: &str, description: &str) -> HttpResponse {
    answers::json(status, &json!({"error": error, "error_description": description}))
}

/// `GET` and `POST …/{x}/openid4vp/request`
pub async fn request(
    state: web::Data<State>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    let exchange = match state.channels.open_for_answer(&id).await {
        Ok(exchange) => exchange,
        Err(problem) => return refuse(problem.status, "invalid_request", &problem.detail),
    };
    let compatibility = request.query_string().split('&').any(|pair| pair == "form=compatibility");
    let deployment = state.channels.oid4vp(&exchange.tenant_id);
    let Some(construction) = deployment.by_reference(compatibility) else {
        return refuse(404, "invalid_request", "requests are sent by value here");
    };
    let body = match read_body(&request, payload, MAX_REQUEST_BODY).await {
        Ok(body) => body,
        Err(_) => return refuse(400, "invalid_request", "the body could not be read"),
    };
    let form = Parameters::parse(&body);
    let wallet_nonce = form.get("wallet_nonce").filter(|nonce| nonce.len() <= MAX_NONCE);
    if let Err(problem) = state.channels.started(&exchange).await {
        return refuse(problem.status, "server_error", &problem.detail);
    }
    let urls = state.channels.urls(&exchange);
    let members = authorization_request(&exchange, &urls, &deployment, construction, wallet_nonce);
    let object = match (construction, deployment.signer) {
        (Construction::Signed, Some(signer)) => signer.sign(&members),
        _ => unsigned_object(&members),
    };
    let fetched = match construction {
        Construction::Signed => "signed",
        Construction::Compatibility => "compatibility",
        Construction::ByValue => "by_value",
    };
    let detail = json!({"offered": fetched, "method": request.method().as_str(), "wallet_nonce": wallet_nonce.is_some()});
    state.channels.journal(&exchange.id, "openid4vp_request", 200, detail).await;
    HttpResponse::Ok().insert_header((CONTENT_TYPE, REQUEST_OBJECT_TYPE)).insert_header((CACHE_CONTROL, "no-store")).body(object)
}

/// `POST …/{x}/openid4vp/response`
pub async fn response(
    state: web::Data<State>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    let exchange = match state.channels.open_for_answer(&id).await {
        Ok(exchange) => exchange,
        Err(problem) => {
            if problem.status == 403 {
                let refused = json!({"refused": problem.code()});
                state.channels.journal(&id.as_str().into(), "openid4vp_response", 400, refused).await;
            }
            let status = if problem.status == 503 { 503 } else { 400 };
            return refuse(status, "invalid_request", &problem.detail);
        }
    };
    let body = match read_body(&request, payload, state.limits().max_file_bytes).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => {
            return refuse(413, "invalid_request", "the answer is larger than this gateway accepts");
        }
        Err(BodyError::Broken) => return refuse(400, "invalid_request", "the answer did not arrive as a whole"),
    };
    let content_type = header(request.headers(), "content-type");
    let (status, answered, detail) = answer(&state, &exchange, content_type, &body).await;
    state.channels.journal(&exchange.id, "openid4vp_response", status, detail).await;
    answers::json(status, &answered)
}

async fn answer(state: &State, exchange: &Exchange, content_type: Option<&str>, body: &[u8]) -> (u16, Value, Value) {
    let answer = match read(content_type, body, state.limits(), response_key(exchange).as_ref()) {
        Ok(answer) => answer,
        Err(description) => {
            return (400, error("invalid_request", &description), json!({"bytes": body.len(), "refused": description}));
        }
    };
    if let Err(description) = check_state(exchange, &answer) {
        return (400, error("invalid_request", description), json!({"bytes": body.len(), "refused": description}));
    }
    taken(state, exchange, answer.content, None, body.len()).await
}

fn error(error: &str, description: &str) -> Value {
    json!({"error": error, "error_description": description})
}

/// Takes an answer that was read. `audience`: whom the holder's signature must name; `None` when that depends on the form that the
/// wallet fetched. Goes out: status, body, and what the journal may say.
pub async fn taken(
    state: &State,
    exchange: &Exchange,
    content: AnswerContent,
    audience: Option<String>,
    bytes: usize,
) -> (u16, Value, Value) {
    let presented = match content {
        AnswerContent::Presentations(presented) => presented,
        AnswerContent::Declined(code, description) => {
            let problem =
                json!({"type": "about:blank", "title": "The wallet did not answer", "code": code, "detail": description});
            if let Err(error) = state.store().note_exchange_error(&exchange.id, &problem).await {
                tracing::warn!(cause = %error, "a wallet's refusal could not be noted");
            }
            state.channels.changes.announce(&exchange.id);
            return (200, json!({}), json!({"came": {"error": code}}));
        }
    };
    let older_forms = audience.is_none() && state.channels.settings.oid4vp_compatibility;
    let audience = audience.unwrap_or_else(|| own_audience(state, exchange, &presented));
    let kept_to_query = query::check(exchange, &presented, older_forms);
    let came: Vec<Value> =
        presented.iter().map(|item| json!({"form": item.form.media_type(), "bytes": item.bytes.len()})).collect();
    let mut detail = json!({"bytes": bytes, "came": came});
    let as_answer = |item: Presented| Answer { bytes: item.bytes, media_type: item.form.media_type(), query: item.query_id };
    let answers: Vec<Answer> = presented.into_iter().map(as_answer).collect();
    let taken = match kept_to_query {
        Ok(()) => state.channels.take_answer(exchange, Channel::Oid4vp, &answers, &audience).await,
        Err(detail) => Err(state.channels.refuse(exchange, Problem::not_asked_for(detail)).await),
    };
    match taken {
        Ok(submission) => {
            detail["submission"] = json!(submission.id);
            detail["outcome"] = json!(submission.outcome);
            state.watch.metrics.submission(&submission);
            state.tasks.wake();
            let body = match &exchange.options.redirect_url {
                Some(url) => json!({"redirect_uri": url}),
                None => json!({}),
            };
            (200, body, detail)
        }
        Err(problem) => {
            detail["refused"] = json!({"code": problem.code(), "detail": problem.detail});
            let (status, code) = match problem.status {
                500 => (500, "server_error"),
                503 => (503, "invalid_presentation"),
                _ => (400, "invalid_presentation"),
            };
            (status, error(code, &problem.detail), detail)
        }
    }
}

/// The answer says which request it belongs to. The forms before version 1.0, whose presentations name no query, may leave that out:
/// their libraries do. Refusals may leave it out, too.
fn check_state(exchange: &Exchange, answer: &oid4vp::Answer) -> Result<(), &'static str> {
    let is_form_1 = match &answer.content {
        AnswerContent::Presentations(presented) => presented.iter().any(|item| item.query_id.is_some()),
        AnswerContent::Declined(..) => false,
    };
    match &answer.state {
        Some(state) if state != exchange.id.as_str() => Err("state belongs to another request"),
        None if is_form_1 => Err("state is missing"),
        _ => Ok(()),
    }
}

/// Which of our names the proof must bear: the name in the proof, when it is one of our names; else the offered name.
fn own_audience(state: &State, exchange: &Exchange, presented: &[Presented]) -> String {
    let urls = state.channels.urls(exchange);
    let deployment = state.channels.oid4vp(&exchange.tenant_id);
    let accepted = deployment.accepted_audiences(&urls);
    let named = presented.iter().find_map(|item| item.named_audience.clone());
    named.filter(|named| accepted.contains(named)).unwrap_or_else(|| deployment.client_id(deployment.conformant(), &urls))
}
