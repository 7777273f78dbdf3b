//! The workers' attempts, written for many deliveries in one transaction: attempts, states, ledger entries, and the state of the lanes.
//! Comes in: records of attempts. Goes out: for each whether it was kept, and the lane's next work.
//! A record counts only while its worker holds the lane; an attempt after the loss of the lane is not written.

use super::lanes::{self, LaneWork, State};
use super::pool::AnyConnection;
use super::prepared::Prepared;
use super::schema::{attempts, deliveries};
use super::text::{clean, json_text, time_text};
use super::transaction::insert_all;
use super::{Result, Store, Vault, breakers, connections, ledger};
use crate::model::breaker::Sign;
use crate::model::delivery::{Attempt, DeliveryResult, DeliveryState};
use crate::model::ids::{CandidateRef, ConnectionId, EventId, TenantId};
use crate::model::ledger::LedgerEntry;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// One attempt that ended.
#[derive(Clone, Debug)]
pub struct Record {
    pub tenant: TenantId,
    pub connection: ConnectionId,
    pub candidate: CandidateRef,
    pub event: EventId,
    /// The name under which the lane was claimed.
    pub holder: String,
    pub attempt: Attempt,
    pub result: DeliveryResult,
    /// What it shows of the system.
    pub sign: Sign,
    /// The attempt's ledger entries, by step.
    pub ledger: BTreeMap<String, LedgerEntry>,
    /// The worker has no further work of this lane: it wants the next, or to let the lane go.
    pub is_last: bool,
}

/// The fate of a record.
#[derive(Debug)]
pub enum Recorded {
    Kept,
    /// Kept; the lane has more work and stays with its holder.
    Next(Box<LaneWork>),
    /// Nothing was written: the lane has another holder, or the delivery is gone.
    Lost,
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

#[derive(Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
struct AttemptRow<'a> {
    id: &'a str,
    delivery_id: &'a str,
    number: i64,
    started_at: String,
    finished_at: String,
    result: String,
    reason: Option<String>,
    message: Option<String>,
    calls: String,
}

impl<'a> AttemptRow<'a> {
    fn of(attempt: &'a Attempt) -> Result<Self> {
        Ok(Self {
            id: attempt.id.as_str(),
            delivery_id: attempt.delivery_id.as_str(),
            number: i64::from(attempt.number),
            started_at: time_text(attempt.started_at),
            finished_at: time_text(attempt.finished_at),
            result: clean(&attempt.result),
            reason: attempt.reason.as_deref().map(clean),
            message: attempt.message.as_deref().map(clean),
            calls: json_text(&attempt.calls)?,
        })
    }
}

impl Store {
    /// Writes all records in one transaction. A lane whose last record is among them is let go when nothing waits in it or its
    /// first delivery is not due; else it stays with its holder until `now + lease`. A `ConfigError` pauses the connection.
    pub async fn record_attempts(&self, records: Vec<Record>, now: DateTime<Utc>, lease: Duration) -> Result<Vec<Recorded>> {
        let vault = self.0.vault.clone();
        self.write_soon(move |connection| {
            let mut outcomes: Vec<Recorded> = records.iter().map(|_| Recorded::Kept).collect();
            let mut by_connection: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (place, record) in records.iter().enumerate() {
                by_connection.entry(record.connection.as_str()).or_default().push(place);
            }
            for (id, places) in by_connection {
                let kept = keep(connection, id, &records, places, &mut outcomes)?;
                settle(connection, &vault, &kept, &records, &mut outcomes, (now, lease))?;
            }
            Ok(outcomes)
        })
        .await
    }
}

/// Writes the records of one connection whose lanes are still held; returns their places.
fn keep(
    connection: &mut AnyConnection,
    id: &str,
    records: &[Record],
    places: Vec<usize>,
    outcomes: &mut [Recorded],
) -> Result<Vec<usize>> {
    let mut candidates: Vec<&str> = places.iter().map(|place| records[*place].candidate.as_str()).collect();
    candidates.sort_unstable();
    candidates.dedup();
    let holders: HashMap<String, Option<String>> =
        lanes::lock(connection, id, &candidates)?.into_iter().map(|lane| (lane.candidate_ref, lane.holder)).collect();
    let is_held = |record: &Record| {
        let holder = holders.get(record.candidate.as_str()).and_then(Option::as_deref);
        holder == Some(record.holder.as_str())
    };
    let held: Vec<usize> = places.iter().copied().filter(|place| is_held(&records[*place])).collect();
    let written = write_states(connection, &held, records)?;
    let is_written = |place: &usize| written.contains(records[*place].attempt.delivery_id.as_str());
    let kept: Vec<usize> = held.into_iter().filter(is_written).collect();
    for place in places.iter().filter(|place| !kept.contains(place)) {
        outcomes[*place] = Recorded::Lost;
    }
    let rows = kept.iter().map(|place| AttemptRow::of(&records[*place].attempt)).collect::<Result<Vec<_>>>()?;
    insert_all!(connection, attempts::table, rows);
    let mut entries = Vec::new();
    for record in kept.iter().map(|place| &records[*place]) {
        for (step, entry) in &record.ledger {
            entries.push(ledger::Row::of(&record.connection, &record.event, step, entry, record.attempt.finished_at));
        }
        if let DeliveryResult::ConfigError { message, .. } = &record.result {
            connections::pause(connection, id, message, record.attempt.finished_at)?;
        }
    }
    ledger::put(connection, entries)?;
    let signs = kept.iter().map(|place| &records[*place]);
    let signs: Vec<_> = signs.map(|record| (&record.candidate, &record.sign, record.attempt.finished_at)).collect();
    breakers::note(connection, id, &signs)?;
    Ok(kept)
}

/// Successful deliveries are written together; the others one by one. Returns the ids of the deliveries that were still waiting for
/// this attempt.
fn write_states(connection: &mut AnyConnection, places: &[usize], records: &[Record]) -> Result<HashSet<String>> {
    let mut written = HashSet::new();
    let mut alike: BTreeMap<(&str, u32), Vec<&Record>> = BTreeMap::new();
    for record in places.iter().map(|place| &records[*place]) {
        let next = Next::after(&record.result, record.attempt.finished_at);
        match next.reason {
            None => alike.entry((next.state.as_str(), record.attempt.number)).or_default().push(record),
            Some(_) => written.extend(write_state(connection, &[record])?),
        }
    }
    for together in alike.values() {
        written.extend(write_state(connection, together)?);
    }
    Ok(written)
}

/// All records have the same result and number.
fn write_state(connection: &mut AnyConnection, records: &[&Record]) -> Result<Vec<String>> {
    let Some(last) = records.iter().max_by_key(|record| record.attempt.finished_at) else { return Ok(Vec::new()) };
    let next = Next::after(&last.result, last.attempt.finished_at);
    let number = i64::from(last.attempt.number);
    let ids: Vec<&str> = records.iter().map(|record| record.attempt.delivery_id.as_str()).collect();
    let (at, reason, message) = (next.at.map(time_text), next.reason.map(clean), next.message.map(clean));
    let finished_at = time_text(last.attempt.finished_at);
    let values = || {
        (
            deliveries::state.eq(next.state.as_str()),
            deliveries::attempts.eq(number),
            deliveries::next_attempt_at.eq(&at),
            deliveries::reason.eq(&reason),
            deliveries::message.eq(&message),
            deliveries::updated_at.eq(&finished_at),
        )
    };
    let is_earlier = deliveries::attempts.lt(number);
    let mut written = Vec::with_capacity(ids.len());
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            for id in ids {
                let target = deliveries::table.filter(deliveries::id.eq(id)).filter(is_earlier);
                let update = diesel::update(target).set(values()).returning(deliveries::id);
                written.extend(Prepared::new(update).get_results::<String>(sqlite)?);
            }
        }
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => {
            let target = deliveries::table.filter(deliveries::id.eq_any(&ids)).filter(is_earlier);
            let update = diesel::update(target).set(values()).returning(deliveries::id);
            written = Prepared::new(update).get_results(postgres)?;
        }
    }
    Ok(written)
}

/// Gives the lanes of the last records their next work, or lets them go.
fn settle(
    connection: &mut AnyConnection,
    vault: &Vault,
    kept: &[usize],
    records: &[Record],
    outcomes: &mut [Recorded],
    (now, lease): (DateTime<Utc>, Duration),
) -> Result<()> {
    let mut last: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for place in kept.iter().filter(|place| records[**place].is_last) {
        let record = &records[*place];
        last.insert((record.holder.as_str(), record.candidate.as_str()), *place);
    }
    let holders: BTreeSet<&str> = last.keys().map(|(holder, _)| *holder).collect();
    for holder in holders {
        let own: BTreeMap<&str, usize> =
            last.iter().filter(|((of, _), _)| *of == holder).map(|((_, candidate), place)| (*candidate, *place)).collect();
        let Some(first) = own.values().next().map(|place| &records[*place]) else { continue };
        let candidates: Vec<&str> = own.keys().copied().collect();
        let states = lanes::states(connection, vault, (&first.tenant, &first.connection), &candidates, now)?;
        lanes::apply(connection, &first.connection, &states, holder, (now, lease))?;
        for (candidate, state) in states {
            if let (Some(place), State::Work(work)) = (own.get(candidate.as_str()), state) {
                outcomes[*place] = Recorded::Next(Box::new(work));
            }
        }
    }
    Ok(())
}
