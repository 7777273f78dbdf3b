//! Members about validity that a credential lacks. In a partly disclosed credential, the holder may have left them out.
//! Comes in: a credential's members. Goes out: the missing members, in words for a reader.
//! Must not know: how a holder leaves a member out.

use serde_json::{Map, Value};

/// Each member with its name in data model 1.1, and the question that stays open without it.
const LIFECYCLE: [(&[&str], &str); 3] = [
    (&["validFrom", "issuanceDate"], "from when the credential is valid"),
    (&["validUntil", "expirationDate"], "until when the credential is valid"),
    (&["credentialStatus"], "whether the credential can be revoked"),
];

/// The first name of each missing member, and the question that stays open.
pub fn lifecycle(members: &Map<String, Value>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let absent = LIFECYCLE.iter().filter(|(names, _)| names.iter().all(|name| !members.contains_key(*name)));
    absent.filter_map(|(names, what)| Some((*names.first()?, *what)))
}
