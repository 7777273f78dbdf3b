//! Applications that a connection reads from the employer's system: each once, known by the system's identifiers.
//! Must not know: how a system is asked, what is in the files.

use super::ids::SubmissionId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What became of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationState {
    /// Is read soon, or again.
    Waiting,
    /// Could not be read: a person must look.
    Parked,
    Read,
}

/// One application, without anything that names the person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KnownApplication {
    pub id: String,
    pub state: ApplicationState,
    /// The system's identifiers, until the application was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<serde_json::Value>,
    /// Failed attempts.
    pub attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Absent when the application holds no credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission_id: Option<SubmissionId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Why the last look for applications failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeError {
    pub at: DateTime<Utc>,
    pub reason: String,
    /// One redacted sentence.
    pub message: String,
}

/// How a connection reads applications, for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IntakeStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_poll_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_poll_at: Option<DateTime<Utc>>,
    /// Absent when the last look ended well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<IntakeError>,
    pub waiting: u32,
    pub parked: u32,
    pub read: u32,
    pub bytes_today: u64,
    pub applications_today: u32,
}

/// What a look at a connection's applications begins with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntakeWork {
    /// `None`: nothing was asked yet.
    pub cursor: Option<serde_json::Value>,
    pub is_poll_due: bool,
    /// Waiting applications whose time has come, oldest first.
    pub due: Vec<DueApplication>,
    pub bytes_today: u64,
    pub applications_today: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct DueApplication {
    pub id: String,
    /// Hash of the identifiers.
    pub key: String,
    pub application: serde_json::Value,
    pub attempts: u32,
}

/// How one attempt at an application ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationEnd {
    pub state: ApplicationState,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it is tried again; without meaning in other states than `Waiting`.
    pub next_attempt_at: DateTime<Utc>,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub submission_id: Option<SubmissionId>,
}

/// How a look at a connection's applications ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntakeEnd {
    /// When the system was asked for new applications; absent when it was not, or did not answer.
    pub polled_at: Option<DateTime<Utc>>,
    /// `None`: as before.
    pub next_poll_at: Option<DateTime<Utc>>,
    pub error: Option<IntakeError>,
    /// Read in this look.
    pub bytes: u64,
    pub applications: u32,
}
