//! `GET /connections`: the systems that get skills, each with how its deliveries went; a connection's own page; the form of a new one.
//! Comes in: nothing, a connection's id, or a connector's name. Goes out: pages. Their scripts change connections through the API.

mod form;

use self::form::Form;
use super::Visit;
use super::words::address;
use crate::http::extract::Id;
use crate::http::ports::ConnectorInfo;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::breaker::Breaker;
use crate::model::connection::{Connection, ConnectionState};
use crate::model::health::{ConnectionHealth, Tally};
use crate::model::ids::ConnectionId;
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

/// A connection and how it is, without its settings.
#[derive(Serialize)]
struct Row {
    id: String,
    address: String,
    name: String,
    connector: String,
    /// `active`, `failing` or `paused`: the end of a text's key.
    state: &'static str,
    tone: &'static str,
    paused_reason: Option<String>,
    /// The last failure, in English.
    trouble: Option<String>,
    resting_until: Option<String>,
    day: Counts,
    week: Counts,
    is_partial: bool,
    waiting: u64,
    oldest_waiting: Option<String>,
    deliveries: String,
}

#[derive(Serialize)]
struct Counts {
    delivered: u64,
    stopped: u64,
    waiting: u64,
    /// Per cent; absent when nothing ended.
    success: Option<u64>,
}

impl From<Tally> for Counts {
    fn from(tally: Tally) -> Self {
        Self { delivered: tally.delivered, stopped: tally.stopped, waiting: tally.waiting, success: tally.success_percent() }
    }
}

#[derive(Serialize)]
struct Choice {
    name: String,
    title: String,
}

/// `GET /connections`
pub async fn list(state: web::Data<State>, visit: Visit) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Values {
        rows: Vec<Row>,
        connectors: Vec<Choice>,
    }
    let connectors = state.connectors.list();
    let connections = state.store().list_connections(&visit.caller.tenant_id).await?;
    let mut rows = Vec::with_capacity(connections.len());
    for connection in &connections {
        rows.push(row(&state, connection, &connectors).await?);
    }
    let connectors = connectors.into_iter().map(|known| Choice { name: known.name, title: known.title }).collect();
    Ok(visit.page("connections.html", Area::Connections, &Values { rows, connectors }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Which {
    connector: String,
}

/// `GET /connections/new?connector=`
pub async fn new(state: web::Data<State>, visit: Visit, which: web::Query<Which>) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Values {
        form: Form,
    }
    let connector = state.connectors.list().into_iter().find(|known| known.name == which.connector);
    let connector = connector.ok_or_else(|| Problem::new(Code::NotFound, "There is no such connector."))?;
    Ok(visit.page("connection_new.html", Area::Connections, &Values { form: Form::new(&connector) }))
}

/// `GET /connections/{id}`
pub async fn one(state: web::Data<State>, visit: Visit, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    #[derive(Serialize)]
    struct Values {
        row: Row,
        form: Form,
        /// Secrets whose earlier value counts as well: name, and until when.
        grace: Vec<(String, String)>,
        /// Whether the connector is installed: without it there is no form.
        is_known: bool,
    }
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let found = store.connection(tenant, &id.0).await?;
    let connection = found.ok_or_else(|| Problem::new(Code::NotFound, "There is no such connection."))?;
    let connectors = state.connectors.list();
    let connector = connectors.iter().find(|known| known.name == connection.connector);
    let grace = store.grace_periods(std::slice::from_ref(&connection.id), state.clock().now()).await?;
    let grace = grace.into_values().flatten();
    let label = |name: String| {
        let field = connector.and_then(|known| known.fields.iter().find(|field| field.secret && field.name == name));
        field.map_or(name, |field| field.label.clone())
    };
    let values = Values {
        row: row(&state, &connection, &connectors).await?,
        form: Form::of(&connection, connector),
        grace: grace.map(|(name, until)| (label(name), until.to_rfc3339())).collect(),
        is_known: connector.is_some(),
    };
    Ok(visit.page("connection.html", Area::Connections, &values))
}

async fn row(state: &State, connection: &Connection, connectors: &[ConnectorInfo]) -> Result<Row, Problem> {
    let store = state.store();
    let health = store.connection_health(&connection.tenant_id, &connection.id, state.clock().now()).await?;
    let breaker = store.breakers(std::slice::from_ref(&connection.id)).await?.remove(&connection.id);
    Ok(shown(connection, connectors, health, breaker))
}

fn shown(connection: &Connection, connectors: &[ConnectorInfo], health: ConnectionHealth, breaker: Option<Breaker>) -> Row {
    let title = connectors.iter().find(|known| known.name == connection.connector).map(|known| known.title.clone());
    let is_failing = breaker.as_ref().is_some_and(|breaker| breaker.failures + breaker.refusals > 0);
    let (state, tone) = match connection.state {
        ConnectionState::Paused => ("paused", "attention"),
        ConnectionState::Active if is_failing => ("failing", "rejected"),
        ConnectionState::Active => ("active", "accepted"),
    };
    Row {
        address: format!("/connections/{}", connection.id),
        deliveries: address("/deliveries", &[("connection", connection.id.as_str())]),
        id: connection.id.to_string(),
        name: connection.name.clone(),
        connector: title.unwrap_or_else(|| connection.connector.clone()),
        paused_reason: connection.paused_reason.clone(),
        resting_until: breaker.as_ref().and_then(|breaker| breaker.resting_until).map(|until| until.to_rfc3339()),
        trouble: breaker.and_then(|breaker| breaker.message),
        day: health.day.into(),
        week: health.week.into(),
        is_partial: health.is_partial,
        waiting: health.waiting,
        oldest_waiting: health.oldest_waiting.map(|at| at.to_rfc3339()),
        state,
        tone,
    }
}
