//! A request to a wallet, over VCALM or OpenID4VP: its state and its journal.
//! Must not know: protocols, proofs, storage.

use super::ids::{CandidateRef, ExchangeId, SubmissionId, TenantId};
use super::secret::Secret;
use super::submission::CandidateHint;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExchangeState {
    Pending,
    Active,
    Complete,
    /// Too many attempts failed.
    Invalid,
}

impl ExchangeState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Complete => "complete",
            Self::Invalid => "invalid",
        }
    }

    pub fn parse(text: &str) -> Self {
        match text {
            "pending" => Self::Pending,
            "active" => Self::Active,
            "complete" => Self::Complete,
            _ => Self::Invalid,
        }
    }

    /// Whether the state is final: no message changes it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Complete | Self::Invalid)
    }
}

/// The employer's request for the exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExchangeOptions {
    /// The text that the wallet shows.
    pub reason: String,
    /// Days for which what the person shares is kept for this purpose, as the person is told; `None`: as the rules of retention say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u32>,
    /// Credential types to request, with their names in `type`.
    pub types: Vec<String>,
    /// The address to which the wallet sends the person afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// OpenID4VP formats; empty means `ldp_vc` and `jwt_vc_json`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// `vct` values, for `dc+sd-jwt`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vct_values: Vec<String>,
    /// Whether the answer may hold several credentials.
    pub multiple: bool,
    /// What each credential must disclose; empty means that nothing in particular is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimQuery>,
    /// The single credentials that are asked for. Empty: any credential of `types` will do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialQuery>,
    /// Which of `credentials` must come together. Empty: all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credential_sets: Vec<CredentialSet>,
}

impl ExchangeOptions {
    /// The types that are asked for, also of single credentials. Empty: any type.
    pub fn all_types(&self) -> Vec<String> {
        let single = self.credentials.iter().flat_map(|query| &query.types);
        let mut types: Vec<String> = Vec::new();
        for name in self.types.iter().chain(single) {
            if !types.contains(name) {
                types.push(name.clone());
            }
        }
        types
    }
}

/// One of several credentials that a request names (OpenID4VP 1.0 §6.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialQuery {
    pub id: String,
    pub format: String,
    /// Names in `type`; any of them will do. Empty: any type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// For `dc+sd-jwt`: any of them will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vct_values: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimQuery>,
    /// Whether several credentials may answer it.
    #[serde(default)]
    pub multiple: bool,
}

/// Alternatives, of which one must come when the set is required (OpenID4VP 1.0 §6.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialSet {
    /// Each alternative is a list of ids of credentials that come together.
    pub options: Vec<Vec<String>>,
    #[serde(default = "yes")]
    pub required: bool,
}

fn yes() -> bool {
    true
}

/// A value in a credential, as DCQL asks for it (OpenID4VP 1.0 §6.3 and §7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimQuery {
    /// Names of members, places in lists, and `null` for every item of a list.
    pub path: Vec<Value>,
    /// One of these, where it matters which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

impl Default for ExchangeOptions {
    fn default() -> Self {
        Self {
            keep_days: None,
            reason: String::new(),
            types: Vec::new(),
            redirect_url: None,
            formats: Vec::new(),
            vct_values: Vec::new(),
            multiple: true,
            claims: Vec::new(),
            credentials: Vec::new(),
            credential_sets: Vec::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Exchange {
    /// At least 128 random bits: its URL is the only secret.
    pub id: ExchangeId,
    pub tenant_id: TenantId,
    /// The person that the employer asked; sealed at rest.
    pub candidate: CandidateHint,
    /// The private key that the wallet's answer is encrypted to, in base64url; absent when answers come plain. Sealed at rest.
    pub response_key: Option<Secret>,
    pub state: ExchangeState,
    /// Counts changes, from 0.
    pub sequence: i32,
    /// Valid for one acceptance; replaced after each failed attempt.
    pub challenge: String,
    pub attempts: i32,
    pub options: ExchangeOptions,
    /// Problem details of the last refusal.
    pub last_error: Option<Value>,
    /// The results; sealed at rest.
    pub results: Option<Value>,
    pub submission_id: Option<SubmissionId>,
    pub candidate_ref: Option<CandidateRef>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl Exchange {
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at <= now
    }
}

/// One entry of an exchange's journal, without bodies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExchangeLogEntry {
    pub at: DateTime<Utc>,
    /// The call, for example `participate`, `openid4vp_request`.
    pub call: String,
    /// HTTP status of the answer.
    pub status: i32,
    /// The offered protocols, the received message, the refusal: names, sizes and codes only.
    pub detail: Value,
}
