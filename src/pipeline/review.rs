//! Decisions about the texts of skills reach earlier credentials. Comes in: decisions, changes of taxonomies. Goes out: rows and events, some
//! credentials at a time: a skill keeps its id and is remapped, never asserted again. Must not know: who decides.

use super::events::{EventWriter, Published, Shown};
use super::mapping::{for_each, settle};
use super::{Pipeline, PipelineError};
use crate::model::credential::NormalizedCredential;
use crate::model::decision::Decision;
use crate::model::event::EventType;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::record::StoredCredential;
use crate::model::skill::{MappingStatus, Method, SkillAssertion, label_key};
use crate::skills::Mapper;
use crate::store::{Result, SkillJob, Transaction};
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, HashMap};

/// Credentials of one step, which is one transaction.
const STEP: u32 = 200;
/// A credential that is being written while somebody decides appears within this time.
const SETTLING: Duration = Duration::seconds(60);

impl Pipeline {
    /// Keeps a decision and the work that follows from it.
    pub async fn decide(&self, tenant: &TenantId, decision: Decision) -> std::result::Result<Decision, PipelineError> {
        let (tenant, now) = (tenant.clone(), self.clock.now());
        let kept = decision.clone();
        let written = self.store.transaction(move |transaction| {
            transaction.insert_decision(&tenant, &decision)?;
            let key = transaction.label_digest(&tenant, &label_key(&decision.label))?;
            transaction.insert_skill_job(&job(&tenant, key, Some(decision.id.clone()), now))
        });
        written.await?;
        Ok(kept)
    }

    /// Takes a decision back; `None` when no decision with that id is in force.
    pub async fn undo_decision(&self, tenant: &TenantId, id: &str) -> std::result::Result<Option<Decision>, PipelineError> {
        let (tenant, id, now) = (tenant.clone(), id.to_owned(), self.clock.now());
        let undone = self.store.transaction(move |transaction| {
            let undone = transaction.undo_decision(&tenant, &id, now)?;
            if let Some(decision) = &undone {
                let key = transaction.label_digest(&tenant, &label_key(&decision.label))?;
                transaction.insert_skill_job(&job(&tenant, key, None, now))?;
            }
            Ok(undone)
        });
        Ok(undone.await?)
    }

    /// Chooses the catalogue that the tenant's skills are mapped to; they follow with [`Pipeline::map_again`].
    pub async fn choose_catalogue(&self, tenant: &TenantId, catalogue: Option<String>) -> std::result::Result<(), PipelineError> {
        let tenant = tenant.clone();
        Ok(self.store.transaction(move |transaction| transaction.set_catalogue(&tenant, catalogue.as_deref())).await?)
    }

    /// Maps skills again where something changed: one step; returns how many credentials it looked at. Safe to call from several
    /// processes, and again at any time.
    pub async fn map_again(&self) -> std::result::Result<usize, PipelineError> {
        self.follow_taxonomies().await?;
        let Some(job) = self.store.next_skill_job(self.clock.now()).await? else { return Ok(0) };
        let found = self.store.credentials_to_map(&job, STEP).await?;
        let Some(last) = found.last().map(|stored| stored.id.to_string()) else {
            return self.end(job).await;
        };
        let count = found.len();
        let mapped = self.mapped_anew(&job, found).await?;
        let now = self.clock.now();
        let written = self.store.transaction(move |transaction| {
            if !transaction.advance_skill_job(&job, &last)? {
                return Ok(());
            }
            let mut of_person: BTreeMap<CandidateRef, Vec<(StoredCredential, NormalizedCredential)>> = BTreeMap::new();
            for (stored, mapped) in mapped {
                of_person.entry(stored.candidate_ref.clone()).or_default().push((stored, mapped));
            }
            let mut corrected: HashMap<String, u32> = HashMap::new();
            for (candidate, theirs) in of_person {
                let Some(sequence) = transaction.lock_candidate(&job.tenant_id, &candidate)? else { continue };
                let cause = job.decision_id.clone();
                let mut events = EventWriter::new(&job.tenant_id, &candidate, cause, now, sequence);
                for (seen, mapped) in theirs {
                    take_over(transaction, &mut events, &job, &seen, mapped, &mut corrected, now)?;
                }
                events.write(transaction)?;
            }
            for (decision, count) in corrected {
                transaction.add_corrections(&decision, count)?;
            }
            Ok(())
        });
        written.await?;
        Ok(count)
    }

    /// Nothing is left: the job is done once more, when no credential can be missed any more, then it goes.
    async fn end(&self, job: SkillJob) -> std::result::Result<usize, PipelineError> {
        let now = self.clock.now();
        let written = self.store.transaction(move |transaction| {
            transaction.finish_skill_job(&job)?;
            if job.last {
                return Ok(());
            }
            let id = uuid::Uuid::now_v7().to_string();
            transaction.insert_skill_job(&SkillJob { id, position: String::new(), not_before: now + SETTLING, last: true, ..job })
        });
        written.await?;
        Ok(0)
    }

    /// After a decision the decision alone changes something; else the taxonomies are asked again, on the blocking pool.
    async fn mapped_anew(
        &self,
        job: &SkillJob,
        found: Vec<StoredCredential>,
    ) -> std::result::Result<Vec<(StoredCredential, NormalizedCredential)>, PipelineError> {
        let is_decision = job.decision_id.is_some();
        let map_all = move |mapper: &Mapper, catalogue: Option<&str>| {
            let one = |stored: StoredCredential| {
                let mut normalized = stored.normalized.clone()?;
                if !is_decision {
                    mapper.map(&mut normalized, catalogue);
                }
                Some((stored, normalized))
            };
            found.into_iter().filter_map(one).collect()
        };
        self.with_mapper(&job.tenant_id, map_all).await
    }

    /// When the taxonomies, the coefficients or a tenant's catalogue changed, all of its skills are mapped again.
    async fn follow_taxonomies(&self) -> std::result::Result<(), PipelineError> {
        for (tenant, catalogue, before) in self.store.mapped_states().await? {
            let state = self.mapper.state(catalogue.as_deref());
            if state == before {
                continue;
            }
            let now = self.clock.now();
            let written = self.store.transaction(move |transaction| {
                if transaction.set_mapped_state(&tenant, &before, &state)? {
                    transaction.insert_skill_job(&job(&tenant, String::new(), None, now))?;
                }
                Ok(())
            });
            written.await?;
        }
        Ok(())
    }
}

fn job(tenant: &TenantId, label_key: String, decision_id: Option<String>, now: DateTime<Utc>) -> SkillJob {
    let id = uuid::Uuid::now_v7().to_string();
    SkillJob { id, tenant_id: tenant.clone(), label_key, decision_id, position: String::new(), not_before: now, last: false }
}

/// Writes the changes to one credential's skills.
fn take_over(
    transaction: &mut Transaction<'_>,
    events: &mut EventWriter,
    job: &SkillJob,
    seen: &StoredCredential,
    mut mapped: NormalizedCredential,
    corrected: &mut HashMap<String, u32>,
    now: DateTime<Utc>,
) -> Result<()> {
    // Read only now: nobody else can change it any more.
    let Some(stored) = transaction.credential(&job.tenant_id, &seen.id)? else { return Ok(()) };
    let Some(mut before) = stored.normalized.clone() else { return Ok(()) };
    if seen.normalized.as_ref() != Some(&before) {
        // Changed since it was mapped: only the decisions are applied, and the job that changed it did the rest.
        mapped = before.clone();
    }
    settle(transaction, &job.tenant_id, &mut mapped)?;
    if mapped == before {
        return Ok(());
    }
    let mut earlier: HashMap<String, SkillAssertion> = HashMap::new();
    for_each(&mut before, &mut |skill| {
        earlier.entry(skill.assertion_id.clone()).or_insert_with(|| skill.clone());
    });
    let shown = Shown::of(&stored.id, &stored.fingerprint, &stored.report, Some(&mapped));
    for skill in &shown.skills {
        let Some(old) = earlier.get(&skill.assertion_id).filter(|old| *old != skill) else { continue };
        transaction.update_skill(&stored.id, skill)?;
        let is_remapped = old.mapping_status != skill.mapping_status || uris(old) != uris(skill);
        if !is_remapped || !super::events::is_given(old) && !super::events::is_given(skill) {
            continue;
        }
        if let Some(decision) = decision_of(skill, job)
            && matches!(old.method(), Some(Method::Exact | Method::Combined))
            && uris(old).first() != uris(skill).first()
        {
            *corrected.entry(decision).or_default() += 1;
        }
        if skill.mapping_status == MappingStatus::Rejected {
            let before = Published { outcome: stored.report.outcome, skills: vec![old.clone()] };
            events.withdraw(transaction, &shown.summary, &before, &[])?;
        } else if old.mapping_status == MappingStatus::Rejected {
            events.skill(EventType::SkillAsserted, &shown.summary, skill);
        } else {
            events.remapped(&shown.summary, old, skill);
        }
    }
    transaction.set_normalized(&stored.id, &mapped, now)
}

fn uris(skill: &SkillAssertion) -> Vec<Option<&str>> {
    skill.concepts.iter().map(|concept| concept.uri.as_deref()).collect()
}

fn decision_of(skill: &SkillAssertion, job: &SkillJob) -> Option<String> {
    let named = skill.concepts.first().and_then(|concept| concept.mapping.as_ref()?.decision_id.clone());
    named.or_else(|| job.decision_id.clone())
}
