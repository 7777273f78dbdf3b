//! What a caller of the store can do about an error.

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is away or too busy: try again later.
    #[error("the database can't be reached: {0}")]
    Unavailable(String),
    /// Something with that key is already there.
    #[error("already exists: {0}")]
    Conflict(String),
    /// A bug or a damaged database: a person must look.
    #[error("the database failed: {0}")]
    Internal(String),
}
