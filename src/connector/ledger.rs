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

/// The ledger of one event at one connection.
#[async_trait]
pub trait Ledger: Send + Sync {
    async fn entry(&self, step: &str) -> Result<Option<LedgerEntry>, LedgerError>;
    /// Notes the entry. With `at_once` it outlives the process from the return on; else it may be written with the end of the attempt.
    async fn put(&self, step: &str, entry: &LedgerEntry, at_once: bool) -> Result<(), LedgerError>;
}

/// For tests of manifests and dry runs.
#[derive(Default)]
pub struct MemoryLedger(Mutex<BTreeMap<String, LedgerEntry>>);

impl MemoryLedger {
    pub fn with(entries: BTreeMap<String, LedgerEntry>) -> Self {
        Self(Mutex::new(entries))
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn entry(&self, step: &str) -> Result<Option<LedgerEntry>, LedgerError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(step).cloned())
    }

    async fn put(&self, step: &str, entry: &LedgerEntry, _: bool) -> Result<(), LedgerError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(step.to_owned(), entry.clone());
        Ok(())
    }
}
