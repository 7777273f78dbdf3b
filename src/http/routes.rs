//! The whole table of routes. A row says who may call it; the middleware that enforces it is put on here and nowhere else.
//! Comes in: nothing. Goes out: the services of an actix application.

use super::auth::require_caller;
use super::handlers::{
    api_keys, backpacks, candidates, connections, connectors, credentials, deliveries, events, exchange_events, exchanges,
    invitations, link, oauth, oid4vp, open_badges, receipts, session, submissions, system, vcalm, vcalm_verify,
};
use super::problem::{Code, Problem};
use super::state::State;
use super::{cors, envelope, extract};
use crate::web as pages;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::{App, HttpResponse, Resource, Route, guard, middleware, web};
use std::collections::BTreeMap;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody: it shows nothing of a tenant, or it has a capability in its address.
    Public,
    /// An API key or a session: the handler gets the `Caller`.
    Tenant,
    /// An OAuth token of a candidate (or an API key that names one): the handler itself looks, because its errors have a form of their own.
    Candidate,
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
    pub path: &'static str,
    pub access: Access,
    pub described: Described,
    handler: fn() -> Route,
}

macro_rules! rows {
    ($($method:ident $path:literal $access:ident $described:ident => $handler:path;)+) => {
        vec![$(Row {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            described: Described::$described,
            handler: || Route::new().to($handler),
        }),+]
    };
}

/// Every route of the gateway. More special paths stand before more general ones.
#[rustfmt::skip]
pub fn table() -> Vec<Row> {
    rows! {
        POST   "/v1/submissions"                    Tenant OpenApi => submissions::create;
        GET    "/v1/submissions"                    Tenant OpenApi => submissions::list;
        POST   "/v1/submissions/link"               Tenant OpenApi => link::create;
        GET    "/v1/submissions/{id}"               Tenant OpenApi => submissions::get;
        GET    "/v1/credentials"                    Tenant OpenApi => credentials::list;
        GET    "/v1/credentials/{id}"               Tenant OpenApi => credentials::get;
        GET    "/v1/credentials/{id}/report"        Tenant OpenApi => credentials::report;
        GET    "/v1/credentials/{id}/source"        Tenant OpenApi => credentials::source;
        GET    "/v1/credentials/{id}/receipt"       Tenant OpenApi => receipts::get;
        GET    "/receipt-key.json"                  Public OpenApi => receipts::key;
        GET    "/v1/candidates/{ref}"               Tenant OpenApi => candidates::get;
        DELETE "/v1/candidates/{ref}"               Tenant OpenApi => candidates::erase;
        GET    "/v1/candidates/{ref}/skills"        Tenant OpenApi => candidates::skills;
        GET    "/v1/events"                         Tenant OpenApi => events::list;
        GET    "/v1/connectors"                     Tenant OpenApi => connectors::list;
        POST   "/v1/connections"                    Tenant OpenApi => connections::create;
        GET    "/v1/connections"                    Tenant OpenApi => connections::list;
        GET    "/v1/connections/{id}"               Tenant OpenApi => connections::get;
        PATCH  "/v1/connections/{id}"               Tenant OpenApi => connections::update;
        DELETE "/v1/connections/{id}"               Tenant OpenApi => connections::delete;
        POST   "/v1/connections/{id}/pause"         Tenant OpenApi => connections::pause;
        POST   "/v1/connections/{id}/resume"        Tenant OpenApi => connections::resume;
        POST   "/v1/connections/{id}/test"          Tenant OpenApi => connections::test;
        GET    "/v1/deliveries"                     Tenant OpenApi => deliveries::list;
        POST   "/v1/deliveries/replay"              Tenant OpenApi => deliveries::replay_many;
        GET    "/v1/deliveries/{id}"                Tenant OpenApi => deliveries::get;
        POST   "/v1/deliveries/{id}/replay"         Tenant OpenApi => deliveries::replay;
        GET    "/v1/api-keys"                       Tenant OpenApi => api_keys::list;
        POST   "/v1/api-keys"                       Tenant OpenApi => api_keys::create;
        DELETE "/v1/api-keys/{id}"                  Tenant OpenApi => api_keys::revoke;
        POST   "/session"                           Public OpenApi => session::begin;
        GET    "/session"                           Tenant OpenApi => session::get;
        DELETE "/session"                           Public OpenApi => session::end;
        GET    "/healthz"                           Public OpenApi => system::healthz;
        GET    "/readyz"                            Public OpenApi => system::readyz;
        GET    "/metrics"                           Public OpenApi => system::metrics;
        GET    "/openapi.json"                      Public OpenApi => system::openapi;
        GET    "/problems/{code}"                   Public OpenApi => system::problem;
        POST   "/v1/invitations"                            Tenant OpenApi => invitations::create;
        GET    "/v1/invitations"                            Tenant OpenApi => invitations::list;
        DELETE "/v1/invitations/{id}"                       Tenant OpenApi => invitations::revoke;
        POST   "/v1/backpacks"                              Tenant OpenApi => backpacks::create;
        GET    "/v1/backpacks"                              Tenant OpenApi => backpacks::list;
        GET    "/v1/backpacks/{id}"                         Tenant OpenApi => backpacks::get;
        DELETE "/v1/backpacks/{id}"                         Tenant OpenApi => backpacks::disconnect;
        POST   "/v1/backpacks/{id}/pull"                    Tenant OpenApi => backpacks::pull;
        POST   "/workflows/credentials/exchanges"           Tenant OpenApi => exchanges::create;
        GET    "/workflows/credentials/exchanges"           Tenant OpenApi => exchanges::list;
        GET    "/workflows/credentials/exchanges/{x}"       Tenant OpenApi => exchanges::get;
        GET    "/workflows/credentials/exchanges/{x}/log"   Tenant OpenApi => exchanges::log;
        POST   "/credentials/verify"                        Tenant OpenApi => vcalm_verify::credential;
        POST   "/presentations/verify"                      Tenant OpenApi => vcalm_verify::presentation;
        POST   "/challenges"                                Tenant OpenApi => vcalm_verify::challenge;
        POST   "/workflows/credentials/exchanges/{x}"       Public OpenApi => vcalm::participate;
        GET    "/workflows/credentials/exchanges/{x}/protocols" Public OpenApi => vcalm::protocol_map;
        GET    "/workflows/credentials/exchanges/{x}/request" Public OpenApi => vcalm::current_request;
        GET    "/workflows/credentials/exchanges/{x}/openid4vp/request" Public OpenApi => oid4vp::request;
        POST   "/workflows/credentials/exchanges/{x}/openid4vp/request" Public OpenApi => oid4vp::request;
        POST   "/workflows/credentials/exchanges/{x}/openid4vp/response" Public OpenApi => oid4vp::response;
        GET    "/interactions/{x}"                          Public OpenApi => vcalm::interaction;
        GET    "/interactions/{x}/events"                   Public OpenApi => exchange_events::events;
        GET    "/.well-known/oauth-authorization-server"    Public OpenApi => oauth::metadata;
        POST   "/oauth/register"                            Public OpenApi => oauth::register;
        GET    "/oauth/authorize"                           Public OpenApi => oauth::authorize;
        POST   "/oauth/authorize"                           Public OpenApi => oauth::decide;
        POST   "/oauth/token"                               Public OpenApi => oauth::token;
        POST   "/oauth/revoke"                              Public OpenApi => oauth::revoke;
        GET    "/ims/ob/v3p0/discovery"                     Public OpenApi => open_badges::discovery;
        POST   "/ims/ob/v3p0/credentials"                   Candidate OpenApi => open_badges::upsert;
        GET    "/ims/ob/v3p0/credentials"                   Candidate OpenApi => open_badges::list;
        GET    "/ims/ob/v3p0/profile"                       Candidate OpenApi => open_badges::profile;
        PUT    "/ims/ob/v3p0/profile"                       Candidate OpenApi => open_badges::put_profile;
        GET    "/ims/ob/v3p0/discovery/"                    Public Page => open_badges::discovery;
        POST   "/ims/ob/v3p0/credentials/"                  Candidate Page => open_badges::upsert;
        GET    "/ims/ob/v3p0/credentials/"                  Candidate Page => open_badges::list;
        GET    "/ims/ob/v3p0/profile/"                      Candidate Page => open_badges::profile;
        PUT    "/ims/ob/v3p0/profile/"                      Candidate Page => open_badges::put_profile;
        GET    "/ims/clr/v2p0/discovery"                    Public OpenApi => open_badges::discovery;
        POST   "/ims/clr/v2p0/credentials"                  Candidate OpenApi => open_badges::upsert;
        GET    "/ims/clr/v2p0/credentials"                  Candidate OpenApi => open_badges::list;
        GET    "/ims/clr/v2p0/profile"                      Candidate OpenApi => open_badges::profile;
        PUT    "/ims/clr/v2p0/profile"                      Candidate OpenApi => open_badges::put_profile;
        GET    "/ims/clr/v2p0/discovery/"                   Public Page => open_badges::discovery;
        POST   "/ims/clr/v2p0/credentials/"                 Candidate Page => open_badges::upsert;
        GET    "/ims/clr/v2p0/credentials/"                 Candidate Page => open_badges::list;
        GET    "/ims/clr/v2p0/profile/"                     Candidate Page => open_badges::profile;
        PUT    "/ims/clr/v2p0/profile/"                     Candidate Page => open_badges::put_profile;
        GET    "/connect/{code}"                            Public Page => invitations::connect;
        GET    "/backpacks/callback"                        Public Page => backpacks::callback;
        GET    "/backpacks/{start}/start"                   Public Page => backpacks::start;
        GET    "/about/terms"                               Public Page => pages::channel::terms;
        GET    "/about/privacy"                             Public Page => pages::channel::privacy;
        GET    "/"                                  Public Page    => pages::recruiter;
        GET    "/admin"                             Public Page    => pages::admin;
        GET    "/assets/{name}"                     Public Page    => system::asset;
    }
}

/// Registers every route, the extractors' error handlers and the answers to unknown paths and methods.
pub fn configure(config: &mut web::ServiceConfig, state: State) {
    config
        .app_data(web::Data::new(state))
        .app_data(extract::path_config())
        .app_data(extract::query_config())
        .app_data(extract::json_config())
        .app_data(extract::payload_config())
        .default_service(web::to(not_found));
    for (path, rows) in by_path(table()) {
        config.service(resource(path, rows));
    }
    config.service(web::resource("/ims/{rest:.*}").default_service(web::to(open_badges::not_found)));
}

/// The application with its outermost middleware: what the server runs, and what tests call.
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
fn by_path(rows: Vec<Row>) -> Vec<(&'static str, Vec<Row>)> {
    let mut position: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut grouped: Vec<(&'static str, Vec<Row>)> = Vec::new();
    for row in rows {
        let index = *position.entry(row.path).or_insert(grouped.len());
        match grouped.get_mut(index) {
            Some((_, group)) => group.push(row),
            None => grouped.push((row.path, vec![row])),
        }
    }
    grouped
}

fn resource(path: &'static str, rows: Vec<Row>) -> impl HttpServiceFactory + 'static {
    let allow = allowed_methods(&rows).join(", ");
    let mut resource: Resource = web::resource(path);
    for row in rows {
        let route = (row.handler)();
        let route = match row.access {
            Access::Public | Access::Candidate => route,
            Access::Tenant => route.wrap(middleware::from_fn(require_caller)),
        };
        // RFC 9110 §9.3.2: HEAD is answered wherever GET is; the server leaves the body out.
        let route = match row.method {
            Method::GET => route.guard(guard::Any(guard::Get()).or(guard::Head())),
            method => route.method(method),
        };
        resource = resource.route(route);
    }
    if cors::is_open(path) {
        resource = resource.route(Route::new().method(Method::OPTIONS).to(cors::preflight));
    }
    if path.starts_with("/ims/") {
        return resource.default_service(web::to(move || open_badges::not_allowed(allow.clone())));
    }
    resource.default_service(web::to(move || method_not_allowed(allow.clone())))
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

async fn not_found() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound, "There is nothing at this address; /openapi.json lists what there is."))
}

async fn method_not_allowed(allow: String) -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::MethodNotAllowed, format!("This address answers {allow}.")).header("allow", allow))
}
