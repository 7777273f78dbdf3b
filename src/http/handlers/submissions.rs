//! Submissions: files in, verdicts out.

use super::inbox;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::paging;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::http::{person, upload};
use crate::model::ids::SubmissionId;
use crate::model::report::Outcome;
use crate::model::submission::{Channel, Submission, SubmissionState};
use crate::model::summary::SubmissionSummary;
use crate::pipeline::Delivered;
use crate::verify::PresentationRequest;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::Deserialize;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateQuery {
    /// For raw bodies; a form has a field of that name.
    candidate_ref: Option<String>,
    #[serde(default)]
    view: View,
}

/// How much of a submission is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    #[default]
    Full,
    /// Verdict, person and skills.
    Summary,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewQuery {
    #[serde(default)]
    pub view: View,
}

/// `POST /v1/submissions`: 201 when all is decided, 202 when the files are still being worked on.
pub async fn create(
    state: web::Data<State>,
    caller: Caller,
    query: web::Query<CreateQuery>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let idempotency_key = idempotency_key(&request)?;
    let head = upload::head(&request, state.limits())?;
    let mut upload = upload::read(&request, &head, payload, state.limits()).await?;
    let query = query.into_inner();
    if let Some(reference) = query.candidate_ref {
        upload.candidate.candidate_ref = Some(person::candidate_ref(&reference)?);
    }

    let delivered = Delivered {
        tenant_id: caller.tenant_id,
        channel: Channel::Upload,
        candidate: upload.candidate,
        files: upload.files,
        people: upload.people,
        expected: PresentationRequest::default(),
        idempotency_key,
    };
    let submission = state.pipeline().accept(delivered).await?;
    Ok(created(&state, &submission, query.view))
}

/// Answers for a submission that was just accepted, and sees to it that its work goes on.
pub fn created(state: &State, submission: &Submission, view: View) -> HttpResponse {
    let mut response = match submission.state {
        SubmissionState::Complete => {
            state.watch.metrics.submission(submission);
            HttpResponse::Created()
        }
        SubmissionState::Processing => {
            state.tasks.resume(submission.id.clone());
            HttpResponse::Accepted()
        }
    };
    state.tasks.wake();
    response.insert_header((LOCATION, format!("/v1/submissions/{}", submission.id)));
    seen(&mut response, submission, view)
}

fn seen(response: &mut HttpResponseBuilder, submission: &Submission, view: View) -> HttpResponse {
    match view {
        View::Full => response.json(submission),
        View::Summary => response.json(SubmissionSummary::of(submission)),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    after: Option<String>,
    #[serde(default)]
    view: ListView,
    q: Option<String>,
    outcome: Option<Outcome>,
    issuer: Option<String>,
}

/// What a list of submissions holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListView {
    #[default]
    Full,
    /// A row for each credential, as the inbox shows them.
    Credentials,
}

/// `GET /v1/submissions`: newest first.
pub async fn list(state: web::Data<State>, caller: Caller, query: web::Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let ListQuery { limit, after, view, q, outcome, issuer } = query.into_inner();
    if view == ListView::Credentials {
        return inbox::rows(&state, &caller, inbox::Filters { limit, after, q, outcome, issuer }).await;
    }
    if q.is_some() || outcome.is_some() || issuer.is_some() {
        return Err(Problem::new(Code::InvalidQuery, "q, outcome and issuer need view=credentials."));
    }
    let page = paging::page(limit, after.as_deref())?;
    let rows = state.store().list_submissions(&caller.tenant_id, &page).await?;
    Ok(paging::list(&page, rows, |row: &Submission| row.id.to_string()))
}

/// `GET /v1/submissions/{id}`: progress while it is processing, results when it is complete.
pub async fn get(
    state: web::Data<State>,
    caller: Caller,
    id: Id<SubmissionId>,
    query: web::Query<ViewQuery>,
) -> Result<HttpResponse, Problem> {
    let found = state.store().submission(&caller.tenant_id, &id.0).await?;
    let submission = found.ok_or_else(|| Problem::not_found("submission"))?;
    Ok(seen(&mut HttpResponse::Ok(), &submission, query.view))
}

pub fn idempotency_key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if !visible || !(1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&text.len()) {
        return Err(Problem::invalid_field("Idempotency-Key", "must be 1 to 255 visible ASCII characters"));
    }
    Ok(Some(text.to_owned()))
}
