//! Applications of the employer's own system: polled or told of, each read once, their files taken in like uploads.
//! Comes in: connections whose connector has an `intake`. Goes out: submissions of the channel `ats`; the person is linked to the
//! system's identifier, so that the verdict goes back to the same person. Must not know: how a system is asked, HTTP servers.
//! Nothing is stored of an application without a credential but the hash of its identifiers.

mod files;
pub mod hearing;

use super::ChannelSettings;
use crate::connector::intake::{Application, Room};
use crate::connector::job::Setup;
use crate::connector::stop::{Stop, StopKind};
use crate::connector::{Engine, Registry, secrets};
use crate::http_client::HttpClient;
use crate::model::application::{ApplicationEnd, ApplicationState, DueApplication, IntakeEnd, IntakeError, IntakeWork};
use crate::model::candidate::is_email;
use crate::model::clock::Clock;
use crate::model::connection::{Connection, Secrets};
use crate::model::ids::{CandidateRef, ConnectionId, SubmissionId, TenantId};
use crate::model::submission::{CandidateHint, Channel, UploadedFile};
use crate::pipeline::{Delivered, Pipeline, PipelineError};
use crate::store::{Store, StoreError};
use crate::verify::PresentationRequest;
use chrono::{DateTime, Duration, Utc};
use std::path::PathBuf;
use std::sync::Arc;

/// Longer than the longest look.
const LEASE: Duration = Duration::minutes(12);
const LONGEST_LOOK: std::time::Duration = std::time::Duration::from_secs(600);
/// Applications that are read in one look.
const AT_ONCE: u32 = 20;
const LARGEST_FILE: usize = 20 << 20;
/// Of all files of one application.
const LARGEST_APPLICATION: usize = 64 << 20;
/// Applications in a row that may be refused, before the connection as a whole counts as refused.
const REFUSED_IN_A_ROW: u32 = 3;
/// The reason of a look that ends early because the day's budget is used up.
const BUDGET_USED_UP: &str = "budget_used_up";
/// Waits between attempts at one application; then it is parked.
const WAITS: [Duration; 5] =
    [Duration::minutes(1), Duration::minutes(10), Duration::hours(1), Duration::hours(4), Duration::hours(12)];

/// Reads applications. Cheap to clone.
#[derive(Clone)]
pub struct Applications {
    pub pipeline: Pipeline,
    /// Follows links in applications.
    pub http: HttpClient,
    pub settings: Arc<ChannelSettings>,
    pub registry: Registry,
    pub engine: Engine,
    /// Holds the tenants' folders of `file:` secrets.
    pub secrets_dir: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum ApplicationsError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// Why an application was not read to its end.
enum Failure {
    Stop(Stop),
    Broken(ApplicationsError),
}

/// What came of an application.
struct Taken {
    /// `None`: it holds no credential.
    submission: Option<SubmissionId>,
    /// Files that were not read.
    left_out: usize,
}

impl<E: Into<ApplicationsError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

impl Applications {
    fn store(&self) -> &Store {
        &self.pipeline.store
    }

    fn clock(&self) -> &Clock {
        &self.pipeline.clock
    }

    /// Looks at every active connection whose time has come. Returns how many submissions came of it.
    ///
    /// # Errors
    /// The database is away. What is wrong with one connection is kept with it.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let mut taken = 0;
        for connection in self.store().active_connections().await? {
            match self.look(&connection).await {
                Ok(submissions) => taken += submissions,
                Err(error) => {
                    tracing::warn!(connection = %connection.id, cause = %error, "a connection's applications could not be read");
                }
            }
        }
        Ok(taken)
    }

    /// Whether the connection's connector and settings ask for applications.
    pub fn reads(&self, connection: &Connection) -> bool {
        let connector = self.registry.get(&connection.connector).filter(|connector| connector.manifest.intake.is_some());
        connector
            .is_some_and(|connector| self.engine.reads_applications(&Setup::new(connector, connection.clone(), Secrets::new())))
    }

    /// Looks for the applications of one connection. Returns how many submissions came of it.
    ///
    /// # Errors
    /// The gateway's own database is away.
    pub async fn look(&self, connection: &Connection) -> Result<usize, ApplicationsError> {
        if !self.reads(connection) {
            return Ok(0);
        }
        let now = self.clock().now();
        let Some(work) = self.store().lease_intake(&connection.id, now, LEASE, AT_ONCE).await? else { return Ok(0) };
        let mut end = IntakeEnd::default();
        let looked = tokio::time::timeout(LONGEST_LOOK, self.look_leased(connection, work, &mut end)).await;
        let looked = looked.unwrap_or(Ok(0));
        self.store().end_intake(&connection.id, &end, self.clock().now()).await?;
        looked
    }

    async fn look_leased(
        &self,
        connection: &Connection,
        mut work: IntakeWork,
        end: &mut IntakeEnd,
    ) -> Result<usize, ApplicationsError> {
        let setup = match self.setup(connection).await? {
            Ok(setup) => setup,
            Err(stop) => {
                self.failed(end, &stop, self.every(connection));
                return Ok(0);
            }
        };
        if work.is_poll_due {
            let now = self.clock().now();
            end.next_poll_at = Some(now + self.every(connection));
            match self.engine.new_applications(&setup, work.cursor.as_ref()).await {
                Ok(found) => {
                    let of = &connection.id;
                    self.store().add_applications(of, &found.applications, Some(&found.cursor), now).await?;
                    end.polled_at = Some(now);
                    work.due = self.store().due_applications(of, now, AT_ONCE).await?;
                }
                Err(stop) => {
                    // What the system refuses now, it would refuse for every application.
                    self.failed(end, &stop, self.every(connection));
                    return Ok(0);
                }
            }
        }
        let (mut submissions, mut refused) = (0, 0);
        for due in &work.due {
            let room = match self.room(&work, end) {
                Ok(room) => room,
                Err(stop) => {
                    self.failed(end, &stop, self.every(connection));
                    break;
                }
            };
            let ended = match self.take(connection, &setup, due, room, end).await {
                Ok(taken) => {
                    end.applications += 1;
                    submissions += usize::from(taken.submission.is_some());
                    refused = 0;
                    read(due, taken, self.clock().now())
                }
                Err(Failure::Broken(error)) => return Err(error),
                Err(Failure::Stop(stop)) if matches!(stop.kind, StopKind::Retry { limited: true, .. }) => {
                    self.failed(end, &stop, self.every(connection));
                    break;
                }
                Err(Failure::Stop(stop)) => {
                    if stop.kind == StopKind::ConfigError {
                        refused += 1;
                        self.failed(end, &stop, self.every(connection));
                    }
                    not_read(due, &stop, self.clock().now())
                }
            };
            self.store().end_application(&due.id, &ended, self.clock().now()).await?;
            if refused >= REFUSED_IN_A_ROW {
                break;
            }
        }
        Ok(submissions)
    }

    /// What may still be read today.
    fn room(&self, work: &IntakeWork, end: &IntakeEnd) -> Result<Room, Stop> {
        let used_up = || {
            let kind = StopKind::Retry { wait: None, limited: true };
            Stop::new(
                kind,
                BUDGET_USED_UP,
                "The connection has read as many applications as it may in one day; it goes on tomorrow.",
            )
        };
        let most = u64::from(self.settings.application_megabytes_per_day) << 20;
        let used = work.bytes_today + end.bytes;
        if used >= most || work.applications_today + end.applications >= self.settings.applications_per_day {
            return Err(used_up());
        }
        let file_bytes = self.pipeline.examiner.limits.max_file_bytes.min(LARGEST_FILE);
        Ok(Room { bytes: LARGEST_APPLICATION, file_bytes })
    }

    async fn take(
        &self,
        connection: &Connection,
        setup: &Setup,
        due: &DueApplication,
        room: Room,
        end: &mut IntakeEnd,
    ) -> Result<Taken, Failure> {
        let mut application = self.engine.read_application(setup, &due.application, room).await.map_err(Failure::Stop)?;
        let bytes: usize = application.files.iter().map(|file| file.bytes.len()).sum();
        end.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        let texts = std::mem::take(&mut application.texts);
        let mut uploads = self.foreign(setup, &application).await?;
        uploads.extend(self.linked(&texts).await.map_err(Failure::Stop)?);
        let mut taken = Taken { submission: None, left_out: application.left_out };
        if !self.holds_credentials(&uploads).await {
            return Ok(taken);
        }
        let candidate = self.candidate(connection, &application).await?;
        let delivered = Delivered {
            tenant_id: connection.tenant_id.clone(),
            channel: Channel::Ats,
            candidate,
            files: uploads,
            people: Vec::new(),
            expected: PresentationRequest::default(),
            // A worker that was killed after this line finds the submission again.
            idempotency_key: Some(format!("application:{}:{}", connection.id, due.key)),
        };
        match self.pipeline.accept(delivered).await {
            Ok(submission) => {
                if submission.completed_at.is_none() {
                    self.pipeline.resume(&submission.id).await?;
                }
                taken.submission = Some(submission.id);
                Ok(taken)
            }
            // It was read before, and the files have changed since.
            Err(PipelineError::IdempotencyConflict) => Ok(taken),
            Err(PipelineError::Store(error @ (StoreError::Unavailable(_) | StoreError::Full(_)))) => Err(error.into()),
            // One application must not keep the others.
            Err(error) => {
                tracing::warn!(connection = %connection.id, cause = %error, "an application could not be taken in");
                let kind = StopKind::Retry { wait: None, limited: false };
                Err(Failure::Stop(Stop::new(kind, "not_taken_in", "The gateway could not take the application in.")))
            }
        }
    }

    /// Whose the application is: the person who is linked to the system's identifier, else the person with this address.
    async fn candidate(&self, connection: &Connection, application: &Application) -> Result<CandidateHint, StoreError> {
        let (person, now) = (&application.person, self.clock().now());
        let of: (&TenantId, &ConnectionId) = (&connection.tenant_id, &connection.id);
        let emails: Vec<String> = person.email.iter().filter(|email| is_email(email)).cloned().collect();
        let mut hint = CandidateHint { emails, name: person.name.clone(), ..CandidateHint::default() };
        let Some(remote_id) = &person.id else { return Ok(hint) };
        hint.candidate_ref = match self.store().linked_candidate(of, remote_id).await? {
            Some(linked) => Some(linked),
            None if hint.emails.is_empty() => Some(CandidateRef::generate()),
            None => None,
        };
        let candidate = self.store().find_or_create_candidate(&connection.tenant_id, &hint, now).await?;
        self.store().link_person_if_new(of, &candidate, remote_id, now).await?;
        hint.candidate_ref = Some(candidate);
        Ok(hint)
    }

    /// `Err` inside: the connection can't be used, and why.
    async fn setup(&self, connection: &Connection) -> Result<Result<Setup, Stop>, StoreError> {
        let Some(connector) = self.registry.get(&connection.connector) else {
            return Ok(Err(Stop::config("connector_missing", "This gateway has no connector of that name.")));
        };
        let sealed = self.store().connection_secrets(&connection.id).await?;
        match secrets::resolve(&sealed, &connection.tenant_id, &self.secrets_dir).await {
            Ok(secrets) => Ok(Ok(Setup::new(connector, connection.clone(), secrets))),
            Err(error) => Ok(Err(Stop::config("secret_unreadable", error.to_string()))),
        }
    }

    fn every(&self, connection: &Connection) -> Duration {
        let connector = self.registry.get(&connection.connector);
        let minutes = connector.and_then(|connector| connector.manifest.intake.as_ref().map(|intake| intake.every_minutes));
        Duration::minutes(i64::from(minutes.unwrap_or(5).max(1)))
    }

    fn failed(&self, end: &mut IntakeEnd, stop: &Stop, every: Duration) {
        let now = self.clock().now();
        let wait = match stop.kind {
            StopKind::Retry { wait: Some(wait), .. } => Duration::from_std(wait).unwrap_or(every),
            _ => every,
        };
        end.next_poll_at = Some(now + wait.max(every));
        end.error = Some(IntakeError { at: now, reason: stop.reason.clone(), message: stop.message.clone() });
    }

    fn uploads(application: &Application) -> impl Iterator<Item = UploadedFile> {
        application.files.iter().map(|file| UploadedFile {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.bytes.clone(),
        })
    }
}

fn read(due: &DueApplication, Taken { submission, left_out }: Taken, now: DateTime<Utc>) -> ApplicationEnd {
    let nothing = submission.is_none().then(|| "The application holds no credential.".to_owned());
    let left_out = (left_out > 0).then(|| format!("{left_out} files were left out, because they are empty or too large."));
    let message: Vec<String> = nothing.into_iter().chain(left_out).collect();
    ApplicationEnd {
        state: ApplicationState::Read,
        attempts: due.attempts,
        next_attempt_at: now,
        reason: submission.is_none().then(|| "no_credential".to_owned()),
        message: Some(message.join(" ")).filter(|message| !message.is_empty()),
        submission_id: submission,
    }
}

fn not_read(due: &DueApplication, stop: &Stop, now: DateTime<Utc>) -> ApplicationEnd {
    let attempts = due.attempts + 1;
    let may_help = !matches!(stop.kind, StopKind::Parked | StopKind::Permanent);
    let wait = WAITS.get(due.attempts as usize).filter(|_| may_help);
    ApplicationEnd {
        state: if wait.is_some() { ApplicationState::Waiting } else { ApplicationState::Parked },
        attempts,
        next_attempt_at: now + wait.copied().unwrap_or_default(),
        reason: Some(stop.reason.clone()),
        message: Some(stop.message.clone()),
        submission_id: None,
    }
}
