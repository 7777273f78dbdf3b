//! Deliveries and their attempts: leases of the workers, and results.

use super::pool::{AnyConnection, each_backend};
use super::schema::{attempts, deliveries, events};
use super::text::{clean, json_text, parse_json, parse_name, parse_time, parse_times, time_text, to_u32};
use super::{Result, Store, StoreError, connections};
use crate::model::delivery::{Attempt, Delivery, DeliveryResult, DeliveryState};
use crate::model::ids::{AttemptId, ConnectionId, DeliveryId, EventId, TenantId};
use crate::model::record::{DeliveryFilter, Page};
use chrono::{DateTime, Duration, Utc};
use diesel::dsl::max;
use diesel::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct Row {
    id: String,
    connection_id: String,
    event_id: String,
    state: String,
    attempts: i64,
    attempts_before: i64,
    next_attempt_at: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    created_at: String,
    updated_at: String,
}

impl Row {
    fn into_model(self) -> Result<Delivery> {
        Ok(Delivery {
            id: DeliveryId(self.id),
            connection_id: ConnectionId(self.connection_id),
            event_id: EventId(self.event_id),
            state: parse_name(&self.state)?,
            attempts: to_u32(self.attempts),
            attempts_before: to_u32(self.attempts_before),
            next_attempt_at: parse_times(self.next_attempt_at)?,
            reason: self.reason,
            message: self.message,
            created_at: parse_time(&self.created_at)?,
            updated_at: parse_time(&self.updated_at)?,
        })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = attempts)]
struct AttemptRow {
    id: String,
    delivery_id: String,
    number: i64,
    started_at: String,
    finished_at: String,
    result: String,
    reason: Option<String>,
    message: Option<String>,
    calls: String,
}

impl AttemptRow {
    fn into_model(self) -> Result<Attempt> {
        Ok(Attempt {
            id: AttemptId(self.id),
            delivery_id: DeliveryId(self.delivery_id),
            number: to_u32(self.number),
            started_at: parse_time(&self.started_at)?,
            finished_at: parse_time(&self.finished_at)?,
            result: self.result,
            reason: self.reason,
            message: self.message,
            calls: parse_json(&self.calls)?,
        })
    }
}

/// Wait before the next event about a person is tried while an earlier event about this person is being delivered.
const AFTER_EARLIER: Duration = Duration::seconds(1);

/// Due time of the last earlier event about the same person that the connection has not taken yet.
fn earlier_due(connection: &mut AnyConnection, id: &ConnectionId, event: &EventId) -> Result<Option<DateTime<Utc>>> {
    let about: Option<(String, String, i64)> = events::table
        .filter(events::id.eq(event.as_str()))
        .select((events::tenant_id, events::candidate_ref, events::position))
        .first(connection)
        .optional()?;
    let Some((tenant, candidate, position)) = about else { return Ok(None) };
    let due: Option<String> = deliveries::table
        .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
        .filter(events::tenant_id.eq(tenant))
        .filter(events::candidate_ref.eq(candidate))
        .filter(events::position.lt(position))
        .filter(deliveries::connection_id.eq(id.as_str()))
        .filter(deliveries::state.eq(DeliveryState::Pending.as_str()))
        .select(max(deliveries::next_attempt_at))
        .first(connection)?;
    parse_times(due)
}

fn wait_for(connection: &mut AnyConnection, id: &ConnectionId, event: &EventId, until: DateTime<Utc>) -> Result<()> {
    let target = deliveries::table
        .filter(deliveries::connection_id.eq(id.as_str()))
        .filter(deliveries::event_id.eq(event.as_str()))
        .filter(deliveries::state.eq(DeliveryState::Pending.as_str()));
    let values = (deliveries::next_attempt_at.eq(Some(time_text(until))), deliveries::queued_until.eq(None::<String>));
    diesel::update(target).set(values).execute(connection)?;
    Ok(())
}

/// The delivery's new state after a result.
struct Next<'a> {
    state: DeliveryState,
    /// When the delivery is due again; for pending deliveries only.
    at: Option<DateTime<Utc>>,
    reason: Option<&'a str>,
    message: Option<&'a str>,
}

impl<'a> Next<'a> {
    fn after(result: &'a DeliveryResult, finished_at: DateTime<Utc>) -> Self {
        let (state, at, why) = match result {
            DeliveryResult::Delivered => (DeliveryState::Delivered, None, None),
            DeliveryResult::Unchanged => (DeliveryState::Unchanged, None, None),
            DeliveryResult::Parked { reason, message } => (DeliveryState::Parked, None, Some((reason, message))),
            DeliveryResult::RetryAt { at, reason, message } => (DeliveryState::Pending, Some(*at), Some((reason, message))),
            // Due as soon as the connection is resumed.
            DeliveryResult::ConfigError { reason, message } => {
                (DeliveryState::Pending, Some(finished_at), Some((reason, message)))
            }
            DeliveryResult::Permanent { reason, message } => (DeliveryState::Dead, None, Some((reason, message))),
        };
        let reason = why.map(|(reason, _)| reason.as_str());
        Self { state, at, reason, message: why.map(|(_, message)| message.as_str()) }
    }
}

impl Store {
    /// Newest first.
    pub async fn list_deliveries(&self, tenant: &TenantId, filter: &DeliveryFilter, page: &Page) -> Result<Vec<Delivery>> {
        let (tenant, filter, page) = (tenant.clone(), filter.clone(), page.clone());
        self.read(move |connection| {
            let mut query =
                deliveries::table.filter(deliveries::tenant_id.eq(tenant.as_str())).select(Row::as_select()).into_boxed();
            if let Some(id) = filter.connection_id {
                query = query.filter(deliveries::connection_id.eq(id.0));
            }
            if let Some(state) = filter.state {
                query = query.filter(deliveries::state.eq(state.as_str()));
            }
            if let Some(event) = filter.event_id {
                query = query.filter(deliveries::event_id.eq(event.0));
            }
            if let Some(after) = page.after {
                query = query.filter(deliveries::id.lt(after));
            }
            let rows: Vec<Row> = query.order(deliveries::id.desc()).limit(i64::from(page.limit)).load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// The delivery with its attempts, first one first.
    pub async fn delivery(&self, tenant: &TenantId, id: &DeliveryId) -> Result<Option<(Delivery, Vec<Attempt>)>> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read(move |connection| {
            let row: Option<Row> = deliveries::table
                .filter(deliveries::id.eq(id.as_str()))
                .filter(deliveries::tenant_id.eq(tenant.as_str()))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            let made: Vec<AttemptRow> = attempts::table
                .filter(attempts::delivery_id.eq(id.as_str()))
                .order(attempts::number.asc())
                .select(AttemptRow::as_select())
                .load(connection)?;
            let made = made.into_iter().map(AttemptRow::into_model).collect::<Result<_>>()?;
            Ok(Some((row.into_model()?, made)))
        })
        .await
    }

    /// Makes it pending again, due now, with a fresh retry schedule; the same event id. False when there is no such delivery, or a
    /// worker is on it.
    pub async fn replay_delivery(&self, tenant: &TenantId, id: &DeliveryId, now: DateTime<Utc>) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.write(move |connection| {
            let moment = time_text(now);
            let target = deliveries::table
                .filter(deliveries::id.eq(id.as_str()))
                .filter(deliveries::tenant_id.eq(tenant.as_str()))
                .filter(deliveries::leased_until.is_null().or(deliveries::leased_until.le(&moment)));
            let values = (
                deliveries::state.eq(DeliveryState::Pending.as_str()),
                deliveries::attempts_before.eq(deliveries::attempts),
                deliveries::next_attempt_at.eq(Some(&moment)),
                deliveries::queued_until.eq(None::<String>),
                deliveries::leased_until.eq(None::<String>),
                deliveries::updated_at.eq(&moment),
            );
            Ok(diesel::update(target).set(values).execute(connection)? == 1)
        })
        .await
    }

    /// Takes the delivery for one attempt: `None` when it is finished, not due, leased by another worker, or when an
    /// earlier event about the same person waits for the connection or is on its way: then it is due after that one.
    /// The lease ends by itself, so that a killed worker's delivery is taken again.
    pub async fn claim_delivery(
        &self,
        connection: &ConnectionId,
        event: &EventId,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Option<Delivery>> {
        let (id, event) = (connection.clone(), event.clone());
        self.write(move |connection| {
            if let Some(earlier) = earlier_due(connection, &id, &event)? {
                wait_for(connection, &id, &event, earlier.max(now + AFTER_EARLIER))?;
                return Ok(None);
            }
            let moment = time_text(now);
            let target = deliveries::table
                .filter(deliveries::connection_id.eq(id.as_str()))
                .filter(deliveries::event_id.eq(event.as_str()))
                .filter(deliveries::state.eq(DeliveryState::Pending.as_str()))
                .filter(deliveries::next_attempt_at.le(&moment))
                .filter(deliveries::leased_until.is_null().or(deliveries::leased_until.le(&moment)));
            let until = deliveries::leased_until.eq(Some(time_text(now + lease)));
            let row: Option<Row> = each_backend!(connection, c => {
                diesel::update(target).set(until).returning(Row::as_returning()).get_result(c).optional()
            })?;
            row.map(Row::into_model).transpose()
        })
        .await
    }

    /// Writes the attempt and the delivery's new state in one transaction, and frees the lease. A `ConfigError` pauses
    /// the connection in the same transaction. `Conflict` when another holder of the lease recorded the attempt before, or the
    /// delivery is gone: then nothing is changed.
    pub async fn record_attempt(&self, attempt: &Attempt, result: &DeliveryResult) -> Result<()> {
        let (attempt, result) = (attempt.clone(), result.clone());
        self.write(move |connection| {
            let next = Next::after(&result, attempt.finished_at);
            let number = i64::from(attempt.number);
            let target =
                deliveries::table.filter(deliveries::id.eq(attempt.delivery_id.as_str())).filter(deliveries::attempts.lt(number));
            let due = next.at.map(time_text);
            let values = (
                deliveries::state.eq(next.state.as_str()),
                deliveries::attempts.eq(number),
                deliveries::next_attempt_at.eq(&due),
                deliveries::queued_until.eq(None::<String>),
                deliveries::leased_until.eq(None::<String>),
                deliveries::reason.eq(next.reason.map(clean)),
                deliveries::message.eq(next.message.map(clean)),
                deliveries::updated_at.eq(time_text(attempt.finished_at)),
            );
            let changed: Option<String> = each_backend!(connection, c => {
                diesel::update(target).set(values).returning(deliveries::connection_id).get_result(c).optional()
            })?;
            let Some(connection_id) = changed else {
                return Err(StoreError::Conflict(format!("attempt {number} of delivery {}", attempt.delivery_id)));
            };
            if let DeliveryResult::ConfigError { message, .. } = &result {
                connections::pause(connection, &connection_id, message, attempt.finished_at)?;
            }
            let row = (
                attempts::id.eq(attempt.id.as_str()),
                attempts::delivery_id.eq(attempt.delivery_id.as_str()),
                attempts::number.eq(number),
                attempts::started_at.eq(time_text(attempt.started_at)),
                attempts::finished_at.eq(time_text(attempt.finished_at)),
                attempts::result.eq(clean(&attempt.result)),
                attempts::reason.eq(attempt.reason.as_deref().map(clean)),
                attempts::message.eq(attempt.message.as_deref().map(clean)),
                attempts::calls.eq(json_text(&attempt.calls)?),
            );
            diesel::insert_into(attempts::table).values(row).execute(connection)?;
            Ok(())
        })
        .await
    }
}
