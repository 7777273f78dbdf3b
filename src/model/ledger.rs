//! What is known of the writes of a delivery, so that each is applied once although it may be tried often.

/// What is known of one write of one step for one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    pub state: LedgerState,
    pub remote_id: Option<String>,
    /// Lower-case hex SHA-256 of the request.
    pub request_digest: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerState {
    /// The request was about to be sent: whether it arrived is unknown.
    Started,
    Done,
    /// The target answered that it refused: the write was certainly not applied.
    Refused,
}
