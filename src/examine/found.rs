//! The results of the examination, step by step: plain values, and the report of an internal fault.
//! Must not know: how a file is opened or a credential verified.

use super::pool::Fault;
use crate::intake::OpenedFile;
use crate::model::credential::{NormalizedCredential, PresentationFacts, ReceivedCredential};
use crate::model::ids::CandidateRef;
use crate::model::report::VerificationReport;
use crate::model::submission::{CandidateHint, FileProblem, UploadedFile};
use crate::verify::checks::recipient::SubjectId;
use crate::verify::{HolderSignature, Verification};
use sha2::{Digest, Sha256};

/// The verdict on a presentation, and the facts that it proves about its holder.
#[derive(Clone, Debug)]
pub struct PresentationFinding {
    pub report: VerificationReport,
    pub facts: PresentationFacts,
}

/// A file with a verdict on how its credentials were handed over. The credentials are not verified yet.
#[derive(Clone, Debug)]
pub struct Presented {
    pub file: FileId,
    pub content: PresentedContent,
}

impl Presented {
    pub fn holds_credentials(&self) -> bool {
        !matches!(self.content, PresentedContent::Nothing(_))
    }
}

#[derive(Clone, Debug)]
pub enum PresentedContent {
    /// No credential, for this reason.
    Nothing(FileProblem),
    /// Credentials outside a presentation, each with its holder's signature.
    Credentials(Vec<(ReceivedCredential, HolderSignature)>),
    /// A presentation and its credentials; each credential has the facts of the presentation.
    Presentation(Box<PresentationFinding>, Vec<ReceivedCredential>),
}

/// A file whose credentials were verified, and are not normalised yet.
#[derive(Clone, Debug)]
pub struct Verified {
    pub file: FileId,
    /// Why the file gave no credential.
    pub problem: Option<FileProblem>,
    pub presentation: Option<PresentationFinding>,
    pub credentials: Vec<VerifiedCredential>,
}

#[derive(Clone, Debug)]
pub struct VerifiedCredential {
    pub received: ReceivedCredential,
    /// Lower-case hex SHA-256 of the bytes as received.
    pub fingerprint: String,
    pub verification: Verification,
    /// Whom it is about, as far as that can be compared with anything; empty when its content may not be read.
    pub subject: Vec<SubjectId>,
}

/// Whose a credential is.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    pub candidate_ref: Option<CandidateRef>,
    /// What is known of the person, when the credential is still to be compared with it.
    pub candidate: Option<CandidateHint>,
}

/// A file with all its credentials verified and normalised.
#[derive(Clone, Debug)]
pub struct Examined {
    pub file: FileId,
    /// The reason why the file gave no credential.
    pub problem: Option<FileProblem>,
    pub presentation: Option<PresentationFinding>,
    pub credentials: Vec<ExaminedCredential>,
}

#[derive(Clone, Debug)]
pub struct ExaminedCredential {
    pub received: ReceivedCredential,
    /// Lower-case hex SHA-256 of the bytes as received.
    pub fingerprint: String,
    pub report: VerificationReport,
    /// Absent for a rejected credential, since its content is not read.
    pub normalized: Option<NormalizedCredential>,
}

/// The file's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId {
    /// For people: `badges.zip/ada.png`.
    pub name: String,
    /// Lower-case hex SHA-256 of the file's bytes; empty for an archive's entry that was not unpacked.
    pub sha256: String,
    /// The kind of the file, in plain words.
    pub detected: String,
    /// Warnings for the person who sent the file, whatever the verdict.
    pub warnings: Vec<FileProblem>,
}

impl FileId {
    pub(super) fn of(opened: &OpenedFile) -> Self {
        let OpenedFile { name, sha256, detected, warnings, .. } = opened;
        Self { name: name.clone(), sha256: sha256.clone(), detected: detected.clone(), warnings: warnings.clone() }
    }

    /// The same file after an internal fault: its kind is unknown.
    fn unreadable(self) -> Self {
        tracing::error!(sha256 = %self.sha256, "examining a file failed because of an internal fault");
        Self { detected: "unreadable".to_owned(), ..self }
    }
}

/// The replacement for a result that an internal fault destroyed.
pub(super) trait Faulty {
    fn faulty(file: FileId) -> Self;
}

impl Faulty for Presented {
    fn faulty(file: FileId) -> Self {
        Self { file: file.unreadable(), content: PresentedContent::Nothing(FileProblem::internal_fault()) }
    }
}

impl Faulty for Verified {
    fn faulty(file: FileId) -> Self {
        let problem = Some(FileProblem::internal_fault());
        Self { file: file.unreadable(), problem, presentation: None, credentials: Vec::new() }
    }
}

impl Faulty for Examined {
    fn faulty(file: FileId) -> Self {
        let problem = Some(FileProblem::internal_fault());
        Self { file: file.unreadable(), problem, presentation: None, credentials: Vec::new() }
    }
}

impl Faulty for Vec<OpenedFile> {
    fn faulty(file: FileId) -> Self {
        let FileId { name, sha256, detected, warnings } = file.unreadable();
        vec![OpenedFile { warnings, ..OpenedFile::nothing(&name, sha256, &detected, FileProblem::internal_fault()) }]
    }
}

/// An upload before opening.
pub(super) fn unopened(file: &UploadedFile) -> FileId {
    let name = file.name.clone().unwrap_or_else(|| "upload".to_owned());
    FileId { name, sha256: hex::encode(Sha256::digest(&file.bytes)), detected: String::new(), warnings: Vec::new() }
}

/// The results, with a reported fault in place of each missing result. `file` gives the file of a missing result.
pub(super) fn complete<R: Faulty>(results: Vec<Result<R, Fault>>, file: impl Fn(usize) -> FileId) -> Vec<R> {
    let results = results.into_iter().enumerate();
    results.map(|(index, result)| result.unwrap_or_else(|Fault| R::faulty(file(index)))).collect()
}
