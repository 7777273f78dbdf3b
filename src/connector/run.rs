//! Runs a manifest's steps for one event: find the person, observe, write, remember.
//! Comes in: a job. Goes out: how it ended and the calls that were made; never an `Err`.
//! Must not know: queues, retries' schedules, where the ledger is kept.

use super::caller::Caller;
use super::engine::Engine;
use super::job::Job;
use super::ledger::Ledger;
use super::step::{Running, ledger_away};
use super::stop::{Stop, StopKind};
use super::variables::Variables;
use crate::model::delivery::CallRecord;
use std::time::Duration;

/// So often the steps are run again when their data changed meanwhile.
const MAX_ROUNDS: u32 = 3;
const FIRST_REST: Duration = Duration::from_millis(50);

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Delivered,
    Unchanged,
    Stopped(Stop),
}

#[derive(Clone, Debug)]
pub struct RunReport {
    pub end: End,
    pub calls: Vec<CallRecord>,
}

impl Engine {
    /// One attempt at one event.
    pub async fn deliver(&self, job: &Job<'_>, ledger: &dyn Ledger) -> RunReport {
        let _turn = self.gates.person(&job.setup.connection.id, &job.event.partitionkey).await;
        let mut caller = Caller::new(self, job.setup, job.candidate);
        let mut steps = self.steps(job, ledger, &mut caller).await;
        for round in 1..=MAX_ROUNDS {
            if !matches!(&steps, Err(stop) if stop.kind == StopKind::StartOver) {
                break;
            }
            // Whoever changed the data at the same time may try again, too.
            tokio::time::sleep(FIRST_REST * round + FIRST_REST.mul_f64(rand::random())).await;
            steps = self.steps(job, ledger, &mut caller).await;
        }
        let end = match steps {
            Ok(true) => End::Delivered,
            Ok(false) => End::Unchanged,
            Err(mut stop) => {
                stop.message = caller.redactor.text(&stop.message);
                if stop.kind == StopKind::StartOver {
                    stop.kind = StopKind::Retry { wait: None, limited: false };
                }
                End::Stopped(stop)
            }
        };
        RunReport { end, calls: caller.calls }
    }

    /// Whether anything was written.
    async fn steps(&self, job: &Job<'_>, ledger: &dyn Ledger, caller: &mut Caller<'_>) -> Result<bool, Stop> {
        job.setup.checked.clone()?;
        let Some(handler) = job.setup.connector.handler(job.event.event_type) else {
            return Ok(false);
        };
        let mut variables = Variables::of(job, self.clock.now());
        if let Some(when) = &handler.when {
            let holds = self.templates.strict(when, variables.context(&self.templates).value())?;
            if !holds.is_true() {
                return Ok(false);
            }
        }
        if job.setup.connector.remembers() {
            variables.set_remembered(ledger.remembered().await.map_err(ledger_away)?);
        }
        let mut wrote = false;
        for step in &handler.steps {
            let (link, again) = (job.link, job.again);
            let mut running = Running { engine: self, step, ledger, caller: &mut *caller, link, again, wrote: false };
            let value = running.step(&variables).await?;
            wrote |= running.wrote;
            variables.set(&step.id, value);
        }
        Ok(wrote)
    }
}
