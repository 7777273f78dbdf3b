//! Whether a badge was revoked: gone from its address, marked there, or on the issuer's revocation list.
//! Comes in: the gathered badge. Goes out: the `status` check.
//! Must not know: keys, dates.

use super::assertion::Method;
use super::graph::{self, GraphError};
use super::{Badge, LATER};
use crate::document::members::each;
use crate::model::report::{Check, CheckId};
use crate::verify::Verifier;
use crate::verify::checks::schema::finding;
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
            "not_revoked",
            "The badge stands at its address and is not marked as revoked.",
        ),
        (Method::Hosted(_), _) => unknown("hosted_copy_unavailable", "the badge on the issuer's site was not to be had"),
        (Method::Nothing(_), _) => Check::not_applicable(ID, "Badges of this kind have no revocation."),
        (Method::Signed(_), _) => signed(badge, verifier).await,
    }
}

async fn signed(badge: &Badge, verifier: &Verifier) -> Check {
    let Ok(issuer) = &badge.issuer else {
        return unknown("issuer_unavailable", "the issuer's profile was not to be had");
    };
    let Some(address) = issuer.json["revocationList"].as_str() else {
        return Check::not_applicable(ID, "The issuer does not publish a revocation list.");
    };
    let list = match graph::fetch(address, "issuer's revocation list", &verifier.documents).await {
        Ok(list) => list.json,
        Err(error) => return unknown("status_list_unavailable", &error.to_string()),
    };
    let Some(entries) = list.get("revokedAssertions").filter(|entries| !entries.is_null()) else {
        return unknown("status_list_invalid", "what the issuer serves is not a revocation list");
    };
    let assertion = &badge.claimed.json;
    let ids: Vec<&str> = [&assertion["id"], &assertion["uid"]].into_iter().filter_map(Value::as_str).collect();
    let names =
        |entry: &Value| [entry, &entry["id"], &entry["uid"]].into_iter().filter_map(Value::as_str).any(|id| ids.contains(&id));
    // Not bounded by the usual number of values: the entry could be the last one.
    let found = entries
        .as_array()
        .map_or_else(|| each(entries).find(|entry| names(entry)), |items| items.iter().find(|entry| names(entry)));
    match found {
        Some(entry) => revoked(&entry["revocationReason"]),
        None => Check::new(
            ID,
            crate::model::report::CheckStatus::Pass,
            "not_revoked",
            "The badge is not on the issuer's revocation list.",
        ),
    }
}

fn revoked(reason: &Value) -> Check {
    let check = Check::fail(ID, "revoked", "The issuer has revoked this badge.")
        .next("Don't rely on it. Ask the candidate or the issuer why it was withdrawn.");
    match each(reason).find_map(Value::as_str) {
        Some(reason) => {
            check.finding(finding("revoked", format!("Revoked by the issuer: {}", shorten(reason)), "/revocationReason"))
        }
        None => check,
    }
}

fn unknown(code: &str, detail: &str) -> Check {
    Check::could_not_check(ID, code, format!("Whether the badge was revoked could not be checked: {detail}.")).next(LATER)
}
