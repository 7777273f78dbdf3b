//! Who uses the gateway for an employer: roles, users, sessions, and what the audit log holds of their doings.
//! Must not know: passwords, cookies.

use super::ids::{ApiKeyId, SessionId, TenantId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a person or an API key may do. The table of routes says it route by route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works with candidates: takes credentials in, asks for them, decides about skills.
    Recruiter,
    /// Connects the employer's systems.
    Integrator,
    /// Everything, also users, keys and the trust policy.
    Administrator,
    /// Reads, and changes nothing.
    Auditor,
}

impl Role {
    pub const ALL: [Role; 4] = [Self::Recruiter, Self::Integrator, Self::Administrator, Self::Auditor];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recruiter => "recruiter",
            Self::Integrator => "integrator",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| "the roles are recruiter, integrator, administrator and auditor".to_owned())
    }
}

/// On whose behalf a request is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    Key(ApiKeyId),
    User(UserId),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "api_key:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
        }
    }
}

/// A person who may sign in. The password and the second factor never leave the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct User {
    pub id: UserId,
    pub tenant_id: TenantId,
    pub name: String,
    pub email: String,
    pub role: Role,
    /// Whether a password was set: not before the invitation was used.
    pub has_password: bool,
    pub has_second_factor: bool,
    pub created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<DateTime<Utc>>,
}

/// A session of the pages. Its secret is in the cookie only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Session {
    pub id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<ApiKeyId>,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    /// The network that it was begun from.
    pub address: String,
}

/// What is to be noted in the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// For example `api_key:<id>`, `user:<id>` or `cli`.
    pub actor: String,
    /// For example `candidate.erase`.
    pub action: String,
    /// For example `candidate:<ref>`.
    pub object: String,
    /// The network that the request came from; empty for the command line.
    pub address: String,
}

/// An entry of the audit log; ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counts from 1 in each tenant, without gaps.
    pub number: i64,
    pub at: DateTime<Utc>,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub address: String,
    /// Covers this entry and the hash of the entry before it.
    pub hash: String,
}

/// Which entries of the audit log are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actor: Option<String>,
    pub action: Option<String>,
    pub object: Option<String>,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// The newest entry of a tenant's audit log: whoever kept it elsewhere notices that newer entries were taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    pub number: i64,
    pub hash: String,
}
