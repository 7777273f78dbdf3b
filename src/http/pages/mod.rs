//! The employer's pages: who may see them, in which language, and what is shown instead of an error of the API.
//! Comes in: a browser's GET. Goes out: HTML. One file per page; a page reads typed input, asks the store, and names a template.

pub mod account;
pub mod actors;
pub mod audit;
pub mod candidate;
pub mod candidates;
pub mod connections;
pub mod csv;
pub mod deliveries;
pub mod docs;
pub mod erasure;
pub mod inbox;
pub mod keys;
pub mod overview;
pub mod person;
pub mod picture;
pub mod requests;
pub mod scripted;
pub mod submission;
pub mod taxonomies;
pub mod trust;
pub mod users;
pub mod words;

use super::admission::{self, Admission};
use super::auth::{self, Caller};
use super::extract::header;
use super::paging;
use super::problem::{Code, Problem};
use super::routes::allowed;
use super::session;
use super::state::State;
use crate::model::record::Page;
use crate::web::frame::{self, Area, Reader};
use crate::web::messages::{self, Language};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, COOKIE, LOCATION, SET_COOKIE};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, web};
use serde::Serialize;
use std::future::{Ready, ready};

const LANGUAGE_COOKIE: &str = "language";
const YEAR_SECONDS: u32 = 365 * 24 * 3600;

/// Rows of a list.
const ROWS: u32 = 50;

/// The rows of a list after that cursor; from the beginning when it is empty.
fn rows_after(after: &str) -> Result<Page, Problem> {
    paging::page(Some(ROWS), Some(after).filter(|after| !after.is_empty()))
}

/// A signed-in person looks at a page.
pub struct Visit {
    pub caller: Caller,
    pub language: Language,
    request: HttpRequest,
}

impl Visit {
    /// The page that a template makes of values; numbers in them are plain numbers, never `serde_json` numbers.
    pub fn page<T: Serialize>(&self, template: &str, area: Area, values: &T) -> HttpResponse {
        in_frame(&self.request, 200, template, area, Some(&self.caller), values)
    }
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload).into_inner();
        ready(caller.map(|caller| Self { caller, language: language_of(request), request: request.clone() }))
    }
}

/// Middleware of the pages. A stranger gets the sign-in page at the same address; a problem becomes a page.
pub async fn admit(
    admission: Admission,
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(chosen) = chosen_language(request.query_string()) {
        let answer = remember_language(&state, request.request(), chosen);
        return Ok(request.into_response(answer));
    }
    let caller = match auth::identify(&state, request.request()).await {
        Ok(caller) => caller,
        Err(problem) if problem.code == Code::Unauthorized => {
            let answer = sign_in(&state, request.request()).await;
            return Ok(request.into_response(answer));
        }
        Err(problem) => {
            let answer = error_page(request.request(), &problem);
            return Ok(request.into_response(answer));
        }
    };
    request.extensions_mut().insert(caller.clone());
    if let Err(problem) = admission::check_role(&state, request.request(), admission, &caller).await {
        let answer = error_page(request.request(), &problem);
        return Ok(request.into_response(answer));
    }
    let response = next.call(request).await?;
    let noted = admission::note(&state, admission, &caller, &response).await;
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
    let Some(problem) = noted.err().or(problem) else { return Ok(response) };
    let answer = error_page(response.request(), &problem);
    Ok(response.into_response(answer))
}

/// Asks for an address with a password when there are users, and for a key else.
async fn sign_in(state: &State, request: &HttpRequest) -> HttpResponse {
    #[derive(Serialize)]
    struct Values {
        has_users: bool,
    }
    match state.store().has_users().await {
        Ok(has_users) => in_frame(request, 401, "sign_in.html", Area::Elsewhere, None, &Values { has_users }),
        Err(error) => error_page(request, &error.into()),
    }
}

/// A page that strangers may read, too; with a session it has the navigation.
pub async fn open<T: Serialize>(state: &State, request: &HttpRequest, template: &str, area: Area, values: &T) -> HttpResponse {
    if let Some(chosen) = chosen_language(request.query_string()) {
        return remember_language(state, request, chosen);
    }
    let caller = auth::identify(state, request).await.ok();
    in_frame(request, 200, template, area, caller.as_ref(), values)
}

/// Whether a browser asks for a page, and not a program for data.
pub fn wants_page(request: &HttpRequest) -> bool {
    header(request.headers(), ACCEPT).is_some_and(|accepted| accepted.contains("text/html"))
}

/// A problem in words for people.
pub fn error_page(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    #[derive(Serialize)]
    struct Values<'a> {
        status: u16,
        title: String,
        text: String,
        /// What the API would say; only where it helps the reader.
        detail: Option<&'a str>,
    }
    let language = language_of(request);
    let family = match problem.code {
        Code::NotFound | Code::InvalidPath => "error.not_found",
        Code::RoleNotAllowed => "error.not_allowed",
        Code::InvitationOver => "error.invitation_over",
        Code::InvalidQuery => "error.invalid_query",
        Code::Unavailable | Code::TooManyRequests => "error.unavailable",
        Code::StorageFull => "error.storage_full",
        _ => "error.internal",
    };
    let values = Values {
        status: problem.code.status(),
        title: messages::text(language, &format!("{family}.title")),
        text: messages::text(language, &format!("{family}.text")),
        detail: matches!(problem.code, Code::InvalidQuery | Code::RoleNotAllowed).then_some(problem.detail.as_str()),
    };
    let caller = request.extensions().get::<Caller>().cloned();
    in_frame(request, problem.code.status(), "error.html", Area::Elsewhere, caller.as_ref(), &values)
}

fn in_frame<T: Serialize>(
    request: &HttpRequest,
    status: u16,
    template: &str,
    area: Area,
    caller: Option<&Caller>,
    values: &T,
) -> HttpResponse {
    let query = request.query_string();
    let reader = Reader {
        language: language_of(request),
        area,
        path: request.path(),
        query,
        is_signed_in: caller.is_some(),
        allowed: caller.map(|caller| allowed(caller.role)).unwrap_or_default(),
    };
    frame::page(status, template, &reader, values)
}

/// What the person chose once, else what the browser prefers.
fn language_of(request: &HttpRequest) -> Language {
    let cookies = header(request.headers(), COOKIE).unwrap_or_default();
    let chosen = session::cookie(cookies, LANGUAGE_COOKIE).and_then(Language::of_tag);
    chosen.unwrap_or_else(|| Language::preferred(header(request.headers(), ACCEPT_LANGUAGE).unwrap_or_default()))
}

fn pairs(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| !pair.is_empty())
}

fn chosen_language(query: &str) -> Option<Language> {
    pairs(query).find_map(|pair| pair.strip_prefix("lang=")).and_then(Language::of_tag)
}

/// Notes the choice and leads to the same address without it.
fn remember_language(state: &State, request: &HttpRequest, chosen: Language) -> HttpResponse {
    let rest: Vec<&str> = pairs(request.query_string()).filter(|pair| !pair.starts_with("lang=")).collect();
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    let secure = if state.public_url().starts_with("https://") { "; Secure" } else { "" };
    let cookie = format!("{LANGUAGE_COOKIE}={}; Path=/; Max-Age={YEAR_SECONDS}; HttpOnly; SameSite=Lax{secure}", chosen.tag());
    HttpResponse::SeeOther()
        .insert_header((SET_COOKIE, cookie))
        .insert_header((LOCATION, format!("{}{query}", request.path())))
        .finish()
}
