//! Runs a manifest's own tests against a stand-in that answers only the requests that the test expects.
//! Comes in: a connector. Goes out: the faults of each test, and the exact requests that were sent (for golden files and `plan`).
//! No network, no clock of the machine, no file outside of memory.

use super::case::{IntakeCase, Test};
use super::engine::Engine;
use super::intake_test;
use super::job::{Job, Setup};
use super::ledger::{Badge, Ledger, MemoryLedger};
use super::outside::Outside;
use super::registry::{Connector, RegistryError};
use super::run::End;
use super::script::Script;
use super::stop::StopKind;
use crate::model::clock::Clock;
use crate::model::connection::{Carries, Connection, ConnectionState, Secrets, default_outcomes};
use crate::model::event::{Envelope, Event};
use crate::model::ids::{ConnectionId, TenantId};
use crate::model::ledger::{LedgerEntry, LedgerState};
use crate::model::secret::Secret;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The result of one test.
#[derive(Debug)]
pub struct TestResult {
    pub name: String,
    /// Empty: the test passed.
    pub problems: Vec<String>,
    /// The requests as sent, for golden files.
    pub transcript: String,
}

/// All tests of a connector.
pub async fn run(connector: &Arc<Connector>) -> Vec<TestResult> {
    let mut results = Vec::new();
    for test in &connector.manifest.tests {
        results.push(run_one(connector, test).await);
    }
    results
}

pub async fn run_one(connector: &Arc<Connector>, test: &Test) -> TestResult {
    if let Some(case) = &test.intake {
        return run_intake(connector, test, case).await;
    }
    let failed = |problem: String| TestResult { name: test.name.clone(), problems: vec![problem], transcript: String::new() };
    let event: Event = match connector.json_file(&test.event).map(serde_json::from_value) {
        Ok(Ok(event)) => event,
        Ok(Err(error)) => return failed(format!("{} is not an event: {error}", test.event)),
        Err(error) => return failed(error.to_string()),
    };
    let script = Arc::new(Script::new(Arc::clone(connector), test.clone()));
    // One minute after the event: a signature's time is then the same in every run.
    let now = event.time + chrono::Duration::seconds(60);
    let engine = Engine::new(Arc::clone(&script) as Arc<dyn Outside>, Clock::fixed(now));
    let connection = connection(connector, test, now);
    let secrets: Secrets = test.secrets.iter().map(|(name, value)| (name.clone(), Secret::new(value.clone()))).collect();
    let setup = Setup::new(Arc::clone(connector), connection, secrets);
    let event = match Envelope::of(&event) {
        Ok(event) => event,
        Err(error) => return failed(error.to_string()),
    };
    let job = Job { setup: &setup, event: &event, candidate: &test.candidate, link: test.link.as_deref(), again: false };
    let ledger = ledger(connector, test);
    let report = engine.deliver(&job, &ledger).await;

    let mut problems = script.problems();
    if let (Some(expected), Ok(remembered)) = (&test.remembers, ledger.remembered().await)
        && *expected != remembered
    {
        problems.push(format!("{remembered:?} is remembered, not {expected:?}"));
    }
    let (outcome, reason, message) = told(&report.end);
    problems.extend(unexpected_end(test, (&outcome, &reason, &message)));
    // Whatever an attempt keeps must be free of secrets and of the person's addresses.
    let kept = format!("{:?}{:?}", report.calls, report.end);
    let private = test.secrets.values().chain(&test.candidate.emails);
    problems.extend(
        private.filter(|value| kept.contains(*value)).map(|_| "a secret or an address is in the attempt's record".to_owned()),
    );
    TestResult { name: test.name.clone(), problems, transcript: script.transcript(&outcome) }
}

/// The moment of tests that have no event.
const INTAKE_MOMENT: &str = "2026-11-23T10:00:00Z";

async fn run_intake(connector: &Arc<Connector>, test: &Test, case: &IntakeCase) -> TestResult {
    let script = Arc::new(Script::new(Arc::clone(connector), test.clone()));
    let now = INTAKE_MOMENT.parse().unwrap_or_default();
    let engine = Engine::new(Arc::clone(&script) as Arc<dyn Outside>, Clock::fixed(now));
    let secrets: Secrets = test.secrets.iter().map(|(name, value)| (name.clone(), Secret::new(value.clone()))).collect();
    let setup = Setup::new(Arc::clone(connector), connection(connector, test, now), secrets);
    let (outcome, reason, message, differences) = match intake_test::run(&engine, &setup, case).await {
        Ok(differences) => ("read".to_owned(), String::new(), String::new(), differences),
        Err(stop) => {
            let (outcome, reason, message) = told(&End::Stopped(stop));
            (outcome, reason, message, Vec::new())
        }
    };
    let mut problems = script.problems();
    problems.extend(differences);
    problems.extend(unexpected_end(test, (&outcome, &reason, &message)));
    TestResult { name: test.name.clone(), problems, transcript: script.transcript(&outcome) }
}

fn unexpected_end(test: &Test, (outcome, reason, message): (&str, &str, &str)) -> Vec<String> {
    let mut problems = Vec::new();
    if outcome != test.outcome {
        problems.push(format!("it ended as {outcome} ({reason}: {message}), not as {}", test.outcome));
    }
    if test.reason.as_deref().is_some_and(|expected| expected != reason) {
        problems.push(format!("the reason is {reason} ({message}), not {}", test.reason.as_deref().unwrap_or_default()));
    }
    problems
}

/// The requests that a test's settings would send for an event, masked. Nothing is sent.
pub async fn plan(connector: &Arc<Connector>, test: Test, event: Option<Event>) -> Result<String, RegistryError> {
    let invalid = |error: serde_json::Error| {
        let problem = error.to_string();
        RegistryError::Invalid { connector: connector.manifest.connector.clone(), problem }
    };
    let event: Event = match event {
        Some(event) => event,
        None => serde_json::from_value(connector.json_file(&test.event)?).map_err(invalid)?,
    };
    let script = Arc::new(Script::lenient(Arc::clone(connector), test.clone()));
    let now = event.time + chrono::Duration::seconds(60);
    let engine = Engine::new(Arc::clone(&script) as Arc<dyn Outside>, Clock::fixed(now));
    let connection = connection(connector, &test, now);
    let secrets: Secrets = test.secrets.iter().map(|(name, value)| (name.clone(), Secret::new(value.clone()))).collect();
    let setup = Setup::new(Arc::clone(connector), connection, secrets);
    let event = Envelope::of(&event).map_err(invalid)?;
    let job = Job { setup: &setup, event: &event, candidate: &test.candidate, link: test.link.as_deref(), again: false };
    let report = engine.deliver(&job, &ledger(connector, &test)).await;
    let (outcome, reason, message) = told(&report.end);
    let ending = format!("{outcome} {reason} {message}");
    let redactor = setup.redactor.about(&test.candidate);
    let lines = script.transcript(ending.trim());
    let masked = lines.lines().map(|line| match line.split_once(": ") {
        Some((name @ ("authorization" | "webhook-signature"), _)) => format!("{name}: ***"),
        _ => redactor.masked(line),
    });
    Ok(masked.map(|line| line + "\n").collect())
}

/// A connection made up from a test's settings.
pub fn connection(connector: &Connector, test: &Test, now: DateTime<Utc>) -> Connection {
    Connection {
        id: ConnectionId::from("connection-1"),
        tenant_id: TenantId::from("default"),
        connector: connector.manifest.connector.clone(),
        name: connector.manifest.title.clone(),
        fields: test.fields.clone(),
        mapping: test.mapping.clone(),
        event_types: Vec::new(),
        outcomes: default_outcomes(),
        carries: Carries::default(),
        state: ConnectionState::Active,
        paused_reason: None,
        secrets_set: test.secrets.keys().cloned().collect(),
        created_at: now,
        updated_at: now,
    }
}

fn ledger(connector: &Connector, test: &Test) -> MemoryLedger {
    let badge = test.badge.as_ref().and_then(|path| connector.files.get(path)).map(|bytes| Badge {
        name: "badge.json".to_owned(),
        media_type: "application/json".to_owned(),
        bytes: bytes.clone(),
    });
    let entry = |state: &String| LedgerEntry {
        state: match state.as_str() {
            "done" => LedgerState::Done,
            "refused" => LedgerState::Refused,
            _ => LedgerState::Started,
        },
        remote_id: None,
        request_digest: String::new(),
    };
    MemoryLedger::with(test.ledger.iter().map(|(step, state)| (step.clone(), entry(state))).collect(), test.remembered.clone())
        .with_badge(badge)
}

fn told(end: &End) -> (String, String, String) {
    match end {
        End::Delivered => ("delivered".into(), String::new(), String::new()),
        End::Unchanged => ("unchanged".into(), String::new(), String::new()),
        End::Stopped(stop) => {
            let outcome = match stop.kind {
                StopKind::Parked => "parked",
                StopKind::Retry { .. } | StopKind::SuspectConfig | StopKind::StartOver => "retry",
                StopKind::ConfigError => "config_error",
                StopKind::Permanent => "permanent",
            };
            (outcome.into(), stop.reason.clone(), stop.message.clone())
        }
    }
}
