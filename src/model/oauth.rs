//! The parties of the Open Badges API: clients, invitations, grants, tokens.
//! Secrets, codes and tokens appear here only as SHA-256 hashes.

use super::ids::{CandidateRef, TenantId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A platform or wallet that registered itself (RFC 7591).
#[derive(Clone, Debug, PartialEq)]
pub struct OAuthClient {
    pub client_id: String,
    /// Lower-case hex SHA-256.
    pub secret_hash: String,
    /// The registration as returned to the client, without the secret.
    pub metadata: Value,
    pub redirect_uris: Vec<String>,
    /// Space-separated, as registered.
    pub scope: String,
    pub created_at: DateTime<Utc>,
}

/// A link that lets one candidate of one tenant connect platforms. The link identifies the candidate on the consent page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub id: String,
    #[serde(skip, default = "no_tenant")]
    pub tenant_id: TenantId,
    pub candidate_ref: CandidateRef,
    /// The employer's name for it, for example the vacancy; shown to the candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The number of consents that the link allows.
    pub max_connections: i32,
    pub connections: i32,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
}

fn no_tenant() -> TenantId {
    TenantId::from("default")
}

/// A candidate's consent. Every token of a platform belongs to a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub id: String,
    pub client_id: String,
    pub tenant_id: TenantId,
    pub candidate_ref: CandidateRef,
    pub invitation_id: String,
    /// Space-separated.
    pub scope: String,
    pub created_at: DateTime<Utc>,
}

/// An authorization code, waiting to be exchanged once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationCode {
    pub code_hash: String,
    pub grant_id: String,
    pub client_id: String,
    pub redirect_uri: String,
    pub scope: String,
    /// PKCE S256.
    pub code_challenge: String,
    pub expires_at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    Access,
    Refresh,
}

impl TokenKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// A token to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    pub token_hash: String,
    pub kind: TokenKind,
    pub scope: String,
    pub expires_at: DateTime<Utc>,
}

/// The grant and scope of a valid access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHolder {
    pub tenant_id: TenantId,
    /// Absent for tokens of an employer's own system.
    pub candidate_ref: Option<CandidateRef>,
    pub client_id: String,
    /// Space-separated.
    pub scope: String,
    pub expires_at: DateTime<Utc>,
}

/// The result of redeeming a code or a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redeemed<T> {
    Fresh(T),
    /// The token was used before: its grant has been revoked.
    UsedBefore,
    /// Unknown, expired, revoked, or of another client.
    Unknown,
}

/// A credential that the Open Badges API returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedCredential {
    /// Lower-case hex SHA-256 over issuer id and credential id.
    pub natural_key: String,
    pub compact_jws: bool,
    /// Exactly as received.
    pub bytes: Vec<u8>,
    pub valid_from: Option<DateTime<Utc>>,
    /// `accepted`, `attention`, `rejected`
    pub outcome: String,
    pub submission_id: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}
