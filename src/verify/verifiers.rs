//! One verifier per tenant: the same documents and contexts, the tenant's own trust policy.
//! Comes in: the default verifier, and tenants' own policies. Goes out: the verifier of a tenant.
//! Must not know: the storage of policies.

use super::Verifier;
use super::checks::issuer_trust::TrustPolicy;
use crate::model::ids::TenantId;
use std::collections::HashMap;
use std::sync::Arc;

/// Cheap to clone.
#[derive(Clone)]
pub struct Verifiers {
    everybody: Verifier,
    policies: Arc<HashMap<TenantId, Arc<TrustPolicy>>>,
}

impl Verifiers {
    /// `policies`: the policies of tenants with a policy of their own.
    pub fn new(everybody: Verifier, policies: HashMap<TenantId, TrustPolicy>) -> Self {
        let policies = policies.into_iter().map(|(tenant, policy)| (tenant, Arc::new(policy)));
        Self { everybody, policies: Arc::new(policies.collect()) }
    }

    /// The verifier for work that depends on no tenant.
    pub fn everybody(&self) -> &Verifier {
        &self.everybody
    }

    /// The default policy, and the tenants' own policies.
    pub fn policies(&self) -> impl Iterator<Item = &TrustPolicy> {
        std::iter::once(&self.everybody.policy).chain(self.policies.values()).map(AsRef::as_ref)
    }

    /// The verifier with the tenant's own policy, else with the default policy.
    pub fn of(&self, tenant: &TenantId) -> Verifier {
        let mut verifier = self.everybody.clone();
        if let Some(policy) = self.policies.get(tenant) {
            verifier.policy = policy.clone();
        }
        verifier
    }
}

impl From<Verifier> for Verifiers {
    fn from(everybody: Verifier) -> Self {
        Self::new(everybody, HashMap::new())
    }
}
