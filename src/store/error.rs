//! The store's errors, by what a caller can do about them.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away or too busy: try again later.
    #[error("the database can't be reached: {0}")]
    Unavailable(String),
    /// The disk has no room for the write. An administrator must free space.
    #[error("the disk of the database is full: {0}")]
    Full(String),
    /// Something with that key is already there.
    #[error("already exists: {0}")]
    Conflict(String),
    /// The person was erased, and the key with them.
    #[error("the person was erased")]
    Erased,
    /// A bug or a damaged database: a person must look.
    #[error("the database failed: {0}")]
    Internal(String),
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let text = error.to_string();
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::Conflict(text),
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::SerializationFailure,
                _,
            )
            | DieselError::BrokenTransactionManager => Self::Unavailable(text),
            DieselError::DatabaseError(..) if is_full(&text) => Self::Full(text),
            DieselError::DatabaseError(..) if is_busy(&text) => Self::Unavailable(text),
            _ => Self::Internal(text),
        }
    }
}

/// In SQLite's words, and in PostgreSQL's (the system's error, which may stand in a message of its own).
fn is_full(text: &str) -> bool {
    ["disk is full", "No space left on device", "disk full", "Disk quota exceeded"].iter().any(|sign| text.contains(sign))
}

/// SQLite distinguishes these errors only by their text; so does PostgreSQL when it goes away or breaks a deadlock.
fn is_busy(text: &str) -> bool {
    [
        "database is locked",
        "database table is locked",
        // Also when the disk is full for the index of SQLite's log.
        "disk I/O error",
        "deadlock detected",
        "server closed the connection",
        "terminating connection",
        "canceling statement due to",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<diesel::r2d2::PoolError> for StoreError {
    fn from(error: diesel::r2d2::PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<crate::seal::SealError> for StoreError {
    fn from(error: crate::seal::SealError) -> Self {
        Self::Internal(error.to_string())
    }
}
