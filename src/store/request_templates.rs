//! Templates of requests to wallets, under names of the employer's choice.

use super::channel_schema::request_templates;
use super::pool::each_backend;
use super::text::{clean, json_text, parse_json, time_text};
use super::{Result, Store};
use crate::model::ids::TenantId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;

impl Store {
    /// Keeps a template; it replaces the template of the same name. True when the name is new.
    pub async fn put_request_template(&self, tenant: &TenantId, name: &str, content: &Value, now: DateTime<Utc>) -> Result<bool> {
        let (tenant, name, content) = (tenant.clone(), clean(name), clean(&json_text(content)?));
        self.write(move |connection| {
            let changed = (request_templates::content.eq(&content), request_templates::updated_at.eq(time_text(now)));
            let same = request_templates::table
                .filter(request_templates::tenant_id.eq(tenant.as_str()))
                .filter(request_templates::name.eq(&name));
            if diesel::update(same).set(changed.clone()).execute(connection)? > 0 {
                return Ok(false);
            }
            let row = (request_templates::tenant_id.eq(tenant.as_str()), request_templates::name.eq(&name), changed);
            // Another writer may have been first: then a template of this name is there.
            let inserted = each_backend!(connection, c => {
                diesel::insert_into(request_templates::table).values(row).on_conflict_do_nothing().execute(c)
            })?;
            Ok(inserted == 1)
        })
        .await
    }

    pub async fn request_template(&self, tenant: &TenantId, name: &str) -> Result<Option<Value>> {
        let (tenant, name) = (tenant.clone(), clean(name));
        self.read(move |connection| {
            let content: Option<String> = request_templates::table
                .filter(request_templates::tenant_id.eq(tenant.as_str()))
                .filter(request_templates::name.eq(name))
                .select(request_templates::content)
                .first(connection)
                .optional()?;
            content.as_deref().map(parse_json).transpose()
        })
        .await
    }

    /// In the order of their names, at most `most`.
    pub async fn list_request_templates(&self, tenant: &TenantId, most: i64) -> Result<Vec<(String, Value)>> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let rows: Vec<(String, String)> = request_templates::table
                .filter(request_templates::tenant_id.eq(tenant.as_str()))
                .order(request_templates::name.asc())
                .limit(most)
                .select((request_templates::name, request_templates::content))
                .load(connection)?;
            rows.into_iter().map(|(name, content)| Ok((name, parse_json(&content)?))).collect()
        })
        .await
    }

    /// False when there is no such template. Requests that were made with it stay as they are.
    pub async fn delete_request_template(&self, tenant: &TenantId, name: &str) -> Result<bool> {
        let (tenant, name) = (tenant.clone(), clean(name));
        self.write(move |connection| {
            let target = request_templates::table
                .filter(request_templates::tenant_id.eq(tenant.as_str()))
                .filter(request_templates::name.eq(name));
            Ok(diesel::delete(target).execute(connection)? == 1)
        })
        .await
    }
}
