//! Credentials: their verdicts, and their bytes exactly as they were received.
//! Nothing of a rejected credential's content is shown; its source can only be downloaded, never displayed.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::paging;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::credential::{Format, NormalizedCredential};
use crate::model::ids::{CandidateRef, CredentialId, SubmissionId};
use crate::model::record::{CredentialFilter, StoredCredential};
use crate::model::report::{Outcome, VerificationReport};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A credential as lists show it.
#[derive(Serialize)]
struct Summary {
    id: CredentialId,
    submission_id: SubmissionId,
    candidate_ref: CandidateRef,
    file: String,
    media_type: String,
    fingerprint: String,
    format: Format,
    outcome: Outcome,
    created_at: DateTime<Utc>,
}

/// A credential alone.
#[derive(Serialize)]
struct Full {
    #[serde(flatten)]
    summary: Summary,
    report: VerificationReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalized: Option<NormalizedCredential>,
}

fn summary(stored: &StoredCredential) -> Summary {
    Summary {
        id: stored.id.clone(),
        submission_id: stored.submission_id.clone(),
        candidate_ref: stored.candidate_ref.clone(),
        file: stored.name.clone(),
        media_type: stored.media_type.clone(),
        fingerprint: stored.fingerprint.clone(),
        format: stored.report.format,
        outcome: stored.outcome,
        created_at: stored.created_at,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    limit: Option<u32>,
    after: Option<String>,
    candidate_ref: Option<String>,
    submission_id: Option<String>,
    outcome: Option<Outcome>,
}

/// `GET /v1/credentials`: newest first.
pub async fn list(state: web::Data<State>, caller: Caller, query: web::Query<ListQuery>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let page = paging::page(query.limit, query.after.as_deref())?;
    let mut candidate_ref: Option<CandidateRef> = paging::filter("candidate_ref", query.candidate_ref)?;
    if let Some(asked) = &candidate_ref {
        candidate_ref = Some(state.store().current_ref(&caller.tenant_id, asked).await?);
    }
    let filter = CredentialFilter {
        candidate_ref,
        outcome: query.outcome,
        submission_id: paging::filter("submission_id", query.submission_id)?,
    };
    let rows = state.store().list_credentials(&caller.tenant_id, &filter, &page).await?;
    let summaries: Vec<Summary> = rows.iter().map(summary).collect();
    Ok(paging::list(&page, summaries, |row| row.id.to_string()))
}

async fn find(state: &State, caller: &Caller, id: &CredentialId) -> Result<StoredCredential, Problem> {
    let found = state.store().credential(&caller.tenant_id, id).await?;
    found.ok_or_else(|| Problem::not_found("credential"))
}

/// `GET /v1/credentials/{id}`
pub async fn get(state: web::Data<State>, caller: Caller, id: Id<CredentialId>) -> Result<HttpResponse, Problem> {
    let stored = find(&state, &caller, &id.0).await?;
    let shown = stored.outcome != Outcome::Rejected;
    let full = Full { summary: summary(&stored), normalized: stored.normalized.filter(|_| shown), report: stored.report };
    Ok(HttpResponse::Ok().json(full))
}

/// `GET /v1/credentials/{id}/report`
pub async fn report(state: web::Data<State>, caller: Caller, id: Id<CredentialId>) -> Result<HttpResponse, Problem> {
    let stored = find(&state, &caller, &id.0).await?;
    Ok(HttpResponse::Ok().json(stored.report))
}

/// `GET /v1/credentials/{id}/source`: a download, never something that a browser would run or show.
pub async fn source(state: web::Data<State>, caller: Caller, id: Id<CredentialId>) -> Result<HttpResponse, Problem> {
    let found = state.store().credential_source(&caller.tenant_id, &id.0).await?;
    let (media_type, bytes) = found.ok_or_else(|| Problem::not_found("credential"))?;
    let file_name = format!("credential-{}.{}", id.0, extension(&media_type));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, served_as(&media_type)))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{file_name}\"")))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .body(bytes))
}

/// Credentials are stored unbaked: JSON, one of the compact forms, or a signed CBOR message. Anything else goes out as plain bytes.
fn served_as(media_type: &str) -> &str {
    let known = media_type.starts_with("application/") && media_type.bytes().all(|byte| byte.is_ascii_graphic());
    if known { media_type } else { "application/octet-stream" }
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        jwt if jwt.ends_with("jwt") || jwt.ends_with("jose") => "jwt",
        cose if cose.ends_with("cose") => "cose",
        json if json.ends_with("json") || json.ends_with("/vc") => "json",
        _ => "bin",
    }
}
