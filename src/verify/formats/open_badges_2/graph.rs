//! The objects that an assertion refers to: the hosted assertion, the badge class, the issuer, keys, lists.
//! Comes in: an address, or an object that stands inside another one. Goes out: the object as its own host serves it.
//! Must not know: signatures, scope, dates.

use crate::document::Limits;
use crate::document::json as strict;
use crate::model::credential::Format;
use crate::verify::addresses::{plain, same_site};
use crate::verify::documents::{DocumentError, Documents};
use serde_json::{Value, json};
use url::Url;

const ACCEPT: &str = "application/ld+json, application/json;q=0.9";
const ACCEPT_KEY: &str = "application/ld+json, application/json;q=0.9, application/x-pem-file;q=0.8, text/plain;q=0.5, */*;q=0.1";

/// An object of the graph.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub json: Value,
    /// The address of the fetched object; `None` for an object inside the object that refers to it.
    pub fetched_from: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum GraphError {
    /// HTTP 410.
    #[error("{0} is gone")]
    Gone(String),
    #[error("{0}")]
    Unavailable(String),
    /// The reference is broken; another try won't help.
    #[error("{0}")]
    Broken(String),
}

/// Fetches one object.
pub(super) async fn fetch(address: &str, what: &str, documents: &Documents) -> Result<Node, GraphError> {
    object(&bytes(address, what, ACCEPT, documents).await?, address, what)
}

/// Fetches a key: the object of Open Badges 2.0, or the bare PEM text of 1.x, which becomes an object without an owner.
pub(super) async fn fetch_key(address: &str, what: &str, documents: &Documents) -> Result<Node, GraphError> {
    let bytes = bytes(address, what, ACCEPT_KEY, documents).await?;
    match std::str::from_utf8(&bytes).map(str::trim) {
        Ok(pem) if pem.starts_with("-----BEGIN ") => {
            let json = json!({"id": address, "publicKeyPem": pem});
            Ok(Node { json, fetched_from: Some(address.to_owned()) })
        }
        _ => object(&bytes, address, what),
    }
}

async fn bytes(address: &str, what: &str, accept: &str, documents: &Documents) -> Result<bytes::Bytes, GraphError> {
    if plain(address).is_none() {
        return Err(GraphError::Broken(format!("the badge does not give a web address for the {what}")));
    }
    let fetched = documents.get(address, accept).await.map_err(|error| match error {
        DocumentError::Gone(_) => GraphError::Gone(what.to_owned()),
        DocumentError::NotFound(_) => {
            GraphError::Unavailable(format!("the {what} is not public at its web address, or no longer public"))
        }
        DocumentError::Offline(_) => {
            GraphError::Unavailable(format!("the {what} was not provided, and the gateway is not allowed to fetch it"))
        }
        DocumentError::Unreachable(_) => GraphError::Unavailable(format!("the {what} could not be fetched")),
    })?;
    Ok(fetched.bytes)
}

fn object(bytes: &[u8], address: &str, what: &str) -> Result<Node, GraphError> {
    match strict::parse(bytes, &Limits::default()) {
        Ok(mut json) if json.is_object() => {
            // Before 1.1, objects have no identifier; the address serves as the identifier.
            if json.get("id").is_none() && json.get("@context").is_none() {
                json["id"] = Value::from(address);
            }
            Ok(Node { json, fetched_from: Some(address.to_owned()) })
        }
        _ => Err(GraphError::Unavailable(format!("the address of the {what} leads to something else"))),
    }
}

/// The object behind a reference. An object inside another object counts only on the site `vouched`, which serves the outer
/// object (hosted); with `None` it does not count. Otherwise the object is fetched from its own address.
pub(super) async fn follow(
    reference: &Value,
    what: &str,
    vouched: Option<&Url>,
    documents: &Documents,
) -> Result<Node, GraphError> {
    match reference {
        Value::String(address) => fetch(address, what, documents).await,
        Value::Object(_) => {
            let address = reference["id"].as_str().and_then(plain);
            match (address, vouched) {
                (Some(address), Some(site)) if same_site(site, &address) => {
                    Ok(Node { json: reference.clone(), fetched_from: None })
                }
                (Some(address), _) => fetch(address.as_str(), what, documents).await,
                (None, _) => Err(GraphError::Broken(format!("the {what} has no web address of its own"))),
            }
        }
        _ => Err(GraphError::Broken(format!("the {what} is missing"))),
    }
}

/// In Open Badges 0.5 an issuer has no profile: its `origin` is its address, and badges must be hosted there.
pub(super) fn origin_as_profile(issuer: &Value, format: Format) -> Option<Node> {
    let origin = issuer["origin"].as_str().filter(|_| format == Format::OpenBadges1 && issuer.get("id").is_none())?;
    plain(origin)?;
    let mut json = issuer.clone();
    json["id"] = Value::from(origin);
    Some(Node { json, fetched_from: None })
}

/// Whether two addresses mean the same document.
pub(super) fn same_address(a: &str, b: &str) -> bool {
    match (plain(a), plain(b)) {
        (Some(a), Some(b)) => {
            a == b || (same_site(&a, &b) || same_site(&b, &a)) && a.path() == b.path() && a.query() == b.query()
        }
        _ => a == b,
    }
}
