//! One verifier per tenant: the same documents and contexts, the tenant's own trust policy.
//! Comes in: the default verifier, tenants' own policies from files, and policies that people publish while the gateway runs.
//! Goes out: the verifier of a tenant. Must not know: the storage of policies.

use super::Verifier;
use super::checks::issuer_trust::TrustPolicy;
use crate::model::ids::TenantId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

type Policies = HashMap<TenantId, Arc<TrustPolicy>>;

/// Cheap to clone; clones share what is published.
#[derive(Clone)]
pub struct Verifiers {
    everybody: Verifier,
    policies: Arc<Policies>,
    published: Arc<RwLock<Policies>>,
}

impl Verifiers {
    /// `policies`: the policies of tenants with a policy file of their own.
    pub fn new(everybody: Verifier, policies: HashMap<TenantId, TrustPolicy>) -> Self {
        let policies = policies.into_iter().map(|(tenant, policy)| (tenant, Arc::new(policy)));
        Self { everybody, policies: Arc::new(policies.collect()), published: Arc::default() }
    }

    /// The verifier for work that depends on no tenant.
    pub fn everybody(&self) -> &Verifier {
        &self.everybody
    }

    /// The default policy, and the tenants' own policies, as the files have them.
    pub fn policies(&self) -> impl Iterator<Item = &TrustPolicy> {
        std::iter::once(&self.everybody.policy).chain(self.policies.values()).map(AsRef::as_ref)
    }

    /// The policy of the tenant's file, else the default policy.
    pub fn file_policy(&self, tenant: &TenantId) -> Arc<TrustPolicy> {
        self.policies.get(tenant).unwrap_or(&self.everybody.policy).clone()
    }

    /// The published policy of the tenant, if there is one.
    pub fn published(&self, tenant: &TenantId) -> Option<Arc<TrustPolicy>> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }

    /// The policy counts from now on, in the place of the file; `None`: the file counts again.
    pub fn publish(&self, tenant: &TenantId, policy: Option<TrustPolicy>) {
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        match policy {
            Some(policy) => drop(published.insert(tenant.clone(), Arc::new(policy))),
            None => drop(published.remove(tenant)),
        }
    }

    /// The verifier with the published policy, else with the tenant's own file, else with the default policy.
    pub fn of(&self, tenant: &TenantId) -> Verifier {
        let mut verifier = self.everybody.clone();
        verifier.policy = self.published(tenant).unwrap_or_else(|| self.file_policy(tenant));
        verifier
    }
}

impl From<Verifier> for Verifiers {
    fn from(everybody: Verifier) -> Self {
        Self::new(everybody, HashMap::new())
    }
}
