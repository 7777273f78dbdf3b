//! `GET /keys`: the API keys. Comes in: nothing. Goes out: the page. Its script makes and revokes keys through the API.

use super::Visit;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::account::{Actor, Role};
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Values {
    /// A new key may have one of these.
    roles: Vec<&'static str>,
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Key {
    id: String,
    name: String,
    prefix: String,
    role: &'static str,
    created_at: String,
    used_at: Option<String>,
    is_revoked: bool,
    /// A system that signs its requests has no key.
    is_system: bool,
    /// The key of the reader's session.
    is_own: bool,
}

/// `GET /keys`
pub async fn page(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let mut keys = state.store().list_api_keys(&visit.caller.tenant_id).await?;
    keys.sort_by_key(|key| (key.revoked_at.is_some(), std::cmp::Reverse(key.created_at)));
    let shown = keys.into_iter().map(|key| Key {
        is_own: visit.caller.actor == Actor::Key(key.id.clone()),
        id: key.id.to_string(),
        name: key.name,
        prefix: key.prefix,
        role: key.role.as_str(),
        created_at: key.created_at.to_rfc3339(),
        used_at: key.last_used_at.map(|at| at.to_rfc3339()),
        is_revoked: key.revoked_at.is_some(),
        is_system: key.jwks.is_some(),
    });
    Ok(visit.page(
        "keys.html",
        Area::Keys,
        &Values { roles: Role::ALL.iter().map(|role| role.as_str()).collect(), keys: shown.collect() },
    ))
}
