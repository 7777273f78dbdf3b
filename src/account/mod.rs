//! People who sign in: passwords, second factors, locks, invitations.
//! Comes in: what a person types, and from where. Goes out: the user, or why not. Must not know: HTTP, cookies, pages.

mod password;
mod rate;
mod second_factor;

pub use second_factor::{Offer, qr_text};

use crate::model::account::{Actor, User};
use crate::model::clock::Clock;
use crate::model::ids::{TenantId, UserId};
use crate::model::secret::Secret;
use crate::store::{Attempt, Store, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use password::Hasher;
use rand::RngCore;
use rate::Rate;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// Keys: `session_hours`, `session_idle_minutes`, `lock_after`, `lock_minutes`, `attempts_per_minute`, `invite_hours`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// Hours until a session ends, however much it is used.
    pub session_hours: u32,
    /// Minutes without a request until a session ends.
    pub session_idle_minutes: u32,
    /// Failed attempts in a row until an account is locked.
    pub lock_after: u32,
    pub lock_minutes: u32,
    /// Attempts to sign in from one network in a minute.
    pub attempts_per_minute: u32,
    /// Hours until an invitation ends.
    pub invite_hours: u32,
}

/// Why somebody could not sign in, or a change was refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address, the password or the code is wrong: which of them is not told.
    #[error("the address, the password or the code is wrong")]
    Wrong,
    /// The password is right, and a code is needed, too.
    #[error("a code is needed")]
    CodeNeeded,
    #[error("the account is locked")]
    LockedUntil(DateTime<Utc>),
    #[error("too many attempts")]
    TooMany,
    #[error("the invitation was used before, or has expired")]
    NoInvitation,
    /// With a sentence on what is wrong with it.
    #[error("{0}")]
    BadPassword(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Cheap to clone; clones share the limits.
#[derive(Clone)]
pub struct Accounts {
    pub settings: AccountSettings,
    store: Store,
    clock: Clock,
    hasher: Hasher,
    rate: Rate,
}

impl Accounts {
    pub fn new(settings: AccountSettings, store: Store, clock: Clock) -> Self {
        let rate = Rate::new(settings.attempts_per_minute);
        Self { settings, store, clock, hasher: Hasher::default(), rate }
    }

    /// One more attempt from that network.
    ///
    /// # Errors
    /// [`AccountError::TooMany`]
    pub fn admit(&self, from: IpAddr) -> Result<(), AccountError> {
        if self.rate.admit(from, self.clock.now()) { Ok(()) } else { Err(AccountError::TooMany) }
    }

    /// The user with this address and password, and with this code when the user has a second factor. Takes as long for an unknown
    /// address as for a known one.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub async fn sign_in(&self, email: &str, password: &Secret, code: Option<&str>) -> Result<User, AccountError> {
        let (now, settings) = (self.clock.now(), &self.settings);
        let locked_for = Duration::minutes(i64::from(settings.lock_minutes));
        if let Attempt::LockedUntil(until) = self.store.begin_attempt(email, settings.lock_after, locked_for, now).await? {
            return Err(AccountError::LockedUntil(until));
        }
        let found = self.store.sign_in_by_email(email).await?;
        let stored = found.as_ref().and_then(|found| found.password.clone());
        let is_right = self.hasher.fits(password.clone(), stored).await?;
        let found = found.filter(|found| is_right && found.user.disabled_at.is_none()).ok_or(AccountError::Wrong)?;
        if let Some(secret) = &found.second_factor {
            let code = code.map(str::trim).filter(|code| !code.is_empty());
            let Some(code) = code else {
                // Counts as an attempt: else codes could be guessed without end.
                return Err(AccountError::CodeNeeded);
            };
            if !self.takes_code(&found.user.id, secret, code).await? {
                return Err(AccountError::Wrong);
            }
        }
        self.store.forget_attempts(email).await?;
        Ok(found.user)
    }

    /// A code of the authenticator app, or a recovery code; each counts once.
    async fn takes_code(&self, user: &UserId, secret: &Secret, code: &str) -> Result<bool, AccountError> {
        if let Some(step) = second_factor::step_of(secret, code, self.clock.now()) {
            return Ok(self.store.use_second_factor(user, step).await?);
        }
        Ok(self.store.use_recovery_code(user, &second_factor::recovery_hash(user, code)).await?)
    }

    /// A link's code by which the user sets a password. With `forget`, the password that there was counts no longer. `None`: no such user.
    ///
    /// # Errors
    /// [`AccountError::Store`]
    pub async fn invite(&self, tenant: &TenantId, user: &UserId, forget: bool) -> Result<Option<Secret>, AccountError> {
        let mut random = [0u8; 32];
        rand::rngs::OsRng.fill_bytes(&mut random);
        let code = Secret::new(URL_SAFE_NO_PAD.encode(random));
        let ends = self.clock.now() + Duration::hours(i64::from(self.settings.invite_hours));
        let made = self.store.invite_user(tenant, user, &hash(code.expose()), ends, forget).await?;
        Ok(made.then_some(code))
    }

    /// Whom an invitation is for.
    ///
    /// # Errors
    /// [`AccountError::NoInvitation`]
    pub async fn invited(&self, code: &str) -> Result<User, AccountError> {
        self.store.invited_user(&hash(code), self.clock.now()).await?.ok_or(AccountError::NoInvitation)
    }

    /// Sets the password by an invitation.
    ///
    /// # Errors
    /// [`AccountError::NoInvitation`], [`AccountError::BadPassword`]
    pub async fn accept(&self, code: &str, password: Secret) -> Result<User, AccountError> {
        let user = self.invited(code).await?;
        password::check(password.expose(), &user.email)?;
        let hashed = self.hasher.hash(password).await?;
        self.store.use_invite(&hash(code), &hashed, self.clock.now()).await?.ok_or(AccountError::NoInvitation)
    }

    /// Changes the password of somebody who knows it. All their sessions end.
    ///
    /// # Errors
    /// [`AccountError::Wrong`] when the old password is wrong, [`AccountError::BadPassword`]
    pub async fn change_password(&self, user: &User, old: Secret, new: Secret) -> Result<(), AccountError> {
        self.confirm(user, old).await?;
        self.set_password(user, new).await
    }

    /// Sets a password without asking for an old one.
    ///
    /// # Errors
    /// [`AccountError::BadPassword`]
    pub async fn set_password(&self, user: &User, new: Secret) -> Result<(), AccountError> {
        password::check(new.expose(), &user.email)?;
        let hashed = self.hasher.hash(new).await?;
        Ok(self.store.set_user_password(&user.id, &hashed).await?)
    }

    /// Whether a person who is signed in knows the password; counts as an attempt.
    async fn confirm(&self, user: &User, password: Secret) -> Result<(), AccountError> {
        let (now, settings) = (self.clock.now(), &self.settings);
        let locked_for = Duration::minutes(i64::from(settings.lock_minutes));
        if let Attempt::LockedUntil(until) = self.store.begin_attempt(&user.email, settings.lock_after, locked_for, now).await? {
            return Err(AccountError::LockedUntil(until));
        }
        let found = self.store.sign_in_by_email(&user.email).await?;
        if !self.hasher.fits(password, found.and_then(|found| found.password)).await? {
            return Err(AccountError::Wrong);
        }
        Ok(self.store.forget_attempts(&user.email).await?)
    }

    /// A new secret for an authenticator app. It counts once it is confirmed.
    ///
    /// # Errors
    /// [`AccountError::Wrong`] when the password is wrong
    pub async fn offer_second_factor(&self, user: &User, password: Secret) -> Result<Offer, AccountError> {
        self.confirm(user, password).await?;
        let offer = Offer::new(&user.email);
        self.store.offer_second_factor(&user.id, &offer.secret).await?;
        Ok(offer)
    }

    /// The second factor counts from now on. Goes out: recovery codes, shown this once.
    ///
    /// # Errors
    /// [`AccountError::Wrong`] when the code is not one of the offered secret
    pub async fn confirm_second_factor(&self, user: &UserId, code: &str) -> Result<Vec<String>, AccountError> {
        let secret = self.store.offered_second_factor(user).await?.ok_or(AccountError::Wrong)?;
        let step = second_factor::step_of(&secret, code.trim(), self.clock.now()).ok_or(AccountError::Wrong)?;
        let codes = second_factor::recovery_codes();
        let hashes = codes.iter().map(|code| second_factor::recovery_hash(user, code)).collect();
        match self.store.confirm_second_factor(user, step, hashes).await? {
            true => Ok(codes),
            false => Err(AccountError::Wrong),
        }
    }

    /// # Errors
    /// [`AccountError::Wrong`] when the password is wrong
    pub async fn remove_second_factor(&self, user: &User, password: Secret) -> Result<(), AccountError> {
        self.confirm(user, password).await?;
        Ok(self.store.remove_second_factor(&user.id).await?)
    }

    /// Begins a session. Goes out: the secret for the cookie, and the end.
    ///
    /// # Errors
    /// [`AccountError::Store`]
    pub async fn begin_session(
        &self,
        tenant: &TenantId,
        actor: &Actor,
        from: IpAddr,
    ) -> Result<(Secret, Duration), AccountError> {
        let mut random = [0u8; 32];
        rand::rngs::OsRng.fill_bytes(&mut random);
        let secret = Secret::new(URL_SAFE_NO_PAD.encode(random));
        let (now, length) = (self.clock.now(), Duration::hours(i64::from(self.settings.session_hours)));
        let hashed = hash(secret.expose());
        self.store.begin_session(tenant, actor, &hashed, &from.to_string(), now, now + length).await?;
        Ok((secret, length))
    }
}

/// Lower-case hex SHA-256: how secrets of 256 random bits are stored.
pub fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Whether a text can be an e-mail address: enough to find typing errors.
pub fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    text.len() <= 254 && parts.is_some_and(|(local, host)| plain(local) && plain(host))
}
