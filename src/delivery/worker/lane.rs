//! Delivers a claimed lane: one event after the other, until nothing is due in it.
//! Comes in: the lane's due deliveries. Goes out: the number of attempts; the records are on the disk by then.
//! The next event is begun as soon as the system has taken the one before, while the record of that is still being written: after
//! a kill both are repeated, in order. An event that was not taken stops the lane.

use super::WorkerError;
use super::ledger::AttemptLedger;
use super::result::{self, delivery_result};
use super::session::{Prepared, Session};
use crate::connector::job::Job;
use crate::connector::run::{End, RunReport};
use crate::connector::stop::{Stop, StopKind};
use crate::model::breaker::Sign;
use crate::model::candidate::Identity;
use crate::model::delivery::{Attempt, DeliveryResult};
use crate::model::event::{Envelope, EventType};
use crate::model::ids::AttemptId;
use crate::model::ledger::LedgerEntry;
use crate::store::{LaneWork, Record, Recorded, StoreError, Work};
use crate::trace;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, Span};

/// An attempt that takes longer is broken off; its unfinished write stays marked as started.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(300);

/// The state of a lane after its records so far.
#[derive(Default)]
struct Ends {
    next: Option<LaneWork>,
    /// Another worker has the lane, or its deliveries are gone.
    is_lost: bool,
    error: Option<StoreError>,
}

impl Ends {
    fn add(&mut self, recorded: Result<Recorded, StoreError>) {
        match recorded {
            Ok(Recorded::Kept) => {}
            Ok(Recorded::Next(work)) => self.next = Some(*work),
            Ok(Recorded::Lost) => self.is_lost = true,
            Err(error) => self.error = Some(error),
        }
    }

    fn goes_on(&self) -> bool {
        !self.is_lost && self.error.is_none()
    }
}

impl Session<'_> {
    /// Delivers the lane's work, and later work, until nothing is due. `slots` bounds the attempts that run at a time.
    pub async fn deliver(&self, lane: LaneWork, slots: &Semaphore) -> Result<usize, WorkerError> {
        let claimed = Instant::now();
        let candidate = lane.candidate.clone();
        let mut attempts = 0;
        let mut lane = Some(lane);
        while let Some(LaneWork { identity, link, work, version, .. }) = lane.take() {
            let person = (&identity, link.as_deref());
            let mut records = FuturesUnordered::new();
            let mut ends = Ends::default();
            let mut left = work.len();
            let mut failed = None;
            for work in work {
                if self.stop.is_cancelled() || !ends.goes_on() {
                    break;
                }
                let attempt = self.in_slot(person, work, version, slots, claimed);
                tokio::pin!(attempt);
                let record = loop {
                    tokio::select! {
                        biased;
                        record = &mut attempt => break record,
                        // Records are written only while they are polled.
                        Some(recorded) = records.next(), if !records.is_empty() => ends.add(recorded),
                    }
                };
                let mut record = match record {
                    Ok(Some(record)) => record,
                    Ok(None) => break,
                    Err(error) => {
                        failed = Some(error);
                        break;
                    }
                };
                attempts += 1;
                left -= 1;
                let goes_on = !matches!(record.result, DeliveryResult::RetryAt { .. } | DeliveryResult::ConfigError { .. });
                if matches!(record.result, DeliveryResult::ConfigError { .. }) {
                    self.stop.cancel();
                }
                record.is_last = left == 0 || !goes_on;
                let is_last = record.is_last;
                records.push(self.worker.recorder.record(record));
                if is_last {
                    left = 0;
                    break;
                }
            }
            while let Some(recorded) = records.next().await {
                ends.add(recorded);
            }
            if let Some(error) = failed.or(ends.error.map(WorkerError::from)) {
                return Err(error);
            }
            if ends.is_lost {
                return Err(WorkerError::LaneLost);
            }
            if left > 0 || (self.stop.is_cancelled() && ends.next.is_some()) {
                self.release(std::slice::from_ref(&candidate)).await?;
                return Ok(attempts);
            }
            lane = ends.next;
        }
        Ok(attempts)
    }

    /// `None`: no attempt was begun.
    async fn in_slot(
        &self,
        person: (&Identity, Option<&str>),
        work: Work,
        version: chrono::DateTime<chrono::Utc>,
        slots: &Semaphore,
        claimed: Instant,
    ) -> Result<Option<Record>, WorkerError> {
        let slot = slots.acquire().await;
        if slot.is_err() || self.stop.is_cancelled() {
            return Ok(None);
        }
        let Some(prepared) = self.prepared(version).await? else { return Ok(None) };
        let span = self.span(&prepared, &work);
        let attempt = self.attempt(&prepared, person, work).instrument(span);
        tokio::select! {
            biased;
            record = attempt => record.map(Some),
            // Whoever has the lane now may be at the same delivery.
            () = self.lost(claimed) => Err(WorkerError::LaneLost),
        }
    }

    /// The attempt, as a part of the trace that the event came from.
    fn span(&self, prepared: &Prepared, work: &Work) -> Span {
        let span = tracing::info_span!(
            target: trace::TARGET,
            "deliver",
            otel.kind = "consumer",
            otel.status_code = Empty,
            connection = %self.connection,
            connector = %prepared.connector,
            delivery = %work.delivery.id,
            event = %work.event.id,
            event_type = work.event.event_type.as_str(),
            attempt = work.delivery.attempts + 1,
            result = Empty,
        );
        if !span.is_disabled() {
            trace::continue_from(&span, work.event.traceparent().as_deref());
        }
        span
    }

    async fn attempt(
        &self,
        prepared: &Arc<Prepared>,
        (identity, link): (&Identity, Option<&str>),
        work: Work,
    ) -> Result<Record, WorkerError> {
        let started_at = self.worker.clock.now();
        let Work { delivery, event, ledger } = work;
        // Earlier attempts and no reason for a failure: this is a replay of a delivered event.
        let again = delivery.attempts > 0 && delivery.reason.is_none();
        let ledger = AttemptLedger {
            store: &self.worker.store,
            clock: &self.worker.clock,
            tenant: &self.tenant,
            connection: &self.connection,
            event: &event.id,
            candidate: &event.partitionkey,
            known: Mutex::new(ledger),
            noted: Mutex::default(),
        };
        let report = match &prepared.setup {
            Err(stop) => stopped(stop.clone()),
            Ok(setup) => {
                let job = Job { setup, event: &event, candidate: identity, link, again };
                let run = tokio::time::timeout(ATTEMPT_LIMIT, self.worker.engine.deliver(&job, &ledger)).await;
                run.unwrap_or_else(|_| stopped(took_too_long()))
            }
        };
        let noted = ledger.into_noted();
        let tries = delivery.attempts.saturating_sub(delivery.attempts_before);
        let finished_at = self.worker.clock.now();
        let schedule = &self.worker.options.retry_schedule;
        let sign = result::sign(&report.end);
        let result = delivery_result(report.end, tries, schedule, finished_at, rand::random());
        let is_done = matches!(result, DeliveryResult::Delivered | DeliveryResult::Unchanged);
        if is_done && event.event_type == EventType::CandidateErased {
            self.worker.store.forget_remembered(&self.connection, &event.partitionkey).await?;
        }
        if let DeliveryResult::Permanent { reason, .. } = &result {
            // Publish before the commit: publishing twice is better than never.
            self.worker.queue.publish_dead(&self.connection, &event, reason).await?;
        }
        let (name, why) = result::told(&result);
        let attempt = Attempt {
            id: AttemptId::generate(),
            delivery_id: delivery.id.clone(),
            number: delivery.attempts + 1,
            started_at,
            finished_at,
            result: name.to_owned(),
            reason: why.map(|(reason, _)| reason.to_owned()),
            message: why.map(|(_, message)| message.to_owned()),
            calls: report.calls,
        };
        self.tell(prepared, &attempt, &event.id);
        if let Some(counters) = &self.worker.counters {
            counters.count(&prepared.connector, &delivery, &attempt, &result);
        }
        Ok(self.record(attempt, &event, (result, sign), noted))
    }

    fn record(
        &self,
        attempt: Attempt,
        event: &Envelope,
        (result, sign): (DeliveryResult, Sign),
        ledger: BTreeMap<String, LedgerEntry>,
    ) -> Record {
        Record {
            tenant: self.tenant.clone(),
            connection: self.connection.clone(),
            candidate: event.partitionkey.clone(),
            event: event.id.clone(),
            holder: self.holder.clone(),
            attempt,
            result,
            sign,
            ledger,
            is_last: false,
        }
    }

    fn tell(&self, prepared: &Prepared, attempt: &Attempt, event: &crate::model::ids::EventId) {
        Span::current().record("result", attempt.result.as_str());
        if attempt.reason.is_some() {
            Span::current().record("otel.status_code", "ERROR");
        }
        tracing::info!(
            connection = %self.connection,
            connector = %prepared.connector,
            delivery = %attempt.delivery_id,
            %event,
            attempt = attempt.number,
            result = attempt.result.as_str(),
            reason = attempt.reason.as_deref().unwrap_or_default(),
            "a delivery attempt ended"
        );
        if attempt.result == "config_error" {
            tracing::warn!(connection = %self.connection, %event, "a connection was paused because of a configuration error");
        }
    }
}

fn stopped(stop: Stop) -> RunReport {
    RunReport { end: End::Stopped(stop), calls: Vec::new() }
}

fn took_too_long() -> Stop {
    let kind = StopKind::Retry { wait: None, limited: false };
    Stop::new(kind, "took_too_long", "The attempt took longer than five minutes and was broken off.")
}
