//! Deletes events that are old and have nothing left to do, with their deliveries, attempts and ledger entries, in small steps.
//! Comes in: a moment. Goes out: the number of events that were deleted. Credentials, reports and skills stay.

use super::pool::{AnyConnection, each_backend};
use super::schema::{deliveries, events, ledger};
use super::text::time_text;
use super::{Result, Store, certificates};
use crate::model::delivery::DeliveryState;
use crate::model::ids::TenantId;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;

impl Store {
    /// Deletes at most `limit` published events of a tenant from before `before` of which no delivery waits, is parked or is a dead letter.
    pub async fn prune_events(&self, tenant: &TenantId, before: DateTime<Utc>, limit: u32) -> Result<usize> {
        let tenant = tenant.clone();
        self.write_soon(move |connection| {
            let old = old_events(connection, &tenant, before, i64::from(limit))?;
            if !old.is_empty() {
                certificates::keep_acknowledgements(connection, None)?;
            }
            // Deliveries and attempts go with the events.
            diesel::delete(ledger::table.filter(ledger::event_id.eq_any(&old))).execute(connection)?;
            Ok(diesel::delete(events::table.filter(events::id.eq_any(&old))).execute(connection)?)
        })
        .await
    }
}

/// The ids of at most `limit` such events.
pub(super) fn old_events(
    connection: &mut AnyConnection,
    tenant: &TenantId,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<String>> {
    let done = [DeliveryState::Delivered.as_str(), DeliveryState::Unchanged.as_str()];
    let open = deliveries::table.filter(deliveries::event_id.eq(events::id)).filter(deliveries::state.ne_all(done));
    Ok(each_backend!(connection, c => {
        events::table
            .filter(events::tenant_id.eq(tenant.as_str()))
            .filter(events::id.lt(first_id_of(before)))
            .filter(events::created_at.lt(time_text(before)))
            .filter(events::published_at.is_not_null())
            .filter(not(exists(open)))
            .order(events::id.asc())
            .limit(limit)
            .select(events::id)
            .load(c)
    })?)
}

/// Ids sort by the time at which they were made (UUIDv7, RFC 9562 §5.7), and the table has an index on them.
fn first_id_of(moment: DateTime<Utc>) -> String {
    let milliseconds = moment.timestamp_millis().max(0);
    format!("{:08x}-{:04x}-7000-8000-000000000000", milliseconds >> 16, milliseconds & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::EventId;

    #[test]
    fn ids_that_were_made_before_a_moment_sort_before_it() {
        let now = chrono::DateTime::from_timestamp_millis(
            EventId::generate().as_str().replace('-', "").get(..12).map_or(0, |text| i64::from_str_radix(text, 16).unwrap()),
        )
        .unwrap();
        let id = EventId::generate().0;
        assert!(id < first_id_of(now + chrono::Duration::hours(1)));
        assert!(id > first_id_of(now - chrono::Duration::hours(1)));
    }
}
