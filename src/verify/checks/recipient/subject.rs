//! Whom a genuine credential is about, as identifiers by which a person can be found.
//! Comes in: the verified document. Goes out: DIDs, addresses and hashes of addresses.
//! Must not know: which persons there are.

use super::claims::{self, Claim, HashAlgorithm};
use super::{digest, equal};
use crate::document::members::each;
use crate::model::credential::VerifiedDocument;

/// Most identifiers of one subject that count.
const MAX_IDENTIFIERS: usize = 8;

/// An identifier of the person whom a credential is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectId {
    Did(String),
    Email(String),
    EmailHash(EmailHash),
}

/// A hash of an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailHash {
    algorithm: HashAlgorithm,
    hex: String,
    salt: String,
}

impl EmailHash {
    pub fn fits(&self, address: &str) -> bool {
        let given = address.trim();
        let is_hash_of = |tried: &str| equal(digest(self.algorithm, tried, &self.salt).as_bytes(), self.hex.as_bytes());
        let lower = given.to_lowercase();
        is_hash_of(given) || (lower != given && is_hash_of(&lower))
    }

    /// The same for the same hash with the same salt only.
    pub fn key(&self) -> String {
        let algorithm = match self.algorithm {
            HashAlgorithm::Sha256 => "sha256",
            HashAlgorithm::Md5 => "md5",
        };
        format!("{algorithm}${}${}", self.hex, self.salt)
    }
}

/// DIDs first, then addresses, then hashes. None for a document that speaks of several people: nobody can tell whose it is.
pub fn subject(document: &VerifiedDocument) -> Vec<SubjectId> {
    if each(&document.json["credentialSubject"]).nth(1).is_some() {
        return Vec::new();
    }
    let mut dids = Vec::new();
    let mut emails = Vec::new();
    let mut hashes = Vec::new();
    for claim in claims::of(&document.json, document.format) {
        match claim {
            Claim::Did(did) => dids.push(SubjectId::Did(did)),
            Claim::Email(address) if address.contains('@') => emails.push(SubjectId::Email(address)),
            Claim::Hash { algorithm, hex, salt, is_email: true } => {
                hashes.push(SubjectId::EmailHash(EmailHash { algorithm, hex, salt }));
            }
            _ => {}
        }
    }
    let mut all: Vec<SubjectId> = Vec::new();
    for id in dids.into_iter().chain(emails).chain(hashes) {
        if !all.contains(&id) {
            all.push(id);
        }
    }
    all.truncate(MAX_IDENTIFIERS);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::Format;
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn about(subject: Value) -> Vec<SubjectId> {
        let json = Arc::new(json!({ "credentialSubject": subject }));
        super::subject(&VerifiedDocument { format: Format::OpenBadges3, json, nested: Vec::new(), type_metadata: None })
    }

    #[test]
    fn a_subject_is_known_by_its_did_then_its_address_then_a_hash() {
        let hash = digest(HashAlgorithm::Sha256, "ada@example.org", "salt");
        let hashed =
            json!({"hashed": true, "identityType": "emailAddress", "identityHash": format!("sha256${hash}"), "salt": "salt"});
        let found = about(json!({"id": "did:example:ada", "email": "Ada@example.org", "identifier": [hashed.clone(), hashed]}));
        let [SubjectId::Did(did), SubjectId::Email(address), SubjectId::EmailHash(hash)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((did.as_str(), address.as_str()), ("did:example:ada", "Ada@example.org"));
        assert!(hash.fits("ada@example.org") && hash.fits(" Ada@Example.org") && !hash.fits("bob@example.org"));
    }

    #[test]
    fn a_credential_about_several_or_about_a_number_is_nobodys_that_is_known() {
        assert!(about(json!([{"id": "did:example:ada"}, {"id": "did:example:bob"}])).is_empty());
        assert!(about(json!({"id": "urn:uuid:1", "name": "Ada", "email": "unknown"})).is_empty());
    }
}
