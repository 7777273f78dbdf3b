//! How a manifest says that requests prove who sends them. These templates may use `secrets`.
//! Comes in: the manifest's `connection.auth`. Goes out: typed descriptions; `auth` and `token` act on them.

use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    #[default]
    None,
    Basic {
        username: String,
        #[serde(default)]
        password: String,
    },
    Bearer {
        token: String,
    },
    Header {
        name: String,
        value: String,
    },
    Query {
        name: String,
        value: String,
    },
    /// Credentials inside the body, for example the header of WS-Security: `value` takes the place of `marker`, which the body must
    /// hold exactly once.
    Body {
        marker: String,
        value: String,
    },
    /// A signature over the body in one header.
    Hmac {
        header: String,
        secret: String,
        #[serde(default)]
        prefix: String,
        #[serde(default)]
        encoding: SignatureEncoding,
    },
    /// Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    /// `secrets` that render empty are skipped, so that one may be optional.
    StandardWebhooks {
        id: String,
        secrets: Vec<String>,
    },
    /// RFC 6749 §4.4 unless `params.grant_type` names another grant; the token is kept until shortly before it expires.
    Oauth2(Box<TokenGrant>),
}

/// A request for an access token, and where its answer has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenGrant {
    pub token_url: String,
    #[serde(default)]
    pub client_id: String,
    #[serde(default)]
    pub client_secret: String,
    #[serde(default)]
    pub send_credentials: CredentialPlace,
    /// The word before the credentials in the header, for systems that want another word than `Basic`.
    #[serde(default = "basic")]
    pub credentials_scheme: String,
    #[serde(default)]
    pub request: TokenRequest,
    /// More members of the request; those that render empty are left out. `grant_type` is `client_credentials` unless it stands here.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Expressions over the answer: the token, and its life in seconds.
    #[serde(default = "access_token")]
    pub token: String,
    #[serde(default = "expires_in")]
    pub expires_in: String,
    /// The word before the token in the header.
    #[serde(default = "bearer")]
    pub scheme: String,
}

fn basic() -> String {
    "Basic".to_owned()
}

fn bearer() -> String {
    "Bearer".to_owned()
}

fn access_token() -> String {
    "json.access_token".to_owned()
}

fn expires_in() -> String {
    "json.expires_in".to_owned()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureEncoding {
    #[default]
    Hex,
    Base64,
}

/// Where a token request has the client's id and secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialPlace {
    #[default]
    Basic,
    Body,
    /// The members of `params` prove the client, for example a signed assertion.
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenRequest {
    #[default]
    Form,
    Json,
}
