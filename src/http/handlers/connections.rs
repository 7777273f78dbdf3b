//! Connections: a tenant's configured use of a connector. Secrets go in and never come out.

use crate::http::auth::Caller;
use crate::http::extract::Id;
use crate::http::ports::TestStep;
use crate::http::problem::{Code, Problem};
use crate::http::state::State;
use crate::model::application::IntakeStatus;
use crate::model::breaker::Breaker;
use crate::model::connection::{Carries, Connection, ConnectionState, Secrets, default_outcomes};
use crate::model::event::EventType;
use crate::model::health::ConnectionHealth;
use crate::model::ids::ConnectionId;
use crate::model::report::Outcome;
use crate::model::secret::Secret;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const MAX_NAME_CHARS: usize = 100;
/// Longest time for which replaced secrets count, in seconds: 30 days.
const LONGEST_GRACE: u32 = 30 * 24 * 3_600;
const MAX_PURPOSE_CHARS: usize = 200;
const MAX_REASON_CHARS: usize = 200;
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
    #[serde(default)]
    carries: Carries,
}

/// Members that are given replace the stored members; of the secrets, only the given secrets are replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionChange {
    name: Option<String>,
    fields: Option<Map<String, Value>>,
    #[serde(default)]
    secrets: Secrets,
    /// So long the values before the new secrets count, too.
    #[serde(default)]
    grace_seconds: u32,
    mapping: Option<Map<String, Value>>,
    event_types: Option<Vec<EventType>>,
    outcomes: Option<Vec<Outcome>>,
    carries: Option<Carries>,
}

/// A connection, and how its system answers.
#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    connection: Connection,
    /// How the connection reads applications; absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    intake: Option<Intake>,
    /// Absent when the last answer was good.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<Trouble>,
    /// Secrets whose value before the last change counts as well, and until when.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    grace_periods: BTreeMap<String, DateTime<Utc>>,
    /// Only where one connection is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<ConnectionHealth>,
}

/// Why a connection is paused.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    reason: Option<String>,
}

#[derive(Serialize)]
struct Intake {
    #[serde(flatten)]
    status: IntakeStatus,
    /// Where the system sends requests, if it can. Where the address holds the secret, the secret follows after a slash.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

/// Failures since the last good answer.
#[derive(Serialize)]
struct Trouble {
    failures: u32,
    dead_letters: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<DateTime<Utc>>,
    /// Until then nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    resting_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl From<Breaker> for Trouble {
    fn from(breaker: Breaker) -> Self {
        let Breaker { failures, refusals, failing_since, resting_until, reason, message, .. } = breaker;
        Self { failures, dead_letters: refusals, failing_since, resting_until, reason, message }
    }
}

#[derive(Serialize)]
struct Connections {
    items: Vec<View>,
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
        carries: body.carries,
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
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(view(&state, connection).await?))
}

/// `GET /v1/connections`
pub async fn list(state: web::Data<State>, caller: Caller) -> Result<HttpResponse, Problem> {
    let items = views(&state, state.store().list_connections(&caller.tenant_id).await?).await?;
    Ok(HttpResponse::Ok().json(Connections { items }))
}

/// `GET /v1/connections/{id}`
pub async fn get(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    let found = find(&state, &caller, &id.0).await?;
    let health = state.store().connection_health(&caller.tenant_id, &id.0, state.clock().now()).await?;
    let view = view(&state, found).await?;
    Ok(HttpResponse::Ok().json(view.map(|view| View { health: Some(health), ..view })))
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
        carries: change.carries.unwrap_or(before.carries),
        secrets_set,
        updated_at: state.clock().now(),
        ..before
    };
    check(&state, &connection)?;
    if change.grace_seconds > LONGEST_GRACE {
        return Err(Problem::invalid_field("grace_seconds", "must be at most 2592000, which is 30 days"));
    }
    let old_until = connection.updated_at + Duration::seconds(i64::from(change.grace_seconds));
    let old_until = Some(old_until).filter(|_| change.grace_seconds > 0);
    if !state.store().update_connection(&connection, &secrets, old_until).await? {
        return Err(Problem::not_found("connection"));
    }
    state.tasks.wake();
    Ok(HttpResponse::Ok().json(view(&state, connection).await?))
}

/// `DELETE /v1/connections/{id}`
pub async fn delete(state: web::Data<State>, caller: Caller, id: Id<ConnectionId>) -> Result<HttpResponse, Problem> {
    if !state.store().delete_connection(&caller.tenant_id, &id.0).await? {
        return Err(Problem::not_found("connection"));
    }
    state.tasks.wake();
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/connections/{id}/pause`: deliveries wait. The body with the reason may be left out.
pub async fn pause(
    state: web::Data<State>,
    caller: Caller,
    id: Id<ConnectionId>,
    body: web::Bytes,
) -> Result<HttpResponse, Problem> {
    let pause = if body.is_empty() { Ok(Pause::default()) } else { serde_json::from_slice(&body) };
    let pause: Pause = pause.map_err(|cause| Problem::new(Code::InvalidJson, format!("The body can't be read: {cause}.")))?;
    let reason = pause.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > MAX_REASON_CHARS || reason.chars().any(char::is_control)) {
        return Err(Problem::invalid_field("reason", "must be at most 200 characters of text"));
    }
    set_state(&state, &caller, &id.0, ConnectionState::Paused, Some(reason.unwrap_or(PAUSED_BY_PERSON))).await
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
    let found = find(state, caller, id).await?;
    Ok(HttpResponse::Ok().json(view(state, found).await?))
}

async fn view(state: &State, connection: Connection) -> Result<Option<View>, Problem> {
    Ok(views(state, vec![connection]).await?.pop())
}

async fn views(state: &State, connections: Vec<Connection>) -> Result<Vec<View>, Problem> {
    let ids: Vec<ConnectionId> = connections.iter().map(|connection| connection.id.clone()).collect();
    let mut breakers = state.store().breakers(&ids).await?;
    let mut grace_periods = state.store().grace_periods(&ids, state.clock().now()).await?;
    let mut statuses = state.store().intake_statuses(&ids, state.clock().now()).await?;
    let mut intake = |connection: &Connection| {
        let address = state.applications.webhook(connection);
        let address = address.map(|_| format!("{}/v1/applications/{}", state.public_url(), connection.id));
        let status = statuses.remove(&connection.id).unwrap_or_default();
        state.applications.reads(connection).then_some(Intake { status, address })
    };
    let view = |connection: Connection| View {
        intake: intake(&connection),
        trouble: breakers.remove(&connection.id).map(Trouble::from),
        grace_periods: grace_periods.remove(&connection.id).unwrap_or_default(),
        health: None,
        connection,
    };
    Ok(connections.into_iter().map(view).collect())
}

pub(super) async fn find(state: &State, caller: &Caller, id: &ConnectionId) -> Result<Connection, Problem> {
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
    let purpose = connection.carries.purpose.as_deref().map(str::trim).unwrap_or_default();
    if connection.carries.email && purpose.is_empty() {
        return Err(Problem::invalid_field("carries", "needs a purpose when the events carry the address"));
    }
    if purpose.chars().count() > MAX_PURPOSE_CHARS || purpose.chars().any(char::is_control) {
        return Err(Problem::invalid_field("carries", "has a purpose of more than 200 characters, or with control characters"));
    }
    let connector = connection.connector.as_str();
    if !state.connectors.list().iter().any(|known| known.name == connector) {
        return Err(Problem::new(Code::UnknownConnector, "There is no connector of this name; GET /v1/connectors lists them."));
    }
    let errors = state.connectors.check(connector, &connection.fields, &connection.mapping, &connection.secrets_set);
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(errors)) }
}
