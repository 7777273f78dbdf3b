//! The token endpoint of the host: codes and refresh tokens become access tokens.

use super::{Channels, secrets};
use crate::model::oauth::{NewToken, OAuthClient, Redeemed, TokenKind};
use crate::protocol::open_badges::oauth::verifier_matches;
use crate::protocol::open_badges::oauth_token::{ClientAuthentication, OAuthError, TokenRequest, refreshed_scope};
use crate::protocol::open_badges::registration::Registration;
use crate::protocol::open_badges::{OFFLINE_ACCESS, has_scope};
use crate::store::StoreError;
use chrono::Duration;
use serde_json::{Map, Value, json};

/// Why no token was given.
#[derive(Debug, thiserror::Error)]
pub enum TokenFailure {
    #[error("{}", .0.description)]
    OAuth(OAuthError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OAuthError> for TokenFailure {
    fn from(error: OAuthError) -> Self {
        Self::OAuth(error)
    }
}

fn invalid_grant(description: &str) -> TokenFailure {
    OAuthError::new("invalid_grant", description).into()
}

struct Pair {
    stored: Vec<NewToken>,
    answer: Map<String, Value>,
}

impl Channels {
    /// Registers a client; its secret is returned once. `None`: there were enough registrations today.
    pub async fn register(&self, registration: Registration) -> Result<Option<Value>, StoreError> {
        let now = self.clock().now();
        let secret = secrets::random();
        let client = OAuthClient {
            client_id: secrets::random_id(),
            secret_hash: secrets::hash(&secret),
            metadata: Value::Object(registration.metadata.clone()),
            redirect_uris: registration.redirect_uris,
            scope: registration.scope,
            created_at: now,
        };
        if !self.store().create_oauth_client(&client, self.settings.registrations_per_day).await? {
            return Ok(None);
        }
        let mut answer = registration.metadata;
        answer.insert("client_id".to_owned(), json!(client.client_id));
        answer.insert("client_secret".to_owned(), json!(secret));
        answer.insert("client_id_issued_at".to_owned(), json!(now.timestamp()));
        answer.insert("client_secret_expires_at".to_owned(), json!(0));
        Ok(Some(Value::Object(answer)))
    }

    /// The registered client with the right secret.
    pub async fn authenticate(&self, authentication: &ClientAuthentication) -> Result<OAuthClient, TokenFailure> {
        let invalid = |text: &str| TokenFailure::OAuth(OAuthError::new("invalid_client", text));
        let credentials = match authentication {
            ClientAuthentication::Secret(credentials) => credentials,
            ClientAuthentication::Absent => {
                return Err(invalid("the request names no client: send its id and secret by HTTP Basic or in the form"));
            }
            ClientAuthentication::Bearer(_) | ClientAuthentication::Assertion { .. } => {
                return Err(invalid("a registered client authenticates with its id and secret"));
            }
        };
        let known = self.store().oauth_client(&credentials.client_id).await?;
        let client = known.ok_or_else(|| invalid("there is no client with this id; it may have to register again"))?;
        match secrets::same(&client.secret_hash, &secrets::hash(&credentials.secret)) {
            true => Ok(client),
            false => Err(invalid("the client's secret is wrong")),
        }
    }

    /// Answers a token request of an authenticated client.
    pub async fn token(&self, client: &OAuthClient, request: TokenRequest) -> Result<Value, TokenFailure> {
        match request {
            TokenRequest::Code { code, redirect_uri, verifier } => {
                self.redeem_code(client, &code, &redirect_uri, &verifier).await
            }
            TokenRequest::Refresh { token, scope } => self.refresh(client, &token, scope.as_deref()).await,
            TokenRequest::ClientCredentials { .. } => {
                Err(OAuthError::new("unauthorized_client", "a registered client acts for a candidate; use authorization_code")
                    .into())
            }
        }
    }

    async fn redeem_code(
        &self,
        client: &OAuthClient,
        code: &str,
        redirect_uri: &str,
        verifier: &str,
    ) -> Result<Value, TokenFailure> {
        let now = self.clock().now();
        // The code is spent by the first try, whether the rest of it fits or not.
        let code = match self.store().redeem_code(&secrets::hash(code), &client.client_id, now).await? {
            Redeemed::Fresh(code) => code,
            Redeemed::UsedBefore => return Err(invalid_grant("the code was used before; its tokens are revoked")),
            Redeemed::Unknown => return Err(invalid_grant("the code is unknown or expired")),
        };
        if code.redirect_uri != redirect_uri {
            return Err(invalid_grant("redirect_uri is not the one that the code was issued for"));
        }
        if !verifier_matches(verifier, &code.code_challenge) {
            return Err(invalid_grant("code_verifier does not fit the challenge"));
        }
        let pair = self.pair(&code.scope, &code.scope);
        match self.store().issue_tokens(&code.grant_id, &pair.stored, now).await? {
            true => Ok(Value::Object(pair.answer)),
            false => Err(invalid_grant("the consent was withdrawn")),
        }
    }

    async fn refresh(&self, client: &OAuthClient, token: &str, wanted: Option<&str>) -> Result<Value, TokenFailure> {
        let hash = secrets::hash(token);
        let unknown = || invalid_grant("the refresh token is unknown, expired or revoked");
        let old = self.store().refreshable(&hash, &client.client_id).await?.ok_or_else(unknown)?;
        // The narrower scope holds for this access token: the next token may have the whole grant again (RFC 6749 §6).
        let pair = self.pair(&refreshed_scope(&old.scope, wanted)?, &old.scope);
        match self.store().rotate(&hash, &client.client_id, &pair.stored, self.clock().now()).await? {
            Redeemed::Fresh(()) => Ok(Value::Object(pair.answer)),
            Redeemed::UsedBefore => Err(invalid_grant("the refresh token was used before; the consent is revoked")),
            Redeemed::Unknown => Err(unknown()),
        }
    }

    /// An access token for `scope`, and a refresh token for all that was granted when staying connected was consented to.
    fn pair(&self, scope: &str, granted: &str) -> Pair {
        let now = self.clock().now();
        let seconds = self.settings.access_token_seconds;
        let access = secrets::random();
        let mut stored = vec![NewToken {
            token_hash: secrets::hash(&access),
            kind: TokenKind::Access,
            scope: scope.to_owned(),
            expires_at: now + Duration::seconds(seconds),
        }];
        let mut answer = Map::new();
        answer.insert("access_token".to_owned(), json!(access));
        answer.insert("token_type".to_owned(), json!("Bearer"));
        answer.insert("expires_in".to_owned(), json!(seconds));
        answer.insert("scope".to_owned(), json!(scope));
        if has_scope(granted, OFFLINE_ACCESS) {
            let refresh = secrets::random();
            stored.push(NewToken {
                token_hash: secrets::hash(&refresh),
                kind: TokenKind::Refresh,
                scope: granted.to_owned(),
                expires_at: now + Duration::days(self.settings.refresh_token_days),
            });
            answer.insert("refresh_token".to_owned(), json!(refresh));
        }
        Pair { stored, answer }
    }
}
