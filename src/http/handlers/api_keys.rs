//! API keys: listed by their first characters; the key itself is shown once, when it is made.

use crate::http::auth::{Caller, hash_key};
use crate::http::extract::Id;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::ids::ApiKeyId;
use crate::model::tenant::ApiKey;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

const KEY_BYTES: usize = 32;
/// How much of a key is kept readable, to tell keys apart: `sk_` and six characters.
const PREFIX_CHARS: usize = 9;
const MAX_NAME_CHARS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    name: String,
}

#[derive(Serialize)]
struct MadeKey {
    #[serde(flatten)]
    entry: ApiKey,
    /// Shown this once; afterwards it exists only as a hash.
    key: String,
}

#[derive(Serialize)]
struct Keys {
    items: Vec<ApiKey>,
}

/// A new API key: `sk_` and 32 random bytes in base 58.
pub fn generate() -> String {
    let mut bytes = [0u8; KEY_BYTES];
    rand::RngCore::fill_bytes(&mut rand::rngs::OsRng, &mut bytes);
    format!("sk_{}", bs58::encode(bytes).into_string())
}

/// The readable beginning of a key.
pub fn prefix(key: &str) -> String {
    key.chars().take(PREFIX_CHARS).collect()
}

/// `GET /v1/api-keys`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = state.store.list_api_keys(&caller.tenant_id).await?;
    Ok(HttpResponse::Ok().json(Keys { items }))
}

/// `POST /v1/api-keys`
pub async fn create(state: web::Data<State>, caller: Caller, body: web::Json<NewKey>) -> Result<HttpResponse, Problem> {
    let name = body.name.trim();
    if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Problem::invalid_field("name", "must be 1 to 100 characters of text"));
    }
    let key = generate();
    let now = state.clock.now();
    let entry = state.store.create_api_key(&caller.tenant_id, name, &prefix(&key), &hash_key(&key), now).await?;
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(MadeKey { entry, key }))
}

/// `DELETE /v1/api-keys/{id}`: ends its sessions too.
pub async fn revoke(state: web::Data<State>, caller: Caller, id: Id<ApiKeyId>) -> Result<HttpResponse, Problem> {
    if !state.store.revoke_api_key(&caller.tenant_id, &id.0, state.clock.now()).await? {
        return Err(Problem::not_found("API key"));
    }
    Ok(HttpResponse::NoContent().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_never_the_same() {
        let key = generate();
        assert!(key.starts_with("sk_") && key.len() > 40);
        assert_ne!(key, generate());
        assert_eq!(prefix(&key).len(), PREFIX_CHARS);
    }
}
