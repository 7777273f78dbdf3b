//! The whole table of routes. A row says everything about who may call it: whether a caller is needed, which roles, which scope a
//! short-lived token needs, which sites' pages may call, and what the audit log notes. The middleware that enforces a row is put on here and nowhere else.
//! Comes in: nothing. Goes out: the services of an actix application.

mod privacy;
mod rows;

pub use rows::{Access, Described, Origin, Row, allowed, table};

use super::admission::{self, Admission};
use super::handlers::open_badges;
use super::problem::{Code, Problem};
use super::state::State;
use super::{arrival, cors, envelope, extract, pages};
use crate::protocol::open_badges::Api;
use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::{App, HttpRequest, HttpResponse, Resource, Route, guard, middleware, web};
use rows::{badge_api, fixed};
use std::collections::BTreeMap;

/// Registers every route, the extractors' error handlers and the answers to unknown paths and methods.
pub fn configure(config: &mut web::ServiceConfig, state: State) {
    config
        .app_data(web::Data::new(state.watch.clone()))
        .app_data(web::Data::new(state))
        .app_data(extract::path_config())
        .app_data(extract::query_config())
        .app_data(extract::json_config())
        .app_data(extract::payload_config())
        .default_service(web::to(not_found));
    // The answers of the Open Badges API to unknown addresses and methods have that API's own form.
    for (path, rows) in by_path(fixed()) {
        config.service(resource(&path, rows, |allow| web::to(move || method_not_allowed(allow.clone()))));
    }
    for (path, rows) in by_path(Api::ALL.into_iter().flat_map(badge_api).collect()) {
        config.service(resource(&path, rows, |allow| web::to(move || open_badges::not_allowed(allow.clone()))));
    }
    let elsewhere = web::resource("/ims/{rest:.*}").wrap(middleware::from_fn(cors::allow));
    config.service(elsewhere.default_service(web::to(open_badges::not_found)));
}

/// The application with its outermost middleware. The server runs it, and tests call it.
pub fn application(
    state: State,
) -> App<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new().wrap(middleware::from_fn(envelope::wrap)).configure(|config| configure(config, state))
}

/// Rows of one path together, in the order of the table.
fn by_path(rows: Vec<Row>) -> Vec<(String, Vec<Row>)> {
    let mut position: BTreeMap<String, usize> = BTreeMap::new();
    let mut grouped: Vec<(String, Vec<Row>)> = Vec::new();
    for row in rows {
        let index = *position.entry(row.path.clone()).or_insert(grouped.len());
        match grouped.get_mut(index) {
            Some((_, group)) => group.push(row),
            None => grouped.push((row.path.clone(), vec![row])),
        }
    }
    grouped
}

/// `refuse`: answers other methods; it is given the value of the Allow header.
fn resource(path: &str, rows: Vec<Row>, refuse: fn(String) -> Route) -> impl HttpServiceFactory + 'static {
    let mut resource: Resource = web::resource(path).default_service(refuse(allowed_methods(&rows).join(", ")));
    let any_origin = rows.iter().any(|row| row.origin == Origin::Any);
    for row in rows {
        let route = (row.handler)();
        let admission = Admission { roles: row.roles, audit: row.audit, scope: row.scope };
        let route = match row.access {
            // Without a body there is nothing to watch.
            Access::Public | Access::Candidate if row.method == Method::GET => route,
            Access::Public | Access::Candidate => route.wrap(middleware::from_fn(arrival::of_stranger)),
            Access::Page => route.wrap(middleware::from_fn(
                move |state: web::Data<State>, request: ServiceRequest, next: middleware::Next<BoxBody>| {
                    pages::admit(admission, state, request, next)
                },
            )),
            Access::Tenant => route.wrap(middleware::from_fn(
                move |state: web::Data<State>, request: ServiceRequest, next: middleware::Next<BoxBody>| {
                    admission::require_caller(admission, state, request, next)
                },
            )),
        };
        // RFC 9110 §9.3.2: HEAD is answered wherever GET is; the server leaves the body out.
        let route = match row.method {
            Method::GET => route.guard(guard::Any(guard::Get()).or(guard::Head())),
            method => route.method(method),
        };
        resource = resource.route(route);
    }
    if any_origin {
        resource = resource.route(Route::new().method(Method::OPTIONS).to(cors::preflight));
    }
    resource.wrap(middleware::Condition::new(any_origin, middleware::from_fn(cors::allow)))
}

fn allowed_methods(rows: &[Row]) -> Vec<&'static str> {
    let mut methods = Vec::new();
    for row in rows {
        match row.method {
            Method::GET => methods.extend(["GET", "HEAD"]),
            Method::POST => methods.push("POST"),
            Method::PUT => methods.push("PUT"),
            Method::PATCH => methods.push("PATCH"),
            Method::DELETE => methods.push("DELETE"),
            _ => methods.push("OPTIONS"),
        }
    }
    methods
}

async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let problem = Problem::new(Code::NotFound, "There is nothing at this address; /openapi.json lists what there is.");
    match pages::wants_page(&request) {
        true => Ok(pages::error_page(&request, &problem)),
        false => Err(problem),
    }
}

async fn method_not_allowed(allow: String) -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::MethodNotAllowed, format!("This address answers {allow}.")).header("allow", allow))
}

#[cfg(test)]
mod tests;
