//! The first API key: the operator chooses it, or the first start makes and prints it.

use super::{App, AppError};
use crate::model::account::Role;
use crate::model::ids::TenantId;
use crate::model::secret::Secret;
use crate::model::tenant::{GeneratedKey, hash_api_key};

const MIN_CHARACTERS: usize = 24;

impl App {
    /// Makes sure that there is a key. Returns the key only if this call made it.
    pub(super) async fn ensure_first_key(&self) -> Result<Option<Secret>, AppError> {
        let tenant = TenantId::from("default");
        let chosen = &self.settings.auth.bootstrap_key;
        if !chosen.expose().is_empty() {
            self.ensure_chosen_key(&tenant, chosen.clone()).await?;
            return Ok(None);
        }
        if !self.store.list_api_keys(&tenant).await?.is_empty() {
            return Ok(None);
        }
        let key = GeneratedKey::new();
        self.store.create_api_key(&tenant, "first key", key.prefix(), &key.hash(), Role::Administrator, self.clock.now()).await?;
        Ok(Some(Secret::new(key.expose())))
    }

    async fn ensure_chosen_key(&self, tenant: &TenantId, chosen: Secret) -> Result<(), AppError> {
        if chosen.expose().chars().count() < MIN_CHARACTERS {
            return Err(AppError::Settings(format!("auth.bootstrap_key must have at least {MIN_CHARACTERS} characters")));
        }
        let known = self.store.find_api_key(&hash_api_key(chosen.expose()), self.clock.now()).await?.is_some();
        if !known {
            let key = GeneratedKey::chosen(chosen);
            self.store
                .create_api_key(tenant, "bootstrap key", key.prefix(), &key.hash(), Role::Administrator, self.clock.now())
                .await?;
        }
        Ok(())
    }
}
