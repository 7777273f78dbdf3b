//! Runs a manifest's steps for one event: find the person, observe, write, remember.
//! Comes in: a job. Goes out: how it ended and the calls that were made; never an `Err`.
//! Must not know: queues, retries' schedules, where the ledger is kept.

use super::caller::Caller;
use super::ledger::Ledger;
use super::limits::Gates;
use super::outside::Outside;
use super::registry::Connector;
use super::step::Running;
use super::template::{TemplateError, Templates};
use super::variables::Variables;
use crate::model::candidate::Identity;
use crate::model::clock::Clock;
use crate::model::connection::{Connection, Secrets};
use crate::model::delivery::CallRecord;
use crate::model::event::Event;
use std::sync::Arc;
use std::time::Duration;

/// Everything that one delivery needs.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub connector: &'a Connector,
    pub connection: &'a Connection,
    /// Resolved: values, not references.
    pub secrets: &'a Secrets,
    pub event: &'a Event,
    pub candidate: &'a Identity,
    /// A person asked for a finished delivery once more: what is harmless to repeat is repeated.
    pub again: bool,
}

/// How a run ended. The worker turns `Retry` into a moment or, after too many, into a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Delivered,
    Unchanged,
    Stopped(Stop),
}

/// Why a run could not be finished. Messages are redacted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    pub kind: StopKind,
    pub reason: String,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopKind {
    Parked,
    /// `wait`: what the target asked for. `limited`: it only asked to slow down, which is not a failure.
    Retry {
        wait: Option<Duration>,
        limited: bool,
    },
    ConfigError,
    Permanent,
}

impl Stop {
    pub fn new(kind: StopKind, reason: &str, message: impl Into<String>) -> Self {
        Self { kind, reason: reason.to_owned(), message: message.into() }
    }

    pub fn parked(reason: &str, message: impl Into<String>) -> Self {
        Self::new(StopKind::Parked, reason, message)
    }

    pub fn config(reason: &str, message: impl Into<String>) -> Self {
        Self::new(StopKind::ConfigError, reason, message)
    }
}

impl From<TemplateError> for Stop {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Park { reason, message } => Self::parked(&reason, message),
            failed => Self::new(StopKind::Permanent, "mapping_failed", format!("The request could not be built: {failed}.")),
        }
    }
}

#[derive(Clone, Debug)]
pub struct RunReport {
    pub end: End,
    pub calls: Vec<CallRecord>,
}

/// Interprets manifests. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(super) templates: Arc<Templates>,
    pub(super) outside: Arc<dyn Outside>,
    pub(super) gates: Gates,
    pub(super) clock: Clock,
}

impl Engine {
    pub fn new(outside: Arc<dyn Outside>, clock: Clock) -> Self {
        Self { templates: Arc::new(Templates::default()), outside, gates: Gates::default(), clock }
    }

    /// One attempt at one event.
    pub async fn deliver(&self, job: &Job<'_>, ledger: &dyn Ledger) -> RunReport {
        let _turn = self.gates.person(&job.connection.id, &job.event.partitionkey).await;
        let mut caller = Caller::new(self, job.connector, job.connection, job.secrets, job.candidate);
        let end = match self.steps(job, ledger, &mut caller).await {
            Ok(true) => End::Delivered,
            Ok(false) => End::Unchanged,
            Err(mut stop) => {
                stop.message = caller.redactor.text(&stop.message);
                End::Stopped(stop)
            }
        };
        RunReport { end, calls: caller.calls }
    }

    /// Drops what is cached for a connection that is gone.
    pub fn forget(&self, connection: &crate::model::ids::ConnectionId) {
        self.gates.forget(connection);
    }

    /// Whether anything was written.
    async fn steps(&self, job: &Job<'_>, ledger: &dyn Ledger, caller: &mut Caller<'_>) -> Result<bool, Stop> {
        super::settings::check(job.connector, job.connection, job.secrets)?;
        let Some(handler) = job.connector.handler(job.event.event_type) else {
            return Ok(false);
        };
        let mut variables = Variables::of(job, self.clock.now());
        if let Some(when) = &handler.when {
            let holds = self.templates.strict(when, &variables.context(&self.templates, &[]))?;
            if !holds.is_true() {
                return Ok(false);
            }
        }
        let mut wrote = false;
        for step in &handler.steps {
            let mut running = Running { engine: self, step, ledger, caller: &mut *caller, again: job.again, wrote: false };
            let value = running.step(&variables).await?;
            wrote |= running.wrote;
            variables.set(&step.id, value);
        }
        Ok(wrote)
    }
}
