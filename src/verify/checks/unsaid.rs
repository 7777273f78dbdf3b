//! What a credential does not say of its own validity: where its holder may show a part only, silence proves nothing.
//! Comes in: a credential's members. Goes out: what is missing, in words for a reader.
//! Must not know: how a holder leaves something out.

use serde_json::{Map, Value};

/// Each member with the one of data model 1.1 that says the same, and what a reader misses without them.
const LIFECYCLE: [(&[&str], &str); 3] = [
    (&["validFrom", "issuanceDate"], "from when the credential is valid"),
    (&["validUntil", "expirationDate"], "until when the credential is valid"),
    (&["credentialStatus"], "whether the credential can be revoked"),
];

/// The first name of each member that is missing, and what it would have said.
pub fn lifecycle(members: &Map<String, Value>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let absent = LIFECYCLE.iter().filter(|(names, _)| names.iter().all(|name| !members.contains_key(*name)));
    absent.filter_map(|(names, what)| Some((*names.first()?, *what)))
}
