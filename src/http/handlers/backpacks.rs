//! Backpacks on other hosts: an employer adds one, the candidate consents at the host, the gateway pulls.

use crate::channel::backpack::BackpackFailure;
use crate::channel::secrets;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::handlers::oauth::{cookie, set_cookie};
use crate::http::person::candidate;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::backpack::{Backpack, StepFailure};
use crate::protocol::open_badges::client_discovery::hosts;
use crate::protocol::open_badges::oauth::Parameters;
use crate::web::channel as pages;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

const BROWSER_COOKIE: &str = "skillgate-backpack";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {
    host: String,
    candidate_ref: Option<String>,
    candidate_email: Option<String>,
    candidate_name: Option<String>,
}

fn described(backpack: &Backpack) -> Value {
    let mut body = serde_json::to_value(backpack).unwrap_or_default();
    body["hosts"] = json!(hosts(&backpack.host));
    body
}

impl From<BackpackFailure> for Problem {
    fn from(failure: BackpackFailure) -> Self {
        match failure {
            BackpackFailure::Step(step) => step_problem(&step),
            BackpackFailure::Store(error) => error.into(),
            BackpackFailure::Pipeline(error) => error.into(),
        }
    }
}

fn step_problem(step: &StepFailure) -> Problem {
    let detail = format!("{} {}", step.message, step.next_step);
    Problem::new(Code::BackpackFailed, detail).blame(&step.step, step.message.clone())
}

/// `POST /v1/backpacks`: the answer holds the link for the candidate, shown once.
pub async fn create(state: web::Data<State>, caller: Caller, body: web::Json<Add>) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let candidate = candidate(body.candidate_ref.as_deref(), body.candidate_email.as_deref(), body.candidate_name.as_deref())?;
    let (backpack, start) = state.channels.add_backpack(&caller.tenant_id, &candidate, &body.host).await?;
    caller.note("backpack.create", format!("backpack:{}", backpack.id));
    let mut answer = described(&backpack);
    answer["url"] = json!(format!("{}/backpacks/{start}/start", state.public_url()));
    Ok(HttpResponse::Created().insert_header(("cache-control", "no-store")).json(answer))
}

/// `GET /v1/backpacks`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items: Vec<Value> = state.store().list_backpacks(&caller.tenant_id).await?.iter().map(described).collect();
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}

async fn own(state: &State, caller: &Caller, id: &str) -> Result<Backpack, Problem> {
    state.store().backpack(&caller.tenant_id, id).await?.ok_or_else(|| Problem::not_found("backpack"))
}

/// `GET /v1/backpacks/{id}`
pub async fn get(state: web::Data<State>, caller: Caller, id: Id<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(described(&own(&state, &caller, &id.0).await?)))
}

/// `POST /v1/backpacks/{id}/pull`: now, not at the next turn.
pub async fn pull(state: web::Data<State>, caller: Caller, id: Id<String>) -> Result<HttpResponse, Problem> {
    let backpack = own(&state, &caller, &id.0).await?;
    let pulled = state.channels.pull(&backpack).await?;
    state.tasks.wake();
    match pulled {
        Some(pulled) => Ok(HttpResponse::Ok().json(json!({"pages": pulled.pages, "credentials": pulled.credentials}))),
        None => Err(Problem::new(Code::Conflict, "This backpack is not connected, or is being pulled at this moment.")),
    }
}

/// `DELETE /v1/backpacks/{id}`: revokes the tokens at the host and forgets them.
pub async fn disconnect(state: web::Data<State>, caller: Caller, id: Id<String>) -> Result<HttpResponse, Problem> {
    let backpack = own(&state, &caller, &id.0).await?;
    let problem = state.channels.disconnect_backpack(&backpack).await?;
    Ok(HttpResponse::Ok().json(json!({"state": "disconnected", "revocation": problem})))
}

/// `GET /backpacks/{start}/start`: the candidate's link. From here the browser goes to the host.
pub async fn start(state: web::Data<State>, start: web::Path<String>) -> HttpResponse {
    let browser = secrets::random();
    match state.channels.start_backpack(&start, &browser).await {
        Ok(Some(location)) => {
            let mut response = HttpResponse::Found().insert_header((LOCATION, location)).finish();
            set_cookie(&mut response, &state, BROWSER_COOKIE, &browser, "/backpacks", 900);
            response
        }
        Ok(None) => pages::message(404, "This link can't be used", "Ask the employer for a new one."),
        Err(failure) => failed(failure),
    }
}

/// `GET /backpacks/callback`: the host sent the browser back.
pub async fn callback(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let parameters = Parameters::parse(request.query_string().as_bytes());
    let browser = cookie(&request, BROWSER_COOKIE).unwrap_or_default();
    let code = match (parameters.get("error"), parameters.get("code")) {
        (None, Some(code)) => Ok(code),
        (Some(error), _) => Err(error),
        (None, None) => Err("no code"),
    };
    match state.channels.finish_backpack(parameters.get("state").unwrap_or_default(), code, &browser).await {
        Ok(backpack) => {
            let host = backpack.host.name.clone().unwrap_or_else(|| hosts(&backpack.host).join(", "));
            let text =
                format!("{} can now read your badges at {host}. You may close this page.", state.channels.settings.organisation);
            pages::message(200, "Connected", &text)
        }
        Err(failure) => failed(failure),
    }
}

fn failed(failure: BackpackFailure) -> HttpResponse {
    match failure {
        // What a stranger makes up is no fault of a server behind the gateway: proxies count those.
        BackpackFailure::Step(step) => {
            let status = if step.step == "authorization" { 400 } else { 502 };
            pages::message(status, &step.message, &step.next_step)
        }
        error => {
            tracing::error!(cause = %error, "a backpack could not be connected");
            pages::message(503, "Something is not working right now", "Try again in a moment.")
        }
    }
}
