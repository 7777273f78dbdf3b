//! `refreshService` of the kind 1EdTechCredentialRefresh: the issuer may have a newer edition of the credential.
//! Comes in: the covered document. Goes out: a `status` check for a newer, genuine edition; else nothing.
//! Must not know: how the newer edition differs. A failed refresh leaves the verdict alone (Open Badges 3.0, Verification).

use super::status::{StatusRequest, document_of};
use super::validity;
use crate::document::members::each;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use chrono::{DateTime, Utc};
use serde_json::Value;

const ACCEPT: &str = "application/vc, application/ld+json, application/json, application/vc+jwt";

pub(crate) async fn check(document: &Value, request: &StatusRequest<'_>) -> Option<Check> {
    let service = each(&document["refreshService"])
        .find(|service| each(&service["type"]).any(|kind| kind.as_str() == Some("1EdTechCredentialRefresh")))?;
    let fetched = request.verifier.documents.get(service["id"].as_str()?, ACCEPT).await.ok()?;
    let newer = document_of(&fetched)?;
    let secured = request.verifier.verify_secured(&newer, request.at).await;
    let json = secured.json.as_ref()?;
    let is_genuine =
        !secured.checks.iter().any(|check| check.status == CheckStatus::Fail) && secured.issuer_id.as_deref() == request.issuer;
    let is_same = json["id"].is_string() && json["id"] == document["id"];
    let is_newer = issued(json)? > issued(document)?;
    (is_genuine && request.issuer.is_some() && is_same && is_newer)
        .then(|| Check::warning(CheckId::Status, Code::RefreshAvailable, "The issuer has a newer edition of this credential."))
}

fn issued(document: &Value) -> Option<DateTime<Utc>> {
    let text = document["validFrom"].as_str().or_else(|| document["issuanceDate"].as_str())?;
    validity::parse_moment(text).map(|moment| moment.earliest)
}
