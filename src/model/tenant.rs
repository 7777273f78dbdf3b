//! The employer (tenant) and its API keys.

use super::account::Role;
use super::ids::{ApiKeyId, TenantId};
use super::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

const KEY_PREFIX: &str = "sk_";
const SHOWN_CHARACTERS: usize = 8;

/// Whether a tenant may have this name: lower-case letters, digits and hyphens, 63 at most. Folders and variables are named after it.
pub fn is_tenant_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// An API key in clear text, which exists only during its creation. It has 256 random bits, so a plain hash protects it.
pub struct GeneratedKey(Secret);

impl GeneratedKey {
    #[allow(clippy::new_without_default, reason = "every call makes another secret; a default would hide that")]
    pub fn new() -> Self {
        let mut random = [0u8; 32];
        rand::rngs::OsRng.fill_bytes(&mut random);
        Self(Secret::new(format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(random))))
    }

    /// A key that the operator chose.
    pub fn chosen(key: Secret) -> Self {
        Self(key)
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The first characters of the key, which identify it in a list.
    pub fn prefix(&self) -> &str {
        let end = self.expose().char_indices().nth(SHOWN_CHARACTERS).map_or(self.expose().len(), |(at, _)| at);
        &self.expose()[..end]
    }

    pub fn hash(&self) -> String {
        hash_api_key(self.expose())
    }
}

/// Lower-case hex SHA-256, the only stored form of a key.
pub fn hash_api_key(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// An API key in a list; only its hash is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub tenant_id: TenantId,
    pub name: String,
    /// The first characters of the key, which identify it.
    pub prefix: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// Public keys of a system that signs its token requests (a JSON Web Key Set). Such a system has no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
}
