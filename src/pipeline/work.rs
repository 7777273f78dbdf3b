//! Opening and verifying files on the blocking pool, on all cores. Comes in: files as uploaded. Goes out: files with
//! verified and normalised credentials. Must not know: the database.

use super::record::WorkedFile;
use super::status::next_check;
use crate::document::Limits;
use crate::intake::{self, Content, OpenedFile};
use crate::model::credential::ReceivedCredential;
use crate::model::ids::{CandidateRef, CredentialId, TenantId};
use crate::model::record::NewCredential;
use crate::model::report::VerificationReport;
use crate::model::submission::{FileProblem, FileResult, UploadedFile};
use crate::normalize::{Origin, normalize};
use crate::verify::{PresentationRequest, VerificationRequest, Verifier};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::spawn_blocking;

/// What every file of a submission is verified against.
#[derive(Clone)]
pub struct Task {
    pub verifier: Verifier,
    pub request: VerificationRequest,
    pub expected: PresentationRequest,
    pub tenant_id: TenantId,
    pub candidate_ref: CandidateRef,
    /// How long a status that an issuer gave holds before it is asked again.
    pub status_interval: Option<chrono::Duration>,
}

/// Unpacks uploads, in order.
pub async fn open(files: Vec<UploadedFile>, limits: Limits) -> Vec<OpenedFile> {
    let opened = spawn_blocking(move || files.iter().flat_map(|file| open_one(file, &limits)).collect());
    opened.await.unwrap_or_default()
}

/// How many files the uploads count as.
pub async fn count(files: &[UploadedFile], limits: &Limits) -> usize {
    let (files, limits) = (files.to_vec(), limits.clone());
    let counted = spawn_blocking(move || files.iter().map(|file| intake::count(file, &limits)).sum());
    counted.await.unwrap_or(0)
}

fn open_one(file: &UploadedFile, limits: &Limits) -> Vec<OpenedFile> {
    let opened = std::panic::catch_unwind(AssertUnwindSafe(|| intake::open(file, limits)));
    opened.unwrap_or_else(|_| {
        let name = file.name.clone().unwrap_or_else(|| "upload".to_owned());
        let (sha256, detected) = (sha256_hex(&file.bytes), "unreadable".to_owned());
        vec![OpenedFile { name, sha256, detected, content: Content::Nothing(stumbled()) }]
    })
}

/// Works on files on as many threads as there are cores; the results are in the order of the files.
pub async fn verify_all(files: Vec<OpenedFile>, task: &Task) -> Vec<WorkedFile> {
    let count = files.len();
    let todo: Arc<Mutex<VecDeque<(usize, OpenedFile)>>> = Arc::new(Mutex::new(files.into_iter().enumerate().collect()));
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let workers = (0..cores.min(count)).map(|_| {
        let (todo, task, runtime) = (todo.clone(), task.clone(), tokio::runtime::Handle::current());
        spawn_blocking(move || {
            let mut done = Vec::new();
            while let Some((index, file)) = next(&todo) {
                done.push((index, verify_file(file, &task, &runtime)));
            }
            done
        })
    });
    let workers: Vec<_> = workers.collect();
    let mut results: Vec<Option<WorkedFile>> = vec![None; count];
    for worker in workers {
        for (index, worked) in worker.await.unwrap_or_default() {
            results[index] = Some(worked);
        }
    }
    results.into_iter().map(|worked| worked.unwrap_or_else(|| nothing("", "", stumbled()))).collect()
}

fn next(todo: &Mutex<VecDeque<(usize, OpenedFile)>>) -> Option<(usize, OpenedFile)> {
    todo.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// A fault of ours in one file must not spoil the others, nor stop a job for ever.
fn verify_file(file: OpenedFile, task: &Task, runtime: &tokio::runtime::Handle) -> WorkedFile {
    let (name, sha256) = (file.name.clone(), file.sha256.clone());
    let worked = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(work_on(file, task))));
    worked.unwrap_or_else(|_| {
        tracing::error!(%sha256, "a file could not be verified because of a fault in the program");
        nothing(&name, &sha256, stumbled())
    })
}

async fn work_on(file: OpenedFile, task: &Task) -> WorkedFile {
    let mut result = FileResult {
        file: file.name,
        sha256: file.sha256,
        detected: file.detected,
        problem: None,
        presentation: None,
        credentials: Vec::new(),
    };
    let received = match file.content {
        Content::Nothing(problem) => {
            result.problem = Some(problem);
            Vec::new()
        }
        Content::Credentials(received) => received,
        Content::Presentation(mut presentation) => {
            let (report, facts) = task.verifier.verify_presentation(&presentation, &task.expected, &task.request).await;
            result.presentation = Some(report);
            let carried = std::mem::take(&mut presentation.credentials).into_iter();
            carried.map(|credential| ReceivedCredential { presentation: Some(facts.clone()), ..credential }).collect()
        }
    };
    let mut credentials = Vec::with_capacity(received.len());
    for credential in received {
        credentials.push(verify_one(credential, task).await);
    }
    WorkedFile { result, credentials }
}

async fn verify_one(received: ReceivedCredential, task: &Task) -> NewCredential {
    let verification = task.verifier.verify(&received, &task.request).await;
    let fingerprint = sha256_hex(&received.bytes);
    let origin = Origin {
        tenant_id: task.tenant_id.clone(),
        candidate_ref: Some(task.candidate_ref.clone()),
        fingerprint: fingerprint.clone(),
    };
    let report: VerificationReport = verification.report;
    let normalized = verification.document.as_ref().map(|document| normalize(document, &report, &origin));
    NewCredential {
        next_check_at: next_check(&report, task.status_interval, task.request.at),
        id: CredentialId::generate(),
        name: received.name,
        media_type: received.media_type,
        bytes: received.bytes,
        fingerprint,
        report,
        normalized,
    }
}

/// A credential that was taken in before, verified as of now; `None` when its bytes can no longer be read.
pub async fn verify_again(
    name: String,
    media_type: String,
    bytes: Vec<u8>,
    limits: &Limits,
    task: &Task,
) -> Option<NewCredential> {
    let file = UploadedFile { name: Some(name), media_type: Some(media_type), bytes: bytes.into() };
    let opened = open(vec![file], limits.clone()).await;
    verify_all(opened, task).await.into_iter().flat_map(|file| file.credentials).next()
}

fn nothing(name: &str, sha256: &str, problem: FileProblem) -> WorkedFile {
    let result = FileResult {
        file: name.to_owned(),
        sha256: sha256.to_owned(),
        detected: "unreadable".to_owned(),
        problem: Some(problem),
        presentation: None,
        credentials: Vec::new(),
    };
    WorkedFile { result, credentials: Vec::new() }
}

fn stumbled() -> FileProblem {
    FileProblem {
        code: "internal_fault".to_owned(),
        message: "The gateway stumbled over this file, so nothing can be said about it.".to_owned(),
        next_step: Some("Tell the operator of the gateway, with the time and the name of the file.".to_owned()),
    }
}

/// Lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
