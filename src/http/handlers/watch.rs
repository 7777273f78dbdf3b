//! For the operator's monitoring: is the process there, does it work, how much does it do.

use crate::http::ports::{FieldError, Probe};
use crate::http::problem::{Code, Problem};
use crate::http::watch::Watch;
use crate::model::secret::Secret;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use subtle::ConstantTimeEq;

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    probes: Vec<Probe>,
}

/// `GET /healthz`: 200 as long as the process takes requests, 503 when it is about to stop.
pub async fn healthz(watch: web::Data<Watch>) -> Result<HttpResponse, Problem> {
    if watch.leaving.is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "The process is about to stop; ask another one.").header("retry-after", "5"));
    }
    Ok(HttpResponse::Ok().json(Alive { status: "ok" }))
}

/// `GET /readyz`: database and queue answer; 503 names the part that does not.
pub async fn readyz(watch: web::Data<Watch>) -> Result<HttpResponse, Problem> {
    let probes = watch.health.probe().await;
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
pub async fn metrics(watch: web::Data<Watch>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if watch.is_apart {
        return Err(Problem::new(Code::NotFound, "The metrics have an address of their own: metrics.listen."));
    }
    if !may_read(&watch.key, &request) {
        let problem = Problem::new(Code::Unauthorized, "The metrics want the key of the setting metrics.key.");
        return Err(problem.header("www-authenticate", "Bearer"));
    }
    // Without the database the rest is still worth reading.
    match watch.store.backlog().await {
        Ok(backlog) => watch.metrics.backlog(&backlog, watch.clock.now()),
        Err(error) => tracing::warn!(cause = %error, "the backlog could not be counted for the metrics"),
    }
    watch.metrics.pools(&watch.store.pool_use());
    watch.metrics.rooms(&watch.health.rooms());
    watch.metrics.process();
    let text = watch.metrics.render().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")).body(text))
}

fn may_read(key: &Secret, request: &HttpRequest) -> bool {
    let key = key.expose();
    if key.is_empty() {
        return true;
    }
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    given.as_bytes().ct_eq(key.as_bytes()).into()
}
