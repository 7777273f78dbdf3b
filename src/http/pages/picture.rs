//! `GET /pictures/{id}`: the picture of a badge, made anew by the gateway, or a drawing of its own where the credential holds none.
//! Comes in: a credential's id. Goes out: PNG, or the gateway's own SVG. Nothing of a rejected credential is shown.

use super::Visit;
use crate::http::extract::Id;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::ids::CredentialId;
use crate::model::report::Outcome;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use tokio::sync::Semaphore;

/// Pictures that are made at the same time: each takes a processor, and up to 64 MB while it is decoded.
static AT_ONCE: Semaphore = Semaphore::const_new(2);
const NONE: &str = include_str!("../../web/assets/badge.svg");

/// `GET /pictures/{id}`
pub async fn picture(state: web::Data<State>, visit: Visit, id: Id<CredentialId>) -> Result<HttpResponse, Problem> {
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let missing = || Problem::new(Code::NotFound, "There is no such picture.");
    let stored = store.credential(tenant, &id.0).await?.filter(|stored| stored.outcome != Outcome::Rejected);
    stored.ok_or_else(missing)?;
    let (_, bytes) = store.credential_source(tenant, &id.0).await?.ok_or_else(missing)?;
    let turn = AT_ONCE.acquire().await.map_err(Problem::internal)?;
    let made = state.pipeline().examiner.badge_picture(bytes).await;
    drop(turn);
    let (kind, body) = match made {
        Some(png) => ("image/png", png),
        None => ("image/svg+xml", NONE.as_bytes().to_vec()),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, kind))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'none'; sandbox"))
        .insert_header(("cross-origin-resource-policy", "same-origin"))
        .insert_header((CACHE_CONTROL, "private, max-age=3600"))
        .body(body))
}
