//! Routes of the persons' rights: the person's own page, and certificates of erasure.

use super::{Access, Described, Origin, Row, rows, scope};
use crate::http::handlers::{erasures, person_pages, retention};
use crate::http::pages;
use actix_web::Route;
use actix_web::http::Method;

/// Columns: method, path, who may call, scope of a short-lived token, pages of which sites, where it is described.
#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    rows! {
        POST   "/v1/candidates/{ref}/link"             Tenant - Own OpenApi => person_pages::create;
        GET    "/v1/candidates/{ref}/links"            Tenant - Own OpenApi => person_pages::list;
        DELETE "/v1/candidates/{ref}/links/{id}"       Tenant - Own OpenApi => person_pages::revoke;
        GET    "/v1/candidates/{ref}/notes"            Tenant - Own OpenApi => person_pages::notes;
        POST   "/v1/candidates/{ref}/notes/{id}/done"  Tenant - Own OpenApi => person_pages::finish;
        GET    "/v1/person-notes"                      Tenant - Own OpenApi => person_pages::open_notes;
        GET    "/v1/erasures"                          Tenant - Own OpenApi => erasures::list;
        GET    "/v1/erasures/{id}"                     Tenant - Own OpenApi => erasures::get;
        GET    "/v1/erasures/{id}/certificate"         Tenant - Own OpenApi => erasures::certificate;
        GET    "/v1/retention"                         Tenant - Own OpenApi => retention::get;
        PUT    "/v1/retention"                         Tenant - Own OpenApi => retention::put;
        POST   "/v1/retention/preview"                 Tenant - Own OpenApi => retention::preview;
        GET    "/person/{code}"                        Public - Own Page    => pages::person::page;
        POST   "/person/{code}/files"                  Public - Own Page    => pages::person::add;
        POST   "/person/{code}/error"                  Public - Own Page    => pages::person::report;
        POST   "/person/{code}/stop"                   Public - Own Page    => pages::person::stop;
        POST   "/person/{code}/allow"                  Public - Own Page    => pages::person::allow;
        POST   "/person/{code}/erasure"                Public - Own Page    => pages::person::erase;
        GET    "/erasures"                             Page   - Own Page    => pages::erasure::list;
        GET    "/erasures/{id}"                        Page   - Own Page    => pages::erasure::page;
    }
}
