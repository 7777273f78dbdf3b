//! The relay's side of the outbox: which events to publish, which deliveries they lead to, which are due again.

use super::pool::AnyConnection;
use super::schema::{connections as connection_table, deliveries, events};
use super::text::{name_text, parse_json, parse_name, time_text};
use super::transaction::insert_all;
use super::{Result, Store, connections};
use crate::model::connection::{Connection, ConnectionState};
use crate::model::delivery::DeliveryState;
use crate::model::event::{Audience, Event};
use crate::model::ids::{ConnectionId, DeliveryId, EventId};
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;

/// An event that a relay took, and the connections that it is for.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub position: i64,
    pub event: Event,
    pub takers: Vec<ConnectionId>,
}

#[derive(Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
struct NewDelivery {
    id: String,
    tenant_id: String,
    connection_id: String,
    event_id: String,
    state: &'static str,
    attempts: i64,
    next_attempt_at: Option<String>,
    queued_until: Option<String>,
    created_at: String,
    updated_at: String,
}

type EventRow = (i64, String, Option<String>, String);

impl Store {
    /// Takes unpublished events, oldest first, until `now + lease`: no other relay takes them meanwhile, and a killed
    /// relay's events are taken again. In the same transaction, makes a delivery for each connection that takes the
    /// event, active or paused: from then on nothing is lost, whatever the queue does.
    /// Until `now + expected` a message for each delivery is expected to be in the queue.
    pub async fn take_unpublished(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        expected: Duration,
        limit: u32,
    ) -> Result<Vec<Outgoing>> {
        self.write(move |connection| {
            let taken = take(connection, now, lease, limit)?;
            if taken.is_empty() {
                return Ok(Vec::new());
            }
            let outgoing = with_takers(connection, taken)?;
            let rows = new_deliveries(&outgoing, now, expected);
            insert_all!(connection, deliveries::table, rows);
            Ok(outgoing)
        })
        .await
    }

    /// Notes that the queue has confirmed these events.
    pub async fn mark_published(&self, positions: &[i64], now: DateTime<Utc>) -> Result<()> {
        let positions = positions.to_vec();
        self.write(move |connection| {
            for some in positions.chunks(500) {
                let target = events::table.filter(events::position.eq_any(some));
                diesel::update(target).set(events::published_at.eq(Some(time_text(now)))).execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Gives events back that could not be published.
    pub async fn release_unpublished(&self, positions: &[i64]) -> Result<()> {
        let positions = positions.to_vec();
        self.write(move |connection| {
            let target = events::table.filter(events::position.eq_any(positions)).filter(events::published_at.is_null());
            diesel::update(target).set(events::relayed_until.eq(None::<String>)).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Takes pending deliveries of active connections that are due, that no worker holds and for which no message is
    /// expected to be in the queue; until `now + expected` one is. Oldest first.
    pub async fn take_due_deliveries(
        &self,
        now: DateTime<Utc>,
        expected: Duration,
        limit: u32,
    ) -> Result<Vec<(ConnectionId, Event)>> {
        self.write(move |connection| {
            let moment = time_text(now);
            let active = connection_table::table
                .filter(connection_table::state.eq(name_text(&ConnectionState::Active)?))
                .select(connection_table::id);
            let due = deliveries::table
                .filter(deliveries::state.eq(DeliveryState::Pending.as_str()))
                .filter(deliveries::next_attempt_at.le(&moment))
                .filter(deliveries::leased_until.is_null().or(deliveries::leased_until.le(&moment)))
                .filter(deliveries::queued_until.is_null().or(deliveries::queued_until.le(&moment)))
                .filter(deliveries::connection_id.eq_any(active))
                .order(deliveries::id.asc())
                .limit(i64::from(limit))
                .select(deliveries::id);
            let ids: Vec<String> = match connection {
                AnyConnection::Sqlite(sqlite) => due.load(sqlite)?,
                #[cfg(feature = "postgres")]
                AnyConnection::Postgres(postgres) => due.for_update().skip_locked().load(postgres)?,
            };
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            let target = deliveries::table.filter(deliveries::id.eq_any(&ids));
            let until = Some(time_text(now + expected));
            diesel::update(target).set(deliveries::queued_until.eq(until)).execute(connection)?;
            let rows: Vec<(String, String)> = deliveries::table
                .inner_join(events::table.on(events::id.eq(deliveries::event_id)))
                .filter(deliveries::id.eq_any(&ids))
                .order(deliveries::id.asc())
                .select((deliveries::connection_id, events::body))
                .load(connection)?;
            rows.into_iter().map(|(id, body)| Ok((ConnectionId(id), parse_json(&body)?))).collect()
        })
        .await
    }

    /// Forgets that messages for these deliveries are expected to be in the queue.
    pub async fn forget_queued(&self, deliveries: &[(ConnectionId, EventId)]) -> Result<()> {
        let some = deliveries.to_vec();
        self.write(move |connection| {
            for (id, event) in some {
                let target = deliveries::table
                    .filter(deliveries::connection_id.eq(id.as_str()))
                    .filter(deliveries::event_id.eq(event.as_str()));
                diesel::update(target).set(deliveries::queued_until.eq(None::<String>)).execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets that messages are expected to be in the queue: it lost them, being part of a process that stopped.
    pub async fn expect_empty_queue(&self) -> Result<()> {
        self.write(|connection| {
            let target = deliveries::table.filter(deliveries::state.eq(DeliveryState::Pending.as_str()));
            diesel::update(target).set(deliveries::queued_until.eq(None::<String>)).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Events that wait to be published.
    pub async fn count_unpublished(&self) -> Result<u64> {
        self.read(|connection| {
            let count: i64 = events::table.filter(events::published_at.is_null()).count().get_result(connection)?;
            Ok(count.unsigned_abs())
        })
        .await
    }
}

fn take(connection: &mut AnyConnection, now: DateTime<Utc>, lease: Duration, limit: u32) -> Result<Vec<EventRow>> {
    let free = events::relayed_until.is_null().or(events::relayed_until.le(time_text(now)));
    let waiting = events::table
        .filter(events::published_at.is_null())
        .filter(free)
        .order(events::position.asc())
        .limit(i64::from(limit))
        .select((events::position, events::id, events::audience, events::body));
    let rows: Vec<EventRow> = match connection {
        AnyConnection::Sqlite(sqlite) => waiting.load(sqlite)?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => waiting.for_update().skip_locked().load(postgres)?,
    };
    let positions: Vec<i64> = rows.iter().map(|(position, ..)| *position).collect();
    if !positions.is_empty() {
        let target = events::table.filter(events::position.eq_any(positions));
        diesel::update(target).set(events::relayed_until.eq(Some(time_text(now + lease)))).execute(connection)?;
    }
    Ok(rows)
}

fn with_takers(connection: &mut AnyConnection, taken: Vec<EventRow>) -> Result<Vec<Outgoing>> {
    let parse = |(position, _, audience, body): EventRow| {
        let audience: Audience = audience.as_deref().map_or(Ok(Audience::Everyone), parse_name)?;
        Ok((audience, Outgoing { position, event: parse_json(&body)?, takers: Vec::new() }))
    };
    let mut outgoing: Vec<(Audience, Outgoing)> = taken.into_iter().map(parse).collect::<Result<_>>()?;
    let mut tenants: Vec<String> = outgoing.iter().map(|(_, outgoing)| outgoing.event.tenantid.0.clone()).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let tenants: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let candidates = connections::of_tenants(connection, &tenants)?;
    for (audience, Outgoing { event, takers, .. }) in &mut outgoing {
        let takes = |taker: &&Connection| taker.tenant_id == event.tenantid && taker.takes(event.event_type, *audience);
        takers.extend(candidates.iter().filter(takes).map(|taker| taker.id.clone()));
    }
    Ok(outgoing.into_iter().map(|(_, outgoing)| outgoing).collect())
}

fn new_deliveries(outgoing: &[Outgoing], now: DateTime<Utc>, expected: Duration) -> Vec<NewDelivery> {
    let delivery = |event: &Event, taker: &ConnectionId| NewDelivery {
        id: DeliveryId::generate().0,
        tenant_id: event.tenantid.0.clone(),
        connection_id: taker.0.clone(),
        event_id: event.id.0.clone(),
        state: DeliveryState::Pending.as_str(),
        attempts: 0,
        next_attempt_at: Some(time_text(now)),
        queued_until: Some(time_text(now + expected)),
        created_at: time_text(now),
        updated_at: time_text(now),
    };
    outgoing.iter().flat_map(|out| out.takers.iter().map(|taker| delivery(&out.event, taker))).collect()
}
