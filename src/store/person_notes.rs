//! What persons wrote or decided on their own pages; texts are sealed with the person's key.
//! Comes in: a person and a text. Goes out: notes, for the employer's own people. A note goes with its person.

use super::pool::AnyConnection;
use super::privacy_schema::person_notes;
use super::sealed::readable;
use super::text::{clean, parse_name, parse_time, parse_times, time_text};
use super::transaction::Transaction;
use super::{Result, Store, Vault};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::person::{NoteKind, PersonNote};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

const LISTED: i64 = 200;

#[derive(Queryable, Selectable)]
#[diesel(table_name = person_notes)]
struct Row {
    id: String,
    candidate_ref: String,
    kind: String,
    text: Option<Vec<u8>>,
    created_at: String,
    done_at: Option<String>,
}

impl Row {
    fn opened(self, connection: &mut AnyConnection, vault: &Vault) -> Result<PersonNote> {
        let text = self.text.map(|sealed| vault.open_text(connection, &place(&self.id), &sealed)).transpose()?;
        Ok(PersonNote {
            candidate_ref: CandidateRef(self.candidate_ref),
            kind: parse_name(&self.kind)?,
            text,
            created_at: parse_time(&self.created_at)?,
            done_at: parse_times(self.done_at)?,
            id: self.id,
        })
    }
}

fn place(id: &str) -> String {
    format!("person_note:{id}")
}

impl Store {
    /// Keeps what the person said. False when the person was erased meanwhile, or has said the most that is kept (200 open notes).
    pub async fn add_person_note(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        kind: NoteKind,
        text: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (tenant, candidate, text) = (tenant.clone(), candidate.clone(), text.map(clean));
        self.transaction(move |transaction| {
            let candidate = transaction.current_ref(&tenant, &candidate)?;
            transaction.note(&tenant, &candidate, kind, text.as_deref(), now)
        })
        .await
    }

    /// The notes of a person, or those of all persons that nobody has dealt with; newest first, at most 200.
    pub async fn person_notes(&self, tenant: &TenantId, candidate: Option<&CandidateRef>) -> Result<Vec<PersonNote>> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.cloned(), self.0.vault.clone());
        self.read(move |connection| {
            let mut query = person_notes::table
                .filter(person_notes::tenant_id.eq(tenant.as_str()))
                .order(person_notes::id.desc())
                .limit(LISTED)
                .select(Row::as_select())
                .into_boxed();
            query = match candidate {
                Some(candidate) => query.filter(person_notes::candidate_ref.eq(candidate.0)),
                None => query.filter(person_notes::done_at.is_null()),
            };
            let rows: Vec<Row> = query.load(connection)?;
            readable(rows, |row| row.opened(connection, &vault))
        })
        .await
    }

    /// Somebody of the employer's has dealt with the note. False when the person has no such note.
    pub async fn finish_person_note(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (tenant, candidate, id) = (tenant.clone(), candidate.clone(), clean(id));
        self.write(move |connection| {
            let target = person_notes::table
                .filter(person_notes::id.eq(id))
                .filter(person_notes::tenant_id.eq(tenant.as_str()))
                .filter(person_notes::candidate_ref.eq(candidate.as_str()));
            Ok(diesel::update(target).set(person_notes::done_at.eq(Some(time_text(now)))).execute(connection)? == 1)
        })
        .await
    }
}

impl Transaction<'_> {
    pub(super) fn note(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        kind: NoteKind,
        text: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        if self.lock_candidate(tenant, candidate)?.is_none() {
            return Ok(false);
        }
        let open: i64 = person_notes::table
            .filter(person_notes::tenant_id.eq(tenant.as_str()))
            .filter(person_notes::candidate_ref.eq(candidate.as_str()))
            .filter(person_notes::done_at.is_null())
            .count()
            .get_result(self.connection)?;
        if open >= LISTED {
            return Ok(false);
        }
        let id = uuid::Uuid::now_v7().to_string();
        let sealed = match text {
            Some(text) => Some(self.key_of(tenant, candidate)?.seal(&place(&id), text.as_bytes())?),
            None => None,
        };
        let values = (
            person_notes::id.eq(&id),
            person_notes::tenant_id.eq(tenant.as_str()),
            person_notes::candidate_ref.eq(candidate.as_str()),
            person_notes::kind.eq(kind.as_str()),
            person_notes::text.eq(sealed),
            person_notes::created_at.eq(time_text(now)),
        );
        diesel::insert_into(person_notes::table).values(values).execute(self.connection)?;
        Ok(true)
    }
}
