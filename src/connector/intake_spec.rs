//! How a manifest says that new applications are read: which are new, how the system tells of them, whose they are, where the files lie.
//! Comes in: the manifest's `intake`. Goes out: typed descriptions; `intake` acts on them.
//! An application is known by plain identifiers only: what is remembered of it names nobody.

use super::manifest::{Call, Step};
use crate::protocol::push::signature::Proof;
use serde::Deserialize;

/// What a connection reads besides what it writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intake {
    /// Over the settings: whether this connection reads applications.
    pub when: String,
    /// Time between two polls.
    #[serde(default = "every_minutes")]
    pub every_minutes: u32,
    pub poll: Option<Poll>,
    pub webhook: Option<Webhook>,
    pub read: Read,
}

fn every_minutes() -> u32 {
    5
}

/// Asks the system which applications are new.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Expression: the first cursor, which decides how far back the first poll looks.
    pub start: String,
    /// Reading steps; they see `cursor`.
    pub steps: Vec<Step>,
    /// Expression over the steps: a list of identifiers. An element that was there before is left out.
    pub applications: String,
    /// Expression over the steps: where the next poll begins.
    pub cursor: String,
}

/// The system tells of applications by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Name of the connection's secret that proves a request.
    pub secret: String,
    pub verify: Proof,
    /// Expression over `body`, the request's JSON: a list of identifiers, in the form of `poll.applications`.
    pub applications: String,
}

/// Reads one application. Everything sees `application`, one element of the lists above.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    pub steps: Vec<Step>,
    pub person: Person,
    /// Expression: a list of objects with `id`, `name`, `media_type`, and the content as `base64`, or by `fetch`.
    #[serde(default)]
    pub files: Option<String>,
    /// The call that gives the content of a file, which it sees as `attachment`.
    pub fetch: Option<Call>,
    /// Expression: a list of texts in which links to badges may stand.
    #[serde(default)]
    pub links: Option<String>,
}

/// Expressions; those that give nothing are not known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: Option<String>,
    pub email: Option<String>,
    /// The person's identifier as the step with `link` has it: the verdict is then written to this person without a search.
    pub id: Option<String>,
}

impl Intake {
    /// All reading steps.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.poll.iter().flat_map(|poll| &poll.steps).chain(&self.read.steps)
    }

    /// All expressions but those of the steps.
    pub fn expressions(&self) -> Vec<&String> {
        let mut all = vec![&self.when];
        all.extend(self.poll.iter().flat_map(|poll| [&poll.start, &poll.applications, &poll.cursor]));
        all.extend(self.webhook.iter().map(|webhook| &webhook.applications));
        let Read { person: Person { name, email, id }, files, links, .. } = &self.read;
        all.extend([name, email, id, files, links].into_iter().flatten());
        all
    }

    /// What is wrong beyond the syntax of expressions.
    ///
    /// # Errors
    /// A sentence for the manifest's author.
    pub fn check(&self) -> Result<(), String> {
        if self.poll.is_none() && self.webhook.is_none() {
            return Err("`intake` needs `poll` or `webhook`: nothing says which applications are new".to_owned());
        }
        if self.read.files.is_none() && self.read.links.is_none() {
            return Err("`intake.read` needs `files` or `links`".to_owned());
        }
        if let Some(step) = self.steps().find(|step| step.write.is_some() || step.file.is_some() || step.link.is_some()) {
            return Err(format!("step `{}` of `intake` may only read: no `write`, `file` or `link`", step.id));
        }
        self.webhook.as_ref().map_or(Ok(()), |webhook| webhook.verify.check())
    }
}
