//! Candidates: the employer's people, behind opaque references.

use super::snapshot;
use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::person;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::candidate::{Candidate, Identity};
use crate::model::ids::{CandidateRef, is_identifier};
use crate::model::skill::SkillAssertion;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Skills {
    candidate_ref: CandidateRef,
    skills: Vec<SkillAssertion>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetQuery {
    include: Option<Include>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Include {
    /// Whole addresses, DIDs and the name; the audit log notes who asked.
    Identity,
}

#[derive(Serialize)]
struct WithIdentity {
    #[serde(flatten)]
    candidate: Candidate,
    identity: Identity,
}

/// `GET /v1/candidates/{ref}`: addresses as hints; whole with `include=identity`.
pub async fn get(
    state: web::Data<State>,
    caller: Caller,
    id: Id<CandidateRef>,
    query: web::Query<GetQuery>,
) -> Result<HttpResponse, Problem> {
    let (tenant, store) = (&caller.tenant_id, state.store());
    let candidate = store.candidate(tenant, &id.0).await?.ok_or_else(|| Problem::not_found("candidate"))?;
    if query.include.is_none() {
        return Ok(HttpResponse::Ok().json(candidate));
    }
    let identity = store.candidate_identity(tenant, &candidate.candidate_ref).await?;
    caller.note("candidate.identity", format!("candidate:{}", candidate.candidate_ref));
    let answer = HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(WithIdentity { candidate, identity });
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Who becomes a part of the candidate.
    candidate_ref: String,
}

/// `POST /v1/candidates/{ref}/merge`: two candidates are one person. The other's reference keeps answering as an alias.
pub async fn merge(
    state: web::Data<State>,
    caller: Caller,
    id: Id<CandidateRef>,
    body: web::Json<Merge>,
) -> Result<HttpResponse, Problem> {
    let other = person::candidate_ref(&body.candidate_ref)?;
    let (tenant, store) = (&caller.tenant_id, state.store());
    let missing = || Problem::not_found("candidate");
    let into = store.candidate(tenant, &id.0).await?.ok_or_else(missing)?;
    let from = store.candidate(tenant, &other).await?.ok_or_else(missing)?;
    if from.candidate_ref == into.candidate_ref {
        return Err(Problem::invalid_field("candidate_ref", "stands for the same candidate already"));
    }
    if !state.pipeline().merge(tenant, &from.candidate_ref, &into.candidate_ref).await? {
        return Err(missing());
    }
    caller.note("candidate.merge", format!("candidate:{}", into.candidate_ref));
    caller.note("candidate.merged_away", format!("candidate:{}", from.candidate_ref));
    state.tasks.wake();
    let merged = store.candidate(tenant, &into.candidate_ref).await?.ok_or_else(missing)?;
    Ok(HttpResponse::Ok().json(merged))
}

/// `DELETE /v1/candidates/{ref}/addresses/{id}`: takes an address or DID away, with the verdicts that rested on it alone.
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillsQuery {
    /// Name of a taxonomy: each skill once, in its concepts.
    catalogue: Option<String>,
}

/// `GET /v1/candidates/{ref}/skills`: skills of the person's credentials that are in force; with `catalogue` merged over credentials.
pub async fn skills(
    state: web::Data<State>,
    caller: Caller,
    id: Id<CandidateRef>,
    query: web::Query<SkillsQuery>,
) -> Result<HttpResponse, Problem> {
    let found = state.store().candidate(&caller.tenant_id, &id.0).await?;
    let candidate = found.ok_or_else(|| Problem::not_found("candidate"))?;
    if let Some(catalogue) = query.into_inner().catalogue {
        let given = state.store().candidate_support(&caller.tenant_id, &candidate.candidate_ref).await?;
        return Ok(HttpResponse::Ok().json(snapshot::merged(candidate.candidate_ref, catalogue, given)));
    }
    let skills = state.store().candidate_skills(&caller.tenant_id, &candidate.candidate_ref).await?;
    Ok(HttpResponse::Ok().json(Skills { candidate_ref: candidate.candidate_ref, skills }))
}

/// `DELETE /v1/candidates/{ref}`: removes everything about the person and tells the subscribers. The answer leads to the certificate.
pub async fn erase(state: web::Data<State>, caller: Caller, id: Id<CandidateRef>) -> Result<HttpResponse, Problem> {
    let actor = caller.actor.to_string();
    let erased = state.store().erase_candidate(&caller.tenant_id, &id.0, &actor, state.clock().now()).await?;
    let certificate = erased.ok_or_else(|| Problem::not_found("candidate"))?;
    state.tasks.wake();
    Ok(HttpResponse::NoContent().insert_header((LOCATION, format!("/v1/erasures/{certificate}"))).finish())
}
