//! `POST /v1/submissions/link`: a share link instead of a file.

use crate::channel::link::LinkFailure;
use crate::http::auth::Caller;
use crate::http::handlers::submissions::{created, idempotency_key};
use crate::http::person::candidate;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::protocol::link::LinkProblem;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    url: String,
    candidate_ref: Option<String>,
    candidate_email: Option<String>,
    candidate_name: Option<String>,
}

pub async fn create(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    body: web::Json<LinkBody>,
) -> Result<HttpResponse, Problem> {
    let key = idempotency_key(&request)?;
    let body = body.into_inner();
    let candidate = candidate(body.candidate_ref.as_deref(), body.candidate_email.as_deref(), body.candidate_name.as_deref())?;
    match state.channels.take_link(&caller.tenant_id, &body.url, candidate, key).await {
        Ok(submission) => Ok(created(&state, &submission)),
        Err(LinkFailure::Link(problem)) => Err(unresolved(problem)),
        Err(LinkFailure::Pipeline(error)) => Err(error.into()),
    }
}

/// Tells the recruiter what to ask the candidate for.
fn unresolved(problem: LinkProblem) -> Problem {
    let detail = format!("{} {}", problem.message, problem.next_step);
    Problem::new(Code::LinkUnresolved, detail).blame("url", problem.code)
}
