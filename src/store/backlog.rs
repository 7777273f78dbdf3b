//! Counts and ages of waiting events and deliveries, for the operator's metrics.

use super::pool::each_backend;
use super::schema::{deliveries, events};
use super::text::{parse_name, parse_times};
use super::{Result, Store};
use crate::model::delivery::DeliveryState;
use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min};
use diesel::prelude::*;

/// Of all tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries in each state that occurs.
    pub deliveries: Vec<(DeliveryState, u64)>,
    /// Since when the oldest pending delivery waits.
    pub oldest_pending: Option<DateTime<Utc>>,
    /// Events that no relay has published yet.
    pub unpublished: u64,
    /// Since when the oldest of them waits.
    pub oldest_unpublished: Option<DateTime<Utc>>,
}

impl Store {
    pub async fn backlog(&self) -> Result<Backlog> {
        self.read(|connection| {
            let by_state: Vec<(String, i64)> =
                each_backend!(connection, c => deliveries::table.group_by(deliveries::state).select((deliveries::state, count_star())).load(c))?;
            let pending: Option<String> =
                deliveries::table.filter(deliveries::state.eq(DeliveryState::Pending.as_str())).select(min(deliveries::created_at)).first(connection)?;
            let (unpublished, oldest): (i64, Option<String>) = (
                events::table.filter(events::published_at.is_null()).count().get_result(connection)?,
                events::table.filter(events::published_at.is_null()).select(min(events::created_at)).first(connection)?,
            );
            let counted = |(state, count): (String, i64)| Ok((parse_name(&state)?, count.unsigned_abs()));
            Ok(Backlog {
                deliveries: by_state.into_iter().map(counted).collect::<Result<_>>()?,
                oldest_pending: parse_times(pending)?,
                unpublished: unpublished.unsigned_abs(),
                oldest_unpublished: parse_times(oldest)?,
            })
        })
        .await
    }
}
