//! Whether a credential is about the person that the submitter names.
//! Comes in: the covered document and what is known of the person. Goes out: the `recipient` check, which always says how it matched.
//! Must not know: status, trust. Never logs an address.

use crate::model::credential::{Format, PresentationFacts};
use crate::model::report::Check;
use crate::model::submission::CandidateHint;
use serde_json::Value;

pub fn check(_document: &Value, _format: Format, _candidate: &CandidateHint, _presentation: Option<&PresentationFacts>) -> Check {
    unimplemented!()
}
