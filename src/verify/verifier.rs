//! The verifier: every check on one credential, in the order of [`STEPS`].
//! Comes in: a received credential and the caller's request. Goes out: a [`Verification`].
//! Must not know: the source or the storage of credentials.

use super::checks::issuer_trust::TrustPolicy;
use super::checks::status::{self, StatusRequest};
use super::checks::{credential_schema, issuer_trust, nested, recipient, refresh, related, schema, type_metadata};
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
use crate::model::submission::CandidateHint;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;

/// Checks that need the same facts and are made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The checks on the file and its signature.
    Securing,
    /// The check of the structure that the format prescribes.
    Structure,
    /// The checks on the credential's content and on other documents about it. They are made only for a genuine credential; addresses
    /// in another credential are not followed.
    Content,
}

/// The steps in order, each with its checks in order. A report shows the checks in the order of [`CheckId::ALL`]. For a genuine
/// credential, three checks are made again and the worst result counts: `schema` (the schemas that the credential names),
/// `integrity` (the documents that it pins) and `status` (a newer edition of it).
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
    /// Services for DID documents.
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

    /// The resolver of keys, with the policy's authorities.
    pub(super) fn keys(&self, at: DateTime<Utc>) -> KeyResolver {
        KeyResolver::new(self.documents.clone(), at)
            .with_authorities(self.policy.authorities().clone())
            .with_registries(self.registries.clone())
    }

    /// Only the checks on a document's securing (for status lists and schema credentials).
    pub async fn verify_secured(&self, document: &Document, at: DateTime<Utc>) -> SecuredDocument {
        Opening::new(self, at, false).open(document).await
    }

    /// [`Verifier::verify`] for a credential at level `depth` inside another credential; at `nested::MAX_DEPTH`, inner credentials are not
    /// verified.
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

    /// The same verdict, with the `recipient` check for this person: a credential's owner is read only from a genuine credential. Without
    /// readable content, the verdict stays the same.
    pub fn for_person(
        &self,
        verification: Verification,
        received: &ReceivedCredential,
        candidate: &CandidateHint,
    ) -> Verification {
        let Verification { mut report, document: Some(document) } = verification else { return verification };
        let check = recipient::check(&document.json, document.format, candidate, received.presentation.as_ref());
        let check = self.policy.adjust(check);
        report.checks.iter_mut().filter(|earlier| earlier.id == check.id).for_each(|earlier| *earlier = check.clone());
        report.outcome = outcome::of(&report.checks);
        let document = Some(document).filter(|_| report.outcome != Outcome::Rejected);
        Verification { report, document }
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
        // Anybody can sign in somebody else's name, so content without a proven issuer is not read further. A sealed European
        // credential is an exception: its seal names a person or body that no key document lists.
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
        let type_metadata = match document.as_ref().filter(|_| format == Format::SdJwtVc) {
            Some(json) => type_metadata::read(json, &self.documents).await,
            None => None,
        };
        let document = document.map(|json| VerifiedDocument { format, json, nested: found.documents, type_metadata });
        Verification { report, document }
    }

    /// The checks on the content of a genuine credential.
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

/// The results of these checks.
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

/// The checks that prove a document to be its issuer's.
fn authenticity(checks: &[Check]) -> Vec<Check> {
    // An expired credential is still genuine.
    let counts = |id: CheckId| decided_by(Step::Securing).any(|decided| decided == id) && id != CheckId::Validity;
    checks.iter().filter(|check| counts(check.id)).cloned().collect()
}

fn decided_by(step: Step) -> impl Iterator<Item = CheckId> {
    STEPS.into_iter().filter(move |(listed, _)| *listed == step).flat_map(|(_, ids)| ids.iter().copied())
}

/// The checks that are not made for a credential that is not genuine.
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

/// Open Badges 2.0 and older are a graph of objects instead of a single credential.
fn is_open_badges_2(document: &Document) -> bool {
    let is_badge = |json: &Value| matches!(classify::format_of(json), Format::OpenBadges1 | Format::OpenBadges2);
    match document {
        Document::Json(json) => is_badge(json),
        // An unsigned token counts too: it may name the address of a hosted badge.
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
