//! Sealed values of the installation itself, by name.

use super::pool::{AnyConnection, each_backend};
use super::schema::settings;
use super::text::time_text;
use super::{Result, Store, StoreError};
use crate::model::secret::Secret;
use crate::seal::Sealer;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

const IDENTITY_KEY: &str = "identity-key";

impl Store {
    /// A value that only this installation's master key opens, for example the receipt signing key.
    pub async fn sealed_setting(&self, name: &str) -> Result<Option<Secret>> {
        let (name, sealer) = (name.to_owned(), self.0.vault.sealer.clone());
        self.read(move |connection| {
            let Some(plain) = load(connection, &sealer, &name)? else { return Ok(None) };
            let text = String::from_utf8(plain).map_err(|_| StoreError::Internal("a setting is damaged".to_owned()))?;
            Ok(Some(Secret::new(text)))
        })
        .await
    }

    /// Stores the value unless there is a value; returns the stored value, so that two processes agree.
    pub async fn keep_sealed_setting(&self, name: &str, value: &Secret, now: DateTime<Utc>) -> Result<Secret> {
        let (row_name, sealed) = (name.to_owned(), self.0.vault.sealer.seal(&context(name), value.expose().as_bytes())?);
        self.write(move |connection| insert_once(connection, &row_name, &sealed, &time_text(now))).await?;
        self.sealed_setting(name).await?.ok_or_else(|| StoreError::Internal("a setting went away".to_owned()))
    }
}

/// The key of the identity hashes: made at the first start, the same ever after.
pub fn identity_key(connection: &mut AnyConnection, sealer: &Sealer) -> Result<[u8; 32]> {
    use rand::RngCore;
    if load(connection, sealer, IDENTITY_KEY)?.is_none() {
        let mut fresh = [0u8; 32];
        rand::rngs::OsRng.fill_bytes(&mut fresh);
        let sealed = sealer.seal(&context(IDENTITY_KEY), &fresh)?;
        // This time is never read; a fixed time needs no clock.
        insert_once(connection, IDENTITY_KEY, &sealed, &time_text(DateTime::<Utc>::UNIX_EPOCH))?;
    }
    let key = load(connection, sealer, IDENTITY_KEY)?.and_then(|key| key.try_into().ok());
    key.ok_or_else(|| StoreError::Internal("the key of the identity hashes is damaged".to_owned()))
}

/// Writes a row as it is: shows whether there is room for a write.
pub fn write_nothing_new(connection: &mut AnyConnection) -> Result<()> {
    let row = settings::table.filter(settings::name.eq(IDENTITY_KEY));
    diesel::update(row).set(settings::updated_at.eq(settings::updated_at)).execute(connection)?;
    Ok(())
}

fn load(connection: &mut AnyConnection, sealer: &Sealer, name: &str) -> Result<Option<Vec<u8>>> {
    let sealed: Option<Vec<u8>> =
        settings::table.filter(settings::name.eq(name)).select(settings::value).first(connection).optional()?;
    let Some(sealed) = sealed else { return Ok(None) };
    let opened = sealer.open(&context(name), &sealed);
    opened.map(Some).map_err(|_| {
        StoreError::Internal("the master key does not open this database: give the key that it was made with".to_owned())
    })
}

fn insert_once(connection: &mut AnyConnection, name: &str, sealed: &[u8], now: &str) -> Result<()> {
    let row = (settings::name.eq(name), settings::value.eq(sealed), settings::updated_at.eq(now));
    each_backend!(connection, c => diesel::insert_into(settings::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

fn context(name: &str) -> String {
    format!("setting:{name}")
}
