//! The whole table of routes. A row says everything about who may call it: whether a caller is needed, which scope a short-lived
//! token needs, which sites' pages may call. The middleware that enforces a row is put on here and nowhere else.
//! Comes in: nothing. Goes out: the services of an actix application.

mod privacy;

use super::auth::require_caller;
use super::handlers::{
    api_keys, backfill, backpacks, candidates, connections, connectors, credentials, deliveries, digital_credentials, events,
    exchange_events, exchanges, invitations, link, oauth, oid4vp, open_badges, person_links, push, receipts, request_templates,
    session, skills, submissions, system, trust, vcalm, vcalm_verify, watch,
};
use super::problem::{Code, Problem};
use super::state::State;
use super::{arrival, cors, envelope, extract, pages};
use crate::protocol::open_badges::Api;
use crate::web::channel;
use actix_web::body::BoxBody;
use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::{App, HttpRequest, HttpResponse, Resource, Route, guard, middleware, web};
use std::collections::BTreeMap;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody: it shows nothing of a tenant, or it has a capability in its address.
    Public,
    /// An API key or a session: the handler gets the `Caller`.
    Tenant,
    /// The same, for a page: a stranger gets the sign-in page, and a problem becomes a page.
    Page,
    /// An OAuth token of a candidate (or an API key that names one): the handler itself looks, because its errors have a form of their own.
    Candidate,
}

/// Which sites' pages may call a route from a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The gateway's own pages only.
    Own,
    /// Any site, without cookies: browser wallets and other platforms.
    Any,
}

/// Where a route is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Described {
    /// In the OpenAPI document.
    OpenApi,
    /// Nowhere: a page or an asset.
    Page,
}

/// One row of the table.
pub struct Row {
    pub method: Method,
    pub path: String,
    pub access: Access,
    /// The scope with which a short-lived token of the employer's own system opens the route, beside API keys and sessions (VCALM).
    pub scope: Option<&'static str>,
    /// The same for all rows of one path.
    pub origin: Origin,
    pub described: Described,
    handler: fn() -> Route,
}

macro_rules! rows {
    ($($method:ident $path:literal $access:ident $scope:tt $origin:ident $described:ident => $handler:path;)+) => {
        vec![$(Row {
            method: Method::$method,
            path: $path.to_owned(),
            access: Access::$access,
            scope: scope!($scope),
            origin: Origin::$origin,
            described: Described::$described,
            handler: || Route::new().to($handler),
        }),+]
    };
}

macro_rules! scope {
    (-) => {
        None
    };
    ($scope:literal) => {
        Some($scope)
    };
}
use {rows, scope};

/// Every route of the gateway.
pub fn table() -> Vec<Row> {
    let mut rows = all_fixed();
    rows.extend(Api::ALL.into_iter().flat_map(badge_api));
    rows
}

/// The Open Badges API below the base address of one of its twins. Some clients end its addresses with a slash: that is the same
/// address, and the OpenAPI document names it once.
fn badge_api(api: Api) -> Vec<Row> {
    let base = api.base_path();
    let ending = |end: &'static str, described: Described| {
        badge_resources().into_iter().map(move |row| Row { path: format!("{base}{}{end}", row.path), described, ..row })
    };
    ending("", Described::OpenApi).chain(ending("/", Described::Page)).collect()
}

/// The routes outside the Open Badges API.
fn all_fixed() -> Vec<Row> {
    let mut rows = fixed();
    rows.extend(privacy::rows());
    rows
}

/// Paths are relative to an API's base address.
#[rustfmt::skip]
fn badge_resources() -> Vec<Row> {
    rows! {
        GET  "/discovery"   Public    - Any OpenApi => open_badges::discovery;
        POST "/credentials" Candidate - Any OpenApi => open_badges::upsert;
        GET  "/credentials" Candidate - Any OpenApi => open_badges::list;
        GET  "/profile"     Candidate - Any OpenApi => open_badges::profile;
        PUT  "/profile"     Candidate - Any OpenApi => open_badges::put_profile;
    }
}

/// Most of them. More special paths stand before more general ones.
/// Columns: method, path, who may call, scope of a short-lived token, pages of which sites, where it is described.
#[rustfmt::skip]
fn fixed() -> Vec<Row> {
    rows! {
        POST   "/v1/submissions"                                                  Tenant -                              Own OpenApi => submissions::create;
        GET    "/v1/submissions"                                                  Tenant -                              Own OpenApi => submissions::list;
        POST   "/v1/submissions/link"                                             Tenant -                              Own OpenApi => link::create;
        GET    "/v1/submissions/{id}"                                             Tenant -                              Own OpenApi => submissions::get;
        GET    "/v1/credentials"                                                  Tenant -                              Own OpenApi => credentials::list;
        GET    "/v1/credentials/{id}"                                             Tenant -                              Own OpenApi => credentials::get;
        GET    "/v1/credentials/{id}/report"                                      Tenant -                              Own OpenApi => credentials::report;
        GET    "/v1/credentials/{id}/source"                                      Tenant -                              Own OpenApi => credentials::source;
        GET    "/v1/credentials/{id}/receipt"                                     Tenant -                              Own OpenApi => receipts::get;
        GET    "/receipt-key.json"                                                Public -                              Own OpenApi => receipts::key;
        GET    "/v1/candidates/{ref}"                                             Tenant -                              Own OpenApi => candidates::get;
        DELETE "/v1/candidates/{ref}"                                             Tenant -                              Own OpenApi => candidates::erase;
        POST   "/v1/candidates/{ref}/merge"                                       Tenant -                              Own OpenApi => candidates::merge;
        DELETE "/v1/candidates/{ref}/addresses/{id}"                              Tenant -                              Own OpenApi => candidates::forget_address;
        GET    "/v1/candidates/{ref}/skills"                                      Tenant -                              Own OpenApi => candidates::skills;
        GET    "/v1/request-templates"                                            Tenant -                              Own OpenApi => request_templates::list;
        GET    "/v1/request-templates/{name}"                                     Tenant -                              Own OpenApi => request_templates::get;
        PUT    "/v1/request-templates/{name}"                                     Tenant -                              Own OpenApi => request_templates::put;
        DELETE "/v1/request-templates/{name}"                                     Tenant -                              Own OpenApi => request_templates::delete;
        GET    "/v1/skills/review"                                                Tenant -                              Own OpenApi => skills::review;
        POST   "/v1/skills/decisions"                                             Tenant -                              Own OpenApi => skills::decide;
        GET    "/v1/skills/decisions"                                             Tenant -                              Own OpenApi => skills::list;
        POST   "/v1/skills/decisions/import"                                      Tenant -                              Own OpenApi => skills::import;
        DELETE "/v1/skills/decisions/{id}"                                        Tenant -                              Own OpenApi => skills::undo;
        GET    "/v1/skills/concepts"                                              Tenant -                              Own OpenApi => skills::search;
        GET    "/v1/skills/catalogue"                                             Tenant -                              Own OpenApi => skills::catalogue;
        PUT    "/v1/skills/catalogue"                                             Tenant -                              Own OpenApi => skills::choose;
        GET    "/v1/events"                                                       Tenant -                              Own OpenApi => events::list;
        GET    "/v1/connectors"                                                   Tenant -                              Own OpenApi => connectors::list;
        POST   "/v1/connections"                                                  Tenant -                              Own OpenApi => connections::create;
        GET    "/v1/connections"                                                  Tenant -                              Own OpenApi => connections::list;
        GET    "/v1/connections/{id}"                                             Tenant -                              Own OpenApi => connections::get;
        PATCH  "/v1/connections/{id}"                                             Tenant -                              Own OpenApi => connections::update;
        DELETE "/v1/connections/{id}"                                             Tenant -                              Own OpenApi => connections::delete;
        POST   "/v1/connections/{id}/pause"                                       Tenant -                              Own OpenApi => connections::pause;
        POST   "/v1/connections/{id}/resume"                                      Tenant -                              Own OpenApi => connections::resume;
        POST   "/v1/connections/{id}/test"                                        Tenant -                              Own OpenApi => connections::test;
        POST   "/v1/connections/{id}/backfill"                                    Tenant -                              Own OpenApi => backfill::backfill;
        GET    "/v1/connections/{id}/people"                                      Tenant -                              Own OpenApi => person_links::list;
        PUT    "/v1/connections/{id}/people/{candidate_ref}"                      Tenant -                              Own OpenApi => person_links::put;
        DELETE "/v1/connections/{id}/people/{candidate_ref}"                      Tenant -                              Own OpenApi => person_links::delete;
        GET    "/v1/deliveries"                                                   Tenant -                              Own OpenApi => deliveries::list;
        POST   "/v1/deliveries/replay"                                            Tenant -                              Own OpenApi => deliveries::replay_many;
        GET    "/v1/deliveries/{id}"                                              Tenant -                              Own OpenApi => deliveries::get;
        POST   "/v1/deliveries/{id}/replay"                                       Tenant -                              Own OpenApi => deliveries::replay;
        GET    "/v1/trust/policy"                                                 Tenant -                              Own OpenApi => trust::get;
        PUT    "/v1/trust/policy"                                                 Tenant -                              Own OpenApi => trust::publish;
        DELETE "/v1/trust/policy"                                                 Tenant -                              Own OpenApi => trust::use_file;
        POST   "/v1/trust/policy/trial"                                           Tenant -                              Own OpenApi => trust::trial;
        POST   "/v1/trust/policy/rule"                                            Tenant -                              Own OpenApi => trust::with_rule;
        GET    "/v1/trust/policy/versions"                                        Tenant -                              Own OpenApi => trust::versions;
        GET    "/v1/trust/issuers"                                                Tenant -                              Own OpenApi => trust::issuers;
        GET    "/v1/api-keys"                                                     Tenant -                              Own OpenApi => api_keys::list;
        POST   "/v1/api-keys"                                                     Tenant -                              Own OpenApi => api_keys::create;
        DELETE "/v1/api-keys/{id}"                                                Tenant -                              Own OpenApi => api_keys::revoke;
        POST   "/session"                                                         Public -                              Own OpenApi => session::begin;
        GET    "/session"                                                         Tenant -                              Own OpenApi => session::get;
        DELETE "/session"                                                         Public -                              Own OpenApi => session::end;
        GET    "/healthz"                                                         Public -                              Own OpenApi => watch::healthz;
        GET    "/readyz"                                                          Public -                              Own OpenApi => watch::readyz;
        GET    "/metrics"                                                         Public -                              Own OpenApi => watch::metrics;
        GET    "/openapi.json"                                                    Public -                              Own OpenApi => system::openapi;
        GET    "/asyncapi.json"                                                   Public -                              Own OpenApi => system::asyncapi;
        GET    "/schemas/{name}"                                                  Public -                              Own OpenApi => system::schema;
        GET    "/schemas/events/{name}"                                           Public -                              Own OpenApi => system::event_schema;
        GET    "/problems/{code}"                                                 Public -                              Own OpenApi => system::problem;
        POST   "/v1/invitations"                                                  Tenant -                              Own OpenApi => invitations::create;
        GET    "/v1/invitations"                                                  Tenant -                              Own OpenApi => invitations::list;
        DELETE "/v1/invitations/{id}"                                             Tenant -                              Own OpenApi => invitations::revoke;
        POST   "/v1/backpacks"                                                    Tenant -                              Own OpenApi => backpacks::create;
        GET    "/v1/backpacks"                                                    Tenant -                              Own OpenApi => backpacks::list;
        GET    "/v1/backpacks/{id}"                                               Tenant -                              Own OpenApi => backpacks::get;
        DELETE "/v1/backpacks/{id}"                                               Tenant -                              Own OpenApi => backpacks::disconnect;
        POST   "/v1/backpacks/{id}/pull"                                          Tenant -                              Own OpenApi => backpacks::pull;
        GET    "/v1/push-channels"                                                Tenant -                              Own OpenApi => push::channels;
        POST   "/v1/push-subscriptions"                                           Tenant -                              Own OpenApi => push::create;
        GET    "/v1/push-subscriptions"                                           Tenant -                              Own OpenApi => push::list;
        DELETE "/v1/push-subscriptions/{id}"                                      Tenant -                              Own OpenApi => push::delete;
        POST   "/v1/push/{channel}/{id}"                                          Public -                              Own OpenApi => push::receive;
        POST   "/v1/push/{channel}/{id}/{key}"                                    Public -                              Own OpenApi => push::receive_with_key;
        POST   "/workflows/credentials/exchanges"                                 Tenant "write:/workflows"             Any OpenApi => exchanges::create;
        GET    "/workflows/credentials/exchanges"                                 Tenant "read:/workflows"              Any OpenApi => exchanges::list;
        GET    "/workflows/credentials/exchanges/{x}"                             Tenant "read:/workflows"              Any OpenApi => exchanges::get;
        GET    "/workflows/credentials/exchanges/{x}/log"                         Tenant "read:/workflows"              Any OpenApi => exchanges::log;
        POST   "/credentials/verify"                                              Tenant "write:/credentials/verify"    Any OpenApi => vcalm_verify::credential;
        POST   "/presentations/verify"                                            Tenant "write:/presentations/verify"  Any OpenApi => vcalm_verify::presentation;
        POST   "/challenges"                                                      Tenant "write:/presentations/verify"  Any OpenApi => vcalm_verify::challenge;
        POST   "/workflows/credentials/exchanges/{x}"                             Public -                              Any OpenApi => vcalm::participate;
        GET    "/workflows/credentials/exchanges/{x}/protocols"                   Public -                              Any OpenApi => vcalm::protocol_map;
        GET    "/workflows/credentials/exchanges/{x}/request"                     Public -                              Any OpenApi => vcalm::current_request;
        GET    "/workflows/credentials/exchanges/{x}/openid4vp/request"           Public -                              Any OpenApi => oid4vp::request;
        POST   "/workflows/credentials/exchanges/{x}/openid4vp/request"           Public -                              Any OpenApi => oid4vp::request;
        POST   "/workflows/credentials/exchanges/{x}/openid4vp/response"          Public -                              Any OpenApi => oid4vp::response;
        GET    "/interactions/{x}"                                                Public -                              Any OpenApi => vcalm::interaction;
        GET    "/interactions/{x}/digital-credentials"                            Public -                              Own OpenApi => digital_credentials::requests;
        POST   "/interactions/{x}/digital-credentials"                            Public -                              Own OpenApi => digital_credentials::answer;
        GET    "/interactions/{x}/events"                                         Public -                              Any OpenApi => exchange_events::events;
        GET    "/.well-known/oauth-authorization-server"                          Public -                              Any OpenApi => oauth::metadata;
        POST   "/oauth/register"                                                  Public -                              Any OpenApi => oauth::register;
        GET    "/oauth/authorize"                                                 Public -                              Own OpenApi => oauth::authorize;
        POST   "/oauth/authorize"                                                 Public -                              Own OpenApi => oauth::decide;
        POST   "/oauth/token"                                                     Public -                              Any OpenApi => oauth::token;
        POST   "/oauth/revoke"                                                    Public -                              Any OpenApi => oauth::revoke;
        GET    "/connect/{code}"                                                  Public -                              Own Page    => invitations::connect;
        GET    "/backpacks/callback"                                              Public -                              Own Page    => backpacks::callback;
        GET    "/backpacks/{start}/start"                                         Public -                              Own Page    => backpacks::start;
        GET    "/about/terms"                                                     Public -                              Own Page    => channel::terms;
        GET    "/about/privacy"                                                   Public -                              Own Page    => channel::privacy;
        GET    "/"                                                                Page   -                              Own Page    => pages::inbox::page;
        GET    "/submissions/{id}"                                                Page   -                              Own Page    => pages::submission::page;
        GET    "/submissions/{id}/results.csv"                                    Page   -                              Own Page    => pages::submission::table;
        GET    "/candidates"                                                      Page   -                              Own Page    => pages::candidates::page;
        GET    "/candidates/{ref}"                                                Page   -                              Own Page    => pages::candidate::page;
        GET    "/candidates/{ref}/skills.csv"                                     Page   -                              Own Page    => pages::candidate::table;
        GET    "/candidates/{ref}/merge"                                          Page   -                              Own Page    => pages::candidate::merge;
        GET    "/requests"                                                        Page   -                              Own Page    => pages::requests::list;
        POST   "/requests"                                                        Tenant -                              Own Page    => pages::requests::create::create;
        GET    "/requests/new"                                                    Page   -                              Own Page    => pages::requests::new;
        GET    "/requests/qr.svg"                                                 Page   -                              Own Page    => pages::requests::qr;
        GET    "/requests/{id}"                                                   Page   -                              Own Page    => pages::requests::page;
        GET    "/admin"                                                           Page   -                              Own Page    => pages::scripted::admin;
        GET    "/skills"                                                          Page   -                              Own Page    => pages::scripted::skills;
        GET    "/trust"                                                           Page   -                              Own Page    => pages::trust::page;
        GET    "/overview"                                                        Page   -                              Own Page    => pages::overview::page;
        GET    "/keys"                                                            Page   -                              Own Page    => pages::keys::page;
        GET    "/deliveries"                                                      Page   -                              Own Page    => pages::deliveries::page;
        GET    "/deliveries/{id}"                                                 Page   -                              Own Page    => pages::deliveries::one;
        GET    "/docs"                                                            Public -                              Own Page    => pages::docs::index;
        GET    "/docs/api/{subject}"                                              Public -                              Own Page    => pages::docs::api;
        GET    "/docs/catalogue"                                                  Public -                              Own Page    => pages::docs::catalogue;
        GET    "/docs/receivers"                                                  Public -                              Own Page    => pages::docs::receivers;
        GET    "/docs/connectors/{name}"                                          Public -                              Own Page    => pages::docs::connector;
        GET    "/docs/decisions/{name}"                                           Public -                              Own Page    => pages::docs::decision;
        GET    "/docs/{name}"                                                     Public -                              Own Page    => pages::docs::document;
        GET    "/assets/{name}"                                                   Public -                              Own Page    => system::asset;
    }
}

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
    for (path, rows) in by_path(all_fixed()) {
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
        let route = match row.access {
            // Without a body there is nothing to watch.
            Access::Public | Access::Candidate if row.method == Method::GET => route,
            Access::Public | Access::Candidate => route.wrap(middleware::from_fn(arrival::of_stranger)),
            Access::Page => route.wrap(middleware::from_fn(pages::admit)),
            Access::Tenant => route.wrap(middleware::from_fn(
                move |state: web::Data<State>, request: ServiceRequest, next: middleware::Next<BoxBody>| {
                    require_caller(row.scope, state, request, next)
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
        true => Ok(pages::error_page(&request, &problem, false)),
        false => Err(problem),
    }
}

async fn method_not_allowed(allow: String) -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::MethodNotAllowed, format!("This address answers {allow}.")).header("allow", allow))
}

#[cfg(test)]
mod tests;
