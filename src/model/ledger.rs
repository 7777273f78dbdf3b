//! The recorded writes of a delivery. With them each write is applied once although it may be tried often.

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
    /// The request was about to be sent; it is unknown whether it arrived.
    Started,
    Done,
    /// The target answered that it refused: the write was certainly not applied.
    Refused,
}
