//! The fields with which employers name a person, in forms and in JSON bodies.
//! Comes in: a field's name and its text. Goes out: a [`CandidateHint`], or which field is wrong and why.
//! Must not know: how the fields were sent, whether the person is known.

use super::plain_name::plain_name;
use super::problem::Problem;
use crate::document::visible::misleads;
use crate::model::candidate::is_email;
use crate::model::ids::{CandidateRef, is_identifier};
use crate::model::submission::{CandidateHint, FilePerson};
use serde::Deserialize;

const MAX_EMAILS: usize = 10;
const MAX_NAME_CHARS: usize = 200;
const MAX_ATS_ID_CHARS: usize = 128;
/// Most files whose person one request may name.
const MAX_PEOPLE: usize = 10_000;

/// The person whom an employer names in a JSON body.
pub fn candidate(reference: Option<&str>, email: Option<&str>, name: Option<&str>) -> Result<CandidateHint, Problem> {
    named(&[("candidate_ref", reference), ("candidate_email", email), ("candidate_name", name)])
}

/// The person whom these fields of a JSON body name.
pub fn named(given: &[(&str, Option<&str>)]) -> Result<CandidateHint, Problem> {
    let mut hint = CandidateHint::default();
    for (field, value) in given {
        if let Some(value) = value {
            set_field(&mut hint, field, value.trim().to_owned())?;
        }
    }
    Ok(hint)
}

/// Puts one text field of the form where it belongs. An empty value counts as absent.
pub fn set_field(candidate: &mut CandidateHint, name: &str, value: String) -> Result<(), Problem> {
    let refuse = |message: &str| Err(Problem::invalid_field(&plain_name(name), message));
    let known = ["candidate_email", "candidate_name", "candidate_ref", "candidate_ats_id"].contains(&name);
    match name {
        _ if known && value.is_empty() => {}
        "candidate_email" if !is_email(&value) || value.chars().any(misleads) => return refuse("is not an e-mail address"),
        "candidate_email" if candidate.emails.len() >= MAX_EMAILS => return refuse("is given more than ten times"),
        "candidate_email" => candidate.emails.push(value),
        "candidate_name" if candidate.name.is_some() => return refuse("is given twice"),
        "candidate_name" if value.chars().count() > MAX_NAME_CHARS => return refuse("is longer than 200 characters"),
        "candidate_name" if value.chars().any(misleads) => return refuse("holds control or direction characters"),
        "candidate_name" => candidate.name = Some(value),
        "candidate_ref" if candidate.candidate_ref.is_some() => return refuse("is given twice"),
        "candidate_ref" => candidate.candidate_ref = Some(candidate_ref(&value)?),
        "candidate_ats_id" if candidate.ats_id.is_some() => return refuse("is given twice"),
        "candidate_ats_id" if value.chars().count() > MAX_ATS_ID_CHARS => return refuse("is longer than 128 characters"),
        "candidate_ats_id" if value.chars().any(char::is_control) => return refuse("holds control characters"),
        "candidate_ats_id" => candidate.ats_id = Some(value),
        _ => {
            return refuse(
                "is not a field of this form; it accepts file, candidate_email, candidate_name, candidate_ref, candidate_ats_id and people",
            );
        }
    }
    Ok(())
}

/// An opaque reference to a person, as given by the gateway or by the employer.
pub fn candidate_ref(value: &str) -> Result<CandidateRef, Problem> {
    if is_identifier(value) {
        return Ok(CandidateRef::from(value));
    }
    Err(Problem::invalid_field("candidate_ref", "may hold letters, digits and -._:@+ only, at most 128 of them"))
}

/// The persons of single files: a JSON array of `{"file", "email", "name", "ref", "ats_id"}`.
pub fn people(text: &str) -> Result<Vec<FilePerson>, Problem> {
    let refuse = |message: String| Problem::invalid_field("people", message);
    let rows: Vec<PersonOfFile> =
        serde_json::from_str(text).map_err(|cause| refuse(format!("is not a list of files and people: {cause}")))?;
    if rows.len() > MAX_PEOPLE {
        return Err(refuse(format!("names more than {MAX_PEOPLE} files")));
    }
    let mut people = Vec::with_capacity(rows.len());
    for (number, row) in (1..).zip(rows) {
        let person = named(&[
            ("candidate_ref", row.reference.as_deref()),
            ("candidate_email", row.email.as_deref()),
            ("candidate_name", row.name.as_deref()),
            ("candidate_ats_id", row.ats_id.as_deref()),
        ]);
        let person = person.map_err(|problem| {
            let causes =
                problem.errors.iter().map(|error| format!("{} {}", error.field.trim_start_matches("candidate_"), error.message));
            refuse(format!("has a row that can't be used, number {number}: {}", causes.collect::<Vec<_>>().join("; ")))
        })?;
        if row.file.trim().is_empty() || person.is_empty() {
            return Err(refuse(format!("has a row without a file or without a person, number {number}")));
        }
        people.push(FilePerson { file: row.file, candidate: person });
    }
    Ok(people)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonOfFile {
    file: String,
    email: Option<String>,
    name: Option<String>,
    ats_id: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_person_are_checked_and_an_unknown_field_is_named() {
        let mut candidate = CandidateHint::default();
        set_field(&mut candidate, "candidate_email", "ada@example.org".into()).unwrap();
        set_field(&mut candidate, "candidate_email", String::new()).unwrap();
        set_field(&mut candidate, "candidate_ref", "employee:4711".into()).unwrap();
        set_field(&mut candidate, "candidate_ats_id", "4711 / 12".into()).unwrap();
        assert_eq!(candidate.emails, ["ada@example.org"]);
        for (name, value) in [
            ("candidate_email", "ada"),
            ("candidate_email", "a b@example.org"),
            ("candidate_email", "ada\u{202E}gro.elpmaxe@example.org"),
            ("candidate_name", "Ada\u{2066}"),
            ("candidate_name", "Ada\nBob"),
            ("candidate_ref", "x"),
            ("candidate_ats_id", "2"),
            ("colour", "blue"),
        ] {
            let problem = set_field(&mut candidate, name, value.into()).unwrap_err();
            assert_eq!(problem.errors[0].field, name);
        }
    }

    #[test]
    fn people_are_named_by_file_and_a_bad_row_is_named_by_number() {
        let named =
            people(r#"[{"file":"a.json","email":"ada@example.org"},{"file":"b.json","ref":"4711","name":"Bob"}]"#).unwrap();
        assert_eq!((named[0].candidate.emails[0].as_str(), named[1].file.as_str()), ("ada@example.org", "b.json"));
        for (text, told) in [
            ("{}", "is not a list"),
            (r#"[{"file":"a.json","mail":"x"}]"#, "mail"),
            (r#"[{"file":"a.json","ref":"1"},{"file":"b.json"}]"#, "number 2"),
            (r#"[{"file":"a.json","email":"ada"}]"#, "number 1: email is not an e-mail address"),
        ] {
            let problem = people(text).unwrap_err();
            assert_eq!(problem.errors[0].field, "people");
            assert!(problem.errors[0].message.contains(told), "{}", problem.errors[0].message);
        }
    }
}
