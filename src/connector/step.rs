//! One step of a manifest: for each of its items, read, or write and record the write.
//! Comes in: the values of the steps so far. Goes out: the value that later steps see, or the reason why the run stops.
//! Must not know: which step comes next, queues, where the ledger is kept.

use super::caller::Caller;
use super::engine::Engine;
use super::file::{FileEnd, FileError, FileJob};
use super::ledger::{Badge, Ledger};
use super::manifest::{FileWrite, Idempotency, Require, Step, Verdict, Write};
use super::stop::{LEDGER_UNAVAILABLE, Stop, StopKind};
use super::template::Templates;
use super::values::{from_json, to_json};
use super::variables::{self, Context, Variables};
use crate::model::ledger::{LedgerEntry, LedgerState};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Value;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::Duration;

/// Most elements of a list that a step walks.
const MAX_ITEMS: usize = 500;
const MAX_PAGES: usize = 50;
/// Before the system is asked again whether it has finished, unless its answer names another time.
const NOT_READY_WAIT: Duration = Duration::from_secs(15);

/// A step that is running.
pub struct Running<'a, 'b> {
    pub engine: &'a Engine,
    pub step: &'a Step,
    pub ledger: &'a dyn Ledger,
    pub caller: &'a mut Caller<'b>,
    /// The system's identifier of the person, where somebody has linked the two.
    pub link: Option<&'a str>,
    /// Repeat writes that are done, where that is harmless.
    pub again: bool,
    /// Whether anything was written.
    pub wrote: bool,
}

impl Running<'_, '_> {
    /// The value that later steps see under the step's name.
    pub async fn step(&mut self, variables: &Variables) -> Result<Value, Stop> {
        if let (Some(name), Some(link)) = (&self.step.link, self.link) {
            return Ok(variables::linked(name, link));
        }
        let engine = self.engine;
        let outside = variables.context(&engine.templates);
        let items = self.items(&outside)?;
        let mut matches = Vec::new();
        let mut results = Vec::new();
        let mut left_out = 0;
        for item in &items {
            let context = item.as_ref().map_or_else(|| outside.clone(), |item| outside.of_item(item));
            if !self.applies(&context)? {
                left_out += 1;
                results.push(variables::skipped());
                continue;
            }
            let result = match &self.step.write {
                Some(write) => self.write(write, &context, item.as_ref()).await?,
                None => self.read(&context, &mut matches).await?,
            };
            results.push(result);
        }
        let is_list = self.step.for_each.is_some();
        if self.step.write.is_some() && is_list {
            return Ok(Value::from(results));
        }
        if self.step.find.is_some() && left_out > 0 && left_out == items.len() {
            // Nothing was asked, so nothing is missing.
            return self.not_asked(&outside);
        }
        let last = results.pop().unwrap_or_else(variables::skipped);
        if self.step.find.is_none() { Ok(last) } else { self.found(matches, &last, &outside) }
    }

    /// `None` alone for a step without `for_each`.
    fn items(&self, context: &Context<'_>) -> Result<Vec<Option<Value>>, Stop> {
        let Some(for_each) = &self.step.for_each else {
            return Ok(vec![None]);
        };
        let list = self.engine.templates.strict(for_each, context.value())?;
        let items: Vec<_> = list.try_iter().map_err(|_| not_a_list(&self.step.id))?.take(MAX_ITEMS + 1).map(Some).collect();
        if items.len() > MAX_ITEMS {
            let message = format!("There are more than {MAX_ITEMS} things to write for one event.");
            return Err(Stop::parked("too_many_items", message));
        }
        Ok(items)
    }

    fn applies(&self, context: &Context<'_>) -> Result<bool, Stop> {
        let templates = &self.engine.templates;
        let holds = |expression: &Option<String>, otherwise: bool| match expression {
            Some(expression) => templates.strict(expression, context.value()).map(|value| value.is_true()),
            None => Ok(otherwise),
        };
        Ok(holds(&self.step.when, true)? && !holds(&self.step.unless, false)?)
    }

    async fn read(&mut self, context: &Context<'_>, matches: &mut Vec<Value>) -> Result<Value, Stop> {
        let mut page = Value::from(());
        for _ in 0..MAX_PAGES {
            let (value, next) = self.read_page(context, page, matches).await?;
            match next {
                Some(next) => page = next,
                None => return Ok(value),
            }
        }
        Err(Stop::parked("too_many_pages", "The system's list is longer than can be searched; a person must look."))
    }

    /// The step's value so far, and what the next page's request needs.
    async fn read_page(
        &mut self,
        context: &Context<'_>,
        page: Value,
        matches: &mut Vec<Value>,
    ) -> Result<(Value, Option<Value>), Stop> {
        let call = self.step.call.as_ref().ok_or_else(|| Stop::config("manifest", "A reading step needs a call."))?;
        let templates = &self.engine.templates;
        let context = context.with([("page".to_owned(), page)]);
        let prepared = self.caller.prepare(call, context.value())?;
        let (answer, reading) = self.caller.call(&self.step.id, call, prepared, &context).await?;
        if !matches!(reading.verdict, Verdict::Ok | Verdict::Unchanged) {
            return Err(self.caller.stop(&reading));
        }
        let context = context.with(answer.variables());
        if let Some(until) = &self.step.until
            && !templates.lenient(until, context.value())?.is_true()
        {
            let kind = StopKind::Retry { wait: reading.wait.or(Some(NOT_READY_WAIT)), limited: true };
            return Err(Stop::new(kind, "not_ready", "The system has not finished yet; the delivery asks again later."));
        }
        if let Some(find) = &self.step.find {
            let found = templates.lenient(find, context.value())?;
            let listed = found.try_iter().map_err(|_| unexpected(&self.step.id))?;
            matches.extend(listed.filter(|one| !one.is_undefined() && !one.is_none()).take(MAX_ITEMS));
        }
        let next = self.step.next.as_ref().map(|next| templates.lenient(next, context.value())).transpose()?;
        if let Some(next) = next.filter(Value::is_true) {
            return Ok((variables::skipped(), Some(next)));
        }
        if self.step.find.is_some() {
            return Ok((Value::from_pairs(answer.variables()), None));
        }
        Ok((self.extracted(context.value(), Vec::new())?, None))
    }

    /// The step's value once all its answers were searched.
    fn found(&self, matches: Vec<Value>, last: &Value, context: &Context<'_>) -> Result<Value, Stop> {
        let mut distinct: Vec<(String, Value)> = Vec::new();
        for one in matches {
            let text = to_json(&one, "find")?.to_string();
            if !distinct.iter().any(|(known, _)| *known == text) {
                distinct.push((text, one));
            }
        }
        if let Some(require) = self.step.require.as_ref().filter(|_| distinct.len() != 1) {
            return Err(self.not_one(require, distinct.is_empty(), context)?);
        }
        let matches: Vec<Value> = distinct.into_iter().map(|(_, one)| one).collect();
        let first = matches.first().cloned().unwrap_or_else(|| Value::from(()));
        let mut answer: Vec<(String, Value)> = Vec::new();
        for name in ["json", "xml", "status", "headers", "text", "transport"] {
            answer.push((name.to_owned(), last.get_attr(name).unwrap_or_default()));
        }
        answer.push(("matches".to_owned(), Value::from(matches.clone())));
        answer.push(("match".to_owned(), first.clone()));
        let context = context.with(answer);
        self.extracted(context.value(), vec![("match".to_owned(), first), ("matches".to_owned(), Value::from(matches))])
    }

    /// The value of a search that `when` or `unless` left out. Extracted values are there if they need no answer.
    fn not_asked(&self, context: &Context<'_>) -> Result<Value, Stop> {
        let none = || vec![("match".to_owned(), Value::from(())), ("matches".to_owned(), Value::from(Vec::<Value>::new()))];
        let context = context.with(none());
        let mut value = none();
        for (name, expression) in &self.step.extract {
            let extracted = self.engine.templates.lenient(expression, context.value())?;
            if !extracted.is_undefined() && !extracted.is_none() {
                value.push((name.clone(), from_json(&to_json(&extracted, expression)?)));
            }
        }
        value.push(("skipped".to_owned(), Value::from(true)));
        Ok(Value::from_pairs(value))
    }

    /// Why not exactly one match is too few or too many.
    fn not_one(&self, require: &Require, is_none: bool, context: &Context<'_>) -> Result<Stop, Stop> {
        let words = match require {
            Require::One(_) => None,
            Require::OneOrElse { none, .. } if is_none => Some(none),
            Require::OneOrElse { several, .. } => several.as_ref(),
        };
        if let Some(words) = words {
            return Ok(Stop::parked(&words.reason, self.engine.templates.lenient_text(&words.message, context.value())?));
        }
        let (reason, message) = match is_none {
            true => {
                ("no_match", "Nobody in the system matches this person. Create or link the person, then replay the delivery.")
            }
            false => {
                ("ambiguous", "Several people in the system match this person. Link the right one, then replay the delivery.")
            }
        };
        Ok(Stop::parked(reason, message))
    }

    fn extracted(&self, context: &Value, mut value: Vec<(String, Value)>) -> Result<Value, Stop> {
        for (name, expression) in &self.step.extract {
            let extracted = self.engine.templates.lenient(expression, context)?;
            if extracted.is_undefined() || extracted.is_none() {
                return Err(unexpected(&self.step.id));
            }
            // By way of JSON: nothing of the answer is held on to, and nothing lazy is left.
            value.push((name.clone(), from_json(&to_json(&extracted, expression)?)));
        }
        value.push(("skipped".to_owned(), Value::from(false)));
        Ok(Value::from_pairs(value))
    }

    async fn write(&mut self, write: &Write, context: &Context<'_>, item: Option<&Value>) -> Result<Value, Stop> {
        let key = ledger_key(&self.step.id, item)?;
        let known = self.ledger.entry(&key).await.map_err(ledger_away)?;
        match known.as_ref().map(|entry| entry.state) {
            Some(LedgerState::Done) if !(self.again && write.idempotency != Idempotency::LedgerOnly) => {
                return Ok(variables::written(known.and_then(|entry| entry.remote_id), false));
            }
            Some(LedgerState::Started) if write.idempotency == Idempotency::LedgerOnly => {
                let message = "An earlier attempt may have written this already, and the system can't tell. \
                    Look there; if it is missing, write it by hand or replay the delivery after support has cleared it.";
                return Err(Stop::parked("ambiguous_write", message));
            }
            _ => {}
        }
        // Where a repetition is harmless, an attempt of which nothing is known is simply repeated.
        let at_once = write.idempotency == Idempotency::LedgerOnly;
        if let Some(file) = &self.step.file {
            return self.write_file(file, context, &key, at_once).await;
        }
        let call = self.step.call.as_ref().ok_or_else(|| Stop::config("manifest", "A writing step needs a call or a file."))?;
        let templates = &self.engine.templates;
        let context = &self.with_badge(context).await?;
        let prepared = self.caller.prepare(call, context.value())?;
        let mut entry = LedgerEntry { state: LedgerState::Started, remote_id: None, request_digest: prepared.digest() };
        self.ledger.put(&key, &entry, at_once).await.map_err(ledger_away)?;
        let called = self.caller.call(&self.step.id, call, prepared, context).await;
        let (answer, reading) = match called {
            Ok(called) => called,
            Err(stop) => {
                // Nothing was sent.
                entry.state = LedgerState::Refused;
                self.ledger.put(&key, &entry, at_once).await.map_err(ledger_away)?;
                return Err(stop);
            }
        };
        if matches!(reading.verdict, Verdict::Ok | Verdict::Unchanged) {
            let context = context.with(answer.variables());
            let remote_id = write.remote_id.as_ref().and_then(|expression| templates.lenient(expression, context.value()).ok());
            entry.remote_id = remote_id.filter(|id| !id.is_undefined() && !id.is_none()).map(|id| id.to_string());
            entry.state = LedgerState::Done;
            // Before the entry: what is done is not looked at again.
            self.remember(write, &context, entry.remote_id.as_deref()).await?;
            self.ledger.put(&key, &entry, at_once).await.map_err(ledger_away)?;
            self.wrote |= reading.verdict == Verdict::Ok;
            return Ok(variables::written(entry.remote_id, reading.verdict == Verdict::Ok));
        }
        if !answer.fate_is_unknown(reading.verdict) {
            entry.state = LedgerState::Refused;
            self.ledger.put(&key, &entry, at_once).await.map_err(ledger_away)?;
        }
        Err(self.caller.stop(&reading))
    }

    /// The context with the credential that the step sends along. Its hash is noted first: what the system then holds is ours.
    async fn with_badge<'c>(&self, context: &Context<'c>) -> Result<Context<'c>, Stop> {
        let Some(badge) = &self.step.badge else { return Ok(context.clone()) };
        let id = self.engine.templates.text(badge, context.value())?;
        let found = self.ledger.badge(&id).await.map_err(ledger_away)?;
        let Some(Badge { name, media_type, bytes }) = found else {
            return Err(Stop::parked("badge_missing", "The credential is no longer there, or must not be shown."));
        };
        self.ledger.writes_file(&hex::encode(Sha256::digest(&bytes))).await.map_err(ledger_away)?;
        let value = [("name", name), ("media_type", media_type), ("base64", STANDARD.encode(bytes))];
        let value = Value::from_pairs(value.map(|(name, text)| (name.to_owned(), Value::from(text))));
        Ok(context.with([("badge".to_owned(), value)]))
    }

    async fn remember(&self, write: &Write, context: &Context<'_>, remote_id: Option<&str>) -> Result<(), Stop> {
        let templates = &self.engine.templates;
        if let (Some(name), Some(remote_id)) = (&write.remember, remote_id) {
            let name = templates.text(name, context.value())?;
            self.ledger.remember(&name, Some(remote_id)).await.map_err(ledger_away)?;
        }
        if let Some(name) = &write.forget {
            let name = templates.text(name, context.value())?;
            self.ledger.remember(&name, None).await.map_err(ledger_away)?;
        }
        Ok(())
    }

    async fn write_file(&mut self, file: &FileWrite, context: &Context<'_>, key: &str, at_once: bool) -> Result<Value, Stop> {
        let job = file_job(&self.engine.templates, file, context)?;
        let digest = hex::encode(Sha256::digest(format!("{}{}{:?}", job.folder.display(), job.name, job.rows)));
        let entry = |state| LedgerEntry { state, remote_id: Some(job.name.clone()), request_digest: digest.clone() };
        self.ledger.put(key, &entry(LedgerState::Started), at_once).await.map_err(ledger_away)?;
        let end = match self.caller.write_file(&self.step.id, job.clone()).await {
            Ok(end) => end,
            Err(error) => {
                let (kind, reason) = match error {
                    FileError::Config(_) => (StopKind::ConfigError, "folder"),
                    FileError::Failed(_) => (StopKind::Retry { wait: None, limited: false }, "file_not_written"),
                };
                return Err(Stop::new(kind, reason, error.to_string()));
            }
        };
        self.ledger.put(key, &entry(LedgerState::Done), at_once).await.map_err(ledger_away)?;
        self.wrote |= end == FileEnd::Written;
        Ok(variables::written(Some(job.name), end == FileEnd::Written))
    }
}

pub fn file_job(templates: &Templates, file: &FileWrite, context: &Context<'_>) -> Result<FileJob, Stop> {
    let list = templates.strict(&file.each, context.value())?;
    let mut rows = Vec::new();
    for item in list.try_iter().map_err(|_| not_a_list("file"))?.take(MAX_ITEMS) {
        let context = context.of_item(&item);
        let cell = |column: &String| {
            file.row.get(column).map_or(Ok(String::new()), |template| templates.text(template, context.value()))
        };
        rows.push(file.columns.iter().map(cell).collect::<Result<Vec<_>, _>>()?);
    }
    let key = file.columns.iter().position(|column| *column == file.key).unwrap_or_default();
    Ok(FileJob {
        folder: PathBuf::from(templates.text(&file.folder, context.value())?),
        name: templates.text(&file.name, context.value())?,
        append: templates.text(&file.append, context.value())?.trim() == "true",
        key,
        columns: file.columns.clone(),
        rows,
    })
}

/// The key of an element holds its content, not its position: a mapping may change between attempts.
fn ledger_key(step: &str, item: Option<&Value>) -> Result<String, Stop> {
    let Some(item) = item else {
        return Ok(step.to_owned());
    };
    let digest = hex::encode(Sha256::digest(to_json(item, "for_each")?.to_string()));
    Ok(format!("{step}:{}", &digest[..24]))
}

pub(super) fn ledger_away(error: super::ledger::LedgerError) -> Stop {
    Stop::new(StopKind::Retry { wait: None, limited: false }, LEDGER_UNAVAILABLE, error.to_string())
}

fn not_a_list(step: &str) -> Stop {
    Stop::config("mapping_failed", format!("The step “{step}” needs a list to walk; check the mapping."))
}

fn unexpected(step: &str) -> Stop {
    let message =
        format!("The system's answer to the step “{step}” lacks a value that the step needs; look at the attempt's answer.");
    Stop::new(StopKind::Permanent, "unexpected_answer", message)
}
