//! Users: administrators invite them, change their roles, disable them and reset them.

use crate::account::is_email;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::account::{Actor, Role, User};
use crate::model::ids::UserId;
use crate::model::secret::Secret;
use crate::store::{StoreError, UserChange};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

const MAX_NAME_CHARS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    name: String,
    email: String,
    role: Role,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    name: Option<String>,
    role: Option<Role>,
    disabled: Option<bool>,
}

#[derive(Serialize)]
struct Users {
    items: Vec<User>,
}

#[derive(Serialize)]
struct Invited {
    #[serde(flatten)]
    user: User,
    /// The link by which the person sets a password; shown this once.
    url: String,
}

/// `GET /v1/users`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Users { items: state.store().list_users(&caller.tenant_id).await? }))
}

/// `POST /v1/users`: the answer holds the link by which the person sets a password.
pub async fn create(state: web::Data<State>, caller: Caller, body: web::Json<NewUser>) -> Result<HttpResponse, Problem> {
    let (name, email) = (name_of(&body.name)?, body.email.trim());
    if !is_email(email) {
        return Err(Problem::invalid_field("email", "must be an e-mail address"));
    }
    let made = state.store().create_user(&caller.tenant_id, name, email, body.role, state.clock().now()).await;
    let user = made.map_err(|error| match error {
        StoreError::Conflict(_) => Problem::new(Code::Conflict, "A user of this installation has this address already."),
        other => other.into(),
    })?;
    caller.note("user.create", format!("user:{}", user.id));
    let code = state.accounts.invite(&caller.tenant_id, &user.id, false).await?;
    let answer = invited(&state, user, code.ok_or_else(|| Problem::not_found("user"))?);
    Ok(HttpResponse::Created().insert_header((CACHE_CONTROL, "no-store")).json(answer))
}

fn name_of(text: &str) -> Result<&str, Problem> {
    let name = text.trim();
    if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Problem::invalid_field("name", "must be 1 to 100 characters of text"));
    }
    Ok(name)
}

fn invited(state: &State, user: User, code: Secret) -> Invited {
    Invited { url: format!("{}/welcome/{}", state.public_url(), code.expose()), user }
}

/// `PATCH /v1/users/{id}`: name, role, disabled or not. Another role, and disabling, end the user's sessions.
pub async fn change(
    state: web::Data<State>,
    caller: Caller,
    id: Id<UserId>,
    body: web::Json<Change>,
) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    if caller.actor == Actor::User(id.0.clone()) && (body.role.is_some() || body.disabled.is_some()) {
        return Err(Problem::new(
            Code::Conflict,
            "Nobody changes their own role, or disables themselves: ask another administrator.",
        ));
    }
    let name = body.name.as_deref().map(name_of).transpose()?.map(str::to_owned);
    let is_renamed = name.is_some();
    let change = UserChange { name, role: body.role, is_disabled: body.disabled };
    let changed = state.store().change_user(&caller.tenant_id, &id.0, change, state.clock().now()).await?;
    let user = changed.ok_or_else(|| Problem::not_found("user"))?;
    let object = format!("user:{}", user.id);
    if is_renamed {
        caller.note("user.rename", object.clone());
    }
    if let Some(role) = body.role {
        caller.note(&format!("user.role_{role}"), object.clone());
    }
    if let Some(disabled) = body.disabled {
        caller.note(if disabled { "user.disable" } else { "user.enable" }, object);
    }
    Ok(HttpResponse::Ok().json(user))
}

/// `POST /v1/users/{id}/invite`: resets the user. Password, second factor and sessions end; the answer holds the link to a new password.
pub async fn invite(state: web::Data<State>, caller: Caller, id: Id<UserId>) -> Result<HttpResponse, Problem> {
    let code = state.accounts.invite(&caller.tenant_id, &id.0, true).await?;
    let code = code.ok_or_else(|| Problem::not_found("user"))?;
    let user = state.store().user(&caller.tenant_id, &id.0).await?.ok_or_else(|| Problem::not_found("user"))?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(invited(&state, user, code)))
}

/// `DELETE /v1/users/{id}/sessions`: signs the user out everywhere.
pub async fn end_sessions(state: web::Data<State>, caller: Caller, id: Id<UserId>) -> Result<HttpResponse, Problem> {
    let user = state.store().user(&caller.tenant_id, &id.0).await?.ok_or_else(|| Problem::not_found("user"))?;
    state.store().end_sessions(&caller.tenant_id, &Actor::User(user.id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
