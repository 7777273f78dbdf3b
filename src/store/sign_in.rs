//! What signing in reads and writes: attempts and locks, the password's hash, the second factor, recovery codes.
//! Comes in: addresses, hashes, periods of codes. Goes out: what to compare with. Must not know: how passwords are hashed.

use super::account_schema::{sign_in_attempts, user_recovery_codes, users};
use super::pool::each_backend;
use super::text::{parse_times, time_text};
use super::users::{Row, place, row_with_id};
use super::{Result, Store};
use crate::model::account::User;
use crate::model::ids::UserId;
use crate::model::secret::Secret;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;

/// Attempts are forgotten after this time without another.
const ATTEMPTS_KEPT: Duration = Duration::days(1);

/// Whether another attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    Allowed,
    LockedUntil(DateTime<Utc>),
}

/// What an attempt to sign in is compared with.
pub struct SignIn {
    pub user: User,
    /// Argon2id in the PHC form.
    pub password: Option<String>,
    /// Base32, as authenticator apps take it.
    pub second_factor: Option<Secret>,
}

impl Store {
    /// Counts an attempt as failed until [`Store::forget_attempts`]: simultaneous attempts can't pass the limit. Addresses of nobody are
    /// counted, too, so that nothing tells them apart.
    pub async fn begin_attempt(&self, email: &str, most: u32, locked_for: Duration, now: DateTime<Utc>) -> Result<Attempt> {
        let hash = self.0.vault.address_hash(email)?;
        self.write(move |connection| {
            let old = sign_in_attempts::table.filter(sign_in_attempts::updated_at.lt(time_text(now - ATTEMPTS_KEPT)));
            diesel::delete(old).execute(connection)?;
            let first = (
                sign_in_attempts::email_hash.eq(&hash),
                sign_in_attempts::failures.eq(0),
                sign_in_attempts::updated_at.eq(time_text(now)),
            );
            each_backend!(connection, c => diesel::insert_into(sign_in_attempts::table).values(first).on_conflict_do_nothing().execute(c))?;
            let target = || sign_in_attempts::table.filter(sign_in_attempts::email_hash.eq(&hash));
            // The update takes the row's lock before the row is read.
            let counted = (
                sign_in_attempts::failures.eq(sign_in_attempts::failures + 1),
                sign_in_attempts::updated_at.eq(time_text(now)),
            );
            diesel::update(target()).set(counted).execute(connection)?;
            let (failures, locked_until): (i64, Option<String>) = target()
                .select((sign_in_attempts::failures, sign_in_attempts::locked_until))
                .first(connection)?;
            match parse_times(locked_until)? {
                Some(until) if until > now => return Ok(Attempt::LockedUntil(until)),
                // The lock is over: counting begins anew.
                Some(_) => {
                    let anew = (sign_in_attempts::failures.eq(1), sign_in_attempts::locked_until.eq(None::<String>));
                    diesel::update(target()).set(anew).execute(connection)?;
                }
                None if failures >= i64::from(most) => {
                    let until = sign_in_attempts::locked_until.eq(Some(time_text(now + locked_for)));
                    diesel::update(target()).set(until).execute(connection)?;
                }
                None => {}
            }
            Ok(Attempt::Allowed)
        })
        .await
    }

    /// After a success.
    pub async fn forget_attempts(&self, email: &str) -> Result<()> {
        let hash = self.0.vault.address_hash(email)?;
        self.write(move |connection| {
            diesel::delete(sign_in_attempts::table.filter(sign_in_attempts::email_hash.eq(hash))).execute(connection)?;
            Ok(())
        })
        .await
    }

    pub async fn sign_in_by_email(&self, email: &str) -> Result<Option<SignIn>> {
        let (hash, vault) = (self.0.vault.address_hash(email)?, self.0.vault.clone());
        self.read(move |connection| {
            let row: Option<Row> =
                users::table.filter(users::email_hash.eq(hash)).select(Row::as_select()).first(connection).optional()?;
            let Some(row) = row else { return Ok(None) };
            let sealed = row.second_factor.as_deref();
            let second_factor = sealed.map(|sealed| vault.open_secret(&place(&row.id), sealed)).transpose()?;
            Ok(Some(SignIn { password: row.password.clone(), second_factor, user: row.into_model(&vault)? }))
        })
        .await
    }

    /// Takes the code of a period of 30 seconds, once: a code of the same or an earlier period is refused ever after.
    pub async fn use_second_factor(&self, id: &UserId, step: i64) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let target = users::table.filter(users::id.eq(id.as_str())).filter(users::second_factor_step.lt(step));
            Ok(diesel::update(target).set(users::second_factor_step.eq(step)).execute(connection)? == 1)
        })
        .await
    }

    /// Takes a recovery code, once.
    pub async fn use_recovery_code(&self, id: &UserId, hash: &str) -> Result<bool> {
        let (id, hash) = (id.clone(), hash.to_owned());
        self.write(move |connection| {
            let target = user_recovery_codes::table
                .filter(user_recovery_codes::user_id.eq(id.as_str()))
                .filter(user_recovery_codes::hash.eq(hash));
            Ok(diesel::delete(target).execute(connection)? == 1)
        })
        .await
    }

    /// A second factor that counts only after its owner has confirmed it.
    pub async fn offer_second_factor(&self, id: &UserId, secret: &Secret) -> Result<()> {
        let (id, sealed) = (id.clone(), self.0.vault.seal_secret(&place(id.as_str()), secret)?);
        self.write(move |connection| {
            let target = users::table.filter(users::id.eq(id.as_str()));
            diesel::update(target).set(users::second_factor_new.eq(Some(sealed))).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// The second factor that waits for its owner's confirmation.
    pub async fn offered_second_factor(&self, id: &UserId) -> Result<Option<Secret>> {
        let (id, vault) = (id.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let sealed = row_with_id(connection, &id)?.and_then(|row| row.second_factor_new);
            sealed.map(|sealed| vault.open_secret(&place(id.as_str()), &sealed)).transpose()
        })
        .await
    }

    /// The offered second factor counts from now on. `codes`: hashes of the recovery codes, in the place of earlier ones.
    pub async fn confirm_second_factor(&self, id: &UserId, step: i64, codes: Vec<String>) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let Some(offered) = row_with_id(connection, &id)?.and_then(|row| row.second_factor_new) else { return Ok(false) };
            let confirmed = (
                users::second_factor.eq(Some(offered)),
                users::second_factor_new.eq(None::<Vec<u8>>),
                users::second_factor_step.eq(step),
            );
            diesel::update(users::table.filter(users::id.eq(id.as_str()))).set(confirmed).execute(connection)?;
            diesel::delete(user_recovery_codes::table.filter(user_recovery_codes::user_id.eq(id.as_str())))
                .execute(connection)?;
            for code in &codes {
                let values = (user_recovery_codes::user_id.eq(id.as_str()), user_recovery_codes::hash.eq(code));
                diesel::insert_into(user_recovery_codes::table).values(values).execute(connection)?;
            }
            Ok(true)
        })
        .await
    }

    pub async fn remove_second_factor(&self, id: &UserId) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            let nothing = (users::second_factor.eq(None::<Vec<u8>>), users::second_factor_new.eq(None::<Vec<u8>>));
            diesel::update(users::table.filter(users::id.eq(id.as_str()))).set(nothing).execute(connection)?;
            diesel::delete(user_recovery_codes::table.filter(user_recovery_codes::user_id.eq(id.as_str())))
                .execute(connection)?;
            Ok(())
        })
        .await
    }
}
