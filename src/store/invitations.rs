//! Candidate links and the consents given with them.

use super::channel_schema::{invitations, oauth_codes, oauth_grants, oauth_tokens};
use super::text::{clean, parse_time, parse_times, time_text};
use super::{Result, Store};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::oauth::{AuthorizationCode, Grant, Invitation};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

const LISTED: i64 = 500;

#[derive(Queryable, Selectable)]
#[diesel(table_name = invitations)]
struct Row {
    id: String,
    tenant_id: String,
    candidate_ref: String,
    purpose: Option<String>,
    max_connections: i64,
    connections: i64,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
}

impl Row {
    fn into_model(self) -> Result<Invitation> {
        Ok(Invitation {
            id: self.id,
            tenant_id: TenantId(self.tenant_id),
            candidate_ref: CandidateRef(self.candidate_ref),
            purpose: self.purpose,
            max_connections: count(self.max_connections),
            connections: count(self.connections),
            created_at: parse_time(&self.created_at)?,
            expires_at: parse_time(&self.expires_at)?,
            revoked_at: parse_times(self.revoked_at)?,
        })
    }
}

fn count(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

impl Store {
    /// `token_hash`: lower-case hex SHA-256 of the capability in the link.
    pub async fn create_invitation(&self, invitation: &Invitation, token_hash: &str) -> Result<()> {
        let (new, token_hash) = (invitation.clone(), token_hash.to_owned());
        self.write(move |connection| {
            let values = (
                invitations::id.eq(&new.id),
                invitations::tenant_id.eq(new.tenant_id.as_str()),
                invitations::candidate_ref.eq(new.candidate_ref.as_str()),
                invitations::token_hash.eq(token_hash),
                invitations::purpose.eq(new.purpose.as_deref().map(clean)),
                invitations::max_connections.eq(i64::from(new.max_connections)),
                invitations::connections.eq(i64::from(new.connections)),
                invitations::created_at.eq(time_text(new.created_at)),
                invitations::expires_at.eq(time_text(new.expires_at)),
                invitations::revoked_at.eq(None::<String>),
            );
            diesel::insert_into(invitations::table).values(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// The invitation behind a link, unless it was revoked or its time is over.
    pub async fn invitation_by_token(&self, token_hash: &str, now: DateTime<Utc>) -> Result<Option<Invitation>> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            let row: Option<Row> = invitations::table
                .filter(invitations::token_hash.eq(token_hash))
                .filter(invitations::revoked_at.is_null())
                .filter(invitations::expires_at.gt(time_text(now)))
                .select(Row::as_select())
                .first(connection)
                .optional()?;
            row.map(Row::into_model).transpose()
        })
        .await
    }

    /// Newest first, at most 500.
    pub async fn list_invitations(&self, tenant: &TenantId) -> Result<Vec<Invitation>> {
        let tenant = tenant.clone();
        self.read(move |connection| {
            let rows: Vec<Row> = invitations::table
                .filter(invitations::tenant_id.eq(tenant.as_str()))
                .order(invitations::id.desc())
                .limit(LISTED)
                .select(Row::as_select())
                .load(connection)?;
            rows.into_iter().map(Row::into_model).collect()
        })
        .await
    }

    /// Ends the link and everything that was connected with it. False when there is no such invitation.
    pub async fn revoke_invitation(&self, tenant: &TenantId, id: &str, now: DateTime<Utc>) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), clean(id));
        self.write(move |connection| {
            let target = invitations::table.filter(invitations::id.eq(&id)).filter(invitations::tenant_id.eq(tenant.as_str()));
            let moment = time_text(now);
            if diesel::update(target).set(invitations::revoked_at.eq(Some(&moment))).execute(connection)? == 0 {
                return Ok(false);
            }
            let grants = oauth_grants::table.filter(oauth_grants::invitation_id.eq(&id));
            diesel::update(grants).set(oauth_grants::revoked_at.eq(Some(&moment))).execute(connection)?;
            Ok(true)
        })
        .await
    }

    /// Writes a candidate's consent with its code, unless the invitation ended meanwhile or was used often enough: then false.
    pub async fn consent(&self, grant: &Grant, code: &AuthorizationCode) -> Result<bool> {
        let (grant, code) = (grant.clone(), code.clone());
        self.write(move |connection| {
            let now = time_text(grant.created_at);
            let usable = invitations::table
                .filter(invitations::id.eq(&grant.invitation_id))
                .filter(invitations::revoked_at.is_null())
                .filter(invitations::expires_at.gt(&now))
                .filter(invitations::connections.lt(invitations::max_connections));
            if diesel::update(usable).set(invitations::connections.eq(invitations::connections + 1)).execute(connection)? == 0 {
                return Ok(false);
            }
            let values = (
                oauth_grants::id.eq(&grant.id),
                oauth_grants::client_id.eq(&grant.client_id),
                oauth_grants::tenant_id.eq(grant.tenant_id.as_str()),
                oauth_grants::candidate_ref.eq(grant.candidate_ref.as_str()),
                oauth_grants::invitation_id.eq(&grant.invitation_id),
                oauth_grants::scope.eq(&grant.scope),
                oauth_grants::created_at.eq(&now),
                oauth_grants::revoked_at.eq(None::<String>),
            );
            diesel::insert_into(oauth_grants::table).values(values).execute(connection)?;
            let values = (
                oauth_codes::code_hash.eq(&code.code_hash),
                oauth_codes::grant_id.eq(&code.grant_id),
                oauth_codes::client_id.eq(&code.client_id),
                oauth_codes::redirect_uri.eq(&code.redirect_uri),
                oauth_codes::scope.eq(&code.scope),
                oauth_codes::code_challenge.eq(&code.code_challenge),
                oauth_codes::expires_at.eq(time_text(code.expires_at)),
                oauth_codes::used_at.eq(None::<String>),
            );
            diesel::insert_into(oauth_codes::table).values(values).execute(connection)?;
            Ok(true)
        })
        .await
    }

    /// Removes expired rows: codes, tokens and challenges whose time is over, clients without a consent within a day.
    pub async fn tidy_channels(&self, now: DateTime<Utc>) -> Result<()> {
        use super::channel_schema::{challenges, oauth_clients, used_assertions};
        self.write(move |connection| {
            let (moment, day) = (time_text(now), time_text(now - chrono::Duration::days(1)));
            // Kept for a day longer, so that a second use is recognised.
            diesel::delete(oauth_codes::table.filter(oauth_codes::expires_at.lt(&day))).execute(connection)?;
            diesel::delete(oauth_tokens::table.filter(oauth_tokens::expires_at.lt(&day))).execute(connection)?;
            diesel::delete(used_assertions::table.filter(used_assertions::expires_at.lt(&moment))).execute(connection)?;
            diesel::delete(challenges::table.filter(challenges::expires_at.lt(&moment))).execute(connection)?;
            let wanted: Vec<String> = oauth_grants::table.select(oauth_grants::client_id).distinct().load(connection)?;
            let old: Vec<String> = oauth_clients::table
                .filter(oauth_clients::created_at.lt(&day))
                .select(oauth_clients::client_id)
                .load(connection)?;
            for client in old.iter().filter(|client| !wanted.contains(client)) {
                diesel::delete(oauth_clients::table.filter(oauth_clients::client_id.eq(client))).execute(connection)?;
            }
            Ok(())
        })
        .await
    }
}
