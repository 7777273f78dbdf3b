//! The candidate's consent: an invitation identifies the candidate, and the platform gets a code.

use super::{Channels, secrets};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::oauth::{AuthorizationCode, Grant, Invitation};
use crate::model::submission::CandidateHint;
use crate::protocol::open_badges::oauth::AuthorizationRequest;
use crate::store::StoreError;
use chrono::Duration;

/// RFC 6749 recommends at most ten minutes.
const CODE_SECONDS: i64 = 300;

/// The request that comes with an invitation.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    pub tenant_id: TenantId,
    pub candidate: CandidateHint,
    pub purpose: Option<String>,
    pub days: i64,
    pub max_connections: i32,
}

impl Channels {
    /// Makes a candidate link. The capability is returned once and stored only as its hash.
    pub async fn invite(&self, new: NewInvitation) -> Result<(Invitation, String), StoreError> {
        let now = self.clock().now();
        let candidate_ref: CandidateRef = self.store().find_or_create_candidate(&new.tenant_id, &new.candidate, now).await?;
        let invitation = Invitation {
            id: uuid::Uuid::now_v7().to_string(),
            tenant_id: new.tenant_id,
            candidate_ref,
            purpose: new.purpose,
            max_connections: new.max_connections,
            connections: 0,
            created_at: now,
            expires_at: now + Duration::days(new.days),
            revoked_at: None,
        };
        let code = secrets::random();
        self.store().create_invitation(&invitation, &secrets::hash(&code)).await?;
        Ok((invitation, code))
    }

    /// The invitation that a candidate's link or typed code stands for. A whole link is taken as well.
    pub async fn invitation(&self, typed: &str) -> Result<Option<Invitation>, StoreError> {
        let code = typed.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if code.is_empty() {
            return Ok(None);
        }
        self.store().invitation_by_token(&secrets::hash(code), self.clock().now()).await
    }

    /// Writes the consent and returns the code for the platform; `None` when the invitation can't be used any more.
    pub async fn consent(&self, request: &AuthorizationRequest, invitation: &Invitation) -> Result<Option<String>, StoreError> {
        let now = self.clock().now();
        let scope = request.scopes.join(" ");
        let grant = Grant {
            id: uuid::Uuid::now_v7().to_string(),
            client_id: request.client_id.clone(),
            tenant_id: invitation.tenant_id.clone(),
            candidate_ref: invitation.candidate_ref.clone(),
            invitation_id: invitation.id.clone(),
            scope: scope.clone(),
            created_at: now,
        };
        let secret = secrets::random();
        let code = AuthorizationCode {
            code_hash: secrets::hash(&secret),
            grant_id: grant.id.clone(),
            client_id: request.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            scope,
            code_challenge: request.code_challenge.clone(),
            expires_at: now + Duration::seconds(CODE_SECONDS),
        };
        Ok(self.store().consent(&grant, &code).await?.then_some(secret))
    }
}
