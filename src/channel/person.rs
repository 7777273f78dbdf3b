//! The link to a person's own page: a capability in an address, as long as it is neither revoked nor too old and the person is not erased.
//! Comes in: a person, or a link. Goes out: a new capability, or who stands behind the link today. Links of invitations open the page, too.

use super::{Channels, secrets};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::person::PersonPage;
use crate::store::StoreError;
use chrono::Duration;

impl Channels {
    /// Makes a link to the person's page. The capability is returned once and stored only as its hash. `None`: there is no such person.
    pub async fn link_person(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        days: i64,
    ) -> Result<Option<(PersonPage, String)>, StoreError> {
        let Some(known) = self.store().candidate(tenant, candidate).await? else { return Ok(None) };
        let now = self.clock().now();
        let page = PersonPage {
            id: uuid::Uuid::now_v7().to_string(),
            tenant_id: tenant.clone(),
            candidate_ref: known.candidate_ref,
            created_at: now,
            expires_at: now + Duration::days(days),
            revoked_at: None,
        };
        let code = secrets::random();
        self.store().create_person_page(&page, &secrets::hash(&code)).await?;
        Ok(Some((page, code)))
    }

    /// The person behind a link, under the reference that stands for them today.
    pub async fn person_page(&self, code: &str) -> Result<Option<PersonPage>, StoreError> {
        let (hash, now) = (secrets::hash(code), self.clock().now());
        if let Some(page) = self.store().person_page_by_token(&hash, now).await? {
            return Ok(Some(page));
        }
        let invitation = self.store().invitation_by_token(&hash, now).await?;
        Ok(invitation.map(|invitation| PersonPage {
            id: invitation.id,
            tenant_id: invitation.tenant_id,
            candidate_ref: invitation.candidate_ref,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            revoked_at: None,
        }))
    }
}
