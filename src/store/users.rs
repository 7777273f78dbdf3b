//! Users: people who sign in to the pages. Name and address are sealed; the address is found by its keyed hash, and belongs to one user
//! of the installation. Comes in: what an administrator says. Goes out: users. Must not know: passwords in clear text.

use super::account_schema::{sign_in_attempts, user_invites, user_recovery_codes, users};
use super::pool::AnyConnection;
use super::sessions::end_sessions_of;
use super::text::{name_text, parse_name, parse_time, parse_times, time_text};
use super::{Result, Store, StoreError, Vault};
use crate::model::account::{Role, User};
use crate::model::ids::{TenantId, UserId};
use crate::model::secret::Secret;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use hmac::{Hmac, Mac};
use sha2::Sha256;

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct Row {
    pub id: String,
    pub tenant_id: String,
    name: Vec<u8>,
    email: Vec<u8>,
    role: String,
    pub password: Option<String>,
    pub second_factor: Option<Vec<u8>>,
    pub second_factor_new: Option<Vec<u8>>,
    created_at: String,
    disabled_at: Option<String>,
}

impl Row {
    pub(super) fn into_model(self, vault: &Vault) -> Result<User> {
        let place = place(&self.id);
        Ok(User {
            name: vault.open_secret(&place, &self.name)?.expose().to_owned(),
            email: vault.open_secret(&place, &self.email)?.expose().to_owned(),
            id: UserId(self.id),
            tenant_id: TenantId(self.tenant_id),
            role: parse_name(&self.role)?,
            has_password: self.password.is_some(),
            has_second_factor: self.second_factor.is_some(),
            created_at: parse_time(&self.created_at)?,
            disabled_at: parse_times(self.disabled_at)?,
        })
    }
}

/// What changes about a user; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub is_disabled: Option<bool>,
}

impl Store {
    /// `tenant` must exist. [`StoreError::Conflict`] when the address belongs to a user already.
    pub async fn create_user(&self, tenant: &TenantId, name: &str, email: &str, role: Role, now: DateTime<Utc>) -> Result<User> {
        let vault = &self.0.vault;
        let (id, hash) = (UserId::generate(), vault.address_hash(email)?);
        let (sealed_name, sealed_email) = (
            vault.seal_secret(&place(id.as_str()), &Secret::new(name))?,
            vault.seal_secret(&place(id.as_str()), &Secret::new(email))?,
        );
        let user = User {
            id: id.clone(),
            tenant_id: tenant.clone(),
            name: name.to_owned(),
            email: email.to_owned(),
            role,
            has_password: false,
            has_second_factor: false,
            created_at: now,
            disabled_at: None,
        };
        let tenant = tenant.clone();
        self.write(move |connection| {
            let values = (
                users::id.eq(id.as_str()),
                users::tenant_id.eq(tenant.as_str()),
                users::name.eq(sealed_name),
                users::email.eq(sealed_email),
                users::email_hash.eq(hash),
                users::role.eq(name_text(&role)?),
                users::created_at.eq(time_text(now)),
            );
            diesel::insert_into(users::table).values(values).execute(connection)?;
            Ok(())
        })
        .await?;
        Ok(user)
    }

    /// Oldest first, disabled users too.
    pub async fn list_users(&self, tenant: &TenantId) -> Result<Vec<User>> {
        let (tenant, vault) = (tenant.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let rows: Vec<Row> = users::table
                .filter(users::tenant_id.eq(tenant.as_str()))
                .order(users::id.asc())
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(|row| row.into_model(&vault)).collect()
        })
        .await
    }

    pub async fn user(&self, tenant: &TenantId, id: &UserId) -> Result<Option<User>> {
        let (tenant, id, vault) = (tenant.clone(), id.clone(), self.0.vault.clone());
        let found = self.read(move |connection| user_with_id(connection, &vault, &id)).await?;
        Ok(found.filter(|user| user.tenant_id == tenant))
    }

    /// Whether the installation has a user at all: without one, the sign-in page asks for a key only.
    pub async fn has_users(&self) -> Result<bool> {
        self.read(|connection| {
            let first: Option<String> = users::table.select(users::id).first(connection).optional()?;
            Ok(first.is_some())
        })
        .await
    }

    /// `None` when the tenant has no such user. Another role, and disabling, end the user's sessions.
    pub async fn change_user(
        &self,
        tenant: &TenantId,
        id: &UserId,
        change: UserChange,
        now: DateTime<Utc>,
    ) -> Result<Option<User>> {
        let (tenant, id, vault) = (tenant.clone(), id.clone(), self.0.vault.clone());
        self.write(move |connection| {
            let found = user_with_id(connection, &vault, &id)?.filter(|user| user.tenant_id == tenant);
            let Some(user) = found else { return Ok(None) };
            let target = || users::table.filter(users::id.eq(id.as_str()));
            if let Some(name) = &change.name {
                let sealed = vault.seal_secret(&place(id.as_str()), &Secret::new(name))?;
                diesel::update(target()).set(users::name.eq(sealed)).execute(connection)?;
            }
            if let Some(role) = change.role.filter(|role| *role != user.role) {
                diesel::update(target()).set(users::role.eq(name_text(&role)?)).execute(connection)?;
                end_sessions_of(connection, id.as_str())?;
            }
            if let Some(is_disabled) = change.is_disabled.filter(|wanted| *wanted != user.disabled_at.is_some()) {
                let at = is_disabled.then(|| time_text(now));
                diesel::update(target()).set(users::disabled_at.eq(at)).execute(connection)?;
                end_sessions_of(connection, id.as_str())?;
            }
            user_with_id(connection, &vault, &id)
        })
        .await
    }

    /// A link by which the user sets a password; earlier links end. `code_hash`: of the link's secret. With `forget`, the password and the
    /// second factor that there were count no longer, and the user's sessions end. False when the tenant has no such user.
    pub async fn invite_user(
        &self,
        tenant: &TenantId,
        id: &UserId,
        code_hash: &str,
        expires_at: DateTime<Utc>,
        forget: bool,
    ) -> Result<bool> {
        let (tenant, id, code_hash) = (tenant.clone(), id.clone(), code_hash.to_owned());
        self.write(move |connection| {
            let target = users::table.filter(users::tenant_id.eq(tenant.as_str())).filter(users::id.eq(id.as_str()));
            let hash: Option<String> = target.select(users::email_hash).first(connection).optional()?;
            let Some(email_hash) = hash else { return Ok(false) };
            if forget {
                let nothing = (
                    users::password.eq(None::<String>),
                    users::second_factor.eq(None::<Vec<u8>>),
                    users::second_factor_new.eq(None::<Vec<u8>>),
                );
                diesel::update(target).set(nothing).execute(connection)?;
                diesel::delete(user_recovery_codes::table.filter(user_recovery_codes::user_id.eq(id.as_str())))
                    .execute(connection)?;
                diesel::delete(sign_in_attempts::table.filter(sign_in_attempts::email_hash.eq(email_hash)))
                    .execute(connection)?;
                end_sessions_of(connection, id.as_str())?;
            }
            diesel::delete(user_invites::table.filter(user_invites::user_id.eq(id.as_str()))).execute(connection)?;
            let values = (
                user_invites::hash.eq(code_hash),
                user_invites::user_id.eq(id.as_str()),
                user_invites::expires_at.eq(time_text(expires_at)),
            );
            diesel::insert_into(user_invites::table).values(values).execute(connection)?;
            Ok(true)
        })
        .await
    }

    /// The user of an invitation that can still be used.
    pub async fn invited_user(&self, code_hash: &str, now: DateTime<Utc>) -> Result<Option<User>> {
        let (code_hash, vault) = (code_hash.to_owned(), self.0.vault.clone());
        self.read(move |connection| {
            let id: Option<String> = invited(connection, &code_hash, now)?;
            let Some(id) = id else { return Ok(None) };
            Ok(user_with_id(connection, &vault, &UserId(id))?.filter(|user| user.disabled_at.is_none()))
        })
        .await
    }

    /// Sets the password by an invitation, once. `None` when it was used before, has expired, or its user is disabled.
    pub async fn use_invite(&self, code_hash: &str, password_hash: &str, now: DateTime<Utc>) -> Result<Option<User>> {
        let (code_hash, password_hash, vault) = (code_hash.to_owned(), password_hash.to_owned(), self.0.vault.clone());
        self.write(move |connection| {
            let Some(id) = invited(connection, &code_hash, now)? else { return Ok(None) };
            let used = diesel::delete(user_invites::table.filter(user_invites::hash.eq(&code_hash))).execute(connection)?;
            let user = user_with_id(connection, &vault, &UserId(id))?.filter(|user| user.disabled_at.is_none());
            let Some(user) = user.filter(|_| used == 1) else { return Ok(None) };
            set_password(connection, user.id.as_str(), &password_hash)?;
            Ok(Some(user))
        })
        .await
    }

    /// Ends the user's sessions.
    pub async fn set_user_password(&self, id: &UserId, password_hash: &str) -> Result<()> {
        let (id, password_hash) = (id.clone(), password_hash.to_owned());
        self.write(move |connection| set_password(connection, id.as_str(), &password_hash)).await
    }
}

fn invited(connection: &mut AnyConnection, code_hash: &str, now: DateTime<Utc>) -> Result<Option<String>> {
    Ok(user_invites::table
        .filter(user_invites::hash.eq(code_hash))
        .filter(user_invites::expires_at.gt(time_text(now)))
        .select(user_invites::user_id)
        .first(connection)
        .optional()?)
}

fn set_password(connection: &mut AnyConnection, id: &str, password_hash: &str) -> Result<()> {
    let target = users::table.filter(users::id.eq(id));
    diesel::update(target).set(users::password.eq(Some(password_hash))).execute(connection)?;
    end_sessions_of(connection, id)
}

pub(super) fn row_with_id(connection: &mut AnyConnection, id: &UserId) -> Result<Option<Row>> {
    Ok(users::table.filter(users::id.eq(id.as_str())).select(Row::as_select()).first(connection).optional()?)
}

pub(super) fn user_with_id(connection: &mut AnyConnection, vault: &Vault, id: &UserId) -> Result<Option<User>> {
    row_with_id(connection, id)?.map(|row| row.into_model(vault)).transpose()
}

pub(super) fn place(user: &str) -> String {
    format!("user:{user}")
}

impl Vault {
    /// The keyed hash by which a user's address is found, in any case of its letters.
    pub(super) fn address_hash(&self, email: &str) -> Result<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.identity_key)
            .map_err(|_| StoreError::Internal("a key of hashes can't be used".to_owned()))?;
        mac.update(b"user address\0");
        mac.update(email.trim().to_lowercase().as_bytes());
        Ok(hex::encode(mac.finalize().into_bytes()))
    }
}
