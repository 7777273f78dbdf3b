//! Verification results in the form of the VCALM OpenAPI document.
//! Comes in: our reports. Goes out: `{verified, problemDetails, results}`. `verified` follows the standard (cryptography, data model and
//! context only), so the gateway's own three-valued outcome stands beside it.

use super::problem::{Problem, decides_verified, problems_of};
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus, VerificationReport};
use serde_json::{Map, Value, json};

/// Which parts the caller wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub results: bool,
    pub problem_details: bool,
    /// `returnCredential` or `returnPresentation`.
    pub input: bool,
}

/// `verified` of the standard: no deciding check failed or stayed unchecked.
pub fn verified(report: &VerificationReport) -> bool {
    let bad =
        |check: &&Check| decides_verified(check.id) && matches!(check.status, CheckStatus::Fail | CheckStatus::CouldNotCheck);
    let proven = report.check(CheckId::Proof).is_some_and(|check| check.status == CheckStatus::Pass);
    proven && !report.checks.iter().any(|check| bad(&check))
}

/// The answer of `POST /credentials/verify`. `credential`: the input, echoed when wanted.
pub fn credential_answer(report: &VerificationReport, credential: &Value, wanted: Wanted) -> Value {
    let mut answer = Map::new();
    answer.insert("verified".to_owned(), json!(verified(report)));
    answer.insert("outcome".to_owned(), json!(report.outcome));
    if wanted.input {
        answer.insert("credential".to_owned(), credential.clone());
    }
    if wanted.problem_details {
        let problems: Vec<Value> = report.checks.iter().flat_map(problems_of).collect();
        answer.insert("problemDetails".to_owned(), json!(problems));
    }
    if wanted.results {
        answer.insert("results".to_owned(), credential_results(report, credential));
    }
    Value::Object(answer)
}

fn credential_results(report: &VerificationReport, credential: &Value) -> Value {
    let passed = |id: CheckId| {
        report.check(id).is_some_and(|check| matches!(check.status, CheckStatus::Pass | CheckStatus::NotApplicable))
    };
    let code = |id: CheckId| report.check(id).map(|check| check.code);
    let member = |names: [&str; 2]| names.iter().find_map(|name| credential.get(*name)).cloned();
    let items = |name: &str| match credential.get(name) {
        Some(Value::Array(items)) => items.clone(),
        Some(item) => vec![item.clone()],
        None => Vec::new(),
    };
    let mut results = Map::new();
    if let Some(input) = member(["validFrom", "issuanceDate"]) {
        results.insert(
            "validFrom".to_owned(),
            json!({"verified": code(CheckId::Validity) != Some(Code::NotYetValid), "input": input}),
        );
    }
    if let Some(input) = member(["validUntil", "expirationDate"]) {
        results
            .insert("validUntil".to_owned(), json!({"verified": code(CheckId::Validity) != Some(Code::Expired), "input": input}));
    }
    let schema = passed(CheckId::Schema);
    let schemas: Vec<Value> =
        items("credentialSchema").into_iter().map(|input| json!({"verified": schema, "input": input})).collect();
    results.insert("credentialSchema".to_owned(), json!(schemas));
    let status = passed(CheckId::Status);
    let statuses: Vec<Value> = items("credentialStatus")
        .into_iter()
        .map(|input| json!({"value": if status { Some(Code::Ok) } else { code(CheckId::Status) }, "verified": status, "input": input}))
        .collect();
    results.insert("credentialStatus".to_owned(), json!(statuses));
    let proof = verified(report);
    let proofs: Vec<Value> = items("proof").into_iter().map(|input| json!({"verified": proof, "input": input})).collect();
    results.insert("proof".to_owned(), json!(proofs));
    Value::Object(results)
}

/// One presentation's verdict and those of its credentials.
pub struct PresentationVerdict<'a> {
    pub presentation: &'a Value,
    /// The transport's verdict; `None` when a presentation without proof was sent on purpose.
    pub report: Option<&'a VerificationReport>,
    pub holder: Option<&'a str>,
    /// The requested value, and whether it matched.
    pub challenge: Option<(&'a str, bool)>,
    pub domain: Option<(&'a str, bool)>,
    pub credentials: Vec<(Value, &'a VerificationReport)>,
}

/// The answer of `POST /presentations/verify`.
pub fn presentation_answer(verdict: &PresentationVerdict, wanted: Wanted) -> Value {
    let proof_holds = verdict.report.is_none_or(verified);
    let bound = [verdict.challenge, verdict.domain].into_iter().flatten().all(|(_, held)| held);
    let all = proof_holds && bound && verdict.credentials.iter().all(|(_, report)| verified(report));
    let mut answer = Map::new();
    answer.insert("verified".to_owned(), json!(all));
    if wanted.input {
        answer.insert("verifiablePresentation".to_owned(), verdict.presentation.clone());
    }
    if wanted.problem_details {
        let reports = verdict.report.into_iter().chain(verdict.credentials.iter().map(|(_, report)| *report));
        let mut problems: Vec<Value> = reports.flat_map(|report| report.checks.iter().flat_map(problems_of)).collect();
        // A challenge that was used before shows in no check of the proof.
        if verdict.challenge.is_some_and(|(_, held)| !held) {
            problems.push(Problem::challenge("The challenge is not the one that was asked for, or it was used before.").body());
        }
        if verdict.domain.is_some_and(|(_, held)| !held) {
            problems.push(Problem::domain("The presentation was made for another recipient.").body());
        }
        answer.insert("problemDetails".to_owned(), json!(problems));
    }
    if wanted.results {
        let proofs: Vec<Value> = match verdict.presentation.get("proof") {
            Some(Value::Array(proofs)) => proofs.clone(),
            Some(proof) => vec![proof.clone()],
            None => Vec::new(),
        };
        let mut presentation = Map::new();
        for (name, bound) in [("challenge", verdict.challenge), ("domain", verdict.domain)] {
            if let Some((input, held)) = bound {
                presentation.insert(name.to_owned(), json!({"verified": held, "input": input}));
            }
        }
        if let Some(holder) = verdict.holder {
            presentation.insert("holder".to_owned(), json!({"verified": true, "input": holder}));
        }
        let proofs: Vec<Value> =
            proofs.into_iter().map(|input| json!({"verified": proof_holds && bound, "input": input})).collect();
        presentation.insert("proof".to_owned(), json!(proofs));
        let inner = Wanted { results: true, problem_details: true, input: false };
        let credentials: Vec<Value> =
            verdict.credentials.iter().map(|(credential, report)| credential_answer(report, credential, inner)).collect();
        answer.insert("results".to_owned(), json!({"presentation": presentation, "credentials": credentials}));
    }
    Value::Object(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::{Format, Securing};
    use crate::model::report::Outcome;
    use chrono::DateTime;

    fn report(checks: Vec<Check>) -> VerificationReport {
        serde_json::from_value(
            json!({"format": Format::OpenBadges3, "secured_with": Securing::DataIntegrity, "outcome": Outcome::Rejected,
            "checks": checks, "verified_at": DateTime::UNIX_EPOCH}),
        )
        .unwrap()
    }

    #[test]
    fn a_revoked_credential_is_verified_by_the_standard_and_says_so_in_a_warning() {
        let checks =
            vec![Check::pass(CheckId::Proof, "ok"), Check::fail(CheckId::Status, Code::Revoked, "The issuer took it back.")];
        let all = Wanted { results: true, problem_details: true, input: true };
        let credential =
            json!({"credentialStatus": {"type": "BitstringStatusListEntry"}, "proof": {"type": "DataIntegrityProof"}});
        let answer = credential_answer(&report(checks), &credential, all);
        assert_eq!(answer["verified"], true);
        assert_eq!(answer["outcome"], "rejected");
        assert_eq!(answer["results"]["credentialStatus"][0]["value"], "revoked");
        assert_eq!(answer["results"]["credentialStatus"][0]["verified"], false);
        assert_eq!(answer["problemDetails"].as_array().unwrap().len(), 1);
        assert_eq!(answer["credential"], credential);
    }

    #[test]
    fn a_proof_that_failed_or_could_not_be_checked_or_is_absent_is_never_verified() {
        assert!(!verified(&report(vec![Check::fail(CheckId::Proof, Code::SignatureInvalid, "x")])));
        assert!(!verified(&report(vec![Check::could_not_check(CheckId::Proof, Code::KeyUnavailable, "x")])));
        assert!(!verified(&report(vec![Check::not_applicable(CheckId::Proof, "x")])));
        assert!(!verified(&report(vec![])));
        let foreign_key = vec![Check::pass(CheckId::Proof, "x"), Check::fail(CheckId::Controller, Code::ControllerMismatch, "x")];
        assert!(!verified(&report(foreign_key)));
    }

    #[test]
    fn one_bad_credential_or_a_wrong_challenge_makes_the_presentation_unverified() {
        let good = report(vec![Check::pass(CheckId::Proof, "x")]);
        let bad = report(vec![Check::fail(CheckId::Proof, Code::SignatureInvalid, "x")]);
        let presentation = json!({"proof": {}});
        let verdict = |challenge, credentials| {
            let verdict = PresentationVerdict {
                presentation: &presentation,
                report: Some(&good),
                holder: None,
                challenge: Some(("c", challenge)),
                domain: None,
                credentials,
            };
            presentation_answer(&verdict, Wanted { results: true, ..Wanted::default() })["verified"] == true
        };
        assert!(verdict(true, vec![(json!({}), &good)]));
        assert!(!verdict(false, vec![(json!({}), &good)]));
        assert!(!verdict(true, vec![(json!({}), &good), (json!({}), &bad)]));
    }
}
