//! The question of an exchange in the Digital Credentials Query Language (OpenID4VP 1.0 §6), and whether an answer keeps to it.
//! Comes in: an exchange; the presentations of an answer. Goes out: the query; the parts of the answer that the query does not ask for.
//! Must not know: how an answer is sent, whether it is genuine.

use super::response::{Presented, PresentedForm};
use crate::model::exchange::{CredentialQuery, Exchange, ExchangeOptions};
use serde_json::{Map, Value, json};

const OB_VOCABULARY: &str = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#";
const CLR_VOCABULARY: &str = "https://purl.imsglobal.org/spec/vc/clr/vocab.html#";
const ANY_CREDENTIAL: &str = "https://www.w3.org/2018/credentials#VerifiableCredential";

/// A format that a request may ask for: its name, the id of its query, the form in which answers to it come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub format: &'static str,
    pub id: &'static str,
    form: PresentedForm,
}

pub const FORMATS: [Wanted; 3] = [
    Wanted { format: "ldp_vc", id: "badge", form: PresentedForm::Json },
    Wanted { format: "jwt_vc_json", id: "badge_jwt", form: PresentedForm::CompactJws },
    Wanted { format: "dc+sd-jwt", id: "badge_sd_jwt", form: PresentedForm::SdJwt },
];

/// How much a request says beyond what it must: a QR code holds only so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Length {
    Full,
    /// A request for credentials of any type names only the type that all have; which algorithms will do stays unsaid.
    Short,
    /// Also, a request that leaves the formats open names only the commonest.
    Shortest,
}

/// The formats that the exchange asks for, in the employer's order. A query for SD-JWT credentials must name their types.
pub fn wanted(exchange: &Exchange) -> Vec<Wanted> {
    let options = &exchange.options;
    if !options.credentials.is_empty() {
        let is_named = |wanted: &Wanted| options.credentials.iter().any(|query| query.format == wanted.format);
        return FORMATS.into_iter().filter(is_named).collect();
    }
    let may_ask = |wanted: &Wanted| wanted.form != PresentedForm::SdJwt || !options.vct_values.is_empty();
    let named = options.formats.iter().filter_map(|name| FORMATS.into_iter().find(|wanted| wanted.format == name));
    let named: Vec<Wanted> = named.filter(may_ask).collect();
    if named.is_empty() { FORMATS.into_iter().filter(may_ask).collect() } else { named }
}

/// The formats that a request of this length names.
pub fn named(exchange: &Exchange, length: Length) -> Vec<Wanted> {
    let mut formats = wanted(exchange);
    let options = &exchange.options;
    let leaves_open = options.formats.is_empty() && options.vct_values.is_empty() && options.credentials.is_empty();
    if length == Length::Shortest && leaves_open {
        formats.truncate(1);
    }
    formats
}

/// The query: one for each format, any of which will do. `unbound`: whether the holder's signature may be missing.
pub fn dcql(exchange: &Exchange, unbound: bool, length: Length) -> Value {
    let options = &exchange.options;
    if !options.credentials.is_empty() {
        return several(options, unbound);
    }
    let mut credentials = Vec::new();
    let mut alternatives = Vec::new();
    for Wanted { format, id, form } in named(exchange, length) {
        let meta = match form {
            PresentedForm::SdJwt => json!({"vct_values": options.vct_values}),
            PresentedForm::Json | PresentedForm::CompactJws => json!({"type_values": type_values(&options.types, length)}),
        };
        let mut query = json!({"id": id, "format": format, "meta": meta});
        if options.multiple {
            query["multiple"] = json!(true);
        }
        if !options.claims.is_empty() {
            query["claims"] = json!(options.claims);
        }
        if unbound {
            query["require_cryptographic_holder_binding"] = json!(false);
        }
        credentials.push(query);
        alternatives.push(json!([id]));
    }
    let mut query = Map::new();
    query.insert("credentials".to_owned(), json!(credentials));
    if alternatives.len() > 1 {
        query.insert("credential_sets".to_owned(), json!([{"options": alternatives}]));
    }
    Value::Object(query)
}

/// The query of a request that names its credentials one by one.
fn several(options: &ExchangeOptions, unbound: bool) -> Value {
    let one = |asked: &CredentialQuery| {
        let meta = match asked.format.as_str() {
            "dc+sd-jwt" => json!({"vct_values": asked.vct_values}),
            _ => json!({"type_values": type_values(&asked.types, Length::Short)}),
        };
        let mut query = json!({"id": asked.id, "format": asked.format, "meta": meta});
        if asked.multiple {
            query["multiple"] = json!(true);
        }
        if !asked.claims.is_empty() {
            query["claims"] = json!(asked.claims);
        }
        if unbound {
            query["require_cryptographic_holder_binding"] = json!(false);
        }
        query
    };
    let mut query = json!({"credentials": options.credentials.iter().map(one).collect::<Vec<_>>()});
    if !options.credential_sets.is_empty() {
        query["credential_sets"] = json!(options.credential_sets);
    }
    query
}

/// The types, as the expanded addresses that DCQL compares, each once.
fn type_values(types: &[String], length: Length) -> Vec<Value> {
    let mut values: Vec<String> = Vec::new();
    let defaults = ["OpenBadgeCredential", "ClrCredential", "VerifiableCredential"];
    let names: Vec<&str> = match (types.is_empty(), length) {
        (false, _) => types.iter().map(String::as_str).collect(),
        (true, Length::Full) => defaults.to_vec(),
        (true, _) => vec!["VerifiableCredential"],
    };
    for value in names.into_iter().map(expanded) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values.into_iter().map(|value| json!([value])).collect()
}

fn expanded(name: &str) -> String {
    match name {
        _ if name.contains(':') => name.to_owned(),
        "ClrCredential" => format!("{CLR_VOCABULARY}{name}"),
        "VerifiableCredential" => ANY_CREDENTIAL.to_owned(),
        // Both names of a badge stand for one type.
        "AchievementCredential" => format!("{OB_VOCABULARY}OpenBadgeCredential"),
        _ => format!("{OB_VOCABULARY}{name}"),
    }
}

/// Whether the presentations answer the queries and nothing else (OpenID4VP 1.0 §8.6): known ids, each with credentials of its format,
/// no more than were asked for. `older_forms`: whether presentations without an id are taken. The error is a plain sentence.
pub fn check(exchange: &Exchange, presented: &[Presented], older_forms: bool) -> Result<(), String> {
    if !exchange.options.credentials.is_empty() {
        return check_several(&exchange.options, presented);
    }
    let wanted = wanted(exchange);
    for item in presented {
        let query = match &item.query_id {
            Some(id) => wanted.iter().find(|wanted| wanted.id == id).ok_or_else(|| not_asked(id))?,
            None if older_forms => wanted
                .iter()
                .find(|wanted| wanted.form == item.form)
                .ok_or("the presentation is in a format that was not asked for")?,
            None => return Err("vp_token must be an object that names the query which each presentation answers".to_owned()),
        };
        if query.form != item.form {
            return Err(format!("the presentation for {:?} is not in the format {}", query.id, query.format));
        }
    }
    let is_repeated = |wanted: &Wanted| presented.iter().filter(|item| item.form == wanted.form).count() > 1;
    match wanted.iter().find(|wanted| is_repeated(wanted)) {
        Some(repeated) if !exchange.options.multiple => {
            Err(format!("vp_token holds several presentations for {:?}, and one was asked for", repeated.id))
        }
        _ => Ok(()),
    }
}

/// Each presentation names its query, and is in the query's format. The credentials themselves are held against the queries when they
/// are opened.
fn check_several(options: &ExchangeOptions, presented: &[Presented]) -> Result<(), String> {
    for item in presented {
        let id =
            item.query_id.as_ref().ok_or("vp_token must be an object that names the query which each presentation answers")?;
        let asked = options.credentials.iter().find(|query| &query.id == id).ok_or_else(|| not_asked(id))?;
        let form = FORMATS.iter().find(|wanted| wanted.format == asked.format).map(|wanted| wanted.form);
        if form != Some(item.form) {
            return Err(format!("the presentation for {id:?} is not in the format {}", asked.format));
        }
        if !asked.multiple && presented.iter().filter(|other| other.query_id == item.query_id).count() > 1 {
            return Err(format!("vp_token holds several presentations for {id:?}, and one was asked for"));
        }
    }
    Ok(())
}

fn not_asked(id: &str) -> String {
    let id: String = id.chars().take(40).collect();
    format!("vp_token answers a query {id:?}, which was not asked")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::vcalm::request::tests::exchange;

    fn presented(query_id: Option<&str>, form: PresentedForm) -> Presented {
        Presented { bytes: Vec::new(), form, named_audience: None, query_id: query_id.map(str::to_owned) }
    }

    #[test]
    fn sd_jwt_is_asked_for_only_with_its_types_and_formats_are_alternatives() {
        let mut exchange = exchange();
        exchange.options.formats = vec!["dc+sd-jwt".to_owned(), "ldp_vc".to_owned()];
        assert_eq!(dcql(&exchange, false, Length::Full)["credentials"].as_array().unwrap().len(), 1);
        exchange.options.vct_values = vec!["https://issuer.example/skill".to_owned()];
        let query = dcql(&exchange, false, Length::Shortest);
        assert_eq!(query["credentials"][0]["meta"]["vct_values"][0], "https://issuer.example/skill");
        assert_eq!(query["credential_sets"][0]["options"], json!([["badge_sd_jwt"], ["badge"]]));
    }

    #[test]
    fn a_type_stands_in_a_query_once_under_whichever_name_it_was_given() {
        let mut exchange = exchange();
        let values = |exchange: &Exchange| dcql(exchange, false, Length::Full)["credentials"][0]["meta"]["type_values"].clone();
        let badge = format!("{OB_VOCABULARY}OpenBadgeCredential");
        assert_eq!(values(&exchange), json!([[badge], [format!("{CLR_VOCABULARY}ClrCredential")], [ANY_CREDENTIAL]]));
        exchange.options.types = ["OpenBadgeCredential", "AchievementCredential", &badge].map(str::to_owned).to_vec();
        assert_eq!(values(&exchange), json!([[badge]]));
    }

    #[test]
    fn the_query_says_whether_the_holder_must_sign_and_whether_several_credentials_may_come() {
        let mut exchange = exchange();
        let first = |exchange: &Exchange, unbound| dcql(exchange, unbound, Length::Full)["credentials"][0].clone();
        assert_eq!(
            first(&exchange, false).get("require_cryptographic_holder_binding"),
            None,
            "required unless it says otherwise"
        );
        assert_eq!(first(&exchange, true)["require_cryptographic_holder_binding"], false);
        assert_eq!(first(&exchange, false)["multiple"], true);
        exchange.options.multiple = false;
        assert_eq!(first(&exchange, false).get("multiple"), None);
    }

    #[test]
    fn a_request_for_several_credentials_names_each_and_their_sets() {
        let mut exchange = exchange();
        exchange.options.credentials = serde_json::from_value(json!([
            {"id": "badge", "format": "ldp_vc", "types": ["OpenBadgeCredential"], "multiple": true},
            {"id": "person", "format": "dc+sd-jwt", "vct_values": ["urn:pid"], "claims": [{"path": ["family_name"]}]}
        ]))
        .unwrap();
        let without = dcql(&exchange, false, Length::Full);
        assert!(without.get("credential_sets").is_none(), "without sets, all are required");
        exchange.options.credential_sets =
            serde_json::from_value(json!([{"options": [["badge"]]}, {"options": [["person"]], "required": false}])).unwrap();
        let query = dcql(&exchange, true, Length::Full);
        assert_eq!(query["credentials"][0]["multiple"], true);
        assert_eq!(
            query["credentials"][1],
            json!({"id": "person", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:pid"]},
            "claims": [{"path": ["family_name"]}], "require_cryptographic_holder_binding": false})
        );
        assert_eq!(query["credential_sets"][1], json!({"options": [["person"]], "required": false}));
        let check = |items: &[Presented]| super::check(&exchange, items, true);
        use PresentedForm::{Json, SdJwt};
        assert_eq!(
            check(&[presented(Some("badge"), Json), presented(Some("badge"), Json), presented(Some("person"), SdJwt)]),
            Ok(())
        );
        assert!(check(&[presented(None, Json)]).unwrap_err().contains("names the query"));
        assert!(check(&[presented(Some("other"), Json)]).unwrap_err().contains("\"other\""));
        assert!(check(&[presented(Some("person"), Json)]).unwrap_err().contains("dc+sd-jwt"));
        assert!(check(&[presented(Some("person"), SdJwt), presented(Some("person"), SdJwt)]).unwrap_err().contains("several"));
    }

    #[test]
    fn an_answer_that_does_not_keep_to_the_query_is_told_why() {
        use PresentedForm::{CompactJws, Json, SdJwt};
        let mut exchange = exchange();
        let check = |exchange: &Exchange, items: &[Presented], older| super::check(exchange, items, older);
        assert_eq!(check(&exchange, &[presented(Some("badge"), Json), presented(Some("badge_jwt"), CompactJws)], false), Ok(()));
        assert!(check(&exchange, &[presented(Some("anything"), Json)], true).unwrap_err().contains("\"anything\""));
        assert!(check(&exchange, &[presented(Some("badge"), CompactJws)], true).unwrap_err().contains("ldp_vc"));
        assert!(check(&exchange, &[presented(Some("badge_sd_jwt"), SdJwt)], true).is_err(), "no SD-JWT was asked for");
        assert!(check(&exchange, &[presented(None, SdJwt)], true).is_err());
        assert_eq!(check(&exchange, &[presented(None, Json)], true), Ok(()));
        assert!(check(&exchange, &[presented(None, Json)], false).is_err(), "the older forms are switched off");
        let two = [presented(Some("badge"), Json), presented(Some("badge"), Json)];
        assert_eq!(check(&exchange, &two, false), Ok(()));
        exchange.options.multiple = false;
        assert!(check(&exchange, &two, false).unwrap_err().contains("several"));
    }
}
