//! The verifier: every check on one credential, step by step as [`STEPS`] lists them.
//! Comes in: a received credential and what is asked. Goes out: a [`Verification`].
//! Must not know: where credentials come from, how they are stored.

use super::checks::issuer_trust::TrustPolicy;
use super::checks::status::{self, StatusRequest};
use super::checks::{credential_schema, issuer_trust, nested, recipient, refresh, related, schema};
use super::documents::Documents;
use super::formats::{elm, ler_rs, open_badges_2};
use super::keys::KeyResolver;
use super::keys::did::registries::Registries;
use super::securing::opening;
use super::securing::opening::Opening;
use super::{BoxFuture, SecuredDocument, Verification, VerificationRequest, outcome};
use crate::document::classify;
use crate::document::members::entries;
use crate::jsonld::Contexts;
use crate::model::credential::{Document, Format, ReceivedCredential, VerifiedDocument};
use crate::model::report::{Check, CheckId, CheckStatus, IssuerName, NestedReport, Outcome, VerificationReport};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;

/// What is looked at together, because it needs the same facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// What the file and its signature prove by themselves.
    Securing,
    /// Whether the document has the structure that its format prescribes.
    Structure,
    /// What the credential says, and what others say of it. Only for a credential that is genuine: nothing that another file says is
    /// followed up.
    Content,
}

/// The steps in the order in which they are made, each with the checks that it decides, in the order in which it decides them.
/// A report shows the checks in the order of [`CheckId::ALL`]. A check may be made again, and the worst answer counts: for a genuine
/// credential `schema` (the schemas that it names), `integrity` (documents that it pins) and `status` (a newer edition of it).
pub const STEPS: [(Step, &[CheckId]); 3] = [
    (
        Step::Securing,
        &[CheckId::Format, CheckId::Context, CheckId::Proof, CheckId::Controller, CheckId::Integrity, CheckId::Validity],
    ),
    (Step::Structure, &[CheckId::Schema]),
    (Step::Content, &[CheckId::Status, CheckId::IssuerTrust, CheckId::Recipient, CheckId::Nested]),
];

/// Cheap to clone; shared by all requests.
#[derive(Clone)]
pub struct Verifier {
    pub documents: Documents,
    pub contexts: Contexts,
    pub policy: Arc<TrustPolicy>,
    /// Services that may be asked for DID documents.
    pub registries: Registries,
}

impl Verifier {
    pub fn new(documents: Documents, contexts: Contexts) -> Self {
        Self { documents, contexts, policy: Arc::new(TrustPolicy::built_in()), registries: Registries::default() }
    }

    pub fn with_policy(mut self, policy: TrustPolicy) -> Self {
        self.policy = Arc::new(policy);
        self
    }

    pub fn with_registries(self, registries: Registries) -> Self {
        Self { registries, ..self }
    }

    /// Where keys come from, and who may say whose they are.
    pub(super) fn keys(&self, at: DateTime<Utc>) -> KeyResolver {
        KeyResolver::new(self.documents.clone(), at)
            .with_authorities(self.policy.authorities().clone())
            .with_registries(self.registries.clone())
    }

    /// The checks on how a document is secured, alone (status lists, schema credentials).
    pub async fn verify_secured(&self, document: &Document, at: DateTime<Utc>) -> SecuredDocument {
        Opening::new(self, at, false).open(document).await
    }

    /// [`Verifier::verify`] for a credential `depth` levels inside another one; at `nested::MAX_DEPTH` nothing further inside is verified.
    pub fn verify_within<'a>(
        &'a self,
        received: &'a ReceivedCredential,
        request: &'a VerificationRequest,
        depth: usize,
    ) -> BoxFuture<'a, Verification> {
        Box::pin(self.verify_at_depth(received, request, depth))
    }

    pub async fn verify(&self, received: &ReceivedCredential, request: &VerificationRequest) -> Verification {
        self.verify_within(received, request, 0).await
    }

    async fn verify_at_depth(&self, received: &ReceivedCredential, request: &VerificationRequest, depth: usize) -> Verification {
        if is_open_badges_2(&received.document) {
            return open_badges_2::verify(received, request, self).await;
        }
        let sealed = elm::open(received, &self.keys(request.at), request.at).await;
        let secured = match sealed.or_else(|| ler_rs::open(received)) {
            Some(secured) => secured,
            None => Opening::new(self, request.at, request.explain).open(&received.document).await,
        };
        let SecuredDocument { format, secured_with, json, issuer_id, mut checks } = secured;
        let proof = checks.iter().find(|check| check.id == CheckId::Proof);
        let is_genuine = outcome::of(&authenticity(&checks)) != Outcome::Rejected && proof.is_some_and(opening::is_proven);
        let mut found = Found { issuer_id, ..Found::default() };
        if let Some(json) = &json {
            let own = schema::check(json, format);
            if is_genuine {
                checks.push(credential_schema::check(json, own, self, request.at).await);
                self.check_content(json, format, received, request, depth, &mut found).await;
            } else {
                checks.push(own);
            }
        }
        if !is_genuine {
            found.checks.extend(unreached());
        }
        checks.extend(found.checks);
        let shown = |check: Check| if request.explain { check } else { Check { explain: None, ..check } };
        let checks: Vec<Check> = checks.into_iter().map(|check| shown(self.policy.adjust(check))).collect();
        let checks = outcome::complete(checks);
        let outcome = outcome::of(&checks);
        // Anybody can sign in somebody else's name: content whose issuer is not proven is not read further. A sealed European
        // credential is, because its seal names a person or body that no key document lists.
        let is_issuers = format == Format::Elm3 || checks.iter().all(|check| !is_unproven_controller(check));
        let document = json.filter(|_| is_genuine && is_issuers && outcome != Outcome::Rejected);
        let report = VerificationReport {
            format,
            secured_with,
            outcome,
            checks,
            verified_at: request.at,
            issuer_id: found.issuer_id,
            issuer_name: found.issuer_name.filter(|_| document.is_some()),
            policy: Some(self.policy.reference()),
            nested: found.nested,
        };
        let document = document.map(|json| VerifiedDocument { format, json, nested: found.documents });
        Verification { report, document }
    }

    /// The checks that read what a genuine credential says.
    async fn check_content(
        &self,
        json: &Value,
        format: Format,
        received: &ReceivedCredential,
        request: &VerificationRequest,
        depth: usize,
        found: &mut Found,
    ) {
        let issuer = found.issuer_id.clone();
        let status_request = StatusRequest { verifier: self, issuer: issuer.as_deref(), at: request.at };
        let status = status::check(json, &status_request).await;
        found.checks.extend(refresh::check(json, &status_request).await);
        found.checks.extend(related::check(json, &self.documents).await);
        let name = json.get("issuer").and_then(|issuer| issuer.get("name")).and_then(Value::as_str);
        let types = achievement_types(json);
        let (trust, issuer_name) =
            issuer_trust::check(issuer.as_deref(), name, &self.policy, &self.documents, request.at, &types).await;
        let recipient = recipient::check(json, format, &request.candidate, received.presentation.as_ref());
        let nested = nested::check(json, self, request, depth).await;
        found.issuer_name = issuer_name;
        found.nested = nested.reports;
        found.documents = nested.documents;
        found.checks.extend([status, trust, recipient, nested.check]);
    }
}

/// What the content of a genuine credential led to.
#[derive(Default)]
struct Found {
    checks: Vec<Check>,
    issuer_id: Option<String>,
    issuer_name: Option<IssuerName>,
    nested: Vec<NestedReport>,
    documents: Vec<(String, VerifiedDocument)>,
}

fn is_unproven_controller(check: &Check) -> bool {
    check.id == CheckId::Controller && check.status == CheckStatus::CouldNotCheck
}

/// The checks that say whether a document is what its issuer made.
fn authenticity(checks: &[Check]) -> Vec<Check> {
    // An expired credential is genuine all the same.
    let counts = |id: CheckId| decided_by(Step::Securing).any(|decided| decided == id) && id != CheckId::Validity;
    checks.iter().filter(|check| counts(check.id)).cloned().collect()
}

fn decided_by(step: Step) -> impl Iterator<Item = CheckId> {
    STEPS.into_iter().filter(move |(listed, _)| *listed == step).flat_map(|(_, ids)| ids.iter().copied())
}

/// Nothing that a credential says is followed up before it is known to be genuine.
fn unreached() -> impl Iterator<Item = Check> {
    decided_by(Step::Content)
        .map(|id| Check::not_applicable(id, "Not checked, because the credential was not found to be genuine."))
}

fn achievement_types(json: &Value) -> Vec<String> {
    let subjects = entries(json.get("credentialSubject"));
    let achievements = subjects.flat_map(|subject| entries(subject.get("achievement")));
    let types = achievements.flat_map(|achievement| entries(achievement.get("achievementType")));
    types.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Badges of the second generation and older have a graph instead of a credential.
fn is_open_badges_2(document: &Document) -> bool {
    let is_badge = |json: &Value| matches!(classify::format_of(json), Format::OpenBadges1 | Format::OpenBadges2);
    match document {
        Document::Json(json) => is_badge(json),
        // Whatever its signature: an unsigned token may still name the address of a hosted badge.
        Document::CompactJws(token) => token.claims.as_deref().is_some_and(is_badge),
        Document::HostedUrl(_) => true,
        Document::SdJwt(_) | Document::CoseSign1(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_decided_by_exactly_one_step() {
        let mut decided: Vec<CheckId> = STEPS.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
        decided.sort();
        assert_eq!(decided, CheckId::ALL);
    }
}
