//! Foreign content at rest: received bytes, file names, reports, what was read from credentials, events.
//! Comes in: values and the place that they belong to. Goes out: bytes that open only with the master key, and only in that place.
//! Values are packed first, because sealed bytes can't be. Must not know: which tables hold them.

use super::packed::{self, Kind};
use super::{Result, StoreError, Vault};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Vault {
    /// `place`: what the value belongs to, for example `credential:ID`; opening needs the same.
    pub(super) fn pack(&self, place: &str, kind: Kind, value: &[u8]) -> Result<Vec<u8>> {
        Ok(self.sealer.seal(place, &packed::pack(kind, value))?)
    }

    pub(super) fn unpack(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        packed::unpack(self.sealer.open(place, sealed)?)
    }

    pub(super) fn pack_json<T: Serialize>(&self, place: &str, kind: Kind, value: &T) -> Result<Vec<u8>> {
        Ok(self.sealer.seal(place, &packed::pack_json(kind, value)?)?)
    }

    pub(super) fn unpack_json<T: DeserializeOwned>(&self, place: &str, sealed: &[u8]) -> Result<T> {
        packed::unpack_json(self.sealer.open(place, sealed)?)
    }

    pub(super) fn unpack_text(&self, place: &str, sealed: &[u8]) -> Result<String> {
        packed::unpack_text(self.sealer.open(place, sealed)?)
    }

    /// A name that somebody gave: too short to be packed.
    pub(super) fn seal_name(&self, place: &str, name: &str) -> Result<Vec<u8>> {
        Ok(self.sealer.seal(place, name.as_bytes())?)
    }

    pub(super) fn open_name(&self, place: &str, sealed: &[u8]) -> Result<String> {
        String::from_utf8(self.sealer.open(place, sealed)?)
            .map_err(|_| StoreError::Internal("a stored name can't be read".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::Sealer;
    use serde_json::{Value, json};
    use std::sync::Arc;

    #[test]
    fn a_value_opens_in_its_place_only_and_is_packed() {
        let vault = Vault { sealer: Sealer::new(&[7; 32]), identity_key: Arc::new([0; 32]) };
        let report = json!({"checks": vec![json!({"status": "pass", "message": "The signature is right."}); 20]});
        let sealed = vault.pack_json("credential:1", Kind::Report, &report).unwrap();
        assert!(sealed.len() < report.to_string().len() / 4, "{}", sealed.len());
        assert_eq!(vault.unpack_json::<Value>("credential:1", &sealed).unwrap(), report);
        assert!(vault.unpack_json::<Value>("credential:2", &sealed).is_err());
        let name = vault.seal_name("credential:1", "diploma.pdf").unwrap();
        assert_eq!(vault.open_name("credential:1", &name).unwrap(), "diploma.pdf");
    }
}
