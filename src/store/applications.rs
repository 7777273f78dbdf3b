//! Applications that connections read: the cursor and the lease of each connection, each application once, and the files that a
//! connection wrote itself. Comes in: identifiers. Goes out: what is due, and how it ended. What is kept names nobody.

use super::channel_schema::{applications, intakes, written_files};
use super::pool::{AnyConnection, each_backend};
use super::schema::{ledger, person_links};
use super::text::{clean, json_text, name_text, parse_json, parse_name, parse_time, parse_times, time_text, to_u32};
use super::{Result, Store};
use crate::model::application::{
    ApplicationEnd, ApplicationState, DueApplication, IntakeEnd, IntakeStatus, IntakeWork, KnownApplication,
};
use crate::model::ids::{CandidateRef, ConnectionId, SubmissionId, TenantId};
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// Longest list of applications.
const LISTED: i64 = 200;

#[derive(Queryable, Selectable)]
#[diesel(table_name = intakes)]
struct Row {
    connection_id: String,
    cursor: Option<String>,
    next_poll_at: Option<String>,
    last_poll_at: Option<String>,
    last_error: Option<String>,
    budget_day: Option<String>,
    bytes_today: i64,
    applications_today: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = applications)]
struct ApplicationRow {
    id: String,
    application: Option<String>,
    state: String,
    attempts: i64,
    reason: Option<String>,
    message: Option<String>,
    submission_id: Option<String>,
    created_at: String,
    updated_at: String,
}

impl ApplicationRow {
    fn into_model(self) -> Result<KnownApplication> {
        Ok(KnownApplication {
            id: self.id,
            state: parse_name(&self.state)?,
            application: self.application.as_deref().map(parse_json).transpose()?,
            attempts: to_u32(self.attempts),
            reason: self.reason,
            message: self.message,
            submission_id: self.submission_id.map(SubmissionId),
            created_at: parse_time(&self.created_at)?,
            updated_at: parse_time(&self.updated_at)?,
        })
    }
}

impl Store {
    /// Takes the connection's applications for `lease`, with at most `most` that are due. `None`: nothing is due, or another worker has them.
    pub async fn lease_intake(
        &self,
        id: &ConnectionId,
        now: DateTime<Utc>,
        lease: Duration,
        most: u32,
    ) -> Result<Option<IntakeWork>> {
        let id = id.clone();
        let id_for_read = id.clone();
        // Mostly there is nothing to do, and a look that finds nothing writes nothing.
        let is_due = self.read(move |connection| Ok(work(connection, id_for_read.as_str(), now, 1)?.is_some())).await?;
        if !is_due {
            return Ok(None);
        }
        self.write(move |connection| {
            let row = intakes::connection_id.eq(id.as_str());
            each_backend!(connection, c => diesel::insert_into(intakes::table).values(row).on_conflict_do_nothing().execute(c))?;
            let free = intakes::leased_until.is_null().or(intakes::leased_until.le(time_text(now)));
            let target = intakes::table.filter(intakes::connection_id.eq(id.as_str())).filter(free);
            let taken = diesel::update(target).set(intakes::leased_until.eq(Some(time_text(now + lease)))).execute(connection)?;
            if taken == 0 { Ok(None) } else { work(connection, id.as_str(), now, most) }
        })
        .await
    }

    /// Adds applications that were not there before, due at once, and keeps the cursor with them. Returns how many are new.
    pub async fn add_applications(
        &self,
        id: &ConnectionId,
        found: &[serde_json::Value],
        cursor: Option<&serde_json::Value>,
        now: DateTime<Utc>,
    ) -> Result<usize> {
        let id = id.clone();
        let found: Vec<String> = found.iter().map(json_text).collect::<Result<_>>()?;
        let cursor = cursor.map(json_text).transpose()?;
        self.write(move |connection| {
            let mut added = 0;
            for application in found {
                let row = (
                    applications::id.eq(uuid::Uuid::now_v7().to_string()),
                    applications::connection_id.eq(id.as_str()),
                    applications::application_key.eq(hex::encode(Sha256::digest(&application))),
                    applications::application.eq(Some(clean(&application))),
                    applications::state.eq(name_text(&ApplicationState::Waiting)?),
                    applications::attempts.eq(0i64),
                    applications::next_attempt_at.eq(time_text(now)),
                    applications::created_at.eq(time_text(now)),
                    applications::updated_at.eq(time_text(now)),
                );
                added += each_backend!(connection, c => {
                    diesel::insert_into(applications::table).values(row).on_conflict_do_nothing().execute(c)
                })?;
            }
            if let Some(cursor) = cursor {
                let target = intakes::table.filter(intakes::connection_id.eq(id.as_str()));
                diesel::update(target).set(intakes::cursor.eq(Some(cursor))).execute(connection)?;
            }
            Ok(added)
        })
        .await
    }

    /// Waiting applications whose time has come, oldest first.
    pub async fn due_applications(&self, id: &ConnectionId, now: DateTime<Utc>, most: u32) -> Result<Vec<DueApplication>> {
        let id = id.clone();
        self.read(move |connection| due(connection, id.as_str(), now, most)).await
    }

    /// Writes how an attempt ended. Of an application that was read only the hash of its identifiers stays.
    pub async fn end_application(&self, application: &str, end: &ApplicationEnd, now: DateTime<Utc>) -> Result<()> {
        let (application, end) = (application.to_owned(), end.clone());
        self.write(move |connection| {
            let target = applications::table.filter(applications::id.eq(&application));
            let values = (
                applications::state.eq(name_text(&end.state)?),
                applications::attempts.eq(i64::from(end.attempts)),
                applications::next_attempt_at.eq(time_text(end.next_attempt_at)),
                applications::reason.eq(end.reason.as_deref().map(clean)),
                applications::message.eq(end.message.as_deref().map(clean)),
                applications::submission_id.eq(end.submission_id.map(|id| id.0)),
                applications::updated_at.eq(time_text(now)),
            );
            diesel::update(target).set(values).execute(connection)?;
            if end.state == ApplicationState::Read {
                diesel::update(target).set(applications::application.eq(None::<String>)).execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Ends the lease.
    pub async fn end_intake(&self, id: &ConnectionId, end: &IntakeEnd, now: DateTime<Utc>) -> Result<()> {
        let (id, end) = (id.clone(), end.clone());
        self.write(move |connection| {
            let target = intakes::table.filter(intakes::connection_id.eq(id.as_str()));
            let Some(row) = target.select(Row::as_select()).first(connection).optional()? else { return Ok(()) };
            let (bytes, count) = today(&row, now);
            let values = (
                intakes::leased_until.eq(None::<String>),
                intakes::next_poll_at.eq(end.next_poll_at.map(time_text).or(row.next_poll_at)),
                intakes::last_poll_at.eq(end.polled_at.map(time_text).or(row.last_poll_at)),
                intakes::last_error.eq(end.error.as_ref().map(json_text).transpose()?),
                intakes::budget_day.eq(Some(day(now))),
                intakes::bytes_today.eq(bytes + i64::try_from(end.bytes).unwrap_or(i64::MAX / 2)),
                intakes::applications_today.eq(count + i64::from(end.applications)),
            );
            diesel::update(target).set(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Has the connection ask for new applications now, and tries its parked applications again. Returns how many were parked.
    pub async fn hasten_intake(&self, id: &ConnectionId, now: DateTime<Utc>) -> Result<usize> {
        let id = id.clone();
        self.write(move |connection| {
            let target = intakes::table.filter(intakes::connection_id.eq(id.as_str()));
            diesel::update(target).set(intakes::next_poll_at.eq(Some(time_text(now)))).execute(connection)?;
            let parked = applications::table
                .filter(applications::connection_id.eq(id.as_str()))
                .filter(applications::state.eq(name_text(&ApplicationState::Parked)?));
            let values = (
                applications::state.eq(name_text(&ApplicationState::Waiting)?),
                applications::attempts.eq(0i64),
                applications::next_attempt_at.eq(time_text(now)),
            );
            Ok(diesel::update(parked).set(values).execute(connection)?)
        })
        .await
    }

    /// Newest first; of one state, if one is named.
    pub async fn list_applications(&self, id: &ConnectionId, state: Option<ApplicationState>) -> Result<Vec<KnownApplication>> {
        let id = id.clone();
        self.read(move |connection| {
            let mut query = applications::table.filter(applications::connection_id.eq(id.as_str())).into_boxed();
            if let Some(state) = state {
                query = query.filter(applications::state.eq(name_text(&state)?));
            }
            let rows: Vec<ApplicationRow> =
                query.order(applications::id.desc()).limit(LISTED).select(ApplicationRow::as_select()).load(connection)?;
            rows.into_iter().map(ApplicationRow::into_model).collect()
        })
        .await
    }

    /// Of connections that looked for applications at least once.
    pub async fn intake_statuses(&self, ids: &[ConnectionId], now: DateTime<Utc>) -> Result<HashMap<ConnectionId, IntakeStatus>> {
        let ids: Vec<String> = ids.iter().map(|id| id.0.clone()).collect();
        self.read(move |connection| {
            let rows: Vec<Row> =
                intakes::table.filter(intakes::connection_id.eq_any(&ids)).select(Row::as_select()).load(connection)?;
            let mut statuses = HashMap::new();
            for row in rows {
                let (bytes, count) = today(&row, now);
                let mut status = IntakeStatus {
                    last_poll_at: parse_times(row.last_poll_at)?,
                    next_poll_at: parse_times(row.next_poll_at)?,
                    last_error: row.last_error.as_deref().map(parse_json).transpose()?,
                    bytes_today: u64::try_from(bytes).unwrap_or_default(),
                    applications_today: to_u32(count),
                    ..IntakeStatus::default()
                };
                let of_connection = applications::table.filter(applications::connection_id.eq(&row.connection_id));
                let counts: Vec<(String, i64)> = of_connection
                    .group_by(applications::state)
                    .select((applications::state, diesel::dsl::count_star()))
                    .load(connection)?;
                for (state, count) in counts {
                    match parse_name(&state)? {
                        ApplicationState::Waiting => status.waiting = to_u32(count),
                        ApplicationState::Parked => status.parked = to_u32(count),
                        ApplicationState::Read => status.read = to_u32(count),
                    }
                }
                statuses.insert(ConnectionId(row.connection_id), status);
            }
            Ok(statuses)
        })
        .await
    }

    /// Remembers the hash of a file that the connection writes, so that it is not read again.
    pub async fn note_written_file(&self, id: &ConnectionId, sha256: &str, now: DateTime<Utc>) -> Result<()> {
        let (id, sha256) = (id.clone(), sha256.to_owned());
        self.write(move |connection| {
            let row = (
                written_files::connection_id.eq(id.as_str()),
                written_files::sha256.eq(&sha256),
                written_files::written_at.eq(time_text(now)),
            );
            each_backend!(connection, c => {
                diesel::insert_into(written_files::table).values(row).on_conflict_do_nothing().execute(c)
            })?;
            Ok(())
        })
        .await
    }

    /// Those of the hashes of files, and of the system's identifiers of files, that the connection wrote itself. `steps`: those that write
    /// files; identifiers of other records may be the same numbers.
    pub async fn written_by(
        &self,
        id: &ConnectionId,
        hashes: Vec<String>,
        (steps, remote_ids): (Vec<String>, Vec<String>),
    ) -> Result<HashSet<String>> {
        let id = id.clone();
        self.read(move |connection| {
            let by_hash: Vec<String> = written_files::table
                .filter(written_files::connection_id.eq(id.as_str()))
                .filter(written_files::sha256.eq_any(hashes))
                .select(written_files::sha256)
                .load(connection)?;
            let by_id: Vec<(String, Option<String>)> = ledger::table
                .filter(ledger::connection_id.eq(id.as_str()))
                .filter(ledger::remote_id.eq_any(remote_ids))
                .select((ledger::step, ledger::remote_id))
                .load(connection)?;
            // The entry of one element of a list has the step's name before a colon.
            let is_file = |step: &str| steps.iter().any(|wanted| step.split(':').next() == Some(wanted.as_str()));
            let by_id = by_id.into_iter().filter(|(step, _)| is_file(step)).filter_map(|(_, remote_id)| remote_id);
            Ok(by_hash.into_iter().chain(by_id).collect())
        })
        .await
    }

    /// The candidate who is linked to this identifier of the system; the first, if several are.
    pub async fn linked_candidate(&self, of: (&TenantId, &ConnectionId), remote_id: &str) -> Result<Option<CandidateRef>> {
        let (tenant, id, remote_id) = (of.0.clone(), of.1.clone(), clean(remote_id));
        self.read(move |connection| {
            let found: Option<String> = person_links::table
                .filter(person_links::connection_id.eq(id.as_str()))
                .filter(person_links::tenant_id.eq(tenant.as_str()))
                .filter(person_links::remote_id.eq(remote_id))
                .order(person_links::created_at.asc())
                .select(person_links::candidate_ref)
                .first(connection)
                .optional()?;
            Ok(found.map(CandidateRef))
        })
        .await
    }
}

/// `None`: nothing is due.
fn work(connection: &mut AnyConnection, id: &str, now: DateTime<Utc>, most: u32) -> Result<Option<IntakeWork>> {
    let row: Option<Row> =
        intakes::table.filter(intakes::connection_id.eq(id)).select(Row::as_select()).first(connection).optional()?;
    let mut work = IntakeWork { is_poll_due: true, due: due(connection, id, now, most)?, ..IntakeWork::default() };
    if let Some(row) = row {
        let (bytes, count) = today(&row, now);
        work.bytes_today = u64::try_from(bytes).unwrap_or_default();
        work.applications_today = to_u32(count);
        work.cursor = row.cursor.as_deref().map(parse_json).transpose()?;
        work.is_poll_due = parse_times(row.next_poll_at)?.is_none_or(|at| at <= now);
    }
    Ok(Some(work).filter(|work| work.is_poll_due || !work.due.is_empty()))
}

fn due(connection: &mut AnyConnection, id: &str, now: DateTime<Utc>, most: u32) -> Result<Vec<DueApplication>> {
    let rows: Vec<(String, String, Option<String>, i64)> = applications::table
        .filter(applications::connection_id.eq(id))
        .filter(applications::state.eq(name_text(&ApplicationState::Waiting)?))
        .filter(applications::next_attempt_at.le(time_text(now)))
        .order((applications::next_attempt_at.asc(), applications::id.asc()))
        .limit(i64::from(most))
        .select((applications::id, applications::application_key, applications::application, applications::attempts))
        .load(connection)?;
    let due = |(id, key, application, attempts): (String, String, Option<String>, i64)| {
        let application = application.as_deref().map(parse_json).transpose()?.unwrap_or_default();
        Ok(DueApplication { id, key, application, attempts: to_u32(attempts) })
    };
    rows.into_iter().map(due).collect()
}

fn today(row: &Row, now: DateTime<Utc>) -> (i64, i64) {
    match row.budget_day.as_deref() == Some(day(now).as_str()) {
        true => (row.bytes_today, row.applications_today),
        false => (0, 0),
    }
}

fn day(now: DateTime<Utc>) -> String {
    now.date_naive().to_string()
}
