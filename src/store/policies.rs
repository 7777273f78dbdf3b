//! Trust policies that people published, newest first. A row is never changed.

use super::pool::each_backend;
use super::schema::trust_policies;
use super::text::{clean, parse_time, time_text};
use super::{Result, Store};
use crate::model::ids::TenantId;
use crate::model::trust::PolicyVersion;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

type Row = (String, Option<String>, String, String);

impl Store {
    /// `text`: the policy, or `None` when the policy file counts again.
    pub async fn publish_policy(
        &self,
        tenant: &TenantId,
        text: Option<&str>,
        actor: &str,
        now: DateTime<Utc>,
    ) -> Result<PolicyVersion> {
        let version =
            PolicyVersion { id: uuid::Uuid::now_v7().to_string(), text: text.map(clean), actor: clean(actor), created_at: now };
        let (tenant, written) = (tenant.clone(), version.clone());
        self.write(move |connection| {
            let row = (
                trust_policies::id.eq(&written.id),
                trust_policies::tenant_id.eq(tenant.as_str()),
                trust_policies::text.eq(&written.text),
                trust_policies::actor.eq(&written.actor),
                trust_policies::created_at.eq(time_text(written.created_at)),
            );
            each_backend!(connection, c => diesel::insert_into(trust_policies::table).values(row).execute(c))?;
            Ok(())
        })
        .await?;
        Ok(version)
    }

    /// The tenant's publications, newest first.
    pub async fn policy_versions(&self, tenant: &TenantId, limit: u32) -> Result<Vec<PolicyVersion>> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let rows: Vec<Row> = trust_policies::table
                .filter(trust_policies::tenant_id.eq(tenant.as_str()))
                .order(trust_policies::id.desc())
                .limit(i64::from(limit))
                .select((trust_policies::id, trust_policies::text, trust_policies::actor, trust_policies::created_at))
                .load(connection)?;
            rows.into_iter().map(model).collect()
        })
        .await
    }

    /// What counts today, for each tenant that ever published a policy.
    pub async fn current_policies(&self) -> Result<Vec<(TenantId, PolicyVersion)>> {
        self.read(|connection| {
            let newest: Vec<Option<String>> = trust_policies::table
                .group_by(trust_policies::tenant_id)
                .select(diesel::dsl::max(trust_policies::id))
                .load(connection)?;
            let newest: Vec<String> = newest.into_iter().flatten().collect();
            let columns = (
                trust_policies::tenant_id,
                (trust_policies::id, trust_policies::text, trust_policies::actor, trust_policies::created_at),
            );
            let rows: Vec<(String, Row)> =
                trust_policies::table.filter(trust_policies::id.eq_any(newest)).select(columns).load(connection)?;
            rows.into_iter().map(|(tenant, row)| Ok((TenantId(tenant), model(row)?))).collect()
        })
        .await
    }
}

fn model((id, text, actor, created_at): Row) -> Result<PolicyVersion> {
    Ok(PolicyVersion { id, text, actor, created_at: parse_time(&created_at)? })
}
