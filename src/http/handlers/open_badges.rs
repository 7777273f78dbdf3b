//! The Open Badges 3.0 API and its CLR 2.0 twin, as host. Every error of a resource is an imsx_StatusInfo.

use crate::channel::host::{PushResult, Pusher, shelf};
use crate::channel::secrets;
use crate::document::json;
use crate::http::answers;
use crate::http::body::{BodyError, read_body};
use crate::http::extract::{authorization, header};
use crate::http::state::State;
use crate::http::{auth, person};
use crate::model::account::Role;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::submission::CandidateHint;
use crate::pipeline::PipelineError;
use crate::protocol::open_badges::discovery::{About, service_description};
use crate::protocol::open_badges::host::read_push;
use crate::protocol::open_badges::oauth_token::bearer_token;
use crate::protocol::open_badges::paging::PageQuery;
use crate::protocol::open_badges::status_info::{Status, StatusInfo};
use crate::protocol::open_badges::{Api, has_scope};
use crate::store::StoreError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Names the candidate when an API key pushes (an extension: tokens belong to a candidate already).
const CANDIDATE_REF: &str = "x-candidate-ref";
const CANDIDATE_EMAIL: &str = "x-candidate-email";
const MAX_PROFILE_BYTES: usize = 256 << 10;

/// The roles of API keys that may push, as the table of routes says.
const MAY_PUSH: [Role; 3] = [Role::Recruiter, Role::Integrator, Role::Administrator];

/// Whose credentials a request is about.
struct Holder {
    tenant_id: TenantId,
    candidate_ref: CandidateRef,
    pusher: Pusher,
}

/// An answer that ends the request.
type Refused = HttpResponse;

fn api_of(request: &HttpRequest) -> Api {
    if request.path().starts_with(Api::Clr2.base_path()) { Api::Clr2 } else { Api::OpenBadges3 }
}

fn status(status: Status, description: impl Into<String>) -> HttpResponse {
    let body = serde_json::to_value(StatusInfo::new(status, description)).unwrap_or_default();
    answers::json(status.http(), &body)
}

fn internal(error: impl std::fmt::Display) -> HttpResponse {
    tracing::error!(cause = %error, "a request of the Open Badges API failed inside the gateway");
    status(Status::InternalServerError, "The gateway could not do this. Try again later.")
}

fn store_failed(error: StoreError) -> HttpResponse {
    match error {
        StoreError::Unavailable(_) | StoreError::Full(_) => {
            tracing::error!(cause = %error, "a request of the Open Badges API could not be kept");
            status(Status::ServerBusy, "The gateway could not keep this. Send it again later.")
        }
        other => internal(other),
    }
}

/// The candidate behind the token, or whom an API key names by header.
async fn holder(state: &State, request: &HttpRequest, scope_name: &str) -> Result<Holder, Refused> {
    let unauthorized = |challenge: &str| {
        let mut response = status(Status::Unauthorized, "A valid access token is needed.");
        if let Ok(value) = challenge.parse() {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
        response
    };
    let Some(token) = bearer_token(authorization(request)) else {
        return Err(unauthorized(r#"Bearer realm="skillgate""#));
    };
    let found = state.store().token_holder(&secrets::hash(token), state.clock().now()).await.map_err(store_failed)?;
    let invalid = || unauthorized(r#"Bearer realm="skillgate", error="invalid_token""#);
    let Some(token_holder) = found else {
        let key = auth::find(state, &crate::model::tenant::hash_api_key(token), auth::address_of(state, request))
            .await
            .map_err(|_| invalid())?;
        if !MAY_PUSH.contains(&key.role) {
            let text = format!("The role {} may not push credentials for a candidate.", key.role);
            return Err(status(Status::Forbidden, text));
        }
        return named_by_header(state, request, key.tenant_id).await;
    };
    let Some(candidate_ref) = token_holder.candidate_ref else { return Err(invalid()) };
    let scope = api_of(request).scope(scope_name);
    if !has_scope(&token_holder.scope, &scope) {
        let mut response = status(Status::Forbidden, format!("The token lacks the scope {scope}."));
        if let Ok(value) = format!(r#"Bearer realm="skillgate", error="insufficient_scope", scope="{scope}""#).parse() {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
        return Err(response);
    }
    Ok(Holder { tenant_id: token_holder.tenant_id, candidate_ref, pusher: Pusher::Platform })
}

async fn named_by_header(state: &State, request: &HttpRequest, tenant_id: TenantId) -> Result<Holder, Refused> {
    let named = |name: &str| header(request.headers(), name).map(str::trim).filter(|text| !text.is_empty());
    let invalid = |what: &str| status(Status::InvalidQueryParameter, format!("{what} is not usable."));
    let mut candidate = CandidateHint::default();
    if let Some(reference) = named(CANDIDATE_REF) {
        candidate.candidate_ref = Some(person::candidate_ref(reference).map_err(|_| invalid("X-Candidate-Ref"))?);
    }
    if let Some(email) = named(CANDIDATE_EMAIL) {
        candidate.emails.push(email.to_owned());
    }
    if candidate.is_empty() {
        let text = "With an API key, name the candidate in the header X-Candidate-Ref or X-Candidate-Email.";
        return Err(status(Status::InvalidQueryParameter, text));
    }
    let found = state.store().find_or_create_candidate(&tenant_id, &candidate, state.clock().now()).await;
    Ok(Holder { tenant_id, candidate_ref: found.map_err(store_failed)?, pusher: Pusher::Employer(candidate.emails) })
}

/// `GET {base}/discovery`
pub async fn discovery(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let (terms, privacy) = (state.channels.terms_url(), state.channels.privacy_url());
    let title = format!("{}: Skillgate", state.channels.settings.organisation);
    let about = About { public_url: state.public_url(), title: &title, terms_url: &terms, privacy_url: &privacy };
    let document = service_description(api_of(&request), &about);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(document.to_string())
}

/// `POST {base}/credentials`
pub async fn upsert(state: web::Data<State>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    try_upsert(&state, &request, payload).await.unwrap_or_else(|refused| refused)
}

async fn try_upsert(state: &State, request: &HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refused> {
    let holder = holder(state, request, "credential.upsert").await?;
    let bytes = read_body(request, payload, state.limits().max_file_bytes).await.map_err(unreadable)?;
    let content_type = header(request.headers(), "content-type");
    let pushed = read_push(content_type, &bytes, state.limits())
        .map_err(|error| answers::json(error.status.http(), &serde_json::to_value(error.status_info()).unwrap_or_default()))?;
    let echo = (pushed.media_type(), pushed.bytes.clone());
    let Holder { tenant_id, candidate_ref, pusher } = holder;
    let result = state.channels.push(api_of(request), &tenant_id, &candidate_ref, pusher, pushed).await;
    let result = result.map_err(|error| match error {
        PipelineError::Store(error) => store_failed(error),
        other => internal(other),
    })?;
    state.tasks.wake();
    let answer = |code: StatusCode| {
        HttpResponse::build(code)
            .insert_header((CONTENT_TYPE, echo.0))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(echo.1.clone())
    };
    Ok(match result {
        PushResult::Created(submission) => {
            state.watch.metrics.submission(&submission);
            answer(StatusCode::CREATED)
        }
        PushResult::Replaced(submission) => {
            state.watch.metrics.submission(&submission);
            answer(StatusCode::OK)
        }
        PushResult::NotModified => HttpResponse::NotModified().finish(),
        PushResult::Kept => {
            status(Status::InvalidData, "The credential did not verify, so the one that was here before it was kept.")
        }
    })
}

fn unreadable(error: BodyError) -> HttpResponse {
    match error {
        BodyError::TooLarge => status(Status::TooLarge, "The credential is larger than this gateway accepts."),
        BodyError::Broken => status(Status::Unreadable, "The body did not arrive as a whole. Send it again."),
    }
}

/// `GET {base}/credentials`
pub async fn list(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    try_list(&state, &request).await.unwrap_or_else(|refused| refused)
}

async fn try_list(state: &State, request: &HttpRequest) -> Result<HttpResponse, Refused> {
    let holder = holder(state, request, "credential.readonly").await?;
    let page = PageQuery::parse(request.query_string()).map_err(|message| status(Status::InvalidQueryParameter, message))?;
    let api = api_of(request);
    let shelf = shelf(api, &holder.tenant_id, &holder.candidate_ref);
    let (limit, offset) = (i64::try_from(page.limit).unwrap_or(i64::MAX), i64::try_from(page.offset).unwrap_or(i64::MAX));
    let (items, total) = state.store().list_hosted(&shelf, limit, offset, page.since).await.map_err(store_failed)?;
    // The bytes of each credential stand in the answer exactly as they came in.
    let (mut credentials, mut tokens) = (Vec::new(), Vec::new());
    for item in &items {
        let text = std::str::from_utf8(&item.bytes).map_err(internal)?;
        if item.compact_jws {
            tokens.push(text);
        } else {
            credentials.push(serde_json::from_str::<&RawValue>(text.trim_start_matches('\u{feff}')).map_err(internal)?);
        }
    }
    let credentials = serde_json::to_string(&credentials).map_err(internal)?;
    let tokens = serde_json::to_string(&tokens).map_err(internal)?;
    let url = format!("{}{}/credentials", state.public_url(), api.base_path());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("x-total-count", total.to_string()))
        .insert_header((LINK, page.link_header(&url, total)))
        .body(format!(r#"{{"credential":{credentials},"compactJwsString":{tokens}}}"#)))
}

/// `GET {base}/profile`
pub async fn profile(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let found = async {
        let holder = holder(&state, &request, "profile.readonly").await?;
        state.store().hosted_profile(&holder.tenant_id, &holder.candidate_ref).await.map_err(store_failed)
    };
    match found.await {
        Ok(Some(profile)) => answers::json(200, &profile),
        Ok(None) => status(Status::NotFound, "There is no profile of this person here."),
        Err(refused) => refused,
    }
}

/// `PUT {base}/profile`
pub async fn put_profile(state: web::Data<State>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    try_put_profile(&state, &request, payload).await.unwrap_or_else(|refused| refused)
}

async fn try_put_profile(state: &State, request: &HttpRequest, payload: web::Payload) -> Result<HttpResponse, Refused> {
    let holder = holder(state, request, "profile.update").await?;
    let bytes = read_body(request, payload, MAX_PROFILE_BYTES).await.map_err(unreadable)?;
    let profile = json::parse(&bytes, state.limits())
        .map_err(|error| status(Status::Unreadable, format!("The body is not usable JSON: {error}.")))?;
    let is_profile = match profile.get("type") {
        Some(Value::Array(types)) => types.contains(&json!("Profile")),
        Some(single) => *single == json!("Profile"),
        None => false,
    };
    if !is_profile || !profile.get("id").is_some_and(Value::is_string) {
        return Err(status(Status::InvalidData, "A profile needs an id and the type Profile."));
    }
    let stored = state.store().put_hosted_profile(&holder.tenant_id, &holder.candidate_ref, &profile, state.clock().now()).await;
    stored.map_err(store_failed)?;
    Ok(answers::json(200, &profile))
}

/// Any other path below the base.
pub async fn not_found() -> HttpResponse {
    status(Status::NotFound, "There is nothing at this address.")
}

/// Any other method.
pub async fn not_allowed(allow: String) -> HttpResponse {
    let mut response = status(Status::NotAllowed, format!("This address answers {allow}."));
    if let Ok(value) = allow.parse() {
        response.headers_mut().insert(actix_web::http::header::ALLOW, value);
    }
    response
}
