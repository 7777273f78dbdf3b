//! Two candidates who turn out to be one person. Comes in: the two, or a DID that a wallet proved. Goes out: one candidate, and what
//! subscribers are told. Must not know: who asks.

use super::events::{EventWriter, Published, Shown};
use super::record::replaces;
use super::{Pipeline, PipelineError};
use crate::model::credential::CredentialStatus;
use crate::model::event::EventType;
use crate::model::ids::{CandidateRef, CredentialId, TenantId};
use crate::model::record::{Mark, StoredCredential};
use crate::model::report::Outcome;
use crate::model::skill::SkillStatus;
use crate::store::{Result, Transaction};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

impl Pipeline {
    /// Makes `from` a part of `into`. `from` keeps answering as an alias. False when either is not there, or both are the same.
    pub async fn merge(
        &self,
        tenant: &TenantId,
        from: &CandidateRef,
        into: &CandidateRef,
    ) -> std::result::Result<bool, PipelineError> {
        let (tenant, from, into, now) = (tenant.clone(), from.clone(), into.clone(), self.clock.now());
        let merged = self.store.transaction(move |transaction| {
            let (from, into) = (transaction.current_ref(&tenant, &from)?, transaction.current_ref(&tenant, &into)?);
            merge(transaction, &tenant, &from, &into, now)
        });
        Ok(merged.await?)
    }

    /// A wallet proved these DIDs for the candidate. Others for whom wallets proved one of them are the same person, unless the employer
    /// tells the two apart by references of its own. Returns the reference that stands for the person now.
    pub(super) async fn unite(
        &self,
        tenant: &TenantId,
        candidate: CandidateRef,
        dids: &[String],
    ) -> std::result::Result<CandidateRef, PipelineError> {
        if dids.is_empty() {
            return Ok(candidate);
        }
        let marks: Vec<Mark> = dids.iter().cloned().map(Mark::Did).collect();
        let (tenant, now) = (tenant.clone(), self.clock.now());
        let united = self.store.transaction(move |transaction| {
            let holders = transaction.holders(&tenant, &marks)?;
            let mut twins: Vec<CandidateRef> = holders
                .into_values()
                .flatten()
                .filter(|holder| holder.source.is_proven())
                .map(|holder| holder.candidate_ref)
                .collect();
            twins.sort();
            twins.dedup();
            let mut person = candidate;
            for twin in twins.into_iter().filter(|twin| *twin != person).collect::<Vec<_>>() {
                let (Some(own), Some(other)) = (transaction.standing(&tenant, &person)?, transaction.standing(&tenant, &twin)?)
                else {
                    continue;
                };
                if twin == person || (own.is_employers && other.is_employers) {
                    continue;
                }
                let other_stays = other.is_employers || (!own.is_employers && other.created_at < own.created_at);
                let (from, into) = if other_stays { (person.clone(), twin) } else { (twin, person.clone()) };
                merge(transaction, &tenant, &from, &into, now)?;
                person = into;
            }
            Ok(person)
        });
        Ok(united.await?)
    }
}

fn merge(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    from: &CandidateRef,
    into: &CandidateRef,
    now: DateTime<Utc>,
) -> Result<bool> {
    if from == into {
        return Ok(false);
    }
    // In the order of the references, so that two transactions can't wait for each other.
    let mut sequences = BTreeMap::new();
    for candidate in [from.min(into), from.max(into)] {
        let Some(sequence) = transaction.lock_candidate(tenant, candidate)? else { return Ok(false) };
        sequences.insert(candidate.clone(), sequence);
    }
    let sequence = sequences.get(into).copied().unwrap_or_default();
    let mut gone = fold_same_bytes(transaction, tenant, from, into)?;
    transaction.move_candidate(tenant, from, into, now)?;
    gone.extend(supersede_older(transaction, tenant, into, now)?);
    let mut writer = EventWriter::new(tenant, into, None, now, sequence);
    writer.candidate(EventType::CandidateMerged, Some(from), None);
    for (shown, before) in gone {
        if before.outcome != Outcome::Rejected {
            writer.credential(EventType::CredentialSuperseded, &shown.summary, None, &[]);
        }
        writer.withdraw(transaction, &shown.summary, &before, &[])?;
    }
    writer.write(transaction)?;
    Ok(true)
}

type Gone = Vec<(Shown, Published)>;

/// The same bytes are one credential of the one person: of two verdicts the better one stays, because it knew more of the person.
fn fold_same_bytes(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    from: &CandidateRef,
    into: &CandidateRef,
) -> Result<Gone> {
    let mut gone = Gone::new();
    for (of_from, of_into) in transaction.same_bytes(tenant, from, into)? {
        let (Some(one), Some(other)) = (transaction.credential(tenant, &of_from)?, transaction.credential(tenant, &of_into)?)
        else {
            continue;
        };
        let (folded, kept) = if one.outcome < other.outcome { (other, one) } else { (one, other) };
        gone.push(leave(transaction, folded.clone())?);
        transaction.fold_credential(&folded.id, &kept.id)?;
    }
    Ok(gone)
}

/// Of two issues of one credential the newer one stays in force.
fn supersede_older(
    transaction: &mut Transaction<'_>,
    tenant: &TenantId,
    person: &CandidateRef,
    now: DateTime<Utc>,
) -> Result<Gone> {
    let mut of_key: BTreeMap<String, Vec<CredentialId>> = BTreeMap::new();
    for (key, id) in transaction.keyed_credentials(tenant, person)? {
        of_key.entry(key).or_default().push(id);
    }
    let mut gone = Gone::new();
    for ids in of_key.into_values().filter(|ids| ids.len() > 1) {
        let mut in_force: Option<StoredCredential> = None;
        for id in ids {
            let Some(stored) = transaction.credential(tenant, &id)? else { continue };
            let Some(before) = in_force.take() else {
                in_force = Some(stored);
                continue;
            };
            let (older, newer) = if is_newer(&stored, &before) { (before, stored) } else { (stored, before) };
            gone.push(leave(transaction, older.clone())?);
            transaction.set_credential_status(&older.id, CredentialStatus::Superseded, now)?;
            transaction.set_skill_status(&older.id, SkillStatus::Superseded)?;
            in_force = Some(newer);
        }
    }
    Ok(gone)
}

fn is_newer(one: &StoredCredential, other: &StoredCredential) -> bool {
    match (&one.normalized, &other.normalized) {
        (Some(new), Some(old)) => replaces(new, (old.valid_from, other.outcome)),
        _ => false,
    }
}

/// The published facts of a credential that goes out of force.
fn leave(transaction: &mut Transaction<'_>, mut stored: StoredCredential) -> Result<(Shown, Published)> {
    if let Some(normalized) = &mut stored.normalized {
        normalized.status = CredentialStatus::Superseded;
    }
    let skills = transaction.skills_in_force(&stored.id)?;
    let shown = Shown::of(&stored.id, &stored.fingerprint, &stored.report, stored.normalized.as_ref());
    Ok((shown, Published { outcome: stored.outcome, skills }))
}
