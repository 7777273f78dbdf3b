//! The names of those who acted, for pages that show the audit log, versions and sessions.
//! Comes in: a tenant. Goes out: names by actor. Must not know: which page shows them.

use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::account::Actor;
use crate::model::ids::TenantId;
use std::collections::HashMap;

/// The names behind the actors of the audit log, as it writes them: `api_key:ID`, `user:ID`.
pub async fn names(state: &State, tenant: &TenantId) -> Result<HashMap<String, String>, Problem> {
    let keys = state.store().list_api_keys(tenant).await?;
    let users = state.store().list_users(tenant).await?;
    let keys = keys.into_iter().map(|key| (Actor::Key(key.id).to_string(), key.name));
    Ok(keys.chain(users.into_iter().map(|user| (Actor::User(user.id).to_string(), user.name))).collect())
}

/// The name of an actor; without a name, the actor as it is written.
pub fn name_of(names: &HashMap<String, String>, actor: &str) -> String {
    names.get(actor).cloned().unwrap_or_else(|| actor.to_owned())
}
