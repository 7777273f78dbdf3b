//! The signature of a signed badge, and whether its key is the issuer's.
//! Comes in: the token, the key's address and the issuer as its own host serves it. Goes out: the checks `proof` and `controller`.
//! Must not know: dates, revocation, people.

use super::graph::{self, GraphError, same_address};
use crate::document::members::each;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId};
use crate::verify::addresses::{plain, same_site};
use crate::verify::documents::Documents;
use crate::verify::keys::PublicKey;
use crate::verify::securing::compact_jws::{CompactJws, JwsError};
use serde_json::Value;

const ASK: &str = "Ask the candidate for the original badge, as the issuer made it.";
const LATER: &str = "Check again later, or ask the issuer whether the badge is genuine.";

/// `creator`: the key's address in the badge. `issuer`: absent when the profile could not be fetched. `is_legacy`: the badge follows
/// Open Badges 1.x.
pub(super) async fn check(
    token: &CompactJws,
    creator: Option<&str>,
    issuer: Option<&Value>,
    is_legacy: bool,
    documents: &Documents,
) -> (Check, Check) {
    let listed: Vec<&Value> = issuer.map(|issuer| each(&issuer["publicKey"]).collect()).unwrap_or_default();
    let key = match creator {
        Some(address) => find(address, &listed, documents).await,
        None => only_key(&listed, documents).await,
    };
    let (address, key_document) = match key {
        Ok(found) => found,
        Err(GraphError::Broken(detail)) => {
            return unproven(Check::fail(CheckId::Proof, Code::KeyInvalid, &detail).next(ASK));
        }
        Err(error) => {
            let message = format!("The signature could not be checked: {error}.");
            return unproven(Check::could_not_check(CheckId::Proof, Code::KeyUnavailable, message).next(LATER));
        }
    };
    let pem = key_document["publicKeyPem"].as_str().unwrap_or_default();
    let Ok(key) = PublicKey::from_pem(pem) else {
        let check = Check::fail(CheckId::Proof, Code::KeyInvalid, "The badge names a key that can't be used.").next(ASK);
        return unproven(check);
    };
    let proof = match token.verify(&key) {
        Ok(()) => Check::pass(CheckId::Proof, "The signature matches the badge."),
        Err(JwsError::Unsigned) => Check::fail(CheckId::Proof, Code::Unsigned, "The badge is not signed.").next(ASK),
        Err(_) => Check::fail(
            CheckId::Proof,
            Code::SignatureInvalid,
            "The signature does not match the badge: the badge was changed, or someone else signed it.",
        )
        .next(ASK),
    };
    (proof, controller(&address, &key_document, &listed, issuer, is_legacy))
}

fn unproven(proof: Check) -> (Check, Check) {
    (
        proof,
        Check::could_not_check(
            CheckId::Controller,
            Code::IssuerUnproven,
            "Without the key, it can't be checked who signed the badge.",
        ),
    )
}

/// A key inside the issuer's profile needs no fetch.
async fn find(address: &str, listed: &[&Value], documents: &Documents) -> Result<(String, Value), GraphError> {
    let embedded = listed.iter().find(|key| key["id"].as_str() == Some(address) && key["publicKeyPem"].is_string());
    if let Some(key) = embedded {
        return Ok((address.to_owned(), (*key).clone()));
    }
    let node = graph::fetch_key(address, "issuer's key", documents).await?;
    Ok((address.to_owned(), node.json))
}

async fn only_key(listed: &[&Value], documents: &Documents) -> Result<(String, Value), GraphError> {
    match listed {
        [key] if key["publicKeyPem"].is_string() => Ok((key["id"].as_str().unwrap_or_default().to_owned(), (*key).clone())),
        [key] => match key.as_str().or_else(|| key["id"].as_str()) {
            Some(address) => find(address, listed, documents).await,
            None => Err(GraphError::Broken("the issuer's key has no address".into())),
        },
        [] => Err(GraphError::Unavailable("the badge names no key and the issuer lists none".into())),
        _ => Err(GraphError::Broken("the badge does not say which of the issuer's keys signed it".into())),
    }
}

/// The profile must list the key: the badge's own statement about the key proves nothing.
fn controller(address: &str, key: &Value, listed: &[&Value], issuer: Option<&Value>, is_legacy: bool) -> Check {
    let Some(issuer) = issuer else {
        return Check::could_not_check(
            CheckId::Controller,
            Code::IssuerUnavailable,
            "The issuer's profile could not be read, so it is not known whose key signed the badge.",
        )
        .next(LATER);
    };
    let issuer_id = issuer["id"].as_str().unwrap_or_default();
    let owner = key["owner"].as_str().or_else(|| key["owner"]["id"].as_str());
    let names_key = |entry: &&Value| entry.as_str().or_else(|| entry["id"].as_str()).is_some_and(|id| same_address(id, address));
    if !listed.iter().any(names_key) {
        let on_its_site = match (plain(issuer_id), plain(address)) {
            (Some(home), Some(key)) => same_site(&home, &key),
            _ => false,
        };
        // Open Badges 1.x publishes the bare key: only the key's place on the issuer's site ties it to the issuer.
        if listed.is_empty() && on_its_site && is_legacy && owner.is_none() {
            return Check::pass(CheckId::Controller, "The key that signed the badge is on its issuer's site.");
        }
        let claims_it = owner.is_some_and(|owner| same_address(owner, issuer_id));
        if listed.is_empty() && on_its_site && claims_it {
            let message = "The key that signed the badge is on its issuer's site, but the issuer's profile lists no keys.";
            return Check::warning(CheckId::Controller, Code::KeyNotListed, message);
        }
        return Check::fail(
            CheckId::Controller,
            Code::KeyNotPublished,
            "The issuer does not list the key that signed the badge.",
        )
        .next(ASK);
    }
    match owner {
        Some(owner) if !same_address(owner, issuer_id) => Check::fail(
            CheckId::Controller,
            Code::ControllerMismatch,
            "The key that signed the badge belongs to someone other than its issuer.",
        )
        .next(ASK),
        _ => Check::pass(CheckId::Controller, "The issuer lists the key that signed the badge."),
    }
}
