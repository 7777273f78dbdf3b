//! The wallet's side of an exchange (VCALM): the address is the capability, no login.

use crate::channel::answer::Answer;
use crate::http::answers;
use crate::http::body::{BodyError, read_body};
use crate::http::extract::header;
use crate::http::state::State;
use crate::model::exchange::Exchange;
use crate::model::submission::Channel;
use crate::protocol::oid4vp::request::{Construction, link};
use crate::protocol::vcalm::message::{Message, outline, read};
use crate::protocol::vcalm::problem::Problem;
use crate::protocol::vcalm::request::{ProtocolLinks, deep_links, presentation_request, protocols};
use crate::web::channel as pages;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// The links behind the keys of the protocols map.
pub fn protocol_links(state: &State, exchange: &Exchange) -> ProtocolLinks {
    let urls = state.channels.urls(exchange);
    let deployment = state.channels.oid4vp(&exchange.tenant_id);
    let legacy = if deployment.compatibility { Construction::Compatibility } else { deployment.conformant() };
    ProtocolLinks {
        oid4vp: link(exchange, &urls, &deployment, deployment.conformant()),
        oid4vp_legacy: Some(link(exchange, &urls, &deployment, legacy)),
        vcapi: urls.exchange,
    }
}

/// JSON only when it is asked for by name: browsers, and whatever sends an odd Accept, get the page.
fn wants_json(request: &HttpRequest) -> bool {
    let accept = header(request.headers(), "accept").unwrap_or_default().to_ascii_lowercase();
    accept.split(',').any(|item| item.split(';').next().is_some_and(|name| name.trim() == "application/json"))
}

/// `GET /interactions/{x}?iuv=1`
pub async fn interaction(state: web::Data<State>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let json_wanted = wants_json(&request);
    let exchange = match state.channels.open_for_wallet(&id).await {
        Ok(exchange) => exchange,
        Err(problem) if json_wanted => return answers::problem(&problem),
        Err(problem) => return pages::message(problem.status, "This link can't be used", &problem.detail),
    };
    if json_wanted {
        state.channels.journal(&exchange.id, "interaction", 200, json!({"offered": ["vcapi", "oid4vp-1.0", "OID4VP"]})).await;
        return answers::json(200, &json!({"protocols": protocols(&protocol_links(&state, &exchange))}));
    }
    page(&state, &exchange)
}

fn page(state: &State, exchange: &Exchange) -> HttpResponse {
    let urls = state.channels.urls(exchange);
    let links = protocol_links(state, exchange);
    let wallets: Vec<Value> = deep_links(&state.channels.domain(), &urls, &links.oid4vp)
        .into_iter()
        .map(|(name, _, link)| json!({"name": name, "link": link}))
        .collect();
    let context = json!({
        "organisation": state.channels.settings.organisation,
        "reason": exchange.options.reason,
        "qr": pages::qr_code(&urls.interaction),
        "interaction": urls.interaction,
        "wallets": wallets,
        "id": exchange.id,
        "state": exchange.state,
        "expires": exchange.expires_at.format("%H:%M UTC").to_string(),
        "keep_days": exchange.options.keep_days,
        "privacy_url": state.channels.privacy_url(),
    });
    pages::page(200, "interaction.html", &context, "'none'")
}

/// `GET …/{x}/protocols`
pub async fn protocol_map(state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    match state.channels.open_for_wallet(&id).await {
        Ok(exchange) => answers::json(200, &json!({"protocols": protocols(&protocol_links(&state, &exchange))})),
        Err(problem) => answers::problem(&problem),
    }
}

/// `GET …/{x}/request`: the present request; reading it changes nothing.
pub async fn current_request(state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    match state.channels.open_for_wallet(&id).await {
        Ok(exchange) if exchange.state.is_final() => answers::json(200, &json!({"verifiablePresentationRequest": {}})),
        Ok(exchange) => {
            let request = presentation_request(&exchange, &state.channels.domain());
            answers::json(200, &json!({"verifiablePresentationRequest": request}))
        }
        Err(problem) => answers::problem(&problem),
    }
}

/// `POST …/{x}`: participate.
pub async fn participate(
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
                state.channels.journal(&id.as_str().into(), "participate", problem.status, refused).await;
            }
            return answers::problem(&problem);
        }
    };
    let (answered, detail) = match read_body(&request, payload, state.limits().max_file_bytes).await {
        Ok(body) => answer(&state, &exchange, &body).await,
        Err(BodyError::TooLarge) => (Err(Problem::too_large()), json!({})),
        Err(BodyError::Broken) => (Err(Problem::parsing("The message did not arrive as a whole.")), json!({})),
    };
    let mut detail = detail;
    match answered {
        Ok(body) => {
            state.channels.journal(&exchange.id, "participate", 200, detail).await;
            answers::json(200, &body)
        }
        Err(problem) => {
            detail["refused"] = json!({"code": problem.code(), "detail": problem.detail});
            state.channels.journal(&exchange.id, "participate", problem.status, detail).await;
            answers::problem(&problem)
        }
    }
}

/// The answer to a message, and what the journal may say about it.
async fn answer(state: &State, exchange: &Exchange, body: &[u8]) -> (Result<Value, Problem>, Value) {
    let presentations = match read(body, state.limits()) {
        Ok(Message::Presentations(list)) => list,
        Ok(Message::Start) => {
            let started = state.channels.started(exchange).await;
            let body = json!({
                "verifiablePresentationRequest": presentation_request(exchange, &state.channels.domain()),
                "referenceId": format!("urn:uuid:{}", uuid::Uuid::new_v4()),
            });
            let offered: Vec<&str> = body["verifiablePresentationRequest"]["query"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|query| query["type"].as_str())
                .collect();
            let detail = json!({"offered": offered});
            return (started.map(|()| body), detail);
        }
        Err(problem) => return (Err(problem), json!({"bytes": body.len()})),
    };
    let mut detail =
        json!({"bytes": body.len(), "came": presentations.iter().map(|item| outline(&item.json)).collect::<Vec<_>>()});
    let answers: Vec<Answer> =
        presentations.into_iter().map(|item| Answer { bytes: item.bytes, media_type: "application/vp", query: None }).collect();
    let taken = state.channels.take_answer(exchange, Channel::Vcalm, &answers, &state.channels.domain()).await;
    let body = taken.map(|submission| {
        detail["submission"] = json!(submission.id);
        detail["outcome"] = json!(submission.outcome);
        state.watch.metrics.submission(&submission);
        state.tasks.wake();
        match &exchange.options.redirect_url {
            Some(url) => json!({"redirectUrl": url}),
            None => json!({}),
        }
    });
    (body, detail)
}
