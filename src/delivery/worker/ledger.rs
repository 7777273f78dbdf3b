//! The ledger of one attempt: the entries of earlier attempts, and of this attempt.
//! Comes in: the entries of a claim. Goes out: the entries to write with the attempt.
//! An entry that must outlive the process before the next request is written at once.

use crate::connector::ledger::{Badge, Ledger, LedgerError};
use crate::model::clock::Clock;
use crate::model::ids::{CandidateRef, ConnectionId, CredentialId, EventId, TenantId};
use crate::model::ledger::LedgerEntry;
use crate::model::record::StoredCredential;
use crate::model::report::Outcome;
use crate::store::Store;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

pub struct AttemptLedger<'a> {
    pub store: &'a Store,
    pub clock: &'a Clock,
    pub tenant: &'a TenantId,
    pub connection: &'a ConnectionId,
    pub event: &'a EventId,
    pub candidate: &'a CandidateRef,
    pub known: Mutex<BTreeMap<String, LedgerEntry>>,
    pub noted: Mutex<BTreeMap<String, LedgerEntry>>,
}

impl AttemptLedger<'_> {
    /// The entries to write with the attempt.
    pub fn into_noted(self) -> BTreeMap<String, LedgerEntry> {
        self.noted.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for AttemptLedger<'_> {
    async fn entry(&self, step: &str) -> Result<Option<LedgerEntry>, LedgerError> {
        Ok(self.known.lock().unwrap_or_else(PoisonError::into_inner).get(step).cloned())
    }

    async fn put(&self, step: &str, entry: &LedgerEntry, at_once: bool) -> Result<(), LedgerError> {
        if at_once {
            let put = self.store.put_ledger_entry(self.connection, self.event, step, entry, self.clock.now()).await;
            put.map_err(|_| away())?;
        } else {
            self.noted.lock().unwrap_or_else(PoisonError::into_inner).insert(step.to_owned(), entry.clone());
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(step.to_owned(), entry.clone());
        Ok(())
    }

    async fn remembered(&self) -> Result<BTreeMap<String, String>, LedgerError> {
        self.store.remembered(self.connection, self.candidate).await.map_err(|_| away())
    }

    async fn remember(&self, name: &str, remote_id: Option<&str>) -> Result<(), LedgerError> {
        let of = (self.connection, self.candidate);
        self.store.remember(of, name, remote_id, self.clock.now()).await.map_err(|_| away())
    }

    async fn badge(&self, credential: &str) -> Result<Option<Badge>, LedgerError> {
        let id = CredentialId::from(credential);
        let stored = self.store.credential(self.tenant, &id).await.map_err(|_| away())?;
        let is_shown = |stored: &StoredCredential| stored.candidate_ref == *self.candidate && stored.outcome != Outcome::Rejected;
        let Some(stored) = stored.filter(is_shown) else { return Ok(None) };
        let source = self.store.credential_source(self.tenant, &id).await.map_err(|_| away())?;
        Ok(source.map(|(media_type, bytes)| Badge { name: stored.name, media_type, bytes }))
    }

    async fn writes_file(&self, sha256: &str) -> Result<(), LedgerError> {
        self.store.note_written_file(self.connection, sha256, self.clock.now()).await.map_err(|_| away())
    }
}

fn away() -> LedgerError {
    LedgerError("The gateway's own database could not be reached; the delivery is tried again.".to_owned())
}
