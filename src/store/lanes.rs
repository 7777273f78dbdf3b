//! Lanes: the deliveries about one person that wait for one connection. Whoever holds a lane delivers its events in order.
//! Comes in: names of persons that a message spoke of. Goes out: the lanes that could be claimed, with all that their deliveries need.
//! A lane's row is there as long as a delivery waits in it. Whoever adds or settles deliveries locks the row first, so that a
//! lane is never taken for empty while a delivery is being added.

use super::events::{EnvelopeRow, envelope, into_envelope};
use super::pool::{AnyConnection, each_backend};
use super::prepared::{Prepared, load_for_keys, run_for_keys};
use super::schema::{connections, deliveries, events, lanes};
use super::sealed::readable;
use super::text::{parse_name, parse_time, time_text};
use super::transaction::{FEW_ROWS, write_rows};
use super::{Result, Store, Vault, breakers, deliveries as delivery_rows, identities, ledger, person_links, sharing};
use crate::model::breaker::Permit;
use crate::model::candidate::Identity;
use crate::model::connection::ConnectionState;
use crate::model::delivery::Delivery;
use crate::model::event::Envelope;
use crate::model::ids::{CandidateRef, ConnectionId, TenantId};
use crate::model::ledger::LedgerEntry;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::{BTreeMap, HashMap};

/// Events that are read at once.
const MOST_ROWS: i64 = 512;

/// One due delivery and all that an attempt needs.
#[derive(Clone, Debug)]
pub struct Work {
    pub delivery: Delivery,
    pub event: Envelope,
    /// The ledger entries of earlier attempts, by step.
    pub ledger: BTreeMap<String, LedgerEntry>,
}

/// Due deliveries of a claimed lane, the earliest event first.
#[derive(Clone, Debug)]
pub struct LaneWork {
    pub candidate: CandidateRef,
    pub identity: Identity,
    /// The system's identifier of the person, where somebody has linked the two.
    pub link: Option<String>,
    pub work: Vec<Work>,
    /// When the connection was last changed.
    pub version: DateTime<Utc>,
}

/// The answer to a claim.
#[derive(Debug)]
pub enum Claim {
    /// There is no such connection.
    Gone,
    Paused,
    /// Lanes that are asked for and are not among them are empty, not due, or another worker's.
    Lanes {
        claimed: Vec<LaneWork>,
        /// There was too much to read at once: ask for these again.
        unread: Vec<CandidateRef>,
    },
}

/// The work in a lane.
pub(super) enum State {
    Empty,
    /// The first delivery waits for this moment.
    NotDue(DateTime<Utc>),
    Work(LaneWork),
    /// There was too much to read at once.
    Unread,
    Paused,
}

#[derive(Insertable)]
#[diesel(table_name = lanes, treat_none_as_default_value = false)]
pub(super) struct NewLane {
    pub connection_id: String,
    pub candidate_ref: String,
    pub look_at: String,
    pub hinted: i64,
}

#[derive(Queryable)]
pub(super) struct Lane {
    pub candidate_ref: String,
    pub holder: Option<String>,
    pub leased_until: Option<String>,
}

impl Lane {
    fn is_held(&self, moment: &str) -> bool {
        self.holder.is_some() && self.leased_until.as_deref().is_some_and(|until| until > moment)
    }
}

impl Store {
    /// Claims the lanes of these persons until `now + lease`, under the name `holder`. The lease ends by itself, so that a killed
    /// worker's lanes are claimed again.
    pub async fn claim_lanes(
        &self,
        (tenant, id): (&TenantId, &ConnectionId),
        candidates: &[CandidateRef],
        holder: &str,
        now: DateTime<Utc>,
        lease: Duration,
    ) -> Result<Claim> {
        let (tenant, id, holder, vault) = (tenant.clone(), id.clone(), holder.to_owned(), self.0.vault.clone());
        let mut asked: Vec<String> = candidates.iter().map(|candidate| candidate.0.clone()).collect();
        asked.sort_unstable();
        asked.dedup();
        self.write_soon(move |connection| {
            match state_of(connection, &tenant, &id)? {
                None => return Ok(Claim::Gone),
                Some((ConnectionState::Paused, _)) => return Ok(Claim::Paused),
                Some((ConnectionState::Active, _)) => {}
            }
            let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
            let moment = time_text(now);
            let found = lock(connection, id.as_str(), &asked)?;
            let free: Vec<&str> =
                found.iter().filter(|lane| !lane.is_held(&moment)).map(|lane| lane.candidate_ref.as_str()).collect();
            if free.is_empty() {
                return Ok(Claim::Lanes { claimed: Vec::new(), unread: Vec::new() });
            }
            let permit = breakers::permit(connection, id.as_str(), now)?;
            if let Permit::Wait(until) = permit {
                let free: Vec<String> = free.into_iter().map(str::to_owned).collect();
                let_go(connection, id.as_str(), &free, until)?;
                return Ok(Claim::Lanes { claimed: Vec::new(), unread: Vec::new() });
            }
            let mut states = states(connection, &vault, (&tenant, &id), &free, now)?;
            if permit == Permit::One {
                breakers::keep_one(connection, id.as_str(), &mut states, now)?;
            }
            let is_unread = |state: &State| matches!(state, State::Unread);
            let unread = states.iter().filter(|(_, state)| is_unread(state));
            let unread = unread.map(|(candidate, _)| CandidateRef(candidate.clone())).collect();
            // Nobody holds them, and a message about them is expected: they stay as they are.
            states.retain(|_, state| !is_unread(state));
            apply(connection, &id, &states, &holder, (now, lease))?;
            let claimed = states.into_values().filter_map(|state| match state {
                State::Work(work) => Some(work),
                _ => None,
            });
            Ok(Claim::Lanes { claimed: claimed.collect(), unread })
        })
        .await
    }

    /// Says that the holder lives: its lanes stay claimed until `until`.
    pub async fn renew_lanes(
        &self,
        id: &ConnectionId,
        candidates: &[CandidateRef],
        holder: &str,
        until: DateTime<Utc>,
    ) -> Result<()> {
        let (id, candidates, holder) = (id.clone(), candidates.to_vec(), holder.to_owned());
        self.write_soon(move |connection| {
            let own = own(connection, id.as_str(), &candidates, &holder)?;
            keep(connection, id.as_str(), &own, &holder, until)
        })
        .await
    }

    /// Lets lanes go before they are empty; a relay looks at them at once.
    pub async fn release_lanes(
        &self,
        id: &ConnectionId,
        candidates: &[CandidateRef],
        holder: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (id, candidates, holder) = (id.clone(), candidates.to_vec(), holder.to_owned());
        self.write_soon(move |connection| {
            let own = own(connection, id.as_str(), &candidates, &holder)?;
            let_go(connection, id.as_str(), &own, now)
        })
        .await
    }
}

/// The lanes among these that the holder has, locked.
fn own(connection: &mut AnyConnection, id: &str, candidates: &[CandidateRef], holder: &str) -> Result<Vec<String>> {
    let names: Vec<&str> = candidates.iter().map(CandidateRef::as_str).collect();
    let lanes = lock(connection, id, &names)?.into_iter();
    Ok(lanes.filter(|lane| lane.holder.as_deref() == Some(holder)).map(|lane| lane.candidate_ref).collect())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_connection<'a>(id: &'a str) -> _ {
    lanes::table.filter(lanes::connection_id.eq(id))
}

/// Locks those of the lanes that are there until the transaction ends; always in one order, so that nobody waits for each other.
pub(super) fn lock(connection: &mut AnyConnection, id: &str, candidates: &[&str]) -> Result<Vec<Lane>> {
    let found = lanes::table
        .filter(lanes::connection_id.eq(id))
        .filter(lanes::candidate_ref.eq_any(candidates))
        .order(lanes::candidate_ref.asc())
        .select((lanes::candidate_ref, lanes::holder, lanes::leased_until));
    Ok(match connection {
        AnyConnection::Sqlite(sqlite) if candidates.len() > FEW_ROWS => found.load(sqlite)?,
        AnyConnection::Sqlite(sqlite) => Prepared::new(found).load(sqlite)?,
        #[cfg(feature = "postgres")]
        AnyConnection::Postgres(postgres) => found.for_update().load(postgres)?,
    })
}

/// Makes the lanes that are missing, to be looked at by a relay after `look_at`, and locks all.
pub(super) fn open_all(connection: &mut AnyConnection, mut new: Vec<NewLane>) -> Result<()> {
    new.sort_by(|one, other| (&one.connection_id, &one.candidate_ref).cmp(&(&other.connection_id, &other.candidate_ref)));
    new.dedup_by(|one, other| one.connection_id == other.connection_id && one.candidate_ref == other.candidate_ref);
    write_rows!(connection, new, |rows| {
        diesel::insert_into(lanes::table)
            .values(rows)
            .on_conflict((lanes::connection_id, lanes::candidate_ref))
            .do_update()
            // Changes nothing: it locks the row.
            .set(lanes::candidate_ref.eq(excluded(lanes::candidate_ref)))
    });
    Ok(())
}

/// Opens the lane for a delivery that is due now. True when a worker holds it.
pub(super) fn open(connection: &mut AnyConnection, id: &str, candidate: &str, now: DateTime<Utc>) -> Result<bool> {
    let moment = time_text(now);
    let new = NewLane { connection_id: id.to_owned(), candidate_ref: candidate.to_owned(), look_at: moment.clone(), hinted: 0 };
    open_all(connection, vec![new])?;
    let is_held = lock(connection, id, &[candidate])?.iter().any(|lane| lane.is_held(&moment));
    if !is_held {
        let_go(connection, id, &[candidate.to_owned()], now)?;
    }
    Ok(is_held)
}

/// `None`: there is no such connection. With the moment of its last change.
fn state_of(
    connection: &mut AnyConnection,
    tenant: &TenantId,
    id: &ConnectionId,
) -> Result<Option<(ConnectionState, DateTime<Utc>)>> {
    let found: Option<(String, String)> = each_backend!(connection, c => {
        connections::table
            .filter(connections::id.eq(id.as_str()))
            .filter(connections::tenant_id.eq(tenant.as_str()))
            .select((connections::state, connections::updated_at))
            .first(c)
            .optional()
    })?;
    found.map(|(state, version)| Ok((parse_name(&state)?, parse_time(&version)?))).transpose()
}

type Waiting = (delivery_rows::Row, String, EnvelopeRow);

/// Both databases use the index of waiting deliveries only for literals in the statement, not for bound values.
pub(super) fn is_pending() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("deliveries.state = 'pending'")
}

/// The work in each of these lanes. The lanes must be locked.
pub(super) fn states(
    connection: &mut AnyConnection,
    vault: &Vault,
    (tenant, id): (&TenantId, &ConnectionId),
    candidates: &[&str],
    now: DateTime<Utc>,
) -> Result<BTreeMap<String, State>> {
    let Some((ConnectionState::Active, version)) = state_of(connection, tenant, id)? else {
        return Ok(candidates.iter().map(|candidate| ((*candidate).to_owned(), State::Paused)).collect());
    };
    sharing::park_stopped(connection, tenant, id.as_str(), candidates, now)?;
    let waiting: Vec<Waiting> = load_for_keys!(
        connection,
        candidates,
        deliveries::table
            .inner_join(events::table.on(events::position.eq(deliveries::position)))
            .filter(deliveries::connection_id.eq(id.as_str()))
            .filter(deliveries::candidate_ref.eq_any(candidates))
            .filter(is_pending())
            .order((deliveries::candidate_ref.asc(), deliveries::position.asc()))
            .limit(MOST_ROWS)
            .select((delivery_rows::Row::as_select(), deliveries::candidate_ref, envelope()))
    )?;
    let is_cut = waiting.len() as i64 == MOST_ROWS;
    let read_until = waiting.last().map(|(_, candidate, _)| candidate.clone()).filter(|_| is_cut);
    let mut rows: HashMap<String, Vec<(Delivery, Envelope)>> = HashMap::new();
    let waiting = readable(waiting, |(row, candidate, event)| {
        Ok((candidate, (row.into_model()?, into_envelope(connection, vault, event)?)))
    })?;
    for (candidate, work) in waiting {
        rows.entry(candidate).or_default().push(work);
    }
    let ids: Vec<&str> = rows.values().flatten().map(|(delivery, _)| delivery.event_id.as_str()).collect();
    let mut entries = ledger::of_events(connection, id.as_str(), &ids)?;
    let mut known = match rows.is_empty() {
        true => HashMap::new(),
        false => identities::identities(connection, vault, tenant, candidates)?,
    };
    let mut links = match rows.is_empty() {
        true => HashMap::new(),
        false => person_links::of(connection, id.as_str(), candidates)?,
    };
    let mut states = BTreeMap::new();
    for candidate in candidates {
        let state = match rows.remove(*candidate) {
            None if read_until.as_deref().is_some_and(|last| *candidate > last) => State::Unread,
            None => State::Empty,
            Some(rows) => {
                let person = (known.remove(*candidate).unwrap_or_default(), links.remove(*candidate));
                state(CandidateRef::from(*candidate), person, version, rows, &mut entries, now)?
            }
        };
        states.insert((*candidate).to_owned(), state);
    }
    Ok(states)
}

fn state(
    candidate: CandidateRef,
    (identity, link): (Identity, Option<String>),
    version: DateTime<Utc>,
    rows: Vec<(Delivery, Envelope)>,
    entries: &mut HashMap<String, BTreeMap<String, LedgerEntry>>,
    now: DateTime<Utc>,
) -> Result<State> {
    let mut work = Vec::with_capacity(rows.len());
    for (delivery, event) in rows {
        match delivery.next_attempt_at.filter(|at| *at > now) {
            Some(at) if work.is_empty() => return Ok(State::NotDue(at)),
            Some(_) => break,
            None => {
                let ledger = entries.remove(delivery.event_id.as_str()).unwrap_or_default();
                work.push(Work { event, delivery, ledger });
            }
        }
    }
    Ok(State::Work(LaneWork { candidate, identity, link, work, version }))
}

/// Writes what follows from the lanes' states: those with work are the holder's until `now + lease`.
pub(super) fn apply(
    connection: &mut AnyConnection,
    id: &ConnectionId,
    states: &BTreeMap<String, State>,
    holder: &str,
    (now, lease): (DateTime<Utc>, Duration),
) -> Result<()> {
    let (mut empty, mut free, mut claimed) = (Vec::new(), Vec::new(), Vec::new());
    for (candidate, state) in states {
        match state {
            State::Empty => empty.push(candidate.clone()),
            State::NotDue(at) => let_go(connection, id.as_str(), std::slice::from_ref(candidate), *at)?,
            State::Work(_) => claimed.push(candidate.clone()),
            State::Unread | State::Paused => free.push(candidate.clone()),
        }
    }
    if !empty.is_empty() {
        run_for_keys!(connection, lanes::candidate_ref, &empty, |rows| diesel::delete(of_connection(id.as_str()).filter(rows)));
    }
    let_go(connection, id.as_str(), &free, now)?;
    keep(connection, id.as_str(), &claimed, holder, now + lease)
}

fn keep(connection: &mut AnyConnection, id: &str, candidates: &[String], holder: &str, until: DateTime<Utc>) -> Result<()> {
    if candidates.is_empty() {
        return Ok(());
    }
    let until = time_text(until);
    run_for_keys!(connection, lanes::candidate_ref, candidates, |rows| {
        let values = (
            lanes::holder.eq(Some(holder)),
            lanes::leased_until.eq(Some(&until)),
            // When the holder does not live until then, a relay tells the others.
            lanes::look_at.eq(&until),
            lanes::hinted.eq(0i64),
        );
        diesel::update(of_connection(id).filter(rows)).set(values)
    });
    Ok(())
}

/// Nobody holds the lanes from now on, and a relay looks at them at `look_at`.
pub(super) fn let_go(connection: &mut AnyConnection, id: &str, candidates: &[String], look_at: DateTime<Utc>) -> Result<()> {
    if candidates.is_empty() {
        return Ok(());
    }
    let look_at = time_text(look_at);
    run_for_keys!(connection, lanes::candidate_ref, candidates, |rows| {
        let values = (
            lanes::holder.eq(None::<String>),
            lanes::leased_until.eq(None::<String>),
            lanes::look_at.eq(&look_at),
            lanes::hinted.eq(0i64),
        );
        diesel::update(of_connection(id).filter(rows)).set(values)
    });
    Ok(())
}
