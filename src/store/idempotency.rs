//! Idempotency keys: a repeated request gets the answer of the first. Comes in: the key and a hash of the request. Goes out: its
//! earlier use. Must not know: what a submission holds.

use super::pool::AnyConnection;
use super::schema::idempotency_keys;
use super::text::{clean, time_text};
use super::transaction::Transaction;
use super::{Result, Store};
use crate::model::ids::{SubmissionId, TenantId};
use crate::model::record::{Idempotency, NewSubmission};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

impl Store {
    /// The earlier use of the key; keys are reserved by [`Transaction::reserve_idempotency_key`].
    pub async fn idempotency(&self, tenant: &TenantId, key: &str, request_hash: &str) -> Result<Idempotency> {
        let (tenant, key, request_hash) = (tenant.clone(), clean(key), request_hash.to_owned());
        self.read(move |connection| used_for(connection, &tenant, &key, &request_hash)).await
    }
}

impl Transaction<'_> {
    /// The earlier use of the key; no other transaction can use the key until this transaction ends.
    pub fn idempotency(&mut self, tenant: &TenantId, key: &str, request_hash: &str) -> Result<Idempotency> {
        let key = clean(key);
        self.lock_names(&[format!("idempotency:{tenant}:{key}")])?;
        used_for(self.connection, tenant, &key, request_hash)
    }

    /// Reserves the key for the submission. `request_hash` tells a repetition from a misuse.
    pub fn reserve_idempotency_key(
        &mut self,
        submission: &NewSubmission,
        key: &str,
        request_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let row = (
            idempotency_keys::tenant_id.eq(submission.tenant_id.as_str()),
            idempotency_keys::key.eq(clean(key)),
            idempotency_keys::request_hash.eq(request_hash),
            idempotency_keys::submission_id.eq(submission.id.as_str()),
            idempotency_keys::created_at.eq(time_text(now)),
        );
        diesel::insert_into(idempotency_keys::table).values(row).execute(self.connection)?;
        Ok(())
    }
}

fn used_for(connection: &mut AnyConnection, tenant: &TenantId, key: &str, request_hash: &str) -> Result<Idempotency> {
    let found: Option<(String, String)> = idempotency_keys::table
        .filter(idempotency_keys::tenant_id.eq(tenant.as_str()))
        .filter(idempotency_keys::key.eq(key))
        .select((idempotency_keys::request_hash, idempotency_keys::submission_id))
        .first(connection)
        .optional()?;
    Ok(match found {
        None => Idempotency::New,
        Some((hash, submission)) if hash == request_hash => Idempotency::Same(SubmissionId(submission)),
        Some(_) => Idempotency::Conflict,
    })
}
