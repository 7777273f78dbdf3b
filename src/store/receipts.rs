//! Receipts of verification: one per credential, made when it is first asked for; a tenant's receipts form a chain.
//! The chain keeps only digests, so that it stays whole when a person is erased and their receipts go.

use super::{Result, Store, StoreError};
use crate::model::ids::{CredentialId, TenantId};
use diesel::prelude::*;

diesel::table! {
    receipts (credential_id) {
        credential_id -> Text,
        tenant_id -> Text,
        number -> BigInt,
        token -> Binary,
        created_at -> Text,
    }
}

diesel::table! {
    receipt_chain (tenant_id, number) {
        tenant_id -> Text,
        number -> BigInt,
        sha256 -> Text,
    }
}

/// A receipt as its maker hands it over.
#[derive(Clone, Debug)]
pub struct MadeReceipt {
    pub token: String,
    /// Lower-case hex SHA-256 by which the next receipt names this one.
    pub sha256: String,
}

impl Store {
    /// The credential's receipt. When the credential has no receipt yet, `make` is given number and digest of the tenant's last receipt.
    pub async fn receipt<F>(
        &self,
        tenant: &TenantId,
        credential: &CredentialId,
        now: chrono::DateTime<chrono::Utc>,
        make: F,
    ) -> Result<String>
    where
        F: FnOnce(Option<(u64, String)>) -> std::result::Result<MadeReceipt, String> + Send + 'static,
    {
        let (tenant, credential) = (tenant.to_string(), credential.to_string());
        let place = format!("credential:{credential}:receipt");
        self.transaction(move |transaction| {
            transaction.lock_names(&[format!("receipts:{tenant}")])?;
            let key = transaction.key_of_credential(&CredentialId(credential.clone()))?;
            let connection = &mut *transaction.connection;
            let known: Option<Vec<u8>> = receipts::table
                .filter(receipts::credential_id.eq(&credential))
                .filter(receipts::tenant_id.eq(&tenant))
                .select(receipts::token)
                .first(connection)
                .optional()?;
            if let Some(token) = known {
                return transaction.vault.open_text(connection, &place, &token);
            }
            let last: Option<(i64, String)> = receipt_chain::table
                .filter(receipt_chain::tenant_id.eq(&tenant))
                .order(receipt_chain::number.desc())
                .select((receipt_chain::number, receipt_chain::sha256))
                .first(connection)
                .optional()?;
            let number = last.as_ref().map_or(1, |(number, _)| number + 1);
            let previous = last.map(|(number, sha256)| (number.unsigned_abs(), sha256));
            let made = make(previous).map_err(StoreError::Internal)?;
            let link =
                (receipt_chain::tenant_id.eq(&tenant), receipt_chain::number.eq(number), receipt_chain::sha256.eq(&made.sha256));
            diesel::insert_into(receipt_chain::table).values(link).execute(connection)?;
            let row = (
                receipts::credential_id.eq(&credential),
                receipts::tenant_id.eq(&tenant),
                receipts::number.eq(number),
                receipts::token.eq(key.seal(&place, made.token.as_bytes())?),
                receipts::created_at.eq(super::text::time_text(now)),
            );
            diesel::insert_into(receipts::table).values(row).execute(connection)?;
            Ok(made.token)
        })
        .await
    }
}
