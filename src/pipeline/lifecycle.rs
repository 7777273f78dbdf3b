//! Credentials whose validity ends. Comes in: the moment. Goes out: rows and events.
//! Must not know: who asks, and how often.

use super::events::{EventWriter, Published, Shown};
use super::{Pipeline, PipelineError};
use crate::model::credential::CredentialStatus;
use crate::model::event::EventType;
use crate::model::ids::{CredentialId, TenantId};
use crate::model::skill::{SkillAssertion, SkillStatus};
use crate::store::{Result, Transaction};
use chrono::{DateTime, Utc};

/// Credentials per call of [`Pipeline::expire_ended`].
const BATCH: u32 = 100;

impl Pipeline {
    /// Expires credentials whose validity has ended and publishes it, with their skills; returns how many. Safe to call
    /// from several processes, and again at any time; more than the batch is left to the next call.
    pub async fn expire_ended(&self) -> std::result::Result<usize, PipelineError> {
        let now = self.clock.now();
        let ended = self.store.ended_credentials(now, BATCH).await?;
        let mut expired = 0;
        for (tenant, id) in ended {
            let done = self.store.transaction(move |transaction| expire(transaction, &tenant, &id, now)).await?;
            expired += usize::from(done);
        }
        Ok(expired)
    }
}

/// False when it was done, replaced or erased meanwhile.
fn expire(transaction: &mut Transaction<'_>, tenant: &TenantId, id: &CredentialId, now: DateTime<Utc>) -> Result<bool> {
    let Some(seen) = transaction.credential(tenant, id)? else { return Ok(false) };
    let Some(sequence) = transaction.lock_candidate(tenant, &seen.candidate_ref)? else { return Ok(false) };
    // Read again: now nobody else can change it.
    let Some(mut stored) = transaction.credential(tenant, id)? else { return Ok(false) };
    let Some(normalized) = stored.normalized.as_mut().filter(|_| stored.status == Some(CredentialStatus::Active)) else {
        return Ok(false);
    };
    normalized.status = CredentialStatus::Expired;
    let skills = transaction.skills_in_force(id)?;
    transaction.set_credential_status(id, CredentialStatus::Expired, now)?;
    transaction.set_skill_status(id, SkillStatus::Expired)?;
    let summary = Shown::of(id, &stored.fingerprint, &stored.report, stored.normalized.as_ref()).summary;
    let mut events = EventWriter::new(tenant, &stored.candidate_ref, None, now, sequence);
    let expired: Vec<SkillAssertion> =
        skills.iter().map(|skill| SkillAssertion { status: SkillStatus::Expired, ..skill.clone() }).collect();
    events.credential(EventType::CredentialExpired, &summary, None, &expired);
    events.expire(transaction, &summary, &Published { outcome: stored.report.outcome, skills })?;
    events.write(transaction)?;
    Ok(true)
}
