//! Skills get their concepts: by the taxonomies before the transaction, by decisions of people inside it. Comes in: normalised
//! credentials. Goes out: the same, mapped. Must not know: how a concept is found.

use super::worked::WorkedFile;
use super::{Pipeline, PipelineError};
use crate::model::credential::NormalizedCredential;
use crate::model::ids::TenantId;
use crate::model::skill::{MappingStatus, SkillAssertion, SkillStatus};
use crate::skills::{Mapper, decide};
use crate::store::{Result, StoreError, Transaction};

impl Pipeline {
    /// Works with the mapper and the tenant's catalogue on the blocking pool.
    pub(super) async fn with_mapper<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        work: impl FnOnce(&Mapper, Option<&str>) -> T + Send + 'static,
    ) -> std::result::Result<T, PipelineError> {
        let (catalogue, _) = self.store.skill_settings(tenant).await?;
        let mapper = self.mapper.clone();
        let worked = tokio::task::spawn_blocking(move || work(&mapper, catalogue.as_deref()));
        Ok(worked.await.map_err(|error| StoreError::Internal(error.to_string()))?)
    }

    /// Maps the skills of all credentials.
    pub(super) async fn map_files(
        &self,
        tenant: &TenantId,
        mut files: Vec<WorkedFile>,
    ) -> std::result::Result<Vec<WorkedFile>, PipelineError> {
        if files.iter().flat_map(|file| &file.credentials).all(|credential| credential.normalized.is_none()) {
            return Ok(files);
        }
        let map = move |mapper: &Mapper, catalogue: Option<&str>| {
            let credentials = files.iter_mut().flat_map(|file| &mut file.credentials);
            for normalized in credentials.filter_map(|credential| credential.normalized.as_mut()) {
                mapper.map(normalized, catalogue);
            }
            files
        };
        self.with_mapper(tenant, map).await
    }

    /// Maps the skills of one credential.
    pub(super) async fn map_one(
        &self,
        tenant: &TenantId,
        mut normalized: NormalizedCredential,
    ) -> std::result::Result<NormalizedCredential, PipelineError> {
        let map = move |mapper: &Mapper, catalogue: Option<&str>| {
            mapper.map(&mut normalized, catalogue);
            normalized
        };
        self.with_mapper(tenant, map).await
    }
}

/// Applies the decisions that count now, in the transaction that writes the credential.
pub fn settle(transaction: &mut Transaction<'_>, tenant: &TenantId, normalized: &mut NormalizedCredential) -> Result<()> {
    let mut labels: Vec<String> = Vec::new();
    labels_of(normalized, &mut labels);
    if labels.is_empty() {
        return Ok(());
    }
    labels.sort_unstable();
    labels.dedup();
    let decisions = transaction.decisions(tenant, &normalized.issuer.id, &labels)?;
    for_each(normalized, &mut |skill| {
        decide(skill, &decisions);
        // A label that a person decided is no skill is not asserted. It is asserted again once the decision is taken back.
        match (skill.mapping_status, skill.status) {
            (MappingStatus::Rejected, SkillStatus::Asserted) => skill.status = SkillStatus::Withdrawn,
            (other, SkillStatus::Withdrawn) if other != MappingStatus::Rejected => skill.status = SkillStatus::Asserted,
            _ => {}
        }
    });
    Ok(())
}

fn labels_of(normalized: &NormalizedCredential, labels: &mut Vec<String>) {
    labels.extend(normalized.skills.iter().map(|skill| skill.label.key()));
    normalized.parts.iter().for_each(|part| labels_of(&part.credential, labels));
}

/// Every skill of the credential and of those inside it.
pub fn for_each(normalized: &mut NormalizedCredential, work: &mut impl FnMut(&mut SkillAssertion)) {
    normalized.skills.iter_mut().for_each(&mut *work);
    normalized.parts.iter_mut().for_each(|part| for_each(&mut part.credential, work));
}
