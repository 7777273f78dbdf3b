//! The audit log (who did what to which object), and the removal of expired rows.

use super::schema::{audit_log, idempotency_keys};
use super::text::{clean, parse_time, time_text};
use super::{Result, Store};
use crate::model::ids::TenantId;
use crate::model::record::Page;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;

/// How long a repeated request is known.
const IDEMPOTENCY_KEYS_KEPT: Duration = Duration::days(7);

/// One line of the audit log; ids only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: String,
    pub at: DateTime<Utc>,
    /// For example `api_key:<id>`.
    pub actor: String,
    /// For example `candidate.erase`.
    pub action: String,
    /// For example `candidate:<ref>`.
    pub object: String,
}

impl Store {
    pub async fn audit(&self, tenant: &TenantId, actor: &str, action: &str, object: &str, now: DateTime<Utc>) -> Result<()> {
        let (tenant, actor, action, object) = (tenant.clone(), clean(actor), clean(action), clean(object));
        self.write(move |connection| {
            let row = (
                audit_log::id.eq(uuid::Uuid::now_v7().to_string()),
                audit_log::tenant_id.eq(tenant.as_str()),
                audit_log::at.eq(time_text(now)),
                audit_log::actor.eq(actor),
                audit_log::action.eq(action),
                audit_log::object.eq(object),
            );
            diesel::insert_into(audit_log::table).values(row).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Newest first; `page.after` is the id of an entry.
    pub async fn list_audit(&self, tenant: &TenantId, page: &Page) -> Result<Vec<AuditEntry>> {
        let (tenant, page) = (tenant.clone(), page.clone());
        self.read(move |connection| {
            let columns = (audit_log::id, audit_log::at, audit_log::actor, audit_log::action, audit_log::object);
            let mut query = audit_log::table.filter(audit_log::tenant_id.eq(tenant.as_str())).select(columns).into_boxed();
            if let Some(after) = page.after {
                query = query.filter(audit_log::id.lt(after));
            }
            let rows: Vec<(String, String, String, String, String)> =
                query.order(audit_log::id.desc()).limit(i64::from(page.limit)).load(connection)?;
            let entry = |(id, at, actor, action, object): (String, String, String, String, String)| {
                Ok(AuditEntry { id, at: parse_time(&at)?, actor, action, object })
            };
            rows.into_iter().map(entry).collect()
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
