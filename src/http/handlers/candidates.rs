//! Candidates: the employer's people, behind opaque references.

use crate::http::auth::Caller;
use crate::http::extract::{Id, is_identifier};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::ids::CandidateRef;
use crate::model::skill::SkillAssertion;
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Skills {
    candidate_ref: CandidateRef,
    skills: Vec<SkillAssertion>,
}

/// `GET /v1/candidates/{ref}`
pub async fn get(state: web::Data<State>, caller: Caller, id: Id<CandidateRef>) -> Result<HttpResponse, Problem> {
    let found = state.store().candidate(&caller.tenant_id, &id.0).await?;
    let candidate = found.ok_or_else(|| Problem::not_found("candidate"))?;
    Ok(HttpResponse::Ok().json(candidate))
}

/// `DELETE /v1/candidates/{ref}/addresses/{id}`: takes an address or DID away, with what was accepted for nothing else.
pub async fn forget_address(
    state: web::Data<State>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (candidate, address) = path.into_inner();
    let is_plausible = is_identifier(&candidate) && is_identifier(&address);
    let candidate = CandidateRef::from(candidate);
    if !is_plausible || !state.pipeline().forget_address(&caller.tenant_id, &candidate, &address).await? {
        return Err(Problem::not_found("address"));
    }
    state.tasks.wake();
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /v1/candidates/{ref}/skills`: skills of the person's credentials that are in force.
pub async fn skills(state: web::Data<State>, caller: Caller, id: Id<CandidateRef>) -> Result<HttpResponse, Problem> {
    let found = state.store().candidate(&caller.tenant_id, &id.0).await?;
    let candidate = found.ok_or_else(|| Problem::not_found("candidate"))?;
    let skills = state.store().candidate_skills(&caller.tenant_id, &candidate.candidate_ref).await?;
    Ok(HttpResponse::Ok().json(Skills { candidate_ref: candidate.candidate_ref, skills }))
}

/// `DELETE /v1/candidates/{ref}`: removes everything about the person and tells the subscribers.
pub async fn erase(state: web::Data<State>, caller: Caller, id: Id<CandidateRef>) -> Result<HttpResponse, Problem> {
    let erased = state.store().erase_candidate(&caller.tenant_id, &id.0, state.clock().now()).await?;
    if !erased {
        return Err(Problem::not_found("candidate"));
    }
    state.tasks.wake();
    Ok(HttpResponse::NoContent().finish())
}
