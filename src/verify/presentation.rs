//! Presentations: the verdict on the transport, never mixed with the verdicts on its credentials.
//! Comes in: a presentation, its challenge and domain. Goes out: a report on it, and the facts that it proves about its holder.
//! Must not know: the credentials inside; each is verified alone.

use super::checks::format::{self, identifier_of};
use super::keys::Purpose;
use super::securing::jose::{Envelope, Malformed, claims, cose, key};
use super::securing::opening::Opening;
use super::securing::proof::{self, ProofRequest};
use super::securing::sd_jwt::SdJwt;
use super::{PresentationRequest, VerificationRequest, Verifier, checks::validity, outcome};
use crate::document::members::entries;
use crate::model::code::Code;
use crate::model::credential::{Document, Format, PresentationFacts, ReceivedPresentation, Securing};
use crate::model::report::{Check, CheckId, CheckStatus, VerificationReport};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

const TYPES: [&str; 4] = ["jwt", "vp+jwt", "vp-ld+jwt", "vp+ld+json+jwt"];
const COSE_TYPES: [&str; 1] = ["vp+cose"];
const SD_TYPES: [&str; 3] = ["vp+sd-jwt", "vp-ld+sd-jwt", "vp+ld+json+sd-jwt"];
const CONTENTS: [&str; 4] = ["vp", "vp+ld+json", "vp+json", "json"];

/// The result of verifying a presentation.
struct Finding {
    secured_with: Securing,
    checks: Vec<Check>,
    holder: Option<String>,
    /// Whether the presentation carries a proof.
    is_signed: bool,
}

impl Verifier {
    /// Verifies the presentation's own proof. The verdict is never mixed with the verdicts on its credentials.
    pub async fn verify_presentation(
        &self,
        presentation: &ReceivedPresentation,
        expected: &PresentationRequest,
        request: &VerificationRequest,
    ) -> (VerificationReport, PresentationFacts) {
        let opening = Opening::new(self, request.at, request.explain);
        let found = match &presentation.document {
            Document::Json(json) => embedded(json, presentation.credentials.is_empty(), expected, &opening).await,
            Document::CompactJws(token) => {
                let token = Envelope::of(token).and_then(|token| typed(token, &TYPES));
                signed(token.map(|token| (token, None)), Securing::VcJwt, expected, &opening).await
            }
            Document::CoseSign1(bytes) => {
                let token = cose::read(bytes).and_then(|token| typed(token, &COSE_TYPES));
                signed(token.map(|token| (token, None)), Securing::VcCose, expected, &opening).await
            }
            Document::SdJwt(text) => {
                let parsed = SdJwt::parse(text).and_then(|parsed| Ok((typed(parsed.jws, &SD_TYPES)?, Some(parsed.claims))));
                signed(parsed, Securing::SdJwt, expected, &opening).await
            }
            Document::HostedUrl(_) => {
                unreadable(&Malformed::new(Code::NoCredential, "a link is not a presentation"), Securing::None)
            }
        };
        let checks = outcome::complete(found.checks);
        let passed = |id| checks.iter().any(|check| check.id == id && check.status == CheckStatus::Pass);
        // The signature does not cover this token, so the signer did not present it: the token may be anybody's.
        let covers = checks.iter().all(|check| check.code != Code::TokenNotCovered);
        let is_proven = outcome::of(&checks) != crate::model::report::Outcome::Rejected
            && covers
            && passed(CheckId::Proof)
            && passed(CheckId::Controller);
        let proof = checks.iter().find(|check| check.id == CheckId::Proof).cloned();
        let proven_holder = found.holder.filter(|_| is_proven);
        let unbound = expected.challenge.is_some() && proven_holder.is_none();
        let facts = PresentationFacts { proven_holder, proof: proof.filter(|_| found.is_signed), unbound };
        let report = VerificationReport {
            format: Format::Presentation,
            secured_with: found.secured_with,
            outcome: outcome::of(&checks),
            checks,
            verified_at: request.at,
            issuer_id: None,
            issuer_name: None,
            policy: None,
            nested: Vec::new(),
        };
        (report, facts)
    }
}

/// The holder's own signature on a credential that came outside a presentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderSignature {
    /// The holder signed nothing, or no signature was required.
    Absent,
    /// The holder's own key signed this disclosure for the required challenge and domain.
    Holds,
    /// The holder signed for another challenge.
    OtherChallenge,
    /// The holder signed for another domain.
    OtherDomain,
    /// The date of the holder's signature is too far from its arrival.
    OtherTime,
    Broken,
}

/// Checks the holder's own signature on an SD-JWT credential (RFC 9901 §7.3), when `expected` asks for a challenge or a domain.
pub fn holder_signature(document: &Document, expected: &PresentationRequest, at: DateTime<Utc>) -> HolderSignature {
    let Document::SdJwt(text) = document else { return HolderSignature::Absent };
    if expected.challenge.is_none() && expected.domain.is_none() {
        return HolderSignature::Absent;
    }
    // A malformed credential gets its verdict when it is verified.
    let Ok(parsed) = SdJwt::parse(text) else { return HolderSignature::Absent };
    let Some(binding) = &parsed.key_binding else { return HolderSignature::Absent };
    match binding.check(&parsed.claims, expected.challenge.as_deref(), expected.domain.as_deref()) {
        Ok(()) if binding.made_at().is_none_or(|made| expected.is_untimely(made, at)) => HolderSignature::OtherTime,
        Ok(()) => HolderSignature::Holds,
        Err(problem) if problem.code == Code::ChallengeMismatch => HolderSignature::OtherChallenge,
        Err(problem) if problem.code == Code::DomainMismatch => HolderSignature::OtherDomain,
        Err(_) => HolderSignature::Broken,
    }
}

fn typed(token: Envelope, types: &[&str]) -> Result<Envelope, Malformed> {
    token.require_type(types, &CONTENTS)?;
    Ok(token)
}

/// The signed document, and its claims when a holder could withhold claims.
async fn signed(
    opened: Result<(Envelope, Option<Map<String, Value>>), Malformed>,
    secured_with: Securing,
    expected: &PresentationRequest,
    opening: &Opening<'_>,
) -> Finding {
    match opened {
        Ok((token, disclosed)) => {
            let claims = disclosed.as_ref().unwrap_or_else(|| token.payload());
            token_form(&token, claims, secured_with, expected, opening).await
        }
        Err(problem) => unreadable(&problem, secured_with),
    }
}

async fn embedded(json: &Value, is_empty: bool, expected: &PresentationRequest, opening: &Opening<'_>) -> Finding {
    let structure = format::check_presentation(json, &opening.verifier.contexts);
    if entries(json.get("proof")).all(Value::is_null) {
        let detail = "the presentation is not signed, so nothing shows who sent it";
        let proof = match is_empty {
            true => Check::fail(CheckId::Proof, Code::Unsigned, "the presentation is not signed and holds no credential").found(),
            false => Check::new(CheckId::Proof, CheckStatus::Warning, Code::HolderUnproven, detail).found(),
        };
        return Finding { secured_with: Securing::None, checks: vec![structure, proof], holder: None, is_signed: false };
    }
    let json = &with_suite_context(json);
    let holder = identifier_of(json.get("holder"));
    let request = ProofRequest {
        contexts: &opening.verifier.contexts,
        keys: &opening.keys,
        purpose: Purpose::Authentication,
        at: opening.at,
        challenge: expected.challenge.as_deref(),
        domain: expected.domain.as_deref(),
        explain: opening.explain,
    };
    let verdict = proof::verify(json, holder, &request).await;
    let mut checks = vec![structure, verdict.context, verdict.proof, verdict.controller, verdict.integrity];
    checks.extend(untimely(proof::dates(json), expected, opening.at));
    let holder = holder.map(str::to_owned).or(verdict.proven_controller);
    Finding { secured_with: Securing::DataIntegrity, checks, holder, is_signed: true }
}

/// The failed check for a holder's signature with a date too far from now.
fn untimely(mut made: impl Iterator<Item = DateTime<Utc>>, expected: &PresentationRequest, at: DateTime<Utc>) -> Option<Check> {
    let made = made.find(|made| expected.is_untimely(*made, at))?;
    let detail = format!("the holder's signature has the date {}, which is too far from now", made.format("%Y-%m-%d %H:%M UTC"));
    Some(Check::fail(CheckId::Proof, Code::HolderSignatureTime, &detail).found())
}

/// Some wallets name the signature's vocabulary only inside the proof, but sign as if it stood at the top.
fn with_suite_context(json: &Value) -> Value {
    const SUITE: &str = "https://w3id.org/security/suites/ed25519-2020/v1";
    let mut json = json.clone();
    let in_proof = entries(json.get("proof")).any(|proof| entries(proof.get("@context")).any(|url| url == SUITE));
    let on_top = entries(json.get("@context")).any(|url| url == SUITE);
    if in_proof
        && !on_top
        && let Some(context) = json.get_mut("@context")
    {
        let mut all: Vec<Value> = entries(Some(context)).cloned().collect();
        all.push(Value::String(SUITE.to_owned()));
        *context = Value::Array(all);
    }
    json
}

async fn token_form(
    token: &Envelope,
    payload: &Map<String, Value>,
    secured_with: Securing,
    expected: &PresentationRequest,
    opening: &Opening<'_>,
) -> Finding {
    let claimed = match claims::presentation(payload) {
        Ok(claimed) => claimed,
        Err(problem) => return unreadable(&problem, secured_with),
    };
    let structure = format::check_presentation(&claimed.json, &opening.verifier.contexts);
    let signed =
        key::check(token, claimed.signer.as_deref(), Purpose::Authentication, &opening.keys, opening.at, opening.explain).await;
    let mut checks = vec![structure, signed.proof, claimed.controller.unwrap_or(signed.controller), claimed.integrity];
    checks.push(validity::check(&Value::Null, Some(payload), opening.at));
    checks.extend(untimely(payload.get("iat").and_then(validity::parse_seconds).into_iter(), expected, opening.at));
    let text = |name: &str| payload.get(name).and_then(Value::as_str);
    if expected.challenge.as_deref().is_some_and(|challenge| text("nonce") != Some(challenge)) {
        checks
            .push(Check::fail(CheckId::Proof, Code::ChallengeMismatch, "the presentation was made for another request").found());
    }
    if let Some(domain) = expected.domain.as_deref()
        && !entries(payload.get("aud")).any(|audience| audience == domain)
    {
        checks.push(Check::fail(CheckId::Proof, Code::DomainMismatch, "the presentation was made for another recipient").found());
    }
    Finding { secured_with, checks, holder: signed.controller_id, is_signed: true }
}

fn unreadable(problem: &Malformed, secured_with: Securing) -> Finding {
    let id = if matches!(problem.code, Code::Unsigned | Code::UnknownCriticalHeader) { CheckId::Proof } else { CheckId::Format };
    let check = Check::fail(id, problem.code, &problem.detail).found();
    Finding { secured_with, checks: vec![check], holder: None, is_signed: secured_with != Securing::None }
}
