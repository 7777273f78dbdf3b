//! Whether a badge was revoked: gone from its address, marked there, or on the issuer's revocation list.
//! Comes in: the gathered badge. Goes out: the `status` check.
//! Must not know: keys, dates.

use super::assertion::Method;
use super::graph::{self, GraphError};
use super::{Badge, LATER};
use crate::document::members::each;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, Finding};
use crate::verify::Verifier;
use crate::verify::checks::status::shorten;
use serde_json::Value;

const ID: CheckId = CheckId::Status;

pub(super) async fn check(badge: &Badge, verifier: &Verifier) -> Check {
    if matches!(&badge.hosted, Some(Err(GraphError::Gone(_)))) {
        return revoked(&Value::Null);
    }
    let copies = [badge.assertion(), &badge.claimed.json];
    if let Some(copy) = copies.iter().find(|copy| copy["revoked"].as_bool() == Some(true)) {
        return revoked(&copy["revocationReason"]);
    }
    match (&badge.claimed.method, &badge.hosted) {
        (Method::Hosted(_), Some(Ok(_))) => Check::new(
            ID,
            crate::model::report::CheckStatus::Pass,
            Code::NotRevoked,
            "The badge is still on the issuer's site and is not marked as revoked.",
        ),
        (Method::Hosted(_), _) => unknown(Code::HostedCopyUnavailable, "the badge on the issuer's site could not be fetched"),
        (Method::Nothing(_) | Method::Unsupported(_), _) => Check::not_applicable(ID, "Badges of this kind can't be revoked."),
        (Method::Signed(_), _) => signed(badge, verifier).await,
    }
}

async fn signed(badge: &Badge, verifier: &Verifier) -> Check {
    let Ok(issuer) = &badge.issuer else {
        return unknown(Code::IssuerUnavailable, "the issuer's profile could not be fetched");
    };
    let Some(address) = issuer.json["revocationList"].as_str() else {
        return Check::not_applicable(ID, "The issuer does not publish a revocation list.");
    };
    let list = match graph::fetch(address, "issuer's revocation list", &verifier.documents).await {
        Ok(list) => list.json,
        Err(error) => return unknown(Code::StatusListUnavailable, &error.to_string()),
    };
    let Some(entries) = list.get("revokedAssertions").filter(|entries| !entries.is_null()) else {
        return unknown(Code::StatusListInvalid, "the document at the list's address is not a revocation list");
    };
    let assertion = &badge.claimed.json;
    let ids: Vec<&str> = [&assertion["id"], &assertion["uid"]].into_iter().filter_map(Value::as_str).collect();
    let names =
        |entry: &Value| [entry, &entry["id"], &entry["uid"]].into_iter().filter_map(Value::as_str).any(|id| ids.contains(&id));
    // All entries are read, since the badge's entry could be the last.
    let found = entries
        .as_array()
        .map_or_else(|| each(entries).find(|entry| names(entry)), |items| items.iter().find(|entry| names(entry)));
    match found {
        Some(entry) => revoked(&entry["revocationReason"]),
        None => Check::new(
            ID,
            crate::model::report::CheckStatus::Pass,
            Code::NotRevoked,
            "The badge is not on the issuer's revocation list.",
        ),
    }
}

fn revoked(reason: &Value) -> Check {
    let check = Check::fail(ID, Code::Revoked, "The issuer has revoked this badge.");
    match each(reason).find_map(Value::as_str) {
        Some(reason) => check
            .finding(Finding::new(Code::Revoked, format!("Revoked by the issuer: {}", shorten(reason))).at("/revocationReason")),
        None => check,
    }
}

fn unknown(code: Code, detail: &str) -> Check {
    Check::could_not_check(ID, code, format!("It could not be checked whether the badge was revoked: {detail}.")).next(LATER)
}
