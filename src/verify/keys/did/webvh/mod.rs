//! did:webvh 1.0: a document on the web with a history that can be checked, so that its host alone can't change it.
//! Comes in: a DID. Goes out: the address of its log, and the documents in the log.
//! Must not know: signatures on credentials.

mod log;
mod proof;
mod witness;

use super::web;
use crate::document::{Limits, json};
use crate::verify::documents::{DocumentError, Documents};
use crate::verify::keys::KeyError;
use crate::verify::keys::history::History;
use chrono::{DateTime, Utc};
use url::Url;

/// A SHA-256 multihash has 46 digits in base58.
const SCID_DIGITS: usize = 46;
const ACCEPT_LOG: &str = "text/jsonl, application/jsonl, text/plain, */*;q=0.1";
const ACCEPT_WITNESSES: &str = "application/json, */*;q=0.1";

/// The log's SCID and address ("The DID to HTTPS Transformation"): as for did:web, without the first part.
fn place(did: &str) -> Option<(&str, Url)> {
    let (scid, rest) = did.strip_prefix("did:webvh:")?.split_once(':')?;
    let is_hash = scid.len() == SCID_DIGITS && scid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let document = web::document_url(&format!("did:web:{rest}")).filter(|_| is_hash)?;
    Some((scid, document.join("did.jsonl").ok()?))
}

/// Fetches and checks the log and, if the log has witnesses, the witness file.
///
/// # Errors
/// [`KeyError::Unavailable`] when a file could not be fetched; [`KeyError::Invalid`] when the log fails a check.
pub async fn resolve(did: &str, documents: &Documents, at: DateTime<Utc>) -> Result<History, KeyError> {
    let Some((scid, address)) = place(did) else { return Err(KeyError::Invalid(format!("{did:.200} is malformed"))) };
    let invalid = |problem: &str| KeyError::Invalid(format!("the history of {did:.200} can't be trusted: {problem}"));
    let unavailable = |error: DocumentError| match error {
        DocumentError::Gone(_) => KeyError::Invalid(format!("{did:.200} was withdrawn")),
        other => KeyError::Unavailable(other.to_string()),
    };
    let fetched = documents.get(address.as_str(), ACCEPT_LOG).await.map_err(unavailable)?;
    let log = log::read(&fetched.bytes, scid, at).map_err(|problem| invalid(&problem))?;
    if !log.needed.is_empty() {
        let address = address.join("did-witness.json").map_err(|_| invalid("the file of its witnesses has no address"))?;
        let fetched = documents.get(address.as_str(), ACCEPT_WITNESSES).await;
        let fetched = fetched.map_err(|error| KeyError::Unavailable(format!("the file of its witnesses is needed: {error}")))?;
        let file =
            json::parse(&fetched.bytes, &Limits::default()).map_err(|_| invalid("the file of its witnesses is not JSON"))?;
        if !witness::seen(&file, &log.version_ids, &log.needed) {
            return Err(invalid("too few of its witnesses confirm it"));
        }
    }
    if log.deactivated {
        return Err(KeyError::Invalid(format!("{did:.200} was deactivated")));
    }
    let own = |document: &serde_json::Value| document.get("id").and_then(serde_json::Value::as_str) == Some(did);
    if !log.versions.iter().any(|version| own(&version.document)) {
        return Err(invalid("it belongs to another identifier"));
    }
    let Some(current) = log.versions.last().map(|version| version.document.clone()) else {
        return Err(invalid("it begins after the moment of the check"));
    };
    Ok(History { current, versions: log.versions })
}
