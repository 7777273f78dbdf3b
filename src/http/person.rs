//! The fields with which employers name a person, in forms and in JSON bodies.
//! Comes in: a field's name and its text. Goes out: a [`CandidateHint`], or which field is wrong and why.
//! Must not know: how the fields were sent, whether the person is known.

use super::extract::is_identifier;
use super::plain_name::plain_name;
use super::problem::Problem;
use crate::model::ids::CandidateRef;
use crate::model::submission::CandidateHint;

const MAX_EMAILS: usize = 10;
const MAX_EMAIL_BYTES: usize = 254;
const MAX_NAME_CHARS: usize = 200;

/// The person whom an employer names in a JSON body.
pub fn candidate(reference: Option<&str>, email: Option<&str>, name: Option<&str>) -> Result<CandidateHint, Problem> {
    let mut hint = CandidateHint::default();
    let given = [("candidate_ref", reference), ("candidate_email", email), ("candidate_name", name)];
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
    let known = ["candidate_email", "candidate_name", "candidate_ref"].contains(&name);
    match name {
        _ if known && value.is_empty() => {}
        "candidate_email" if !is_email(&value) => return refuse("is not an e-mail address"),
        "candidate_email" if candidate.emails.len() >= MAX_EMAILS => return refuse("is given more than ten times"),
        "candidate_email" => candidate.emails.push(value),
        "candidate_name" if candidate.name.is_some() => return refuse("is given twice"),
        "candidate_name" if value.chars().count() > MAX_NAME_CHARS => return refuse("is longer than 200 characters"),
        "candidate_name" if value.chars().any(char::is_control) => return refuse("holds control characters"),
        "candidate_name" => candidate.name = Some(value),
        "candidate_ref" if candidate.candidate_ref.is_some() => return refuse("is given twice"),
        "candidate_ref" => candidate.candidate_ref = Some(candidate_ref(&value)?),
        _ => return refuse("is not a field of this form; it takes file, candidate_email, candidate_name and candidate_ref"),
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

fn is_email(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    plain && text.len() <= MAX_EMAIL_BYTES && !local.is_empty() && !domain.is_empty() && !local.contains('@')
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
        assert_eq!(candidate.emails, ["ada@example.org"]);
        for (name, value) in
            [("candidate_email", "ada"), ("candidate_email", "a b@example.org"), ("candidate_ref", "x"), ("colour", "blue")]
        {
            let problem = set_field(&mut candidate, name, value.into()).unwrap_err();
            assert_eq!(problem.errors[0].field, name);
        }
    }
}
