//! Counts and ages of waiting events and deliveries, for the operator's metrics.

use super::lanes::is_pending;
use super::pool::each_backend;
use super::schema::{deliveries, events};
use super::text::{parse_name, parse_times};
use super::{Result, Store};
use crate::model::delivery::DeliveryState;
use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel::sql_types::Bool;

/// Of all tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that wait or need a person, by state.
    pub deliveries: Vec<(DeliveryState, u64)>,
    /// Since when the event of the oldest pending delivery waits.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// Events that no relay has published yet.
    pub unpublished: u64,
    /// Since when the oldest of them waits.
    pub oldest_unpublished: Option<DateTime<Utc>>,
}

impl Store {
    pub async fn backlog(&self) -> Result<Backlog> {
        self.read(|connection| {
            let mut counts: Vec<(String, i64)> = each_backend!(connection, c => {
                deliveries::table
                    .filter(diesel::dsl::sql::<Bool>("deliveries.state IN ('parked', 'dead')"))
                    .group_by(deliveries::state)
                    .select((deliveries::state, count_star()))
                    .load(c)
            })?;
            let (pending, first): (i64, Option<i64>) = (
                each_backend!(connection, c => deliveries::table.filter(is_pending()).count().get_result(c))?,
                each_backend!(connection, c => deliveries::table.filter(is_pending()).select(min(deliveries::position)).first(c))?,
            );
            counts.push((DeliveryState::Pending.as_str().to_owned(), pending));
            let oldest_pending: Option<String> = match first {
                None => None,
                Some(first) => {
                    let event = events::table.filter(events::position.eq(first));
                    event.select(events::created_at).first(connection).optional()?
                }
            };
            let unpublished = events::table.filter(events::published_at.is_null());
            let waiting: i64 = unpublished.count().get_result(connection)?;
            let oldest: Option<String> =
                unpublished.order(events::position.asc()).select(events::created_at).first(connection).optional()?;
            let counted = |(state, count): (String, i64)| Ok((parse_name(&state)?, count.unsigned_abs()));
            Ok(Backlog {
                deliveries: counts.into_iter().map(counted).collect::<Result<_>>()?,
                oldest_pending: parse_times(oldest_pending)?,
                unpublished: waiting.unsigned_abs(),
                oldest_unpublished: parse_times(oldest)?,
            })
        })
        .await
    }
}
