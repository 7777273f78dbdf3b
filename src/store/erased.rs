//! Who was erased of late: files that came in before and are still being worked on must not bring the person back.
//! Comes in: erased persons, marks of those whom files are about. Goes out: which of these were erased since. Only keyed hashes are kept,
//! and only until the last such file is done.

use super::identities::digest;
use super::prepared::load_for_keys;
use super::schema::{erasures, submissions};
use super::text::{name_text, time_text};
use super::transaction::{ROWS_PER_STATEMENT, Transaction, write_rows};
use super::{Result, Store, marks};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::record::Mark;
use crate::model::submission::SubmissionState;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use std::collections::{HashMap, HashSet};

/// No submission that is worked on at once takes as long; others are known by their rows.
const LONGEST_WORK: Duration = Duration::hours(1);

#[derive(Insertable)]
#[diesel(table_name = erasures)]
struct Row {
    tenant_id: String,
    mark: String,
    erased_at: String,
}

impl Store {
    /// Forgets who was erased so long ago that nothing is left which came in before.
    pub async fn forget_erasures(&self, now: DateTime<Utc>) -> Result<()> {
        let waiting =
            self.read(|connection| Ok(erasures::table.select(erasures::mark).first::<String>(connection).optional()?));
        if waiting.await?.is_none() {
            return Ok(());
        }
        self.write_soon(move |connection| {
            let oldest: Option<String> = submissions::table
                .filter(submissions::state.eq(name_text(&SubmissionState::Processing)?))
                .order(submissions::created_at.asc())
                .select(submissions::created_at)
                .first(connection)
                .optional()?;
            let end = time_text(now - LONGEST_WORK);
            let end = oldest.filter(|oldest| *oldest < end).unwrap_or(end);
            diesel::delete(erasures::table.filter(erasures::erased_at.lt(end))).execute(connection)?;
            Ok(())
        })
        .await
    }
}

impl Transaction<'_> {
    /// By what a person is known whom a request named by reference.
    pub(super) fn mark_of_ref(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<String> {
        digest(self.vault, tenant, "ref", candidate.as_str())
    }

    /// Whether the person with this reference was erased after the moment.
    pub fn is_erased_since(&mut self, tenant: &TenantId, candidate: &CandidateRef, moment: DateTime<Utc>) -> Result<bool> {
        let mark = self.mark_of_ref(tenant, candidate)?;
        Ok(!self.erased(tenant, &[mark], moment)?.is_empty())
    }

    /// Which of these marks stand for persons who were erased after the moment.
    pub fn erased_since(&mut self, tenant: &TenantId, wanted: &[Mark], moment: DateTime<Utc>) -> Result<HashSet<Mark>> {
        let mut by_digest = HashMap::new();
        for mark in wanted {
            by_digest.insert(marks::digest_of(self.vault, tenant, mark)?, mark);
        }
        let digests: Vec<String> = by_digest.keys().cloned().collect();
        let erased = self.erased(tenant, &digests, moment)?;
        Ok(erased.iter().filter_map(|digest| by_digest.get(digest)).map(|mark| (*mark).clone()).collect())
    }

    /// Those of the marks that stand for persons who were erased after the moment.
    pub(super) fn erased(&mut self, tenant: &TenantId, marks: &[String], moment: DateTime<Utc>) -> Result<Vec<String>> {
        let mut erased = Vec::new();
        for marks in marks.chunks(ROWS_PER_STATEMENT) {
            let found: Vec<String> = load_for_keys!(
                &mut *self.connection,
                marks,
                erasures::table
                    .filter(erasures::tenant_id.eq(tenant.as_str()))
                    .filter(erasures::mark.eq_any(marks))
                    .filter(erasures::erased_at.gt(time_text(moment)))
                    .select(erasures::mark)
            )?;
            erased.extend(found);
        }
        Ok(erased)
    }

    pub(super) fn note_erased(&mut self, tenant: &TenantId, marks: HashSet<String>, now: DateTime<Utc>) -> Result<()> {
        let row = |mark| Row { tenant_id: tenant.0.clone(), mark, erased_at: time_text(now) };
        let rows: Vec<Row> = marks.into_iter().map(row).collect();
        write_rows!(self.connection, rows, |rows| {
            diesel::insert_into(erasures::table)
                .values(rows)
                .on_conflict((erasures::tenant_id, erasures::mark))
                .do_update()
                .set(erasures::erased_at.eq(excluded(erasures::erased_at)))
        });
        Ok(())
    }
}
