//! Counts of a connection's newest deliveries, for its page. Comes in: a connection. Goes out: what arrived, stopped and waits.
//! Reads a bounded number of rows, however many deliveries there are.

use super::lanes::is_pending;
use super::pool::each_backend;
use super::schema::{deliveries, events};
use super::text::{parse_name, parse_times, time_text};
use super::{Result, Store};
use crate::model::delivery::DeliveryState;
use crate::model::health::{ConnectionHealth, Tally};
use crate::model::ids::{ConnectionId, TenantId};
use chrono::{DateTime, Duration, Utc};
use diesel::dsl::min;
use diesel::prelude::*;

/// The newest deliveries that are counted.
const MOST_COUNTED: i64 = 10_000;

impl Store {
    pub async fn connection_health(&self, tenant: &TenantId, id: &ConnectionId, now: DateTime<Utc>) -> Result<ConnectionHealth> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read(move |connection| {
            let (day, week) = (time_text(now - Duration::days(1)), time_text(now - Duration::days(7)));
            let newest: Vec<(String, String)> = deliveries::table
                .filter(deliveries::connection_id.eq(id.as_str()))
                .filter(deliveries::tenant_id.eq(tenant.as_str()))
                .order(deliveries::id.desc())
                .limit(MOST_COUNTED)
                .select((deliveries::state, deliveries::created_at))
                .load(connection)?;
            let is_within = newest.last().is_none_or(|(_, oldest)| *oldest < week);
            let mut health =
                ConnectionHealth { is_partial: newest.len() as i64 == MOST_COUNTED && !is_within, ..ConnectionHealth::default() };
            for (state, created_at) in newest.iter().filter(|(_, created_at)| *created_at >= week) {
                let state: DeliveryState = parse_name(state)?;
                count(&mut health.week, state);
                if *created_at >= day {
                    count(&mut health.day, state);
                }
            }
            let of_connection = deliveries::connection_id.eq(id.as_str());
            let (waiting, first): (i64, Option<i64>) = each_backend!(connection, c => (
                deliveries::table.filter(of_connection).filter(is_pending()).count().get_result(c)?,
                deliveries::table.filter(of_connection).filter(is_pending()).select(min(deliveries::position)).first(c)?,
            ));
            health.waiting = waiting.unsigned_abs();
            let oldest: Option<String> = match first {
                None => None,
                Some(first) => {
                    let event = events::table.filter(events::position.eq(first));
                    event.select(events::created_at).first(connection).optional()?
                }
            };
            health.oldest_waiting = parse_times(oldest)?;
            Ok(health)
        })
        .await
    }
}

fn count(tally: &mut Tally, state: DeliveryState) {
    match state {
        DeliveryState::Delivered | DeliveryState::Unchanged => tally.delivered += 1,
        DeliveryState::Parked | DeliveryState::Dead => tally.stopped += 1,
        DeliveryState::Pending => tally.waiting += 1,
    }
}
