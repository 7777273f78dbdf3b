//! `GET /users`: who may sign in, and who is signed in now. Comes in: nothing. Goes out: the page. Its script works through the API.

use super::Visit;
use super::actors::{name_of, names};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::account::{Actor, Role, Session};
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::collections::HashMap;

#[derive(Serialize)]
struct Values {
    users: Vec<Person>,
    sessions: Vec<OpenSession>,
    roles: Vec<&'static str>,
}

#[derive(Serialize)]
struct Person {
    id: String,
    name: String,
    email: String,
    role: &'static str,
    is_disabled: bool,
    has_password: bool,
    has_second_factor: bool,
    /// The reader.
    is_own: bool,
    created_at: String,
}

/// A session in a list.
#[derive(Serialize)]
pub struct OpenSession {
    id: String,
    who: String,
    address: String,
    created_at: String,
    last_seen_at: String,
    is_own: bool,
}

/// `GET /users`
pub async fn page(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let names = names(&state, tenant).await?;
    let sessions = store.list_sessions(tenant, None, state.clock().now()).await?;
    let users = store.list_users(tenant).await?.into_iter().map(|user| Person {
        is_own: visit.caller.actor == Actor::User(user.id.clone()),
        id: user.id.to_string(),
        name: user.name,
        email: user.email,
        role: user.role.as_str(),
        is_disabled: user.disabled_at.is_some(),
        has_password: user.has_password,
        has_second_factor: user.has_second_factor,
        created_at: user.created_at.to_rfc3339(),
    });
    let values = Values {
        users: users.collect(),
        sessions: sessions.into_iter().map(|session| shown(session, &names, &visit)).collect(),
        roles: Role::ALL.iter().map(|role| role.as_str()).collect(),
    };
    Ok(visit.page("users.html", Area::Users, &values))
}

/// A session as lists show it.
pub fn shown(session: Session, names: &HashMap<String, String>, visit: &Visit) -> OpenSession {
    let actor = match (session.user_id, session.key_id) {
        (Some(user), _) => Actor::User(user).to_string(),
        (None, Some(key)) => Actor::Key(key).to_string(),
        (None, None) => String::new(),
    };
    OpenSession {
        is_own: visit.caller.session.as_ref() == Some(&session.id),
        id: session.id.to_string(),
        who: name_of(names, &actor),
        address: session.address,
        created_at: session.created_at.to_rfc3339(),
        last_seen_at: session.last_seen_at.to_rfc3339(),
    }
}
