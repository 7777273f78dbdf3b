//! Whom a credential is about, and whether that was checked: said as loudly as the verdict.

use crate::http::pages::words::Person;
use crate::model::code::Code;
use crate::model::report::{CheckId, CheckStatus, VerificationReport};
use crate::model::submission::{Channel, PersonBy};
use serde::Serialize;

#[derive(Serialize)]
pub struct PersonLine {
    pub person: Person,
    /// `checked`, `unchecked`, `unconfirmed`, `other`.
    pub state: &'static str,
    /// Tone of the state.
    pub tone: &'static str,
    /// What the check says about it, in English.
    pub message: Option<String>,
    /// How the gateway came to the person: the end of a text's key.
    pub by: &'static str,
}

impl PersonLine {
    pub fn of(person: Person, report: &VerificationReport, by: PersonBy, channel: Channel) -> Self {
        let check = report.check(CheckId::Recipient);
        let (state, tone) = match check.map(|check| check.status) {
            Some(CheckStatus::Pass) => ("checked", "accepted"),
            Some(CheckStatus::Fail) => ("other", "rejected"),
            Some(CheckStatus::Warning | CheckStatus::CouldNotCheck) => ("unconfirmed", "attention"),
            Some(CheckStatus::NotApplicable) | None => ("unchecked", "attention"),
        };
        let message = check.filter(|check| check.code != Code::NotApplicable).map(|check| check.message.clone());
        Self { person, state, tone, message, by: by_word(by, channel) }
    }
}

fn by_word(by: PersonBy, channel: Channel) -> &'static str {
    match (by, channel) {
        (PersonBy::Request, Channel::Upload | Channel::Link) => "request",
        (PersonBy::Request, Channel::OpenBadges | Channel::Vcalm | Channel::Oid4vp | Channel::Push | Channel::Ats) => "channel",
        (PersonBy::List, _) => "list",
        (PersonBy::Subject, _) => "subject",
        (PersonBy::Earlier, _) => "earlier",
        (PersonBy::New, _) => "new",
    }
}
