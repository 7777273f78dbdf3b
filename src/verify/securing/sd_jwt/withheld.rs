//! The parts that the holder of an SD-JWT may have withheld, judged by the places of undisclosed digests.
//! Comes in: the disclosed claims, and the places. Goes out: the `integrity` check.
//! Must not know: keys, disclosures.
//!
//! A digest without a disclosure may be a decoy (RFC 9901 §4.2.5); only the issuer knows.

use super::NEVER_HIDDEN;
use crate::document::members::entries;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use crate::verify::checks::unsaid;
use serde_json::{Map, Value};

const ID: CheckId = CheckId::Integrity;

/// `integrity`, or a worse check. `withheld`: see [`super::SdJwt::withheld`].
pub fn judge(integrity: Check, claims: &Map<String, Value>, withheld: &[String]) -> Check {
    if withheld.is_empty() || integrity.status == CheckStatus::Fail {
        return integrity;
    }
    let all = [inside_what_decides(withheld), lifecycle(claims, withheld), results(claims, withheld)];
    let Some(worst) = all.into_iter().flatten().reduce(Check::with_findings_of) else { return integrity };
    worst.with_findings_of(integrity)
}

/// SD-JWT VC §3.2.2.2: no part of these members may be hidden.
fn inside_what_decides(withheld: &[String]) -> Option<Check> {
    let top = |pointer: &String| pointer.split('/').nth(1).map(str::to_owned);
    let name = withheld.iter().filter_map(top).find(|name| NEVER_HIDDEN.contains(&name.as_str()))?;
    let detail = format!("the shared copy leaves out a part of \"{name}\", which decides whether the credential is valid");
    Some(Check::fail(ID, Code::Undisclosed, &detail).found())
}

/// In the data model, the dates and the status may be hidden, so a missing member may be a withheld member. In a plain SD-JWT VC,
/// these members are never hidden. A credential with an undisclosed context is still no plain SD-JWT VC.
fn lifecycle(claims: &Map<String, Value>, withheld: &[String]) -> Option<Check> {
    let is_of_data_model = ["@context", "credentialSubject"].iter().any(|name| claims.contains_key(*name));
    if !is_of_data_model || !withheld.iter().any(String::is_empty) {
        return None;
    }
    let (_, what) = unsaid::lifecycle(claims).next()?;
    let detail = format!("the credential does not show {what}, and its holder could have left that out");
    Some(Check::new(ID, CheckStatus::Warning, Code::Withholdable, &detail).found())
}

/// A holder who can leave out a result, or the required value, can make a failed course look passed.
fn results(claims: &Map<String, Value>, withheld: &[String]) -> Option<Check> {
    let hides = |pointer: &str| withheld.iter().any(|place| place == pointer);
    let hides_within = |pointer: &str| withheld.iter().any(|place| place.starts_with(pointer));
    let lacks = |value: &Value, pointer: &str, name: &str| match value.get(name) {
        None => hides(pointer),
        Some(_) => hides_within(&format!("{pointer}/{name}")),
    };
    let whole = Value::Object(claims.clone());
    let subjects = match claims.get("credentialSubject") {
        Some(subject) => each(subject, "/credentialSubject"),
        None => vec![(&whole, String::new())],
    };
    let is_withholdable = subjects.into_iter().any(|(subject, pointer)| {
        let achievements = subject.get("achievement").map(|value| each(value, &format!("{pointer}/achievement")));
        achievements.is_some_and(|achievements| {
            lacks(subject, &pointer, "result")
                || achievements.iter().any(|(value, pointer)| lacks(value, pointer, "resultDescription"))
        })
    });
    let detail = "the shared copy may leave out a result, or a part of the result that was required";
    is_withholdable.then(|| Check::new(ID, CheckStatus::Warning, Code::ResultWithholdable, detail).found())
}

/// A value or the elements of a list, each with its place.
fn each<'a>(value: &'a Value, pointer: &str) -> Vec<(&'a Value, String)> {
    let is_list = value.is_array();
    let place = |index: usize| if is_list { format!("{pointer}/{index}") } else { pointer.to_owned() };
    entries(Some(value)).enumerate().map(|(index, value)| (value, place(index))).collect()
}
