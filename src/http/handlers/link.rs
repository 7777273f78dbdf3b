//! `POST /v1/submissions/link`: a share link instead of a file.

use crate::channel::link::LinkFailure;
use crate::http::auth::Caller;
use crate::http::handlers::submissions::{ViewQuery, created, idempotency_key};
use crate::http::person;
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
    candidate_ats_id: Option<String>,
}

pub async fn create(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    query: web::Query<ViewQuery>,
    body: web::Json<LinkBody>,
) -> Result<HttpResponse, Problem> {
    let key = idempotency_key(&request)?;
    let body = body.into_inner();
    let candidate = person::named(&[
        ("candidate_ref", body.candidate_ref.as_deref()),
        ("candidate_email", body.candidate_email.as_deref()),
        ("candidate_name", body.candidate_name.as_deref()),
        ("candidate_ats_id", body.candidate_ats_id.as_deref()),
    ])?;
    match state.channels.take_link(&caller.tenant_id, &body.url, candidate, key).await {
        Ok(submission) => Ok(created(&state, &submission, query.view)),
        Err(LinkFailure::Link(problem)) => Err(unresolved(problem)),
        Err(LinkFailure::Pipeline(error)) => Err(error.into()),
    }
}

/// Tells the recruiter what to ask the candidate for.
fn unresolved(problem: LinkProblem) -> Problem {
    let detail = format!("{} {}", problem.message, problem.next_step);
    Problem::new(Code::LinkUnresolved, detail).blame("url", problem.code)
}
