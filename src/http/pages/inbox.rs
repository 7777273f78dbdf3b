//! `GET /`: where files go in, and every credential that came in before, newest first.
//! Comes in: search, filters and the place in the list, from the address. Goes out: the page.

use super::words::{Person, Text, address};
use super::{Visit, rows_after};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::account::Role;
use crate::model::candidate::Identity;
use crate::model::ids::CandidateRef;
use crate::model::report::Outcome;
use crate::model::search::{CredentialSearch, ListedCredential};
use crate::web::frame::Area;
use crate::web::messages::Language;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Longer texts name nothing that could be found, in characters.
const LONGEST_SEARCH: usize = 200;
/// Submissions that are being worked on, shown above the list.
const MOST_RUNNING: usize = 10;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Query {
    q: String,
    outcome: String,
    issuer: String,
    after: String,
}

#[derive(Serialize)]
struct Values {
    q: String,
    outcome: String,
    issuer: String,
    /// The name of the issuer that the list is filtered by.
    issuer_name: String,
    /// The same list without the filter by issuer.
    all_issuers: String,
    is_filtered: bool,
    is_first: bool,
    first: String,
    next: Option<String>,
    rows: Vec<Row>,
    running: Vec<Running>,
}

/// A credential in a list.
#[derive(Serialize)]
pub struct Row {
    id: String,
    address: String,
    title: Text,
    file: String,
    person: Person,
    issuer: Option<Issuer>,
    outcome: &'static str,
    /// Why a credential that was accepted is good no longer: `revoked`, `expired`, …
    status: Option<&'static str>,
    created_at: String,
}

#[derive(Serialize)]
struct Issuer {
    name: String,
    address: String,
}

#[derive(Serialize)]
struct Running {
    address: String,
    done: u32,
    total: u32,
    created_at: String,
}

/// `GET /`
pub async fn page(state: web::Data<State>, visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    if visit.caller.role == Role::Integrator {
        // Integrators begin at their own page: the list is about people.
        return Ok(HttpResponse::SeeOther().insert_header((LOCATION, "/overview")).finish());
    }
    let query = query.into_inner();
    let search = CredentialSearch {
        text: query.q.chars().take(LONGEST_SEARCH).collect::<String>().trim().to_owned(),
        outcome: outcome(&query.outcome)?,
        issuer: Some(query.issuer.clone()).filter(|issuer| !issuer.is_empty()),
    };
    let page = rows_after(&query.after)?;
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let found = store.search_credentials(tenant, &search, &page).await?;
    let persons: Vec<CandidateRef> = found.rows.iter().map(|row| row.candidate_ref.clone()).collect();
    let identities = store.candidate_identities(tenant, &persons).await?;
    let running = if query.after.is_empty() { store.running_submissions(tenant, MOST_RUNNING).await? } else { Vec::new() };

    let list = |issuer: &str, after: &str| {
        address("/", &[("q", &search.text), ("outcome", &query.outcome), ("issuer", issuer), ("after", after)])
    };
    let issuer_name = found.rows.iter().find_map(|row| row.issuer_name.clone()).unwrap_or_else(|| query.issuer.clone());
    let values = Values {
        is_filtered: search != CredentialSearch::default(),
        is_first: query.after.is_empty(),
        first: list(&query.issuer, ""),
        all_issuers: list("", ""),
        next: found.next.as_deref().map(|next| list(&query.issuer, next)),
        rows: found.rows.into_iter().map(|row| shown(row, &identities, visit.language)).collect(),
        running: running
            .into_iter()
            .map(|submission| Running {
                address: format!("/submissions/{}", submission.id),
                done: submission.progress.done,
                total: submission.progress.total,
                created_at: submission.created_at.to_rfc3339(),
            })
            .collect(),
        q: search.text.clone(),
        outcome: query.outcome.clone(),
        issuer: query.issuer.clone(),
        issuer_name,
    };
    Ok(visit.page("inbox.html", Area::Inbox, &values))
}

fn outcome(text: &str) -> Result<Option<Outcome>, Problem> {
    match text {
        "" => Ok(None),
        "accepted" => Ok(Some(Outcome::Accepted)),
        "attention" => Ok(Some(Outcome::Attention)),
        "rejected" => Ok(Some(Outcome::Rejected)),
        _ => Err(Problem::new(Code::InvalidQuery, "outcome must be accepted, attention or rejected.")),
    }
}

/// A credential as a row; `identities`: what is known of its person.
pub fn shown(row: ListedCredential, identities: &HashMap<CandidateRef, Identity>, language: Language) -> Row {
    let issuer =
        row.issuer_id.map(|id| Issuer { address: address("/", &[("issuer", &id)]), name: row.issuer_name.unwrap_or(id) });
    Row {
        address: format!("/submissions/{}#{}", row.submission_id, row.id),
        id: row.id.to_string(),
        title: Text::of(&row.title, language).unwrap_or_else(|| Text::plain(&row.file)),
        person: Person::of(&row.candidate_ref, identities.get(&row.candidate_ref), language),
        file: row.file,
        issuer,
        outcome: row.outcome.as_str(),
        status: row.status.and_then(super::submission::over),
        created_at: row.created_at.to_rfc3339(),
    }
}
