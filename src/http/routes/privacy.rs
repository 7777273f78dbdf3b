//! Routes of the persons' rights: the person's own page, certificates of erasure, and how long data is kept.

use super::rows::{
    ADMINISTRATION, Access, Described, HIRING, NOBODY, Origin, READS_ADMINISTRATION, READS_PEOPLE, Row, roles, rows, text,
};
use crate::http::handlers::{erasures, person_pages, retention};
use crate::http::pages;
use actix_web::Route;
use actix_web::http::Method;

/// Columns: method, path, who may call, which roles, what the audit log notes, scope of a short-lived token, pages of which sites, where
/// it is described.
#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    rows! {
        POST   "/v1/candidates/{ref}/link"               Tenant HIRING               "candidate.link_page"      - Own OpenApi => person_pages::create;
        GET    "/v1/candidates/{ref}/links"              Tenant READS_PEOPLE         "candidate.read_links"     - Own OpenApi => person_pages::list;
        DELETE "/v1/candidates/{ref}/links/{id}"         Tenant HIRING               "candidate.revoke_link"    - Own OpenApi => person_pages::revoke;
        GET    "/v1/candidates/{ref}/notes"              Tenant READS_PEOPLE         "candidate.read_notes"     - Own OpenApi => person_pages::notes;
        POST   "/v1/candidates/{ref}/notes/{id}/done"    Tenant HIRING               "candidate.finish_note"    - Own OpenApi => person_pages::finish;
        GET    "/v1/person-notes"                        Tenant READS_PEOPLE         "person_note.list"         - Own OpenApi => person_pages::open_notes;
        GET    "/v1/erasures"                            Tenant READS_PEOPLE         -                          - Own OpenApi => erasures::list;
        GET    "/v1/erasures/{id}"                       Tenant READS_PEOPLE         -                          - Own OpenApi => erasures::get;
        GET    "/v1/erasures/{id}/certificate"           Tenant READS_PEOPLE         -                          - Own OpenApi => erasures::certificate;
        GET    "/v1/retention"                           Tenant READS_ADMINISTRATION -                          - Own OpenApi => retention::get;
        PUT    "/v1/retention"                           Tenant ADMINISTRATION       "retention.change"         - Own OpenApi => retention::put;
        POST   "/v1/retention/preview"                   Tenant ADMINISTRATION       -                          - Own OpenApi => retention::preview;
        GET    "/person/{code}"                          Public -                    -                          - Own Page    => pages::person::page;
        POST   "/person/{code}/files"                    Public -                    -                          - Own Page    => pages::person::add;
        POST   "/person/{code}/error"                    Public -                    -                          - Own Page    => pages::person::report;
        POST   "/person/{code}/stop"                     Public -                    -                          - Own Page    => pages::person::stop;
        POST   "/person/{code}/allow"                    Public -                    -                          - Own Page    => pages::person::allow;
        POST   "/person/{code}/erasure"                  Public -                    -                          - Own Page    => pages::person::erase;
        GET    "/erasures"                               Page   READS_PEOPLE         -                          - Own Page    => pages::erasure::list;
        GET    "/erasures/{id}"                          Page   READS_PEOPLE         -                          - Own Page    => pages::erasure::page;
    }
}
