//! For operators and developers: health, readiness, metrics, the OpenAPI document, the pages of problem types.

use crate::http::openapi;
use crate::http::ports::{FieldError, Probe};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::web as pages;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    probes: Vec<Probe>,
}

#[derive(Serialize)]
struct ProblemPage {
    #[serde(rename = "type")]
    problem_type: String,
    code: &'static str,
    status: u16,
    title: &'static str,
    documentation: &'static str,
}

/// `GET /assets/{name}`: a style sheet, script or picture of the pages.
pub async fn asset(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    pages::asset(&name).ok_or_else(|| Problem::not_found("asset"))
}

/// `GET /healthz`: the process answers.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Alive { status: "ok" })
}

/// `GET /readyz`: database and queue answer; 503 names the part that does not.
pub async fn readyz(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let probes = state.health.probe().await;
    let failed: Vec<FieldError> = probes
        .iter()
        .filter(|probe| !probe.ok)
        .map(|probe| FieldError {
            field: probe.name.clone(),
            message: probe.message.clone().unwrap_or_else(|| "is away".to_owned()),
        })
        .collect();
    if failed.is_empty() {
        return Ok(HttpResponse::Ok().json(Ready { status: "ready", probes }));
    }
    let mut problem = Problem::new(Code::Unavailable, "The gateway is not ready; `errors` names the parts that do not answer.");
    problem.errors = failed;
    Err(problem.header("retry-after", "5"))
}

/// `GET /metrics`: Prometheus text format 0.0.4.
pub async fn metrics(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    // Without the database the rest is still worth reading.
    match state.store().backlog().await {
        Ok(backlog) => state.metrics.backlog(&backlog, state.clock().now()),
        Err(error) => tracing::warn!(cause = %error, "the backlog could not be counted for the metrics"),
    }
    let text = state.metrics.render().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text))
}

/// `GET /openapi.json`
pub async fn openapi() -> Result<HttpResponse, Problem> {
    let document = openapi::json().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(document))
}

/// `GET /problems/{code}`: what the type URI of a problem leads to.
pub async fn problem(code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let found = Code::ALL.iter().find(|known| known.as_str() == code.as_str());
    let known = found.ok_or_else(|| Problem::not_found("problem"))?;
    Ok(HttpResponse::Ok().json(ProblemPage {
        problem_type: format!("/problems/{}", known.as_str()),
        code: known.as_str(),
        status: known.status(),
        title: known.title(),
        documentation: known.documentation(),
    }))
}
