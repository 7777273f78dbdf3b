//! The one thing to do next. Comes in: a credential's report. Goes out: one action, never two.

use crate::http::pages::words::{Person, address};
use crate::model::report::{CheckId, CheckStatus, Outcome, VerificationReport};
use serde::Serialize;

#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Action {
    /// `open`: a link to another page. `check_again`: the same bytes once more, for the same person. `check_person`: the same bytes, for an
    /// e-mail address that the reader gives.
    pub kind: &'static str,
    /// The end of a text's key.
    pub words: &'static str,
    pub address: Option<String>,
}

const CHECK_AGAIN: Action = Action { kind: "check_again", words: "check_again", address: None };
const CHECK_PERSON: Action = Action { kind: "check_person", words: "check_person", address: None };

/// For a credential of the person.
pub fn of(report: &VerificationReport, person: &Person) -> Action {
    let open = |words, address: String| Action { kind: "open", words, address: Some(address) };
    let ask = || open("ask", ask_address(person));
    match report.outcome {
        Outcome::Accepted if is_person_unchecked(report) => CHECK_PERSON,
        Outcome::Accepted => open("candidate", person.address.clone()),
        Outcome::Rejected => ask(),
        Outcome::Attention => match report.deciding_check().map(|check| (check.id, check.status)) {
            Some((CheckId::Recipient, CheckStatus::CouldNotCheck)) | None => CHECK_PERSON,
            Some((CheckId::IssuerTrust, CheckStatus::Warning)) => open("trust", "/trust".to_owned()),
            Some((_, CheckStatus::CouldNotCheck)) => CHECK_AGAIN,
            Some(_) => ask(),
        },
    }
}

fn is_person_unchecked(report: &VerificationReport) -> bool {
    report.check(CheckId::Recipient).is_none_or(|check| check.status == CheckStatus::NotApplicable)
}

/// Where the reader asks the person for something better.
pub fn ask_address(person: &Person) -> String {
    address("/requests/new", &[("candidate", &person.reference)])
}
