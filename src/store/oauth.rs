//! OAuth clients, codes and tokens. Secrets are only ever looked up by their hashes.

use super::channel_schema::{oauth_clients, oauth_codes, oauth_grants, oauth_tokens};
use super::pool::AnyConnection;
use super::text::{clean, json_text, parse_json, parse_time, time_text};
use super::{Result, Store};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::oauth::{AuthorizationCode, NewToken, OAuthClient, Redeemed, TokenHolder, TokenKind};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

#[derive(Queryable, Selectable)]
#[diesel(table_name = oauth_codes)]
struct CodeRow {
    code_hash: String,
    grant_id: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    code_challenge: String,
    expires_at: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = oauth_tokens)]
struct TokenRow {
    grant_id: Option<String>,
    tenant_id: String,
    client_id: String,
    scope: String,
    expires_at: String,
    used_at: Option<String>,
    revoked_at: Option<String>,
}

/// The grant behind a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refreshable {
    pub grant_id: String,
    pub scope: String,
}

impl Store {
    /// False, and nothing written, when `most_per_day` clients or more are younger than a day.
    pub async fn create_oauth_client(&self, client: &OAuthClient, most_per_day: u32) -> Result<bool> {
        let new = client.clone();
        self.write(move |connection| {
            let yesterday = time_text(new.created_at - chrono::Duration::days(1));
            let young: i64 =
                oauth_clients::table.filter(oauth_clients::created_at.gt(yesterday)).count().get_result(connection)?;
            if young >= i64::from(most_per_day) {
                return Ok(false);
            }
            let values = (
                oauth_clients::client_id.eq(&new.client_id),
                oauth_clients::secret_hash.eq(&new.secret_hash),
                oauth_clients::metadata.eq(json_text(&new.metadata)?),
                oauth_clients::redirect_uris.eq(json_text(&new.redirect_uris)?),
                oauth_clients::scope.eq(clean(&new.scope)),
                oauth_clients::created_at.eq(time_text(new.created_at)),
            );
            diesel::insert_into(oauth_clients::table).values(values).execute(connection)?;
            Ok(true)
        })
        .await
    }

    pub async fn oauth_client(&self, client_id: &str) -> Result<Option<OAuthClient>> {
        let client_id = clean(client_id);
        self.read(move |connection| {
            let row: Option<(String, String, String, String, String, String)> =
                oauth_clients::table.filter(oauth_clients::client_id.eq(client_id)).first(connection).optional()?;
            let Some((client_id, secret_hash, metadata, redirect_uris, scope, created_at)) = row else { return Ok(None) };
            Ok(Some(OAuthClient {
                client_id,
                secret_hash,
                metadata: parse_json(&metadata)?,
                redirect_uris: parse_json(&redirect_uris)?,
                scope,
                created_at: parse_time(&created_at)?,
            }))
        })
        .await
    }

    /// Takes a code, once. A second use revokes the tokens that came from the first use.
    pub async fn redeem_code(&self, code_hash: &str, client_id: &str, now: DateTime<Utc>) -> Result<Redeemed<AuthorizationCode>> {
        let (code_hash, client_id) = (code_hash.to_owned(), clean(client_id));
        self.write(move |connection| {
            let of_client =
                oauth_codes::table.filter(oauth_codes::code_hash.eq(&code_hash)).filter(oauth_codes::client_id.eq(&client_id));
            let fresh = of_client.filter(oauth_codes::used_at.is_null()).filter(oauth_codes::expires_at.gt(time_text(now)));
            let taken = diesel::update(fresh).set(oauth_codes::used_at.eq(Some(time_text(now)))).execute(connection)? == 1;
            let row: Option<(CodeRow, Option<String>)> =
                of_client.select((CodeRow::as_select(), oauth_codes::used_at)).first(connection).optional()?;
            match row {
                Some((row, _)) if taken => Ok(Redeemed::Fresh(AuthorizationCode {
                    code_hash: row.code_hash,
                    grant_id: row.grant_id,
                    client_id: row.client_id,
                    redirect_uri: row.redirect_uri,
                    scope: row.scope,
                    code_challenge: row.code_challenge,
                    expires_at: parse_time(&row.expires_at)?,
                })),
                Some((row, Some(_))) => {
                    revoke_grant(connection, &row.grant_id, now)?;
                    Ok(Redeemed::UsedBefore)
                }
                _ => Ok(Redeemed::Unknown),
            }
        })
        .await
    }

    /// Writes tokens of a grant. False when the grant was revoked meanwhile.
    pub async fn issue_tokens(&self, grant_id: &str, tokens: &[NewToken], now: DateTime<Utc>) -> Result<bool> {
        let (grant_id, tokens) = (grant_id.to_owned(), tokens.to_vec());
        self.write(move |connection| insert_tokens(connection, &grant_id, &tokens, now)).await
    }

    /// The grant behind a refresh token. The token stays unused.
    pub async fn refreshable(&self, token_hash: &str, client_id: &str) -> Result<Option<Refreshable>> {
        let (token_hash, client_id) = (token_hash.to_owned(), clean(client_id));
        self.read(move |connection| {
            let row = token(connection, &token_hash, TokenKind::Refresh)?.filter(|row| row.client_id == client_id);
            Ok(row.and_then(|row| Some(Refreshable { grant_id: row.grant_id?, scope: row.scope })))
        })
        .await
    }

    /// Exchanges a refresh token for new tokens, in one step. A second use of the old token revokes the grant.
    pub async fn rotate(
        &self,
        token_hash: &str,
        client_id: &str,
        tokens: &[NewToken],
        now: DateTime<Utc>,
    ) -> Result<Redeemed<()>> {
        let (token_hash, client_id, tokens) = (token_hash.to_owned(), clean(client_id), tokens.to_vec());
        self.write(move |connection| {
            let of_client = oauth_tokens::table
                .filter(oauth_tokens::token_hash.eq(&token_hash))
                .filter(oauth_tokens::kind.eq(TokenKind::Refresh.as_str()))
                .filter(oauth_tokens::client_id.eq(&client_id));
            let fresh = of_client
                .filter(oauth_tokens::used_at.is_null())
                .filter(oauth_tokens::revoked_at.is_null())
                .filter(oauth_tokens::expires_at.gt(time_text(now)));
            let taken = diesel::update(fresh).set(oauth_tokens::used_at.eq(Some(time_text(now)))).execute(connection)? == 1;
            let row: Option<TokenRow> = of_client.select(TokenRow::as_select()).first(connection).optional()?;
            let Some(TokenRow { grant_id: Some(grant_id), used_at, .. }) = row else { return Ok(Redeemed::Unknown) };
            if taken && insert_tokens(connection, &grant_id, &tokens, now)? {
                return Ok(Redeemed::Fresh(()));
            }
            if !taken && used_at.is_some() {
                revoke_grant(connection, &grant_id, now)?;
                return Ok(Redeemed::UsedBefore);
            }
            Ok(Redeemed::Unknown)
        })
        .await
    }

    /// A short-lived token of an employer's own system; no candidate stands behind it.
    pub async fn issue_system_token(&self, tenant: &TenantId, client: &str, token: &NewToken, now: DateTime<Utc>) -> Result<()> {
        let (tenant, client, token) = (tenant.clone(), client.to_owned(), token.clone());
        self.write(move |connection| insert_token(connection, None, tenant.as_str(), &client, &token, now)).await
    }

    /// The grant behind an access token, unless the token or its grant is revoked or expired.
    pub async fn token_holder(&self, token_hash: &str, now: DateTime<Utc>) -> Result<Option<TokenHolder>> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            let Some(row) = token(connection, &token_hash, TokenKind::Access)? else { return Ok(None) };
            let expires_at = parse_time(&row.expires_at)?;
            if row.revoked_at.is_some() || expires_at <= now {
                return Ok(None);
            }
            let mut candidate_ref = None;
            if let Some(grant_id) = &row.grant_id {
                let grant: Option<String> = oauth_grants::table
                    .filter(oauth_grants::id.eq(grant_id))
                    .filter(oauth_grants::revoked_at.is_null())
                    .select(oauth_grants::candidate_ref)
                    .first(connection)
                    .optional()?;
                let Some(candidate) = grant else { return Ok(None) };
                candidate_ref = Some(CandidateRef(candidate));
            }
            let tenant_id = TenantId(row.tenant_id);
            Ok(Some(TokenHolder { tenant_id, candidate_ref, client_id: row.client_id, scope: row.scope, expires_at }))
        })
        .await
    }

    /// Revokes a token of this client: an access token alone, a refresh token with its whole grant. An unknown token is no error.
    pub async fn revoke_token(&self, token_hash: &str, client_id: &str, now: DateTime<Utc>) -> Result<()> {
        let (token_hash, client_id) = (token_hash.to_owned(), clean(client_id));
        self.write(move |connection| {
            if let Some(row) = token(connection, &token_hash, TokenKind::Refresh)?
                && row.client_id == client_id
                && let Some(grant_id) = &row.grant_id
            {
                return revoke_grant(connection, grant_id, now);
            }
            let of_client = oauth_tokens::table
                .filter(oauth_tokens::token_hash.eq(&token_hash))
                .filter(oauth_tokens::client_id.eq(&client_id));
            diesel::update(of_client).set(oauth_tokens::revoked_at.eq(Some(time_text(now)))).execute(connection)?;
            Ok(())
        })
        .await
    }
}

fn token(connection: &mut AnyConnection, token_hash: &str, kind: TokenKind) -> Result<Option<TokenRow>> {
    let found = oauth_tokens::table
        .filter(oauth_tokens::token_hash.eq(token_hash))
        .filter(oauth_tokens::kind.eq(kind.as_str()))
        .select(TokenRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}

fn revoke_grant(connection: &mut AnyConnection, grant_id: &str, now: DateTime<Utc>) -> Result<()> {
    let target = oauth_grants::table.filter(oauth_grants::id.eq(grant_id)).filter(oauth_grants::revoked_at.is_null());
    diesel::update(target).set(oauth_grants::revoked_at.eq(Some(time_text(now)))).execute(connection)?;
    Ok(())
}

fn insert_tokens(connection: &mut AnyConnection, grant_id: &str, tokens: &[NewToken], now: DateTime<Utc>) -> Result<bool> {
    let grant: Option<(String, String)> = oauth_grants::table
        .filter(oauth_grants::id.eq(grant_id))
        .filter(oauth_grants::revoked_at.is_null())
        .select((oauth_grants::tenant_id, oauth_grants::client_id))
        .first(connection)
        .optional()?;
    let Some((tenant, client)) = grant else { return Ok(false) };
    for token in tokens {
        insert_token(connection, Some(grant_id), &tenant, &client, token, now)?;
    }
    Ok(true)
}

fn insert_token(
    connection: &mut AnyConnection,
    grant_id: Option<&str>,
    tenant: &str,
    client: &str,
    token: &NewToken,
    now: DateTime<Utc>,
) -> Result<()> {
    let values = (
        oauth_tokens::token_hash.eq(&token.token_hash),
        oauth_tokens::kind.eq(token.kind.as_str()),
        oauth_tokens::grant_id.eq(grant_id),
        oauth_tokens::tenant_id.eq(tenant),
        oauth_tokens::client_id.eq(client),
        oauth_tokens::scope.eq(&token.scope),
        oauth_tokens::created_at.eq(time_text(now)),
        oauth_tokens::expires_at.eq(time_text(token.expires_at)),
        oauth_tokens::used_at.eq(None::<String>),
        oauth_tokens::revoked_at.eq(None::<String>),
    );
    diesel::insert_into(oauth_tokens::table).values(values).execute(connection)?;
    Ok(())
}
