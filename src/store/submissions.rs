//! Submissions and their files.

use super::credentials::{CredentialRow, place};
use super::data_keys::Owner;
use super::packed::Kind;
use super::pool::{AnyConnection, each_backend};
use super::prepared::{Prepared, run_prepared};
use super::schema::{credentials, data_keys, submission_credentials, submission_files, submission_uploads, submissions};
use super::sealed::readable;
use super::text::{clean, json_text, name_text, parse_name, parse_time, parse_times, time_text, to_u32};
use super::transaction::{Transaction, insert_all};
use super::{Result, Store, StoreError, Vault};
use crate::model::credential::NormalizedCredential;
use crate::model::ids::{CandidateRef, CredentialId, SubmissionId, TenantId};
use crate::model::record::{NewSubmission, Page};
use crate::model::report::{Outcome, VerificationReport};
use crate::model::submission::{
    CandidateHint, CredentialResult, FilePerson, FileResult, PersonBy, Progress, Submission, SubmissionState, UploadedFile,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::BTreeMap;

#[derive(Queryable, Selectable)]
#[diesel(table_name = submissions)]
struct Row {
    id: String,
    tenant_id: String,
    channel: String,
    state: String,
    outcome: Option<String>,
    candidate_ref: Option<String>,
    files_done: i64,
    files_total: i64,
    created_at: String,
    completed_at: Option<String>,
}

impl Row {
    fn into_model(self, files: Vec<FileResult>) -> Result<Submission> {
        Ok(Submission {
            id: SubmissionId(self.id),
            tenant_id: TenantId(self.tenant_id),
            channel: parse_name(&self.channel)?,
            state: parse_name(&self.state)?,
            outcome: self.outcome.filter(|_| self.completed_at.is_some()).as_deref().map(parse_name).transpose()?,
            candidate_ref: self.candidate_ref.map(CandidateRef),
            // A document counts as one file before it is opened, and afterwards as the files that are found in it.
            progress: Progress { done: to_u32(self.files_done), total: to_u32(self.files_total.max(self.files_done)) },
            files,
            created_at: parse_time(&self.created_at)?,
            completed_at: parse_times(self.completed_at)?,
        })
    }
}

/// The stored request of a submission that is verified later.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct SubmissionRequest {
    pub candidate: CandidateHint,
    /// The persons of single files.
    pub people: Vec<FilePerson>,
    /// The person: the named person, or a new person without any known fact.
    pub candidate_ref: CandidateRef,
    pub named: bool,
    /// Challenge and domain that a presentation must be bound to.
    pub challenge: Option<String>,
    pub domain: Option<String>,
}

/// One processed file, with the credentials that were found in it.
#[derive(Clone, Debug)]
pub struct FileRecord {
    pub ordinal: u32,
    /// The one person whom the file is about; absent when it is about several people, or nobody known.
    pub owner: Option<CandidateRef>,
    /// Its `credentials` are left empty: they are rows of their own.
    pub result: FileResult,
    pub credentials: Vec<FoundCredential>,
}

/// A credential with the report that one submission made of it.
#[derive(Clone, Debug)]
pub struct FoundCredential {
    /// The credential's own row, which may be older than the submission.
    pub id: CredentialId,
    pub candidate_ref: CandidateRef,
    /// Nothing was sent, because the gateway had the bytes for the person.
    pub duplicate: bool,
    pub person_by: PersonBy,
    pub report: VerificationReport,
    pub normalized: Option<NormalizedCredential>,
}

#[derive(Insertable)]
#[diesel(table_name = submission_files, treat_none_as_default_value = false)]
struct FileRow {
    submission_id: String,
    ordinal: i64,
    result: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = submission_credentials, treat_none_as_default_value = false)]
struct LinkRow {
    submission_id: String,
    file_ordinal: i64,
    ordinal: i64,
    credential_id: String,
    duplicate: i64,
    person_by: String,
    report: Vec<u8>,
    normalized: Option<Vec<u8>>,
}

/// Sealed name, media type, sealed bytes.
type UploadRow = (Option<Vec<u8>>, Option<String>, Vec<u8>);
/// File, duplicate and how its person was found; sealed report and content as the submission found them; the credential.
type FoundRow = ((i64, i64, String), Vec<u8>, Option<Vec<u8>>, CredentialRow);

impl Store {
    /// With its files once it is complete.
    pub async fn submission(&self, tenant: &TenantId, id: &SubmissionId) -> Result<Option<Submission>> {
        let (tenant, id, vault) = (tenant.clone(), id.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let row: Option<Row> = submissions::table
                .filter(submissions::id.eq(id.as_str()))
                .filter(submissions::tenant_id.eq(tenant.as_str()))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            // A waiting caller asks often and needs only the progress.
            let files = if row.completed_at.is_some() { load_files(connection, &vault, &id)? } else { Vec::new() };
            row.into_model(files).map(Some)
        })
        .await
    }

    /// Newest first, without their files.
    pub async fn list_submissions(&self, tenant: &TenantId, page: &Page) -> Result<Vec<Submission>> {
        let (tenant, page) = (tenant.clone(), page.clone());
        self.read(move |connection| {
            let mut query =
                submissions::table.filter(submissions::tenant_id.eq(tenant.as_str())).select(Row::as_select()).into_boxed();
            if let Some(after) = page.after {
                query = query.filter(submissions::id.lt(after));
            }
            let rows: Vec<Row> = query.order(submissions::id.desc()).limit(i64::from(page.limit)).load(connection)?;
            rows.into_iter().map(|row| row.into_model(Vec::new())).collect()
        })
        .await
    }

    /// The tenant's submissions that are being worked on, newest first.
    pub async fn running_submissions(&self, tenant: &TenantId, limit: usize) -> Result<Vec<Submission>> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let rows: Vec<Row> = submissions::table
                .filter(submissions::state.eq(name_text(&SubmissionState::Processing)?))
                .filter(submissions::tenant_id.eq(tenant.as_str()))
                .order(submissions::id.desc())
                .limit(limit as i64)
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(|row| row.into_model(Vec::new())).collect()
        })
        .await
    }

    /// Submissions that were accepted and are not complete, oldest first, of all tenants.
    pub async fn unfinished_submissions(&self) -> Result<Vec<SubmissionId>> {
        self.read(|connection| {
            let ids: Vec<String> = submissions::table
                .filter(submissions::state.eq(name_text(&SubmissionState::Processing)?))
                .order(submissions::id.asc())
                .select(submissions::id)
                .load(connection)?;
            Ok(ids.into_iter().map(SubmissionId).collect())
        })
        .await
    }

    /// The tenant, state and progress of a submission, what was said with it, and its files as uploaded; `None` when
    /// there is nothing left to do.
    pub async fn submission_work(&self, id: &SubmissionId) -> Result<Option<(Submission, SubmissionRequest, Vec<UploadedFile>)>> {
        let (id, vault) = (id.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let found: Option<(Row, Option<Vec<u8>>)> = submissions::table
                .filter(submissions::id.eq(id.as_str()))
                .filter(submissions::state.eq(name_text(&SubmissionState::Processing)?))
                .select((Row::as_select(), submissions::request))
                .first(connection)
                .optional()?;
            let Some((row, Some(sealed))) = found else { return Ok(None) };
            let plain = vault.open(connection, &context(&id), &sealed)?;
            let request =
                serde_json::from_slice(&plain).map_err(|_| StoreError::Internal("a stored request can't be read".to_owned()))?;
            let uploads: Vec<UploadRow> = submission_uploads::table
                .filter(submission_uploads::submission_id.eq(id.as_str()))
                .order(submission_uploads::ordinal.asc())
                .select((submission_uploads::name, submission_uploads::media_type, submission_uploads::bytes))
                .load(connection)?;
            let open = |(name, media_type, bytes): UploadRow| {
                let name = name.map(|name| vault.open_text(connection, &context(&id), &name)).transpose()?;
                Ok(UploadedFile { name, media_type, bytes: vault.unpack(connection, &context(&id), &bytes)?.into() })
            };
            let files = uploads.into_iter().map(open).collect::<Result<_>>()?;
            Ok(Some((row.into_model(Vec::new())?, request, files)))
        })
        .await
    }
}

impl Transaction<'_> {
    /// Writes a submission that is being worked on.
    pub fn insert_submission(&mut self, submission: &NewSubmission, files_total: usize) -> Result<()> {
        let row = (
            submissions::id.eq(submission.id.as_str()),
            submissions::tenant_id.eq(submission.tenant_id.as_str()),
            submissions::channel.eq(submission.channel.as_str()),
            submissions::state.eq(name_text(&SubmissionState::Processing)?),
            submissions::candidate_ref.eq(submission.candidate_ref.as_ref().map(CandidateRef::as_str)),
            submissions::files_done.eq(0i64),
            submissions::files_total.eq(files_total as i64),
            submissions::created_at.eq(time_text(submission.received_at)),
        );
        diesel::insert_into(submissions::table).values(row).execute(self.connection)?;
        Ok(())
    }

    /// Keeps what is needed to work on the submission later; [`Transaction::forget_work`] undoes it.
    pub fn keep_work(&mut self, id: &SubmissionId, request: &SubmissionRequest, files: &[UploadedFile]) -> Result<()> {
        let key = self.vault.new_key(self.connection, Owner::Submission(id))?;
        let sealed = key.seal(&context(id), json_text(request)?.as_bytes())?;
        let target = submissions::table.filter(submissions::id.eq(id.as_str()));
        diesel::update(target).set(submissions::request.eq(Some(sealed))).execute(self.connection)?;
        for (ordinal, file) in files.iter().enumerate() {
            let name = file.name.as_deref().map(|name| key.seal(&context(id), name.as_bytes())).transpose()?;
            let row = (
                submission_uploads::submission_id.eq(id.as_str()),
                submission_uploads::ordinal.eq(ordinal as i64),
                submission_uploads::name.eq(name),
                submission_uploads::media_type.eq(file.media_type.as_deref().map(clean)),
                submission_uploads::bytes.eq(key.pack(&context(id), Kind::Received, &file.bytes)?),
            );
            diesel::insert_into(submission_uploads::table).values(row).execute(self.connection)?;
        }
        Ok(())
    }

    /// Takes over `count` files from `done_before` on. False, and nothing written, when other results were added
    /// since: another worker has the submission, or it is gone. Call it before any other write, as it
    /// keeps a second worker out; the results follow with [`Transaction::write_files`].
    pub fn take_files(&mut self, id: &SubmissionId, done_before: u32, count: usize, worst: Option<Outcome>) -> Result<bool> {
        let expected = submissions::table
            .filter(submissions::id.eq(id.as_str()))
            .filter(submissions::state.eq(name_text(&SubmissionState::Processing)?))
            .filter(submissions::files_done.eq(i64::from(done_before)));
        let done = i64::from(done_before) + count as i64;
        let added: Vec<String> = each_backend!(self.connection, c => {
            let add = diesel::update(expected).set(submissions::files_done.eq(done)).returning(submissions::id);
            Prepared::new(add).get_results(c)
        })?;
        if added.is_empty() {
            return Ok(false);
        }
        if let Some(worst) = worst {
            // The names sort as the verdicts do: accepted, attention, rejected.
            let is_milder = submissions::outcome.is_null().or(submissions::outcome.lt(worst.as_str()));
            let target = submissions::table.filter(submissions::id.eq(id.as_str())).filter(is_milder);
            run_prepared!(self.connection, diesel::update(target).set(submissions::outcome.eq(worst.as_str())))?;
        }
        Ok(true)
    }

    /// Writes the results of files, and which credentials the files held, once these are written.
    pub fn write_files(&mut self, submission: &NewSubmission, files: &[FileRecord]) -> Result<()> {
        let (id, tenant) = (&submission.id, &submission.tenant_id);
        let mut results = Vec::with_capacity(files.len());
        let mut rows = Vec::new();
        for file in files {
            let key = match &file.owner {
                Some(owner) => self.key_of(tenant, owner)?,
                None => self.vault.master(),
            };
            let result = key.pack_json(&context(id), Kind::Report, &file.result)?;
            results.push(FileRow { submission_id: id.0.clone(), ordinal: i64::from(file.ordinal), result });
            for (ordinal, found) in file.credentials.iter().enumerate() {
                // A new credential is written with its own row.
                let own = Some(found).filter(|found| found.duplicate);
                let normalized = own.and_then(|found| found.normalized.as_ref());
                let (place, key) = (place(found.id.as_str()), self.key_of(tenant, &found.candidate_ref)?);
                let report = own.map(|found| key.pack_json(&place, Kind::Report, &found.report));
                let normalized = normalized.map(|normalized| key.pack_json(&place, Kind::Normalized, normalized));
                rows.push(LinkRow {
                    submission_id: id.0.clone(),
                    file_ordinal: i64::from(file.ordinal),
                    ordinal: ordinal as i64,
                    credential_id: found.id.0.clone(),
                    duplicate: i64::from(found.duplicate),
                    person_by: name_text(&found.person_by)?,
                    report: report.transpose()?.unwrap_or_default(),
                    normalized: normalized.transpose()?,
                });
            }
        }
        insert_all!(self.connection, submission_files::table, results);
        insert_all!(self.connection, submission_credentials::table, rows);
        Ok(())
    }

    /// Completes the submission, and notes its person when all its credentials belong to the same person.
    pub fn complete_submission(&mut self, id: &SubmissionId, now: DateTime<Utc>) -> Result<()> {
        let links = submission_credentials::table.inner_join(credentials::table);
        let owners: Vec<String> = links
            .filter(submission_credentials::submission_id.eq(id.as_str()))
            .select(credentials::candidate_ref)
            .distinct()
            .limit(2)
            .load(self.connection)?;
        let target = submissions::table.filter(submissions::id.eq(id.as_str()));
        let (complete, moment) = (name_text(&SubmissionState::Complete)?, time_text(now));
        let owner = owners.first().map(|owner| Some(owner.as_str()).filter(|_| owners.len() == 1));
        let values = || {
            (
                owner.map(|owner| submissions::candidate_ref.eq(owner)),
                submissions::state.eq(&complete),
                submissions::request.eq(None::<Vec<u8>>),
                submissions::files_total.eq(submissions::files_done),
                submissions::completed_at.eq(Some(&moment)),
            )
        };
        run_prepared!(self.connection, diesel::update(target).set(values()))?;
        Ok(())
    }

    /// Deletes the files as they came in, and the key that they and the request were sealed with.
    pub fn forget_work(&mut self, id: &SubmissionId) -> Result<()> {
        let uploads = submission_uploads::table.filter(submission_uploads::submission_id.eq(id.as_str()));
        diesel::delete(uploads).execute(self.connection)?;
        diesel::delete(data_keys::table.filter(data_keys::submission_id.eq(id.as_str()))).execute(self.connection)?;
        Ok(())
    }
}

fn load_files(connection: &mut AnyConnection, vault: &Vault, id: &SubmissionId) -> Result<Vec<FileResult>> {
    let files: Vec<(i64, Vec<u8>)> = submission_files::table
        .filter(submission_files::submission_id.eq(id.as_str()))
        .order(submission_files::ordinal.asc())
        .select((submission_files::ordinal, submission_files::result))
        .load(connection)?;
    let links: Vec<FoundRow> = each_backend!(connection, c => {
        submission_credentials::table
            .inner_join(credentials::table)
            .filter(submission_credentials::submission_id.eq(id.as_str()))
            .order((submission_credentials::file_ordinal.asc(), submission_credentials::ordinal.asc()))
            .select((
                (
                    submission_credentials::file_ordinal,
                    submission_credentials::duplicate,
                    submission_credentials::person_by,
                ),
                submission_credentials::report,
                submission_credentials::normalized,
                CredentialRow::as_select(),
            ))
            .load(c)
    })?;
    let mut by_file: BTreeMap<i64, Vec<CredentialResult>> = BTreeMap::new();
    for ((file, duplicate, person_by), report, normalized, row) in links {
        let mut result = match row.into_result(connection, vault, duplicate != 0, report, normalized) {
            Err(StoreError::Erased) => continue,
            result => result?,
        };
        result.person_by = parse_name(&person_by)?;
        by_file.entry(file).or_default().push(result);
    }
    readable(files, |(ordinal, stored)| {
        let mut result: FileResult = vault.unpack_json(connection, &context(id), &stored)?;
        result.credentials = by_file.remove(&ordinal).unwrap_or_default();
        Ok(result)
    })
}

fn context(id: &SubmissionId) -> String {
    format!("submission:{id}")
}
