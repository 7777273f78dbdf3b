//! `GET /overview`: how the gateway is, and what waits for a person. Comes in: nothing. Goes out: the page.

use super::Visit;
use crate::http::ports::Probe;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::model::connection::ConnectionState;
use crate::model::delivery::DeliveryState;
use crate::model::record::{DeliveryFilter, Page};
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use chrono::Duration;
use serde::Serialize;

/// Counts up to here are exact; beyond it the page says so.
const MOST_COUNTED: u32 = 500;
/// So long before its end a certificate is something to look at.
const CERTIFICATE_NOTICE: Duration = Duration::days(30);

#[derive(Serialize)]
struct Values {
    version: &'static str,
    address: String,
    probes: Vec<Probe>,
    /// Since when the oldest event waits, of all tenants.
    oldest: Option<String>,
    unpublished: u64,
    dead: Count,
    parked: Count,
    pending: Count,
    paused: usize,
    issuers: usize,
    /// Whether anything needs a person.
    is_calm: bool,
    certificate_until: Option<String>,
    is_certificate_due: bool,
}

#[derive(Serialize)]
struct Count {
    number: usize,
    is_more: bool,
}

/// `GET /overview`
pub async fn page(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    let (store, tenant, now) = (state.store(), &visit.caller.tenant_id, state.clock().now());
    let backlog = store.backlog().await?;
    let (dead, parked, pending) = (
        count(&state, &visit, DeliveryState::Dead).await?,
        count(&state, &visit, DeliveryState::Parked).await?,
        count(&state, &visit, DeliveryState::Pending).await?,
    );
    let connections = store.list_connections(tenant).await?;
    let paused = connections.iter().filter(|connection| connection.state == ConnectionState::Paused).count();
    let issuers = state.pipeline().issuers_waiting(tenant).await?.len();
    let certificate = state.channels.certificate_until();
    let is_certificate_due = certificate.is_some_and(|until| until - now <= CERTIFICATE_NOTICE);
    let probes = state.watch.health.probe().await;
    let is_calm =
        dead.number + parked.number + paused + issuers == 0 && !is_certificate_due && probes.iter().all(|probe| probe.ok);
    let values = Values {
        version: env!("CARGO_PKG_VERSION"),
        address: state.public_url().to_owned(),
        probes,
        oldest: backlog.oldest_pending.into_iter().chain(backlog.oldest_unpublished).min().map(|at| at.to_rfc3339()),
        unpublished: backlog.unpublished,
        dead,
        parked,
        pending,
        paused,
        issuers,
        is_calm,
        certificate_until: certificate.map(|until| until.to_rfc3339()),
        is_certificate_due,
    };
    Ok(visit.page("overview.html", Area::Overview, &values))
}

async fn count(state: &State, visit: &Visit, of: DeliveryState) -> Result<Count, Problem> {
    let filter = DeliveryFilter { state: Some(of), ..DeliveryFilter::default() };
    let page = Page { limit: MOST_COUNTED + 1, after: None };
    let found = state.store().list_deliveries(&visit.caller.tenant_id, &filter, &page).await?.len();
    Ok(Count { number: found.min(MOST_COUNTED as usize), is_more: found > MOST_COUNTED as usize })
}
