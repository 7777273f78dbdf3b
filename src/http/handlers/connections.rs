//! Connections: a tenant's configured use of a connector. Secrets go in and never come out.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::ports::TestStep;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::connection::{Connection, ConnectionState, Secrets, default_outcomes};
use crate::model::event::EventType;
use crate::model::ids::ConnectionId;
use crate::model::report::Outcome;
use crate::model::secret::Secret;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const MAX_NAME_CHARS: usize = 100;
const PAUSED_BY_PERSON: &str = "Paused by an administrator.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewConnection {
    connector: String,
    name: String,
    #[serde(default)]
    fields: Map<String, Value>,
    #[serde(default)]
    secrets: Secrets,
    #[serde(default)]
    mapping: Map<String, Value>,
    #[serde(default)]
    event_types: Vec<EventType>,
    #[serde(default = "default_outcomes")]
    outcomes: Vec<Outcome>,
}

/// Members that are given replace what is there; of the secrets, only the given ones are replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    name: Option<String>,
    fields: Option<Map<String, Value>>,
    #[serde(default)]
    secrets: Secrets,
    mapping: Option<Map<String, Value>>,
    event_types: Option<Vec<EventType>>,
    outcomes: Option<Vec<Outcome>>,
}

#[derive(Serialize)]
struct Connections {
    items: Vec<Connection>,
}

#[derive(Serialize)]
struct TestResult {
    ok: bool,
    steps: Vec<TestStep>,
}

/// `POST /v1/connections`
pub async fn create(state: web::Data<State>, caller: Caller, body: web::Json<NewConnection>) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    let now = state.clock().now();
    let secrets = without_empty(body.secrets);
    let connection = Connection {
        id: ConnectionId::generate(),
        tenant_id: caller.tenant_id,
        connector: body.connector,
        name: body.name.trim().to_owned(),
        fields: body.fields,
        mapping: body.mapping,
        event_types: body.event_types,
        outcomes: body.outcomes,
        state: ConnectionState::Active,
        paused_reason: None,
        secrets_set: secrets.keys().cloned().collect(),
        created_at: now,
        updated_at: now,
    };
    check(&state, &connection)?;
    state.store().create_connection(&connection, &secrets).await?;
    state.tasks.wake();
    let location = format!("/v1/connections/{}", connection.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(connection))
}

/// `GET /v1/connections`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = state.store().list_connections(&caller.tenant_id).await?;
    Ok(HttpResponse::Ok().json(Connections { items }))
}

/// `GET /v1/connections/{id}`
pub async fn get(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(find(&state, &caller, &id.0).await?))
}

/// `PATCH /v1/connections/{id}`
pub async fn update(
    state: web::Data<State>,
    caller: Caller,
    id: Id<ConnectionId>,
    body: web::Json<ConnectionChange>,
) -> Result<HttpResponse, Problem> {
    let change = body.into_inner();
    let before = find(&state, &caller, &id.0).await?;
    let secrets = without_empty(change.secrets);
    let mut secrets_set = before.secrets_set.clone();
    secrets_set.extend(secrets.keys().cloned());
    secrets_set.sort();
    secrets_set.dedup();
    let connection = Connection {
        name: change.name.map_or(before.name, |name| name.trim().to_owned()),
        fields: change.fields.unwrap_or(before.fields),
        mapping: change.mapping.unwrap_or(before.mapping),
        event_types: change.event_types.unwrap_or(before.event_types),
        outcomes: change.outcomes.unwrap_or(before.outcomes),
        secrets_set,
        updated_at: state.clock().now(),
        ..before
    };
    check(&state, &connection)?;
    if !state.store().update_connection(&connection, &secrets).await? {
        return Err(Problem::not_found("connection"));
    }
    state.tasks.wake();
    Ok(HttpResponse::Ok().json(connection))
}

/// `DELETE /v1/connections/{id}`
pub async fn delete(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    if !state.store().delete_connection(&caller.tenant_id, &id.0).await? {
        return Err(Problem::not_found("connection"));
    }
    state.tasks.wake();
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/connections/{id}/pause`: deliveries wait.
pub async fn pause(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    set_state(&state, &caller, &id.0, ConnectionState::Paused, Some(PAUSED_BY_PERSON)).await
}

/// `POST /v1/connections/{id}/resume`: deliveries go on.
pub async fn resume(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    set_state(&state, &caller, &id.0, ConnectionState::Active, None).await
}

/// `POST /v1/connections/{id}/test`: asks the employer system who we are; writes nothing there.
pub async fn test(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    let connection = find(&state, &caller, &id.0).await?;
    let secrets = state.store().connection_secrets(&connection.id).await?;
    let steps = state.connectors.test(&connection, &secrets).await;
    let ok = steps.iter().all(|step| step.ok);
    Ok(HttpResponse::Ok().json(TestResult { ok, steps }))
}

async fn set_state(
    state: &State,
    caller: &Caller,
    id: &ConnectionId,
    to: ConnectionState,
    reason: Option<&str>,
) -> Result<HttpResponse, Problem> {
    if !state.store().set_connection_state(&caller.tenant_id, id, to, reason, state.clock().now()).await? {
        return Err(Problem::not_found("connection"));
    }
    state.tasks.wake();
    Ok(HttpResponse::Ok().json(find(state, caller, id).await?))
}

async fn find(state: &State, caller: &Caller, id: &ConnectionId) -> Result<Connection, Problem> {
    let found = state.store().connection(&caller.tenant_id, id).await?;
    found.ok_or_else(|| Problem::not_found("connection"))
}

/// An empty secret in a form means that it was left as it is.
fn without_empty(secrets: Secrets) -> Secrets {
    secrets.into_iter().filter(|(_, secret): &(String, Secret)| !secret.expose().is_empty()).collect()
}

fn check(state: &State, connection: &Connection) -> Result<(), Problem> {
    let name_length = connection.name.chars().count();
    if !(1..=MAX_NAME_CHARS).contains(&name_length) || connection.name.chars().any(char::is_control) {
        return Err(Problem::invalid_field("name", "must be 1 to 100 characters of text"));
    }
    if connection.outcomes.is_empty() || connection.outcomes.contains(&Outcome::Rejected) {
        return Err(Problem::invalid_field("outcomes", "must be accepted, attention or both"));
    }
    let connector = connection.connector.as_str();
    if !state.connectors.list().iter().any(|known| known.name == connector) {
        return Err(Problem::new(Code::UnknownConnector, "There is no connector of this name; GET /v1/connectors lists them."));
    }
    let errors = state.connectors.check(connector, &connection.fields, &connection.mapping, &connection.secrets_set);
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
}
