//! `GET /taxonomies`: the taxonomies that skills are mapped to. Comes in: nothing. Goes out: the page. Its script imports, compares,
//! activates and removes them through the API.

use super::Visit;
use crate::http::handlers::taxonomies::{Taxonomy, all, may_change};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::Serialize;

#[derive(Serialize)]
struct Values {
    taxonomies: Vec<Row>,
    may_change: bool,
    /// The catalogue that this employer chose.
    chosen: Option<String>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    taxonomy: Taxonomy,
    /// The version that counts, when it is another one.
    compared_with: Option<String>,
}

/// `GET /taxonomies`
pub async fn page(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let taxonomies = all(&state).await?;
    let active = |name: &str| taxonomies.iter().find(|one| one.name == name && one.active).map(|one| one.version.clone());
    let compared: Vec<Option<String>> =
        taxonomies.iter().map(|one| active(&one.name).filter(|version| *version != one.version)).collect();
    let rows = taxonomies.into_iter().zip(compared).map(|(taxonomy, compared_with)| Row { taxonomy, compared_with });
    let (chosen, _) = state.store().skill_settings(&visit.caller.tenant_id).await?;
    let values = Values { taxonomies: rows.collect(), may_change: may_change(&state, &visit.caller), chosen };
    Ok(visit.page("taxonomies.html", Area::Skills, &values))
}
