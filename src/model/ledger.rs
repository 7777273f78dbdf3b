//! The recorded writes of a delivery. They make each write take effect once, although a write may be tried several times.

/// The record of one write: one step for one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    pub state: LedgerState,
    pub remote_id: Option<String>,
    /// Lower-case hex SHA-256 of the request.
    pub request_digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerState {
    /// The request was recorded before sending; it is unknown whether it arrived.
    Started,
    Done,
    /// The target system refused the request: the write certainly had no effect.
    Refused,
}
