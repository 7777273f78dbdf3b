//! Connections to employer systems; their secrets are sealed and never listed.

use super::pool::{AnyConnection, each_backend};
use super::schema::{connection_secrets, connections};
use super::text::{clean, json_text, name_text, parse_json, parse_name, parse_time, time_text};
use super::{Result, Store, Vault, breakers, certificates, previous_secrets};
use crate::model::connection::{Connection, ConnectionState, Secrets};
use crate::model::ids::{ConnectionId, TenantId};
use crate::model::secret::Secret;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use std::collections::BTreeMap;

#[derive(Queryable, Selectable)]
#[diesel(table_name = connections)]
struct Row {
    id: String,
    tenant_id: String,
    connector: String,
    name: String,
    fields: String,
    mapping: String,
    event_types: String,
    outcomes: String,
    state: String,
    paused_reason: Option<String>,
    created_at: String,
    updated_at: String,
    carries: String,
}

impl Row {
    fn into_model(self, secrets_set: Vec<String>) -> Result<Connection> {
        Ok(Connection {
            id: ConnectionId(self.id),
            tenant_id: TenantId(self.tenant_id),
            connector: self.connector,
            name: self.name,
            fields: parse_json(&self.fields)?,
            mapping: parse_json(&self.mapping)?,
            event_types: parse_json(&self.event_types)?,
            outcomes: parse_json(&self.outcomes)?,
            carries: parse_json(&self.carries)?,
            state: parse_name(&self.state)?,
            paused_reason: self.paused_reason,
            secrets_set,
            created_at: parse_time(&self.created_at)?,
            updated_at: parse_time(&self.updated_at)?,
        })
    }
}

impl Store {
    /// `secrets_set` of the connection is not read: the secrets given decide.
    pub async fn create_connection(&self, connection: &Connection, secrets: &Secrets) -> Result<()> {
        let (new, secrets, vault) = (connection.clone(), secrets.clone(), self.0.vault.clone());
        self.write(move |connection| {
            let values = (
                connections::id.eq(new.id.as_str()),
                connections::tenant_id.eq(new.tenant_id.as_str()),
                connections::connector.eq(clean(&new.connector)),
                connections::name.eq(clean(&new.name)),
                connections::fields.eq(json_text(&new.fields)?),
                connections::mapping.eq(json_text(&new.mapping)?),
                connections::event_types.eq(json_text(&new.event_types)?),
                connections::outcomes.eq(json_text(&new.outcomes)?),
                connections::state.eq(name_text(&new.state)?),
                connections::paused_reason.eq(new.paused_reason.as_deref().map(clean)),
                connections::created_at.eq(time_text(new.created_at)),
                connections::updated_at.eq(time_text(new.updated_at)),
                connections::carries.eq(json_text(&new.carries)?),
            );
            diesel::insert_into(connections::table).values(values).execute(connection)?;
            put_secrets(connection, &vault, &new.id, &secrets)
        })
        .await
    }

    /// Replaces fields, mapping, filters and name; only the secrets given are replaced. Until `old_until` the values before them count,
    /// too. False when there is no such connection.
    pub async fn update_connection(
        &self,
        connection: &Connection,
        secrets: &Secrets,
        old_until: Option<DateTime<Utc>>,
    ) -> Result<bool> {
        let (new, secrets, vault) = (connection.clone(), secrets.clone(), self.0.vault.clone());
        self.write(move |connection| {
            let values = (
                connections::name.eq(clean(&new.name)),
                connections::fields.eq(json_text(&new.fields)?),
                connections::mapping.eq(json_text(&new.mapping)?),
                connections::event_types.eq(json_text(&new.event_types)?),
                connections::outcomes.eq(json_text(&new.outcomes)?),
                connections::carries.eq(json_text(&new.carries)?),
                connections::updated_at.eq(time_text(new.updated_at)),
            );
            let target = connections::table
                .filter(connections::id.eq(new.id.as_str()))
                .filter(connections::tenant_id.eq(new.tenant_id.as_str()));
            if diesel::update(target).set(values).execute(connection)? == 0 {
                return Ok(false);
            }
            previous_secrets::keep(connection, &vault, &new.id, &secrets, old_until)?;
            put_secrets(connection, &vault, &new.id, &secrets)?;
            breakers::reset(connection, new.id.as_str(), new.updated_at)?;
            Ok(true)
        })
        .await
    }

    pub async fn connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<Option<Connection>> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read(move |connection| {
            let rows: Vec<Row> = connections::table
                .filter(connections::id.eq(id.as_str()))
                .filter(connections::tenant_id.eq(tenant.as_str()))
                .select(Row::as_select())
                .load(connection)?;
            Ok(with_secret_names(connection, rows)?.pop())
        })
        .await
    }

    /// Of any tenant: an address names no tenant, its secret decides.
    pub async fn connection_at_address(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        let id = id.clone();
        self.read(move |connection| {
            let rows: Vec<Row> =
                connections::table.filter(connections::id.eq(id.as_str())).select(Row::as_select()).load(connection)?;
            Ok(with_secret_names(connection, rows)?.pop())
        })
        .await
    }

    /// Oldest first.
    pub async fn list_connections(&self, tenant: &TenantId) -> Result<Vec<Connection>> {
        let tenant = tenant.clone();
        self.read(move |connection| of_tenants(connection, &[tenant.as_str()])).await
    }

    /// Of all tenants, oldest first.
    pub async fn active_connections(&self) -> Result<Vec<Connection>> {
        self.read(|connection| {
            let rows: Vec<Row> = connections::table
                .filter(connections::state.eq(name_text(&ConnectionState::Active)?))
                .order(connections::id.asc())
                .select(Row::as_select())
                .load(connection)?;
            with_secret_names(connection, rows)
        })
        .await
    }

    /// The secrets, opened: for the worker only.
    pub async fn connection_secrets(&self, id: &ConnectionId) -> Result<Secrets> {
        let (id, vault) = (id.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let rows: Vec<(String, Vec<u8>)> = connection_secrets::table
                .filter(connection_secrets::connection_id.eq(id.as_str()))
                .select((connection_secrets::name, connection_secrets::value))
                .load(connection)?;
            rows.into_iter().map(|(name, sealed)| Ok((name.clone(), open(&vault, &id, &name, &sealed)?))).collect()
        })
        .await
    }

    /// Pauses or resumes. False when there is no such connection.
    pub async fn set_connection_state(
        &self,
        tenant: &TenantId,
        id: &ConnectionId,
        state: ConnectionState,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let (tenant, id, reason) = (tenant.clone(), id.clone(), reason.map(clean));
        self.write(move |connection| {
            let target =
                connections::table.filter(connections::id.eq(id.as_str())).filter(connections::tenant_id.eq(tenant.as_str()));
            let values = (
                connections::state.eq(name_text(&state)?),
                connections::paused_reason.eq(reason.filter(|_| state == ConnectionState::Paused)),
                connections::updated_at.eq(time_text(now)),
            );
            if diesel::update(target).set(values).execute(connection)? == 0 {
                return Ok(false);
            }
            if state == ConnectionState::Active {
                breakers::reset(connection, id.as_str(), now)?;
            }
            Ok(true)
        })
        .await
    }

    /// With its secrets, deliveries and ledger. False when there is no such connection.
    pub async fn delete_connection(&self, tenant: &TenantId, id: &ConnectionId) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.write(move |connection| {
            certificates::keep_acknowledgements(connection, Some(id.as_str()))?;
            let target =
                connections::table.filter(connections::id.eq(id.as_str())).filter(connections::tenant_id.eq(tenant.as_str()));
            Ok(diesel::delete(target).execute(connection)? == 1)
        })
        .await
    }
}

/// All connections of some tenants, oldest first.
pub(super) fn of_tenants(connection: &mut AnyConnection, tenants: &[&str]) -> Result<Vec<Connection>> {
    let rows: Vec<Row> = connections::table
        .filter(connections::tenant_id.eq_any(tenants))
        .order(connections::id.asc())
        .select(Row::as_select())
        .load(connection)?;
    with_secret_names(connection, rows)
}

/// Pauses a connection whose configuration a worker found wrong.
pub(super) fn pause(connection: &mut AnyConnection, id: &str, reason: &str, now: DateTime<Utc>) -> Result<()> {
    let values = (
        connections::state.eq(name_text(&ConnectionState::Paused)?),
        connections::paused_reason.eq(Some(clean(reason))),
        connections::updated_at.eq(time_text(now)),
    );
    diesel::update(connections::table.filter(connections::id.eq(id))).set(values).execute(connection)?;
    Ok(())
}

fn with_secret_names(connection: &mut AnyConnection, rows: Vec<Row>) -> Result<Vec<Connection>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let names: Vec<(String, String)> = connection_secrets::table
        .filter(connection_secrets::connection_id.eq_any(ids))
        .order(connection_secrets::name.asc())
        .select((connection_secrets::connection_id, connection_secrets::name))
        .load(connection)?;
    let mut by_connection: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, name) in names {
        by_connection.entry(id).or_default().push(name);
    }
    let into_model = |row: Row| {
        let names = by_connection.remove(&row.id).unwrap_or_default();
        row.into_model(names)
    };
    rows.into_iter().map(into_model).collect()
}

fn put_secrets(connection: &mut AnyConnection, vault: &Vault, id: &ConnectionId, secrets: &Secrets) -> Result<()> {
    for (name, secret) in secrets {
        let sealed = vault.seal_secret(&context(id, name), secret)?;
        let row = (
            connection_secrets::connection_id.eq(id.as_str()),
            connection_secrets::name.eq(name),
            connection_secrets::value.eq(&sealed),
        );
        each_backend!(connection, c => {
            diesel::insert_into(connection_secrets::table)
                .values(row)
                .on_conflict((connection_secrets::connection_id, connection_secrets::name))
                .do_update()
                .set(connection_secrets::value.eq(&sealed))
                .execute(c)
        })?;
    }
    Ok(())
}

pub(super) fn open(vault: &Vault, id: &ConnectionId, name: &str, sealed: &[u8]) -> Result<Secret> {
    vault.open_secret(&context(id, name), sealed)
}

/// A sealed secret can't be moved to another connection or name.
fn context(id: &ConnectionId, name: &str) -> String {
    format!("connection:{id}:{name}")
}
