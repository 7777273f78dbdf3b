//! The recorded writes of a delivery. With them each write is applied once although it may be tried often.
//! Comes in: a step's name. Goes out: its entry. Where entries are kept is the implementation's business.
use crate::model::ledger::LedgerEntry;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The ledger could not be read or written: nothing may be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LedgerError(pub String);

/// A credential's own bytes.
#[derive(Clone, Debug)]
pub struct Badge {
    pub name: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// The ledger of one event at one connection.
#[async_trait]
pub trait Ledger: Send + Sync {
    async fn entry(&self, step: &str) -> Result<Option<LedgerEntry>, LedgerError>;
    /// Notes the entry. With `at_once` it outlives the process from the return on; else it may be written with the end of the attempt.
    async fn put(&self, step: &str, entry: &LedgerEntry, at_once: bool) -> Result<(), LedgerError>;
    /// Identifiers of the system that earlier events about the person remembered, by name.
    async fn remembered(&self) -> Result<BTreeMap<String, String>, LedgerError>;
    /// Remembers an identifier under a name, or forgets the name, from the return on.
    async fn remember(&self, name: &str, remote_id: Option<&str>) -> Result<(), LedgerError>;
    /// The credential as it was received, if it is the person's and was not rejected.
    async fn badge(&self, credential: &str) -> Result<Option<Badge>, LedgerError>;
    /// Notes the hash of a file before it is written to the system, so that it is not read again as somebody else's.
    async fn writes_file(&self, sha256: &str) -> Result<(), LedgerError>;
}

/// For tests of manifests and dry runs.
#[derive(Default)]
pub struct MemoryLedger {
    entries: Mutex<BTreeMap<String, LedgerEntry>>,
    remembered: Mutex<BTreeMap<String, String>>,
    badge: Option<Badge>,
}

impl MemoryLedger {
    pub fn with(entries: BTreeMap<String, LedgerEntry>, remembered: BTreeMap<String, String>) -> Self {
        Self { entries: Mutex::new(entries), remembered: Mutex::new(remembered), badge: None }
    }

    /// Every credential is this one.
    #[must_use]
    pub fn with_badge(self, badge: Option<Badge>) -> Self {
        Self { badge, ..self }
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn entry(&self, step: &str) -> Result<Option<LedgerEntry>, LedgerError> {
        Ok(self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(step).cloned())
    }

    async fn put(&self, step: &str, entry: &LedgerEntry, _: bool) -> Result<(), LedgerError> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(step.to_owned(), entry.clone());
        Ok(())
    }

    async fn remembered(&self) -> Result<BTreeMap<String, String>, LedgerError> {
        Ok(self.remembered.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    async fn remember(&self, name: &str, remote_id: Option<&str>) -> Result<(), LedgerError> {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        match remote_id {
            Some(remote_id) => drop(remembered.insert(name.to_owned(), remote_id.to_owned())),
            None => drop(remembered.remove(name)),
        }
        Ok(())
    }

    async fn badge(&self, _: &str) -> Result<Option<Badge>, LedgerError> {
        Ok(self.badge.clone())
    }

    async fn writes_file(&self, _: &str) -> Result<(), LedgerError> {
        Ok(())
    }
}
