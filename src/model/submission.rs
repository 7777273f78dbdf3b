//! A submission: one accepted delivery of bytes, with the result of each file.

use super::code::Code;
use super::credential::{Format, NormalizedCredential};
use super::ids::{CandidateRef, CredentialId, SubmissionId, TenantId};
use super::report::{Outcome, VerificationReport};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The way in which the bytes came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Upload,
    Link,
    OpenBadges,
    Vcalm,
    Oid4vp,
    Push,
    /// An application that a connection read from the employer's system.
    Ats,
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Link => "link",
            Self::OpenBadges => "open_badges",
            Self::Vcalm => "vcalm",
            Self::Oid4vp => "oid4vp",
            Self::Push => "push",
            Self::Ats => "ats",
        }
    }
}

/// A received file.
#[derive(Clone, Debug)]
pub struct UploadedFile {
    /// The client's file name without folders; `None` for a raw body.
    pub name: Option<String>,
    /// The client's media type; only a hint.
    pub media_type: Option<String>,
    pub bytes: bytes::Bytes,
}

/// The submitter's statements about the person. All are optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateHint {
    /// Addresses that the credential may be bound to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A reference that the gateway made earlier, or the employer's own opaque reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_ref: Option<CandidateRef>,
    /// The person's number in the employer's applicant tracking system. It finds the person, before any address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ats_id: Option<String>,
    /// Identifiers of the person that were proven, for example the holder of a verified presentation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dids: Vec<String>,
    /// Addresses that are remembered of the person, that nobody has proven and that this request does not name: they can show that a
    /// credential is somebody else's, never that it is this person's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unproven_emails: Vec<String>,
}

impl CandidateHint {
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Whether a reference, a number in the employer's system, an address or a DID is said: a name finds nobody.
    pub fn names_somebody(&self) -> bool {
        self.candidate_ref.is_some() || self.ats_id.is_some() || !self.emails.is_empty() || !self.dids.is_empty()
    }
}

/// The person of one file of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePerson {
    /// The file's name, or the end of its path in an archive: `ada.json`, `team/ada.json`.
    pub file: String,
    pub candidate: CandidateHint,
}

/// How the gateway came to a credential's person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonBy {
    /// The request names the person, or the channel belongs to the person.
    #[default]
    Request,
    /// A list of files and people names the person.
    List,
    /// The credential is about an address or DID that is known of the person.
    Subject,
    /// The same credential came in before, and nobody was named.
    Earlier,
    /// A new candidate: nobody is named, and the credential is about nobody who is known.
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubmissionState {
    /// Accepted and stored; the files are being verified.
    Processing,
    Complete,
}

/// The answer to a submission: the findings per file and the verdict per credential.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Submission {
    pub id: SubmissionId,
    #[serde(skip, default = "default_tenant")]
    pub tenant_id: TenantId,
    pub channel: Channel,
    pub state: SubmissionState,
    /// Worst outcome of the credentials and files; absent during processing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The person, if the whole submission is about the same person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_ref: Option<CandidateRef>,
    pub progress: Progress,
    pub files: Vec<FileResult>,
    pub created_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
}

fn default_tenant() -> TenantId {
    TenantId::from("default")
}

/// The number of files; an archive counts as the files inside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub done: u32,
    pub total: u32,
}

/// The result of one file (or one entry of an archive).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileResult {
    pub file: String,
    /// Lower-case hex SHA-256 of the file's bytes.
    pub sha256: String,
    /// The kind of file in plain words: `PNG image with a baked Open Badges 3.0 credential`.
    pub detected: String,
    /// The reason why the file holds no credential; absent for a file with credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<FileProblem>,
    /// Warnings for the person who sent the file, whatever the verdict: for example, about a private key in the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<FileProblem>,
    /// The verdict on the presentation, if the file is a presentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presentation: Option<VerificationReport>,
    pub credentials: Vec<CredentialResult>,
}

/// The reason why a file holds no credential that can be verified, in plain sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileProblem {
    pub code: Code,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_step: Option<String>,
}

impl FileProblem {
    /// An internal fault: the file could not be checked.
    pub fn internal_fault() -> Self {
        Self::new(Code::InternalFault, "The gateway had an internal error, so this file could not be checked.")
    }

    pub fn is_internal_fault(&self) -> bool {
        self.code == Code::InternalFault
    }

    /// A problem with the next step of the code. `message`: one plain sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), next_step: code.next_step().map(str::to_owned) }
    }

    /// Sets a next step other than the code's.
    pub fn next(self, next_step: impl Into<String>) -> Self {
        Self { next_step: Some(next_step.into()), ..self }
    }

    /// What the problem means for the submission; `None`: nothing, as for instructions beside badges in an archive. Nothing is wrong
    /// with the description of a badge: someone sent the wrong file. After a fault of the gateway nothing is known of the file.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.code {
            Code::Companion | Code::PeopleList => None,
            Code::DescriptionOnly | Code::InternalFault => Some(Outcome::Attention),
            _ => Some(Outcome::Rejected),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CredentialResult {
    pub id: CredentialId,
    /// Whose it is.
    pub candidate_ref: CandidateRef,
    /// How the gateway came to this person.
    pub person_by: PersonBy,
    pub format: Format,
    pub outcome: Outcome,
    /// True if the gateway already had exactly these bytes for this person and sent no event.
    pub duplicate: bool,
    /// The report of this submission; another submission of the same bytes has its own report.
    pub report: VerificationReport,
    /// Absent for a rejected credential, since its content is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalized: Option<NormalizedCredential>,
}
