//! Short-lived tokens of an employer's own systems: an API key is exchanged for one (client credentials), so that the key
//! itself need not travel to the VCALM endpoints.

use super::{Channels, secrets};
use crate::model::ids::TenantId;
use crate::model::oauth::{NewToken, TokenKind};
use crate::protocol::open_badges::oauth_token::OAuthError;
use crate::store::StoreError;
use chrono::Duration;
use serde_json::{Value, json};

const SECONDS: i64 = 900;
/// The permissions of such a token, in the words of VCALM.
pub const SCOPES: [&str; 4] = ["write:/workflows", "read:/workflows", "write:/credentials/verify", "write:/presentations/verify"];

impl Channels {
    /// `key_id`: the API key that asks. Without a wanted scope all of them are given.
    pub async fn system_token(
        &self,
        tenant: &TenantId,
        key_id: &str,
        wanted: Option<&str>,
    ) -> Result<Result<Value, OAuthError>, StoreError> {
        let scope = match wanted {
            None => SCOPES.join(" "),
            Some(wanted) => match wanted.split_ascii_whitespace().find(|scope| !SCOPES.contains(scope)) {
                Some(unknown) => {
                    let unknown: String = unknown.chars().take(80).collect();
                    return Ok(Err(OAuthError::new("invalid_scope", format!("{unknown} is not offered"))));
                }
                None => wanted.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
            },
        };
        let secret = secrets::random();
        let now = self.clock().now();
        let expires_at = now + Duration::seconds(SECONDS);
        let token = NewToken { token_hash: secrets::hash(&secret), kind: TokenKind::Access, scope: scope.clone(), expires_at };
        self.store().issue_system_token(tenant, key_id, &token, now).await?;
        Ok(Ok(json!({"access_token": secret, "token_type": "Bearer", "expires_in": SECONDS, "scope": scope})))
    }
}
