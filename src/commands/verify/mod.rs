//! `skillgate verify`: verifies files, without a server.
//! Comes in: files and options. Goes out: a report for people, or one JSON line per file, in the order given.

mod text;

use super::block_on;
use crate::app::build_verifier;
use crate::commands::{EXIT_USAGE, SettingsArgs};
use crate::examine::{Examined, Examiner, Question};
use crate::http_client::HttpClient;
use crate::model::clock::Clock;
use crate::model::code::Code;
use crate::model::credential::{Format, NormalizedCredential, Securing};
use crate::model::ids::TenantId;
use crate::model::report::{Check, CheckId, Outcome, VerificationReport};
use crate::model::submission::{CandidateHint, FileProblem, UploadedFile};
use crate::protocol::link::LinkAsker;
use crate::verify::{PresentationRequest, VerificationRequest, checks::validity, outcome};
use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Badges and credentials: JSON, JWT, SD-JWT, COSE, pictures, PDF documents, e-mails or ZIP; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// E-mail address of the person; may be repeated for several addresses of one person
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,
    /// Name of the person
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Verify as of this moment, for example 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<DateTime<Utc>>,
    /// Fetch nothing; use only the files that --documents names
    #[arg(long)]
    offline: bool,
    /// JSON map of URL or DID to file, used instead of the network; null stands for the answer 410 Gone
    #[arg(long, value_name = "MAP.json")]
    documents: Option<PathBuf>,
    /// JSON map of context URL to file, for vocabularies that are not built in
    #[arg(long, value_name = "MAP.json")]
    contexts: Option<PathBuf>,
    /// File with the trust policy that decides about issuers
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Print one JSON report per file, one per line
    #[arg(long)]
    json: bool,
    /// Add intermediate values for a developer: hashes, canonical form, keys
    #[arg(long)]
    explain: bool,
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let moment = validity::parse_moment(text).ok_or("write it as 2026-01-31T12:00:00Z")?;
    Ok(moment.earliest)
}

/// The report on one file.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// The argument, unchanged.
    pub file: String,
    pub outcome: Outcome,
    pub credentials: Vec<Entry>,
    /// The reason why the file gave no credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<FileProblem>,
    /// Warnings for the person who sent the file, whatever the verdict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<FileProblem>,
    /// Files of an archive without a credential, which do not affect the verdict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<Companion>,
}

/// A file beside credentials in an archive.
#[derive(Debug, Serialize)]
pub struct Companion {
    pub name: String,
    #[serde(flatten)]
    pub problem: FileProblem,
}

/// One credential of a file, or the presentation that carried the credentials.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// The name inside an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(flatten)]
    pub report: VerificationReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalized: Option<NormalizedCredential>,
}

/// Exit code 0 accepted, 1 rejected, 2 attention, 64 bad usage: the worst of all files.
pub fn run(settings: &SettingsArgs, args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let job = match prepare(settings, args) {
        Ok(job) => job,
        Err(error) => {
            eprintln!("skillgate: {error:#}");
            return Ok(ExitCode::from(EXIT_USAGE));
        }
    };
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut worst = Outcome::Accepted;
    let print = |report: FileReport| -> anyhow::Result<()> {
        worst = worst.max(report.outcome);
        let mut out = std::io::stdout().lock();
        match args.json {
            true => writeln!(out, "{}", serde_json::to_string(&report)?)?,
            false => write!(out, "{}", text::render(&report, colour))?,
        }
        Ok(out.flush()?)
    };
    block_on(verify_all(Arc::new(job), args.files.clone(), print))?;
    Ok(ExitCode::from(match worst {
        Outcome::Accepted => 0,
        Outcome::Rejected => 1,
        Outcome::Attention => 2,
    }))
}

/// The verifier and options that all files share.
struct Job {
    examiner: Examiner,
    question: Question,
}

fn prepare(settings: &SettingsArgs, args: &VerifyArgs) -> anyhow::Result<Job> {
    for file in args.files.iter().filter(|file| file.as_os_str() != "-") {
        let found = std::fs::metadata(file).with_context(|| format!("{} can't be read", file.display()))?;
        anyhow::ensure!(!found.is_dir(), "{} is a folder; name the files in it", file.display());
    }
    let mut settings = settings.load()?;
    for (given, setting) in [
        (&args.documents, &mut settings.verify.documents_file),
        (&args.contexts, &mut settings.verify.contexts_file),
        (&args.policy, &mut settings.verify.policy_file),
    ] {
        if let Some(path) = given {
            setting.clone_from(path);
        }
    }
    settings.verify.offline |= args.offline;
    let client = HttpClient::new(&settings.issuer_client)?.considerate();
    let verifier = build_verifier(&settings.verify, &settings.intake, client.clone())?;
    let http = (!settings.verify.offline).then_some(client);
    let links = LinkAsker::new(http, &settings.channels.link_hosts, &settings.channels.link_platforms_off);
    let examiner = Examiner::new(verifier, settings.intake).with_links(links);
    let candidate = CandidateHint { emails: args.email.clone(), name: args.name.clone(), ..CandidateHint::default() };
    let at = args.at.unwrap_or_else(|| Clock::system().now());
    let question = Question {
        tenant_id: TenantId::from("default"),
        candidate_ref: None,
        request: VerificationRequest { at, candidate, explain: args.explain },
        expected: PresentationRequest::default(),
    };
    Ok(Job { examiner, question })
}

/// Verifies files in parallel and passes the reports on in the order of the files.
async fn verify_all(
    job: Arc<Job>,
    files: Vec<PathBuf>,
    mut print: impl FnMut(FileReport) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let slots = Arc::new(Semaphore::new(cores));
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Handle::current();
    for (index, file) in files.into_iter().enumerate() {
        let (job, slots, sender) = (Arc::clone(&job), Arc::clone(&slots), sender.clone());
        runtime.spawn(async move {
            let Ok(_slot) = slots.acquire().await else { return };
            let report = verify_file(&job, &file).await;
            // Sending fails only after printing failed, and the printer reports that error.
            drop(sender.send((index, report)));
        });
    }
    drop(sender);
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    while let Some((index, report)) = receiver.recv().await {
        waiting.insert(index, report);
        while let Some(report) = waiting.remove(&next) {
            print(report)?;
            next += 1;
        }
    }
    anyhow::ensure!(waiting.is_empty(), "a file could not be verified");
    Ok(())
}

async fn verify_file(job: &Job, path: &PathBuf) -> FileReport {
    let file = path.to_string_lossy().into_owned();
    let bytes = match read(path, job.examiner.limits.max_upload_bytes) {
        Ok(bytes) => bytes,
        Err(error) => {
            let problem = FileProblem::new(Code::UnreadableFile, format!("The file could not be read: {error:#}."));
            return without_credential(file, problem, job.question.request.at);
        }
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let upload = UploadedFile { name, media_type: None, bytes: bytes.into() };
    let opened = job.examiner.open(vec![upload]).await;
    let is_archive = opened.len() > 1;
    let mut entries = Vec::new();
    let (mut problem, mut warnings, mut companions) = (None, Vec::new(), Vec::new());
    for examined in job.examiner.examine(opened, &job.question).await {
        for warning in &examined.file.warnings {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
        if let Some(found) = examined.problem.as_ref().filter(|problem| problem.outcome().is_none()) {
            companions.push(Companion { name: examined.file.name, problem: found.clone() });
            continue;
        }
        problem = add(examined, is_archive, job.question.request.at, &mut entries).or(problem);
    }
    let outcome = entries.iter().map(|entry| entry.report.outcome).max().unwrap_or(Outcome::Rejected);
    FileReport { file, outcome, credentials: entries, problem, warnings, companions }
}

/// Adds the items of one file to `entries`; returns the reason why the file gave no credential.
fn add(examined: Examined, is_archive: bool, at: DateTime<Utc>, entries: &mut Vec<Entry>) -> Option<FileProblem> {
    let name = is_archive.then_some(examined.file.name);
    if let Some(problem) = &examined.problem {
        entries.push(Entry { name: name.clone(), report: nothing(problem, at), normalized: None });
    }
    if let Some(finding) = examined.presentation {
        entries.push(Entry { name: name.clone(), report: finding.report, normalized: None });
    }
    let credentials = examined.credentials.into_iter();
    entries.extend(credentials.map(|one| Entry { name: name.clone(), report: one.report, normalized: one.normalized }));
    examined.problem
}

fn read(path: &PathBuf, limit: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let cap = limit as u64 + 1;
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(cap).read_to_end(&mut bytes)?;
    } else {
        let file = std::fs::File::open(path).context("it can't be opened")?;
        file.take(cap).read_to_end(&mut bytes)?;
    }
    anyhow::ensure!(bytes.len() <= limit, "it is larger than {} MB", limit >> 20);
    Ok(bytes)
}

fn without_credential(file: String, problem: FileProblem, at: DateTime<Utc>) -> FileReport {
    let entry = Entry { name: None, report: nothing(&problem, at), normalized: None };
    let (warnings, companions) = (Vec::new(), Vec::new());
    FileReport { file, outcome: Outcome::Rejected, credentials: vec![entry], problem: Some(problem), warnings, companions }
}

/// A report with the reason why there is no credential to verify.
fn nothing(problem: &FileProblem, at: DateTime<Utc>) -> VerificationReport {
    let mut check = match problem.outcome() {
        Some(Outcome::Rejected) => Check::fail(CheckId::Format, problem.code, &problem.message),
        _ => Check::warning(CheckId::Format, problem.code, &problem.message),
    };
    check.next_step.clone_from(&problem.next_step);
    let checks = outcome::complete(vec![check]);
    VerificationReport {
        format: Format::Other,
        secured_with: Securing::None,
        outcome: outcome::of(&checks),
        checks,
        verified_at: at,
        issuer_id: None,
        issuer_name: None,
        policy: None,
        nested: Vec::new(),
    }
}

/// The intermediate values of a check, for people.
fn explained(check: &Check) -> Option<String> {
    check.explain.as_ref().map(|value: &Value| serde_json::to_string_pretty(value).unwrap_or_default())
}
