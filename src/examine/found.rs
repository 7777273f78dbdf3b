//! What the examination finds, step by step. Pure: values, and how a fault of the gateway is told.
//! Must not know: how a file is opened or a credential verified.

use super::pool::Fault;
use crate::intake::OpenedFile;
use crate::model::credential::{NormalizedCredential, PresentationFacts, ReceivedCredential};
use crate::model::report::VerificationReport;
use crate::model::submission::{FileProblem, UploadedFile};
use crate::verify::HolderSignature;
use sha2::{Digest, Sha256};

/// The verdict on a presentation, and what it proves about its holder.
#[derive(Clone, Debug)]
pub struct PresentationFinding {
    pub report: VerificationReport,
    pub facts: PresentationFacts,
}

/// A file of which is known how its credentials were handed over. The credentials are not verified yet.
#[derive(Clone, Debug)]
pub struct Presented {
    pub file: FileId,
    pub content: PresentedContent,
}

#[derive(Clone, Debug)]
pub enum PresentedContent {
    /// The file holds no credential, for this reason.
    Nothing(FileProblem),
    /// Credentials outside a presentation, each with what its holder signed.
    Credentials(Vec<(ReceivedCredential, HolderSignature)>),
    /// A presentation and the credentials that it carries; each bears the facts of the presentation.
    Presentation(Box<PresentationFinding>, Vec<ReceivedCredential>),
}

/// A file after all its credentials were verified and normalised.
#[derive(Clone, Debug)]
pub struct Examined {
    pub file: FileId,
    /// Why the file gave no credential.
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
    /// Absent for a rejected credential: nothing of its content is read.
    pub normalized: Option<NormalizedCredential>,
}

/// Which file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId {
    /// For people: `badges.zip/ada.png`.
    pub name: String,
    /// Lower-case hex SHA-256 of the file's bytes; empty for an archive's entry that could not be unpacked.
    pub sha256: String,
    /// Plain words for what it is.
    pub detected: String,
    /// What the person who sent the file should hear of, whatever the verdict is.
    pub warnings: Vec<FileProblem>,
}

impl FileId {
    pub(super) fn of(opened: &OpenedFile) -> Self {
        let OpenedFile { name, sha256, detected, warnings, .. } = opened;
        Self { name: name.clone(), sha256: sha256.clone(), detected: detected.clone(), warnings: warnings.clone() }
    }

    /// The same file after a fault of the gateway: nothing can be said about its kind.
    fn unreadable(self) -> Self {
        tracing::error!(sha256 = %self.sha256, "a file could not be examined because of a fault in the program");
        Self { detected: "unreadable".to_owned(), ..self }
    }
}

/// What stands in the place of a result that a fault of the gateway took away.
pub(super) trait Faulty {
    fn faulty(file: FileId) -> Self;
}

impl Faulty for Presented {
    fn faulty(file: FileId) -> Self {
        Self { file: file.unreadable(), content: PresentedContent::Nothing(FileProblem::internal_fault()) }
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

/// An upload before it was opened.
pub(super) fn unopened(file: &UploadedFile) -> FileId {
    let name = file.name.clone().unwrap_or_else(|| "upload".to_owned());
    FileId { name, sha256: hex::encode(Sha256::digest(&file.bytes)), detected: String::new(), warnings: Vec::new() }
}

/// The results, with a reported fault in the place of each that is missing. `file` names a result's file; it is asked only then.
pub(super) fn complete<R: Faulty>(results: Vec<Result<R, Fault>>, file: impl Fn(usize) -> FileId) -> Vec<R> {
    let results = results.into_iter().enumerate();
    results.map(|(index, result)| result.unwrap_or_else(|Fault| R::faulty(file(index)))).collect()
}
