//! Credentials and the candidate's profile that platforms pushed over the Open Badges API, as the gateway serves them back.

use super::channel_schema::{hosted_credentials, hosted_profiles};
use super::packed::Kind;
use super::pool::{AnyConnection, each_backend};
use super::sealed::{readable, readable_one};
use super::text::{parse_time, parse_times, time_text};
use super::{Result, Store, StoreError, Vault};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::oauth::HostedCredential;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;

#[derive(Queryable, Selectable)]
#[diesel(table_name = hosted_credentials)]
struct Row {
    natural_key: String,
    compact_jws: i64,
    valid_from: Option<String>,
    outcome: String,
    submission_id: String,
    created_at: String,
    updated_at: String,
    bytes: Vec<u8>,
}

impl Row {
    fn into_model(self, connection: &mut AnyConnection, vault: &Vault, shelf: &Shelf) -> Result<HostedCredential> {
        Ok(HostedCredential {
            bytes: vault.unpack(connection, &shelf.place(&self.natural_key), &self.bytes)?,
            natural_key: self.natural_key,
            compact_jws: self.compact_jws != 0,
            valid_from: parse_times(self.valid_from)?,
            outcome: self.outcome,
            submission_id: self.submission_id,
            created_at: parse_time(&self.created_at)?,
            updated_at: parse_time(&self.updated_at)?,
        })
    }
}

/// The candidate and the API (`ob` or `clr`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    pub tenant: TenantId,
    pub candidate: CandidateRef,
    pub api: &'static str,
}

impl Shelf {
    /// Where a credential's bytes belong. Not to the person: a merger gives the row to another person.
    fn place(&self, natural_key: &str) -> String {
        format!("hosted:{}:{}:{natural_key}", self.tenant, self.api)
    }
}

/// The rows of a shelf. A macro, because the type of such a query can't be written down.
macro_rules! of_shelf {
    ($shelf:expr) => {
        hosted_credentials::table
            .filter(hosted_credentials::tenant_id.eq($shelf.tenant.as_str()))
            .filter(hosted_credentials::candidate_ref.eq($shelf.candidate.as_str()))
            .filter(hosted_credentials::api.eq($shelf.api))
    };
}

impl Store {
    pub async fn hosted_credential(&self, shelf: &Shelf, natural_key: &str) -> Result<Option<HostedCredential>> {
        let (shelf, natural_key, vault) = (shelf.clone(), natural_key.to_owned(), self.0.vault.clone());
        self.read(move |connection| {
            let row: Option<Row> = of_shelf!(shelf)
                .filter(hosted_credentials::natural_key.eq(natural_key))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            readable_one(row, |row| row.into_model(connection, &vault, &shelf))
        })
        .await
    }

    /// Stores the credential, or replaces the credential with the same key, whose `created_at` stays. True when it is new.
    pub async fn put_hosted_credential(&self, shelf: &Shelf, credential: &HostedCredential) -> Result<bool> {
        let (shelf, new) = (shelf.clone(), credential.clone());
        self.transaction(move |transaction| {
            let key = transaction.key_of(&shelf.tenant, &shelf.candidate)?;
            let sealed = key.pack(&shelf.place(&new.natural_key), Kind::Received, &new.bytes)?;
            let connection = &mut *transaction.connection;
            let changed = (
                hosted_credentials::compact_jws.eq(i64::from(new.compact_jws)),
                hosted_credentials::valid_from.eq(new.valid_from.map(time_text)),
                hosted_credentials::outcome.eq(&new.outcome),
                hosted_credentials::submission_id.eq(&new.submission_id),
                hosted_credentials::updated_at.eq(time_text(new.updated_at)),
                hosted_credentials::bytes.eq(&sealed),
            );
            let same = of_shelf!(shelf).filter(hosted_credentials::natural_key.eq(&new.natural_key));
            if diesel::update(same).set(changed).execute(connection)? > 0 {
                return Ok(false);
            }
            let row = (
                hosted_credentials::tenant_id.eq(shelf.tenant.as_str()),
                hosted_credentials::candidate_ref.eq(shelf.candidate.as_str()),
                hosted_credentials::api.eq(shelf.api),
                hosted_credentials::natural_key.eq(&new.natural_key),
                hosted_credentials::created_at.eq(time_text(new.created_at)),
                hosted_credentials::compact_jws.eq(i64::from(new.compact_jws)),
                hosted_credentials::valid_from.eq(new.valid_from.map(time_text)),
                hosted_credentials::outcome.eq(&new.outcome),
                hosted_credentials::submission_id.eq(&new.submission_id),
                hosted_credentials::updated_at.eq(time_text(new.updated_at)),
                hosted_credentials::bytes.eq(&sealed),
            );
            // Another writer may have been first: then the row exists and holds the same credential.
            let inserted = each_backend!(connection, c => {
                diesel::insert_into(hosted_credentials::table).values(row).on_conflict_do_nothing().execute(c)
            })?;
            Ok(inserted == 1)
        })
        .await
    }

    /// A page in the order of first arrival, and how many there are in all.
    pub async fn list_hosted(
        &self,
        shelf: &Shelf,
        limit: i64,
        offset: i64,
        since: Option<DateTime<Utc>>,
    ) -> Result<(Vec<HostedCredential>, u64)> {
        let (shelf, vault) = (shelf.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let since = since.map_or_else(String::new, time_text);
            let total: i64 = of_shelf!(shelf).filter(hosted_credentials::updated_at.ge(&since)).count().get_result(connection)?;
            let rows: Vec<Row> = of_shelf!(shelf)
                .filter(hosted_credentials::updated_at.ge(&since))
                .order((hosted_credentials::created_at.asc(), hosted_credentials::natural_key.asc()))
                .limit(limit)
                .offset(offset)
                .select(Row::as_select())
                .load(connection)?;
            let items = readable(rows, |row| row.into_model(connection, &vault, &shelf))?;
            Ok((items, u64::try_from(total).unwrap_or(0)))
        })
        .await
    }

    pub async fn hosted_profile(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Option<Value>> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let sealed: Option<Vec<u8>> = hosted_profiles::table
                .filter(hosted_profiles::tenant_id.eq(tenant.as_str()))
                .filter(hosted_profiles::candidate_ref.eq(candidate.as_str()))
                .select(hosted_profiles::body)
                .first(connection)
                .optional()?;
            readable_one(sealed, |sealed| {
                let plain = vault.open(connection, &context(&tenant, &candidate), &sealed)?;
                serde_json::from_slice(&plain).map_err(|_| StoreError::Internal("a profile is damaged".to_owned()))
            })
        })
        .await
    }

    /// True when there was none before.
    pub async fn put_hosted_profile(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        profile: &Value,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (tenant, candidate, profile) = (tenant.clone(), candidate.clone(), profile.to_string());
        self.transaction(move |transaction| {
            let key = transaction.key_of(&tenant, &candidate)?;
            let sealed = key.seal(&context(&tenant, &candidate), profile.as_bytes())?;
            let connection = &mut *transaction.connection;
            let row = (
                hosted_profiles::tenant_id.eq(tenant.as_str()),
                hosted_profiles::candidate_ref.eq(candidate.as_str()),
                hosted_profiles::body.eq(&sealed),
                hosted_profiles::updated_at.eq(time_text(now)),
            );
            each_backend!(connection, c => {
                diesel::insert_into(hosted_profiles::table)
                    .values(row)
                    .on_conflict((hosted_profiles::tenant_id, hosted_profiles::candidate_ref))
                    .do_update()
                    .set((hosted_profiles::body.eq(&sealed), hosted_profiles::updated_at.eq(time_text(now))))
                    .execute(c)
            })?;
            Ok(())
        })
        .await
    }
}

pub(super) fn context(tenant: &TenantId, candidate: &CandidateRef) -> String {
    format!("profile:{tenant}:{candidate}")
}
