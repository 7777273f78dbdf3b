//! Backpacks that are pulled from: registrations at hosts, authorizations under way, tokens, the schedule.
//! Secrets are sealed. A pull, and with it a refresh, runs under a lease on the row, so that two workers never refresh the same token.

use super::channel_schema::{backpack_hosts, backpacks};
use super::data_keys::DataKey;
use super::pool::each_backend;
use super::text::{clean, json_text, parse_json, parse_time, parse_times, time_text};
use super::transaction::Transaction;
use super::{Result, Store};
use crate::model::backpack::{Backpack, BackpackState, BackpackTokens, HostRegistration, PendingAuthorization, StepFailure};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::secret::Secret;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

const LISTED: i64 = 500;

#[derive(Queryable, Selectable)]
#[diesel(table_name = backpacks)]
struct Row {
    id: String,
    tenant_id: String,
    candidate_ref: String,
    state: String,
    host: String,
    last_failure: Option<String>,
    last_pull_at: Option<String>,
    next_pull_at: Option<String>,
    failures: i64,
    created_at: String,
}

impl Row {
    fn into_model(self) -> Result<Backpack> {
        Ok(Backpack {
            id: self.id,
            tenant_id: TenantId(self.tenant_id),
            candidate_ref: CandidateRef(self.candidate_ref),
            state: BackpackState::parse(&self.state),
            host: parse_json(&self.host)?,
            last_failure: self.last_failure.as_deref().map(parse_json).transpose()?,
            last_pull_at: parse_times(self.last_pull_at)?,
            next_pull_at: parse_times(self.next_pull_at)?,
            failures: i32::try_from(self.failures).unwrap_or(i32::MAX),
            created_at: parse_time(&self.created_at)?,
        })
    }
}

/// Client id, sealed secret, redirect URI, scope, end of the secret.
type RegistrationRow = (String, Vec<u8>, String, String, Option<String>);

/// Tokens as they are sealed.
#[derive(Serialize, Deserialize)]
struct SealedTokens {
    access_token: String,
    refresh_token: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    scope: String,
}

/// How a pull ended.
#[derive(Clone, Debug)]
pub struct PullEnd {
    pub state: BackpackState,
    /// Set when everything was read.
    pub last_pull_at: Option<DateTime<Utc>>,
    pub next_pull_at: Option<DateTime<Utc>>,
    pub failure: Option<StepFailure>,
    /// Failures in a row.
    pub failures: i32,
}

impl Store {
    pub async fn put_host_registration(
        &self,
        tenant: &TenantId,
        url: &str,
        registration: &HostRegistration,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let (tenant, url, new) = (tenant.clone(), clean(url), registration.clone());
        let secret = self.0.vault.master().seal(&host_context(&tenant, &url), new.client_secret.expose().as_bytes())?;
        self.write(move |connection| {
            let values = (
                backpack_hosts::tenant_id.eq(tenant.as_str()),
                backpack_hosts::registration_url.eq(&url),
                backpack_hosts::client_id.eq(clean(&new.client_id)),
                backpack_hosts::client_secret.eq(&secret),
                backpack_hosts::redirect_uri.eq(clean(&new.redirect_uri)),
                backpack_hosts::scope.eq(clean(&new.scope)),
                backpack_hosts::secret_expires_at.eq(new.secret_expires_at.map(time_text)),
                backpack_hosts::created_at.eq(time_text(now)),
            );
            let target = backpack_hosts::table
                .filter(backpack_hosts::tenant_id.eq(tenant.as_str()))
                .filter(backpack_hosts::registration_url.eq(&url));
            diesel::delete(target).execute(connection)?;
            each_backend!(connection, c => diesel::insert_into(backpack_hosts::table).values(values).on_conflict_do_nothing().execute(c))?;
            Ok(())
        })
        .await
    }

    pub async fn host_registration(&self, tenant: &TenantId, url: &str) -> Result<Option<HostRegistration>> {
        let (tenant, url, vault) = (tenant.clone(), clean(url), self.0.vault.clone());
        self.read(move |connection| {
            let row: Option<RegistrationRow> = backpack_hosts::table
                .filter(backpack_hosts::tenant_id.eq(tenant.as_str()))
                .filter(backpack_hosts::registration_url.eq(&url))
                .select((
                    backpack_hosts::client_id,
                    backpack_hosts::client_secret,
                    backpack_hosts::redirect_uri,
                    backpack_hosts::scope,
                    backpack_hosts::secret_expires_at,
                ))
                .first(connection)
                .optional()?;
            let Some((client_id, secret, redirect_uri, scope, expires)) = row else { return Ok(None) };
            let client_secret = Secret::new(vault.open_text(connection, &host_context(&tenant, &url), &secret)?);
            Ok(Some(HostRegistration { client_id, client_secret, redirect_uri, scope, secret_expires_at: parse_times(expires)? }))
        })
        .await
    }

    /// The host no longer knows us.
    pub async fn delete_host_registration(&self, tenant: &TenantId, url: &str) -> Result<()> {
        let (tenant, url) = (tenant.clone(), clean(url));
        self.write(move |connection| {
            let target = backpack_hosts::table
                .filter(backpack_hosts::tenant_id.eq(tenant.as_str()))
                .filter(backpack_hosts::registration_url.eq(&url));
            diesel::delete(target).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// `start_hash`: lower-case hex SHA-256 of the capability in the link that the candidate opens.
    pub async fn create_backpack(&self, backpack: &Backpack, start_hash: &str) -> Result<()> {
        let (new, start_hash) = (backpack.clone(), start_hash.to_owned());
        self.write(move |connection| {
            let values = (
                backpacks::id.eq(&new.id),
                backpacks::tenant_id.eq(new.tenant_id.as_str()),
                backpacks::candidate_ref.eq(new.candidate_ref.as_str()),
                backpacks::state.eq(new.state.as_str()),
                backpacks::host.eq(clean(&json_text(&new.host)?)),
                backpacks::start_hash.eq(Some(start_hash)),
                backpacks::failures.eq(0i64),
                backpacks::created_at.eq(time_text(new.created_at)),
            );
            diesel::insert_into(backpacks::table).values(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    pub async fn backpack(&self, tenant: &TenantId, id: &str) -> Result<Option<Backpack>> {
        let (tenant, id) = (tenant.clone(), clean(id));
        self.read(move |connection| {
            let row: Option<Row> = backpacks::table
                .filter(backpacks::id.eq(id))
                .filter(backpacks::tenant_id.eq(tenant.as_str()))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            row.map(Row::into_model).transpose()
        })
        .await
    }

    /// Newest first, at most 500.
    pub async fn list_backpacks(&self, tenant: &TenantId) -> Result<Vec<Backpack>> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let rows: Vec<Row> = backpacks::table
                .filter(backpacks::tenant_id.eq(tenant.as_str()))
                .order(backpacks::id.desc())
                .limit(LISTED)
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// The backpack behind the candidate's link; `None` once it is disconnected.
    pub async fn backpack_by_start(&self, start_hash: &str) -> Result<Option<Backpack>> {
        let start_hash = start_hash.to_owned();
        self.read(move |connection| {
            let row: Option<Row> = backpacks::table
                .filter(backpacks::start_hash.eq(start_hash))
                .filter(backpacks::state.ne(BackpackState::Disconnected.as_str()))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            row.map(Row::into_model).transpose()
        })
        .await
    }

    /// Remembers an authorization that begins; one that was under way is forgotten.
    pub async fn begin_authorization(&self, id: &str, pending: &PendingAuthorization) -> Result<()> {
        let (id, pending) = (id.to_owned(), pending.clone());
        self.transaction(move |transaction| {
            let Some(key) = key_of(transaction, &id)? else { return Ok(()) };
            let verifier = key.seal(&verifier_context(&id), pending.verifier.expose().as_bytes())?;
            let connection = &mut *transaction.connection;
            let values = (
                backpacks::authorization_hash.eq(Some(pending.state_hash)),
                backpacks::browser_hash.eq(Some(pending.browser_hash)),
                backpacks::verifier.eq(Some(verifier)),
                backpacks::redirect_uri.eq(Some(pending.redirect_uri)),
                backpacks::authorization_expires_at.eq(Some(time_text(pending.expires_at))),
            );
            diesel::update(backpacks::table.filter(backpacks::id.eq(&id))).set(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Takes the authorization that `state` belongs to, once.
    pub async fn take_authorization(
        &self,
        state_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(Backpack, PendingAuthorization)>> {
        let (state_hash, vault) = (state_hash.to_owned(), self.0.vault.clone());
        self.write(move |connection| {
            let target = backpacks::table.filter(backpacks::authorization_hash.eq(&state_hash));
            let row: Option<Row> = target.select(Row::as_select()).first(connection).optional()?;
            let Some(row) = row else { return Ok(None) };
            let columns =
                (backpacks::browser_hash, backpacks::verifier, backpacks::redirect_uri, backpacks::authorization_expires_at);
            let pending: (Option<String>, Option<Vec<u8>>, Option<String>, Option<String>) =
                target.select(columns).first(connection)?;
            let taken = backpacks::table.filter(backpacks::id.eq(&row.id)).filter(backpacks::authorization_hash.eq(&state_hash));
            if diesel::update(taken).set(backpacks::authorization_hash.eq(None::<String>)).execute(connection)? == 0 {
                return Ok(None);
            }
            let (Some(browser_hash), Some(verifier), Some(redirect_uri), Some(expires_at)) = pending else { return Ok(None) };
            let expires_at = parse_time(&expires_at)?;
            if expires_at <= now {
                return Ok(None);
            }
            let verifier = Secret::new(vault.open_text(connection, &verifier_context(&row.id), &verifier)?);
            let pending = PendingAuthorization { state_hash, browser_hash, verifier, redirect_uri, expires_at };
            Ok(Some((row.into_model()?, pending)))
        })
        .await
    }

    /// Keeps tokens; `next_pull_at` is set when the candidate has just connected.
    pub async fn put_backpack_tokens(
        &self,
        id: &str,
        tokens: &BackpackTokens,
        next_pull_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        let id = id.to_owned();
        let plain = json_text(&SealedTokens {
            access_token: tokens.access_token.expose().to_owned(),
            refresh_token: tokens.refresh_token.as_ref().map(|token| token.expose().to_owned()),
            expires_at: tokens.expires_at,
            scope: tokens.scope.clone(),
        })?;
        self.transaction(move |transaction| {
            let Some(key) = key_of(transaction, &id)? else { return Ok(()) };
            let sealed = key.seal(&token_context(&id), plain.as_bytes())?;
            let connection = &mut *transaction.connection;
            let target =
                backpacks::table.filter(backpacks::id.eq(&id)).filter(backpacks::state.ne(BackpackState::Disconnected.as_str()));
            diesel::update(target).set(backpacks::tokens.eq(Some(sealed))).execute(connection)?;
            if let Some(at) = next_pull_at {
                let values = (
                    backpacks::state.eq(BackpackState::Connected.as_str()),
                    backpacks::next_pull_at.eq(Some(time_text(at))),
                    backpacks::last_failure.eq(None::<String>),
                    backpacks::failures.eq(0i64),
                    backpacks::verifier.eq(None::<Vec<u8>>),
                );
                diesel::update(target).set(values).execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    pub async fn backpack_tokens(&self, id: &str) -> Result<Option<BackpackTokens>> {
        let (id, vault) = (id.to_owned(), self.0.vault.clone());
        self.read(move |connection| {
            let sealed: Option<Option<Vec<u8>>> =
                backpacks::table.filter(backpacks::id.eq(&id)).select(backpacks::tokens).first(connection).optional()?;
            let Some(sealed) = sealed.flatten() else { return Ok(None) };
            let tokens: SealedTokens = parse_json(&vault.open_text(connection, &token_context(&id), &sealed)?)?;
            Ok(Some(BackpackTokens {
                access_token: Secret::new(tokens.access_token),
                refresh_token: tokens.refresh_token.map(Secret::new),
                expires_at: tokens.expires_at,
                scope: tokens.scope,
            }))
        })
        .await
    }

    /// Of all tenants: connected, due, and not leased.
    pub async fn due_backpacks(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<Backpack>> {
        self.read(move |connection| {
            let free = backpacks::leased_until.is_null().or(backpacks::leased_until.le(time_text(now)));
            let rows: Vec<Row> = backpacks::table
                .filter(backpacks::state.eq(BackpackState::Connected.as_str()))
                .filter(backpacks::next_pull_at.le(time_text(now)))
                .filter(free)
                .order(backpacks::next_pull_at.asc())
                .limit(i64::from(limit))
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// Takes the row for a pull. False when another worker has it. A lease ends by itself, should its worker be killed.
    pub async fn lease_backpack(&self, id: &str, now: DateTime<Utc>, lease: Duration) -> Result<bool> {
        let id = id.to_owned();
        self.write(move |connection| {
            let free = backpacks::leased_until.is_null().or(backpacks::leased_until.le(time_text(now)));
            let target = backpacks::table
                .filter(backpacks::id.eq(id))
                .filter(backpacks::state.eq(BackpackState::Connected.as_str()))
                .filter(free);
            Ok(diesel::update(target).set(backpacks::leased_until.eq(Some(time_text(now + lease)))).execute(connection)? == 1)
        })
        .await
    }

    /// Writes how a pull ended, and frees the row. A backpack that was disconnected meanwhile stays so.
    pub async fn end_pull(&self, id: &str, end: &PullEnd) -> Result<()> {
        let (id, end) = (id.to_owned(), end.clone());
        self.write(move |connection| {
            let target =
                backpacks::table.filter(backpacks::id.eq(&id)).filter(backpacks::state.ne(BackpackState::Disconnected.as_str()));
            let failure = end.failure.as_ref().map(json_text).transpose()?;
            let values = (
                backpacks::state.eq(end.state.as_str()),
                backpacks::next_pull_at.eq(end.next_pull_at.map(time_text)),
                backpacks::last_failure.eq(failure),
                backpacks::failures.eq(i64::from(end.failures)),
                backpacks::leased_until.eq(None::<String>),
            );
            diesel::update(target).set(values).execute(connection)?;
            if let Some(at) = end.last_pull_at {
                diesel::update(target).set(backpacks::last_pull_at.eq(Some(time_text(at)))).execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets the tokens. False when there is no such backpack.
    pub async fn disconnect_backpack(&self, tenant: &TenantId, id: &str) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), clean(id));
        self.write(move |connection| {
            let target = backpacks::table.filter(backpacks::id.eq(&id)).filter(backpacks::tenant_id.eq(tenant.as_str()));
            let values = (
                backpacks::state.eq(BackpackState::Disconnected.as_str()),
                backpacks::tokens.eq(None::<Vec<u8>>),
                backpacks::verifier.eq(None::<Vec<u8>>),
                backpacks::authorization_hash.eq(None::<String>),
                backpacks::next_pull_at.eq(None::<String>),
                backpacks::leased_until.eq(None::<String>),
            );
            Ok(diesel::update(target).set(values).execute(connection)? == 1)
        })
        .await
    }
}

/// The key of the backpack's person; `None` when there is no such backpack.
fn key_of(transaction: &mut Transaction<'_>, id: &str) -> Result<Option<DataKey>> {
    let owner = backpacks::table.filter(backpacks::id.eq(id)).select((backpacks::tenant_id, backpacks::candidate_ref));
    let owner: Option<(String, String)> = owner.first(transaction.connection).optional()?;
    owner.map(|(tenant, candidate)| transaction.key_of(&TenantId(tenant), &CandidateRef(candidate))).transpose()
}

fn host_context(tenant: &TenantId, url: &str) -> String {
    format!("backpack_host:{tenant}:{url}")
}

fn verifier_context(id: &str) -> String {
    format!("backpack_verifier:{id}")
}

fn token_context(id: &str) -> String {
    format!("backpack_tokens:{id}")
}
