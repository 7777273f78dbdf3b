//! Tenants, and their API keys: stored as a hash only.

use super::account_schema::sessions;
use super::channel_schema::used_assertions;
use super::pool::{AnyConnection, each_backend};
use super::schema::{api_keys, tenants};
use super::text::{clean, json_text, name_text, parse_json, parse_name, parse_time, parse_times, time_text};
use super::{Result, Store};
use crate::model::account::Role;
use crate::model::ids::{ApiKeyId, TenantId};
use crate::model::tenant::ApiKey;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use serde_json::Value;

/// Shortest time between two notes of the last use, so that reading requests don't write.
const USE_NOTED_EVERY: Duration = Duration::minutes(10);

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct Row {
    id: String,
    tenant_id: String,
    name: String,
    prefix: String,
    created_at: String,
    last_used_at: Option<String>,
    revoked_at: Option<String>,
    jwks: Option<String>,
    role: String,
}

impl Row {
    fn into_model(self) -> Result<ApiKey> {
        Ok(ApiKey {
            id: ApiKeyId(self.id),
            tenant_id: TenantId(self.tenant_id),
            name: self.name,
            prefix: self.prefix,
            created_at: parse_time(&self.created_at)?,
            last_used_at: parse_times(self.last_used_at)?,
            revoked_at: parse_times(self.revoked_at)?,
            jwks: self.jwks.as_deref().map(parse_json).transpose()?,
            role: parse_name(&self.role)?,
        })
    }
}

impl Store {
    /// Whether the tenant is new; its identifier is its name.
    pub async fn create_tenant(&self, tenant: &TenantId, now: DateTime<Utc>) -> Result<bool> {
        let id = tenant.0.clone();
        let made = self.write(move |connection| {
            let values = (tenants::id.eq(&id), tenants::name.eq(&id), tenants::created_at.eq(time_text(now)));
            Ok(each_backend!(connection, c => diesel::insert_into(tenants::table).values(values).on_conflict_do_nothing().execute(c))?)
        });
        Ok(made.await? == 1)
    }

    /// `tenant` must exist. `hash`: lower-case hex SHA-256 of the key. `Conflict` when the key exists.
    pub async fn create_api_key(
        &self,
        tenant: &TenantId,
        name: &str,
        prefix: &str,
        hash: &str,
        role: Role,
        now: DateTime<Utc>,
    ) -> Result<ApiKey> {
        self.insert_api_key(tenant, name, prefix, hash, None, role, now).await
    }

    /// A system that signs its token requests: it has public keys (a JSON Web Key Set) and no secret.
    pub async fn create_system(
        &self,
        tenant: &TenantId,
        name: &str,
        jwks: &Value,
        role: Role,
        now: DateTime<Utc>,
    ) -> Result<ApiKey> {
        // No key has a hash of this form.
        let no_hash = format!("none:{}", ApiKeyId::generate());
        self.insert_api_key(tenant, name, "", &no_hash, Some(jwks), role, now).await
    }

    #[allow(clippy::too_many_arguments, reason = "the columns of a row")]
    async fn insert_api_key(
        &self,
        tenant: &TenantId,
        name: &str,
        prefix: &str,
        hash: &str,
        jwks: Option<&Value>,
        role: Role,
        now: DateTime<Utc>,
    ) -> Result<ApiKey> {
        let key = ApiKey {
            id: ApiKeyId::generate(),
            tenant_id: tenant.clone(),
            name: clean(name),
            prefix: clean(prefix),
            created_at: now,
            last_used_at: None,
            revoked_at: None,
            jwks: jwks.cloned(),
            role,
        };
        let (row, hash) = (key.clone(), hash.to_owned());
        self.write(move |connection| {
            let jwks = row.jwks.as_ref().map(json_text).transpose()?;
            let values = (
                api_keys::id.eq(row.id.as_str()),
                api_keys::tenant_id.eq(row.tenant_id.as_str()),
                api_keys::name.eq(&row.name),
                api_keys::prefix.eq(&row.prefix),
                api_keys::hash.eq(&hash),
                api_keys::created_at.eq(time_text(row.created_at)),
                api_keys::jwks.eq(jwks),
                api_keys::role.eq(name_text(&row.role)?),
            );
            diesel::insert_into(api_keys::table).values(values).execute(connection)?;
            Ok(())
        })
        .await?;
        Ok(key)
    }

    /// The key that is not revoked; notes that it was used.
    pub async fn find_api_key(&self, hash: &str, now: DateTime<Utc>) -> Result<Option<ApiKey>> {
        let hash = hash.to_owned();
        let found = self
            .read(move |connection| {
                let row: Option<Row> = api_keys::table
                    .filter(api_keys::hash.eq(&hash))
                    .filter(api_keys::revoked_at.is_null())
                    .select(Row::as_select())
                    .first(connection)
                    .optional()?;
                row.map(Row::into_model).transpose()
            })
            .await?;
        if let Some(key) = &found {
            self.note_use(key, now).await?;
        }
        Ok(found)
    }

    /// The key with this id, unless it is revoked.
    pub async fn api_key(&self, id: &ApiKeyId) -> Result<Option<ApiKey>> {
        let id = id.clone();
        self.read(move |connection| key_with_id(connection, id.as_str())).await
    }

    async fn note_use(&self, key: &ApiKey, now: DateTime<Utc>) -> Result<()> {
        if key.last_used_at.is_none_or(|last| last + USE_NOTED_EVERY <= now) {
            let id = key.id.clone();
            return self
                .write(move |connection| {
                    let target = api_keys::table.filter(api_keys::id.eq(id.as_str()));
                    diesel::update(target).set(api_keys::last_used_at.eq(time_text(now))).execute(connection)?;
                    Ok(())
                })
                .await;
        }
        Ok(())
    }

    /// A system that is not revoked, with its public keys; notes that it was used.
    pub async fn system(&self, id: &str, now: DateTime<Utc>) -> Result<Option<(ApiKey, Value)>> {
        let id = clean(id);
        let found = self
            .read(move |connection| {
                let row: Option<Row> = api_keys::table
                    .filter(api_keys::id.eq(&id))
                    .filter(api_keys::revoked_at.is_null())
                    .filter(api_keys::jwks.is_not_null())
                    .select(Row::as_select())
                    .first(connection)
                    .optional()?;
                row.map(Row::into_model).transpose()
            })
            .await?;
        let Some(key) = found else { return Ok(None) };
        self.note_use(&key, now).await?;
        Ok(key.jwks.clone().map(|jwks| (key, jwks)))
    }

    /// Takes an assertion that is good until `expires_at`, once. False when it was used before.
    pub async fn use_assertion(&self, hash: &str, expires_at: DateTime<Utc>) -> Result<bool> {
        let hash = hash.to_owned();
        let taken = self.write(move |connection| {
            let values = (used_assertions::assertion_hash.eq(&hash), used_assertions::expires_at.eq(time_text(expires_at)));
            Ok(each_backend!(connection, c => diesel::insert_into(used_assertions::table).values(values).on_conflict_do_nothing().execute(c))?)
        });
        Ok(taken.await? == 1)
    }

    /// Oldest first, revoked keys too.
    pub async fn list_api_keys(&self, tenant: &TenantId) -> Result<Vec<ApiKey>> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let rows: Vec<Row> = api_keys::table
                .filter(api_keys::tenant_id.eq(tenant.as_str()))
                .order(api_keys::id.asc())
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// Ends the key's sessions, too. False when there is no such key, or it was revoked before.
    pub async fn revoke_api_key(&self, tenant: &TenantId, id: &ApiKeyId, now: DateTime<Utc>) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.write(move |connection| {
            let target = api_keys::table
                .filter(api_keys::tenant_id.eq(tenant.as_str()))
                .filter(api_keys::id.eq(id.as_str()))
                .filter(api_keys::revoked_at.is_null());
            let revoked = diesel::update(target).set(api_keys::revoked_at.eq(time_text(now))).execute(connection)?;
            if revoked == 0 {
                return Ok(false);
            }
            diesel::delete(sessions::table.filter(sessions::key_id.eq(id.as_str()))).execute(connection)?;
            Ok(true)
        })
        .await
    }
}

pub(super) fn key_with_id(connection: &mut AnyConnection, id: &str) -> Result<Option<ApiKey>> {
    let row: Option<Row> = api_keys::table
        .filter(api_keys::id.eq(id))
        .filter(api_keys::revoked_at.is_null())
        .select(Row::as_select())
        .first(connection)
        .optional()?;
    row.map(Row::into_model).transpose()
}
