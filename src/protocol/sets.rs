//! Requests that name several credentials, and which of them must come together: credential queries and sets of DCQL
//! (OpenID4VP 1.0 §6.1, §6.2 and §6.4.2). Comes in: the employer's request; the credentials of an answer. Goes out: which queries a
//! credential answers, and what is missing. Must not know: how an answer came, whether a credential is genuine.

use super::asked::is_of_kind;
use super::claims::{self, missing};
use crate::model::credential::Document;
use crate::model::exchange::{CredentialQuery, ExchangeOptions};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most queries, sets, and alternatives of one set.
pub const MAX_QUERIES: usize = 10;
const MAX_ID: usize = 40;

/// How often each query was answered.
pub type Answered = BTreeMap<String, usize>;

/// Whether a request may ask for this. `formats`: the known ones. The error names the field, and says what is wrong with it.
pub fn check(options: &ExchangeOptions, formats: &[&str]) -> Result<(), (&'static str, String)> {
    let wrong = |message: &str| Err(("credentials", message.to_owned()));
    if options.credentials.len() > MAX_QUERIES {
        return wrong("must hold at most 10 credentials");
    }
    let mut ids = BTreeSet::new();
    for query in &options.credentials {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if !(1..=MAX_ID).contains(&query.id.len()) || !query.id.bytes().all(is_id) || !ids.insert(query.id.as_str()) {
            return wrong("must each have an id of its own, of letters, digits, _ and -");
        }
        if !formats.contains(&query.format.as_str()) {
            return Err(("credentials", format!("must be of the format {}", formats.join(", "))));
        }
        if (query.format == "dc+sd-jwt") == query.vct_values.is_empty()
            || (query.format == "dc+sd-jwt" && !query.types.is_empty())
        {
            return wrong("must name vct_values for dc+sd-jwt, and types for other formats");
        }
        let texts = query.types.iter().chain(&query.vct_values);
        if query.types.len().max(query.vct_values.len()) > MAX_QUERIES
            || texts.into_iter().any(|text| text.is_empty() || text.len() > 300)
        {
            return wrong("must name at most 10 types, each a short text");
        }
        claims::check(&query.claims).map_err(|problem| ("credentials", format!("have claims that {problem}")))?;
    }
    for set in &options.credential_sets {
        let known = set.options.iter().flatten().all(|id| ids.contains(id.as_str()));
        if set.options.is_empty() || set.options.len() > MAX_QUERIES || set.options.iter().any(Vec::is_empty) || !known {
            return Err(("credential_sets", "must have options, which are lists of ids of credentials".to_owned()));
        }
    }
    if options.credential_sets.len() > MAX_QUERIES {
        return Err(("credential_sets", "must hold at most 10 sets".to_owned()));
    }
    Ok(())
}

/// Counts a credential for the queries that it answers: for the named query alone, where the answer names one. The error is a plain
/// sentence. `disclosed`: the credential's claims as its holder shows them; `None` when it can't be taken apart.
pub fn count(
    options: &ExchangeOptions,
    named: Option<&str>,
    document: &Document,
    disclosed: Option<&Value>,
    answered: &mut Answered,
) -> Result<(), String> {
    let mut short = None;
    let mut fits = |query: &&CredentialQuery| {
        if named.is_some_and(|named| named != query.id) || !is_of_kind(&query.types, &query.vct_values, document) {
            return false;
        }
        let hidden = disclosed.and_then(|claims| missing(&query.claims, claims));
        short = short.take().or(hidden.map(claims::spelled));
        hidden.is_none()
    };
    let fitting: Vec<&CredentialQuery> = options.credentials.iter().filter(&mut fits).collect();
    let Some(first) = fitting.first() else {
        return Err(match short {
            Some(path) => format!("A credential in the answer does not show what was asked for: {path}."),
            None => "The answer holds a credential that was not asked for.".to_owned(),
        });
    };
    // A credential that several queries would take counts for one that has none yet.
    let query = fitting.iter().find(|query| !answered.contains_key(&query.id)).unwrap_or(first);
    let count = answered.entry(query.id.clone()).or_default();
    *count += 1;
    match *count > 1 && !query.multiple {
        true => Err(format!("The answer holds several credentials for {:?}, and one was asked for.", query.id)),
        false => Ok(()),
    }
}

/// What the answer leaves out, in a plain sentence.
pub fn unmet(options: &ExchangeOptions, answered: &Answered) -> Option<String> {
    let came = |ids: &Vec<String>| ids.iter().all(|id| answered.contains_key(id));
    if options.credential_sets.is_empty() {
        let absent = options.credentials.iter().find(|query| !answered.contains_key(&query.id))?;
        return Some(format!("The answer leaves out a credential that was asked for: {:?}.", absent.id));
    }
    let required = options.credential_sets.iter().filter(|set| set.required);
    let unmet = required.into_iter().find(|set| !set.options.iter().any(came))?;
    let choices: Vec<String> = unmet.options.iter().map(|ids| ids.join(" and ")).collect();
    Some(format!("The answer leaves out credentials that were asked for: {}.", choices.join(", or ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FORMATS: [&str; 3] = ["ldp_vc", "jwt_vc_json", "dc+sd-jwt"];

    fn options(credentials: Value, sets: Value) -> ExchangeOptions {
        ExchangeOptions {
            credentials: serde_json::from_value(credentials).unwrap(),
            credential_sets: serde_json::from_value(sets).unwrap(),
            ..ExchangeOptions::default()
        }
    }

    fn three() -> Value {
        json!([
            {"id": "badge", "format": "ldp_vc", "types": ["OpenBadgeCredential"]},
            {"id": "licence", "format": "ldp_vc", "types": ["DrivingLicence"], "claims": [{"path": ["class"], "values": ["B"]}]},
            {"id": "clr", "format": "ldp_vc", "types": ["ClrCredential"], "multiple": true}
        ])
    }

    fn document(name: &str, class: &str) -> Document {
        Document::Json(json!({"type": ["VerifiableCredential", name], "class": class}).into())
    }

    fn counted(options: &ExchangeOptions, came: &[(Option<&str>, Document)]) -> Result<Answered, String> {
        let mut answered = Answered::new();
        for (named, document) in came {
            let Document::Json(claims) = document else { unreachable!() };
            count(options, *named, document, Some(claims), &mut answered)?;
        }
        Ok(answered)
    }

    #[test]
    fn all_credentials_are_required_unless_sets_say_otherwise() {
        let all = options(three(), json!([]));
        let badge = (Some("badge"), document("OpenBadgeCredential", ""));
        let licence = (Some("licence"), document("DrivingLicence", "B"));
        let clr = (Some("clr"), document("ClrCredential", ""));
        let answered = counted(&all, &[badge.clone(), licence.clone()]).unwrap();
        assert!(unmet(&all, &answered).unwrap().contains("\"clr\""));
        assert_eq!(unmet(&all, &counted(&all, &[badge.clone(), licence.clone(), clr.clone()]).unwrap()), None);

        let sets = options(
            three(),
            json!([{"options": [["badge", "licence"], ["clr"]]}, {"options": [["licence"]], "required": false}]),
        );
        assert_eq!(
            unmet(&sets, &counted(&sets, &[clr.clone(), clr.clone()]).unwrap()),
            None,
            "one alternative, several credentials"
        );
        assert_eq!(unmet(&sets, &counted(&sets, &[badge.clone(), licence.clone()]).unwrap()), None);
        let half = counted(&sets, std::slice::from_ref(&licence)).unwrap();
        assert_eq!(
            unmet(&sets, &half).unwrap(),
            "The answer leaves out credentials that were asked for: badge and licence, or clr.",
            "an optional set replaces no required one"
        );
    }

    #[test]
    fn a_credential_counts_for_the_query_that_it_answers_and_for_no_other() {
        let all = options(three(), json!([]));
        let refused = |came: &[(Option<&str>, Document)]| counted(&all, came).unwrap_err();
        assert!(refused(&[(Some("badge"), document("DrivingLicence", "B"))]).contains("not asked for"), "another query's type");
        assert!(refused(&[(Some("other"), document("OpenBadgeCredential", ""))]).contains("not asked for"));
        assert!(refused(&[(None, document("Passport", ""))]).contains("not asked for"));
        assert!(refused(&[(None, document("DrivingLicence", "C"))]).contains("does not show what was asked for: class"));
        let twice = [(None, document("OpenBadgeCredential", "")), (None, document("OpenBadgeCredential", ""))];
        assert!(refused(&twice).contains("several credentials for \"badge\""));
        let alike = options(json!([{"id": "a", "format": "ldp_vc"}, {"id": "b", "format": "ldp_vc"}]), json!([]));
        assert_eq!(unmet(&alike, &counted(&alike, &twice).unwrap()), None, "two alike credentials answer two alike queries");
    }

    #[test]
    fn a_request_that_no_wallet_could_answer_is_refused() {
        check(&options(three(), json!([{"options": [["badge"]]}])), &FORMATS).unwrap();
        let one = |query: Value| check(&options(json!([query]), json!([])), &FORMATS).unwrap_err().0;
        for query in [
            json!({"id": "", "format": "ldp_vc"}),
            json!({"id": "a b", "format": "ldp_vc"}),
            json!({"id": "a", "format": "mso_mdoc"}),
            json!({"id": "a", "format": "dc+sd-jwt"}),
            json!({"id": "a", "format": "ldp_vc", "vct_values": ["x"]}),
            json!({"id": "a", "format": "ldp_vc", "claims": [{"path": []}]}),
            json!({"id": "a", "format": "ldp_vc", "types": [""]}),
        ] {
            assert_eq!(one(query.clone()), "credentials", "{query}");
        }
        let twice = json!([{"id": "a", "format": "ldp_vc"}, {"id": "a", "format": "ldp_vc"}]);
        assert_eq!(check(&options(twice, json!([])), &FORMATS).unwrap_err().0, "credentials");
        for sets in [json!([{"options": []}]), json!([{"options": [[]]}]), json!([{"options": [["nobody"]]}])] {
            assert_eq!(check(&options(three(), sets.clone()), &FORMATS).unwrap_err().0, "credential_sets", "{sets}");
        }
        assert!(check(&options(json!([]), json!([{"options": [["a"]]}])), &FORMATS).is_err(), "sets of nothing");
    }
}
