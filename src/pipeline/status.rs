//! Changes after the upload: issuers revoke, suspend and reinstate credentials, and answer that were silent before.
//! Comes in: the moment. Goes out: rows and events. The status is taken from the new look, and what could not be checked before for want
//! of an answer; what else was found out holds for the bytes, which have not changed. Must not know: who asks, and how often.

use super::events::{EventWriter, Published, Shown, is_held};
use super::mapping::settle;
use super::persons::with_known;
use super::worked::{is_owed, next_check};
use super::{Pipeline, PipelineError};
use crate::examine::{ExaminedCredential, Question};
use crate::model::code::Code;
use crate::model::credential::CredentialStatus;
use crate::model::event::EventType;
use crate::model::ids::{CandidateRef, CredentialId, TenantId};
use crate::model::record::StoredCredential;
use crate::model::report::{Check, CheckId, CheckStatus, Outcome, VerificationReport};
use crate::model::skill::SkillAssertion;
use crate::model::submission::{CandidateHint, UploadedFile};
use crate::store::{Result, Transaction};
use crate::verify::{PresentationRequest, VerificationRequest, outcome};
use chrono::{DateTime, Duration, Utc};
use futures_util::StreamExt;
use futures_util::stream;

/// Credentials per call of [`Pipeline::check_due`].
const BATCH: u32 = 50;
/// Issuers that are asked at the same time.
const AT_ONCE: usize = 8;
/// An issuer's list may be some minutes behind what its platform says, and so may a kept copy of the list.
const ONCE_MORE: Duration = Duration::minutes(10);

impl Pipeline {
    /// Asks issuers again about credentials that are due and publishes what has changed; returns how many changed. Safe to
    /// call from several processes, and again at any time; more than the batch is left to the next call.
    pub async fn check_due(&self) -> std::result::Result<usize, PipelineError> {
        let due = self.store.credentials_to_check(self.clock.now(), BATCH).await?;
        // A slow issuer delays nobody else's credentials.
        let asked = stream::iter(due).map(|(tenant, id)| async move { self.ask_again(&tenant, &id).await });
        let mut asked = asked.buffer_unordered(AT_ONCE);
        let mut changed = 0;
        while let Some(has_changed) = asked.next().await {
            changed += usize::from(has_changed?);
        }
        Ok(changed)
    }

    /// Asks issuers again about these credentials now, whether they are due or not, and once more some minutes later about those that did
    /// not change; returns how many changed.
    pub async fn check_now(&self, tenant: &TenantId, ids: &[CredentialId]) -> std::result::Result<usize, PipelineError> {
        let mut changed = 0;
        for id in ids {
            if self.ask_again(tenant, id).await? {
                changed += 1;
                continue;
            }
            let (id, at) = (id.clone(), self.clock.now() + ONCE_MORE);
            self.store.transaction(move |transaction| transaction.set_next_check(&id, Some(at))).await?;
        }
        Ok(changed)
    }

    async fn ask_again(&self, tenant: &TenantId, id: &CredentialId) -> std::result::Result<bool, PipelineError> {
        let Some(stored) = self.store.credential(tenant, id).await? else { return Ok(false) };
        if is_over(&stored) {
            let id = id.clone();
            self.store.transaction(move |transaction| transaction.set_next_check(&id, None)).await?;
            return Ok(false);
        }
        let Some((media_type, bytes)) = self.store.credential_source(tenant, id).await? else { return Ok(false) };
        let known = self.store.candidate_identity(tenant, &stored.candidate_ref).await?;
        let candidate = with_known(CandidateHint::default(), known);
        let question = Question {
            tenant_id: tenant.clone(),
            candidate_ref: Some(stored.candidate_ref.clone()),
            request: VerificationRequest { at: self.clock.now(), candidate, explain: false },
            expected: PresentationRequest::default(),
        };
        let file = UploadedFile { name: Some(stored.name), media_type: Some(media_type), bytes: bytes.into() };
        let examined = self.examiner.examine(self.examiner.open(vec![file]).await, &question).await;
        // Absent when the bytes can no longer be read.
        let mut seen = examined.into_iter().flat_map(|file| file.credentials).next();
        if let Some(seen) = &mut seen
            && let Some(normalized) = seen.normalized.take()
        {
            seen.normalized = Some(self.map_one(tenant, normalized).await?);
        }
        let (tenant, id, candidate) = (tenant.clone(), id.clone(), stored.candidate_ref);
        let (before, since) = (stored.report, stored.created_at);
        let (now, every) = (self.clock.now(), self.status_interval);
        let written = self.store.transaction(move |transaction| {
            let changed = match &seen {
                Some(seen) => take_over(transaction, &tenant, &candidate, &id, seen, now)?,
                None => None,
            };
            let next = next_check(changed.as_ref().unwrap_or(&before), every, since, now);
            transaction.set_next_check(&id, next)?;
            Ok(changed.is_some())
        });
        Ok(written.await?)
    }
}

/// The new report, when it says something else; else nothing is written. An issuer that can't be asked changes nothing.
fn take_over(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    candidate: &CandidateRef,
    id: &CredentialId,
    seen: &ExaminedCredential,
    now: DateTime<Utc>,
) -> Result<Option<VerificationReport>> {
    let Some(sequence) = transaction.lock_candidate(tenant, candidate)? else { return Ok(None) };
    // Read only now: nobody else can change it any more.
    let Some(stored) = transaction.credential(tenant, id)? else { return Ok(None) };
    if is_over(&stored) {
        return Ok(None);
    }
    let Some(report) = renewed(&stored.report, &seen.report, now) else { return Ok(None) };
    let before_status = stored.report.check(CheckId::Status);
    let status = report.check(CheckId::Status).map(|status| status.code);
    let was_suspended = before_status.is_some_and(|before| before.code == Code::Suspended);
    let normalized = match report.outcome {
        Outcome::Rejected => None,
        outcome => seen.normalized.clone().or(stored.normalized.clone()).map(|mut normalized| {
            normalized.outcome = outcome;
            normalized
        }),
    };
    let normalized = match normalized {
        Some(mut normalized) => {
            settle(transaction, tenant, &mut normalized)?;
            Some(normalized)
        }
        None => None,
    };
    let before = Published { outcome: stored.report.outcome, skills: transaction.skills_in_force(id)? };
    let shown = Shown::of(id, &stored.fingerprint, &report, normalized.as_ref());
    let mut writer = EventWriter::new(tenant, candidate, None, now, sequence);
    let taken_back = match status {
        Some(Code::Revoked) => Some(EventType::CredentialRevoked),
        Some(Code::Suspended) => Some(EventType::CredentialSuspended),
        _ => None,
    };
    match taken_back {
        Some(event_type) => {
            writer.credential(event_type, &shown.summary, shown.reason.clone(), &[]);
            writer.withdraw(transaction, &shown.summary, &before, &[])?;
        }
        None if was_suspended && report.outcome != Outcome::Rejected => {
            writer.credential(EventType::CredentialReinstated, &shown.summary, None, &shown.skills);
            writer.skills(&shown, None);
        }
        None => writer.publish(transaction, &shown, Some(&before))?,
    }
    transaction.update_credential(id, &report, normalized.as_ref(), now)?;
    replace_skills(transaction, &stored, &shown.skills, now)?;
    writer.write(transaction)?;
    Ok(Some(report))
}

/// Whatever the issuer says: another credential, or its end, has taken it out of force for good.
pub(super) fn is_over(stored: &StoredCredential) -> bool {
    matches!(stored.status, Some(CredentialStatus::Superseded | CredentialStatus::Expired))
}

fn is_answer(check: &Check) -> bool {
    matches!(check.status, CheckStatus::Pass | CheckStatus::Fail | CheckStatus::Warning)
}

/// The report with another answer to one of the checks.
pub(super) fn with_check(report: &VerificationReport, new: &Check, now: DateTime<Utc>) -> VerificationReport {
    let mut report = report.clone();
    report.checks.iter_mut().filter(|check| check.id == new.id).for_each(|check| *check = new.clone());
    report.outcome = outcome::of(&report.checks);
    report.verified_at = now;
    report
}

/// The report with the answers that have come since; `None` when it says the same as before.
fn renewed(stored: &VerificationReport, seen: &VerificationReport, now: DateTime<Utc>) -> Option<VerificationReport> {
    let owes_key = |report: &VerificationReport| {
        let secured = [CheckId::Proof, CheckId::Controller].into_iter().filter_map(|id| report.check(id));
        secured.into_iter().any(is_owed)
    };
    if owes_key(stored) {
        // Nothing of the content was checked before: the whole report is new.
        return (!owes_key(seen)).then(|| seen.clone());
    }
    let mut report = stored.clone();
    let mut has_changed = false;
    for check in &mut report.checks {
        let Some(new) = seen.check(check.id) else { continue };
        let counts = match check.id {
            CheckId::Status => is_answer(new),
            // Another policy decides anew about the issuer; under the same policy the answer holds.
            CheckId::IssuerTrust if stored.policy != seen.policy => true,
            _ => is_owed(check) && !is_owed(new),
        };
        if counts && (new.code, new.status) != (check.code, check.status) {
            *check = new.clone();
            has_changed = true;
        }
    }
    if has_changed {
        report.policy.clone_from(&seen.policy);
    }
    if report.issuer_name.is_none() {
        report.issuer_name.clone_from(&seen.issuer_name);
    }
    report.outcome = outcome::of(&report.checks);
    report.verified_at = now;
    has_changed.then_some(report)
}

pub(super) fn replace_skills(
    transaction: &mut Transaction<'_>,
    stored: &StoredCredential,
    skills: &[SkillAssertion],
    now: DateTime<Utc>,
) -> Result<()> {
    transaction.remove_skills(&stored.id)?;
    let held: Vec<_> = skills.iter().filter(|skill| is_held(skill)).map(|skill| (&stored.id, skill)).collect();
    transaction.insert_skills(&stored.tenant_id, &stored.candidate_ref, &held, now)
}
