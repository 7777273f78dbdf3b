//! Opens, verifies and normalises foreign files, for every caller.
//! Comes in: uploaded files and a request. Goes out: for each file its items and the verdict on its presentation; for each credential
//! the received form, the report and the normalised form. All work runs on the blocking pool; a panic in the work on a file becomes an
//! internal fault that is reported for this file.
//! Must not know: storage, callers, events.

mod found;
mod links;
mod pool;

pub use found::{
    Examined, ExaminedCredential, FileId, PresentationFinding, Presented, PresentedContent, Verified, VerifiedCredential, Whose,
};

use crate::document::Limits;
use crate::http_client::until;
pub use crate::intake::OpenedFile;
use crate::intake::{self, Content};
use crate::model::credential::{PresentationFacts, ReceivedCredential};
use crate::model::ids::{CandidateRef, TenantId};
use crate::model::submission::{CandidateHint, UploadedFile};
use crate::normalize::{Origin, normalize};
use crate::protocol::link::LinkAsker;
use crate::verify::checks::recipient::{EmailHash, subject};
use crate::verify::{HolderSignature, PresentationRequest, VerificationRequest, Verifier, Verifiers, holder_signature};
use found::Faulty;
use futures_util::StreamExt;
use futures_util::stream;
use prometheus::Histogram;
use sha2::{Digest, Sha256};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;

/// Longest time that the requests for one credential, and those for all files of one call, may take together. What an issuer did not
/// answer by then could not be checked; the pipeline asks again later.
const PER_CREDENTIAL: Duration = Duration::from_secs(12);
const PER_CALL: Duration = Duration::from_secs(25);
/// A credential whose turn comes late gets this long all the same.
const AT_LEAST: Duration = Duration::from_secs(1);
/// Credentials of one file that are examined at the same time: while one waits for its issuer, the next goes on.
const CREDENTIALS_AT_ONCE: usize = 16;

/// The request that all files of a call share.
#[derive(Clone, Debug)]
pub struct Question {
    /// The tenant whose trust policy applies.
    pub tenant_id: TenantId,
    /// The person that the normalised credentials name; `None` for an unknown person.
    pub candidate_ref: Option<CandidateRef>,
    pub request: VerificationRequest,
    /// The challenge and domain that a presentation must be bound to.
    pub expected: PresentationRequest,
}

/// A step of the work on one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file is unpacked.
    Open,
    /// The proof of a presentation is verified.
    Presentation,
    /// A credential is verified and normalised.
    Credential,
}

type Watch = Box<dyn Fn(Step) + Send + Sync>;

/// Opens, verifies and normalises. Cheap to clone; clones share their watch.
#[derive(Clone)]
pub struct Examiner {
    pub verifiers: Verifiers,
    pub limits: Limits,
    /// Asks platforms about links in files; `None`: links are not followed.
    links: Option<LinkAsker>,
    watch: Arc<OnceLock<Watch>>,
    /// Seconds per credential.
    timing: Option<Histogram>,
}

impl Examiner {
    pub fn new(verifiers: impl Into<Verifiers>, limits: Limits) -> Self {
        Self { verifiers: verifiers.into(), limits, links: None, watch: Arc::default(), timing: None }
    }

    /// Makes the examiner follow links in documents, mails and pictures.
    #[must_use]
    pub fn with_links(self, links: LinkAsker) -> Self {
        Self { links: Some(links), ..self }
    }

    /// Notes how long the verification of each credential takes, in seconds, with what it fetches.
    #[must_use]
    pub fn timed_by(self, timing: Histogram) -> Self {
        Self { timing: Some(timing), ..self }
    }

    /// Calls `watch` before each step, in this examiner and its clones; only the first call of this function has an effect.
    /// Tests count steps with it, or make a step panic. Nothing in the product sets it.
    pub fn watch(&self, watch: impl Fn(Step) + Send + Sync + 'static) {
        self.watch.get_or_init(|| Box::new(watch));
    }

    /// A small PNG of the badge's picture, when the credential holds one that can be read. Nothing is fetched.
    pub async fn badge_picture(&self, credential: Vec<u8>) -> Option<Vec<u8>> {
        let limits = self.limits.clone();
        let made = pool::each(vec![credential], move |credential| intake::badge_picture(&credential, &limits)).await;
        made.into_iter().next()?.ok()?
    }

    /// The number of files in the uploads: the entries of an archive's directory, else 1 each.
    pub async fn count(&self, files: &[UploadedFile]) -> usize {
        if !files.iter().any(intake::is_archive) {
            return files.len();
        }
        let limits = self.limits.clone();
        let counts = pool::each(files.to_vec(), move |file| intake::count(&file, &limits)).await;
        // A file that can't be counted counts as one file.
        counts.into_iter().map(|count| count.unwrap_or(1)).sum()
    }

    /// Opens uploads that came together, in order: one item for a plain file, one for each entry of an archive.
    pub async fn open(&self, files: Vec<UploadedFile>) -> Vec<OpenedFile> {
        let (examiner, uploads) = (self.clone(), files.clone());
        let opened = pool::each(files, move |file| {
            examiner.step(Step::Open);
            intake::open(&file, &examiner.limits)
        });
        let opened = found::complete(opened.await, |index| found::unopened(&uploads[index]));
        intake::among_uploads(opened.into_iter().flatten().collect())
    }

    /// Verifies the proof of each presentation, and the holders' signatures on other credentials.
    pub async fn present(&self, opened: Vec<OpenedFile>, question: &Question) -> Vec<Presented> {
        let files = opened.iter().map(FileId::of).collect();
        self.work(opened, files, question, |task, file, runtime| runtime.block_on(task.present(file))).await
    }

    /// Verifies and normalises the credentials of opened files; the results are in the order of the files.
    pub async fn examine(&self, opened: Vec<OpenedFile>, question: &Question) -> Vec<Examined> {
        let files = opened.iter().map(FileId::of).collect();
        let work = |task: &Task, file, runtime: &Handle| {
            runtime.block_on(async {
                let presented = task.present(file).await;
                task.examine(presented).await
            })
        };
        self.work(opened, files, question, work).await
    }

    /// As [`Examiner::examine`], for files whose presentations are already verified. Their proofs are not verified again.
    pub async fn examine_presented(&self, presented: Vec<Presented>, question: &Question) -> Vec<Examined> {
        let files = presented.iter().map(|presented| presented.file.clone()).collect();
        self.work(presented, files, question, |task, file, runtime| runtime.block_on(task.examine(file))).await
    }

    /// Verifies the credentials of judged files, and says whom they are about. `candidates`: for each file the person whom its credentials
    /// should be about; `None`: the person of the question.
    pub async fn verify_files(
        &self,
        presented: Vec<Presented>,
        candidates: Vec<Option<CandidateHint>>,
        question: &Question,
    ) -> Vec<Verified> {
        let files = presented.iter().map(|presented| presented.file.clone()).collect();
        let items = presented.into_iter().zip(candidates).collect();
        let work = |task: &Task, (file, candidate): (Presented, Option<CandidateHint>), runtime: &Handle| {
            runtime.block_on(task.verify(file, candidate))
        };
        self.work(items, files, question, work).await
    }

    /// Normalises the credentials of verified files. `owners`: the person of each credential, file by file.
    pub async fn normalize_files(&self, verified: Vec<Verified>, owners: Vec<Vec<Whose>>, question: &Question) -> Vec<Examined> {
        let files = verified.iter().map(|verified| verified.file.clone()).collect();
        let items = verified.into_iter().zip(owners).collect();
        let work = |task: &Task, (file, owners): (Verified, Vec<Whose>), _: &Handle| task.finish(file, owners);
        self.work(items, files, question, work).await
    }

    /// Which of the addresses fit each hash, by their place in the list. A hash that can't be compared fits nothing.
    pub async fn owners_of_hashes<T: Send + Sync + 'static>(
        &self,
        hashes: Vec<EmailHash>,
        addresses: Arc<Vec<(String, T)>>,
    ) -> Vec<(EmailHash, usize)> {
        let fitting = pool::each(hashes, move |hash| {
            let fits = |(index, (address, _)): (usize, &(String, T))| hash.fits(address).then(|| (hash.clone(), index));
            addresses.iter().enumerate().filter_map(fits).collect::<Vec<_>>()
        });
        fitting.await.into_iter().flatten().flatten().collect()
    }

    /// `files`: the identity of each item's file.
    async fn work<T, R>(
        &self,
        items: Vec<T>,
        files: Vec<FileId>,
        question: &Question,
        work: impl Fn(&Task, T, &Handle) -> R + Send + Sync + 'static,
    ) -> Vec<R>
    where
        T: Send + 'static,
        R: Faulty + Send + 'static,
    {
        let verifier = self.verifiers.of(&question.tenant_id);
        let ends = Instant::now() + PER_CALL;
        let task = Task { examiner: self.clone(), verifier, question: question.clone(), ends };
        let runtime = Handle::current();
        let results = pool::each(items, move |item| work(&task, item, &runtime)).await;
        found::complete(results, |index| files[index].clone())
    }

    fn step(&self, step: Step) {
        if let Some(watch) = self.watch.get() {
            watch(step);
        }
    }
}

/// The inputs of the work on each file.
struct Task {
    examiner: Examiner,
    verifier: Verifier,
    question: Question,
    /// When all requests should have ended.
    ends: Instant,
}

impl Task {
    /// When the requests for something that begins now must have ended.
    fn deadline(&self) -> Instant {
        let now = Instant::now();
        self.ends.min(now + PER_CREDENTIAL).max(now + AT_LEAST)
    }

    async fn present(&self, opened: OpenedFile) -> Presented {
        let follow = links::follow(opened, self.examiner.links.as_ref(), &self.examiner.limits);
        let opened = until(self.deadline(), follow).await;
        let file = FileId::of(&opened);
        let content = match opened.content {
            Content::Nothing(problem) => PresentedContent::Nothing(problem),
            Content::Credentials(credentials) => {
                let Question { expected, request, .. } = &self.question;
                let signed = credentials.into_iter().map(|credential| {
                    let signature = holder_signature(&credential.document, expected, request.at);
                    let unbound = expected.challenge.is_some() && signature != HolderSignature::Holds;
                    let facts = unbound.then(|| PresentationFacts { unbound, ..PresentationFacts::default() });
                    (ReceivedCredential { presentation: facts.or(credential.presentation), ..credential }, signature)
                });
                PresentedContent::Credentials(signed.collect())
            }
            Content::Presentation(mut presentation) => {
                self.examiner.step(Step::Presentation);
                let (expected, request) = (&self.question.expected, &self.question.request);
                let verify = self.verifier.verify_presentation(&presentation, expected, request);
                let (report, facts) = until(self.deadline(), verify).await;
                let carried = std::mem::take(&mut presentation.credentials).into_iter();
                let carried = carried.map(|credential| ReceivedCredential { presentation: Some(facts.clone()), ..credential });
                let carried = carried.collect();
                PresentedContent::Presentation(Box::new(PresentationFinding { report, facts }), carried)
            }
        };
        Presented { file, content }
    }

    async fn examine(&self, presented: Presented) -> Examined {
        let verified = self.verify(presented, None).await;
        let whose = Whose { candidate_ref: self.question.candidate_ref.clone(), candidate: None };
        let owners = vec![whose; verified.credentials.len()];
        self.finish(verified, owners)
    }

    async fn verify(&self, presented: Presented, candidate: Option<CandidateHint>) -> Verified {
        let (problem, presentation, received) = match presented.content {
            PresentedContent::Nothing(problem) => (Some(problem), None, Vec::new()),
            PresentedContent::Credentials(signed) => (None, None, signed.into_iter().map(|(credential, _)| credential).collect()),
            PresentedContent::Presentation(finding, carried) => (None, Some(*finding), carried),
        };
        let request = candidate.map(|candidate| VerificationRequest { candidate, ..self.question.request.clone() });
        let request = request.as_ref().unwrap_or(&self.question.request);
        let verified = stream::iter(received).map(|credential| self.credential(credential, request));
        let credentials = verified.buffered(CREDENTIALS_AT_ONCE).collect().await;
        Verified { file: presented.file, problem, presentation, credentials }
    }

    async fn credential(&self, received: ReceivedCredential, request: &VerificationRequest) -> VerifiedCredential {
        self.examiner.step(Step::Credential);
        let begun = Instant::now();
        let verification = until(self.deadline(), self.verifier.verify(&received, request)).await;
        if let Some(timing) = &self.examiner.timing {
            timing.observe(begun.elapsed().as_secs_f64());
        }
        let subject = verification.document.as_ref().map(subject).unwrap_or_default();
        let fingerprint = hex::encode(Sha256::digest(&received.bytes));
        VerifiedCredential { received, fingerprint, verification, subject }
    }

    fn finish(&self, verified: Verified, owners: Vec<Whose>) -> Examined {
        let Verified { file, problem, presentation, credentials } = verified;
        let credentials = credentials.into_iter().zip(owners).map(|(credential, whose)| self.normalize(credential, whose));
        Examined { file, problem, presentation, credentials: credentials.collect() }
    }

    fn normalize(&self, verified: VerifiedCredential, whose: Whose) -> ExaminedCredential {
        let VerifiedCredential { received, fingerprint, mut verification, .. } = verified;
        if let Some(candidate) = &whose.candidate {
            verification = self.verifier.for_person(verification, &received, candidate);
        }
        let tenant_id = self.question.tenant_id.clone();
        let origin = Origin { tenant_id, candidate_ref: whose.candidate_ref, fingerprint: fingerprint.clone() };
        let report = verification.report;
        let normalized = verification.document.as_ref().map(|document| normalize(document, &report, &origin));
        ExaminedCredential { received, fingerprint, report, normalized }
    }
}
