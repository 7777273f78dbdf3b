//! For developers: the OpenAPI and AsyncAPI documents, the schemas, the pages of problem types, the assets of the pages.

use crate::http::extract::header;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::http::{asyncapi, openapi, schemas};
use crate::model::code::Code as Finding;
use crate::protocol::vcalm::problem::OWN_PROBLEMS;
use crate::web as pages;
use actix_web::http::header::{CONTENT_TYPE, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct ProblemPage {
    #[serde(rename = "type")]
    problem_type: String,
    code: &'static str,
    /// Absent for a finding about a credential, which is no answer of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    title: &'static str,
    documentation: &'static str,
}

/// `GET /assets/{name}`: a style sheet, script or picture of the pages.
pub async fn asset(name: web::Path<String>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let known = header(request.headers(), IF_NONE_MATCH);
    pages::asset(&name, known).ok_or_else(|| Problem::not_found("asset"))
}

/// `GET /openapi.json`
pub async fn openapi() -> Result<HttpResponse, Problem> {
    let document = openapi::json().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(document))
}

/// `GET /asyncapi.json`: the events, with the names that they have on this gateway's broker.
pub async fn asyncapi(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(asyncapi::document(&state.queue_prefix).map_err(Problem::internal)?))
}

/// `GET /schemas/{name}`
pub async fn schema(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    served(&name)
}

/// `GET /schemas/events/{name}`
pub async fn event_schema(name: web::Path<String>) -> Result<HttpResponse, Problem> {
    served(&format!("events/{name}"))
}

fn served(path: &str) -> Result<HttpResponse, Problem> {
    let schema = schemas::find(path).ok_or_else(|| Problem::not_found("schema"))?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/schema+json")).body(schema))
}

/// `GET /problems/{code}`: the page behind the type URI of a problem.
pub async fn problem(code: web::Path<String>) -> Result<HttpResponse, Problem> {
    let page = |code: &'static str, status, title, documentation| ProblemPage {
        problem_type: format!("/problems/{code}"),
        code,
        status,
        title,
        documentation,
    };
    let of_api = Code::ALL.iter().find(|known| known.as_str() == code.as_str());
    let of_api = of_api.map(|known| page(known.as_str(), Some(known.status()), known.title(), known.documentation()));
    let of_wallets = || {
        let (name, status, title, advice) = OWN_PROBLEMS.into_iter().find(|(name, ..)| *name == code.as_str())?;
        Some(page(name, Some(status), title, advice))
    };
    let of_verdicts = || {
        let known = code.parse::<Finding>().ok()?;
        Some(page(known.as_str(), None, known.sentence(), known.next_step().unwrap_or_default()))
    };
    let found = of_api.or_else(of_wallets).or_else(of_verdicts).ok_or_else(|| Problem::not_found("problem"))?;
    Ok(HttpResponse::Ok().json(found))
}
