//! Reads new applications of a system by the manifest's `intake`: which are new, whose they are, their files and links.
//! Comes in: a connection, a cursor or the identifiers of an application. Goes out: identifiers; or a person with files, within limits.
//! Must not know: which applications were there before, what is in the files, where the cursor is kept.

use super::caller::Caller;
use super::engine::Engine;
use super::intake_spec::{Intake, Read};
use super::job::Setup;
use super::ledger::MemoryLedger;
use super::manifest::{Step, Verdict};
use super::step::Running;
use super::stop::{Stop, StopKind};
use super::values::{from_json, to_json};
use super::variables::{Context, Variables};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use minijinja::value::Value;
use serde_json::Value as Json;

/// Applications that one answer may name.
const MAX_APPLICATIONS: usize = 500;
/// An application is identifiers, not content.
const MAX_APPLICATION_BYTES: usize = 2_000;
const MAX_CURSOR_BYTES: usize = 4_000;
const MAX_FILES: usize = 20;
const MAX_TEXTS: usize = 50;
const MAX_TEXT_CHARS: usize = 20_000;
const MAX_NAME_CHARS: usize = 200;

/// Which applications are new, and where the next poll begins.
#[derive(Clone, Debug, PartialEq)]
pub struct NewApplications {
    pub applications: Vec<Json>,
    pub cursor: Json,
}

/// How much of an application may be read.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Of all files together; what does not fit is left out.
    pub bytes: usize,
    /// Of one file; a larger file is left out.
    pub file_bytes: usize,
}

/// An application as it was read.
#[derive(Clone, Debug, Default)]
pub struct Application {
    pub person: ApplicationPerson,
    pub files: Vec<ApplicationFile>,
    /// Texts in which links may stand.
    pub texts: Vec<String>,
    /// Files that were too large, or whose content the system did not give.
    pub left_out: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationPerson {
    pub name: Option<String>,
    pub email: Option<String>,
    pub id: Option<String>,
}

#[derive(Clone, Debug)]
pub struct ApplicationFile {
    /// The system's identifier of the file.
    pub id: Option<String>,
    pub name: Option<String>,
    pub media_type: Option<String>,
    pub bytes: Bytes,
}

impl Engine {
    /// Whether the connection's settings ask for applications.
    pub fn reads_applications(&self, setup: &Setup) -> bool {
        let Some(intake) = &setup.connector.manifest.intake else { return false };
        let variables = Variables::settings(&setup.settings, self.clock.now());
        let context = variables.context(&self.templates);
        self.templates.lenient(&intake.when, context.value()).is_ok_and(|value| value.is_true())
    }

    /// Asks for applications that came since `cursor`; `None`: the first time.
    ///
    /// # Errors
    /// As of a delivery; the message is redacted.
    pub async fn new_applications(&self, setup: &Setup, cursor: Option<&Json>) -> Result<NewApplications, Stop> {
        let Some(poll) = setup.connector.manifest.intake.as_ref().and_then(|intake| intake.poll.as_ref()) else {
            return Ok(NewApplications { applications: Vec::new(), cursor: cursor.cloned().unwrap_or_default() });
        };
        let mut caller = Caller::silent(self, setup);
        let polled = async {
            setup.checked.clone()?;
            let mut variables = Variables::settings(&setup.settings, self.clock.now());
            let cursor = match cursor {
                Some(cursor) => from_json(cursor),
                None => self.templates.strict(&poll.start, variables.context(&self.templates).value())?,
            };
            variables.set("cursor", cursor);
            self.read_steps(&poll.steps, &mut caller, &mut variables).await?;
            let context = variables.context(&self.templates);
            let applications = self.identifiers(&poll.applications, &context)?;
            let cursor = to_json(&self.templates.strict(&poll.cursor, context.value())?, &poll.cursor)?;
            match cursor.to_string().len() <= MAX_CURSOR_BYTES {
                true => Ok(NewApplications { applications, cursor }),
                false => Err(Stop::config("manifest", "The manifest's cursor is too long.")),
            }
        };
        let polled = polled.await;
        polled.map_err(|stop| shown(&caller, stop))
    }

    /// The applications that a genuine request of the system names.
    ///
    /// # Errors
    /// The request is none that the manifest describes.
    pub fn pushed_applications(&self, setup: &Setup, body: &Json) -> Result<Vec<Json>, Stop> {
        let Some(webhook) = setup.connector.manifest.intake.as_ref().and_then(|intake| intake.webhook.as_ref()) else {
            return Ok(Vec::new());
        };
        let variables = Variables::settings(&setup.settings, self.clock.now());
        let context = variables.context(&self.templates).with([("body".to_owned(), from_json(body))]);
        self.identifiers(&webhook.applications, &context)
    }

    /// # Errors
    /// As of a delivery, redacted. Files that don't fit into `room` are left out.
    pub async fn read_application(&self, setup: &Setup, application: &Json, room: Room) -> Result<Application, Stop> {
        let Some(Intake { read, .. }) = &setup.connector.manifest.intake else { return Ok(Application::default()) };
        let mut caller = Caller::silent(self, setup);
        let done = async {
            setup.checked.clone()?;
            let mut variables = Variables::settings(&setup.settings, self.clock.now());
            variables.set("application", from_json(application));
            self.read_steps(&read.steps, &mut caller, &mut variables).await?;
            let context = variables.context(&self.templates);
            let text = |expression: &Option<String>| -> Option<String> {
                let value = self.templates.lenient(expression.as_ref()?, context.value()).ok()?;
                let text = (!value.is_undefined() && !value.is_none()).then(|| value.to_string())?;
                Some(text.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect())
                    .filter(|text: &String| !text.is_empty())
            };
            let person =
                ApplicationPerson { name: text(&read.person.name), email: text(&read.person.email), id: text(&read.person.id) };
            let texts = match &read.links {
                Some(links) => self.list(links, &context, MAX_TEXTS)?,
                None => Vec::new(),
            };
            let is_text = |value: Value| value.as_str().map(|text| text.chars().take(MAX_TEXT_CHARS).collect());
            let texts = texts.into_iter().filter_map(is_text).collect();
            let mut application = Application { person, texts, ..Application::default() };
            self.files(read, &context, &mut caller, room, &mut application).await?;
            Ok(application)
        };
        let done: Result<Application, Stop> = done.await;
        done.map_err(|stop| shown(&caller, stop))
    }

    async fn read_steps(&self, steps: &[Step], caller: &mut Caller<'_>, variables: &mut Variables) -> Result<(), Stop> {
        let ledger = MemoryLedger::default();
        for step in steps {
            let mut running =
                Running { engine: self, step, ledger: &ledger, caller: &mut *caller, link: None, again: false, wrote: false };
            let value = running.step(variables).await?;
            variables.set(&step.id, value);
        }
        Ok(())
    }

    fn identifiers(&self, expression: &str, context: &Context<'_>) -> Result<Vec<Json>, Stop> {
        let mut identifiers = Vec::new();
        for value in self.list(expression, context, MAX_APPLICATIONS)? {
            let json = to_json(&value, expression)?;
            if json.to_string().len() > MAX_APPLICATION_BYTES {
                return Err(Stop::config("manifest", "The manifest takes more of an application than its identifiers."));
            }
            if !json.is_null() && !identifiers.contains(&json) {
                identifiers.push(json);
            }
        }
        Ok(identifiers)
    }

    fn list(&self, expression: &str, context: &Context<'_>, most: usize) -> Result<Vec<Value>, Stop> {
        let value = self.templates.lenient(expression, context.value())?;
        if value.is_undefined() || value.is_none() {
            return Ok(Vec::new());
        }
        let listed = value.try_iter().map_err(|_| {
            Stop::new(StopKind::Permanent, "unexpected_answer", "The system's answer holds no list where one is expected.")
        })?;
        Ok(listed.filter(|one| !one.is_undefined() && !one.is_none()).take(most).collect())
    }

    async fn files(
        &self,
        read: &Read,
        context: &Context<'_>,
        caller: &mut Caller<'_>,
        room: Room,
        into: &mut Application,
    ) -> Result<(), Stop> {
        let Some(files) = &read.files else { return Ok(()) };
        let listed = self.list(files, context, usize::MAX)?;
        into.left_out += listed.len().saturating_sub(MAX_FILES);
        let mut left = room.bytes;
        for attachment in listed.into_iter().take(MAX_FILES) {
            let member = |name: &str| attachment.get_attr(name).ok().filter(|value| !value.is_undefined() && !value.is_none());
            let text = |name: &str| member(name).map(|value| value.to_string().chars().take(MAX_NAME_CHARS).collect::<String>());
            let bytes = match (member("base64"), &read.fetch) {
                (Some(encoded), _) => Self::decoded(&encoded, room.file_bytes),
                (None, Some(call)) => {
                    let context = context.with([("attachment".to_owned(), attachment.clone())]);
                    let (answer, reading) = caller.fetch(call, &context, room.file_bytes).await?;
                    match (answer.transport, reading.verdict) {
                        ("too_large", _) => None,
                        (_, Verdict::Ok | Verdict::Unchanged) => Some(answer.body),
                        _ => return Err(caller.stop(&reading)),
                    }
                }
                (None, None) => None,
            };
            let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else {
                into.left_out += 1;
                continue;
            };
            let Some(rest) = left.checked_sub(bytes.len()) else {
                into.left_out += 1;
                continue;
            };
            left = rest;
            let file = ApplicationFile { id: text("id"), name: text("name"), media_type: text("media_type"), bytes };
            into.files.push(file);
        }
        Ok(())
    }

    fn decoded(encoded: &Value, most: usize) -> Option<Bytes> {
        let text = encoded.as_str()?;
        if text.len() / 4 * 3 > most {
            return None;
        }
        // Some systems break the lines.
        let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        STANDARD.decode(text).ok().map(Bytes::from)
    }
}

fn shown(caller: &Caller<'_>, mut stop: Stop) -> Stop {
    stop.message = caller.redactor.text(&stop.message);
    stop
}
