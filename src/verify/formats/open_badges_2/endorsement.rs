//! Endorsements of a badge, its class and its issuer: hosted objects, each checked alone.
//! Comes in: the gathered badge. Goes out: the `nested` check and a report per endorsement.
//! Must not know: whether the badge itself is good.

use super::graph::{self, GraphError};
use super::{Badge, scope};
use crate::document::members::each;
use crate::model::code::Code;
use crate::model::credential::{Format, Securing};
use crate::model::report::{Check, CheckId, CheckStatus, NestedReport, NestedRole, Outcome, VerificationReport};
use crate::verify::addresses;
use crate::verify::{VerificationRequest, Verifier, outcome};
use serde_json::Value;

/// The most endorsements of one badge that are checked. Each endorsement costs one or two fetches.
const MAX_ENDORSEMENTS: usize = 12;

pub(super) async fn check(badge: &Badge, verifier: &Verifier, request: &VerificationRequest) -> (Check, Vec<NestedReport>) {
    let objects = [
        (Some(badge.assertion()), ""),
        (badge.class.as_ref().ok().map(|node| &node.json), "/badge"),
        (badge.issuer.as_ref().ok().map(|node| &node.json), "/badge/issuer"),
    ];
    let mut reports = Vec::new();
    let mut left_out = 0;
    for (object, path) in objects {
        let Some(object) = object else { continue };
        for (number, reference) in each(&object["endorsement"]).enumerate() {
            if reports.len() == MAX_ENDORSEMENTS {
                left_out += 1;
                continue;
            }
            let report = verify(reference, verifier, request).await;
            reports.push(NestedReport { pointer: format!("{path}/endorsement/{number}"), role: NestedRole::Endorsement, report });
        }
    }
    if reports.is_empty() {
        return (Check::not_applicable(CheckId::Nested, "The badge carries no endorsements."), reports);
    }
    let bad = reports.iter().filter(|nested| nested.report.outcome == Outcome::Rejected).count();
    let check = match (bad, left_out) {
        (0, 0) => Check::pass(CheckId::Nested, "No endorsement of the badge is invalid."),
        (0, _) => Check::could_not_check(CheckId::Nested, Code::NestedTooMany, "Not all endorsements of the badge were checked."),
        _ => Check::warning(
            CheckId::Nested,
            Code::EndorsementInvalid,
            "An endorsement of the badge is not valid; the badge itself is not affected.",
        ),
    };
    (check, reports)
}

/// Hosted endorsements only: the document at the endorsement's address, on its issuer's site, counts.
async fn verify(reference: &Value, verifier: &Verifier, request: &VerificationRequest) -> VerificationReport {
    let address = reference.as_str().or_else(|| reference["id"].as_str()).unwrap_or_default();
    let node = graph::fetch(address, "endorsement", &verifier.documents).await;
    let proof = match &node {
        Ok(node) => match node.json["id"].as_str().is_some_and(|id| graph::same_address(id, address)) {
            true => Check::pass(CheckId::Proof, "The endorsement was found at its own web address."),
            false => {
                Check::fail(CheckId::Proof, Code::HostedIdMismatch, "The endorsement's web address leads to something else.")
            }
        },
        Err(GraphError::Gone(_)) => Check::fail(CheckId::Status, Code::Revoked, "The endorsement was withdrawn."),
        Err(GraphError::Broken(_)) => {
            Check::fail(CheckId::Proof, Code::HostedAddressInvalid, "The endorsement has no web address, so it can't be checked.")
        }
        Err(GraphError::Unavailable(detail)) => Check::could_not_check(
            CheckId::Proof,
            Code::HostedCopyUnavailable,
            format!("The endorsement could not be checked: {detail}."),
        ),
    };
    let json = node.map(|node| node.json).unwrap_or_default();
    let controller =
        match graph::follow(&json["issuer"], "endorser's profile", addresses::plain(address).as_ref(), &verifier.documents).await
        {
            Ok(issuer) => match scope::check(&issuer.json, address) {
                Ok(()) => Check::pass(CheckId::Controller, "The endorsement is hosted on its issuer's site."),
                Err(_) => Check::fail(
                    CheckId::Controller,
                    Code::HostedOutOfScope,
                    "The endorsement is not hosted on its issuer's site.",
                ),
            },
            Err(_) => Check::could_not_check(
                CheckId::Controller,
                Code::IssuerUnavailable,
                "The endorser's profile could not be fetched.",
            ),
        };
    let schema = match each(&json["type"]).any(|name| name.as_str() == Some("Endorsement")) || !json.is_object() {
        true => Check::not_applicable(CheckId::Schema, "There is no schema for endorsements."),
        false => Check::fail(CheckId::Schema, Code::SchemaInvalid, "The badge lists an endorsement that is not an endorsement."),
    };
    let mut checks = vec![schema, proof, controller];
    if json.is_object() {
        checks.push(super::rules::validity(&json, request.at));
    }
    if json["revoked"].as_bool() == Some(true) {
        checks.push(Check::fail(CheckId::Status, Code::Revoked, "The endorsement was withdrawn."));
    }
    checks.sort_by_key(|check| check.id);
    let proven = checks.iter().any(|check| check.id == CheckId::Controller && check.status == CheckStatus::Pass);
    let issuer_id = json["issuer"].as_str().or_else(|| json["issuer"]["id"].as_str()).filter(|_| proven).map(str::to_owned);
    VerificationReport {
        format: Format::OpenBadges2,
        secured_with: Securing::Hosted,
        outcome: outcome::of(&checks),
        checks,
        verified_at: request.at,
        issuer_id,
        issuer_name: None,
        policy: None,
        nested: Vec::new(),
    }
}
