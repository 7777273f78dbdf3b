//! Taking an address or DID away from a person. Comes in: the person and the address. Goes out: rows and events: what was accepted for
//! nothing but this address is accepted no longer. Must not know: who asks.

use super::events::{EventWriter, Published, Shown};
use super::status::{is_over, replace_skills, with_check};
use super::{Pipeline, PipelineError};
use crate::examine::Question;
use crate::model::candidate::Identity;
use crate::model::code::Code;
use crate::model::ids::{CandidateRef, CredentialId, TenantId};
use crate::model::record::{CredentialFilter, Page, StoredCredential};
use crate::model::report::{Check, CheckId, CheckStatus, Outcome};
use crate::model::submission::{CandidateHint, UploadedFile};
use crate::store::{Result, Transaction};
use crate::verify::{PresentationRequest, VerificationRequest};
use chrono::{DateTime, Utc};

/// Credentials that are read at once.
const PAGE: u32 = 100;

impl Pipeline {
    /// Takes the address or DID with this id away from the person. Credentials that were accepted for it are compared with what is left;
    /// where nothing fits, the verdict changes and the change is published. False when the person has no such address.
    pub async fn forget_address(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
        address: &str,
    ) -> std::result::Result<bool, PipelineError> {
        let candidate = self.store.current_ref(tenant, candidate).await?;
        let Some((taken, left)) = self.store.identity_apart(tenant, &candidate, address).await? else { return Ok(false) };
        // An earlier request named this address: the credentials that were accepted for it stay accepted.
        let (taken, left) = (named(taken), named(left));
        let mut doubtful: Vec<(CredentialId, Check)> = Vec::new();
        for stored in self.matched(tenant, &candidate).await? {
            // A credential that can't be checked now may fit.
            let is_other = |check: &Check| is_answer(check) && check.code != Code::RecipientMatchedVariant;
            if self.recipient(&stored, &taken).await?.as_ref().is_some_and(is_other) {
                continue;
            }
            let now = self.recipient(&stored, &left).await?;
            if now.as_ref().is_none_or(|check| check.status != CheckStatus::Pass) {
                doubtful.push((stored.id, now.filter(is_answer).unwrap_or_else(nothing_fits)));
            }
        }
        let (tenant, address, now) = (tenant.clone(), address.to_owned(), self.clock.now());
        let forgotten = self.store.transaction(move |transaction| {
            let Some(sequence) = transaction.lock_candidate(&tenant, &candidate)? else { return Ok(false) };
            if !transaction.forget_address(&tenant, &candidate, &address)? {
                return Ok(false);
            }
            let mut writer = EventWriter::new(&tenant, &candidate, None, now, sequence);
            for (id, check) in &doubtful {
                take_over(transaction, &mut writer, &tenant, id, check, now)?;
            }
            writer.write(transaction)?;
            Ok(true)
        });
        Ok(forgotten.await?)
    }

    /// The person's credentials that were found to be theirs by an address or DID.
    async fn matched(
        &self,
        tenant: &TenantId,
        candidate: &CandidateRef,
    ) -> std::result::Result<Vec<StoredCredential>, PipelineError> {
        let filter = CredentialFilter { candidate_ref: Some(candidate.clone()), ..CredentialFilter::default() };
        let mut page = Page { limit: PAGE, after: None };
        let mut matched = Vec::new();
        loop {
            let rows = self.store.list_credentials(tenant, &filter, &page).await?;
            let is_last = rows.len() < PAGE as usize;
            page.after = rows.last().map(|row| row.id.to_string());
            matched.extend(rows.into_iter().filter(is_matched));
            if is_last {
                return Ok(matched);
            }
        }
    }

    /// The answer of the recipient check when only these facts are known of the person; `None` when the check can't be made.
    async fn recipient(
        &self,
        stored: &StoredCredential,
        known: &CandidateHint,
    ) -> std::result::Result<Option<Check>, PipelineError> {
        let Some((media_type, bytes)) = self.store.credential_source(&stored.tenant_id, &stored.id).await? else {
            return Ok(None);
        };
        let question = Question {
            tenant_id: stored.tenant_id.clone(),
            candidate_ref: Some(stored.candidate_ref.clone()),
            request: VerificationRequest { at: self.clock.now(), candidate: known.clone(), explain: false },
            expected: PresentationRequest::default(),
        };
        let file = UploadedFile { name: Some(stored.name.clone()), media_type: Some(media_type), bytes: bytes.into() };
        let examined = self.examiner.examine(self.examiner.open(vec![file]).await, &question).await;
        let seen = examined.into_iter().flat_map(|file| file.credentials).next();
        Ok(seen.and_then(|seen| seen.report.check(CheckId::Recipient).cloned()))
    }
}

fn named(known: Identity) -> CandidateHint {
    CandidateHint { dids: known.dids, emails: known.emails, name: known.name, ..CandidateHint::default() }
}

fn is_answer(check: &Check) -> bool {
    matches!(check.status, CheckStatus::Fail | CheckStatus::Warning)
}

/// Nothing is left to compare with, or the issuer could not be asked just now.
fn nothing_fits() -> Check {
    let message =
        "The credential fits an address that was taken away from the person, and nothing else that is known of the person.";
    Check::warning(CheckId::Recipient, Code::RecipientUnknowable, message)
}

fn is_matched(stored: &StoredCredential) -> bool {
    let code = stored.report.check(CheckId::Recipient).map(|check| check.code);
    let by_address = [
        Code::RecipientMatchedEmail,
        Code::RecipientMatchedHash,
        Code::RecipientMatchedDid,
        Code::RecipientMatchedVariant,
        Code::RecipientUnproven,
    ];
    stored.outcome != Outcome::Rejected && code.is_some_and(|code| by_address.contains(&code))
}

fn take_over(
    transaction: &mut Transaction<'_>,
    writer: &mut EventWriter,
    tenant: &TenantId,
    id: &CredentialId,
    check: &Check,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(stored) = transaction.credential(tenant, id)?.filter(is_matched) else { return Ok(()) };
    let report = with_check(&stored.report, check, now);
    let normalized = stored.normalized.clone().filter(|_| report.outcome != Outcome::Rejected).map(|mut normalized| {
        normalized.outcome = report.outcome;
        normalized
    });
    let before = Published { outcome: stored.report.outcome, skills: transaction.skills_in_force(id)? };
    let shown = Shown::of(id, &stored.fingerprint, &report, normalized.as_ref());
    if !is_over(&stored) && report.outcome != before.outcome {
        writer.publish(transaction, &shown, Some(&before))?;
        replace_skills(transaction, &stored, &shown.skills, now)?;
    }
    transaction.update_credential(id, &report, normalized.as_ref(), now)
}
