//! Credentials: the bytes as received, the report, the normalised form.

use super::data_keys::DataKey;
use super::packed::Kind;
use super::pool::AnyConnection;
use super::prepared::load_for_keys;
use super::schema::{credentials, submission_credentials};
use super::sealed::{readable, readable_one};
use super::text::{clean, name_text, parse_name, parse_time, time_text};
use super::transaction::{Transaction, insert_all};
use super::{Result, Store, Vault};
use crate::model::credential::{CredentialStatus, NormalizedCredential};
use crate::model::ids::{CandidateRef, CredentialId, SubmissionId, TenantId};
use crate::model::record::{CredentialFilter, NewCredential, NewSubmission, Page, StoredCredential};
use crate::model::report::{Outcome, VerificationReport};
use crate::model::submission::{CredentialResult, PersonBy};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// A row without the bytes.
#[derive(Queryable, Selectable)]
#[diesel(table_name = credentials)]
pub struct CredentialRow {
    id: String,
    tenant_id: String,
    candidate_ref: String,
    submission_id: String,
    name: Vec<u8>,
    media_type: String,
    fingerprint: String,
    outcome: String,
    status: Option<String>,
    report: Vec<u8>,
    normalized: Option<Vec<u8>>,
    created_at: String,
}

impl CredentialRow {
    pub(super) fn into_model(self, connection: &mut AnyConnection, vault: &Vault) -> Result<StoredCredential> {
        let place = place(&self.id);
        let status: Option<CredentialStatus> = self.status.as_deref().map(parse_name).transpose()?;
        let normalized = self.normalized.map(|sealed| vault.unpack_json(connection, &place, &sealed));
        let mut normalized: Option<NormalizedCredential> = normalized.transpose()?;
        if let (Some(normalized), Some(status)) = (&mut normalized, status) {
            normalized.status = status;
        }
        if let Some(normalized) = &mut normalized {
            normalized.candidate_ref = Some(CandidateRef(self.candidate_ref.clone()));
        }
        Ok(StoredCredential {
            id: CredentialId(self.id),
            tenant_id: TenantId(self.tenant_id),
            submission_id: SubmissionId(self.submission_id),
            candidate_ref: CandidateRef(self.candidate_ref),
            name: vault.open_text(connection, &place, &self.name)?,
            media_type: self.media_type,
            fingerprint: self.fingerprint,
            outcome: parse_name(&self.outcome)?,
            status,
            report: vault.unpack_json(connection, &place, &self.report)?,
            normalized,
            created_at: parse_time(&self.created_at)?,
        })
    }

    /// The credential as the answer to one submission shows it: with that submission's own report. An empty report: what the
    /// submission found out is the credential's own.
    pub(super) fn into_result(
        self,
        connection: &mut AnyConnection,
        vault: &Vault,
        duplicate: bool,
        report: Vec<u8>,
        normalized: Option<Vec<u8>>,
    ) -> Result<CredentialResult> {
        let place = place(&self.id);
        let (report, normalized) = if report.is_empty() { (self.report, self.normalized) } else { (report, normalized) };
        let report: VerificationReport = vault.unpack_json(connection, &place, &report)?;
        let normalized = normalized.map(|sealed| vault.unpack_json(connection, &place, &sealed));
        let mut normalized: Option<NormalizedCredential> = normalized.transpose()?;
        if let (Some(normalized), Some(status)) = (&mut normalized, self.status.as_deref()) {
            normalized.status = parse_name(status)?;
        }
        if let Some(normalized) = &mut normalized {
            normalized.candidate_ref = Some(CandidateRef(self.candidate_ref.clone()));
        }
        Ok(CredentialResult {
            id: CredentialId(self.id),
            candidate_ref: CandidateRef(self.candidate_ref),
            person_by: PersonBy::default(),
            format: report.format,
            outcome: report.outcome,
            duplicate,
            report,
            normalized,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = credentials, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: &'a str,
    tenant_id: &'a str,
    candidate_ref: &'a str,
    submission_id: &'a str,
    name: Vec<u8>,
    media_type: String,
    fingerprint: &'a str,
    natural_key: Option<&'a str>,
    outcome: &'static str,
    status: Option<String>,
    valid_from: Option<String>,
    valid_until: Option<String>,
    next_check_at: Option<String>,
    report: Vec<u8>,
    normalized: Option<Vec<u8>>,
    created_at: String,
    updated_at: String,
    bytes: Vec<u8>,
}

/// Where the sealed values of a credential belong; what a submission found out about it is sealed for the same place.
pub(super) fn place(id: &str) -> String {
    format!("credential:{id}")
}

/// A credential of a person with bytes that came in again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBytes {
    pub id: CredentialId,
    pub fingerprint: String,
    pub outcome: Outcome,
}

impl Store {
    pub async fn credential(&self, tenant: &TenantId, id: &CredentialId) -> Result<Option<StoredCredential>> {
        let (tenant, id, vault) = (tenant.clone(), id.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let row: Option<CredentialRow> = credentials::table
                .filter(credentials::id.eq(id.as_str()))
                .filter(credentials::tenant_id.eq(tenant.as_str()))
                .select(CredentialRow::as_select())
                .first(connection)
                .optional()?;
            readable_one(row, |row| row.into_model(connection, &vault))
        })
        .await
    }

    /// (media type, bytes exactly as received)
    pub async fn credential_source(&self, tenant: &TenantId, id: &CredentialId) -> Result<Option<(String, Vec<u8>)>> {
        let (tenant, id, vault) = (tenant.clone(), id.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let found: Option<(String, Vec<u8>)> = credentials::table
                .filter(credentials::id.eq(id.as_str()))
                .filter(credentials::tenant_id.eq(tenant.as_str()))
                .select((credentials::media_type, credentials::bytes))
                .first(connection)
                .optional()?;
            readable_one(found, |(media_type, sealed)| Ok((media_type, vault.unpack(connection, &place(id.as_str()), &sealed)?)))
        })
        .await
    }

    /// Newest first.
    pub async fn list_credentials(
        &self,
        tenant: &TenantId,
        filter: &CredentialFilter,
        page: &Page,
    ) -> Result<Vec<StoredCredential>> {
        let (tenant, filter, page, vault) = (tenant.clone(), filter.clone(), page.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let mut query = credentials::table
                .filter(credentials::tenant_id.eq(tenant.as_str()))
                .select(CredentialRow::as_select())
                .into_boxed();
            if let Some(candidate) = filter.candidate_ref {
                query = query.filter(credentials::candidate_ref.eq(candidate.0));
            }
            if let Some(outcome) = filter.outcome {
                query = query.filter(credentials::outcome.eq(outcome.as_str()));
            }
            if let Some(submission) = filter.submission_id {
                query = query.filter(credentials::submission_id.eq(submission.0));
            }
            if let Some(after) = page.after {
                query = query.filter(credentials::id.lt(after));
            }
            let rows: Vec<CredentialRow> = query.order(credentials::id.desc()).limit(i64::from(page.limit)).load(connection)?;
            readable(rows, |row| row.into_model(connection, &vault))
        })
        .await
    }

    /// Ids of active credentials whose validity ended before `now`, of all tenants, the longest ended first.
    pub async fn ended_credentials(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<(TenantId, CredentialId)>> {
        self.read(move |connection| {
            let rows: Vec<(String, String)> = credentials::table
                .filter(credentials::status.eq(name_text(&CredentialStatus::Active)?))
                .filter(credentials::valid_until.le(time_text(now)))
                .order(credentials::valid_until.asc())
                .limit(i64::from(limit))
                .select((credentials::tenant_id, credentials::id))
                .load(connection)?;
            Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), CredentialId(id))).collect())
        })
        .await
    }

    /// Ids of credentials whose status should be asked again, of all tenants, the longest due first.
    pub async fn credentials_to_check(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<(TenantId, CredentialId)>> {
        self.read(move |connection| {
            let rows: Vec<(String, String)> = credentials::table
                .filter(credentials::next_check_at.le(time_text(now)))
                .order(credentials::next_check_at.asc())
                .limit(i64::from(limit))
                .select((credentials::tenant_id, credentials::id))
                .load(connection)?;
            Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), CredentialId(id))).collect())
        })
        .await
    }
}

impl Transaction<'_> {
    /// Which of these bytes the person has.
    pub fn known_bytes(&mut self, tenant: &TenantId, candidate: &CandidateRef, fingerprints: &[&str]) -> Result<Vec<KnownBytes>> {
        let rows: Vec<(String, String, String)> = load_for_keys!(
            self.connection,
            fingerprints,
            credentials::table
                .filter(credentials::tenant_id.eq(tenant.as_str()))
                .filter(credentials::candidate_ref.eq(candidate.as_str()))
                .filter(credentials::fingerprint.eq_any(fingerprints))
                .select((credentials::id, credentials::fingerprint, credentials::outcome))
        )?;
        let into_known = |(id, fingerprint, outcome): (String, String, String)| {
            Ok(KnownBytes { id: CredentialId(id), fingerprint, outcome: parse_name(&outcome)? })
        };
        rows.into_iter().map(into_known).collect()
    }

    /// The person's active credentials with any of these natural keys. (Asked for an order, SQLite would walk the tenant's
    /// credentials in that order instead of looking the keys up.)
    pub fn same_credentials(
        &mut self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        natural_keys: &[&str],
    ) -> Result<Vec<StoredCredential>> {
        if natural_keys.is_empty() {
            return Ok(Vec::new());
        }
        let active = name_text(&CredentialStatus::Active)?;
        let rows: Vec<CredentialRow> = load_for_keys!(
            self.connection,
            natural_keys,
            credentials::table
                .filter(credentials::tenant_id.eq(tenant.as_str()))
                .filter(credentials::candidate_ref.eq(candidate.as_str()))
                .filter(credentials::natural_key.eq_any(natural_keys))
                .filter(credentials::status.eq(&active))
                .select(CredentialRow::as_select())
        )?;
        let mut same = readable(rows, |row| row.into_model(self.connection, self.vault))?;
        same.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(same)
    }

    pub fn credential(&mut self, tenant: &TenantId, id: &CredentialId) -> Result<Option<StoredCredential>> {
        let row: Option<CredentialRow> = credentials::table
            .filter(credentials::id.eq(id.as_str()))
            .filter(credentials::tenant_id.eq(tenant.as_str()))
            .select(CredentialRow::as_select())
            .first(self.connection)
            .optional()?;
        readable_one(row, |row| row.into_model(self.connection, self.vault))
    }

    /// Writes credentials of one person. Their skills are written by [`Transaction::insert_skills`].
    pub fn insert_credentials(
        &mut self,
        submission: &NewSubmission,
        candidate: &CandidateRef,
        new: &[&NewCredential],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let key = self.key_of(&submission.tenant_id, candidate)?;
        let mut rows = Vec::with_capacity(new.len());
        for credential in new {
            let (normalized, place) = (credential.normalized.as_ref(), place(credential.id.as_str()));
            let content = normalized.map(|normalized| key.pack_json(&place, Kind::Normalized, normalized));
            rows.push(NewRow {
                id: credential.id.as_str(),
                tenant_id: submission.tenant_id.as_str(),
                candidate_ref: candidate.as_str(),
                submission_id: submission.id.as_str(),
                name: key.seal(&place, clean(&credential.name).as_bytes())?,
                media_type: clean(&credential.media_type),
                fingerprint: &credential.fingerprint,
                natural_key: normalized.and_then(|normalized| normalized.natural_key.as_deref()),
                outcome: credential.report.outcome.as_str(),
                status: normalized.map(|normalized| name_text(&normalized.status)).transpose()?,
                valid_from: normalized.and_then(|normalized| normalized.valid_from).map(time_text),
                valid_until: normalized.and_then(|normalized| normalized.valid_until).map(time_text),
                next_check_at: credential.next_check_at.map(time_text),
                report: key.pack_json(&place, Kind::Report, &credential.report)?,
                normalized: content.transpose()?,
                created_at: time_text(now),
                updated_at: time_text(now),
                bytes: key.pack(&place, Kind::Received, &credential.bytes)?,
            });
        }
        insert_all!(self.connection, credentials::table, rows);
        self.index_credentials(&submission.tenant_id, new)
    }

    /// Replaces what was found out about a credential after it was verified again.
    pub fn update_credential(
        &mut self,
        id: &CredentialId,
        report: &VerificationReport,
        normalized: Option<&NormalizedCredential>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.keep_for_earlier_submissions(id)?;
        let (place, key) = (place(id.as_str()), self.key_of_credential(id)?);
        let content = normalized.map(|normalized| key.pack_json(&place, Kind::Normalized, normalized));
        let values = (
            credentials::outcome.eq(report.outcome.as_str()),
            credentials::status.eq(normalized.map(|normalized| name_text(&normalized.status)).transpose()?),
            credentials::natural_key.eq(normalized.and_then(|normalized| normalized.natural_key.clone())),
            credentials::valid_from.eq(normalized.and_then(|normalized| normalized.valid_from).map(time_text)),
            credentials::valid_until.eq(normalized.and_then(|normalized| normalized.valid_until).map(time_text)),
            credentials::report.eq(key.pack_json(&place, Kind::Report, report)?),
            credentials::normalized.eq(content.transpose()?),
            credentials::updated_at.eq(time_text(now)),
        );
        let target = credentials::table.filter(credentials::id.eq(id.as_str()));
        diesel::update(target).set(values).execute(self.connection)?;
        normalized.map_or(Ok(()), |normalized| self.index_content(id, normalized))
    }

    /// The key of the credential's person.
    pub(super) fn key_of_credential(&mut self, id: &CredentialId) -> Result<DataKey> {
        let owner = credentials::table.filter(credentials::id.eq(id.as_str()));
        let (tenant, candidate): (String, String) =
            owner.select((credentials::tenant_id, credentials::candidate_ref)).first(self.connection)?;
        self.key_of(&TenantId(tenant), &CandidateRef(candidate))
    }

    /// Submissions whose findings are the credential's own keep them when the credential is verified anew.
    pub(super) fn keep_for_earlier_submissions(&mut self, id: &CredentialId) -> Result<()> {
        let own: (Vec<u8>, Option<Vec<u8>>) = credentials::table
            .filter(credentials::id.eq(id.as_str()))
            .select((credentials::report, credentials::normalized))
            .first(self.connection)?;
        let links = submission_credentials::table
            .filter(submission_credentials::credential_id.eq(id.as_str()))
            .filter(submission_credentials::report.eq(Vec::new()));
        let values = (submission_credentials::report.eq(own.0), submission_credentials::normalized.eq(own.1));
        diesel::update(links).set(values).execute(self.connection)?;
        Ok(())
    }

    pub fn set_credential_status(&mut self, id: &CredentialId, status: CredentialStatus, now: DateTime<Utc>) -> Result<()> {
        let target = credentials::table.filter(credentials::id.eq(id.as_str()));
        let values = (credentials::status.eq(Some(name_text(&status)?)), credentials::updated_at.eq(time_text(now)));
        diesel::update(target).set(values).execute(self.connection)?;
        Ok(())
    }

    /// When the credential's status should be asked again; `None`: never.
    pub fn set_next_check(&mut self, id: &CredentialId, at: Option<DateTime<Utc>>) -> Result<()> {
        let target = credentials::table.filter(credentials::id.eq(id.as_str()));
        diesel::update(target).set(credentials::next_check_at.eq(at.map(time_text))).execute(self.connection)?;
        Ok(())
    }
}
