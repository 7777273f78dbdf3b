//! Identifiers: UUIDv7 text with one type per kind, so that the compiler keeps the kinds apart.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// A new identifier that sorts by its creation time (UUIDv7, RFC 9562).
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7().to_string())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    )+};
}

id!(
    /// The employer. The first one is `default`.
    TenantId,
    ApiKeyId,
    UserId,
    SessionId,
    SubmissionId,
    CredentialId,
    /// The tenant's person: random, never derived from a name or an address.
    CandidateRef,
    EventId,
    ConnectionId,
    DeliveryId,
    AttemptId,
    /// A VCALM or OpenID4VP exchange: random, because its URL is a capability.
    ExchangeId,
);

const MAX_ID_BYTES: usize = 128;

/// Letters, digits and `-._:@+`, at most 128 of them: what identifiers of ours and opaque references of employers are made of.
pub fn is_identifier(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:@+".contains(&byte);
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(allowed)
}
