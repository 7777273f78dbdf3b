//! Deliveries that a person has tried again.
//! Comes in: a delivery, or a question that means many. Goes out: the number of deliveries that are due now.

use super::deliveries::filtered;
use super::pool::AnyConnection;
use super::schema::deliveries;
use super::text::time_text;
use super::{Result, Store, lanes};
use crate::model::delivery::DeliveryState;
use crate::model::ids::{DeliveryId, TenantId};
use crate::model::record::DeliveryFilter;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// Deliveries per transaction.
const BATCH: usize = 200;

impl Store {
    /// The number of deliveries that a filter means.
    pub async fn count_deliveries(&self, tenant: &TenantId, filter: &DeliveryFilter) -> Result<u64> {
        let (tenant, filter) = (tenant.clone(), filter.clone());
        self.read(move |connection| {
            let query = deliveries::table.filter(deliveries::tenant_id.eq(tenant.as_str())).count().into_boxed();
            let count: i64 = filtered!(query, filter).get_result(connection)?;
            Ok(count.unsigned_abs())
        })
        .await
    }

    /// Makes it pending again, due now, with a fresh retry schedule; the same event id. False when there is no such delivery, or a
    /// worker is on it.
    pub async fn replay_delivery(&self, tenant: &TenantId, id: &DeliveryId, now: DateTime<Utc>) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), id.0.clone());
        self.write(move |connection| replay(connection, &tenant, &id, now)).await
    }

    /// The same for all deliveries that a filter means, the oldest first, at most `limit`. Returns their number.
    pub async fn replay_deliveries(
        &self,
        tenant: &TenantId,
        filter: &DeliveryFilter,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<u32> {
        let (of, filter) = (tenant.clone(), filter.clone());
        let ids: Vec<String> = self
            .read(move |connection| {
                let query = deliveries::table.filter(deliveries::tenant_id.eq(of.as_str())).select(deliveries::id).into_boxed();
                let query = filtered!(query, filter).order(deliveries::id.asc()).limit(i64::from(limit));
                Ok(query.load(connection)?)
            })
            .await?;
        let mut replayed = 0;
        for some in ids.chunks(BATCH) {
            let (tenant, some) = (tenant.clone(), some.to_vec());
            replayed += self
                .write(move |connection| {
                    let mut replayed = 0;
                    for id in some {
                        replayed += u32::from(replay(connection, &tenant, &id, now)?);
                    }
                    Ok(replayed)
                })
                .await?;
        }
        Ok(replayed)
    }
}

fn replay(connection: &mut AnyConnection, tenant: &TenantId, id: &str, now: DateTime<Utc>) -> Result<bool> {
    let wanted = deliveries::table.filter(deliveries::id.eq(id)).filter(deliveries::tenant_id.eq(tenant.as_str()));
    let found: Option<(String, String)> =
        wanted.select((deliveries::connection_id, deliveries::candidate_ref)).first(connection).optional()?;
    let Some((of, candidate)) = found else { return Ok(false) };
    let is_held = lanes::open(connection, &of, &candidate, now)?;
    let free = match is_held {
        // Its holder reads the waiting deliveries again before it lets the lane go.
        true => wanted.filter(deliveries::state.ne(DeliveryState::Pending.as_str())).into_boxed(),
        false => wanted.into_boxed(),
    };
    let ids: Vec<String> = free.select(deliveries::id).load(connection)?;
    let moment = time_text(now);
    let values = (
        deliveries::state.eq(DeliveryState::Pending.as_str()),
        deliveries::attempts_before.eq(deliveries::attempts),
        deliveries::next_attempt_at.eq(Some(&moment)),
        deliveries::updated_at.eq(&moment),
    );
    Ok(diesel::update(deliveries::table.filter(deliveries::id.eq_any(ids))).set(values).execute(connection)? == 1)
}
