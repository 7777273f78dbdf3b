//! The relay's side of the outbox: which events to publish, which deliveries they lead to, which lanes are due again.

use super::events::{EnvelopeRow, envelope, into_envelope};
use super::pool::{AnyConnection, each_backend};
use super::prepared::run_for_keys;
use super::schema::{connections as connection_table, deliveries, events, lanes as lane_table};
use super::sealed::readable;
use super::text::{name_text, parse_name, time_text};
use super::transaction::insert_all;
use super::{Result, Store, Vault, connections, lanes};
use crate::model::connection::{Connection, ConnectionState};
use crate::model::delivery::DeliveryState;
use crate::model::event::{Audience, Envelope, EventType};
use crate::model::ids::{CandidateRef, ConnectionId, DeliveryId};
use chrono::{DateTime, Duration, Utc};
use diesel::dsl::min;
use diesel::prelude::*;
use std::collections::BTreeMap;

/// An event that a relay took, and the connections that it is for.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub position: i64,
    pub event: Envelope,
    pub takers: Vec<ConnectionId>,
}

#[derive(Insertable)]
#[diesel(table_name = deliveries, treat_none_as_default_value = false)]
pub(super) struct NewDelivery {
    id: String,
    tenant_id: String,
    connection_id: String,
    event_id: String,
    candidate_ref: String,
    position: i64,
    state: &'static str,
    attempts: i64,
    next_attempt_at: Option<String>,
    created_at: String,
    updated_at: String,
}

type EventRow = (i64, Option<String>, EnvelopeRow);
type HeadRow = (i64, Option<String>, (String, String, String, String));

impl Store {
    /// Takes unpublished events, oldest first, until `now + lease`: no other relay takes them meanwhile, and a killed
    /// relay's events are taken again. In the same transaction, makes a delivery for each connection that takes the
    /// event, active or paused: from then on nothing is lost, whatever the queue does.
    /// Until `now + expected` a message for each delivery is expected to be in the queue. `handled` says whether a connector
    /// does anything with an event of that type; where it does not, there is nothing to deliver.
    pub async fn take_unpublished(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        expected: Duration,
        limit: u32,
        handled: impl Fn(&str, EventType) -> bool + Send + 'static,
    ) -> Result<Vec<Outgoing>> {
        let vault = self.0.vault.clone();
        let taken = Taken::Until(now + lease);
        self.write_soon(move |connection| take_out(connection, &vault, &taken, (now, expected), limit, handled)).await
    }

    /// As [`Store::take_unpublished`], for a queue that is part of this process: the events count as published at once. When the
    /// process stops before the queue has them, [`Store::expect_empty_queue`] of the next process makes up for it.
    pub async fn take_for_own_queue(
        &self,
        now: DateTime<Utc>,
        expected: Duration,
        limit: u32,
        handled: impl Fn(&str, EventType) -> bool + Send + 'static,
    ) -> Result<Vec<Outgoing>> {
        let (vault, taken) = (self.0.vault.clone(), Taken::Published);
        self.write_soon(move |connection| take_out(connection, &vault, &taken, (now, expected), limit, handled)).await
    }

    /// Notes that the queue has confirmed these events.
    pub async fn mark_published(&self, positions: &[i64], now: DateTime<Utc>) -> Result<()> {
        let positions = positions.to_vec();
        self.write_soon(move |connection| set_published(connection, &positions, now)).await
    }

    /// Gives events back that could not be published.
    pub async fn release_unpublished(&self, positions: &[i64]) -> Result<()> {
        let positions = positions.to_vec();
        self.write_soon(move |connection| {
            let target = events::table.filter(events::position.eq_any(positions)).filter(events::published_at.is_null());
            diesel::update(target).set(events::relayed_until.eq(None::<String>)).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Takes lanes of active connections that are due, that no worker holds and of which no message is expected to be in the
    /// queue; until `now + expected` one is. Returns the first waiting event of each.
    pub async fn take_due_lanes(
        &self,
        now: DateTime<Utc>,
        expected: Duration,
        limit: u32,
    ) -> Result<Vec<(ConnectionId, Envelope)>> {
        let vault = self.0.vault.clone();
        self.write_soon(move |connection| {
            let active: Vec<String> = connection_table::table
                .filter(connection_table::state.eq(name_text(&ConnectionState::Active)?))
                .order(connection_table::id.asc())
                .select(connection_table::id)
                .load(connection)?;
            let mut due = Vec::new();
            for id in active {
                let left = limit.saturating_sub(u32::try_from(due.len()).unwrap_or(u32::MAX));
                if left == 0 {
                    break;
                }
                due.extend(hint_due(connection, &vault, id, (now, now + expected), left)?);
            }
            Ok(due)
        })
        .await
    }

    /// Forgets that messages about these lanes are expected to be in the queue: a relay looks at them again at once.
    pub async fn forget_hints(&self, lost: &[(ConnectionId, CandidateRef)], now: DateTime<Utc>) -> Result<()> {
        let mut by_connection: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, candidate) in lost {
            by_connection.entry(id.0.clone()).or_default().push(candidate.0.clone());
        }
        self.write_soon(move |connection| {
            for (id, candidates) in by_connection {
                let names: Vec<&str> = candidates.iter().map(String::as_str).collect();
                lanes::lock(connection, &id, &names)?;
                let target = lane_table::table.filter(lane_table::connection_id.eq(id)).filter(lane_table::hinted.eq(1));
                let target = target.filter(lane_table::candidate_ref.eq_any(candidates));
                let values = (lane_table::hinted.eq(0i64), lane_table::look_at.eq(time_text(now)));
                diesel::update(target).set(values).execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets that messages are expected to be in the queue: it lost them, being part of a process that stopped.
    pub async fn expect_empty_queue(&self, now: DateTime<Utc>) -> Result<()> {
        self.write_soon(move |connection| {
            let values = (lane_table::hinted.eq(0i64), lane_table::look_at.eq(time_text(now)));
            diesel::update(lane_table::table.filter(lane_table::hinted.eq(1))).set(values).execute(connection)?;
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

/// The ways on for events that are taken.
enum Taken {
    Until(DateTime<Utc>),
    Published,
}

/// Rows that no other transaction holds, locked.
macro_rules! load_free {
    ($connection:expr, $query:expr) => {
        match $connection {
            AnyConnection::Sqlite(sqlite) => $query.load(sqlite)?,
            #[cfg(feature = "postgres")]
            AnyConnection::Postgres(postgres) => $query.for_update().skip_locked().load(postgres)?,
        }
    };
}

fn take_out(
    connection: &mut AnyConnection,
    vault: &Vault,
    taken: &Taken,
    (now, expected): (DateTime<Utc>, Duration),
    limit: u32,
    handled: impl Fn(&str, EventType) -> bool,
) -> Result<Vec<Outgoing>> {
    let rows = take(connection, taken, now, limit)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let outgoing = with_takers(connection, vault, rows, handled)?;
    let rows = new_deliveries(&outgoing, now);
    // Locked first: whoever settles a lane meanwhile sees all of its deliveries, or none of these.
    lanes::open_all(connection, new_lanes(&rows, now + expected))?;
    insert_all!(connection, deliveries::table, rows);
    Ok(outgoing)
}

fn take(connection: &mut AnyConnection, taken: &Taken, now: DateTime<Utc>, limit: u32) -> Result<Vec<EventRow>> {
    let free = events::relayed_until.is_null().or(events::relayed_until.le(time_text(now)));
    let waiting =
        events::table.filter(events::published_at.is_null()).filter(free).order(events::position.asc()).limit(i64::from(limit));
    let rows: Vec<EventRow> = match taken {
        Taken::Until(_) => load_free!(connection, waiting.select((events::position, events::audience, envelope()))),
        Taken::Published => {
            // A queue within the process carries hints: nobody reads the body.
            let head = (events::id, events::event_type, events::tenant_id, events::candidate_ref);
            let heads: Vec<HeadRow> = load_free!(connection, waiting.select((events::position, events::audience, head)));
            let with_body = |(id, event_type, tenant, candidate)| (id, event_type, tenant, candidate, Vec::new());
            heads.into_iter().map(|(position, audience, head)| (position, audience, with_body(head))).collect()
        }
    };
    let positions: Vec<i64> = rows.iter().map(|(position, ..)| *position).collect();
    if !positions.is_empty() {
        match taken {
            Taken::Until(end) => {
                let end = time_text(*end);
                run_for_keys!(connection, events::position, &positions, |rows| {
                    diesel::update(events::table.filter(rows)).set(events::relayed_until.eq(Some(&end)))
                });
            }
            Taken::Published => set_published(connection, &positions, now)?,
        }
    }
    Ok(rows)
}

fn set_published(connection: &mut AnyConnection, positions: &[i64], now: DateTime<Utc>) -> Result<()> {
    let now = time_text(now);
    run_for_keys!(connection, events::position, positions, |rows| {
        diesel::update(events::table.filter(rows)).set(events::published_at.eq(Some(&now)))
    });
    Ok(())
}

fn with_takers(
    connection: &mut AnyConnection,
    vault: &Vault,
    taken: Vec<EventRow>,
    handled: impl Fn(&str, EventType) -> bool,
) -> Result<Vec<Outgoing>> {
    let mut outgoing: Vec<(Audience, Outgoing)> = readable(taken, |(position, audience, event): EventRow| {
        let audience: Audience = audience.as_deref().map_or(Ok(Audience::Everyone), parse_name)?;
        Ok((audience, Outgoing { position, event: into_envelope(connection, vault, event)?, takers: Vec::new() }))
    })?;
    let mut tenants: Vec<String> = outgoing.iter().map(|(_, outgoing)| outgoing.event.tenantid.0.clone()).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let tenants: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let candidates = connections::of_tenants(connection, &tenants)?;
    for (audience, Outgoing { event, takers, .. }) in &mut outgoing {
        let takes = |taker: &&Connection| {
            let is_for = taker.tenant_id == event.tenantid && taker.takes(event.event_type, *audience);
            is_for && handled(&taker.connector, event.event_type)
        };
        takers.extend(candidates.iter().filter(takes).map(|taker| taker.id.clone()));
    }
    Ok(outgoing.into_iter().map(|(_, outgoing)| outgoing).collect())
}

fn new_deliveries(outgoing: &[Outgoing], now: DateTime<Utc>) -> Vec<NewDelivery> {
    let of = |out: &Outgoing| -> Vec<NewDelivery> {
        out.takers.iter().map(|taker| new_delivery(out.position, &out.event, taker, now)).collect()
    };
    outgoing.iter().flat_map(of).collect()
}

pub(super) fn new_delivery(position: i64, event: &Envelope, taker: &ConnectionId, now: DateTime<Utc>) -> NewDelivery {
    NewDelivery {
        id: DeliveryId::generate().0,
        tenant_id: event.tenantid.0.clone(),
        connection_id: taker.0.clone(),
        event_id: event.id.0.clone(),
        candidate_ref: event.partitionkey.0.clone(),
        position,
        state: DeliveryState::Pending.as_str(),
        attempts: 0,
        next_attempt_at: Some(time_text(now)),
        created_at: time_text(now),
        updated_at: time_text(now),
    }
}

/// The lanes of these deliveries, of which messages are on their way.
fn new_lanes(deliveries: &[NewDelivery], look_at: DateTime<Utc>) -> Vec<lanes::NewLane> {
    let lane = |delivery: &NewDelivery| lanes::NewLane {
        connection_id: delivery.connection_id.clone(),
        candidate_ref: delivery.candidate_ref.clone(),
        look_at: time_text(look_at),
        hinted: 1,
    };
    deliveries.iter().map(lane).collect()
}

fn hint_due(
    connection: &mut AnyConnection,
    vault: &Vault,
    id: String,
    (now, expected): (DateTime<Utc>, DateTime<Utc>),
    limit: u32,
) -> Result<Vec<(ConnectionId, Envelope)>> {
    let due = lane_table::table
        .filter(lane_table::connection_id.eq(&id))
        .filter(lane_table::look_at.le(time_text(now)))
        .order(lane_table::look_at.asc())
        .limit(i64::from(limit))
        .select(lane_table::candidate_ref);
    let due: Vec<String> = match connection {
        AnyConnection::Sqlite(sqlite) => due.load(sqlite)?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => due.for_update().skip_locked().load(postgres)?,
    };
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let heads: Vec<(String, Option<i64>)> = each_backend!(connection, c => {
        deliveries::table
            .filter(deliveries::connection_id.eq(&id))
            .filter(deliveries::candidate_ref.eq_any(&due))
            .filter(lanes::is_pending())
            .group_by(deliveries::candidate_ref)
            .select((deliveries::candidate_ref, min(deliveries::position)))
            .load(c)
    })?;
    let of_connection = lane_table::table.filter(lane_table::connection_id.eq(&id));
    let (waiting, heads): (Vec<String>, Vec<Option<i64>>) = heads.into_iter().unzip();
    let empty: Vec<&String> = due.iter().filter(|candidate| !waiting.contains(candidate)).collect();
    if !empty.is_empty() {
        diesel::delete(of_connection.filter(lane_table::candidate_ref.eq_any(empty))).execute(connection)?;
    }
    let values = (
        lane_table::look_at.eq(time_text(expected)),
        lane_table::hinted.eq(1i64),
        lane_table::holder.eq(None::<String>),
        lane_table::leased_until.eq(None::<String>),
    );
    diesel::update(of_connection.filter(lane_table::candidate_ref.eq_any(waiting))).set(values).execute(connection)?;
    let heads: Vec<i64> = heads.into_iter().flatten().collect();
    let found: Vec<EnvelopeRow> =
        events::table.filter(events::position.eq_any(heads)).order(events::position.asc()).select(envelope()).load(connection)?;
    readable(found, |event| Ok((ConnectionId(id.clone()), into_envelope(connection, vault, event)?)))
}
