//! Foreign content at rest: received bytes, file names, reports, normalised credentials, events.
//! Comes in: values, the key of the person whom they are about, and the place that they belong to. Goes out: bytes that open only with that
//! key, and only in that place. Values are packed first, because sealed bytes can't be. Must not know: which tables hold them.
//!
//! The first byte says which key opens a value: 0 the master key; 1 the key whose id (16 bytes) follows.

use super::data_keys::{DataKey, KeyId};
use super::packed::{self, Kind};
use super::pool::AnyConnection;
use super::{Result, StoreError, Vault};
use crate::model::secret::Secret;
use crate::seal::SealError;
use serde::Serialize;
use serde::de::DeserializeOwned;

const MASTER: u8 = 0;
const OWN: u8 = 1;

impl DataKey {
    /// `place`: the owner of the value, for example `credential:ID`; opening needs the same.
    pub(super) fn seal(&self, place: &str, value: &[u8]) -> Result<Vec<u8>> {
        let sealed = self.sealer.seal(place, value)?;
        Ok(match &self.id {
            None => [&[MASTER], sealed.as_slice()].concat(),
            Some(id) => [&[OWN], id.as_slice(), &sealed].concat(),
        })
    }

    pub(super) fn pack(&self, place: &str, kind: Kind, value: &[u8]) -> Result<Vec<u8>> {
        self.seal(place, &packed::pack(kind, value))
    }

    pub(super) fn pack_json<T: Serialize>(&self, place: &str, kind: Kind, value: &T) -> Result<Vec<u8>> {
        self.seal(place, &packed::pack_json(kind, value)?)
    }
}

impl Vault {
    /// [`StoreError::Erased`] when the value's key was destroyed.
    pub(super) fn open(&self, connection: &mut AnyConnection, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let (key, rest) = self.key_and_rest(connection, sealed)?;
        Ok(key.sealer.open(place, rest)?)
    }

    /// The key that a value is sealed with.
    pub(super) fn key_in(&self, connection: &mut AnyConnection, sealed: &[u8]) -> Result<DataKey> {
        self.key_and_rest(connection, sealed).map(|(key, _)| key)
    }

    fn key_and_rest<'v>(&self, connection: &mut AnyConnection, sealed: &'v [u8]) -> Result<(DataKey, &'v [u8])> {
        match sealed.split_first() {
            Some((&MASTER, rest)) => Ok((self.master(), rest)),
            Some((&OWN, rest)) => {
                let (id, rest) = rest.split_first_chunk::<{ size_of::<KeyId>() }>().ok_or(SealError::WrongKeyOrDamaged)?;
                Ok((self.key(connection, *id)?, rest))
            }
            _ => Err(SealError::WrongKeyOrDamaged.into()),
        }
    }

    pub(super) fn unpack(&self, connection: &mut AnyConnection, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        packed::unpack(self.open(connection, place, sealed)?)
    }

    pub(super) fn unpack_json<T: DeserializeOwned>(
        &self,
        connection: &mut AnyConnection,
        place: &str,
        sealed: &[u8],
    ) -> Result<T> {
        packed::unpack_json(self.open(connection, place, sealed)?)
    }

    pub(super) fn unpack_text(&self, connection: &mut AnyConnection, place: &str, sealed: &[u8]) -> Result<String> {
        packed::unpack_text(self.open(connection, place, sealed)?)
    }

    /// A text that is too short to be packed.
    pub(super) fn open_text(&self, connection: &mut AnyConnection, place: &str, sealed: &[u8]) -> Result<String> {
        String::from_utf8(self.open(connection, place, sealed)?)
            .map_err(|_| StoreError::Internal("a stored text can't be read".to_owned()))
    }
}

/// Secrets of the installation's connections and channels. They belong to no person, so the master key seals them.
impl Vault {
    /// `place`: the owner and the name of the secret: a sealed secret can't be moved to another.
    pub(super) fn seal_secret(&self, place: &str, secret: &Secret) -> Result<Vec<u8>> {
        Ok(self.sealer.seal(place, secret.expose().as_bytes())?)
    }

    pub(super) fn open_secret(&self, place: &str, sealed: &[u8]) -> Result<Secret> {
        let plain = self.sealer.open(place, sealed)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| StoreError::Internal("a stored secret can't be read".to_owned()))
    }
}

/// Opens rows; those whose key was destroyed are left out, as their person was erased.
pub(super) fn readable<R, T>(rows: impl IntoIterator<Item = R>, mut open: impl FnMut(R) -> Result<T>) -> Result<Vec<T>> {
    let kept = |row| match open(row) {
        Err(StoreError::Erased) => None,
        other => Some(other),
    };
    rows.into_iter().filter_map(kept).collect()
}

/// The same for one row.
pub(super) fn readable_one<R, T>(row: Option<R>, open: impl FnMut(R) -> Result<T>) -> Result<Option<T>> {
    Ok(readable(row, open)?.pop())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Sealer;
    use serde_json::json;
    use std::sync::Arc;

    fn opened(vault: &Vault, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        // The master key needs no table of keys.
        let mut connection = AnyConnection::Sqlite(diesel::Connection::establish(":memory:").unwrap());
        vault.unpack(&mut connection, place, sealed)
    }

    #[test]
    fn a_value_opens_in_its_place_only_and_is_packed() {
        let vault = Vault { sealer: Sealer::new(&[7; 32]), identity_key: Arc::new([0; 32]), known: Arc::default() };
        let report = json!({"checks": vec![json!({"status": "pass", "message": "The signature is right."}); 20]});
        let sealed = vault.master().pack_json("credential:1", Kind::Report, &report).unwrap();
        assert!(sealed.len() < report.to_string().len() / 4, "{}", sealed.len());
        assert_eq!(opened(&vault, "credential:1", &sealed).unwrap(), report.to_string().into_bytes());
        for (place, sealed) in
            [("credential:2", &sealed[..]), ("credential:1", &sealed[1..]), ("credential:1", b""), ("", b"\x02")]
        {
            assert!(opened(&vault, place, sealed).is_err());
        }
    }
}
