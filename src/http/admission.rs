//! Who gets through to a route, and what the audit log notes of it: one middleware for every route that needs a caller.
//! Comes in: a request, and the route's row of the table. Goes out: the request with its [`Caller`]; 401 or 403; an entry of the audit log.
//! Must not know: the route's work.

use super::arrival;
use super::auth::{self, Caller};
use super::extract::header;
use super::problem::{Code, Problem};
use super::state::State;
use crate::model::account::{Deed, Role};
use crate::model::ids::is_identifier;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError, web};

/// What a row of the table of routes says of its callers.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    pub roles: &'static [Role],
    pub audit: Option<&'static str>,
    pub scope: Option<&'static str>,
}

/// Middleware of the routes of the API that belong to a tenant.
pub async fn require_caller(
    admission: Admission,
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let caller = match identified(&state, &request, admission).await {
        Ok(caller) => caller,
        Err(problem) => return Ok(request.into_response(problem.error_response())),
    };
    request.extensions_mut().insert(caller.clone());
    let response = arrival::of_caller(&state, &caller, request, next).await?;
    match note(&state, admission, &caller, &response).await {
        Ok(()) => Ok(response),
        Err(problem) => Ok(response.into_response(problem.error_response())),
    }
}

async fn identified(state: &State, request: &ServiceRequest, admission: Admission) -> Result<Caller, Problem> {
    let mut identified = auth::identify(state, request.request()).await;
    if identified.is_err()
        && let Some(scope) = admission.scope
        && let Some(caller) = auth::token_caller(state, request.request(), scope).await
    {
        identified = Ok(caller);
    }
    let caller = identified?;
    check_role(state, request.request(), admission, &caller).await?;
    Ok(caller)
}

/// # Errors
/// 403 when the caller's role is not allowed; the audit log notes it.
pub async fn check_role(state: &State, request: &HttpRequest, admission: Admission, caller: &Caller) -> Result<(), Problem> {
    if admission.roles.contains(&caller.role) {
        return Ok(());
    }
    let route = format!("route:{} {}", request.method(), request.match_pattern().unwrap_or_default());
    state.store().audit(&caller.tenant_id, vec![caller.deed("access.refuse", &route)], state.clock().now()).await?;
    Err(not_allowed(caller.role, admission.roles))
}

pub fn not_allowed(role: Role, allowed: &[Role]) -> Problem {
    let names: Vec<&str> = allowed.iter().map(|role| role.as_str()).collect();
    let detail = format!("The role {role} may not do this. These roles may: {}.", names.join(", "));
    Problem::new(Code::RoleNotAllowed, detail)
}

/// Notes what was done.
///
/// # Errors
/// The audit log can't be written: then nothing may be shown.
pub async fn note(
    state: &State,
    admission: Admission,
    caller: &Caller,
    response: &ServiceResponse<BoxBody>,
) -> Result<(), Problem> {
    let request = response.request();
    let is_reading = request.method() == Method::GET || request.method() == Method::HEAD;
    let status = response.status();
    // A redirect of a page showed nothing.
    let is_done = status.is_success() || status.is_redirection() && !is_reading;
    // What a handler noted was done, also when the rest of its work failed.
    let mut deeds: Vec<Deed> = caller.noted().into_iter().map(|(action, object)| caller.deed(&action, &object)).collect();
    if let Some(action) = admission.audit.filter(|_| is_done && deeds.is_empty()) {
        deeds.push(caller.deed(action, &object_of(action, response)));
    }
    let now = state.clock().now();
    match is_reading {
        true => state.store().audit_reading(&caller.tenant_id, deeds, now).await?,
        false => state.store().audit(&caller.tenant_id, deeds, now).await?,
    }
    Ok(())
}

/// `KIND:ID` of the object that the path names first, or that was made, as the answer's Location says; `KIND:*` when none is named.
fn object_of(action: &str, response: &ServiceResponse<BoxBody>) -> String {
    let kind = action.split('.').next().unwrap_or_default();
    let in_path = response.request().match_info().iter().next().map(|(_, value)| value);
    let made = header(response.headers(), LOCATION).and_then(|location| location.rsplit('/').next());
    let named = in_path.or(made).filter(|id| is_identifier(id));
    format!("{kind}:{}", named.unwrap_or("*"))
}
