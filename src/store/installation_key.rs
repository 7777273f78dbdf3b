//! The installation's key, which seals everything that belongs to no person, and the keys of persons. Only this key is sealed with the
//! master key, so the master key can be changed while gateways run: for a time, the old and the new master key open it.
//! Comes in: a master key. Goes out: the installation's key. Must not know: what is sealed with it.

use super::pool::{AnyConnection, each_backend};
use super::schema::settings;
use super::text::time_text;
use super::{Result, Store, StoreError};
use crate::seal::Sealer;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use zeroize::Zeroizing;

/// Names of the rows: sealed with the master key that counts, and with the master key that is to count.
const NAME: &str = "installation-key";
const NEXT: &str = "installation-key-next";
/// The place of the sealed value, the same in both rows.
const PLACE: &str = "setting:installation-key";

type Key = Zeroizing<[u8; 32]>;

/// How far a change of the master key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Both master keys open the database: give every process the new key, then finish.
    BothCount,
    /// Only the new master key opens the database.
    Finished,
    /// There is nothing to finish: no change was begun, or the given key is not the new one.
    NotBegun,
}

impl Store {
    /// Begins a change of the master key: from now on, the new key opens the database as well. May be repeated, also with another
    /// new key, which then counts instead.
    pub async fn begin_rotation(&self, new: Sealer, now: DateTime<Utc>) -> Result<Rotation> {
        let master = self.0.master.clone();
        self.write(move |connection| {
            let key = open(connection, &master)?.ok_or_else(wrong_key)?;
            put(connection, NEXT, &new.seal(PLACE, key.as_slice())?, now)?;
            Ok(Rotation::BothCount)
        })
        .await
    }

    /// Ends it, when this store was opened with the new master key: the old key opens nothing any more.
    pub async fn finish_rotation(&self, now: DateTime<Utc>) -> Result<Rotation> {
        let master = self.0.master.clone();
        self.write(move |connection| {
            let next = value(connection, NEXT)?.filter(|sealed| master.open(PLACE, sealed).is_ok());
            let Some(next) = next else { return Ok(Rotation::NotBegun) };
            put(connection, NAME, &next, now)?;
            diesel::delete(settings::table.filter(settings::name.eq(NEXT))).execute(connection)?;
            Ok(Rotation::Finished)
        })
        .await
    }

    /// Seals what belongs to the installation, for example cookies. The same in every process, also while the master key changes.
    pub fn sealer(&self) -> Sealer {
        self.0.vault.sealer.clone()
    }
}

/// The sealer of the installation's key: made at the first start, the same ever after.
pub fn sealer(connection: &mut AnyConnection, master: &Sealer) -> Result<Sealer> {
    use rand::RngCore;
    if value(connection, NAME)?.is_none() {
        let mut fresh = Zeroizing::new([0u8; 32]);
        rand::rngs::OsRng.fill_bytes(fresh.as_mut_slice());
        let row = (
            settings::name.eq(NAME),
            settings::value.eq(master.seal(PLACE, fresh.as_slice())?),
            // This time is never read; a fixed time needs no clock.
            settings::updated_at.eq(time_text(DateTime::<Utc>::UNIX_EPOCH)),
        );
        each_backend!(connection, c => diesel::insert_into(settings::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    let key = open(connection, master)?.ok_or_else(wrong_key)?;
    Ok(Sealer::new(&key))
}

/// The key, when the master key opens either row.
fn open(connection: &mut AnyConnection, master: &Sealer) -> Result<Option<Key>> {
    for name in [NAME, NEXT] {
        let opened = value(connection, name)?.and_then(|sealed| master.open(PLACE, &sealed).ok()).map(Zeroizing::new);
        if let Some(opened) = opened {
            let key: [u8; 32] =
                opened.as_slice().try_into().map_err(|_| StoreError::Internal("the installation's key is damaged".to_owned()))?;
            return Ok(Some(Zeroizing::new(key)));
        }
    }
    Ok(None)
}

fn wrong_key() -> StoreError {
    StoreError::Internal("the master key does not open this database: give the key that it was made with".to_owned())
}

fn value(connection: &mut AnyConnection, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(settings::table.filter(settings::name.eq(name)).select(settings::value).first(connection).optional()?)
}

fn put(connection: &mut AnyConnection, name: &str, sealed: &[u8], now: DateTime<Utc>) -> Result<()> {
    let values = (settings::value.eq(sealed), settings::updated_at.eq(time_text(now)));
    let row = (settings::name.eq(name), settings::value.eq(sealed), settings::updated_at.eq(time_text(now)));
    each_backend!(connection, c => {
        diesel::insert_into(settings::table).values(row).on_conflict(settings::name).do_update().set(values).execute(c)
    })?;
    Ok(())
}
