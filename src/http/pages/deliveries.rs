//! `GET /deliveries` and `GET /deliveries/{id}`: each event for each connection, and why it did not arrive.
//! Comes in: the filters, from the address. Goes out: the pages. Their script tries again through the API.

use super::words::address;
use super::{Visit, rows_after};
use crate::http::extract::Id;
use crate::http::paging;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::candidate::Identity;
use crate::model::connection::Connection;
use crate::model::delivery::{Attempt, Delivery, DeliveryState};
use crate::model::event::Event;
use crate::model::ids::{CandidateRef, DeliveryId};
use crate::model::record::DeliveryFilter;
use crate::web::frame::Area;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Query {
    state: String,
    connection: String,
    after: String,
}

#[derive(Serialize)]
struct Values {
    state: String,
    connection: String,
    connections: Vec<Choice>,
    rows: Vec<Row>,
    next: Option<String>,
    first: String,
    is_first: bool,
}

#[derive(Serialize)]
struct Choice {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct Row {
    id: String,
    /// Key of the state's word.
    word: &'static str,
    tone: &'static str,
    connection: Option<String>,
    /// `skill.asserted`; absent when the event was erased.
    event: Option<String>,
    /// What the event is about: the skill, else the title of the credential.
    about: Option<String>,
    person: Option<Person>,
    message: Option<String>,
    attempts: u32,
    next_attempt_at: Option<String>,
    updated_at: String,
    can_retry: bool,
}

#[derive(Serialize)]
struct Person {
    label: String,
    address: String,
}

/// `GET /deliveries`
pub async fn page(state: web::Data<State>, visit: Visit, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let wanted = match query.state.as_str() {
        "" => None,
        name => {
            Some(DeliveryState::parse(name).ok_or_else(|| Problem::new(Code::InvalidQuery, "state is not a delivery's state."))?)
        }
    };
    let filter = DeliveryFilter {
        connection_id: paging::filter("connection", Some(query.connection.clone()).filter(|id| !id.is_empty()))?,
        state: wanted,
        ..DeliveryFilter::default()
    };
    let page = rows_after(&query.after)?;
    let mut deliveries = store.list_deliveries(tenant, &filter, &page).await?;
    let more = paging::cut(&page, &mut deliveries);
    let connections = store.list_connections(tenant).await?;
    let events = store.events(tenant, deliveries.iter().map(|delivery| delivery.event_id.clone()).collect()).await?;
    let persons: Vec<CandidateRef> = events.values().map(|event| event.partitionkey.clone()).collect();
    let identities = store.candidate_identities(tenant, &persons).await?;
    let list =
        |after: &str| address("/deliveries", &[("state", &query.state), ("connection", &query.connection), ("after", after)]);
    let values = Values {
        next: deliveries.last().filter(|_| more).map(|last| list(last.id.as_str())),
        first: list(""),
        is_first: query.after.is_empty(),
        rows: deliveries
            .iter()
            .map(|delivery| row(delivery, events.get(&delivery.event_id), &connections, &identities))
            .collect(),
        connections: connections
            .into_iter()
            .map(|connection| Choice { id: connection.id.to_string(), name: connection.name })
            .collect(),
        state: query.state.clone(),
        connection: query.connection.clone(),
    };
    Ok(visit.page("deliveries.html", Area::Deliveries, &values))
}

#[derive(Serialize)]
struct One {
    row: Row,
    payload: Option<String>,
    attempts: Vec<Tried>,
}

#[derive(Serialize)]
struct Tried {
    started_at: String,
    result: String,
    message: Option<String>,
    calls: Vec<Call>,
}

#[derive(Serialize)]
struct Call {
    line: String,
    /// `None`: there was no answer.
    status: Option<u16>,
    milliseconds: u64,
    response: Option<String>,
}

/// `GET /deliveries/{id}`
pub async fn one(state: web::Data<State>, visit: Visit, id: Id<DeliveryId>) -> Result<HttpResponse, Problem> {
    let (store, tenant) = (state.store(), &visit.caller.tenant_id);
    let found = store.delivery(tenant, &id.0).await?;
    let (delivery, attempts) = found.ok_or_else(|| Problem::not_found("delivery"))?;
    let event = store.event(tenant, &delivery.event_id).await?;
    let persons: Vec<CandidateRef> = event.iter().map(|event| event.partitionkey.clone()).collect();
    let identities = store.candidate_identities(tenant, &persons).await?;
    let connections = store.list_connections(tenant).await?;
    let payload = event.as_ref().map(serde_json::to_string_pretty).transpose().map_err(Problem::internal)?;
    let values = One {
        row: row(&delivery, event.as_ref(), &connections, &identities),
        payload,
        attempts: attempts.into_iter().rev().map(tried).collect(),
    };
    Ok(visit.page("delivery.html", Area::Deliveries, &values))
}

fn row(
    delivery: &Delivery,
    event: Option<&Event>,
    connections: &[Connection],
    identities: &HashMap<CandidateRef, Identity>,
) -> Row {
    let (word, tone) = match delivery.state {
        // It was tried, and did not arrive.
        DeliveryState::Pending if delivery.reason.is_some() => ("failing", "rejected"),
        DeliveryState::Pending => ("pending", "neutral"),
        DeliveryState::Delivered => ("delivered", "accepted"),
        DeliveryState::Unchanged => ("unchanged", "accepted"),
        DeliveryState::Parked => ("parked", "attention"),
        DeliveryState::Dead => ("dead", "rejected"),
    };
    Row {
        id: delivery.id.to_string(),
        word,
        tone,
        connection: connections.iter().find(|one| one.id == delivery.connection_id).map(|one| one.name.clone()),
        event: event.map(|event| short(event.event_type.as_str())),
        about: event.and_then(|event| about(&event.data)),
        person: event.map(|event| person(&event.partitionkey, identities.get(&event.partitionkey))),
        message: delivery.message.clone(),
        attempts: delivery.attempts,
        next_attempt_at: delivery.next_attempt_at.filter(|_| delivery.state == DeliveryState::Pending).map(|at| at.to_rfc3339()),
        updated_at: delivery.updated_at.to_rfc3339(),
        can_retry: delivery.state != DeliveryState::Pending || delivery.reason.is_some(),
    }
}

fn short(event_type: &str) -> String {
    event_type.trim_start_matches("org.skillgate.").trim_end_matches(".v1").to_owned()
}

fn about(data: &Value) -> Option<String> {
    let label = data.pointer("/assertion/label/text").and_then(Value::as_str);
    let title = data.pointer("/credential/achievement/name").and_then(Value::as_object);
    label.or_else(|| title?.values().next()?.as_str()).map(str::to_owned)
}

fn person(candidate: &CandidateRef, known: Option<&Identity>) -> Person {
    let label = known.and_then(|known| known.name.clone().or_else(|| known.first_email().cloned()));
    Person { label: label.unwrap_or_else(|| candidate.to_string()), address: format!("/candidates/{candidate}") }
}

fn tried(attempt: Attempt) -> Tried {
    let calls = attempt.calls.into_iter().map(|call| Call {
        line: format!("{}: {} {}", call.step, call.method, call.url),
        status: call.status,
        milliseconds: call.milliseconds,
        response: call.response,
    });
    Tried {
        started_at: attempt.started_at.to_rfc3339(),
        result: [Some(attempt.result), attempt.reason].into_iter().flatten().collect::<Vec<_>>().join(", "),
        message: attempt.message,
        calls: calls.collect(),
    }
}
