//! Trust policies that people publish: what a policy would change, and its publication while the gateway runs.
//! Comes in: a policy as text. Goes out: counts; after a publication, past credentials are due to be checked again, and that check
//! publishes the new verdicts. Must not know: who publishes, and how.

use super::status::with_check;
use super::{Pipeline, PipelineError};
use crate::model::code::Code;
use crate::model::credential::NormalizedCredential;
use crate::model::ids::{CredentialId, TenantId};
use crate::model::record::{CredentialFilter, Page, StoredCredential};
use crate::model::report::{CheckId, Outcome};
use crate::model::trust::{FirstBadge, PolicyVersion, SeenIssuer, Trial, VerdictChange};
use crate::verify::checks::issuer_trust::{self, Listing, TrustPolicy};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Most credentials that a trial looks at, and how many it reads at once.
const MOST_TRIED: usize = 20_000;
const PAGE: u32 = 500;
/// Most credentials among which issuers are looked for.
const MOST_SEARCHED: usize = 2_000;
/// Most issuers about which registries are asked.
const MOST_ASKED: usize = 200;

impl Pipeline {
    /// The policy that counts for the tenant now.
    pub fn policy(&self, tenant: &TenantId) -> Arc<TrustPolicy> {
        self.examiner.verifiers.of(tenant).policy
    }

    /// What the policy would change in the verdicts on the newest credentials. Nothing is written.
    pub async fn try_policy(&self, tenant: &TenantId, policy: &TrustPolicy) -> Result<Trial, PipelineError> {
        let mut trial = Trial::default();
        let mut changes: BTreeMap<(String, Outcome, Outcome), (Option<String>, usize)> = BTreeMap::new();
        let mut listings: HashMap<String, Vec<Listing>> = HashMap::new();
        let mut after = None;
        while trial.examined < MOST_TRIED {
            let page = self.page(tenant, &mut after).await?;
            for stored in &page {
                trial.examined += 1;
                let Some(issuer) = &stored.report.issuer_id else { continue };
                if !listings.contains_key(issuer) {
                    let known = if listings.len() < MOST_ASKED { self.listings(issuer, policy).await } else { Vec::new() };
                    listings.insert(issuer.clone(), known);
                }
                let known = listings.get(issuer).map_or(&[][..], Vec::as_slice);
                if let Some(to) = self.judged(stored, issuer, policy, known) {
                    let name = stored.report.issuer_name.as_ref().map(|name| name.name.clone());
                    changes.entry((issuer.clone(), stored.outcome, to)).or_insert((name, 0)).1 += 1;
                    trial.credentials.push(stored.id.clone());
                }
            }
            if after.is_none() {
                break;
            }
        }
        trial.has_more = after.is_some();
        let change =
            |((issuer_id, from, to), (issuer_name, credentials))| VerdictChange { issuer_id, issuer_name, from, to, credentials };
        trial.changes = changes.into_iter().map(change).collect();
        Ok(trial)
    }

    /// The policy counts from now on, here at once and in other processes soon; `None`: the policy file counts again. The credentials
    /// whose verdict changes are due to be checked.
    pub async fn publish_policy(
        &self,
        tenant: &TenantId,
        policy: Option<TrustPolicy>,
        actor: &str,
    ) -> Result<(PolicyVersion, Trial), PipelineError> {
        let counts = policy.clone().map_or_else(|| self.examiner.verifiers.file_policy(tenant), Arc::new);
        let trial = self.try_policy(tenant, &counts).await?;
        let now = self.clock.now();
        let version = self.store.publish_policy(tenant, policy.as_ref().map(TrustPolicy::text), actor, now).await?;
        self.examiner.verifiers.publish(tenant, policy);
        let due: Vec<CredentialId> = trial.credentials.clone();
        for some in due.chunks(PAGE as usize) {
            let some = some.to_vec();
            self.store
                .transaction(move |transaction| some.iter().try_for_each(|id| transaction.set_next_check(id, Some(now))))
                .await?;
        }
        Ok((version, trial))
    }

    /// Takes over what was published by other processes and before the start. A text that can't be read is an error: to go on with
    /// another policy could accept what the employer does not want.
    pub async fn load_published_policies(&self) -> Result<(), PipelineError> {
        for (tenant, version) in self.store.current_policies().await? {
            let known = self.examiner.verifiers.published(&tenant);
            if known.as_ref().map(|policy| policy.text()) == version.text.as_deref() {
                continue;
            }
            let policy = version.text.as_deref().map(TrustPolicy::parse).transpose();
            let policy = policy.map_err(|error| PipelineError::Policy(format!("the published policy of {tenant}: {error}")))?;
            self.examiner.verifiers.publish(&tenant, policy);
        }
        Ok(())
    }

    /// Issuers of recent credentials of which no rule speaks, the one with most credentials first.
    pub async fn issuers_waiting(&self, tenant: &TenantId) -> Result<Vec<SeenIssuer>, PipelineError> {
        let policy = self.policy(tenant);
        let mut seen: HashMap<String, SeenIssuer> = HashMap::new();
        let (mut searched, mut after) = (0, None);
        while searched < MOST_SEARCHED {
            let page = self.page(tenant, &mut after).await?;
            searched += page.len();
            for stored in page {
                let is_unknown = stored.report.check(CheckId::IssuerTrust).is_some_and(|check| check.code == Code::IssuerUnknown);
                let Some(issuer) = stored.report.issuer_id.clone().filter(|_| is_unknown) else { continue };
                if policy.decide(&issuer, &kinds(&stored), &[]).rule.is_some() {
                    continue;
                }
                let name = stored.report.issuer_name.as_ref().map(|name| name.name.clone());
                let first = first_badge(stored);
                let entry = seen.entry(issuer.clone());
                let entry =
                    entry.or_insert_with(|| SeenIssuer { issuer_id: issuer, name: None, credentials: 0, first: first.clone() });
                entry.credentials += 1;
                entry.name = entry.name.take().or(name);
                // The list goes back in time.
                entry.first = first;
            }
            if after.is_none() {
                break;
            }
        }
        let mut waiting: Vec<SeenIssuer> = seen.into_values().collect();
        waiting.sort_by(|a, b| b.credentials.cmp(&a.credentials).then_with(|| a.issuer_id.cmp(&b.issuer_id)));
        Ok(waiting)
    }

    /// The next page of credentials, newest first; `after` becomes `None` after the last.
    async fn page(&self, tenant: &TenantId, after: &mut Option<String>) -> Result<Vec<StoredCredential>, PipelineError> {
        let page = Page { limit: PAGE, after: after.take() };
        let rows = self.store.list_credentials(tenant, &CredentialFilter::default(), &page).await?;
        if rows.len() == PAGE as usize {
            *after = rows.last().map(|row| row.id.to_string());
        }
        Ok(rows)
    }

    async fn listings(&self, issuer: &str, policy: &TrustPolicy) -> Vec<Listing> {
        let documents = &self.examiner.verifiers.everybody().documents;
        issuer_trust::look_up(issuer, policy, documents, self.clock.now()).await.0
    }

    /// The outcome under the policy, where it is another one. What nothing proves the issuer of stays as it is.
    fn judged(&self, stored: &StoredCredential, issuer: &str, policy: &TrustPolicy, listings: &[Listing]) -> Option<Outcome> {
        let before = stored.report.check(CheckId::IssuerTrust)?;
        if super::status::is_over(stored) || before.code == Code::IssuerUnproven {
            return None;
        }
        let check = issuer_trust::judged(issuer, policy, &kinds(stored), listings);
        let to = with_check(&stored.report, &check, self.clock.now()).outcome;
        (to != stored.outcome).then_some(to)
    }
}

fn kinds(stored: &StoredCredential) -> Vec<String> {
    let kind = |normalized: &NormalizedCredential| normalized.achievement.achievement_type.clone();
    stored.normalized.as_ref().and_then(kind).into_iter().collect()
}

fn first_badge(stored: StoredCredential) -> FirstBadge {
    let title = stored.normalized.and_then(|normalized| normalized.achievement.name.into_values().next());
    FirstBadge {
        credential_id: stored.id,
        submission_id: stored.submission_id,
        candidate_ref: stored.candidate_ref,
        title,
        received_at: stored.created_at,
    }
}
