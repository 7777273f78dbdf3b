//! Makes a job's calls: adds credentials, keeps the request rate, reads the answer, writes the record.
//! Comes in: prepared requests. Goes out: answers with their meaning, and the redacted records of an attempt.
//! Must not know: which step comes next, the ledger's entries.

use super::auth;
use super::auth_spec::Auth;
use super::classify::{Answer, Reading, read};
use super::engine::Engine;
use super::file::{FileEnd, FileError, FileJob};
use super::job::Setup;
use super::limits::Wait;
use super::manifest::{Call, Verdict};
use super::redact::Redactor;
use super::request::{Prepared, prepare, redirected};
use super::stop::{Stop, StopKind};
use super::token::{read_token, token_request};
use super::variables::Context;
use crate::model::candidate::Identity;
use crate::model::connection::Secrets;
use crate::model::delivery::CallRecord;
use crate::model::secret::Secret;
use crate::trace;
use minijinja::value::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

/// A longer wait for the rate gives the delivery back instead of holding a worker.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A system with a slow rate holds a worker for so long at most.
const LONGEST_TURN: Duration = Duration::from_secs(60);
/// The most calls of one attempt.
const MAX_CALLS: usize = 1_000;
const MAX_CALL_RECORDS: usize = 200;

pub struct Caller<'a> {
    engine: &'a Engine,
    setup: &'a Setup,
    pub redactor: Redactor,
    pub calls: Vec<CallRecord>,
    made: usize,
    /// Nothing of the answers is recorded: they are people's files.
    is_silent: bool,
    /// In place of the manifest's limit, for one call.
    max_body_bytes: Option<usize>,
}

impl<'a> Caller<'a> {
    pub fn new(engine: &'a Engine, setup: &'a Setup, candidate: &Identity) -> Self {
        Self {
            engine,
            setup,
            redactor: setup.redactor.about(candidate),
            calls: Vec::new(),
            made: 0,
            is_silent: false,
            max_body_bytes: None,
        }
    }

    /// For reading what must not lie in a record.
    pub fn silent(engine: &'a Engine, setup: &'a Setup) -> Self {
        Self { is_silent: true, ..Self::new(engine, setup, &Identity::default()) }
    }

    /// As [`Caller::call`], for an answer that may have this many bytes.
    pub async fn fetch(&mut self, call: &Call, context: &Context<'_>, max_body_bytes: usize) -> Result<(Answer, Reading), Stop> {
        let prepared = self.prepare(call, context.value())?;
        self.max_body_bytes = Some(max_body_bytes);
        let mut called = self.call("fetch", call, prepared, context).await;
        if let Ok((answer, _)) = &called
            && let Some(request) = redirected(&self.engine.templates, call, context.value(), answer)
        {
            called = self.call("fetch", call, request, context).await;
        }
        self.max_body_bytes = None;
        called
    }

    pub fn prepare(&self, call: &Call, context: &Value) -> Result<Prepared, Stop> {
        Ok(prepare(&self.engine.templates, &self.setup.connector.manifest.connection, call, context)?)
    }

    /// `Err` only when nothing was sent. A refused credential is renewed once; then the one before it is tried while that counts.
    pub async fn call(
        &mut self,
        step: &str,
        call: &Call,
        prepared: Prepared,
        context: &Context<'_>,
    ) -> Result<(Answer, Reading), Stop> {
        let mut renewed = false;
        let setup = self.setup;
        let mut secrets = &setup.secrets;
        loop {
            let mut request = prepared.clone();
            self.authenticate(&mut request, context, secrets).await?;
            let answer = self.send(step, &request).await?;
            let reading = self.read(&answer, call, context);
            let renewable = matches!(self.setup.connector.manifest.connection.auth, Auth::Oauth2(_));
            if reading.verdict == Verdict::AuthRefresh && renewable && !renewed {
                renewed = true;
                self.engine.gates.forget_token(&self.setup.connection.id);
                continue;
            }
            if let (Verdict::AuthRefresh, Some(previous)) = (reading.verdict, &setup.previous)
                && !std::ptr::eq(secrets, previous)
            {
                secrets = previous;
                continue;
            }
            return Ok((answer, reading));
        }
    }

    fn read(&self, answer: &Answer, call: &Call, context: &Context<'_>) -> Reading {
        let context = context.with(answer.variables());
        let rules = call.classify.iter().chain(&self.setup.connector.manifest.classify);
        read(&self.engine.templates, rules, answer, context.value(), self.engine.clock.now())
    }

    async fn authenticate(&mut self, request: &mut Prepared, context: &Context<'_>, secrets: &Secrets) -> Result<(), Stop> {
        if request.is_elsewhere {
            return Ok(());
        }
        let previous = self.setup.previous.as_ref().map(|previous| context.with([auth::secrets_value(previous)]));
        let context = context.with([auth::secrets_value(secrets)]);
        let context = context.value();
        let auth = &self.setup.connector.manifest.connection.auth;
        let token = self.token(context).await?;
        let applied = auth::apply(
            &self.engine.templates,
            auth,
            (context, previous.as_ref().map(Context::value)),
            request,
            token.as_ref(),
            self.engine.clock.now(),
        );
        let headers = &self.setup.connector.manifest.connection.secret_headers;
        let applied = applied.and_then(|()| auth::add_headers(&self.engine.templates, headers, context, request));
        applied.map_err(|error| Stop::config("credentials", format!("The credentials can't be used: {error}.")))
    }

    async fn token(&mut self, context: &Value) -> Result<Option<Secret>, Stop> {
        let auth = &self.setup.connector.manifest.connection.auth;
        let request = token_request(&self.engine.templates, auth, context);
        let request = request.map_err(|error| Stop::config("credentials", format!("The credentials can't be used: {error}.")))?;
        let Some(request) = request else {
            return Ok(None);
        };
        let credentials = hex::encode(Sha256::digest(format!("{}{:?}", request.digest(), request.headers)));
        if let Some(token) = self.engine.gates.token(&self.setup.connection.id, &credentials, self.engine.clock.now()) {
            self.redactor.add_secret(token.expose());
            return Ok(Some(token));
        }
        let answer = self.send("token", &request).await?;
        if !(200..300).contains(&answer.status) {
            let reading = read(&self.engine.templates, std::iter::empty(), &answer, &Value::from(()), self.engine.clock.now());
            let stop = match reading.verdict {
                Verdict::Transient | Verdict::RateLimited => self.stop(&reading),
                _ => Stop::config(
                    "credentials",
                    "The system gives no access token for these credentials: renew them in the connection.",
                ),
            };
            return Err(stop);
        }
        let Auth::Oauth2(grant) = auth else { return Ok(None) };
        let (token, life) = read_token(&self.engine.templates, grant, &answer).ok_or_else(|| {
            Stop::config("credentials", "The answer of the token address holds no access token: check the address.")
        })?;
        // The record was written before the token was known.
        self.redactor.add_secret(token.expose());
        if let Some(record) = self.calls.last_mut() {
            record.response = record.response.take().map(|response| self.redactor.text(&response));
        }
        self.engine.gates.keep_token(&self.setup.connection.id, &credentials, token.clone(), life, self.engine.clock.now());
        Ok(Some(token))
    }

    async fn send(&mut self, step: &str, request: &Prepared) -> Result<Answer, Stop> {
        self.made += 1;
        if self.made > MAX_CALLS {
            return Err(Stop::parked("too_many_calls", "The delivery needs more calls than one attempt may make."));
        }
        self.pace().await?;
        let mut outbound = request.outbound(&self.setup.connector.manifest.limits)?;
        outbound.max_body_bytes = self.max_body_bytes.or(outbound.max_body_bytes);
        let started = Instant::now();
        let span = tracing::info_span!(
            target: trace::TARGET,
            "call",
            otel.kind = "client",
            step,
            http.request.method = request.method.to_owned(),
            http.response.status_code = Empty,
        );
        let answer = Answer::of(self.engine.outside.send(outbound).instrument(span.clone()).await);
        span.record("http.response.status_code", answer.status);
        if self.is_silent {
            return Ok(answer);
        }
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let answered = answer.transport.is_empty();
        let response = if answered { self.redactor.answer(&answer.body) } else { self.redactor.text(&answer.problem) };
        self.record(CallRecord {
            step: step.to_owned(),
            method: request.method.to_owned(),
            url: self.redactor.text(request.url.as_str()),
            status: answered.then_some(answer.status),
            response: Some(response).filter(|response| !response.is_empty()),
            milliseconds,
        });
        Ok(answer)
    }

    pub async fn write_file(&mut self, step: &str, job: FileJob) -> Result<FileEnd, FileError> {
        let started = Instant::now();
        let url = self.redactor.text(&format!("file://{}", job.folder.join(&job.name).display()));
        let end = self.engine.outside.write_file(&self.setup.connection.tenant_id, job).await;
        self.record(CallRecord {
            step: step.to_owned(),
            method: "WRITE".to_owned(),
            url,
            status: None,
            response: end.as_ref().err().map(|error| self.redactor.text(&error.to_string())),
            milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        end
    }

    fn record(&mut self, record: CallRecord) {
        if self.calls.len() < MAX_CALL_RECORDS {
            self.calls.push(record);
        }
    }

    async fn pace(&self) -> Result<(), Stop> {
        let rates = &self.setup.rates;
        let Some(slowest) = rates.iter().copied().max_by_key(|rate| rate.between()) else {
            return Ok(());
        };
        if let Some(turns) = &self.engine.turns {
            // The next turn may be one step away: who does not wait for it never gets past the first call.
            let patience = LONGEST_PAUSE.max((slowest.between() * 4).min(LONGEST_TURN));
            return match turns.next(&self.setup.connection.id, slowest, patience).await {
                Wait::For(wait) => {
                    tokio::time::sleep(wait).await;
                    Ok(())
                }
                Wait::TooLong(wait) => Err(rate_is_used_up(wait)),
            };
        }
        let mut waited = Duration::ZERO;
        while let Some(wait) = self.engine.gates.enter(&self.setup.connection.id, rates, Instant::now()) {
            waited += wait;
            if waited > LONGEST_PAUSE {
                return Err(rate_is_used_up(wait));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// The stop that follows from an answer that is not a success.
    pub fn stop(&self, reading: &Reading) -> Stop {
        let kind = match reading.verdict {
            Verdict::Transient => StopKind::Retry { wait: reading.wait, limited: false },
            Verdict::RateLimited => StopKind::Retry { wait: reading.wait, limited: true },
            Verdict::Park => StopKind::Parked,
            Verdict::AuthRefresh | Verdict::ConfigError => StopKind::ConfigError,
            Verdict::SuspectConfig => StopKind::SuspectConfig,
            Verdict::StartOver => StopKind::StartOver,
            Verdict::Permanent | Verdict::Ok | Verdict::Unchanged => StopKind::Permanent,
        };
        Stop::new(kind, &reading.reason, reading.message.clone())
    }
}

fn rate_is_used_up(wait: Duration) -> Stop {
    let kind = StopKind::Retry { wait: Some(wait), limited: true };
    Stop::new(kind, "rate_limited", "The system's request rate is used up; the delivery is tried again later.")
}
