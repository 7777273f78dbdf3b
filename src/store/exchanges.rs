//! Requests to wallets: their state, their journal, and challenges of their own.
//! Every change of state is one conditional UPDATE, so that two answers at once can't both be taken.

use super::channel_schema::{challenges, exchange_log, exchanges};
use super::data_keys::{DataKey, Owner};
use super::pool::AnyConnection;
use super::sealed::{readable, readable_one};
use super::text::{clean, json_text, parse_json, parse_time, time_text};
use super::{Result, Store, StoreError, Vault};
use crate::model::exchange::{Exchange, ExchangeLogEntry, ExchangeState};
use crate::model::ids::{CandidateRef, ExchangeId, SubmissionId, TenantId};
use crate::model::record::Page;
use crate::model::secret::Secret;
use chrono::{DateTime, Duration, Utc};
use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer that is being taken in holds the exchange for at most this long; then another answer may try.
const CLAIM: Duration = Duration::seconds(120);
const JOURNAL_LINES: i64 = 500;
/// Exchanges of one candidate that are listed.
const MOST_OF_CANDIDATE: i64 = 10;
/// States in which an exchange still takes an answer.
const OPEN: [&str; 2] = [ExchangeState::Pending.as_str(), ExchangeState::Active.as_str()];

#[derive(Queryable, Selectable)]
#[diesel(table_name = exchanges)]
struct Row {
    id: String,
    tenant_id: String,
    candidate: Vec<u8>,
    response_key: Option<Vec<u8>>,
    state: String,
    sequence: i64,
    challenge: String,
    attempts: i64,
    options: String,
    last_error: Option<String>,
    results: Option<Vec<u8>>,
    submission_id: Option<String>,
    candidate_ref: Option<String>,
    created_at: String,
    expires_at: String,
}

impl Row {
    fn into_model(self, connection: &mut AnyConnection, vault: &Vault) -> Result<Exchange> {
        let id = ExchangeId(self.id);
        Ok(Exchange {
            candidate: opened(connection, vault, &id, &self.candidate)?,
            response_key: self
                .response_key
                .map(|sealed| opened::<String>(connection, vault, &id, &sealed))
                .transpose()?
                .map(Secret::new),
            results: self.results.map(|sealed| opened(connection, vault, &id, &sealed)).transpose()?,
            id,
            tenant_id: TenantId(self.tenant_id),
            state: ExchangeState::parse(&self.state),
            sequence: i32::try_from(self.sequence).unwrap_or(i32::MAX),
            challenge: self.challenge,
            attempts: i32::try_from(self.attempts).unwrap_or(i32::MAX),
            options: parse_json(&self.options)?,
            last_error: self.last_error.as_deref().map(parse_json).transpose()?,
            submission_id: self.submission_id.map(SubmissionId),
            candidate_ref: self.candidate_ref.map(CandidateRef),
            created_at: parse_time(&self.created_at)?,
            expires_at: parse_time(&self.expires_at)?,
        })
    }
}

impl Store {
    pub async fn create_exchange(&self, exchange: &Exchange) -> Result<()> {
        let (new, vault) = (exchange.clone(), self.0.vault.clone());
        self.write(move |connection| {
            let values = (
                exchanges::id.eq(new.id.as_str()),
                exchanges::tenant_id.eq(new.tenant_id.as_str()),
                exchanges::candidate.eq(Vec::new()),
                exchanges::state.eq(new.state.as_str()),
                exchanges::sequence.eq(i64::from(new.sequence)),
                exchanges::challenge.eq(&new.challenge),
                exchanges::attempts.eq(i64::from(new.attempts)),
                exchanges::options.eq(clean(&json_text(&new.options)?)),
                exchanges::candidate_ref.eq(new.candidate_ref.as_ref().map(CandidateRef::as_str)),
                exchanges::created_at.eq(time_text(new.created_at)),
                exchanges::expires_at.eq(time_text(new.expires_at)),
            );
            diesel::insert_into(exchanges::table).values(values).execute(connection)?;
            let key = vault.new_key(connection, Owner::Exchange(&new.id))?;
            let response_key = new.response_key.as_ref().map(|secret| sealed(&key, &new.id, &secret.expose())).transpose()?;
            let of_person =
                (exchanges::candidate.eq(sealed(&key, &new.id, &new.candidate)?), exchanges::response_key.eq(response_key));
            diesel::update(exchanges::table.filter(exchanges::id.eq(new.id.as_str()))).set(of_person).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// By its capability, which the wallet presents. Finds an expired exchange, too.
    pub async fn exchange(&self, id: &ExchangeId) -> Result<Option<Exchange>> {
        let (id, vault) = (clean(id.as_str()), self.0.vault.clone());
        self.read(move |connection| {
            let row: Option<Row> =
                exchanges::table.filter(exchanges::id.eq(id)).select(Row::as_select()).first(connection).optional()?;
            readable_one(row, |row| row.into_model(connection, &vault))
        })
        .await
    }

    /// Newest first; `page.after` is the id of the last exchange of the page before.
    pub async fn list_exchanges(&self, tenant: &TenantId, page: &Page) -> Result<Vec<Exchange>> {
        let (tenant, page, vault) = (tenant.clone(), page.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let mut query = exchanges::table
                .filter(exchanges::tenant_id.eq(tenant.as_str()))
                .order((exchanges::created_at.desc(), exchanges::id.desc()))
                .limit(i64::from(page.limit))
                .select(Row::as_select())
                .into_boxed();
            if let Some(after) = &page.after {
                let before: Option<String> = exchanges::table
                    .filter(exchanges::id.eq(after))
                    .select(exchanges::created_at)
                    .first(connection)
                    .optional()?;
                query = query.filter(exchanges::created_at.lt(before.unwrap_or_default()));
            }
            let rows: Vec<Row> = query.load(connection)?;
            readable(rows, |row| row.into_model(connection, &vault))
        })
        .await
    }

    /// The latest exchanges for the candidate, newest first.
    pub async fn exchanges_of(&self, tenant: &TenantId, candidate: &CandidateRef) -> Result<Vec<Exchange>> {
        let (tenant, candidate, vault) = (tenant.clone(), candidate.clone(), self.0.vault.clone());
        self.read(move |connection| {
            let rows: Vec<Row> = exchanges::table
                .filter(exchanges::tenant_id.eq(tenant.as_str()))
                .filter(exchanges::candidate_ref.eq(candidate.as_str()))
                .order((exchanges::created_at.desc(), exchanges::id.desc()))
                .limit(MOST_OF_CANDIDATE)
                .select(Row::as_select())
                .load(connection)?;
            readable(rows, |row| row.into_model(connection, &vault))
        })
        .await
    }

    /// The wallet asked for the request: `pending` becomes `active`. True when that changed something.
    pub async fn activate_exchange(&self, id: &ExchangeId) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let pending = exchanges::table
                .filter(exchanges::id.eq(id.as_str()))
                .filter(exchanges::state.eq(ExchangeState::Pending.as_str()));
            let values = (exchanges::state.eq(ExchangeState::Active.as_str()), exchanges::sequence.eq(exchanges::sequence + 1));
            Ok(diesel::update(pending).set(values).execute(connection)? == 1)
        })
        .await
    }

    /// Takes the challenge for one answer. False when it was replaced, is taken already, or the exchange is over.
    pub async fn claim_exchange(&self, id: &ExchangeId, challenge: &str, now: DateTime<Utc>) -> Result<bool> {
        let (id, challenge) = (id.clone(), challenge.to_owned());
        self.write(move |connection| {
            let free = exchanges::claimed_at.is_null().or(exchanges::claimed_at.lt(time_text(now - CLAIM)));
            let target = exchanges::table
                .filter(exchanges::id.eq(id.as_str()))
                .filter(exchanges::challenge.eq(challenge))
                .filter(exchanges::state.eq_any(OPEN))
                .filter(exchanges::expires_at.gt(time_text(now)))
                .filter(free);
            Ok(diesel::update(target).set(exchanges::claimed_at.eq(Some(time_text(now)))).execute(connection)? == 1)
        })
        .await
    }

    /// Gives a claim back: the presentation could not be stored.
    pub async fn release_exchange(&self, id: &ExchangeId) -> Result<()> {
        let id = id.clone();
        self.write(move |connection| {
            let target = exchanges::table.filter(exchanges::id.eq(id.as_str()));
            diesel::update(target).set(exchanges::claimed_at.eq(None::<String>)).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Completes a claimed exchange; its challenge is no longer valid.
    pub async fn complete_exchange(
        &self,
        id: &ExchangeId,
        results: &Value,
        submission: &SubmissionId,
        candidate: Option<&CandidateRef>,
    ) -> Result<bool> {
        let (id, results, submission, candidate) = (id.clone(), results.clone(), submission.clone(), candidate.cloned());
        let vault = self.0.vault.clone();
        self.write(move |connection| {
            let own = exchanges::table.filter(exchanges::id.eq(id.as_str()));
            let known: Option<Vec<u8>> = own.select(exchanges::candidate).first(connection).optional()?;
            let Some(known) = known else { return Ok(false) };
            let key = vault.key_in(connection, &known)?;
            let target = own.filter(exchanges::state.eq_any(OPEN));
            let values = (
                exchanges::state.eq(ExchangeState::Complete.as_str()),
                exchanges::sequence.eq(exchanges::sequence + 1),
                exchanges::results.eq(Some(sealed(&key, &id, &results)?)),
                exchanges::submission_id.eq(Some(submission.as_str())),
                exchanges::candidate_ref.eq(candidate.as_ref().map(CandidateRef::as_str)),
                exchanges::last_error.eq(None::<String>),
            );
            Ok(diesel::update(target).set(values).execute(connection)? == 1)
        })
        .await
    }

    /// Records a failed answer: a new challenge, and one attempt less; after `most` attempts the exchange is invalid.
    /// Nothing happens when the challenge was replaced, or a good answer is being taken in, meanwhile.
    pub async fn fail_exchange(
        &self,
        id: &ExchangeId,
        challenge: &str,
        new_challenge: &str,
        problem: &Value,
        most: i32,
    ) -> Result<()> {
        let (id, challenge, new_challenge, problem) =
            (id.clone(), challenge.to_owned(), new_challenge.to_owned(), json_text(problem)?);
        self.write(move |connection| {
            let target = exchanges::table
                .filter(exchanges::id.eq(id.as_str()))
                .filter(exchanges::challenge.eq(challenge))
                .filter(exchanges::claimed_at.is_null())
                .filter(exchanges::state.eq_any(OPEN));
            let values = (
                exchanges::state.eq(ExchangeState::Active.as_str()),
                exchanges::sequence.eq(exchanges::sequence + 1),
                exchanges::attempts.eq(exchanges::attempts + 1),
                exchanges::challenge.eq(new_challenge),
                exchanges::last_error.eq(Some(problem)),
            );
            diesel::update(target).set(values).execute(connection)?;
            let spent = exchanges::table
                .filter(exchanges::id.eq(id.as_str()))
                .filter(exchanges::state.eq(ExchangeState::Active.as_str()))
                .filter(exchanges::attempts.gt(i64::from(most)));
            diesel::update(spent).set(exchanges::state.eq(ExchangeState::Invalid.as_str())).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Records that the wallet or its owner refused; they may still answer later.
    pub async fn note_exchange_error(&self, id: &ExchangeId, problem: &Value) -> Result<()> {
        let (id, problem) = (id.clone(), clean(&json_text(problem)?));
        self.write(move |connection| {
            let target = exchanges::table.filter(exchanges::id.eq(id.as_str())).filter(exchanges::state.eq_any(OPEN));
            let values = (exchanges::last_error.eq(Some(problem)), exchanges::sequence.eq(exchanges::sequence + 1));
            diesel::update(target).set(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Adds a line to the journal, up to 500 per exchange.
    pub async fn append_exchange_log(&self, id: &ExchangeId, entry: &ExchangeLogEntry) -> Result<()> {
        let (id, entry) = (id.clone(), entry.clone());
        self.write(move |connection| {
            let lines: i64 =
                exchange_log::table.filter(exchange_log::exchange_id.eq(id.as_str())).count().get_result(connection)?;
            if lines >= JOURNAL_LINES {
                return Ok(());
            }
            let values = (
                exchange_log::id.eq(uuid::Uuid::now_v7().to_string()),
                exchange_log::exchange_id.eq(id.as_str()),
                exchange_log::at.eq(time_text(entry.at)),
                exchange_log::call.eq(&entry.call),
                exchange_log::status.eq(i64::from(entry.status)),
                exchange_log::detail.eq(clean(&json_text(&entry.detail)?)),
            );
            diesel::insert_into(exchange_log::table).values(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Oldest first.
    pub async fn exchange_log(&self, id: &ExchangeId) -> Result<Vec<ExchangeLogEntry>> {
        let id = id.clone();
        self.read(move |connection| {
            let rows: Vec<(String, String, i64, String)> = exchange_log::table
                .filter(exchange_log::exchange_id.eq(id.as_str()))
                .order(exchange_log::id.asc())
                .select((exchange_log::at, exchange_log::call, exchange_log::status, exchange_log::detail))
                .load(connection)?;
            rows.into_iter()
                .map(|(at, call, status, detail)| {
                    let status = i32::try_from(status).unwrap_or_default();
                    Ok(ExchangeLogEntry { at: parse_time(&at)?, call, status, detail: parse_json(&detail)? })
                })
                .collect()
        })
        .await
    }

    /// A challenge for `/presentations/verify`. `hash`: lower-case hex SHA-256.
    pub async fn create_challenge(&self, tenant: &TenantId, hash: &str, expires_at: DateTime<Utc>) -> Result<()> {
        let (tenant, hash) = (tenant.clone(), hash.to_owned());
        self.write(move |connection| {
            let values = (
                challenges::challenge_hash.eq(hash),
                challenges::tenant_id.eq(tenant.as_str()),
                challenges::expires_at.eq(time_text(expires_at)),
            );
            diesel::insert_into(challenges::table).values(values).execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Uses a challenge up. False when it is unknown, used, or its time is over.
    pub async fn consume_challenge(&self, tenant: &TenantId, hash: &str, now: DateTime<Utc>) -> Result<bool> {
        let (tenant, hash) = (tenant.clone(), hash.to_owned());
        self.write(move |connection| consume(connection, tenant.as_str(), &hash, now)).await
    }
}

fn consume(connection: &mut AnyConnection, tenant: &str, hash: &str, now: DateTime<Utc>) -> Result<bool> {
    let target = challenges::table
        .filter(challenges::challenge_hash.eq(hash))
        .filter(challenges::tenant_id.eq(tenant))
        .filter(challenges::expires_at.gt(time_text(now)));
    Ok(diesel::delete(target).execute(connection)? == 1)
}

fn sealed<T: Serialize>(key: &DataKey, id: &ExchangeId, value: &T) -> Result<Vec<u8>> {
    key.seal(&context(id), json_text(value)?.as_bytes())
}

pub(super) fn opened<T: DeserializeOwned>(
    connection: &mut AnyConnection,
    vault: &Vault,
    id: &ExchangeId,
    sealed: &[u8],
) -> Result<T> {
    let plain = vault.open(connection, &context(id), sealed)?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Internal("an exchange is damaged".to_owned()))
}

fn context(id: &ExchangeId) -> String {
    format!("exchange:{id}")
}
