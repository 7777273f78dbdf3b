//! Reads a received assertion: its edition, and the way in which it says that it can be verified.
//! Comes in: JSON, a compact JWS or an address. Goes out: a [`Claimed`] assertion, of which nothing is verified yet.
//! Must not know: the network.

use crate::document::members::each;
use crate::model::credential::{Document, Format, Securing};
use crate::verify::securing::compact_jws::CompactJws;
use serde_json::Value;

const LONGEST_KIND: usize = 80;

/// The method of verification that the assertion names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Hosted: the document at this address counts.
    Hosted(String),
    /// Signed; with the address of the key, when the assertion gives it.
    Signed(Option<String>),
    /// No usable method; a sentence that says why.
    Nothing(&'static str),
    /// An unknown kind of verification, by its name.
    Unsupported(String),
}

pub(super) struct Claimed {
    pub json: Value,
    pub format: Format,
    pub method: Method,
    /// The token that carried it.
    pub token: Option<CompactJws>,
}

impl Claimed {
    pub(super) fn secured_with(&self) -> Securing {
        match self.method {
            Method::Hosted(_) => Securing::Hosted,
            Method::Signed(_) => Securing::SignedBadge,
            Method::Nothing(_) | Method::Unsupported(_) => Securing::None,
        }
    }
}

/// `Err`: a plain sentence why there is no assertion in it.
pub(super) fn read(document: &Document) -> Result<Claimed, &'static str> {
    let (json, token) = match document {
        Document::Json(json) => ((**json).clone(), None),
        Document::CompactJws(token) => {
            let jws = CompactJws::parse(&token.text).map_err(|_| "The signed badge can't be read.")?;
            let json = jws.json().map_err(|_| "The signed badge does not hold JSON.")?;
            (json, Some(jws))
        }
        Document::HostedUrl(url) => {
            let method = Method::Hosted(url.clone());
            return Ok(Claimed { json: Value::Null, format: Format::OpenBadges2, method, token: None });
        }
        Document::SdJwt(_) | Document::CoseSign1(_) => return Err("The file is not an Open Badges 2.0 badge."),
    };
    if !json.is_object() {
        return Err("The badge is not a JSON object.");
    }
    let format = edition(&json);
    let method = method(&json, token.is_some());
    Ok(Claimed { json, format, method, token })
}

fn edition(json: &Value) -> Format {
    let is_second = each(&json["@context"]).filter_map(Value::as_str).any(|context| context.contains("openbadges/v2"));
    match is_second || json.get("verification").is_some() {
        true => Format::OpenBadges2,
        false => Format::OpenBadges1,
    }
}

fn method(json: &Value, is_token: bool) -> Method {
    let rules = json.get("verification").or_else(|| json.get("verify")).unwrap_or(&Value::Null);
    // `creator` in 2.0; in 1.x `verify.url` is the key of a signed badge and the address of a hosted one.
    let kinds: Vec<&str> = each(&rules["type"]).chain(rules.as_str().map(|_| rules)).filter_map(Value::as_str).collect();
    let is = |names: [&str; 2]| kinds.iter().any(|kind| names.iter().any(|name| kind.eq_ignore_ascii_case(name)));
    if is(["SignedBadge", "signed"]) {
        let key = rules["creator"].as_str().or_else(|| rules["creator"]["id"].as_str()).or_else(|| rules["url"].as_str());
        return match is_token {
            true => Method::Signed(key.map(str::to_owned)),
            false => Method::Nothing("The badge says that it is signed, but the file carries no signature."),
        };
    }
    if is(["HostedBadge", "hosted"]) {
        return match rules["url"].as_str().or_else(|| json["id"].as_str()) {
            Some(address) => Method::Hosted(address.to_owned()),
            None => Method::Nothing("The badge says that it is hosted, but does not name its web address."),
        };
    }
    // `Extension` stands beside the kind.
    match kinds.iter().find(|kind| !kind.eq_ignore_ascii_case("Extension")) {
        Some(kind) => Method::Unsupported(named(kind)),
        None => Method::Nothing("The badge does not say how it can be verified."),
    }
}

/// The name of a foreign kind of verification. Readers rarely know Blockcerts by its technical name, so that name is explained.
fn named(kind: &str) -> String {
    let name: String = kind.chars().filter(|c| !c.is_control()).take(LONGEST_KIND).collect();
    if name.starts_with("Merkle") { format!("Blockcerts: {name}") } else { name }
}
