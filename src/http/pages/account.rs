//! `GET /account`: one's own password, second factor and sessions; and the page of an invitation.
//! Comes in: nothing, or an invitation's code. Goes out: the pages. Their scripts work through the API.

use super::actors::names;
use super::users::{OpenSession, shown};
use super::{Visit, error_page, open};
use crate::account::qr_text;
use crate::http::auth::address_of;
use crate::http::handlers::account::user_of;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::account::{Actor, User};
use crate::web::channel::qr_code;
use crate::web::frame::Area;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Values {
    name: String,
    role: &'static str,
    /// Empty for an API key.
    email: String,
    is_user: bool,
    has_second_factor: bool,
    sessions: Vec<OpenSession>,
}

/// `GET /account`
pub async fn page(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let (store, caller) = (state.store(), &visit.caller);
    let user: Option<User> = match &caller.actor {
        Actor::User(id) => store.user(&caller.tenant_id, id).await?,
        Actor::Key(_) => None,
    };
    let names = names(&state, &caller.tenant_id).await?;
    let sessions = store.list_sessions(&caller.tenant_id, Some(&caller.actor), state.clock().now()).await?;
    let values = Values {
        name: caller.name.clone(),
        role: caller.role.as_str(),
        is_user: user.is_some(),
        has_second_factor: user.as_ref().is_some_and(|user| user.has_second_factor),
        email: user.map(|user| user.email).unwrap_or_default(),
        sessions: sessions.into_iter().map(|session| shown(session, &names, &visit)).collect(),
    };
    Ok(visit.page("account.html", Area::Account, &values))
}

/// `GET /account/second-factor.svg`: a QR code of the second factor that waits for its owner's confirmation.
pub async fn qr(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let user = user_of(&state, &visit.caller).await?;
    let offered = state.store().offered_second_factor(&user.id).await?;
    let secret = offered.ok_or_else(|| Problem::not_found("second factor"))?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/svg+xml"))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .body(qr_code(&qr_text(secret.expose(), &user.email))))
}

/// `GET /welcome/{code}`: the invited person chooses a password.
pub async fn welcome(state: web::Data<State>, request: HttpRequest, code: web::Path<String>) -> HttpResponse {
    #[derive(Serialize)]
    struct Invited {
        name: String,
        email: String,
        code: String,
    }
    let found = match state.accounts.admit(address_of(&state, &request)) {
        Ok(()) => state.accounts.invited(&code).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(user) => {
            let values = Invited { name: user.name, email: user.email, code: code.into_inner() };
            open(&state, &request, "welcome.html", Area::Elsewhere, &values).await
        }
        Err(error) => error_page(&request, &error.into()),
    }
}
