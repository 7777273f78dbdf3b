//! The documents that a controller published over time, and the key for a signature of a given moment.
//! Comes in: documents with the moments from which they count. Goes out: the key, and the moment at which it was retired.
//! Must not know: where documents come from, signatures.

use super::{KeyError, Purpose, ResolvedKey, from_document};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A document and the moment from which it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub from: DateTime<Utc>,
    pub document: Value,
}

/// A controller's documents: the current document and, for methods with a history, older documents, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub current: Value,
    /// Includes the current document; empty for methods without a history.
    pub versions: Vec<Version>,
}

impl From<Value> for History {
    fn from(current: Value) -> Self {
        Self { current, versions: Vec::new() }
    }
}

impl History {
    /// The key `url` of `controller`. A key that only an older document lists, or whose name stands for another key today, is returned
    /// with the moment of its retirement.
    ///
    /// `signed`: the time of the signature, as the signer states it.
    pub fn key(
        &self,
        controller: &str,
        url: &str,
        purpose: Purpose,
        signed: Option<DateTime<Utc>>,
    ) -> Result<ResolvedKey, KeyError> {
        let listed = |document: &Value| from_document(document, controller, url, purpose);
        let usable = |version: &Version| listed(&version.document).ok().filter(|key| key.allowed);
        let current = listed(&self.current);
        let then = signed.and_then(|signed| self.versions.iter().rposition(|version| version.from <= signed));
        let at_the_time = then.and_then(|index| Some((index, usable(self.versions.get(index)?)?)));
        let found = match (&current, at_the_time) {
            (Ok(key), None) if key.allowed => return current,
            (Ok(key), Some((_, then))) if key.allowed && key.key == then.key => return current,
            (_, Some(found)) => Some(found),
            (_, None) => {
                let last = self.versions.iter().enumerate().rev();
                last.filter_map(|(index, version)| Some((index, usable(version)?))).next()
            }
        };
        let Some((index, key)) = found else { return current };
        let mut later = self.versions.iter().skip(index + 1);
        let successor = later.find(|version| usable(version).is_none_or(|other| other.key != key.key));
        match successor {
            Some(successor) => Ok(ResolvedKey { retired: Some(successor.from), ..key }),
            None => current,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::keys::PublicKey;
    use serde_json::json;

    const DID: &str = "did:webvh:x:example.org";

    fn multikey(seed: u8) -> String {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key();
        format!("z{}", bs58::encode([&[0xed, 1], key.as_bytes().as_slice()].concat()).into_string())
    }

    fn moment(year: i32) -> DateTime<Utc> {
        format!("{year}-01-01T00:00:00Z").parse().unwrap()
    }

    /// Documents of 2020, 2021 and so on, each with its keys.
    fn history(documents: &[&[(&str, u8)]]) -> History {
        let document = |keys: &&[(&str, u8)]| {
            let methods: Vec<Value> = keys
                .iter()
                .map(|(name, seed)| json!({"id": format!("#{name}"), "type": "Multikey", "publicKeyMultibase": multikey(*seed)}))
                .collect();
            json!({"id": DID, "assertionMethod": methods})
        };
        let versions: Vec<Version> =
            documents.iter().zip(2020..).map(|(keys, year)| Version { from: moment(year), document: document(keys) }).collect();
        History { current: versions.last().unwrap().document.clone(), versions }
    }

    fn key(history: &History, name: &str, signed: Option<i32>) -> Result<(u8, Option<DateTime<Utc>>), KeyError> {
        let key = history.key(DID, &format!("{DID}#{name}"), Purpose::AssertionMethod, signed.map(moment))?;
        let seed = (0..9).find(|seed| PublicKey::from_multikey(&multikey(*seed)).unwrap() == key.key).unwrap();
        Ok((seed, key.retired))
    }

    #[test]
    fn a_key_that_is_listed_today_is_the_key_whenever_it_signed() {
        let history = history(&[&[("a", 1)], &[("a", 1), ("b", 2)]]);
        for signed in [None, Some(2019), Some(2020), Some(2030)] {
            assert_eq!(key(&history, "a", signed).unwrap(), (1, None));
            assert_eq!(key(&history, "b", signed).unwrap(), (2, None));
        }
    }

    #[test]
    fn a_key_that_was_dropped_is_given_with_the_moment_of_its_retirement() {
        let history = history(&[&[("a", 1)], &[("a", 1), ("b", 2)], &[("b", 2)]]);
        for signed in [None, Some(2020), Some(2021), Some(2030)] {
            assert_eq!(key(&history, "a", signed).unwrap(), (1, Some(moment(2022))), "{signed:?}");
        }
        assert!(key(&history, "c", Some(2020)).is_err());
    }

    #[test]
    fn a_name_that_stands_for_another_key_today_means_the_key_of_the_time() {
        let history = history(&[&[("a", 1)], &[("a", 2)]]);
        assert_eq!(key(&history, "a", Some(2020)).unwrap(), (1, Some(moment(2021))));
        for signed in [None, Some(2019), Some(2021)] {
            assert_eq!(key(&history, "a", signed).unwrap(), (2, None), "{signed:?}");
        }
    }
}
