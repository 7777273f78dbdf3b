//! `GET /candidates`: the tenant's people, newest first. Comes in: a search and the place in the list. Goes out: the page.

use super::words::{Person, address};
use super::{Visit, rows_after};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::ids::CandidateRef;
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Query {
    q: String,
    after: String,
}

/// Notes of persons that the page lists.
const NOTES: usize = 20;

#[derive(Serialize)]
struct Values {
    q: String,
    is_first: bool,
    first: String,
    next: Option<String>,
    rows: Vec<Row>,
    /// What persons wrote on their own pages and nobody has dealt with; on the first page only.
    notes: Vec<Note>,
}

#[derive(Serialize)]
struct Note {
    address: String,
    kind: &'static str,
    created_at: String,
}

#[derive(Serialize)]
struct Row {
    person: Person,
    /// The person's number in the employer's applicant tracking system.
    ats_id: Option<String>,
    credentials: u32,
    created_at: String,
}

/// `GET /candidates`
pub async fn page(state: web::Data<State>, visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let q = query.q.trim().to_owned();
    let page = rows_after(&query.after)?;
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let named = if q.is_empty() { None } else { Some(store.persons_named(tenant, &q).await?) };
    let found = store.list_candidates(tenant, named, &page).await?;
    let refs: Vec<CandidateRef> = found.rows.iter().map(|row| row.candidate_ref.clone()).collect();
    let identities = store.candidate_identities(tenant, &refs).await?;
    let list = |after: &str| address("/candidates", &[("q", q.as_str()), ("after", after)]);
    let rows = found.rows.into_iter().map(|row| Row {
        person: Person::of(&row.candidate_ref, identities.get(&row.candidate_ref), visit.language),
        ats_id: identities.get(&row.candidate_ref).and_then(|known| known.ats_id.clone()),
        credentials: row.credentials,
        created_at: row.created_at.to_rfc3339(),
    });
    let is_start = query.after.is_empty() && q.is_empty();
    let open = if is_start { store.person_notes(tenant, None).await? } else { Vec::new() };
    let notes = open.into_iter().take(NOTES).map(|note| Note {
        address: format!("/candidates/{}", note.candidate_ref),
        kind: note.kind.as_str(),
        created_at: note.created_at.to_rfc3339(),
    });
    let values = Values {
        notes: notes.collect(),
        is_first: query.after.is_empty(),
        first: list(""),
        next: found.next.as_deref().map(list),
        rows: rows.collect(),
        q: q.clone(),
    };
    Ok(visit.page("candidates.html", Area::Candidates, &values))
}
