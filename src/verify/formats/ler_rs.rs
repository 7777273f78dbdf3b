//! HR Open LER-RS résumés without a signature: a person's own statements, with credentials from others inside.
//! Comes in: a received document. Goes out: its securing, reported as self-asserted.
//! Must not know: whether the credentials inside are good (see [`crate::verify::checks::nested`]).

use crate::document::classify;
use crate::model::code::Code;
use crate::model::credential::{Document, Format, ReceivedCredential, Securing};
use crate::model::report::{Check, CheckId};
use crate::verify::SecuredDocument;

/// `None` for every other file, and for a résumé that is wrapped in a signed credential.
pub(crate) fn open(received: &ReceivedCredential) -> Option<SecuredDocument> {
    let Document::Json(json) = &received.document else { return None };
    let claims_an_issuer = json.get("proof").is_some() || json.get("issuer").is_some();
    if classify::format_of(json) != Format::LerRs || claims_an_issuer {
        return None;
    }
    let proof = Check::warning(CheckId::Proof, Code::SelfAsserted, "The candidate wrote the résumé, and no one else signed it.");
    let checks = vec![
        Check::pass(CheckId::Format, format!("The file is a {}.", Format::LerRs.title())),
        Check::not_applicable(CheckId::Context, "A résumé needs no vocabulary."),
        proof,
        Check::not_applicable(CheckId::Controller, "A résumé has no issuer."),
        Check::not_applicable(CheckId::Integrity, "There is no signature that could cover it."),
        Check::not_applicable(CheckId::Validity, "A résumé has no period of validity."),
    ];
    Some(SecuredDocument {
        format: Format::LerRs,
        secured_with: Securing::None,
        json: Some(json.clone()),
        issuer_id: None,
        checks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::CheckStatus;
    use serde_json::{Value, json};

    fn received(json: Value) -> ReceivedCredential {
        let bytes = json.to_string().into_bytes();
        ReceivedCredential {
            name: "resume.json".into(),
            containers: Vec::new(),
            media_type: "application/json".into(),
            bytes,
            document: Document::Json(json.into()),
            presentation: None,
        }
    }

    #[test]
    fn an_unsigned_resume_is_self_asserted_and_a_wrapped_one_is_verified_as_a_credential() {
        let resume = json!({ "type": "LER-RS", "@context": "http://schema.hropenstandards.org/4.5/recruiting/json/LER-RSType.json", "person": {} });
        let secured = open(&received(resume.clone())).unwrap();
        assert!(secured.checks.iter().any(|check| check.status == CheckStatus::Warning && check.code == Code::SelfAsserted));
        let mut wrapped = resume;
        wrapped["issuer"] = json!("did:example:a");
        assert!(open(&received(wrapped)).is_none());
    }
}
