//! Exchanges with wallets, seen from the employer: opening one, its state, its journal.

use crate::channel::exchange::NewExchange;
use crate::document::json;
use crate::http::answers::json as answer;
use crate::http::auth::Caller;
use crate::http::body::{BodyError, read_body};
use crate::http::extract::without_values;
use crate::http::handlers::request_templates::{Asked, OpenId, named};
use crate::http::handlers::vcalm::protocol_links;
use crate::http::paging::PageQuery;
use crate::http::person::candidate;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::exchange::{Exchange, ExchangeOptions};
use crate::model::ids::ExchangeId;
use crate::model::retention::RetentionRules;
use crate::protocol::oid4vp::request::link;
use crate::protocol::vcalm::request::{MAX_TTL_SECONDS, STEP, deep_links, protocols};
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

const MAX_BODY: usize = 64 << 10;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Create {
    expires: Option<String>,
    variables: Variables,
    #[serde(rename = "openId")]
    open_id: OpenId,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Variables {
    candidate_ref: Option<String>,
    candidate_email: Option<String>,
    candidate_name: Option<String>,
    /// The name of a request template, which fills in the members that are absent here.
    template: Option<String>,
    reason: Option<String>,
    types: Vec<String>,
    /// For so long what the person shares is kept for this purpose.
    keep_days: Option<u32>,
    #[serde(rename = "redirectUrl")]
    redirect_url: Option<String>,
}

/// `POST /workflows/credentials/exchanges`
pub async fn create(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let bytes = read_body(&request, payload, MAX_BODY).await.map_err(body_problem)?;
    let wanted = read(&state, &bytes)?;
    let candidate = candidate(
        wanted.variables.candidate_ref.as_deref(),
        wanted.variables.candidate_email.as_deref(),
        wanted.variables.candidate_name.as_deref(),
    )?;
    let expires_at = expiry(&state, wanted.expires.as_deref())?;
    let Variables { template, reason, types, redirect_url, keep_days, .. } = wanted.variables;
    if keep_days.is_some_and(|days| !(1..=RetentionRules::MOST_DAYS).contains(&days)) {
        return Err(Problem::invalid_field("keep_days", format!("must be from 1 to {}", RetentionRules::MOST_DAYS)));
    }
    let mut asked = Asked { reason, types, redirect_url, open_id: wanted.open_id };
    if let Some(name) = template {
        asked = asked.or(named(&state, &caller, &name).await?);
    }
    let encrypted = asked.open_id.encrypted.unwrap_or(state.channels.settings.encrypted_answers);
    let options = ExchangeOptions { keep_days, ..asked.options(&state.channels.settings.organisation)? };
    let new = NewExchange { tenant_id: caller.tenant_id, candidate, known: None, options, encrypted, expires_at };
    let exchange = state.channels.open_exchange(new).await?;
    let body = described(&state, &exchange);
    let urls = state.channels.urls(&exchange);
    let mut response = answer(201, &body);
    if let Ok(value) = urls.exchange.parse() {
        response.headers_mut().insert(LOCATION, value);
    }
    Ok(response)
}

fn body_problem(error: BodyError) -> Problem {
    use crate::http::problem::Code;
    match error {
        BodyError::TooLarge => Problem::new(Code::PayloadTooLarge, format!("The body is larger than {MAX_BODY} bytes.")),
        BodyError::Broken => Problem::new(Code::InvalidBody, "The body did not arrive as a whole."),
    }
}

fn read(state: &State, bytes: &[u8]) -> Result<Create, Problem> {
    use crate::http::problem::Code;
    if bytes.is_empty() {
        return Ok(Create::default());
    }
    let value = json::parse(bytes, state.limits())
        .map_err(|error| Problem::new(Code::InvalidJson, format!("The JSON body is not valid: {error}.")))?;
    if !value.is_object() {
        return Err(Problem::new(Code::InvalidJson, "The body must be a JSON object."));
    }
    serde_json::from_value(value).map_err(|error| {
        Problem::new(Code::InvalidJson, format!("The JSON body is not valid: {}.", without_values(&error.to_string())))
    })
}

fn expiry(state: &State, wanted: Option<&str>) -> Result<DateTime<Utc>, Problem> {
    let now = state.clock().now();
    let Some(text) = wanted else {
        return Ok(now + Duration::seconds(state.channels.settings.exchange_seconds.clamp(1, MAX_TTL_SECONDS)));
    };
    let at = DateTime::parse_from_rfc3339(text)
        .map_err(|_| Problem::invalid_field("expires", "must be a date and time (RFC 3339)"))?;
    let at = at.with_timezone(&Utc);
    if at <= now || at > now + Duration::seconds(MAX_TTL_SECONDS) {
        return Err(Problem::invalid_field("expires", "must lie in the future, at most 48 hours from now"));
    }
    Ok(at)
}

/// The exchange as its employer sees it: the members of the standard, and how to reach the wallet.
fn described(state: &State, exchange: &Exchange) -> Value {
    let urls = state.channels.urls(exchange);
    let deployment = state.channels.oid4vp(&exchange.tenant_id);
    let openid4vp = link(exchange, &urls, &deployment, deployment.conformant());
    let links = protocol_links(state, exchange);
    let deep: serde_json::Map<String, Value> = deep_links(&state.channels.domain(), &urls, &openid4vp)
        .into_iter()
        .map(|(_, key, link)| (key.to_owned(), json!(link)))
        .collect();
    let mut body = json!({
        "id": urls.exchange,
        "sequence": exchange.sequence,
        "state": exchange.state,
        "expires": exchange.expires_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "step": STEP,
        "attempts": exchange.attempts,
        "variables": {"results": exchange.results.clone().unwrap_or_else(|| json!({}))},
        "interaction": urls.interaction,
        "protocols": protocols(&links),
        "deepLinks": deep,
    });
    if let Some(error) = &exchange.last_error {
        body["lastError"] = error.clone();
    }
    if let Some(submission) = &exchange.submission_id {
        body["submission_id"] = json!(submission);
    }
    if let Some(candidate) = &exchange.candidate_ref {
        body["candidate_ref"] = json!(candidate);
    }
    body
}

/// The tenant's exchange. An exchange without an answer in time is gone; a finished exchange stays readable.
async fn own(state: &State, caller: &Caller, id: &str) -> Result<Exchange, Problem> {
    let found = state.store().exchange(&ExchangeId::from(id)).await?;
    let visible = |exchange: &Exchange| {
        exchange.tenant_id == caller.tenant_id && (exchange.state.is_final() || !exchange.is_expired(state.clock().now()))
    };
    found.filter(visible).ok_or_else(|| Problem::not_found("exchange"))
}

/// `GET /workflows/credentials/exchanges/{x}`
pub async fn get(state: web::Data<State>, caller: Caller, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let exchange = own(&state, &caller, &id).await?;
    Ok(answer(200, &described(&state, &exchange)))
}

/// `GET /workflows/credentials/exchanges/{x}/log`: also of exchanges whose time is over.
pub async fn log(state: web::Data<State>, caller: Caller, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = state.store().exchange(&ExchangeId::from(id.as_str())).await?;
    let exchange =
        found.filter(|exchange| exchange.tenant_id == caller.tenant_id).ok_or_else(|| Problem::not_found("exchange"))?;
    let items = state.store().exchange_log(&exchange.id).await?;
    Ok(answer(200, &json!({"items": items})))
}

/// `GET /workflows/credentials/exchanges`: newest first.
pub async fn list(state: web::Data<State>, caller: Caller, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let rows = state.store().list_exchanges(&caller.tenant_id, &page).await?;
    let items: Vec<Value> = rows
        .iter()
        .map(|exchange| {
            json!({"id": exchange.id, "state": exchange.state, "sequence": exchange.sequence, "attempts": exchange.attempts,
                   "created_at": exchange.created_at, "expires": exchange.expires_at, "candidate_ref": exchange.candidate_ref,
                   "submission_id": exchange.submission_id, "lastError": exchange.last_error})
        })
        .collect();
    let next = (rows.len() == page.limit as usize).then(|| rows.last().map(|exchange| exchange.id.to_string())).flatten();
    Ok(answer(200, &json!({"items": items, "next": next})))
}
