//! A user's own account: the password and the second factor.

use crate::http::auth::Caller;
use crate::http::problem::{Code, Problem};
use crate::http::session;
use crate::http::state::State;
use crate::model::account::{Actor, User};
use crate::model::secret::Secret;
use actix_web::http::header::{CACHE_CONTROL, SET_COOKIE};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    password: Secret,
    new_password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Password {
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstCode {
    code: String,
}

#[derive(Serialize)]
struct Offered<'a> {
    /// Base32, to type into the authenticator app.
    secret: &'a str,
    uri: &'a str,
}

#[derive(Serialize)]
struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// The user who asks; API keys have neither password nor second factor.
pub async fn user_of(state: &State, caller: &Caller) -> Result<User, Problem> {
    let Actor::User(id) = &caller.actor else {
        return Err(Problem::new(Code::Conflict, "An API key has neither a password nor a second factor; sign in as a user."));
    };
    state.store().user(&caller.tenant_id, id).await?.ok_or_else(|| Problem::not_found("user"))
}

/// `PUT /v1/me/password`: all sessions of the user end; this one goes on as a new one.
pub async fn change_password(
    state: web::Data<State>,
    caller: Caller,
    body: web::Json<NewPassword>,
) -> Result<HttpResponse, Problem> {
    let user = user_of(&state, &caller).await?;
    let body = body.into_inner();
    state.accounts.change_password(&user, body.password, body.new_password).await?;
    caller.note("user.change_password", format!("user:{}", user.id));
    let mut answer = HttpResponse::NoContent();
    if caller.session.is_some() {
        let (secret, length) = state.accounts.begin_session(&caller.tenant_id, &caller.actor, caller.address).await?;
        answer.insert_header((SET_COOKIE, session::begin(&secret, length, state.is_secure())));
    }
    Ok(answer.finish())
}

/// `POST /v1/me/second-factor`: a secret for the authenticator app. It counts once it is confirmed.
pub async fn begin_second_factor(
    state: web::Data<State>,
    caller: Caller,
    body: web::Json<Password>,
) -> Result<HttpResponse, Problem> {
    let user = user_of(&state, &caller).await?;
    let offer = state.accounts.offer_second_factor(&user, body.into_inner().password).await?;
    let offered = Offered { secret: offer.secret.expose(), uri: offer.uri.expose() };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(offered))
}

/// `PUT /v1/me/second-factor`: a code of the offered secret turns it on. The answer holds the recovery codes, this once.
pub async fn confirm_second_factor(
    state: web::Data<State>,
    caller: Caller,
    body: web::Json<FirstCode>,
) -> Result<HttpResponse, Problem> {
    let user = user_of(&state, &caller).await?;
    let recovery_codes = state.accounts.confirm_second_factor(&user.id, &body.code).await?;
    caller.note("user.second_factor_on", format!("user:{}", user.id));
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(RecoveryCodes { recovery_codes }))
}

/// `DELETE /v1/me/second-factor`
pub async fn remove_second_factor(
    state: web::Data<State>,
    caller: Caller,
    body: web::Json<Password>,
) -> Result<HttpResponse, Problem> {
    let user = user_of(&state, &caller).await?;
    state.accounts.remove_second_factor(&user, body.into_inner().password).await?;
    caller.note("user.second_factor_off", format!("user:{}", user.id));
    Ok(HttpResponse::NoContent().finish())
}
