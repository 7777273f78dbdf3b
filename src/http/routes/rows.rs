//! The rows of the table of routes: everything about who may call a route, and what the audit log notes of it.
//! Comes in: nothing. Goes out: the rows. The middleware that enforces them is put on in `routes.rs` and nowhere else.

use super::privacy;
use crate::http::handlers::{
    account, api_keys, applications, audit, backfill, backpacks, candidates, connections, connectors, credentials, deliveries,
    digital_credentials, events, exchange_events, exchanges, invitations, link, oauth, oid4vp, open_badges, person_links, plan,
    push, receipts, request_templates, session, sessions, skills, submissions, system, taxonomies, trust, users, vcalm,
    vcalm_verify, watch,
};
use crate::http::pages;
use crate::model::account::Role;
use crate::protocol::open_badges::Api;
use crate::web::channel;
use actix_web::Route;
use actix_web::http::Method;
use std::sync::LazyLock;

/// Everybody who is signed in, and every API key.
pub(super) const EVERYONE: &[Role] = &Role::ALL;
/// Works with candidates on the pages.
pub(super) const HIRING: &[Role] = &[Role::Recruiter, Role::Administrator];
/// Sees candidates on the pages.
pub(super) const READS_PEOPLE: &[Role] = &[Role::Recruiter, Role::Administrator, Role::Auditor];
/// Connects the employer's systems.
pub(super) const INTEGRATION: &[Role] = &[Role::Integrator, Role::Administrator];
pub(super) const READS_INTEGRATION: &[Role] = &[Role::Integrator, Role::Administrator, Role::Auditor];
/// Brings credentials in: people and systems.
pub(super) const SYSTEMS: &[Role] = &[Role::Recruiter, Role::Integrator, Role::Administrator];
pub(super) const ADMINISTRATION: &[Role] = &[Role::Administrator];
pub(super) const READS_ADMINISTRATION: &[Role] = &[Role::Administrator, Role::Auditor];
pub(super) const NOBODY: &[Role] = &[];

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
    /// Who may call it; empty where no caller is needed.
    pub roles: &'static [Role],
    /// What the audit log notes when the call was done: `KIND.VERB`, where KIND is the kind of the object that the path names.
    pub audit: Option<&'static str>,
    /// The scope with which a short-lived token of the employer's own system opens the route, beside API keys and sessions (VCALM).
    pub scope: Option<&'static str>,
    /// The same for all rows of one path.
    pub origin: Origin,
    pub described: Described,
    pub(super) handler: fn() -> Route,
}

macro_rules! rows {
    ($($method:ident $path:literal $access:ident $roles:tt $audit:tt $scope:tt $origin:ident $described:ident => $handler:path;)+) => {
        vec![$(Row {
            method: Method::$method,
            path: $path.to_owned(),
            access: Access::$access,
            roles: roles!($roles),
            audit: text!($audit),
            scope: text!($scope),
            origin: Origin::$origin,
            described: Described::$described,
            handler: || Route::new().to($handler),
        }),+]
    };
}

macro_rules! roles {
    (-) => {
        NOBODY
    };
    ($roles:ident) => {
        $roles
    };
}

macro_rules! text {
    (-) => {
        None
    };
    ($text:literal) => {
        Some($text)
    };
}

pub(super) use {roles, rows, text};

/// Every route of the gateway.
pub fn table() -> Vec<Row> {
    let mut rows = fixed();
    rows.extend(Api::ALL.into_iter().flat_map(badge_api));
    rows
}

/// `METHOD path` of every route that the role may call.
pub fn allowed(role: Role) -> &'static [String] {
    static ALLOWED: LazyLock<Vec<(Role, Vec<String>)>> = LazyLock::new(|| {
        let of = |role: Role| {
            let rows = fixed().into_iter().filter(|row| row.roles.contains(&role));
            (role, rows.map(|row| format!("{} {}", row.method, row.path)).collect())
        };
        Role::ALL.into_iter().map(of).collect()
    });
    ALLOWED.iter().find(|(known, _)| *known == role).map(|(_, routes)| routes.as_slice()).unwrap_or_default()
}

/// The Open Badges API below the base address of one of its twins. Some clients end its addresses with a slash: that is the same
/// address, and the OpenAPI document names it once.
pub(super) fn badge_api(api: Api) -> Vec<Row> {
    let base = api.base_path();
    let ending = |end: &'static str, described: Described| {
        badge_resources().into_iter().map(move |row| Row { path: format!("{base}{}{end}", row.path), described, ..row })
    };
    ending("", Described::OpenApi).chain(ending("/", Described::Page)).collect()
}

/// Paths are relative to an API's base address.
#[rustfmt::skip]
fn badge_resources() -> Vec<Row> {
    rows! {
        GET  "/discovery"   Public    -       - - Any OpenApi => open_badges::discovery;
        POST "/credentials" Candidate SYSTEMS - - Any OpenApi => open_badges::upsert;
        GET  "/credentials" Candidate SYSTEMS - - Any OpenApi => open_badges::list;
        GET  "/profile"     Candidate SYSTEMS - - Any OpenApi => open_badges::profile;
        PUT  "/profile"     Candidate SYSTEMS - - Any OpenApi => open_badges::put_profile;
    }
}

/// The routes outside the Open Badges API.
pub(super) fn fixed() -> Vec<Row> {
    let mut rows = most();
    rows.extend(privacy::rows());
    rows
}

/// Most of them. More special paths stand before more general ones.
/// Columns: method, path, how a caller is found, who may call, what the audit log notes, scope of a short-lived token, pages of which sites, where it is described.
#[rustfmt::skip]
fn most() -> Vec<Row> {
    rows! {
        POST   "/v1/submissions"                                         Tenant SYSTEMS              "submission.create"        -                               Own OpenApi => submissions::create;
        GET    "/v1/submissions"                                         Tenant EVERYONE             "submission.list"          -                               Own OpenApi => submissions::list;
        POST   "/v1/submissions/link"                                    Tenant SYSTEMS              "submission.create"        -                               Own OpenApi => link::create;
        GET    "/v1/submissions/{id}"                                    Tenant EVERYONE             "submission.read"          -                               Own OpenApi => submissions::get;
        GET    "/v1/credentials"                                         Tenant EVERYONE             "credential.list"          -                               Own OpenApi => credentials::list;
        GET    "/v1/credentials/{id}"                                    Tenant EVERYONE             "credential.read"          -                               Own OpenApi => credentials::get;
        GET    "/v1/credentials/{id}/report"                             Tenant EVERYONE             "credential.report"        -                               Own OpenApi => credentials::report;
        GET    "/v1/credentials/{id}/source"                             Tenant EVERYONE             "credential.source"        -                               Own OpenApi => credentials::source;
        GET    "/v1/credentials/{id}/receipt"                            Tenant EVERYONE             "credential.receipt"       -                               Own OpenApi => receipts::get;
        GET    "/receipt-key.json"                                       Public -                    -                          -                               Own OpenApi => receipts::key;
        GET    "/v1/candidates/{ref}"                                    Tenant EVERYONE             "candidate.read"           -                               Own OpenApi => candidates::get;
        DELETE "/v1/candidates/{ref}"                                    Tenant HIRING               "candidate.erase"          -                               Own OpenApi => candidates::erase;
        POST   "/v1/candidates/{ref}/merge"                              Tenant HIRING               "candidate.merge"          -                               Own OpenApi => candidates::merge;
        DELETE "/v1/candidates/{ref}/addresses/{id}"                     Tenant HIRING               "candidate.forget_address" -                               Own OpenApi => candidates::forget_address;
        GET    "/v1/candidates/{ref}/skills"                             Tenant EVERYONE             "candidate.skills"         -                               Own OpenApi => candidates::skills;
        GET    "/v1/request-templates"                                   Tenant EVERYONE             -                          -                               Own OpenApi => request_templates::list;
        GET    "/v1/request-templates/{name}"                            Tenant EVERYONE             -                          -                               Own OpenApi => request_templates::get;
        PUT    "/v1/request-templates/{name}"                            Tenant SYSTEMS              "request_template.put"     -                               Own OpenApi => request_templates::put;
        DELETE "/v1/request-templates/{name}"                            Tenant SYSTEMS              "request_template.delete"  -                               Own OpenApi => request_templates::delete;
        GET    "/v1/skills/review"                                       Tenant READS_PEOPLE         -                          -                               Own OpenApi => skills::review;
        POST   "/v1/skills/decisions"                                    Tenant HIRING               "skill_decision.make"      -                               Own OpenApi => skills::decide;
        GET    "/v1/skills/decisions"                                    Tenant READS_PEOPLE         -                          -                               Own OpenApi => skills::list;
        POST   "/v1/skills/decisions/import"                             Tenant HIRING               "skill_decision.import"    -                               Own OpenApi => skills::import;
        DELETE "/v1/skills/decisions/{id}"                               Tenant HIRING               "skill_decision.undo"      -                               Own OpenApi => skills::undo;
        GET    "/v1/skills/concepts"                                     Tenant READS_PEOPLE         -                          -                               Own OpenApi => skills::search;
        GET    "/v1/skills/catalogue"                                    Tenant EVERYONE             -                          -                               Own OpenApi => skills::catalogue;
        PUT    "/v1/skills/catalogue"                                    Tenant ADMINISTRATION       "skill_catalogue.choose"   -                               Own OpenApi => skills::choose;
        GET    "/v1/taxonomies"                                         Tenant EVERYONE             -                          -                               Own OpenApi => taxonomies::list;
        POST   "/v1/taxonomies"                                         Tenant ADMINISTRATION       "taxonomy.import"          -                               Own OpenApi => taxonomies::import;
        PUT    "/v1/taxonomies/{name}/active"                           Tenant ADMINISTRATION       "taxonomy.activate"        -                               Own OpenApi => taxonomies::activate;
        GET    "/v1/taxonomies/{name}/{version}/changes"                Tenant EVERYONE             -                          -                               Own OpenApi => taxonomies::changes;
        DELETE "/v1/taxonomies/{name}/{version}"                        Tenant ADMINISTRATION       "taxonomy.remove"          -                               Own OpenApi => taxonomies::remove;
        GET    "/v1/events"                                              Tenant READS_INTEGRATION    -                          -                               Own OpenApi => events::list;
        GET    "/v1/connectors"                                          Tenant READS_INTEGRATION    -                          -                               Own OpenApi => connectors::list;
        POST   "/v1/connectors/{name}/plan"                             Tenant INTEGRATION          "connection.plan"          -                               Own OpenApi => plan::plan;
        POST   "/v1/connections"                                         Tenant INTEGRATION          "connection.create"        -                               Own OpenApi => connections::create;
        GET    "/v1/connections"                                         Tenant READS_INTEGRATION    -                          -                               Own OpenApi => connections::list;
        GET    "/v1/connections/{id}"                                    Tenant READS_INTEGRATION    -                          -                               Own OpenApi => connections::get;
        PATCH  "/v1/connections/{id}"                                    Tenant INTEGRATION          "connection.change"        -                               Own OpenApi => connections::update;
        DELETE "/v1/connections/{id}"                                    Tenant INTEGRATION          "connection.delete"        -                               Own OpenApi => connections::delete;
        POST   "/v1/connections/{id}/pause"                              Tenant INTEGRATION          "connection.pause"         -                               Own OpenApi => connections::pause;
        POST   "/v1/connections/{id}/resume"                             Tenant INTEGRATION          "connection.resume"        -                               Own OpenApi => connections::resume;
        POST   "/v1/connections/{id}/test"                               Tenant INTEGRATION          "connection.test"          -                               Own OpenApi => connections::test;
        POST   "/v1/connections/{id}/backfill"                           Tenant INTEGRATION          "connection.backfill"      -                               Own OpenApi => backfill::backfill;
        GET    "/v1/connections/{id}/people"                             Tenant READS_INTEGRATION    "connection.people"        -                               Own OpenApi => person_links::list;
        PUT    "/v1/connections/{id}/people/{candidate_ref}"             Tenant INTEGRATION          "connection.link_person"   -                               Own OpenApi => person_links::put;
        DELETE "/v1/connections/{id}/people/{candidate_ref}"             Tenant INTEGRATION          "connection.unlink_person" -                               Own OpenApi => person_links::delete;
        GET    "/v1/connections/{id}/applications"                      Tenant READS_INTEGRATION    -                          -                               Own OpenApi => applications::list;
        POST   "/v1/connections/{id}/applications/retry"                Tenant INTEGRATION          "connection.retry_applications" -                               Own OpenApi => applications::retry;
        POST   "/v1/applications/{id}"                                  Public -                    -                          -                               Own OpenApi => applications::receive;
        POST   "/v1/applications/{id}/{key}"                            Public -                    -                          -                               Own OpenApi => applications::receive_with_key;
        GET    "/v1/deliveries"                                          Tenant READS_INTEGRATION    -                          -                               Own OpenApi => deliveries::list;
        POST   "/v1/deliveries/replay"                                   Tenant INTEGRATION          "delivery.replay"          -                               Own OpenApi => deliveries::replay_many;
        GET    "/v1/deliveries/{id}"                                     Tenant READS_INTEGRATION    -                          -                               Own OpenApi => deliveries::get;
        POST   "/v1/deliveries/{id}/replay"                              Tenant INTEGRATION          "delivery.replay"          -                               Own OpenApi => deliveries::replay;
        GET    "/v1/trust/policy"                                        Tenant READS_ADMINISTRATION -                          -                               Own OpenApi => trust::get;
        PUT    "/v1/trust/policy"                                        Tenant ADMINISTRATION       "trust_policy.publish"     -                               Own OpenApi => trust::publish;
        DELETE "/v1/trust/policy"                                        Tenant ADMINISTRATION       "trust_policy.use_file"    -                               Own OpenApi => trust::use_file;
        POST   "/v1/trust/policy/trial"                                  Tenant ADMINISTRATION       -                          -                               Own OpenApi => trust::trial;
        POST   "/v1/trust/policy/rule"                                   Tenant ADMINISTRATION       -                          -                               Own OpenApi => trust::with_rule;
        GET    "/v1/trust/policy/versions"                               Tenant READS_ADMINISTRATION -                          -                               Own OpenApi => trust::versions;
        GET    "/v1/trust/issuers"                                       Tenant READS_ADMINISTRATION -                          -                               Own OpenApi => trust::issuers;
        GET    "/v1/api-keys"                                            Tenant READS_ADMINISTRATION -                          -                               Own OpenApi => api_keys::list;
        POST   "/v1/api-keys"                                            Tenant ADMINISTRATION       "api_key.create"           -                               Own OpenApi => api_keys::create;
        DELETE "/v1/api-keys/{id}"                                       Tenant ADMINISTRATION       "api_key.revoke"           -                               Own OpenApi => api_keys::revoke;
        GET    "/v1/users"                                               Tenant READS_ADMINISTRATION "user.list"                -                               Own OpenApi => users::list;
        POST   "/v1/users"                                               Tenant ADMINISTRATION       "user.create"              -                               Own OpenApi => users::create;
        PATCH  "/v1/users/{id}"                                          Tenant ADMINISTRATION       "user.change"              -                               Own OpenApi => users::change;
        POST   "/v1/users/{id}/invite"                                   Tenant ADMINISTRATION       "user.reset"               -                               Own OpenApi => users::invite;
        DELETE "/v1/users/{id}/sessions"                                 Tenant ADMINISTRATION       "user.end_sessions"        -                               Own OpenApi => users::end_sessions;
        GET    "/v1/sessions"                                            Tenant READS_ADMINISTRATION -                          -                               Own OpenApi => sessions::list;
        DELETE "/v1/sessions/{id}"                                       Tenant ADMINISTRATION       "session.end"              -                               Own OpenApi => sessions::end;
        GET    "/v1/me/sessions"                                         Tenant EVERYONE             -                          -                               Own OpenApi => sessions::mine;
        DELETE "/v1/me/sessions"                                         Tenant EVERYONE             "session.end_all"          -                               Own OpenApi => sessions::end_mine;
        DELETE "/v1/me/sessions/{id}"                                    Tenant EVERYONE             "session.end"              -                               Own OpenApi => sessions::end_one_of_mine;
        PUT    "/v1/me/password"                                         Tenant EVERYONE             "user.change_password"     -                               Own OpenApi => account::change_password;
        POST   "/v1/me/second-factor"                                    Tenant EVERYONE             -                          -                               Own OpenApi => account::begin_second_factor;
        PUT    "/v1/me/second-factor"                                    Tenant EVERYONE             "user.second_factor_on"    -                               Own OpenApi => account::confirm_second_factor;
        DELETE "/v1/me/second-factor"                                    Tenant EVERYONE             "user.second_factor_off"   -                               Own OpenApi => account::remove_second_factor;
        GET    "/v1/audit"                                               Tenant READS_ADMINISTRATION "audit.read"               -                               Own OpenApi => audit::list;
        GET    "/v1/audit/export"                                        Tenant READS_ADMINISTRATION "audit.export"             -                               Own OpenApi => audit::export;
        POST   "/session"                                                Public -                    -                          -                               Own OpenApi => session::begin;
        POST   "/session/password"                                       Public -                    -                          -                               Own OpenApi => session::set_password;
        GET    "/session"                                                Tenant EVERYONE             -                          -                               Own OpenApi => session::get;
        DELETE "/session"                                                Public -                    -                          -                               Own OpenApi => session::end;
        GET    "/healthz"                                                Public -                    -                          -                               Own OpenApi => watch::healthz;
        GET    "/readyz"                                                 Public -                    -                          -                               Own OpenApi => watch::readyz;
        GET    "/metrics"                                                Public -                    -                          -                               Own OpenApi => watch::metrics;
        GET    "/openapi.json"                                           Public -                    -                          -                               Own OpenApi => system::openapi;
        GET    "/asyncapi.json"                                          Public -                    -                          -                               Own OpenApi => system::asyncapi;
        GET    "/schemas/{name}"                                         Public -                    -                          -                               Own OpenApi => system::schema;
        GET    "/schemas/events/{name}"                                  Public -                    -                          -                               Own OpenApi => system::event_schema;
        GET    "/problems/{code}"                                        Public -                    -                          -                               Own OpenApi => system::problem;
        POST   "/v1/invitations"                                         Tenant SYSTEMS              "invitation.create"        -                               Own OpenApi => invitations::create;
        GET    "/v1/invitations"                                         Tenant EVERYONE             "invitation.list"          -                               Own OpenApi => invitations::list;
        DELETE "/v1/invitations/{id}"                                    Tenant SYSTEMS              "invitation.revoke"        -                               Own OpenApi => invitations::revoke;
        POST   "/v1/backpacks"                                           Tenant SYSTEMS              "backpack.create"          -                               Own OpenApi => backpacks::create;
        GET    "/v1/backpacks"                                           Tenant EVERYONE             "backpack.list"            -                               Own OpenApi => backpacks::list;
        GET    "/v1/backpacks/{id}"                                      Tenant EVERYONE             "backpack.read"            -                               Own OpenApi => backpacks::get;
        DELETE "/v1/backpacks/{id}"                                      Tenant SYSTEMS              "backpack.disconnect"      -                               Own OpenApi => backpacks::disconnect;
        POST   "/v1/backpacks/{id}/pull"                                 Tenant SYSTEMS              "backpack.pull"            -                               Own OpenApi => backpacks::pull;
        GET    "/v1/push-channels"                                       Tenant READS_INTEGRATION    -                          -                               Own OpenApi => push::channels;
        POST   "/v1/push-subscriptions"                                  Tenant INTEGRATION          "push_subscription.create" -                               Own OpenApi => push::create;
        GET    "/v1/push-subscriptions"                                  Tenant READS_INTEGRATION    -                          -                               Own OpenApi => push::list;
        DELETE "/v1/push-subscriptions/{id}"                             Tenant INTEGRATION          "push_subscription.delete" -                               Own OpenApi => push::delete;
        POST   "/v1/push/{channel}/{id}"                                 Public -                    -                          -                               Own OpenApi => push::receive;
        POST   "/v1/push/{channel}/{id}/{key}"                           Public -                    -                          -                               Own OpenApi => push::receive_with_key;
        POST   "/workflows/credentials/exchanges"                        Tenant SYSTEMS              "exchange.create"          "write:/workflows"              Any OpenApi => exchanges::create;
        GET    "/workflows/credentials/exchanges"                        Tenant EVERYONE             "exchange.list"            "read:/workflows"               Any OpenApi => exchanges::list;
        GET    "/workflows/credentials/exchanges/{x}"                    Tenant EVERYONE             "exchange.read"            "read:/workflows"               Any OpenApi => exchanges::get;
        GET    "/workflows/credentials/exchanges/{x}/log"                Tenant EVERYONE             "exchange.log"             "read:/workflows"               Any OpenApi => exchanges::log;
        POST   "/credentials/verify"                                     Tenant SYSTEMS              -                          "write:/credentials/verify"     Any OpenApi => vcalm_verify::credential;
        POST   "/presentations/verify"                                   Tenant SYSTEMS              -                          "write:/presentations/verify"   Any OpenApi => vcalm_verify::presentation;
        POST   "/challenges"                                             Tenant SYSTEMS              -                          "write:/presentations/verify"   Any OpenApi => vcalm_verify::challenge;
        POST   "/workflows/credentials/exchanges/{x}"                    Public -                    -                          -                               Any OpenApi => vcalm::participate;
        GET    "/workflows/credentials/exchanges/{x}/protocols"          Public -                    -                          -                               Any OpenApi => vcalm::protocol_map;
        GET    "/workflows/credentials/exchanges/{x}/request"            Public -                    -                          -                               Any OpenApi => vcalm::current_request;
        GET    "/workflows/credentials/exchanges/{x}/openid4vp/request"  Public -                    -                          -                               Any OpenApi => oid4vp::request;
        POST   "/workflows/credentials/exchanges/{x}/openid4vp/request"  Public -                    -                          -                               Any OpenApi => oid4vp::request;
        POST   "/workflows/credentials/exchanges/{x}/openid4vp/response" Public -                    -                          -                               Any OpenApi => oid4vp::response;
        GET    "/interactions/{x}"                                       Public -                    -                          -                               Any OpenApi => vcalm::interaction;
        GET    "/interactions/{x}/digital-credentials"                   Public -                    -                          -                               Own OpenApi => digital_credentials::requests;
        POST   "/interactions/{x}/digital-credentials"                   Public -                    -                          -                               Own OpenApi => digital_credentials::answer;
        GET    "/interactions/{x}/events"                                Public -                    -                          -                               Any OpenApi => exchange_events::events;
        GET    "/.well-known/oauth-authorization-server"                 Public -                    -                          -                               Any OpenApi => oauth::metadata;
        POST   "/oauth/register"                                         Public -                    -                          -                               Any OpenApi => oauth::register;
        GET    "/oauth/authorize"                                        Public -                    -                          -                               Own OpenApi => oauth::authorize;
        POST   "/oauth/authorize"                                        Public -                    -                          -                               Own OpenApi => oauth::decide;
        POST   "/oauth/token"                                            Public -                    -                          -                               Any OpenApi => oauth::token;
        POST   "/oauth/revoke"                                           Public -                    -                          -                               Any OpenApi => oauth::revoke;
        GET    "/connect/{code}"                                         Public -                    -                          -                               Own Page    => invitations::connect;
        GET    "/backpacks/callback"                                     Public -                    -                          -                               Own Page    => backpacks::callback;
        GET    "/backpacks/{start}/start"                                Public -                    -                          -                               Own Page    => backpacks::start;
        GET    "/about/terms"                                            Public -                    -                          -                               Own Page    => channel::terms;
        GET    "/about/privacy"                                          Public -                    -                          -                               Own Page    => channel::privacy;
        GET    "/"                                                       Page   EVERYONE             "credential.list"          -                               Own Page    => pages::inbox::page;
        GET    "/submissions/{id}"                                       Page   READS_PEOPLE         "submission.read"          -                               Own Page    => pages::submission::page;
        GET    "/submissions/{id}/results.csv"                           Page   READS_PEOPLE         "submission.export"        -                               Own Page    => pages::submission::table;
        GET    "/pictures/{id}"                                         Page   READS_PEOPLE         -                          -                               Own Page    => pages::picture::picture;
        GET    "/candidates"                                             Page   READS_PEOPLE         "candidate.list"           -                               Own Page    => pages::candidates::page;
        GET    "/candidates/{ref}"                                       Page   READS_PEOPLE         "candidate.identity"       -                               Own Page    => pages::candidate::page;
        GET    "/candidates/{ref}/skills.csv"                            Page   READS_PEOPLE         "candidate.export"         -                               Own Page    => pages::candidate::table;
        GET    "/candidates/{ref}/merge"                                 Page   HIRING               "candidate.identity"       -                               Own Page    => pages::candidate::merge;
        GET    "/requests"                                               Page   READS_PEOPLE         "exchange.list"            -                               Own Page    => pages::requests::list;
        POST   "/requests"                                               Tenant HIRING               "exchange.create"          -                               Own Page    => pages::requests::create::create;
        GET    "/requests/new"                                           Page   HIRING               -                          -                               Own Page    => pages::requests::new;
        GET    "/requests/qr.svg"                                        Page   READS_PEOPLE         -                          -                               Own Page    => pages::requests::qr;
        GET    "/requests/{id}"                                          Page   READS_PEOPLE         "exchange.read"            -                               Own Page    => pages::requests::page;
        GET    "/connections"                                           Page   READS_INTEGRATION    -                          -                               Own Page    => pages::connections::list;
        GET    "/connections/new"                                       Page   INTEGRATION          -                          -                               Own Page    => pages::connections::new;
        GET    "/connections/{id}"                                      Page   READS_INTEGRATION    -                          -                               Own Page    => pages::connections::one;
        GET    "/skills"                                                 Page   HIRING               -                          -                               Own Page    => pages::scripted::skills;
        GET    "/taxonomies"                                            Page   READS_ADMINISTRATION -                          -                               Own Page    => pages::taxonomies::page;
        GET    "/trust"                                                  Page   READS_ADMINISTRATION -                          -                               Own Page    => pages::trust::page;
        GET    "/overview"                                               Page   READS_INTEGRATION    -                          -                               Own Page    => pages::overview::page;
        GET    "/keys"                                                   Page   READS_ADMINISTRATION -                          -                               Own Page    => pages::keys::page;
        GET    "/users"                                                  Page   READS_ADMINISTRATION "user.list"                -                               Own Page    => pages::users::page;
        GET    "/audit"                                                  Page   READS_ADMINISTRATION "audit.read"               -                               Own Page    => pages::audit::page;
        GET    "/account"                                                Page   EVERYONE             -                          -                               Own Page    => pages::account::page;
        GET    "/account/second-factor.svg"                              Page   EVERYONE             -                          -                               Own Page    => pages::account::qr;
        GET    "/welcome/{code}"                                         Public -                    -                          -                               Own Page    => pages::account::welcome;
        GET    "/deliveries"                                             Page   READS_INTEGRATION    "delivery.list"            -                               Own Page    => pages::deliveries::page;
        GET    "/deliveries/{id}"                                        Page   READS_INTEGRATION    "delivery.read"            -                               Own Page    => pages::deliveries::one;
        GET    "/docs"                                                   Public -                    -                          -                               Own Page    => pages::docs::index;
        GET    "/docs/api/{subject}"                                     Public -                    -                          -                               Own Page    => pages::docs::api;
        GET    "/docs/catalogue"                                         Public -                    -                          -                               Own Page    => pages::docs::catalogue;
        GET    "/docs/receivers"                                         Public -                    -                          -                               Own Page    => pages::docs::receivers;
        GET    "/docs/connectors/{name}"                                 Public -                    -                          -                               Own Page    => pages::docs::connector;
        GET    "/docs/decisions/{name}"                                  Public -                    -                          -                               Own Page    => pages::docs::decision;
        GET    "/docs/{name}"                                            Public -                    -                          -                               Own Page    => pages::docs::document;
        GET    "/assets/{name}"                                          Public -                    -                          -                               Own Page    => system::asset;
    }
}
