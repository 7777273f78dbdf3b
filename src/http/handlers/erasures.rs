//! Certificates of erasure: what was erased, and which connections have acknowledged it.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::paging::{self, PageQuery};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::erasure::Erasure;
use crate::receipt::{self, ErasureCertificate};
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    erasure: Erasure,
    /// Whether no connection is still to acknowledge it.
    complete: bool,
}

impl Shown {
    fn of(erasure: Erasure) -> Self {
        Self { complete: erasure.is_complete(), erasure }
    }
}

/// `GET /v1/erasures`: newest first.
pub async fn list(state: web::Data<State>, caller: Caller, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let page = query.page()?;
    let rows = state.store().list_erasures(&caller.tenant_id, &page).await?;
    let rows: Vec<Shown> = rows.into_iter().map(Shown::of).collect();
    Ok(paging::list(&page, rows, |row: &Shown| row.erasure.id.clone()))
}

/// `GET /v1/erasures/{id}`: as things stand now.
pub async fn get(state: web::Data<State>, caller: Caller, id: Id<String>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Shown::of(find(&state, &caller, &id.0).await?)))
}

/// `GET /v1/erasures/{id}/certificate`: the same, signed with the key of the receipts (compact JWS).
pub async fn certificate(state: web::Data<State>, caller: Caller, id: Id<String>) -> Result<HttpResponse, Problem> {
    let erasure = find(&state, &caller, &id.0).await?;
    let now = state.clock().now();
    let key = super::receipts::signing_key(state.store(), now).await?;
    let token = ErasureCertificate::new(state.public_url(), erasure, now).sign(&key).map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().insert_header(("content-type", receipt::MEDIA_TYPE)).body(token))
}

/// The erasure, of the caller's tenant.
pub async fn find(state: &State, caller: &Caller, id: &str) -> Result<Erasure, Problem> {
    state.store().erasure(&caller.tenant_id, id).await?.ok_or_else(|| Problem::not_found("erasure"))
}
