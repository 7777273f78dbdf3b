//! Stateless verification for partners: `/credentials/verify`, `/presentations/verify`, `/challenges`.

use crate::http::answers;
use crate::http::auth::Caller;
use crate::http::body::{BodyError, read_body};
use crate::http::state::State;
use crate::protocol::vcalm::problem::Problem;
use crate::protocol::vcalm::verify_request::{read_challenge_request, read_credential, read_presentation};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::{Value, json};

/// `POST /credentials/verify`
pub async fn credential(state: web::Data<State>, caller: Caller, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let verified = async {
        let body = body(&state, &request, payload).await?;
        state.channels.judge_credential(&caller.tenant_id, &read_credential(&body, state.limits())?).await
    };
    respond(verified.await)
}

/// `POST /presentations/verify`
pub async fn presentation(state: web::Data<State>, caller: Caller, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let verified = async {
        let body = body(&state, &request, payload).await?;
        state.channels.judge_presentation(&caller.tenant_id, &read_presentation(&body, state.limits())?).await
    };
    respond(verified.await)
}

/// `POST /challenges`: good for one call of `/presentations/verify`.
pub async fn challenge(state: web::Data<State>, caller: Caller, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let made = async {
        let body = body(&state, &request, payload).await?;
        read_challenge_request(&body, state.limits())?;
        Ok(json!({"challenge": state.channels.create_challenge(&caller.tenant_id).await?}))
    };
    respond(made.await)
}

fn respond(result: Result<Value, Problem>) -> HttpResponse {
    match result {
        Ok(body) => answers::json(200, &body),
        Err(problem) => answers::problem(&problem),
    }
}

async fn body(state: &State, request: &HttpRequest, payload: web::Payload) -> Result<Bytes, Problem> {
    read_body(request, payload, state.limits().max_file_bytes).await.map_err(|error| match error {
        BodyError::TooLarge => Problem::too_large(),
        BodyError::Broken => Problem::parsing("The body did not arrive as a whole."),
    })
}
