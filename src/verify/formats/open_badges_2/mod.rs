//! Open Badges 2.0 and older: the graph of assertion, badge class and issuer, hosted or signed.
//! Comes in: a received assertion (JSON, compact JWS or the URL of a hosted one). Goes out: a complete verification.
//! Must not know: JSON-LD proofs, how the badge was baked.

mod assertion;
mod endorsement;
mod graph;
mod revocation;
mod rules;
mod scope;
mod signed;

use crate::model::code::Code;
use crate::model::credential::{Format, ReceivedCredential, Securing, VerifiedDocument};
use crate::model::report::{Check, CheckId, CheckStatus, Finding, Outcome, VerificationReport};
use crate::verify::addresses;
use crate::verify::checks::recipient;
use crate::verify::checks::schema::{self, Severity};
use crate::verify::{Verification, VerificationRequest, Verifier, checks::issuer_trust, outcome};
use assertion::{Claimed, Method};
use graph::{GraphError, Node};
use scope::ScopeError;
use serde_json::Value;
use std::sync::Arc;

const ASK: &str = "Ask the candidate for the original badge, as the issuer made it.";
const LATER: &str = "Check again later, or ask the candidate for a link to the badge on the issuer's site.";

/// Every check of the report, for documents of the formats `ob1` and `ob2` and for hosted URLs.
pub async fn verify(received: &ReceivedCredential, request: &VerificationRequest, verifier: &Verifier) -> Verification {
    let claimed = match assertion::read(&received.document) {
        Ok(claimed) => claimed,
        Err(sentence) => return unreadable(sentence, request),
    };
    let badge = gather(claimed, verifier).await;
    let (proof, controller) = badge.proof_and_controller(verifier).await;
    let issuer_id = badge.issuer_id().filter(|_| controller.status == CheckStatus::Pass).map(str::to_owned);
    let said_name = badge.issuer.as_ref().ok().and_then(|issuer| issuer.json["name"].as_str());
    let (trust, issuer_name) = issuer_trust::check(
        issuer_id.as_deref(),
        said_name,
        &verifier.policy,
        &verifier.documents,
        request.at,
        &["Badge".to_owned()],
    )
    .await;
    let presentation = received.presentation.as_ref();
    let (nested, nested_reports) = endorsement::check(&badge, verifier, request).await;
    let integrity = rules::unless_unproven(badge.integrity(), &proof);
    let status = rules::unless_unproven(badge.status(verifier).await, &proof);
    let checks = vec![
        badge.format(),
        rules::context(badge.assertion(), badge.claimed.format),
        badge.schema(),
        proof,
        controller,
        integrity,
        rules::validity(badge.assertion(), request.at),
        status,
        trust,
        recipient::check(badge.assertion(), badge.claimed.format, &request.candidate, presentation),
        nested,
    ];
    let checks = outcome::complete(checks.into_iter().map(|check| verifier.policy.adjust(check)).collect());
    let outcome = outcome::of(&checks);
    let rejected = outcome == Outcome::Rejected;
    let report = VerificationReport {
        format: badge.claimed.format,
        secured_with: badge.claimed.secured_with(),
        outcome,
        checks,
        verified_at: request.at,
        issuer_id,
        issuer_name: issuer_name.filter(|_| !rejected),
        policy: Some(verifier.policy.reference()),
        nested: nested_reports,
    };
    // Content that is unproven, not tied to its issuer, or written in unknown words is reported and never passed on.
    let has_known_words = report.check(CheckId::Context).is_some_and(|check| check.status != CheckStatus::CouldNotCheck);
    let is_proven = badge.assertion().is_object()
        && has_known_words
        && [CheckId::Proof, CheckId::Controller].iter().all(|id| report_passes(&report, *id));
    let document = (!rejected && is_proven).then(|| VerifiedDocument {
        format: badge.claimed.format,
        json: Arc::new(badge.whole()),
        nested: Vec::new(),
        type_metadata: None,
    });
    Verification { report, document }
}

fn report_passes(report: &VerificationReport, id: CheckId) -> bool {
    report.check(id).is_some_and(|check| check.status == CheckStatus::Pass)
}

fn unreadable(sentence: &str, request: &VerificationRequest) -> Verification {
    let mut checks = vec![Check::fail(CheckId::Format, Code::FormatInvalid, sentence)];
    let others = CheckId::ALL.into_iter().skip(1);
    checks.extend(others.map(|id| Check::not_applicable(id, "Not checked, because the file can't be read.")));
    let report = VerificationReport {
        format: Format::OpenBadges2,
        secured_with: Securing::None,
        outcome: Outcome::Rejected,
        checks,
        verified_at: request.at,
        issuer_id: None,
        issuer_name: None,
        policy: None,
        nested: Vec::new(),
    };
    Verification { report, document: None }
}

/// The objects of one badge that could be fetched.
struct Badge {
    claimed: Claimed,
    /// The assertion at its own address; `None` when the badge is not hosted.
    hosted: Option<Result<Node, GraphError>>,
    class: Result<Node, GraphError>,
    issuer: Result<Node, GraphError>,
}

async fn gather(claimed: Claimed, verifier: &Verifier) -> Badge {
    let documents = &verifier.documents;
    let hosted = match &claimed.method {
        Method::Hosted(address) => Some(graph::fetch(address, "badge", documents).await),
        Method::Signed(_) | Method::Nothing(_) | Method::Unsupported(_) => None,
    };
    let site = match (&claimed.method, &hosted) {
        (Method::Hosted(address), Some(Ok(_))) => addresses::plain(address),
        _ => None,
    };
    let assertion = match &hosted {
        Some(Ok(node)) => &node.json,
        _ => &claimed.json,
    };
    let class = match (&assertion["badge"], &claimed.method) {
        // Signed: the signature covers the inner objects. 0.5: the inner objects are the only ones.
        (inline @ Value::Object(_), Method::Signed(_) | Method::Nothing(_) | Method::Unsupported(_)) => {
            Ok(Node { json: inline.clone(), fetched_from: None })
        }
        (reference, _) => graph::follow(reference, "badge description", site.as_ref(), documents).await,
    };
    let class = class.or_else(|error| match &assertion["badge"] {
        inline @ Value::Object(_) => Ok(Node { json: inline.clone(), fetched_from: None }),
        _ => Err(error),
    });
    let issuer = match &class {
        Ok(node) => {
            let site = node.fetched_from.as_deref().and_then(addresses::plain).or(site);
            match graph::origin_as_profile(&node.json["issuer"], claimed.format) {
                Some(profile) => Ok(profile),
                None => graph::follow(&node.json["issuer"], "issuer's profile", site.as_ref(), documents).await,
            }
        }
        Err(error) => Err(GraphError::Unavailable(error.to_string())),
    };
    Badge { claimed, hosted, class, issuer }
}

impl Badge {
    /// The hosted copy, if the badge is hosted: the hosted copy counts.
    fn assertion(&self) -> &Value {
        match &self.hosted {
            Some(Ok(node)) => &node.json,
            _ => &self.claimed.json,
        }
    }

    fn issuer_id(&self) -> Option<&str> {
        self.issuer.as_ref().ok().and_then(|issuer| issuer.json["id"].as_str())
    }

    /// Assertion with `badge` and its `issuer` inlined.
    fn whole(&self) -> Value {
        let mut whole = self.assertion().clone();
        if let Ok(class) = &self.class {
            whole["badge"] = class.json.clone();
            if let Ok(issuer) = &self.issuer {
                whole["badge"]["issuer"] = issuer.json.clone();
            }
        }
        whole
    }

    fn format(&self) -> Check {
        match self.claimed.format {
            Format::OpenBadges1 => Check::warning(
                CheckId::Format,
                Code::LegacyFormat,
                "This badge follows the first edition of Open Badges (2011 to 2017).",
            ),
            _ => Check::pass(CheckId::Format, "This is an Open Badges 2.0 badge."),
        }
    }

    fn schema(&self) -> Check {
        let assertion = self.assertion();
        if assertion.is_null() {
            return Check::could_not_check(
                CheckId::Schema,
                Code::HostedCopyUnavailable,
                "The badge itself could not be fetched.",
            );
        }
        let mut violations = match self.claimed.format {
            Format::OpenBadges1 => rules::legacy_violations(assertion),
            _ => schema::OB2_ASSERTION.violations(assertion),
        };
        violations.extend(rules::picture(assertion));
        violations.extend(rules::recipient(assertion));
        violations.extend(rules::extensions(assertion, ""));
        for (node, own, path) in
            [(&self.class, &schema::OB2_BADGE, "/badge"), (&self.issuer, &schema::OB2_ISSUER, "/badge/issuer")]
        {
            let Ok(node) = node else { continue };
            let is_legacy = node.json.get("type").is_none() && self.claimed.format == Format::OpenBadges1;
            if !is_legacy {
                violations.extend(own.violations(&node.json).into_iter().map(|(severity, mut found)| {
                    found.pointer = Some(format!("{path}{}", found.pointer.unwrap_or_default()));
                    (severity, found)
                }));
            }
            violations.extend(rules::extensions(&node.json, path));
        }
        violations.sort_by_key(|(severity, _)| *severity == Severity::Deviation);
        schema::judge(self.claimed.format.title(), violations)
    }

    async fn proof_and_controller(&self, verifier: &Verifier) -> (Check, Check) {
        match (&self.claimed.method, &self.claimed.token) {
            (Method::Signed(creator), Some(token)) => {
                let issuer = self.issuer.as_ref().ok().map(|node| &node.json);
                let is_legacy = self.claimed.format == Format::OpenBadges1;
                signed::check(token, creator.as_deref(), issuer, is_legacy, &verifier.documents).await
            }
            (Method::Hosted(address), _) => (self.hosted_proof(address), self.hosted_controller(address)),
            (Method::Unsupported(kind), _) => {
                let message = format!("The badge uses a kind of verification that the gateway does not support ({kind}).");
                let proof = Check::could_not_check(CheckId::Proof, Code::NotVerifiable, message);
                (
                    proof,
                    Check::could_not_check(CheckId::Controller, Code::IssuerUnproven, "Nothing ties the badge to its issuer."),
                )
            }
            (Method::Nothing(sentence), _) if self.claimed.format == Format::OpenBadges1 && self.claimed.token.is_none() => {
                let proof = Check::could_not_check(CheckId::Proof, Code::NotVerifiable, *sentence);
                (
                    proof,
                    Check::could_not_check(
                        CheckId::Controller,
                        Code::IssuerUnproven,
                        "Nothing connects the badge with its issuer.",
                    ),
                )
            }
            (Method::Nothing(sentence), _) => {
                (Check::fail(CheckId::Proof, Code::Unsigned, *sentence).next(ASK), nothing_proven())
            }
            (Method::Signed(_), None) => {
                (Check::fail(CheckId::Proof, Code::Unsigned, "The badge carries no signature.").next(ASK), nothing_proven())
            }
        }
    }

    fn hosted_proof(&self, address: &str) -> Check {
        let node = match &self.hosted {
            Some(Ok(node)) => node,
            Some(Err(GraphError::Broken(_))) => {
                return Check::fail(
                    CheckId::Proof,
                    Code::HostedAddressInvalid,
                    "The badge should be hosted, but it names no valid web address.",
                );
            }
            Some(Err(GraphError::Gone(_))) => {
                return Check::not_applicable(CheckId::Proof, "The issuer has removed the badge from its web address.");
            }
            Some(Err(error)) => {
                let message = format!("It could not be checked whether the badge is genuine: {error}.");
                return Check::could_not_check(CheckId::Proof, Code::HostedCopyUnavailable, message);
            }
            None => return Check::fail(CheckId::Proof, Code::Unsigned, "The badge carries no signature.").next(ASK),
        };
        let id = node.json["id"].as_str().or_else(|| node.json["verify"]["url"].as_str());
        match id {
            Some(id) if graph::same_address(id, address) => {
                Check::pass(CheckId::Proof, "The badge was found on its issuer's site, as it should be.")
            }
            Some(_) => Check::fail(CheckId::Proof, Code::HostedIdMismatch, "The badge's web address leads to another badge."),
            None => Check::could_not_check(
                CheckId::Proof,
                Code::HostedCopyUnavailable,
                "The badge's web address leads to something other than a badge.",
            ),
        }
    }

    fn hosted_controller(&self, address: &str) -> Check {
        let issuer = match &self.issuer {
            Ok(issuer) => &issuer.json,
            Err(GraphError::Broken(detail)) => {
                return Check::fail(
                    CheckId::Controller,
                    Code::IssuerUnproven,
                    format!("Nothing connects the badge with its issuer: {detail}."),
                )
                .next(ASK);
            }
            Err(error) => {
                let message = format!("It could not be checked whether the badge belongs to its issuer: {error}.");
                return Check::could_not_check(CheckId::Controller, Code::IssuerUnavailable, message);
            }
        };
        match scope::check(issuer, address) {
            Ok(()) => Check::pass(CheckId::Controller, "The badge is hosted where its issuer says that it hosts its badges."),
            Err(error @ ScopeError::IssuerHasNoAddress) => {
                let message = format!("It could not be checked whether the badge belongs to its issuer: {error}.");
                Check::could_not_check(CheckId::Controller, Code::IssuerUnproven, message)
                    .next("Ask the issuer whether the badge is genuine.")
            }
            Err(error) => {
                let message = format!("The badge can't be from the issuer that it names: {error}.");
                Check::fail(CheckId::Controller, Code::HostedOutOfScope, message)
            }
        }
    }

    fn integrity(&self) -> Check {
        let mut check = match (&self.claimed.method, &self.hosted) {
            (Method::Signed(_), _) => Check::pass(CheckId::Integrity, "The signature covers everything in the badge."),
            (_, Some(Ok(node))) => {
                let differing: Vec<&str> =
                    COMPARED.into_iter().filter(|name| differs(&self.claimed.json, &node.json, name)).collect();
                match differing.is_empty() {
                    true => Check::pass(CheckId::Integrity, "The file says the same as the badge on the issuer's site."),
                    false => {
                        let check = Check::warning(
                            CheckId::Integrity,
                            Code::HostedCopyDiffers,
                            "The file differs from the badge on the issuer's site; only the badge on the site was used.",
                        );
                        differing.iter().fold(check, |check, name| {
                            check.finding(
                                Finding::new(Code::HostedCopyDiffers, format!("\"{name}\" differs.")).at(format!("/{name}")),
                            )
                        })
                    }
                }
            }
            _ => Check::could_not_check(
                CheckId::Integrity,
                Code::HostedCopyUnavailable,
                "There is no hosted badge to compare the file with.",
            ),
        };
        for (node, path) in [(&self.class, "/badge"), (&self.issuer, "/badge/issuer")] {
            check = with_address_finding(check, node, path);
        }
        check
    }

    async fn status(&self, verifier: &Verifier) -> Check {
        revocation::check(self, verifier).await
    }
}

/// Members whose change would mislead a reader.
const COMPARED: [&str; 7] = ["recipient", "issuedOn", "expires", "evidence", "narrative", "image", "revoked"];

fn differs(received: &Value, hosted: &Value, name: &str) -> bool {
    let text = |value: &Value| serde_json_canonicalizer::to_vec(value).unwrap_or_default();
    received.get(name).is_some_and(|value| text(value) != text(&hosted[name]))
}

fn with_address_finding(mut check: Check, node: &Result<Node, GraphError>, path: &str) -> Check {
    let Ok(Node { json, fetched_from: Some(address) }) = node else { return check };
    let id = json["id"].as_str();
    if id.is_some_and(|id| !graph::same_address(id, address)) {
        if check.status == CheckStatus::Pass {
            check.status = CheckStatus::Warning;
            check.code = Code::FetchedFromOtherAddress;
            check.message = "A part of the badge came from a different address than its own.".to_owned();
        }
        let detail = "The object was found at a different address than the one in its identifier.".to_owned();
        check = check.finding(Finding {
            problem_type: None,
            code: Code::FetchedFromOtherAddress,
            detail,
            pointer: Some(path.into()),
        });
    }
    check
}

fn nothing_proven() -> Check {
    Check::not_applicable(CheckId::Controller, "Not checked, because nothing proves who made the badge.")
}
