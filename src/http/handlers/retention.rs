//! How long a tenant keeps what: the rules, and what they would delete.

use crate::http::auth::Caller;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::retention::{RetentionOverride, RetentionRules};
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Shown {
    /// What counts.
    rules: RetentionRules,
    /// The tenant's own; what is absent is as the settings say.
    own: RetentionOverride,
}

/// `GET /v1/retention`
pub async fn get(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let own = state.store().retention_override(&caller.tenant_id).await?;
    Ok(HttpResponse::Ok().json(Shown { rules: state.retention.with(own), own }))
}

/// `PUT /v1/retention`: the tenant's own rules, instead of all earlier ones.
pub async fn put(state: web::Data<State>, caller: Caller, body: web::Json<RetentionOverride>) -> Result<HttpResponse, Problem> {
    let own = checked(body.into_inner())?;
    state.store().put_retention(&caller.tenant_id, &own, &caller.actor.to_string(), state.clock().now()).await?;
    Ok(HttpResponse::Ok().json(Shown { rules: state.retention.with(own), own }))
}

/// `POST /v1/retention/preview`: what these rules would delete now; without rules, those that count.
pub async fn preview(
    state: web::Data<State>,
    caller: Caller,
    body: web::Json<RetentionOverride>,
) -> Result<HttpResponse, Problem> {
    let rules = state.retention_rules(&caller.tenant_id).await?.with(checked(body.into_inner())?);
    let expired = state.store().count_expired(&caller.tenant_id, &rules, state.clock().now()).await?;
    Ok(HttpResponse::Ok().json(expired))
}

fn checked(own: RetentionOverride) -> Result<RetentionOverride, Problem> {
    match own.too_long() {
        Some(name) => Err(Problem::invalid_field(name, format!("must be at most {}", RetentionRules::MOST_DAYS))),
        None => Ok(own),
    }
}
