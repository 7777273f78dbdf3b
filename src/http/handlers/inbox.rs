//! `GET /v1/submissions?view=credentials`: the list of the inbox page, one row for each credential that came in, newest first.
//! Comes in: the page's own filters. Goes out: who, what, from whom, and the verdict. Of a rejected credential: the file's name only.

use crate::http::auth::Caller;
use crate::http::paging;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::candidate::Identity;
use crate::model::credential::{CredentialStatus, LanguageMap};
use crate::model::ids::{CandidateRef, CredentialId, SubmissionId};
use crate::model::report::Outcome;
use crate::model::search::{CredentialSearch, ListedCredential};
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{DateTime, Utc};
use serde::Serialize;

const LONGEST_SEARCH: usize = 200;

/// The filters; empty ones are left out.
#[derive(Default)]
pub struct Filters {
    pub limit: Option<u32>,
    pub after: Option<String>,
    pub q: Option<String>,
    pub outcome: Option<Outcome>,
    pub issuer: Option<String>,
}

#[derive(Serialize)]
struct Rows {
    items: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize)]
struct Row {
    submission_id: SubmissionId,
    credential_id: CredentialId,
    candidate_ref: CandidateRef,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<Person>,
    file: String,
    /// Absent when the credential was rejected, or has no title.
    #[serde(skip_serializing_if = "LanguageMap::is_empty")]
    title: LanguageMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<Issuer>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<CredentialStatus>,
    created_at: DateTime<Utc>,
}

/// What the list shows of a person.
#[derive(Serialize)]
struct Person {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ats_id: Option<String>,
}

#[derive(Serialize)]
struct Issuer {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// The audit log notes who looked: the rows name people.
pub async fn rows(state: &State, caller: &Caller, filters: Filters) -> Result<HttpResponse, Problem> {
    let text = filters.q.unwrap_or_default().trim().to_owned();
    if text.chars().count() > LONGEST_SEARCH {
        return Err(Problem::new(Code::InvalidQuery, "q is longer than 200 characters."));
    }
    let issuer = filters.issuer.filter(|issuer| !issuer.is_empty());
    let page = paging::page(filters.limit, filters.after.as_deref())?;
    let (store, tenant) = (state.store(), &caller.tenant_id);
    let search = CredentialSearch { text, outcome: filters.outcome, issuer };
    let found = store.search_credentials(tenant, &search, &page).await?;
    let refs: Vec<CandidateRef> = found.rows.iter().map(|row| row.candidate_ref.clone()).collect();
    let mut identities = store.candidate_identities(tenant, &refs).await?;
    identities.retain(|_, identity| identity.name.is_some() || !identity.emails.is_empty() || identity.ats_id.is_some());
    let items = found.rows.into_iter().map(|row| {
        let identity = identities.get(&row.candidate_ref).cloned();
        shown(row, identity)
    });
    let rows = Rows { items: items.collect(), next: found.next };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(rows))
}

fn shown(row: ListedCredential, identity: Option<Identity>) -> Row {
    let person =
        identity.map(|identity| Person { email: identity.first_email().cloned(), name: identity.name, ats_id: identity.ats_id });
    Row {
        submission_id: row.submission_id,
        credential_id: row.id,
        candidate_ref: row.candidate_ref,
        person,
        file: row.file,
        title: row.title,
        issuer: row.issuer_id.map(|id| Issuer { id, name: row.issuer_name }),
        outcome: row.outcome,
        status: row.status,
        created_at: row.created_at,
    }
}
