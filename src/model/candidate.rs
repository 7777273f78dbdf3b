//! The tenant's person, behind an opaque reference.

use super::ids::CandidateRef;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A candidate as the API shows it: no name, no whole address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub candidate_ref: CandidateRef,
    /// The person's number in the employer's applicant tracking system; the last that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ats_id: Option<String>,
    pub created_at: DateTime<Utc>,
    pub credentials: u32,
    pub skills: u32,
    /// Addresses and DIDs that are known of the person.
    pub addresses: Vec<KnownAddress>,
}

/// An address or DID of a person, as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAddress {
    /// By which it can be taken away.
    pub id: String,
    pub kind: AddressKind,
    /// Enough of it to tell it from others: `a…a@example.org`.
    pub hint: String,
    pub source: IdentitySource,
    pub proven: bool,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    Email,
    Did,
}

impl AddressKind {
    /// What may be shown of an address or DID.
    pub fn hint(self, value: &str) -> String {
        match self {
            Self::Email => {
                let (local, domain) = value.rsplit_once('@').unwrap_or((value, ""));
                let mut letters = local.chars();
                let first: String = letters.next().into_iter().collect();
                // The last letter of a short name would give most of the name away.
                let last: String = letters.nth(1).and_then(|_| local.chars().last()).into_iter().collect();
                format!("{first}…{last}@{domain}")
            }
            Self::Did => {
                let method: String = value.split(':').take(2).collect::<Vec<_>>().join(":");
                let end: Vec<char> = value.chars().rev().take(4).collect();
                format!("{method}:…{}", end.into_iter().rev().collect::<String>())
            }
        }
    }
}

/// Where the gateway has an identifier of a person from, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentitySource {
    /// Somebody typed it, or gave it with a list of files.
    Stated,
    /// A credential that came in for nobody is about it: the person is whoever has it.
    Subject,
    /// It stands in an accepted credential that was issued to a DID of the person, and a wallet proved the DID.
    Credential,
    /// A wallet signed with it.
    Wallet,
}

impl IdentitySource {
    /// Whether more than somebody's word ties it to the person.
    pub fn is_proven(self) -> bool {
        self >= Self::Credential
    }
}

/// The person's known addresses and names; sealed at rest, read by connectors that must find the person in an employer system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The person's number in the employer's applicant tracking system; the last that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ats_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dids: Vec<String>,
    /// Those of the addresses and DIDs that are proven.
    #[serde(skip)]
    pub proven: Vec<String>,
}

impl Identity {
    /// The addresses that are proven, and those that nobody has proven.
    pub fn emails_by_proof(&self) -> (Vec<String>, Vec<String>) {
        self.emails.iter().cloned().partition(|email| self.proven.contains(email))
    }

    /// The address to reach the person at: a proven address, else the address known for the longest time.
    pub fn first_email(&self) -> Option<&String> {
        self.emails.iter().find(|email| self.proven.contains(email)).or_else(|| self.emails.first())
    }

    /// The DIDs that wallets signed with.
    pub fn proven_dids(&self) -> Vec<String> {
        self.dids.iter().filter(|did| self.proven.contains(did)).cloned().collect()
    }
}

/// Everything that tells who a candidate is, for the employer's own people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FullIdentity {
    pub names: Vec<String>,
    pub addresses: Vec<FullAddress>,
    /// Numbers in the employer's applicant tracking system, the oldest first.
    pub ats_ids: Vec<String>,
    /// The reference is the employer's own.
    pub is_employers: bool,
    /// References that a merger replaced.
    pub aliases: Vec<CandidateRef>,
}

/// An address or DID in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullAddress {
    /// By which it can be taken away.
    pub id: String,
    pub kind: AddressKind,
    pub value: String,
    pub source: IdentitySource,
    pub created_at: DateTime<Utc>,
}

const MAX_EMAIL_BYTES: usize = 254;

/// Whether the text has the form of an e-mail address.
pub fn is_email(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    plain && text.len() <= MAX_EMAIL_BYTES && !local.is_empty() && !domain.is_empty() && !local.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_tells_addresses_apart_and_never_shows_a_whole_address() {
        for (address, hint) in [
            ("ada@example.org", "a…a@example.org"),
            ("adam@example.org", "a…m@example.org"),
            ("al@example.org", "a…@example.org"),
            ("a@example.org", "a…@example.org"),
            ("é@example.org", "é…@example.org"),
        ] {
            assert_eq!(AddressKind::Email.hint(address), hint);
        }
        assert_eq!(AddressKind::Did.hint("did:key:z6MkeZdRnNff"), "did:key:…nNff");
    }
}
