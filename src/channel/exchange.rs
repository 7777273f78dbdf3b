//! Exchanges with wallets: opening one, taking an answer in, keeping the journal. VCALM and OpenID4VP share all of it.

use super::answer::{Answer, Transport};
use super::{Channels, secrets};
use crate::examine::Presented;
use crate::model::exchange::{Exchange, ExchangeLogEntry, ExchangeOptions, ExchangeState};
use crate::model::ids::{CandidateRef, ExchangeId, TenantId};
use crate::model::submission::{CandidateHint, Channel, Submission};
use crate::pipeline::Delivered;
use crate::protocol::oid4vp::encrypted::ResponseKey;
use crate::protocol::vcalm::problem::Problem;
use crate::protocol::vcalm::request::{MAX_ATTEMPTS, STEP, Urls};
use crate::protocol::vcalm::results::verified;
use crate::store::StoreError;
use crate::verify::PresentationRequest;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

/// An employer's request to a wallet.
#[derive(Clone, Debug)]
pub struct NewExchange {
    pub tenant_id: TenantId,
    pub candidate: CandidateHint,
    /// The person whom the hint stands for, when that is known already.
    pub known: Option<CandidateRef>,
    pub options: ExchangeOptions,
    /// Whether OpenID4VP wallets must encrypt their answers.
    pub encrypted: bool,
    pub expires_at: DateTime<Utc>,
}

impl Channels {
    pub async fn open_exchange(&self, new: NewExchange) -> Result<Exchange, StoreError> {
        let exchange = Exchange {
            id: ExchangeId(secrets::random_id()),
            tenant_id: new.tenant_id,
            candidate: new.candidate,
            response_key: new.encrypted.then(|| ResponseKey::generate().to_secret()),
            state: ExchangeState::Pending,
            sequence: 0,
            challenge: secrets::random_id(),
            attempts: 0,
            options: new.options,
            last_error: None,
            results: None,
            submission_id: None,
            candidate_ref: new.known,
            created_at: self.clock().now(),
            expires_at: new.expires_at,
        };
        self.store().create_exchange(&exchange).await?;
        Ok(exchange)
    }

    pub fn urls(&self, exchange: &Exchange) -> Urls {
        Urls::new(&self.public_url, exchange.id.as_str())
    }

    /// The gateway's origin, which wallets compare with the address that they talk to.
    pub fn domain(&self) -> String {
        url::Url::parse(&self.public_url)
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_else(|_| self.public_url.clone())
    }

    /// An exchange by its capability, unless its time is over.
    pub async fn open_for_wallet(&self, id: &str) -> Result<Exchange, Problem> {
        let found = self.store().exchange(&ExchangeId::from(id)).await.map_err(unavailable)?;
        found.filter(|exchange| !exchange.is_expired(self.clock().now())).ok_or_else(Problem::unknown_exchange)
    }

    /// As [`Channels::open_for_wallet`], and still waiting for an answer.
    pub async fn open_for_answer(&self, id: &str) -> Result<Exchange, Problem> {
        let exchange = self.open_for_wallet(id).await?;
        if exchange.state.is_final() { Err(Problem::finished_exchange()) } else { Ok(exchange) }
    }

    /// The wallet asked for the request. Asking again changes nothing.
    pub async fn started(&self, exchange: &Exchange) -> Result<(), Problem> {
        if exchange.state == ExchangeState::Pending && self.store().activate_exchange(&exchange.id).await.map_err(unavailable)? {
            self.changes.announce(&exchange.id);
        }
        Ok(())
    }

    /// Takes an answer in: the transport's verdict first, then the challenge is used up, then the credentials go the way of
    /// every submission. A bad answer leaves the exchange open, with a new challenge.
    pub async fn take_answer(
        &self,
        exchange: &Exchange,
        channel: Channel,
        answers: &[Answer],
        audience: &str,
    ) -> Result<Submission, Problem> {
        let expected = PresentationRequest {
            challenge: Some(exchange.challenge.clone()),
            domain: Some(audience.to_owned()),
            window: Some(Duration::seconds(self.settings.holder_signature_seconds)),
        };
        let (presented, transport) = match self.judge(exchange, answers, &expected).await {
            Ok(judged) => judged,
            // The wallet did nothing wrong: it may send the same answer again.
            Err(problem) if problem.is_internal_fault() => return Err(problem),
            Err(problem) => return Err(self.refuse(exchange, problem).await),
        };
        let now = self.clock().now();
        if !self.store().claim_exchange(&exchange.id, &exchange.challenge, now).await.map_err(unavailable)? {
            return Err(self.why_not_claimed(exchange).await);
        }
        match self.keep(exchange, channel, answers, presented, &transport, expected).await {
            Ok(submission) => {
                self.changes.announce(&exchange.id);
                Ok(submission)
            }
            Err(problem) => {
                self.store().release_exchange(&exchange.id).await.map_err(unavailable)?;
                Err(problem)
            }
        }
    }

    /// Notes that an answer was refused; the next answer needs a new challenge. Goes out: the problem to answer with.
    pub async fn refuse(&self, exchange: &Exchange, problem: Problem) -> Problem {
        let next = secrets::random_id();
        let failed = self.store().fail_exchange(&exchange.id, &exchange.challenge, &next, &problem.body(), MAX_ATTEMPTS).await;
        if let Err(error) = failed {
            return unavailable(error);
        }
        self.changes.announce(&exchange.id);
        problem
    }

    async fn keep(
        &self,
        exchange: &Exchange,
        channel: Channel,
        answers: &[Answer],
        presented: Vec<Presented>,
        transport: &Transport,
        expected: PresentationRequest,
    ) -> Result<Submission, Problem> {
        let mut candidate = exchange.candidate.clone();
        for holder in &transport.holders {
            if !candidate.dids.contains(holder) {
                candidate.dids.push(holder.clone());
            }
        }
        let delivered = Delivered {
            tenant_id: exchange.tenant_id.clone(),
            channel,
            candidate,
            files: answers.iter().map(Answer::file).collect(),
            people: Vec::new(),
            expected,
            idempotency_key: None,
        };
        let submission = self.pipeline.accept_presented(delivered, presented).await.map_err(unavailable)?;
        let results = json!({STEP: step_results(answers, transport, &submission)});
        let candidate = submission.candidate_ref.as_ref();
        self.store().complete_exchange(&exchange.id, &results, &submission.id, candidate).await.map_err(unavailable)?;
        if let (Some(candidate), Some(days)) = (candidate, exchange.options.keep_days) {
            let (now, purpose) = (self.clock().now(), &exchange.options.reason);
            let kept_until = now + Duration::days(i64::from(days));
            self.store().add_purpose(&exchange.tenant_id, candidate, purpose, kept_until, now).await.map_err(unavailable)?;
        }
        Ok(submission)
    }

    async fn why_not_claimed(&self, exchange: &Exchange) -> Problem {
        match self.store().exchange(&exchange.id).await {
            Ok(Some(current)) if !current.state.is_final() && current.challenge != exchange.challenge => {
                Problem::challenge("The request was replaced meanwhile. Ask for it again.")
            }
            Ok(_) => Problem::finished_exchange(),
            Err(error) => unavailable(error),
        }
    }

    /// Adds a line to the journal. A journal that can't be written never fails the call.
    pub async fn journal(&self, exchange: &ExchangeId, call: &str, status: u16, detail: Value) {
        let entry = ExchangeLogEntry { at: self.clock().now(), call: call.to_owned(), status: i32::from(status), detail };
        if let Err(error) = self.store().append_exchange_log(exchange, &entry).await {
            tracing::warn!(cause = %error, "an entry of an exchange's journal could not be written");
        }
    }
}

/// The answer when the store or the pipeline is away; the cause goes to the log.
pub fn unavailable(error: impl std::fmt::Display) -> Problem {
    tracing::error!(cause = %error, "a wallet's message could not be stored");
    Problem::unavailable()
}

fn step_results(answers: &[Answer], transport: &Transport, submission: &Submission) -> Value {
    let presentations: Vec<Value> = answers
        .iter()
        .map(|answer| {
            serde_json::from_slice(&answer.bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&answer.bytes).into_owned()))
        })
        .collect();
    let single_or_list = match <[Value; 1]>::try_from(presentations) {
        Ok([single]) => single,
        Err(list) => Value::Array(list),
    };
    let verdicts: Vec<Value> = submission
        .files
        .iter()
        .flat_map(|file| &file.credentials)
        .map(|credential| {
            let reason = credential.report.deciding_check().map(|check| check.message.clone());
            json!({"credential": credential.id, "verified": verified(&credential.report), "outcome": credential.outcome, "reason": reason})
        })
        .collect();
    json!({
        "verifiablePresentation": single_or_list,
        "holder": transport.holders.first(),
        "holderProven": !transport.unbound && (transport.key_bound || !transport.holders.is_empty()),
        "submission": submission.id,
        "verdicts": verdicts,
    })
}
