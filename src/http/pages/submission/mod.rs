//! `GET /submissions/{id}`: what became of files. Up to five results are shown whole; more of them as a list with the problems first.
//! Comes in: a submission's id, and which verdicts to show. Goes out: the page, or the same as CSV.
//! Nothing of a rejected credential's content is shown.

mod action;
mod card;
mod person;
pub mod skill;

use self::card::{Card, Cards};
use super::Visit;
use super::words::{Person, address};
use crate::http::extract::Id;
use crate::http::pages::csv;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::credential::CredentialStatus;
use crate::model::ids::{CandidateRef, SubmissionId};
use crate::model::submission::{Submission, SubmissionState};
use crate::web::frame::Area;
use crate::web::messages;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// So many results are shown whole.
const FEW: usize = 5;
/// Results on one page of the list.
const ROWS: usize = 100;
/// Kinds of results, the most urgent first.
const KINDS: [&str; 4] = ["rejected", "attention", "neutral", "accepted"];

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Query {
    show: String,
    from: usize,
}

#[derive(Serialize)]
struct Values {
    id: String,
    path: String,
    channel: &'static str,
    created_at: String,
    is_running: bool,
    done: u32,
    total: u32,
    /// The person, when the whole submission is about one.
    person: Option<Person>,
    counts: Vec<Count>,
    show: String,
    is_long: bool,
    cards: Vec<Card>,
    earlier: Option<String>,
    later: Option<String>,
    csv: String,
}

#[derive(Serialize)]
struct Count {
    kind: &'static str,
    words: String,
    address: String,
    is_current: bool,
}

/// Why a credential is good no longer, though its signature is.
pub fn over(status: CredentialStatus) -> Option<&'static str> {
    match status {
        CredentialStatus::Active => None,
        CredentialStatus::Expired => Some("expired"),
        CredentialStatus::Suspended => Some("suspended"),
        CredentialStatus::Revoked => Some("revoked"),
        CredentialStatus::Superseded => Some("superseded"),
        CredentialStatus::Withdrawn => Some("withdrawn"),
    }
}

/// `GET /submissions/{id}`
pub async fn page(
    state: web::Data<State>,
    visit: Visit,
    id: Id<SubmissionId>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Problem> {
    let submission = find(&state, &visit, &id.0).await?;
    let cards = cards(&state, &visit, &submission).await?;
    let path = format!("/submissions/{}", submission.id);
    let is_long = cards.len() > FEW;
    let count = |kind: &'static str| {
        let number = cards.iter().filter(|card| card.outcome == kind).count() as u64;
        let shown = if query.show == kind { "" } else { kind };
        (number > 0).then(|| Count {
            kind,
            words: messages::counted(visit.language, &format!("result.count.{kind}"), number),
            address: address(&path, &[("show", shown)]),
            is_current: query.show == kind,
        })
    };
    let counts = if is_long { KINDS.iter().rev().filter_map(|kind| count(kind)).collect() } else { Vec::new() };
    let mut shown: Vec<Card> = cards.into_iter().filter(|card| query.show.is_empty() || query.show == card.outcome).collect();
    if is_long {
        shown.sort_by_key(|card| KINDS.iter().position(|kind| *kind == card.outcome));
    }
    let all = shown.len();
    let place = |from: usize| address(&path, &[("show", query.show.as_str()), ("from", &from.to_string())]);
    let values = Values {
        earlier: (query.from > 0).then(|| place(query.from.saturating_sub(ROWS))),
        later: Some(query.from.saturating_add(ROWS)).filter(|from| *from < all).map(place),
        cards: shown.into_iter().skip(query.from).take(ROWS).collect(),
        csv: format!("{path}/results.csv"),
        id: submission.id.to_string(),
        channel: submission.channel.as_str(),
        created_at: submission.created_at.to_rfc3339(),
        is_running: submission.state == SubmissionState::Processing,
        done: submission.progress.done,
        total: submission.progress.total,
        person: person_of(&state, &visit, submission.candidate_ref.as_ref()).await?,
        show: query.show.clone(),
        path,
        counts,
        is_long,
    };
    Ok(visit.page("submission.html", Area::Inbox, &values))
}

/// `GET /submissions/{id}/results.csv`
pub async fn table(state: web::Data<State>, visit: Visit, id: Id<SubmissionId>) -> Result<HttpResponse, Problem> {
    let submission = find(&state, &visit, &id.0).await?;
    let head = ["file", "verdict", "reason", "title", "issuer", "person", "person_checked", "skills", "valid_until"];
    let rows = cards(&state, &visit, &submission).await?.into_iter().map(|card| card.row()).collect();
    csv::file(&format!("results-{}.csv", submission.id), &head, rows)
}

async fn find(state: &State, visit: &Visit, id: &SubmissionId) -> Result<Submission, Problem> {
    let found = state.store().submission(&visit.caller.tenant_id, id).await?;
    found.ok_or_else(|| Problem::new(Code::NotFound, "There is no such submission."))
}

async fn person_of(state: &State, visit: &Visit, candidate: Option<&CandidateRef>) -> Result<Option<Person>, Problem> {
    let Some(candidate) = candidate else { return Ok(None) };
    let identity = state.store().candidate_identity(&visit.caller.tenant_id, candidate).await?;
    Ok(Some(Person::of(candidate, Some(&identity), visit.language)))
}

async fn cards(state: &State, visit: &Visit, submission: &Submission) -> Result<Vec<Card>, Problem> {
    let credentials = submission.files.iter().flat_map(|file| &file.credentials);
    let mut persons: Vec<CandidateRef> = credentials.map(|credential| credential.candidate_ref.clone()).collect();
    persons.sort();
    persons.dedup();
    let identities = state.store().candidate_identities(&visit.caller.tenant_id, &persons).await?;
    let cards = Cards { language: visit.language, identities: &identities, channel: submission.channel };
    Ok(submission.files.iter().flat_map(|file| cards.of_file(file)).collect())
}
