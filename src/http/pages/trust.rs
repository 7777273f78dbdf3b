//! `GET /trust`: issuers that wait for a decision, the policy that counts, and what was published before.
//! Comes in: nothing. Goes out: the page. Its script tries and publishes through the API.

use super::Visit;
use super::actors::{name_of, names};
use crate::http::handlers::trust::CurrentPolicy;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::Serialize;

const VERSIONS: u32 = 20;

#[derive(Serialize)]
struct Values {
    policy: CurrentPolicy,
    waiting: Vec<Waiting>,
    versions: Vec<Version>,
}

#[derive(Serialize)]
struct Waiting {
    issuer_id: String,
    /// Its own name for itself.
    name: String,
    credentials: usize,
    first_address: String,
    first_title: String,
    first_at: String,
}

#[derive(Serialize)]
struct Version {
    at: String,
    /// The name of the key or the user that published it.
    by: String,
    /// Empty: the policy file counted again.
    text: String,
}

/// `GET /trust`
pub async fn page(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let waiting = state.pipeline().issuers_waiting(tenant).await?;
    let names = names(&state, tenant).await?;
    let versions = store.policy_versions(tenant, VERSIONS).await?;
    let values = Values {
        policy: CurrentPolicy::of(&state, tenant),
        waiting: waiting
            .into_iter()
            .map(|seen| Waiting {
                name: seen.name.unwrap_or_default(),
                issuer_id: seen.issuer_id,
                credentials: seen.credentials,
                first_address: format!("/submissions/{}", seen.first.submission_id),
                first_title: seen.first.title.unwrap_or_else(|| seen.first.credential_id.to_string()),
                first_at: seen.first.received_at.to_rfc3339(),
            })
            .collect(),
        versions: versions
            .into_iter()
            .map(|version| Version {
                at: version.created_at.to_rfc3339(),
                by: name_of(&names, &version.actor),
                text: version.text.unwrap_or_default(),
            })
            .collect(),
    };
    Ok(visit.page("trust.html", Area::Trust, &values))
}
