//! Whether the employer has a reason to trust the issuer: a policy in a file, and registries that it names.
//! Comes in: the issuer that the proof binds. Goes out: the `issuer_trust` check and the name to show.
//! Must not know: how the credential is secured.

mod federation;
mod policy;
mod registry;
mod strictness;
mod written;

use super::status::shorten;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus, Finding, IssuerName};
use crate::verify::documents::Documents;
use chrono::{DateTime, Utc};
pub use policy::{Decision, Listing, PolicyError, TrustPolicy, UnboundAnswers, Verdict};
use serde_json::json;
pub use written::with_rule;

const ID: CheckId = CheckId::IssuerTrust;

/// `issuer_id`: the issuer that the proof binds; `None` without such a proof. `self_declared`: the name that the credential gives.
///
/// Codes: `issuer_allowed`, `issuer_registered` (pass); `issuer_denied` (fail); `issuer_unknown`, `achievement_type_not_covered`
/// (warning); `issuer_unproven`, `registry_unavailable` (could not check).
pub async fn check(
    issuer_id: Option<&str>,
    self_declared: Option<&str>,
    policy: &TrustPolicy,
    documents: &Documents,
    at: DateTime<Utc>,
    achievement_types: &[String],
) -> (Check, Option<IssuerName>) {
    let own_name = self_declared.map(|name| IssuerName { name: shorten(name), registry: None });
    let Some(issuer) = issuer_id else {
        let check = Check::could_not_check(
            ID,
            Code::IssuerUnproven,
            "Nothing proves who issued the credential, so the trust policy can't be applied.",
        )
        .next("Check by other means who issued the credential.");
        return (check, own_name);
    };
    let (listings, unavailable) = look_up(issuer, policy, documents, at).await;
    let decision = policy.decide(issuer, achievement_types, &listings);
    let name = decision.name.clone().map(|(name, registry)| IssuerName { name: shorten(&name), registry: Some(registry) });
    let mut check = judge(&decision, &listings, !unavailable.is_empty());
    for registry in &unavailable {
        let detail = format!("The registry \"{registry}\" did not answer.");
        check.findings.push(Finding::new(Code::RegistryUnavailable, detail));
    }
    check.explain = Some(json!({ "issuer": issuer, "rule": decision.rule, "policy": policy.reference() }));
    (check, name.or(own_name))
}

/// What the check would be under a policy, when the registries' answers are known. `issuer`: the issuer that the proof binds.
pub fn judged(issuer: &str, policy: &TrustPolicy, achievement_types: &[String], listings: &[Listing]) -> Check {
    policy.adjust(judge(&policy.decide(issuer, achievement_types, listings), listings, false))
}

/// The answers of the policy's registries, and the names of the registries that did not answer.
pub async fn look_up(
    issuer: &str,
    policy: &TrustPolicy,
    documents: &Documents,
    at: DateTime<Utc>,
) -> (Vec<Listing>, Vec<String>) {
    let mut listings = Vec::new();
    let mut unavailable = Vec::new();
    for entry in policy.registries() {
        match registry::look_up(entry, issuer, documents, at).await {
            Ok(Some(listing)) => listings.push(listing),
            Ok(None) => {}
            Err(_) => unavailable.push(entry.name.clone()),
        }
    }
    (listings, unavailable)
}

fn judge(decision: &Decision, listings: &[Listing], some_unavailable: bool) -> Check {
    let rule = decision.rule.as_deref();
    match decision.verdict {
        Verdict::Deny => Check::fail(ID, Code::IssuerDenied, "Your trust policy does not accept credentials from this issuer."),
        Verdict::Allow if listings.iter().any(|listing| Some(listing.registry_id.as_str()) == rule) => {
            let registry = listings
                .iter()
                .find(|listing| Some(listing.registry_id.as_str()) == rule)
                .map_or("", |listing| &listing.registry);
            Check::new(ID, CheckStatus::Pass, Code::IssuerRegistered, format!("The issuer is listed in \"{registry}\"."))
        }
        Verdict::Allow if rule.is_some() => {
            Check::new(ID, CheckStatus::Pass, Code::IssuerAllowed, "Your trust policy accepts this issuer.")
        }
        Verdict::Allow => Check::new(
            ID,
            CheckStatus::Pass,
            Code::IssuerUnknownAllowed,
            "The issuer is not known; your trust policy accepts any issuer.",
        ),
        Verdict::Attention if decision.wrong_type => Check::warning(
            ID,
            Code::AchievementTypeNotCovered,
            "Your trust policy accepts this issuer, but not for credentials of this kind.",
        ),
        Verdict::Attention if some_unavailable => Check::could_not_check(
            ID,
            Code::RegistryUnavailable,
            "A registry did not answer, so it could not be checked whether the issuer is known.",
        ),
        Verdict::Attention => Check::warning(ID, Code::IssuerUnknown, "No one you trust has vouched for this issuer yet."),
    }
}

#[cfg(test)]
mod tests;
