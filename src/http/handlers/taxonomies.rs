//! The taxonomies of the gateway: list, import, compare, activate, remove. All tenants share them; one tenant manages them.
//! Comes in: a download as the request's body. Goes out: the taxonomy as it counts now, with the rows that were left out.
//! Reading and compiling runs on the blocking pool, one import at a time.

use crate::http::auth::Caller;
use crate::http::body::{BodyError, read_body};
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::taxonomy::bundle::RowProblem;
use crate::taxonomy::catalogue::About;
use crate::taxonomy::import::Wanted;
use crate::taxonomy::take_in::{Download, TakeInError, Taken, take_in};
use crate::taxonomy::{Library, unbuild};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::io;
use std::time::Instant;

/// Concepts of each kind of change that an answer lists; all are counted.
const LISTED: usize = 200;
/// Longest name and version, in characters.
const MAX_NAME: usize = 60;

#[derive(Serialize)]
pub struct Listed {
    items: Vec<Taxonomy>,
    /// Whether the caller's tenant may change them.
    may_change: bool,
}

/// A compiled version of a taxonomy.
#[derive(Serialize)]
pub struct Taxonomy {
    pub name: String,
    pub version: String,
    pub title: String,
    pub licence: String,
    pub languages: Vec<String>,
    pub concepts: usize,
    pub labels: usize,
    pub crosswalks: usize,
    /// Whether vectors were learned from its labels.
    pub trained: bool,
    /// Whether this version counts.
    pub active: bool,
}

impl Taxonomy {
    fn of(about: About, library: &Library) -> Self {
        let active = library.active().get(&about.name) == Some(&about.version);
        Self {
            name: about.name,
            version: about.version,
            title: about.title,
            licence: about.licence,
            languages: about.languages,
            concepts: about.concepts,
            labels: about.labels,
            crosswalks: about.crossings,
            trained: about.seed.is_some(),
            active,
        }
    }
}

/// Every version, by name and version.
pub async fn all(state: &State) -> Result<Vec<Taxonomy>, Problem> {
    let library = state.pipeline().mapper.library().clone();
    let listed = web::block(move || {
        let all = library.list()?;
        Ok::<_, io::Error>(all.into_iter().map(|about| Taxonomy::of(about, &library)).collect())
    });
    listed.await.map_err(Problem::internal)?.map_err(Problem::internal)
}

pub fn may_change(state: &State, caller: &Caller) -> bool {
    caller.tenant_id == state.taxonomies_of
}

fn manager(state: &State, caller: &Caller) -> Result<(), Problem> {
    let detail = "Another tenant of this gateway manages the taxonomies, which all tenants share; ask the operator.";
    may_change(state, caller).then_some(()).ok_or_else(|| Problem::new(Code::ManagedElsewhere, detail))
}

/// `GET /v1/taxonomies`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = all(&state).await?;
    Ok(HttpResponse::Ok().json(Listed { items, may_change: may_change(&state, &caller) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Helps where the bytes don't say what they are.
    #[serde(default)]
    file_name: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    licence: String,
    #[serde(default)]
    language: String,
    into: Option<String>,
    #[serde(default)]
    strict: bool,
}

#[derive(Serialize)]
struct Imported {
    taxonomy: Taxonomy,
    /// Rows that could not be read.
    left_out: usize,
    /// The first of them.
    problems: Vec<RowProblem>,
}

/// `POST /v1/taxonomies`: the body is the download. The import makes its version the one that counts.
pub async fn import(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    query: web::Query<Import>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    manager(&state, &caller)?;
    let import = query.into_inner();
    for (field, value) in [("name", &import.name), ("version", &import.version)] {
        if value.chars().count() > MAX_NAME {
            return Err(Problem::invalid_field(field, "must be at most 60 characters"));
        }
    }
    let Ok(place) = state.imports.clone().try_acquire_owned() else {
        let busy = Problem::new(Code::TooManyRequests, "Another taxonomy is being imported; try again when it is done.");
        return Err(busy.header("retry-after", "20"));
    };
    let limit = state.limits().max_upload_bytes;
    let bytes = read_body(&request, payload, limit).await.map_err(|error| match error {
        BodyError::TooLarge => {
            let detail =
                format!("The file is larger than {} MB; import it on the server: skillgate taxonomy import FILE", limit >> 20);
            Problem::new(Code::PayloadTooLarge, detail)
        }
        BodyError::Broken => Problem::new(Code::InvalidBody, "The connection ended before the file was complete; send it again."),
    })?;
    if bytes.is_empty() {
        return Err(Problem::new(Code::NoFile, "The body of the request is the file, and it is empty."));
    }
    let library = state.pipeline().mapper.library().clone();
    let begun = Instant::now();
    let taken = web::block(move || {
        // Held until the work is done, even if the sender goes away.
        let _place = place;
        let wanted = Wanted { name: import.name, version: import.version, licence: import.licence, language: import.language };
        let into = import.into.as_deref().filter(|name| !name.is_empty());
        let download = Download { file_name: &import.file_name, bytes: &bytes, wanted, into, is_strict: import.strict };
        take_in(&library, download, |_, _| {}).map(|taken| (taken, library))
    });
    let (Taken { about, problems, problem_count, .. }, library) = taken.await.map_err(Problem::internal)?.map_err(refused)?;
    tracing::info!(
        taxonomy = about.id(),
        concepts = about.concepts,
        seconds = begun.elapsed().as_secs(),
        "a taxonomy was imported"
    );
    state.tasks.wake();
    Ok(HttpResponse::Created().json(Imported { taxonomy: Taxonomy::of(about, &library), left_out: problem_count, problems }))
}

fn refused(error: TakeInError) -> Problem {
    match error {
        TakeInError::Io(cause) => Problem::internal(cause),
        TakeInError::Strict { count, problems } => {
            let first =
                problems.first().map_or_else(String::new, |row| format!("; the first is line {}: {}", row.line, row.message));
            Problem::invalid_field("file", format!("has {count} rows that can't be read{first}"))
        }
        TakeInError::NoName => {
            Problem::invalid_field("name", "is needed, for example our-skills: the file does not say what it is")
        }
        TakeInError::NoVersion => {
            Problem::invalid_field("version", "is needed, for example 1.2.0: every concept carries the version of its taxonomy")
        }
        TakeInError::NothingToAddTo(name) => Problem::invalid_field("into", format!("names {name}, and no version of it counts")),
        TakeInError::Import(error) => Problem::invalid_field("file", format!("can't be imported: {error}")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    version: String,
}

/// `PUT /v1/taxonomies/{name}/active`: from now on this version counts, an earlier one as well.
pub async fn activate(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<String>,
    body: web::Json<Version>,
) -> Result<HttpResponse, Problem> {
    manager(&state, &caller)?;
    let (name, version) = (path.into_inner(), body.into_inner().version);
    let library = state.pipeline().mapper.library().clone();
    web::block(move || library.activate(&name, &version)).await.map_err(Problem::internal)?.map_err(missing)?;
    state.tasks.wake();
    list(state, caller).await
}

/// `DELETE /v1/taxonomies/{name}/{version}`
pub async fn remove(state: web::Data<State>, caller: Caller, path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    manager(&state, &caller)?;
    let (name, version) = path.into_inner();
    let library = state.pipeline().mapper.library().clone();
    web::block(move || library.remove(&name, &version)).await.map_err(Problem::internal)?.map_err(missing)?;
    state.tasks.wake();
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    since: String,
}

#[derive(Serialize)]
struct Changes {
    added: Changed<unbuild::Named>,
    removed: Changed<unbuild::Named>,
    renamed: Changed<unbuild::Renamed>,
}

#[derive(Serialize)]
struct Changed<T> {
    count: usize,
    /// The first.
    items: Vec<T>,
}

impl<T> From<Vec<T>> for Changed<T> {
    fn from(mut items: Vec<T>) -> Self {
        let count = items.len();
        items.truncate(LISTED);
        Self { count, items }
    }
}

/// `GET /v1/taxonomies/{name}/{version}/changes?since=VERSION`
pub async fn changes(
    state: web::Data<State>,
    _caller: Caller,
    path: web::Path<(String, String)>,
    query: web::Query<Since>,
) -> Result<HttpResponse, Problem> {
    let ((name, version), since) = (path.into_inner(), query.into_inner().since);
    let library = state.pipeline().mapper.library().clone();
    let found = web::block(move || Ok(unbuild::difference(&library.load(&name, &since)?, &library.load(&name, &version)?)));
    let found = found.await.map_err(Problem::internal)?.map_err(missing)?;
    let changes = Changes { added: found.added.into(), removed: found.removed.into(), renamed: found.renamed.into() };
    Ok(HttpResponse::Ok().json(changes))
}

fn missing(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound => Problem::not_found("version of a taxonomy"),
        _ => Problem::internal(error),
    }
}
