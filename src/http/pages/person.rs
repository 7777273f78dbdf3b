//! `/person/{code}`: the person's own page. Nobody signs in: the address is the capability, and it ends when it is revoked or too old, or
//! when the person is erased. Comes in: a link, a file, a decision. Goes out: what was received, the verdicts, what was passed on to whom
//! and until when it is kept; the person adds a credential, reports an error, withdraws consent, asks for erasure.

use super::words::Text;
use super::{chosen_language, in_frame, language_of, remember_language};
use crate::http::body::read_body;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::http::upload;
use crate::model::account::Deed;
use crate::model::person::{NoteKind, PersonPage};
use crate::model::record::Page;
use crate::model::search::{CredentialSearch, ListedCredential};
use crate::model::submission::{CandidateHint, Channel, SubmissionState};
use crate::pipeline::Delivered;
use crate::verify::PresentationRequest;
use crate::web::frame::Area;
use crate::web::messages::{self, Language};
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use url::form_urlencoded;

/// Credentials that the page lists.
const CREDENTIALS: u32 = 200;
/// Characters of a report of an error.
const MAX_NOTE: usize = 2_000;
const MAX_FORM_BYTES: usize = 16 << 10;

#[derive(Serialize)]
struct Values {
    organisation: String,
    base: String,
    received: Vec<Received>,
    passed: Vec<Passed>,
    notes: Vec<Note>,
    stopped_at: Option<String>,
    kept_until: Option<String>,
    purposes: Vec<Purpose>,
    link_until: String,
    privacy_url: String,
    erasure_asked: bool,
    erase_at_once: bool,
    max_note: usize,
    /// What was just done, or why it could not be done: the ends of texts' keys.
    done: Option<&'static str>,
    failed: Option<&'static str>,
}

#[derive(Serialize)]
struct Received {
    title: Text,
    issuer: Option<String>,
    outcome: &'static str,
    status: Option<&'static str>,
    created_at: String,
}

#[derive(Serialize)]
struct Passed {
    name: String,
    at: String,
    skills: Vec<String>,
}

#[derive(Serialize)]
struct Note {
    kind: &'static str,
    text: Option<String>,
    created_at: String,
    is_done: bool,
}

#[derive(Serialize)]
struct Purpose {
    purpose: String,
    kept_until: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Told {
    done: String,
    failed: String,
}

/// `GET /person/{code}`
pub async fn page(
    state: web::Data<State>,
    request: HttpRequest,
    code: web::Path<String>,
    told: web::Query<Told>,
) -> Result<HttpResponse, Problem> {
    if let Some(chosen) = chosen_language(request.query_string()) {
        return Ok(remember_language(&state, &request, chosen));
    }
    let Some(page) = state.channels.person_page(&code).await? else { return Ok(gone(&request)) };
    let values = values(&state, &page, &code, &told, language_of(&request)).await?;
    Ok(in_frame(&request, 200, "person.html", Area::Elsewhere, None, &values))
}

async fn values(state: &State, page: &PersonPage, code: &str, told: &Told, language: Language) -> Result<Values, Problem> {
    let (store, tenant, candidate) = (state.store(), &page.tenant_id, &page.candidate_ref);
    let search = CredentialSearch { text: candidate.to_string(), ..CredentialSearch::default() };
    let found = store.search_credentials(tenant, &search, &Page { limit: CREDENTIALS, after: None }).await?;
    let names: HashMap<_, _> = store.list_connections(tenant).await?.into_iter().map(|one| (one.id, one.name)).collect();
    let passed = store.passed_on(tenant, candidate).await?.into_iter().filter(|passed| !passed.skills.is_empty());
    let passed = passed.map(|passed| Passed {
        name: names.get(&passed.connection_id).cloned().unwrap_or_else(|| passed.connection_id.to_string()),
        at: passed.at.to_rfc3339(),
        skills: passed.skills,
    });
    let notes = store.person_notes(tenant, Some(candidate)).await?;
    let kept = store.kept_until(tenant, candidate, state.retention_rules(tenant).await?.candidates_days).await?;
    let stopped_at = store.sharing_stopped_at(tenant, candidate).await?;
    Ok(Values {
        organisation: state.channels.settings.organisation.clone(),
        base: format!("/person/{code}"),
        received: found
            .rows
            .into_iter()
            .filter(|row| row.candidate_ref == *candidate)
            .map(|row| received(row, language))
            .collect(),
        passed: passed.collect(),
        erasure_asked: notes.iter().any(|note| note.kind == NoteKind::Erasure && note.done_at.is_none()),
        notes: notes
            .into_iter()
            .map(|note| Note {
                kind: note.kind.as_str(),
                text: note.text,
                created_at: note.created_at.to_rfc3339(),
                is_done: note.done_at.is_some(),
            })
            .collect(),
        stopped_at: stopped_at.map(|at| at.to_rfc3339()),
        kept_until: kept.until.map(|at| at.to_rfc3339()),
        purposes: kept.purposes.into_iter().map(|(purpose, until)| Purpose { purpose, kept_until: until.to_rfc3339() }).collect(),
        link_until: page.expires_at.to_rfc3339(),
        privacy_url: state.channels.privacy_url(),
        erase_at_once: state.channels.settings.erase_at_once,
        max_note: MAX_NOTE,
        done: one_of(&told.done, &["file", "error", "stopped", "allowed", "erasure"]),
        failed: one_of(&told.failed, &["file", "too_large", "error", "often"]),
    })
}

fn received(row: ListedCredential, language: Language) -> Received {
    Received {
        title: Text::of(&row.title, language).unwrap_or_else(|| Text::plain(&row.file)),
        issuer: row.issuer_name.or(row.issuer_id),
        outcome: row.outcome.as_str(),
        status: row.status.and_then(super::submission::over),
        created_at: row.created_at.to_rfc3339(),
    }
}

/// `POST /person/{code}/files`: files, bounded like every upload.
pub async fn add(
    state: web::Data<State>,
    request: HttpRequest,
    code: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let page = match acting(&state, &request, &code).await? {
        Ok(page) => page,
        Err(answer) => return Ok(answer),
    };
    let read = async {
        let head = upload::head(&request, state.limits())?;
        upload::read(&request, &head, payload, state.limits()).await
    };
    let files = match read.await {
        Ok(upload) => upload.files,
        Err(problem) if problem.code == Code::PayloadTooLarge => return Ok(back(&code, "failed=too_large")),
        Err(_) => return Ok(back(&code, "failed=file")),
    };
    let delivered = Delivered {
        tenant_id: page.tenant_id.clone(),
        channel: Channel::Upload,
        // Whatever the form says of a person: the link decides.
        candidate: CandidateHint { candidate_ref: Some(page.candidate_ref.clone()), ..CandidateHint::default() },
        files,
        people: Vec::new(),
        expected: PresentationRequest::default(),
        idempotency_key: None,
    };
    let submission = state.pipeline().accept(delivered).await?;
    match submission.state {
        SubmissionState::Complete => state.watch.metrics.submission(&submission),
        SubmissionState::Processing => state.tasks.resume(submission.id.clone()),
    }
    state.tasks.wake();
    audit(&state, &request, &page, "person.add").await?;
    Ok(back(&code, "done=file"))
}

/// `POST /person/{code}/error`: something is wrong.
pub async fn report(
    state: web::Data<State>,
    request: HttpRequest,
    code: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let page = match acting(&state, &request, &code).await? {
        Ok(page) => page,
        Err(answer) => return Ok(answer),
    };
    let body = read_body(&request, payload, MAX_FORM_BYTES).await.unwrap_or_default();
    let field = form_urlencoded::parse(&body).find(|(name, _)| name == "text");
    let text = field.map(|(_, text)| text.trim().to_owned()).unwrap_or_default();
    if text.is_empty() || text.chars().count() > MAX_NOTE {
        return Ok(back(&code, "failed=error"));
    }
    let (store, now) = (state.store(), state.clock().now());
    if !store.add_person_note(&page.tenant_id, &page.candidate_ref, NoteKind::Error, Some(&text), now).await? {
        return Ok(back(&code, "failed=often"));
    }
    audit(&state, &request, &page, "person.error").await?;
    Ok(back(&code, "done=error"))
}

/// `POST /person/{code}/stop`: nothing more is passed on.
pub async fn stop(state: web::Data<State>, request: HttpRequest, code: web::Path<String>) -> Result<HttpResponse, Problem> {
    decide(&state, &request, &code, false).await
}

/// `POST /person/{code}/allow`: skills may be passed on again.
pub async fn allow(state: web::Data<State>, request: HttpRequest, code: web::Path<String>) -> Result<HttpResponse, Problem> {
    decide(&state, &request, &code, true).await
}

async fn decide(state: &State, request: &HttpRequest, code: &str, is_allowed: bool) -> Result<HttpResponse, Problem> {
    let page = match acting(state, request, code).await? {
        Ok(page) => page,
        Err(answer) => return Ok(answer),
    };
    state.store().set_sharing(&page.tenant_id, &page.candidate_ref, is_allowed, state.clock().now()).await?;
    audit(state, request, &page, if is_allowed { "person.allow" } else { "person.stop" }).await?;
    Ok(back(code, if is_allowed { "done=allowed" } else { "done=stopped" }))
}

/// `POST /person/{code}/erasure`: asks for it, or does it where the settings say so.
pub async fn erase(state: web::Data<State>, request: HttpRequest, code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let page = match acting(&state, &request, &code).await? {
        Ok(page) => page,
        Err(answer) => return Ok(answer),
    };
    let (store, tenant, candidate) = (state.store(), &page.tenant_id, &page.candidate_ref);
    let now = state.clock().now();
    if state.channels.settings.erase_at_once {
        audit(&state, &request, &page, "person.erase").await?;
        let Some(certificate) = store.erase_candidate(tenant, candidate, "person", now).await? else {
            return Ok(gone(&request));
        };
        state.tasks.wake();
        return Ok(message(&request, 200, "person.erased", &certificate));
    }
    let known = store.person_notes(tenant, Some(candidate)).await?;
    let is_asked = known.iter().any(|note| note.kind == NoteKind::Erasure && note.done_at.is_none());
    if !is_asked && !store.add_person_note(tenant, candidate, NoteKind::Erasure, None, now).await? {
        return Ok(back(&code, "failed=often"));
    }
    audit(&state, &request, &page, "person.erasure_asked").await?;
    Ok(back(&code, "done=erasure"))
}

/// Who stands behind the link; or the answer, when nobody does or there was too much in this minute.
async fn acting(state: &State, request: &HttpRequest, code: &str) -> Result<Result<PersonPage, HttpResponse>, Problem> {
    let Some(page) = state.channels.person_page(code).await? else { return Ok(Err(gone(request))) };
    if !state.channels.person_acts.admit(page.id.clone(), state.clock().now()) {
        return Ok(Err(back(code, "failed=often")));
    }
    Ok(Ok(page))
}

async fn audit(state: &State, request: &HttpRequest, page: &PersonPage, action: &str) -> Result<(), Problem> {
    let deed = Deed {
        actor: format!("person_link:{}", page.id),
        action: action.to_owned(),
        object: format!("candidate:{}", page.candidate_ref),
        address: state.peers.network_of(request.peer_addr(), request.headers()).to_string(),
    };
    Ok(state.store().audit(&page.tenant_id, vec![deed], state.clock().now()).await?)
}

fn back(code: &str, told: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/person/{code}?{told}")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

fn gone(request: &HttpRequest) -> HttpResponse {
    message(request, 404, "person.gone", "")
}

fn message(request: &HttpRequest, status: u16, family: &str, id: &str) -> HttpResponse {
    #[derive(Serialize)]
    struct Values {
        title: String,
        text: String,
    }
    let language = language_of(request);
    let title = messages::text(language, &format!("{family}.title"));
    let text = messages::filled(language, &format!("{family}.text"), &[("id", id)]);
    in_frame(request, status, "message.html", Area::Elsewhere, None, &Values { title, text })
}

fn one_of(text: &str, known: &[&'static str]) -> Option<&'static str> {
    known.iter().find(|one| **one == text).copied()
}
