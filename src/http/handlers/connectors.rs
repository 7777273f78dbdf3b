//! Connectors: the employer systems that this installation can write to, with their set-up forms.

use crate::http::auth::Caller;
use crate::http::ports::ConnectorInfo;
use crate::http::state::State;
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Connectors {
    items: Vec<ConnectorInfo>,
}

/// `GET /v1/connectors`
pub async fn list(state: web::Data<State>, _caller: Caller) -> HttpResponse {
    HttpResponse::Ok().json(Connectors { items: state.connectors.list() })
}
