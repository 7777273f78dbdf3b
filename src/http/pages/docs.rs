//! The pages below /docs: the API, the events, receivers, the project's documents. Strangers may read them: they show nothing of a tenant.
//! Comes in: the name of a page. Goes out: the page. The texts are English in every language.

use super::{error_page, open};
use crate::http::docs::reference::{self, Subject};
use crate::http::docs::samples::{self, Sample};
use crate::http::docs::{self, Document, Receiver};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::web::frame::Area;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Entry<'a> {
    address: String,
    title: &'a str,
}

#[derive(Serialize)]
struct Index<'a> {
    documents: Vec<Entry<'a>>,
    connectors: Vec<Entry<'a>>,
    subjects: &'a [Subject],
}

#[derive(Serialize)]
struct OneSubject<'a> {
    base: &'a str,
    subject: &'a Subject,
    subjects: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Catalogue {
    samples: Vec<Sample>,
}

#[derive(Serialize)]
struct Receivers {
    receivers: Vec<Receiver>,
}

/// `GET /docs`
pub async fn index(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    let documents = docs::LISTED
        .into_iter()
        .filter_map(|name| Some(Entry { address: format!("/docs/{name}"), title: &docs::document(name)?.title }));
    let connectors = docs::connectors();
    let values = Index {
        documents: documents.collect(),
        connectors: connectors.map(|(name, title)| Entry { address: format!("/docs/connectors/{name}"), title }).collect(),
        subjects: subjects(&state),
    };
    open(&state, &request, "docs_index.html", Area::Docs, &values).await
}

/// `GET /docs/api/{subject}`
pub async fn api(state: web::Data<State>, request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let all = subjects(&state);
    let Some(subject) = all.iter().find(|subject| subject.slug == *name) else { return missing(&request) };
    let entries = all.iter().map(|subject| Entry { address: format!("/docs/api/{}", subject.slug), title: &subject.name });
    let values = OneSubject { base: state.public_url(), subject, subjects: entries.collect() };
    open(&state, &request, "docs_api.html", Area::Docs, &values).await
}

/// `GET /docs/catalogue`: every event type with a sample and its schema.
pub async fn catalogue(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    open(&state, &request, "docs_catalogue.html", Area::Docs, &Catalogue { samples: samples::all() }).await
}

/// `GET /docs/receivers`
pub async fn receivers(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    open(&state, &request, "docs_receivers.html", Area::Docs, &Receivers { receivers: docs::receivers() }).await
}

/// `GET /docs/{name}`
pub async fn document(state: web::Data<State>, request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let found = docs::document(&name).or_else(|| docs::document(&format!("{name}/README")));
    shown(&state, &request, found).await
}

/// `GET /docs/decisions/{name}`
pub async fn decision(state: web::Data<State>, request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    shown(&state, &request, docs::document(&format!("decisions/{name}"))).await
}

/// `GET /docs/connectors/{name}`
pub async fn connector(state: web::Data<State>, request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    shown(&state, &request, docs::connector(&name)).await
}

fn subjects(state: &State) -> &[Subject] {
    state.reference.get_or_init(|| reference::subjects(state.public_url()))
}

async fn shown(state: &State, request: &HttpRequest, found: Option<&Document>) -> HttpResponse {
    match found {
        Some(document) => open(state, request, "docs_document.html", Area::Docs, document).await,
        None => missing(request),
    }
}

fn missing(request: &HttpRequest) -> HttpResponse {
    error_page(request, &Problem::not_found("page"))
}
