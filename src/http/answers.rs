//! Answers of the channels: JSON with `Cache-Control: no-store`, because a challenge or a token may be in it.
//! Comes in: a status and a value. Goes out: the response.

use crate::protocol::vcalm::problem::Problem as VcalmProblem;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::Value;

/// JSON with `Cache-Control: no-store`.
pub fn json(status: u16, value: &Value) -> HttpResponse {
    typed(status, "application/json", value)
}

/// An error in VCALM's form (RFC 9457 with VCALM's types).
pub fn problem(problem: &VcalmProblem) -> HttpResponse {
    typed(problem.status, "application/problem+json", &problem.body())
}

fn typed(status: u16, media_type: &str, value: &Value) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(value.to_string())
}
