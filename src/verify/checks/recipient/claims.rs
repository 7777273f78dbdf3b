//! Reads the owner that a credential names, in each of the formats.
//! Comes in: the covered document. Goes out: the claims about the person that can be compared.
//! Must not know: the person that the submitter names.

use crate::document::members::{MAX_VALUES, each};
use crate::model::credential::Format;
use serde_json::Value;

/// One statement of a credential about its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// A plain e-mail address.
    Email(String),
    /// A hash of an e-mail address, or of another identifier when `is_email` is false.
    Hash {
        algorithm: HashAlgorithm,
        hex: String,
        salt: String,
        is_email: bool,
    },
    /// A hash of a kind that can't be compared.
    UnknownHash,
    /// A DID of the person.
    Did(String),
    Name(String),
    /// An identifier of another kind: a telephone number, a student number, a URL.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HashAlgorithm {
    Sha256,
    Md5,
}

/// All claims of the document, in document order.
pub(super) fn of(document: &Value, format: Format) -> Vec<Claim> {
    let mut claims = match format {
        Format::OpenBadges1 | Format::OpenBadges2 => of_assertion(document),
        Format::SdJwtVc => of_subject(document),
        Format::LerRs => of_person(&document["person"]),
        _ => {
            // A LER-RS résumé wrapped in a credential names its person inside the subject.
            let subjects = each(&document["credentialSubject"]);
            subjects.flat_map(|subject| [of_subject(subject), of_person(&subject["person"])].concat()).collect()
        }
    };
    claims.truncate(MAX_VALUES);
    claims
}

/// Open Badges 2.0: `recipient: {type, identity, hashed, salt}`. Open Badges 0.5: a plain string, with `salt` beside it.
fn of_assertion(document: &Value) -> Vec<Claim> {
    let recipient = match &document["recipient"] {
        Value::String(identity) => {
            let salt = document["salt"].as_str().unwrap_or_default();
            return vec![identity_claim(identity, true, None, salt)];
        }
        other => other,
    };
    let Some(identity) = recipient["identity"].as_str() else { return Vec::new() };
    let kinds: Vec<&str> = each(&recipient["type"]).filter_map(Value::as_str).collect();
    let is_email = kinds.is_empty() || kinds.iter().any(|kind| kind.eq_ignore_ascii_case("email") || kind.ends_with("/email"));
    let salt = recipient["salt"].as_str().unwrap_or_default();
    vec![identity_claim(identity, is_email, recipient["hashed"].as_bool(), salt)]
}

/// A W3C subject, with what Open Badges 3.0, CLR 2.0, ELM 3 and plain credentials add to it.
fn of_subject(subject: &Value) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let Some(id) = subject.as_str().or_else(|| subject["id"].as_str()) {
        claims.push(id_claim(id));
    }
    for identifier in each(&subject["identifier"]) {
        let Some(identity) = identifier["identityHash"].as_str() else { continue };
        let kind = identifier["identityType"].as_str();
        let salt = identifier["salt"].as_str().unwrap_or_default();
        let hashed = identifier["hashed"].as_bool();
        if hashed == Some(false) && kind == Some("name") {
            claims.push(Claim::Name(identity.to_owned()));
            continue;
        }
        let is_email = kind.is_none_or(|kind| kind.eq_ignore_ascii_case("emailAddress") || kind.eq_ignore_ascii_case("email"));
        claims.push(identity_claim(identity, is_email, hashed, salt));
    }
    for key in ["email", "emailAddress", "mbox"] {
        for email in each(&subject[key]).filter_map(Value::as_str) {
            claims.push(Claim::Email(without_scheme(email).to_owned()));
        }
    }
    for mailbox in each(&subject["contactPoint"]).flat_map(|point| each(&point["emailAddress"])) {
        if let Some(id) = mailbox["id"].as_str() {
            claims.push(Claim::Email(without_scheme(id).to_owned()));
        }
    }
    claims.extend(name_of(subject).map(Claim::Name));
    claims
}

/// HR Open LER-RS: `person.communication.email[].address`, `person.name`.
fn of_person(person: &Value) -> Vec<Claim> {
    let mut claims = Vec::new();
    for email in each(&person["communication"]["email"]) {
        if let Some(address) = email["address"].as_str() {
            claims.push(Claim::Email(address.to_owned()));
        }
    }
    let name = &person["name"];
    let formatted = name["formattedName"].as_str().map(str::to_owned).or_else(|| joined(name, "given", "family"));
    claims.extend(formatted.map(Claim::Name));
    claims
}

fn name_of(subject: &Value) -> Option<String> {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(languages) => languages.values().find_map(|text| each(text).find_map(Value::as_str)).map(str::to_owned),
        _ => None,
    };
    plain(&subject["fullName"])
        .or_else(|| joined(subject, "givenName", "familyName"))
        .or_else(|| plain(&subject["name"]))
        .filter(|name| !name.trim().is_empty())
}

fn joined(value: &Value, first: &str, second: &str) -> Option<String> {
    let text = |key: &str| match &value[key] {
        Value::String(text) => Some(text.clone()),
        Value::Object(languages) => languages.values().find_map(|text| each(text).find_map(Value::as_str)).map(str::to_owned),
        _ => None,
    };
    Some(format!("{} {}", text(first)?, text(second)?))
}

fn id_claim(id: &str) -> Claim {
    if id.starts_with("did:") {
        return Claim::Did(id.to_owned());
    }
    match id.strip_prefix("mailto:") {
        Some(address) => Claim::Email(address.to_owned()),
        None => Claim::Other,
    }
}

fn identity_claim(identity: &str, is_email: bool, hashed: Option<bool>, salt: &str) -> Claim {
    // Some issuers forget `hashed`; the form of the value shows a hash.
    let looks_hashed =
        identity.split_once('$').is_some_and(|(_, hex)| hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !hashed.unwrap_or(looks_hashed) {
        return match is_email {
            true => Claim::Email(without_scheme(identity).to_owned()),
            false => id_claim(identity),
        };
    }
    let Some((algorithm, hex)) = identity.split_once('$') else { return Claim::UnknownHash };
    let algorithm = match (algorithm.to_ascii_lowercase().as_str(), hex.len()) {
        ("sha256", 64) => HashAlgorithm::Sha256,
        ("md5", 32) => HashAlgorithm::Md5,
        _ => return Claim::UnknownHash,
    };
    Claim::Hash { algorithm, hex: hex.to_ascii_lowercase(), salt: salt.to_owned(), is_email }
}

fn without_scheme(address: &str) -> &str {
    address.strip_prefix("mailto:").unwrap_or(address).trim()
}
