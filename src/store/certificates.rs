//! Certificates of erasure: what was erased, and which connections have acknowledged it.
//! Comes in: an erasure that is being carried out; later, the state of the deliveries that tell of it. Goes out: certificates.
//! A certificate outlives the events, deliveries and connections that it speaks of, so it keeps what they show before they go.

use super::pool::AnyConnection;
use super::privacy_schema::{erasure_records, erasure_tellings};
use super::schema::{attempts, connections, deliveries, events};
use super::text::{clean, json_text, parse_json, parse_time, parse_times, time_text, to_u32};
use super::transaction::Transaction;
use super::{Result, Store};
use crate::model::delivery::DeliveryState;
use crate::model::erasure::{ErasedRefs, Erasure, Telling, TellingState};
use crate::model::ids::{CandidateRef, ConnectionId, TenantId};
use crate::model::record::Page;
use chrono::{DateTime, Utc};
use diesel::dsl::min;
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that were deleted, by class of data.
pub(super) type RowCounts = BTreeMap<String, u64>;

/// What a certificate says of the erasure itself.
pub(super) struct Carried {
    pub candidate: CandidateRef,
    pub refs: Vec<String>,
    pub events: Vec<String>,
    pub rows: RowCounts,
    pub keys: u64,
    pub actor: String,
    /// Connections that had been sent something about the person.
    pub received: BTreeSet<String>,
}

impl Carried {
    pub fn of(candidate: CandidateRef) -> Self {
        let (refs, events, rows, received) = (Vec::new(), Vec::new(), RowCounts::new(), BTreeSet::new());
        Self { candidate, refs, events, rows, keys: 0, actor: String::new(), received }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = erasure_records)]
struct Row {
    id: String,
    candidate_ref: String,
    refs: String,
    events: String,
    row_counts: String,
    keys: i64,
    actor: String,
    erased_at: String,
}

#[derive(Queryable, Selectable, Clone)]
#[diesel(table_name = erasure_tellings)]
struct TellingRow {
    erasure_id: String,
    connection_id: String,
    name: String,
    received: i64,
    told_at: Option<String>,
    acknowledged_at: Option<String>,
}

impl Store {
    /// A certificate as things stand now. `None`: the tenant has no such erasure.
    pub async fn erasure(&self, tenant: &TenantId, id: &str) -> Result<Option<Erasure>> {
        let (tenant, id) = (tenant.clone(), clean(id));
        self.read(move |connection| {
            let row: Option<Row> = erasure_records::table
                .filter(erasure_records::id.eq(id))
                .filter(erasure_records::tenant_id.eq(tenant.as_str()))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            row.map(|row| certificate(connection, row)).transpose()
        })
        .await
    }

    /// The erased references of every tenant, oldest first.
    pub async fn all_erased_refs(&self) -> Result<Vec<ErasedRefs>> {
        self.read(|connection| {
            let rows: Vec<(String, String, String)> = erasure_records::table
                .order(erasure_records::id.asc())
                .select((erasure_records::tenant_id, erasure_records::refs, erasure_records::erased_at))
                .load(connection)?;
            let entry = |(tenant, refs, erased_at): (String, String, String)| {
                let refs = parse_json::<Vec<String>>(&refs)?.into_iter().map(CandidateRef).collect();
                Ok(ErasedRefs { tenant: TenantId(tenant), refs, erased_at: parse_time(&erased_at)? })
            };
            rows.into_iter().map(entry).collect()
        })
        .await
    }

    /// Newest first; `page.after` is the id of an erasure.
    pub async fn list_erasures(&self, tenant: &TenantId, page: &Page) -> Result<Vec<Erasure>> {
        let (tenant, page) = (tenant.clone(), page.clone());
        self.read(move |connection| {
            let mut query = erasure_records::table
                .filter(erasure_records::tenant_id.eq(tenant.as_str()))
                .order(erasure_records::id.desc())
                .limit(i64::from(page.limit))
                .select(Row::as_select())
                .into_boxed();
            if let Some(after) = page.after {
                query = query.filter(erasure_records::id.lt(after));
            }
            let rows: Vec<Row> = query.load(connection)?;
            rows.into_iter().map(|row| certificate(connection, row)).collect()
        })
        .await
    }
}

impl Transaction<'_> {
    /// Writes the certificate, with every connection that the tenant has at this moment. Returns its id.
    pub(super) fn certify(&mut self, tenant: &TenantId, carried: Carried, now: DateTime<Utc>) -> Result<String> {
        let id = uuid::Uuid::now_v7().to_string();
        let values = (
            erasure_records::id.eq(&id),
            erasure_records::tenant_id.eq(tenant.as_str()),
            erasure_records::candidate_ref.eq(carried.candidate.as_str()),
            erasure_records::refs.eq(json_text(&carried.refs)?),
            erasure_records::events.eq(json_text(&carried.events)?),
            erasure_records::row_counts.eq(json_text(&carried.rows)?),
            erasure_records::keys.eq(i64::try_from(carried.keys).unwrap_or(i64::MAX)),
            erasure_records::actor.eq(clean(&carried.actor)),
            erasure_records::erased_at.eq(time_text(now)),
        );
        diesel::insert_into(erasure_records::table).values(values).execute(self.connection)?;
        let known: Vec<(String, String)> = connections::table
            .filter(connections::tenant_id.eq(tenant.as_str()))
            .select((connections::id, connections::name))
            .load(self.connection)?;
        for (connection_id, name) in known {
            let values = (
                erasure_tellings::erasure_id.eq(&id),
                erasure_tellings::received.eq(i64::from(carried.received.contains(&connection_id))),
                erasure_tellings::connection_id.eq(connection_id),
                erasure_tellings::name.eq(name),
            );
            diesel::insert_into(erasure_tellings::table).values(values).execute(self.connection)?;
        }
        Ok(id)
    }
}

/// Connections that were sent something about the person. Called before the deliveries go.
pub(super) fn receivers(connection: &mut AnyConnection, tenant: &TenantId, refs: &[String]) -> Result<BTreeSet<String>> {
    let told: Vec<String> = deliveries::table
        .inner_join(events::table.on(events::position.eq(deliveries::position)))
        .filter(events::tenant_id.eq(tenant.as_str()))
        .filter(events::candidate_ref.eq_any(refs))
        .filter(deliveries::attempts.gt(0))
        .select(deliveries::connection_id)
        .distinct()
        .load(connection)?;
    Ok(told.into_iter().collect())
}

/// Keeps what the deliveries show, before they are deleted: of one connection, or of all.
pub(super) fn keep_acknowledgements(connection: &mut AnyConnection, of: Option<&str>) -> Result<()> {
    let mut open =
        erasure_tellings::table.filter(erasure_tellings::acknowledged_at.is_null()).select(TellingRow::as_select()).into_boxed();
    if let Some(of) = of {
        open = open.filter(erasure_tellings::connection_id.eq(of));
    }
    let open: Vec<TellingRow> = open.load(connection)?;
    for row in open {
        let events: String = erasure_records::table
            .filter(erasure_records::id.eq(&row.erasure_id))
            .select(erasure_records::events)
            .first(connection)?;
        let events: Vec<String> = parse_json(&events)?;
        let (_, told_at, acknowledged_at) = state_of(connection, &row, &events)?;
        let values = (
            erasure_tellings::told_at.eq(told_at.map(time_text)),
            erasure_tellings::acknowledged_at.eq(acknowledged_at.map(time_text)),
        );
        let target = erasure_tellings::table
            .filter(erasure_tellings::erasure_id.eq(&row.erasure_id))
            .filter(erasure_tellings::connection_id.eq(&row.connection_id));
        diesel::update(target).set(values).execute(connection)?;
    }
    Ok(())
}

fn certificate(connection: &mut AnyConnection, row: Row) -> Result<Erasure> {
    let tellings: Vec<TellingRow> = erasure_tellings::table
        .filter(erasure_tellings::erasure_id.eq(&row.id))
        .order(erasure_tellings::connection_id.asc())
        .select(TellingRow::as_select())
        .load(connection)?;
    let events: Vec<String> = parse_json(&row.events)?;
    let mut told = Vec::with_capacity(tellings.len());
    for telling in tellings {
        let (state, told_at, acknowledged_at) = state_of(connection, &telling, &events)?;
        told.push(Telling {
            connection_id: ConnectionId(telling.connection_id),
            name: telling.name,
            had_received: telling.received != 0,
            state,
            told_at,
            acknowledged_at,
        });
    }
    Ok(Erasure {
        id: row.id,
        candidate_ref: CandidateRef(row.candidate_ref),
        candidate_refs: parse_json::<Vec<String>>(&row.refs)?.into_iter().map(CandidateRef).collect(),
        erased_at: parse_time(&row.erased_at)?,
        actor: row.actor,
        rows: parse_json(&row.row_counts)?,
        keys_destroyed: to_u32(row.keys),
        connections: told,
    })
}

type Standing = (TellingState, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// The state of a telling, when it was first tried, and when it was acknowledged.
fn state_of(connection: &mut AnyConnection, row: &TellingRow, events: &[String]) -> Result<Standing> {
    let known = (parse_times(row.told_at.clone())?, parse_times(row.acknowledged_at.clone())?);
    if known.1.is_some() {
        return Ok((TellingState::Acknowledged, known.0, known.1));
    }
    let found: Vec<(String, String, String)> = deliveries::table
        .filter(deliveries::event_id.eq_any(events))
        .filter(deliveries::connection_id.eq(&row.connection_id))
        .select((deliveries::id, deliveries::state, deliveries::updated_at))
        .load(connection)?;
    if found.is_empty() {
        return Ok((untold(connection, row, events)?, known.0, None));
    }
    let ids: Vec<&str> = found.iter().map(|(id, ..)| id.as_str()).collect();
    let first: Option<String> =
        attempts::table.filter(attempts::delivery_id.eq_any(ids)).select(min(attempts::started_at)).first(connection)?;
    let told_at = parse_times(first)?.or(known.0);
    let states: Vec<Option<DeliveryState>> = found.iter().map(|(_, state, _)| DeliveryState::parse(state)).collect();
    let is_taken = |state: &Option<DeliveryState>| matches!(state, Some(DeliveryState::Delivered | DeliveryState::Unchanged));
    if states.iter().all(is_taken) {
        let last = found.iter().map(|(_, _, at)| at.as_str()).max().unwrap_or_default();
        let at = parse_time(last)?;
        return Ok((TellingState::Acknowledged, Some(told_at.unwrap_or(at)), Some(at)));
    }
    let waits = states.contains(&Some(DeliveryState::Pending));
    Ok((if waits { TellingState::Pending } else { TellingState::Failed }, told_at, None))
}

/// The state of a connection to which no delivery leads.
fn untold(connection: &mut AnyConnection, row: &TellingRow, ids: &[String]) -> Result<TellingState> {
    let unpublished: i64 =
        events::table.filter(events::id.eq_any(ids)).filter(events::published_at.is_null()).count().get_result(connection)?;
    let exists: i64 = connections::table.filter(connections::id.eq(&row.connection_id)).count().get_result(connection)?;
    Ok(match (exists, unpublished, row.received != 0) {
        (0, _, true) => TellingState::Deleted,
        (0, _, false) => TellingState::NotNeeded,
        (_, 1.., _) => TellingState::Pending,
        (_, _, true) => TellingState::ByHand,
        (_, _, false) => TellingState::NotNeeded,
    })
}
