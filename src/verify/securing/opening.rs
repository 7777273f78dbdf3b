//! Opens a secured document and makes the checks `format`, `context`, `proof`, `controller`, `integrity`, `validity`.
//! Comes in: one document of any form. Goes out: its JSON and these checks.
//! Must not know: status, trust, people. It fetches only keys.

use super::jose::claims::{self, Claimed};
use super::jose::key::{self, Signed};
use super::jose::{Envelope, Malformed, cose};
use super::proof::{self, ProofRequest};
use super::sd_jwt::{self, SdJwt};
use crate::document::classify;
use crate::document::members::entries;
use crate::jsonld::{Contexts, Edition};
use crate::model::code::Code;
use crate::model::credential::{Document, Format, Securing};
use crate::model::report::{Check, CheckId, CheckStatus};
use crate::verify::checks::format::{self, identifier_of};
use crate::verify::keys::{KeyResolver, Purpose};
use crate::verify::{SecuredDocument, Verifier, checks::validity};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Media types that a credential token may claim (VC-JOSE-COSE §3 and its drafts).
const CREDENTIAL_TYPES: [&str; 6] = ["jwt", "vc+jwt", "vc-ld+jwt", "vc+ld+json+jwt", "vc+jws", "vc-jwt"];
const CREDENTIAL_CONTENTS: [&str; 5] = ["vc", "vc+ld+json", "vc+json", "credential-claims-set+json", "json"];
const COSE_TYPES: [&str; 1] = ["vc+cose"];
const SD_JWT_TYPES: [&str; 5] = ["dc+sd-jwt", "vc+sd-jwt", "vc-sd-jwt", "vc+ld+json+sd-jwt", "vc-ld+sd-jwt"];

/// The inputs for opening a document.
pub(crate) struct Opening<'a> {
    pub verifier: &'a Verifier,
    pub keys: KeyResolver,
    pub at: DateTime<Utc>,
    pub explain: bool,
}

impl<'a> Opening<'a> {
    pub fn new(verifier: &'a Verifier, at: DateTime<Utc>, explain: bool) -> Self {
        Self { verifier, keys: verifier.keys(at), at, explain }
    }

    /// Opens a credential and checks its securing.
    pub async fn open(&self, document: &Document) -> SecuredDocument {
        match document {
            Document::Json(json) => self.json(json).await,
            Document::CompactJws(token) => self.signed(Envelope::of(token), &CREDENTIAL_TYPES, Securing::VcJwt).await,
            Document::CoseSign1(bytes) => self.signed(cose::read(bytes), &COSE_TYPES, Securing::VcCose).await,
            Document::SdJwt(text) => self.sd_jwt(text).await,
            Document::HostedUrl(_) => {
                let check = Check::fail(CheckId::Format, Code::NoCredential, "the file holds a link, not a credential").found();
                refused(Format::OpenBadges2, Securing::Hosted, check)
            }
        }
    }

    async fn json(&self, json: &Arc<Value>) -> SecuredDocument {
        let format = classify::format_of(json);
        let contexts = &self.verifier.contexts;
        let structure = match format {
            Format::OpenBadges1 | Format::OpenBadges2 => {
                Check::pass(CheckId::Format, format!("The file is an {} badge.", format.title()))
            }
            // The European Learning Model and the HR Open profile deviate from the data model; their own schemas apply.
            Format::Elm3 | Format::LerRs => Check::pass(CheckId::Format, format!("The file is a {}.", format.title())),
            _ => format::check_credential(json, format, contexts),
        };
        let validity = validity::check(json, None, self.at);
        if entries(json.get("proof")).all(Value::is_null) {
            let proof =
                Check::fail(CheckId::Proof, Code::Unsigned, "the file carries no signature, so nothing shows who wrote it")
                    .found();
            return SecuredDocument {
                format,
                secured_with: Securing::None,
                json: Some(json.clone()),
                issuer_id: None,
                checks: vec![structure, proof, validity],
            };
        }
        let request = ProofRequest {
            contexts,
            keys: &self.keys,
            purpose: Purpose::AssertionMethod,
            at: self.at,
            challenge: None,
            domain: None,
            explain: self.explain,
        };
        let verdict = proof::verify(json, identifier_of(json.get("issuer")), &request).await;
        let is_own = matches!(verdict.controller.status, CheckStatus::Pass | CheckStatus::Warning);
        let bound = is_own && is_proven(&verdict.proof);
        SecuredDocument {
            format,
            secured_with: Securing::DataIntegrity,
            json: Some(json.clone()),
            issuer_id: verdict.proven_controller.filter(|_| bound),
            checks: vec![structure, verdict.context, verdict.proof, verdict.controller, verdict.integrity, validity],
        }
    }

    async fn signed(&self, token: Result<Envelope, Malformed>, types: &[&str], secured_with: Securing) -> SecuredDocument {
        let opened = token.and_then(|token| {
            token.require_type(types, &CREDENTIAL_CONTENTS)?;
            if sd_jwt::is_selective(token.payload()) {
                let detail = "the token lets its holder leave parts out, but does not come in the form for that (SD-JWT)";
                return Err(Malformed::new(Code::WrongMediaType, detail));
            }
            let claimed = claims::credential(token.payload())?;
            Ok((token, claimed))
        });
        match opened {
            Ok((token, claimed)) => self.claimed(&token, claimed, token.payload(), secured_with).await,
            Err(problem) => malformed(&problem, secured_with),
        }
    }

    async fn sd_jwt(&self, text: &str) -> SecuredDocument {
        let opened = SdJwt::parse(text).and_then(|parsed| {
            if parsed.jws.media_type().is_none() {
                return Err(Malformed::new(Code::WrongMediaType, "the token does not say that it is a credential"));
            }
            parsed.jws.require_type(&SD_JWT_TYPES, &CREDENTIAL_CONTENTS)?;
            let mut claimed = match parsed.claims.contains_key("@context") {
                true => claims::credential(&parsed.claims)?,
                false => claims::sd_jwt_vc(&parsed.claims)?,
            };
            claimed.integrity = sd_jwt::judge(claimed.integrity, &parsed.claims, &parsed.withheld);
            if let Some(binding) = &parsed.key_binding {
                binding.check(&parsed.claims, None, None)?;
            }
            Ok((parsed, claimed))
        });
        match opened {
            Ok((parsed, claimed)) => self.claimed(&parsed.jws, claimed, &parsed.claims, Securing::SdJwt).await,
            Err(problem) => malformed(&problem, Securing::SdJwt),
        }
    }

    async fn claimed(
        &self,
        token: &Envelope,
        claimed: Claimed,
        claims: &Map<String, Value>,
        secured_with: Securing,
    ) -> SecuredDocument {
        let Claimed { json, format, signer, controller, integrity, deviation } = claimed;
        let contexts = &self.verifier.contexts;
        let structure = match format {
            Format::SdJwtVc => claims::check_sd_jwt_vc(&json),
            _ => format::check_credential(&json, format, contexts),
        };
        let Signed { proof, controller: bound, controller_id } =
            key::check(token, signer.as_deref(), Purpose::AssertionMethod, &self.keys, self.at, self.explain).await;
        // A signature that failed or could not be checked covers nothing.
        let integrity = match integrity.status {
            CheckStatus::Pass if !is_proven(&proof) => {
                Check::not_applicable(CheckId::Integrity, "Not checked, because the signature was not found to match.")
            }
            _ => integrity,
        };
        let issuer_id = controller_id.filter(|_| controller.is_none());
        let validity = validity::check(&json, Some(claims), self.at);
        let vocabulary = vocabulary(&json, contexts);
        let mut checks = vec![structure, vocabulary, proof, controller.unwrap_or(bound), integrity, validity];
        checks.extend(deviation.into_iter().chain(audience(claims, self.verifier.policy.audience())));
        SecuredDocument { format, secured_with, json: Some(Arc::new(json)), issuer_id, checks }
    }
}

/// RFC 7519 §4.1.3: a token with an audience is for that audience alone. `names`: the employer's names in the policy; may be empty.
///
/// Codes: `audience_unknown` (could not check), `audience_mismatch` (fail).
fn audience(claims: &Map<String, Value>, names: &[String]) -> Option<Check> {
    let meant: Vec<&str> = entries(claims.get("aud")).filter_map(Value::as_str).collect();
    let first = meant.first()?;
    if meant.iter().any(|name| names.iter().any(|own| own == name)) {
        return None;
    }
    if names.is_empty() {
        let detail =
            format!("the token is addressed only to {first:.200}, and your trust policy does not say whether that is you");
        return Some(Check::new(CheckId::Validity, CheckStatus::CouldNotCheck, Code::AudienceUnknown, &detail).found());
    }
    let detail = format!("the token is addressed only to {first:.200}, which is not one of your names in your trust policy");
    Some(Check::fail(CheckId::Validity, Code::AudienceMismatch, &detail).found())
}

/// Whether the content may be used after this proof check.
pub(crate) fn is_proven(proof: &Check) -> bool {
    matches!(proof.status, CheckStatus::Pass | CheckStatus::Warning | CheckStatus::NotApplicable)
}

/// A token's signature covers the text itself, so an unknown vocabulary does not affect the values that are read; it is reported.
fn vocabulary(json: &Value, contexts: &Contexts) -> Check {
    let Some(context) = json.get("@context") else {
        return Check::not_applicable(CheckId::Context, "The credential uses no vocabularies.");
    };
    let unknown = entries(Some(context)).find(|entry| entry.as_str().is_none_or(|url| contexts.get(url, Edition(0)).is_none()));
    match unknown {
        None => Check::pass(CheckId::Context, "Every vocabulary of the credential is known."),
        Some(Value::String(url)) => {
            let detail = format!(
                "the credential uses the vocabulary {url:.200}, which the gateway does not know, so fields from this vocabulary are not read"
            );
            Check::new(CheckId::Context, CheckStatus::Warning, Code::UnknownContext, &detail).found()
        }
        Some(_) => Check::new(
            CheckId::Context,
            CheckStatus::Warning,
            Code::UnknownContext,
            "the credential defines a vocabulary of its own, which the gateway does not read",
        )
        .found(),
    }
}

/// The checks for a malformed or self-contradictory token.
fn malformed(problem: &Malformed, secured_with: Securing) -> SecuredDocument {
    let id = match problem.code {
        Code::Unsigned | Code::UnknownCriticalHeader | Code::KeyBindingInvalid => CheckId::Proof,
        Code::Undisclosed | Code::DisclosureInvalid | Code::SecondTruth => CheckId::Integrity,
        _ => CheckId::Format,
    };
    let format = if secured_with == Securing::SdJwt { Format::SdJwtVc } else { Format::Other };
    refused(format, secured_with, Check::fail(id, problem.code, &problem.detail).found())
}

/// The checks for an unreadable document: one check gives the reason, and the others are not made.
pub(crate) fn refused(format: Format, secured_with: Securing, decisive: Check) -> SecuredDocument {
    let skipped = |id| Check::not_applicable(id, "Not checked, because an earlier check failed.");
    let ids = [CheckId::Context, CheckId::Proof, CheckId::Controller, CheckId::Integrity, CheckId::Validity];
    let mut checks: Vec<Check> = ids.into_iter().filter(|id| *id != decisive.id).map(skipped).collect();
    if decisive.id != CheckId::Format {
        checks.push(Check::pass(CheckId::Format, "The file is a signed token."));
    }
    checks.push(decisive);
    SecuredDocument { format, secured_with, json: None, issuer_id: None, checks }
}
