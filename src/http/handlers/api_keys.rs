//! API keys: listed by their first characters; the key itself is shown once, when it is made.

use crate::channel::client_assertion::check_jwks;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::account::Role;
use crate::model::ids::ApiKeyId;
use crate::model::tenant::{ApiKey, GeneratedKey};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const MAX_NAME_CHARS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    name: String,
    role: Role,
    /// For a system that signs its token requests (`private_key_jwt`): its public keys. It gets no key then.
    jwks: Option<Value>,
}

#[derive(Serialize)]
struct MadeKey {
    #[serde(flatten)]
    entry: ApiKey,
    /// Shown this once; afterwards it exists only as a hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

#[derive(Serialize)]
struct Keys {
    items: Vec<ApiKey>,
}

/// `GET /v1/api-keys`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = state.store().list_api_keys(&caller.tenant_id).await?;
    Ok(HttpResponse::Ok().json(Keys { items }))
}

/// `POST /v1/api-keys`
pub async fn create(state: web::Data<State>, caller: Caller, body: web::Json<NewKey>) -> Result<HttpResponse, Problem> {
    let name = body.name.trim();
    if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Problem::invalid_field("name", "must be 1 to 100 characters of text"));
    }
    let now = state.clock().now();
    if let Some(jwks) = &body.jwks {
        check_jwks(jwks).map_err(|problem| Problem::invalid_field("jwks", problem))?;
        let entry = state.store().create_system(&caller.tenant_id, name, jwks, body.role, now).await?;
        caller.note("api_key.create", format!("api_key:{}", entry.id));
        return Ok(HttpResponse::Created().json(MadeKey { entry, key: None }));
    }
    let key = GeneratedKey::new();
    let entry = state.store().create_api_key(&caller.tenant_id, name, key.prefix(), &key.hash(), body.role, now).await?;
    caller.note("api_key.create", format!("api_key:{}", entry.id));
    let made = MadeKey { entry, key: Some(key.expose().to_owned()) };
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(made))
}

/// `DELETE /v1/api-keys/{id}`: ends its sessions too.
pub async fn revoke(state: web::Data<State>, caller: Caller, id: Id<ApiKeyId>) -> Result<HttpResponse, Problem> {
    if !state.store().revoke_api_key(&caller.tenant_id, &id.0, state.clock().now()).await? {
        return Err(Problem::not_found("API key"));
    }
    Ok(HttpResponse::NoContent().finish())
}
