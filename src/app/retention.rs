//! Applies the rules of retention: once a day for each tenant, by one process, in small steps.
//! Comes in: a tenant. Goes out: what was deleted, or would be. Persons are erased as everybody is erased, with a certificate.

use super::{App, AppError};
use crate::http::ports::Tasks;
use crate::model::account::Deed;
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::retention::{Expired, RetentionRules};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Time between two looks for tenants whose turn it is.
const INTERVAL: Duration = Duration::from_secs(600);
/// A process that began and was killed leaves the turn to others after this time.
const LEASE: chrono::Duration = chrono::Duration::hours(1);
const DAY: chrono::Duration = chrono::Duration::hours(24);

/// So much is deleted at a time, with this pause, so that nobody waits for it.
const AT_ONCE: u32 = 200;
const PAUSE: Duration = Duration::from_millis(250);
/// Who erases, in certificates and in the audit log.
const ACTOR: &str = "retention";

fn erasure_of(candidate: &CandidateRef) -> Deed {
    Deed {
        actor: ACTOR.to_owned(),
        action: "candidate.erase".to_owned(),
        object: format!("candidate:{candidate}"),
        address: String::new(),
    }
}

impl App {
    /// The rules that count for a tenant.
    pub async fn retention_rules(&self, tenant: &TenantId) -> Result<RetentionRules, AppError> {
        Ok(self.settings.retention.with(self.store.retention_override(tenant).await?))
    }

    /// What the rules would delete now.
    pub async fn preview_retention(&self, tenant: &TenantId) -> Result<Expired, AppError> {
        let rules = self.retention_rules(tenant).await?;
        Ok(self.store.count_expired(tenant, &rules, self.clock.now()).await?)
    }

    /// Deletes what is too old. Ends early when `stop` says so.
    pub async fn apply_retention(&self, tenant: &TenantId, stop: &CancellationToken) -> Result<Expired, AppError> {
        let (rules, now) = (self.retention_rules(tenant).await?, self.clock.now());
        let mut all = self.store.delete_expired(tenant, &rules, now).await?;
        loop {
            let mut step = Expired::default();
            for candidate in self.store.expired_candidates(tenant, &rules, now, AT_ONCE).await? {
                if stop.is_cancelled() {
                    break;
                }
                if self.store.erase_candidate(tenant, &candidate, ACTOR, now).await?.is_some() {
                    self.store.audit(tenant, vec![erasure_of(&candidate)], now).await?;
                    step.candidates += 1;
                }
            }
            if let Some(cut) = RetentionRules::cut(rules.events_days, now) {
                step.events = self.store.prune_events(tenant, cut, AT_ONCE).await? as u64;
            }
            all += step;
            if step.total() == 0 || stop.is_cancelled() {
                break;
            }
            self.jobs.wake();
            tokio::time::sleep(PAUSE).await;
        }
        if all.total() > 0 {
            let Expired { candidates, requests, events, certificates } = all;
            tracing::info!(%tenant, candidates, requests, events, certificates, "what was too old was deleted");
        }
        Ok(all)
    }

    /// Applies the rules of every tenant once a day.
    pub(super) async fn keep_to_retention(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.apply_due(&stop).await {
                tracing::warn!(cause = %error, "what is too old could not be deleted and will be deleted later");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// Applies the rules of the tenants whose turn it is. Returns how many they were.
    pub async fn apply_due(&self, stop: &CancellationToken) -> Result<usize, AppError> {
        let mut applied = 0;
        for tenant in self.store.list_tenants().await? {
            let now = self.clock.now();
            if stop.is_cancelled() || !self.store.take_retention_turn(&tenant, now, LEASE).await? {
                continue;
            }
            self.apply_retention(&tenant, stop).await?;
            self.store.end_retention_turn(&tenant, now + DAY).await?;
            applied += 1;
        }
        Ok(applied)
    }
}
