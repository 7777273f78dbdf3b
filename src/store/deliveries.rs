//! Deliveries and their attempts, as the administrator reads them. attempts.rs records what workers did, replays.rs tries again.

use super::schema::{attempts, deliveries};
use super::text::{parse_json, parse_name, parse_time, parse_times, time_text, to_u32};
use super::{Result, Store};
use crate::model::delivery::{Attempt, Delivery};
use crate::model::ids::{AttemptId, ConnectionId, DeliveryId, EventId, TenantId};
use crate::model::record::{DeliveryFilter, Page};
use diesel::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub(super) struct Row {
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
    pub(super) fn into_model(self) -> Result<Delivery> {
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

/// The deliveries that a filter means.
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let (mut query, filter) = ($query, $filter);
        if let Some(id) = filter.connection_id {
            query = query.filter(deliveries::connection_id.eq(id.0));
        }
        if let Some(state) = filter.state {
            query = query.filter(deliveries::state.eq(state.as_str()));
        }
        if let Some(event) = filter.event_id {
            query = query.filter(deliveries::event_id.eq(event.0));
        }
        if let Some(candidate) = filter.candidate_ref {
            query = query.filter(deliveries::candidate_ref.eq(candidate.0));
        }
        if let Some(reason) = filter.reason {
            query = query.filter(deliveries::reason.eq(reason));
        }
        if let Some(since) = filter.since {
            query = query.filter(deliveries::created_at.ge(time_text(since)));
        }
        if let Some(until) = filter.until {
            query = query.filter(deliveries::created_at.lt(time_text(until)));
        }
        query
    }};
}
pub(super) use filtered;

impl Store {
    /// Newest first.
    pub async fn list_deliveries(&self, tenant: &TenantId, filter: &DeliveryFilter, page: &Page) -> Result<Vec<Delivery>> {
        let (tenant, filter, page) = (tenant.clone(), filter.clone(), page.clone());
        self.read(move |connection| {
            let mut query =
                deliveries::table.filter(deliveries::tenant_id.eq(tenant.as_str())).select(Row::as_select()).into_boxed();
            if let Some(after) = page.after {
                query = query.filter(deliveries::id.lt(after));
            }
            let rows: Vec<Row> =
                filtered!(query, filter).order(deliveries::id.desc()).limit(i64::from(page.limit)).load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// The delivery with its attempts, the earliest first.
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
}
