//! Reads one proof object, strictly.
//! Comes in: an entry of `proof`. Goes out: its options, or their fault.
//! Must not know: keys, canonical forms.

use super::ProofProblem;
use crate::model::code::Code;
use crate::model::moment;
use crate::verify::keys::Purpose;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// The way in which a suite secures a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// Canonical N-Quads; `proofValue` in base58btc.
    Rdfc(Curve),
    /// JSON Canonicalization Scheme; `proofValue` in base58btc.
    Jcs(Curve),
    /// Canonical N-Quads; a detached JWS in `jws`.
    DetachedJws(&'static [&'static str]),
    EcdsaSd,
    Bbs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    Ed25519,
    /// P-256 or P-384; the key decides.
    Nist,
}

impl Suite {
    /// The suite of a proof; `None` for an unsupported suite.
    pub fn of(proof_type: &str, cryptosuite: Option<&str>) -> Option<Self> {
        if proof_type == "DataIntegrityProof" {
            return match cryptosuite? {
                // `eddsa-2022` is the name that eddsa-rdfc-2022 had while it was a draft.
                "eddsa-rdfc-2022" | "eddsa-2022" => Some(Self::Rdfc(Curve::Ed25519)),
                "eddsa-jcs-2022" => Some(Self::Jcs(Curve::Ed25519)),
                "ecdsa-rdfc-2019" => Some(Self::Rdfc(Curve::Nist)),
                "ecdsa-jcs-2019" => Some(Self::Jcs(Curve::Nist)),
                "ecdsa-sd-2023" => Some(Self::EcdsaSd),
                "bbs-2023" => Some(Self::Bbs),
                _ => None,
            };
        }
        match proof_type {
            "Ed25519Signature2020" => Some(Self::Rdfc(Curve::Ed25519)),
            "Ed25519Signature2018" => Some(Self::DetachedJws(&["EdDSA"])),
            "RsaSignature2018" => Some(Self::DetachedJws(&["RS256", "PS256"])),
            "JsonWebSignature2020" => Some(Self::DetachedJws(&["EdDSA", "ES256", "ES384", "ES256K", "PS256"])),
            _ => None,
        }
    }

    /// Whether the holder may withhold parts of the document.
    pub fn is_selective(self) -> bool {
        matches!(self, Self::EcdsaSd | Self::Bbs)
    }
}

/// A supported proof.
#[derive(Clone, Debug)]
pub struct ProofOptions<'a> {
    pub members: &'a Map<String, Value>,
    pub suite: Suite,
    pub id: Option<&'a str>,
    pub verification_method: &'a str,
    pub created: Option<DateTime<Utc>>,
    /// The signature as written: `proofValue` or `jws`.
    pub value: &'a str,
    pub previous: Vec<&'a str>,
}

/// The values that every proof must match.
pub struct Expected<'a> {
    pub purpose: Purpose,
    pub at: DateTime<Utc>,
    pub challenge: Option<&'a str>,
    pub domain: Option<&'a str>,
}

/// The name of a proof's suite, for people.
pub fn suite_name(proof: &Map<String, Value>) -> String {
    let text = |name: &str| proof.get(name).and_then(Value::as_str);
    match (text("type"), text("cryptosuite")) {
        (Some("DataIntegrityProof"), Some(suite)) => suite.to_owned(),
        (Some(proof_type), _) => proof_type.to_owned(),
        (None, _) => "of unknown type".to_owned(),
    }
}

/// The suite of a proof, if it is supported.
pub fn suite_of(proof: &Map<String, Value>) -> Option<Suite> {
    let text = |name: &str| proof.get(name).and_then(Value::as_str);
    Suite::of(text("type")?, text("cryptosuite"))
}

/// Reads a proof whose suite is supported (VC Data Integrity 1.0 §2.1 and §4.5).
pub fn read<'a>(proof: &'a Map<String, Value>, suite: Suite, expected: &Expected<'_>) -> Result<ProofOptions<'a>, ProofProblem> {
    let text = |name: &'static str| -> Result<Option<&'a str>, ProofProblem> {
        match proof.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ProofProblem::malformed(format!("the proof's {name} is not text"))),
        }
    };
    let required = |name: &'static str| text(name)?.ok_or_else(|| ProofProblem::malformed(format!("the proof has no {name}")));
    let purpose = required("proofPurpose")?;
    if purpose != purpose_name(expected.purpose) {
        let detail = format!("the proof was made for the purpose {purpose}, not {}", purpose_name(expected.purpose));
        return Err(ProofProblem::new(Code::ProofPurposeMismatch, detail));
    }
    let verification_method = required("verificationMethod")?;
    if !verification_method.contains(':') {
        return Err(ProofProblem::malformed("the proof's verificationMethod is not a URL".to_owned()));
    }
    let moment = |name: &'static str| match text(name)? {
        None => Ok(None),
        Some(written) => parse_moment(written)
            .map(Some)
            .ok_or_else(|| ProofProblem::malformed(format!("the proof's {name} is not a date and time"))),
    };
    let created = moment("created")?;
    if moment("expires")?.is_some_and(|expires| expires < expected.at) {
        return Err(ProofProblem::new(Code::ProofExpired, "the signature itself has expired".to_owned()));
    }
    if let Some(challenge) = expected.challenge
        && text("challenge")? != Some(challenge)
    {
        return Err(ProofProblem::new(Code::ChallengeMismatch, "the presentation was made for another request".to_owned()));
    }
    if let Some(domain) = expected.domain
        && !names_domain(proof.get("domain"), domain)
    {
        return Err(ProofProblem::new(Code::DomainMismatch, "the presentation was made for another recipient".to_owned()));
    }
    let value = match suite {
        Suite::DetachedJws(_) => required("jws")?,
        _ => required("proofValue")?,
    };
    Ok(ProofOptions { members: proof, suite, id: text("id")?, verification_method, created, value, previous: previous(proof)? })
}

pub fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::AssertionMethod => "assertionMethod",
        Purpose::Authentication => "authentication",
    }
}

fn previous(proof: &Map<String, Value>) -> Result<Vec<&str>, ProofProblem> {
    let wrong = || ProofProblem::malformed("the proof's previousProof does not name other proofs".to_owned());
    match proof.get("previousProof") {
        None => Ok(Vec::new()),
        Some(Value::String(id)) => Ok(vec![id.as_str()]),
        Some(Value::Array(ids)) => ids.iter().map(|id| id.as_str().ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

fn names_domain(domain: Option<&Value>, expected: &str) -> bool {
    match domain {
        Some(Value::String(domain)) => domain == expected,
        Some(Value::Array(domains)) => domains.iter().any(|domain| domain.as_str() == Some(expected)),
        _ => false,
    }
}

/// An XML Schema `dateTime`; without an offset it is UTC (VC Data Integrity 1.0 §2.1).
pub fn parse_moment(written: &str) -> Option<DateTime<Utc>> {
    if !written.is_ascii() || written.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    moment::with_offset(written).or_else(|| moment::without_offset(written, "%Y-%m-%dT%H:%M:%S%.f"))
}
