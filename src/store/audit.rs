//! The audit log: who did what to which object, from where. Each entry holds the hash of the entry before it, in each tenant; the hash is
//! keyed, so that nobody who can write to the database alone makes a log that looks whole. Also the removal of expired rows.
//! Comes in: deeds. Goes out: entries, and the first fault of the chain. Must not know: who may read them.

use super::account_schema::{audit_entries, audit_heads};
use super::pool::{AnyConnection, each_backend};
use super::schema::idempotency_keys;
use super::text::{clean, parse_time, time_text};
use super::transaction::lock_names;
use super::{Promise, Result, Store, Vault};
use crate::model::account::{AuditEntry, AuditFilter, AuditHead, Deed};
use crate::model::ids::TenantId;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How long a repeated request is known.
const IDEMPOTENCY_KEYS_KEPT: Duration = Duration::days(7);
/// Entries that are checked at a time.
const CHECKED_AT_ONCE: i64 = 1_000;
const CHAIN: &str = "skillgate audit entry 1";

/// What is wrong with the chain, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    #[error("entry {0} was changed, or an entry was put in its place")]
    Changed(i64),
    #[error("entry {0} is missing")]
    Missing(i64),
    #[error("the note of the newest entry is missing or was changed")]
    Head,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_entries)]
struct Row {
    number: i64,
    at: String,
    actor: String,
    action: String,
    object: String,
    address: String,
    hash: String,
}

impl Row {
    fn into_model(self) -> Result<AuditEntry> {
        Ok(AuditEntry {
            number: self.number,
            at: parse_time(&self.at)?,
            actor: self.actor,
            action: self.action,
            object: self.object,
            address: self.address,
            hash: self.hash,
        })
    }
}

impl Store {
    /// Adds entries; on the disk when this returns.
    pub async fn audit(&self, tenant: &TenantId, deeds: Vec<Deed>, now: DateTime<Utc>) -> Result<()> {
        self.audit_with(Promise::Kept, tenant, deeds, now).await
    }

    /// The same for what only read: a power cut in the next moment may take the entry away.
    pub async fn audit_reading(&self, tenant: &TenantId, deeds: Vec<Deed>, now: DateTime<Utc>) -> Result<()> {
        self.audit_with(Promise::Soon, tenant, deeds, now).await
    }

    async fn audit_with(&self, promise: Promise, tenant: &TenantId, deeds: Vec<Deed>, now: DateTime<Utc>) -> Result<()> {
        if deeds.is_empty() {
            return Ok(());
        }
        let (tenant, vault) = (tenant.clone(), self.0.vault.clone());
        let work = move |connection: &mut AnyConnection| append(connection, &vault, &tenant, deeds, now);
        match promise {
            Promise::Kept => self.write(work).await,
            Promise::Soon => self.write_soon(work).await,
        }
    }

    /// Newest first; `before`: only entries with a smaller number.
    pub async fn list_audit(
        &self,
        tenant: &TenantId,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let (tenant, filter) = (tenant.clone(), filter.clone());
        self.read(move |connection| {
            let mut query =
                audit_entries::table.filter(audit_entries::tenant_id.eq(tenant.as_str())).select(Row::as_select()).into_boxed();
            if let Some(before) = before {
                query = query.filter(audit_entries::number.lt(before));
            }
            if let Some(actor) = filter.actor {
                query = query.filter(audit_entries::actor.eq(actor));
            }
            if let Some(action) = filter.action {
                query = query.filter(audit_entries::action.eq(action));
            }
            if let Some(object) = filter.object {
                query = query.filter(audit_entries::object.eq(object));
            }
            if let Some(from) = filter.from {
                query = query.filter(audit_entries::at.ge(time_text(from)));
            }
            if let Some(until) = filter.until {
                query = query.filter(audit_entries::at.lt(time_text(until)));
            }
            let rows: Vec<Row> = query.order(audit_entries::number.desc()).limit(i64::from(limit)).load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// Checks every entry of a tenant against the entry before it. The newest entry, or the first fault.
    pub async fn verify_audit(&self, tenant: &TenantId) -> Result<std::result::Result<AuditHead, AuditFault>> {
        let (tenant, vault) = (tenant.clone(), self.0.vault.clone());
        // One transaction: entries that are added meanwhile are not half seen.
        self.write(move |connection| {
            lock_names(connection, &[lock_of(&tenant)])?;
            verify(connection, &vault, &tenant)
        })
        .await
    }

    /// Removes idempotency keys after a week. Returns the number of removed rows.
    pub async fn tidy(&self, now: DateTime<Utc>) -> Result<usize> {
        self.write(move |connection| {
            let before = time_text(now - IDEMPOTENCY_KEYS_KEPT);
            let old = idempotency_keys::table.filter(idempotency_keys::created_at.lt(before));
            Ok(diesel::delete(old).execute(connection)?)
        })
        .await
    }
}

fn lock_of(tenant: &TenantId) -> String {
    format!("audit:{tenant}")
}

fn head(connection: &mut AnyConnection, tenant: &TenantId) -> Result<Option<AuditHead>> {
    let row: Option<(i64, String)> = audit_heads::table
        .filter(audit_heads::tenant_id.eq(tenant.as_str()))
        .select((audit_heads::number, audit_heads::hash))
        .first(connection)
        .optional()?;
    Ok(row.map(|(number, hash)| AuditHead { number, hash }))
}

fn append(connection: &mut AnyConnection, vault: &Vault, tenant: &TenantId, deeds: Vec<Deed>, now: DateTime<Utc>) -> Result<()> {
    // PostgreSQL has several writers: without the lock two of them would follow the same entry.
    lock_names(connection, &[lock_of(tenant)])?;
    let mut last = head(connection, tenant)?.unwrap_or(AuditHead { number: 0, hash: String::new() });
    for deed in deeds {
        let number = last.number + 1;
        let (at, actor, action) = (time_text(now), clean(&deed.actor), clean(&deed.action));
        let (object, address) = (clean(&deed.object), clean(&deed.address));
        let row = Row { number, at, actor, action, object, address, hash: String::new() };
        let hash = hash_of(vault, tenant, &last.hash, &row);
        let values = (
            audit_entries::tenant_id.eq(tenant.as_str()),
            audit_entries::number.eq(row.number),
            audit_entries::at.eq(&row.at),
            audit_entries::actor.eq(&row.actor),
            audit_entries::action.eq(&row.action),
            audit_entries::object.eq(&row.object),
            audit_entries::address.eq(&row.address),
            audit_entries::hash.eq(&hash),
        );
        diesel::insert_into(audit_entries::table).values(values).execute(connection)?;
        last = AuditHead { number, hash };
    }
    let values =
        (audit_heads::tenant_id.eq(tenant.as_str()), audit_heads::number.eq(last.number), audit_heads::hash.eq(&last.hash));
    let newer = (audit_heads::number.eq(last.number), audit_heads::hash.eq(&last.hash));
    each_backend!(connection, c => diesel::insert_into(audit_heads::table)
        .values(values)
        .on_conflict(audit_heads::tenant_id)
        .do_update()
        .set(newer)
        .execute(c))?;
    Ok(())
}

/// Each value with its length before it, so that no two entries give the same bytes.
fn hash_of(vault: &Vault, tenant: &TenantId, before: &str, row: &Row) -> String {
    let mut mac = match Hmac::<Sha256>::new_from_slice(&*vault.identity_key) {
        Ok(mac) => mac,
        // A key of any length is good for HMAC.
        Err(_) => return String::new(),
    };
    let number = row.number.to_string();
    for part in [CHAIN, before, tenant.as_str(), &number, &row.at, &row.actor, &row.action, &row.object, &row.address] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    hex::encode(mac.finalize().into_bytes())
}

fn verify(
    connection: &mut AnyConnection,
    vault: &Vault,
    tenant: &TenantId,
) -> Result<std::result::Result<AuditHead, AuditFault>> {
    let mut last = AuditHead { number: 0, hash: String::new() };
    loop {
        let rows: Vec<Row> = audit_entries::table
            .filter(audit_entries::tenant_id.eq(tenant.as_str()))
            .filter(audit_entries::number.gt(last.number))
            .order(audit_entries::number.asc())
            .limit(CHECKED_AT_ONCE)
            .select(Row::as_select())
            .load(connection)?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if row.number != last.number + 1 {
                return Ok(Err(AuditFault::Missing(last.number + 1)));
            }
            if hash_of(vault, tenant, &last.hash, &row) != row.hash {
                return Ok(Err(AuditFault::Changed(row.number)));
            }
            last = AuditHead { number: row.number, hash: row.hash };
        }
    }
    let noted = head(connection, tenant)?.unwrap_or(AuditHead { number: 0, hash: String::new() });
    if noted.number > last.number {
        return Ok(Err(AuditFault::Missing(last.number + 1)));
    }
    Ok(if noted == last { Ok(last) } else { Err(AuditFault::Head) })
}
