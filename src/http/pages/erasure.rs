//! `GET /erasures` and `GET /erasures/{id}`: certificates of erasure, to read and to print.

use super::words::address;
use super::{Visit, rows_after};
use crate::http::extract::Id;
use crate::http::handlers::erasures;
use crate::http::paging;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::erasure::{Erasure, TellingState};
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Query {
    after: String,
}

#[derive(Serialize)]
struct Row {
    id: String,
    candidate_ref: String,
    erased_at: String,
    is_complete: bool,
}

/// `GET /erasures`
pub async fn list(state: web::Data<State>, visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Values {
        rows: Vec<Row>,
        is_first: bool,
        next: Option<String>,
    }
    let page = rows_after(&query.after)?;
    let mut rows = state.store().list_erasures(&visit.caller.tenant_id, &page).await?;
    let is_more = paging::cut(&page, &mut rows);
    let next = rows.last().filter(|_| is_more).map(|last| address("/erasures", &[("after", &last.id)]));
    let rows = rows.into_iter().map(|row| Row {
        is_complete: row.is_complete(),
        id: row.id,
        candidate_ref: row.candidate_ref.to_string(),
        erased_at: row.erased_at.to_rfc3339(),
    });
    let values = Values { rows: rows.collect(), is_first: query.after.is_empty(), next };
    Ok(visit.page("erasures.html", Area::Candidates, &values))
}

/// `GET /erasures/{id}`
pub async fn page(state: web::Data<State>, visit: Visit, id: Id<String>) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Values {
        id: String,
        candidate_refs: Vec<String>,
        erased_at: String,
        actor: String,
        is_complete: bool,
        rows: Vec<Class>,
        keys: u64,
        connections: Vec<Connection>,
        organisation: String,
    }
    #[derive(Serialize)]
    struct Class {
        name: String,
        number: u64,
    }
    #[derive(Serialize)]
    struct Connection {
        name: String,
        state: &'static str,
        tone: &'static str,
        told_at: Option<String>,
        acknowledged_at: Option<String>,
    }
    let erasure: Erasure = erasures::find(&state, &visit.caller, &id.0).await?;
    let values = Values {
        is_complete: erasure.is_complete(),
        id: erasure.id,
        candidate_refs: erasure.candidate_refs.iter().map(ToString::to_string).collect(),
        erased_at: erasure.erased_at.to_rfc3339(),
        actor: erasure.actor,
        rows: erasure.rows.into_iter().map(|(name, number)| Class { name, number }).collect(),
        keys: u64::from(erasure.keys_destroyed),
        connections: erasure
            .connections
            .into_iter()
            .map(|to| Connection {
                name: to.name,
                state: word(to.state),
                tone: tone(to.state),
                told_at: to.told_at.map(|at| at.to_rfc3339()),
                acknowledged_at: to.acknowledged_at.map(|at| at.to_rfc3339()),
            })
            .collect(),
        organisation: state.channels.settings.organisation.clone(),
    };
    Ok(visit.page("erasure.html", Area::Candidates, &values))
}

fn word(state: TellingState) -> &'static str {
    match state {
        TellingState::Acknowledged => "acknowledged",
        TellingState::Pending => "pending",
        TellingState::Failed => "failed",
        TellingState::ByHand => "by_hand",
        TellingState::NotNeeded => "not_needed",
        TellingState::Deleted => "deleted",
    }
}

fn tone(state: TellingState) -> &'static str {
    match state {
        TellingState::Acknowledged => "accepted",
        TellingState::Pending | TellingState::NotNeeded => "neutral",
        TellingState::ByHand | TellingState::Deleted => "attention",
        TellingState::Failed => "rejected",
    }
}
