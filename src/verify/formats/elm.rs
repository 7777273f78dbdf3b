//! European Digital Credentials (ELM 3): the JAdES seal around a credential.
//! Comes in: the sealed file and the policy's authorities. Goes out: whether the seal matches the content, and whether an authority
//! certifies that it is the issuer's seal.
//! Must not know: the credential's owner, whether the issuer is trusted.

use crate::document::members::entries;
use crate::document::{Limits, json};
use crate::model::code::Code;
use crate::model::credential::{Document, Format, ReceivedCredential, Securing};
use crate::model::report::{Check, CheckId, CheckStatus};
use crate::verify::SecuredDocument;
use crate::verify::checks::validity;
use crate::verify::keys::KeyResolver;
use crate::verify::keys::authorities::{Doubt, Holder};
use crate::verify::keys::x5c::{self, Certified};
use crate::verify::securing::proof::signature;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;

const ASK: &str = "Ask the candidate for the credential as it was downloaded from the issuer or from Europass.";
/// Header extensions of JAdES baseline seals that need no processing to check the signature itself (ETSI TS 119 182-1).
const UNDERSTOOD: [&str; 8] = ["b64", "sigT", "adoTst", "sigPl", "sigPId", "srCms", "srAts", "x5t#o"];
/// Members with the identifiers of an organisation in the European Learning Model.
const IDENTIFIERS: [&str; 4] = ["eIDASIdentifier", "registration", "vatIdentifier", "taxIdentifier"];
const MAX_SEALS: usize = 8;

/// The seal's verdict for a sealed document; `None` for every other file. `issuer_id`: the identifier of the organisation in the seal's
/// certificate, if an authority certifies it and the credential names the same organisation as its issuer.
pub(crate) async fn open(received: &ReceivedCredential, keys: &KeyResolver, at: DateTime<Utc>) -> Option<SecuredDocument> {
    let Document::Json(content) = &received.document else { return None };
    if received.media_type != "application/jose+json" {
        return None;
    }
    let container = json::parse(&received.bytes, &Limits::default()).ok()?;
    let (proof, (controller, issuer_id)) = match check(&container, content, at) {
        Ok(seals) => (
            Check::pass(CheckId::Proof, "The seal matches the content: nothing was changed after sealing."),
            controller(&seals, content, keys, at).await,
        ),
        Err(problem) => {
            (problem, (Check::not_applicable(CheckId::Controller, "Not checked, because the seal does not match."), None))
        }
    };
    let checks = vec![
        Check::pass(CheckId::Format, format!("The file is a sealed {}.", Format::Elm3.title())),
        Check::not_applicable(CheckId::Context, "The seal covers the file's text, so vocabularies do not matter."),
        proof,
        controller,
        Check::pass(CheckId::Integrity, "The seal covers everything that was read from the file."),
        validity::check(content, None, at),
    ];
    Some(SecuredDocument { format: Format::Elm3, secured_with: Securing::VcJwt, json: Some(content.clone()), issuer_id, checks })
}

/// Every signature of the container must match the content that is read.
fn check(container: &Value, content: &Value, at: DateTime<Utc>) -> Result<Vec<Certified>, Check> {
    let broken = |detail: &str| Check::fail(CheckId::Proof, Code::SealInvalid, format!("The seal is broken: {detail}."));
    let payload = container["payload"].as_str().ok_or_else(|| broken("it holds no content"))?;
    // The content must be read from the bytes under the seal, not from a second copy.
    let sealed = json::parse(payload.as_bytes(), &Limits::default()).ok();
    if sealed.as_ref() != Some(content) {
        return Err(broken("the content is not the one that was sealed"));
    }
    let signatures: Vec<&Value> = match &container["signatures"] {
        Value::Array(items) if (1..=MAX_SEALS).contains(&items.len()) => items.iter().collect(),
        Value::Null => vec![container],
        _ => return Err(broken("it holds no signature, or too many")),
    };
    signatures.into_iter().map(|signature| check_one(signature, payload, at)).collect()
}

fn check_one(seal: &Value, payload: &str, at: DateTime<Utc>) -> Result<Certified, Check> {
    let broken = |detail: &str| Check::fail(CheckId::Proof, Code::SealInvalid, format!("The seal is broken: {detail}."));
    let unsupported = |message: &str| Check::could_not_check(CheckId::Proof, Code::SealUnsupported, message);
    let protected = seal["protected"].as_str().ok_or_else(|| broken("its header is missing"))?;
    let header = URL_SAFE_NO_PAD.decode(protected).ok().and_then(|bytes| json::parse(&bytes, &Limits::default()).ok());
    let header = header.as_ref().and_then(Value::as_object).ok_or_else(|| broken("its header can't be read"))?;
    let critical = header.get("crit").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Some(unknown) = critical.iter().filter_map(Value::as_str).find(|name| !UNDERSTOOD.contains(name)) {
        return Err(unsupported(&format!("The seal uses an extension ({unknown:.40}) that the gateway does not know.")));
    }
    if !header.contains_key("x5c") {
        return Err(unsupported("The seal does not carry its certificate."));
    }
    let certified =
        x5c::read(header, at)?.ok_or_else(|| unsupported("The gateway does not support the kind of key that the seal uses."))?;
    let value = seal["signature"]
        .as_str()
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .ok_or_else(|| broken("its signature can't be read"))?;
    let is_encoded = header.get("b64").and_then(Value::as_bool) != Some(false);
    let covered = if is_encoded { URL_SAFE_NO_PAD.encode(payload) } else { payload.to_owned() };
    let message = format!("{protected}.{covered}");
    let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    signature::jose(algorithm, &certified.key, message.as_bytes(), &value).map_err(|_| {
        Check::fail(
            CheckId::Proof,
            Code::SignatureInvalid,
            "The seal does not match the content: the content was changed after sealing.",
        )
        .next(ASK)
    })?;
    Ok(certified)
}

/// The `controller` check of all seals, by the policy's authorities: the issuer's seal counts, and other seals may stand beside it.
///
/// Codes: `controller_mismatch`, `key_revoked` (fail); `certificate_unconfirmed` (warning); `seal_chain_unchecked` (could not check).
async fn controller(seals: &[Certified], content: &Value, keys: &KeyResolver, at: DateTime<Utc>) -> (Check, Option<String>) {
    let issuers = entries(content.get("issuer"));
    let identifiers: Vec<&str> = issuers
        .flat_map(|issuer| IDENTIFIERS.iter().flat_map(move |member| entries(issuer.get(*member))))
        .filter_map(|identifier| identifier.get("notation").and_then(Value::as_str))
        .collect();
    let mut problem = None;
    for seal in seals {
        let (check, is_issuers) = controller_of(seal, &identifiers, keys, at).await;
        if is_issuers && matches!(check.status, CheckStatus::Pass | CheckStatus::Warning) {
            return (check, x5c::organisation(seal));
        }
        problem.get_or_insert(check);
    }
    let unchecked = || Check::could_not_check(CheckId::Controller, Code::SealChainUnchecked, "The file holds no seal.");
    (problem.unwrap_or_else(unchecked), None)
}

/// The `controller` check for one seal, and whether the seal is the issuer's.
async fn controller_of(seal: &Certified, identifiers: &[&str], keys: &KeyResolver, at: DateTime<Utc>) -> (Check, bool) {
    let unchecked = |message: &str| (Check::could_not_check(CheckId::Controller, Code::SealChainUnchecked, message), false);
    match &seal.lapsed {
        Some(lapsed) if lapsed.code == Code::CertificateNotYetValid => {
            return unchecked("The seal's certificate is not valid yet.");
        }
        // A signer can write any date into a seal, so the date does not prove that the certificate was still valid then.
        Some(_) => {
            return unchecked(
                "The seal's certificate has expired. It could not be checked who owns the certificate, or whether it was valid when the seal was made.",
            );
        }
        None => {}
    }
    let certified = x5c::organisation(seal).unwrap_or_default();
    let issuer = format!("the issuer, the organisation {certified:.60}");
    match keys.authorities.vouch(&seal.chain, Holder::Organisation(identifiers), at, &keys.documents).await {
        Ok(authority) => {
            (Check::pass(CheckId::Controller, format!("\"{authority}\" certifies that the seal belongs to {issuer}.")), true)
        }
        Err(Doubt::Nobody) => unchecked("It could not be checked who owns the certificate that made the seal."),
        Err(Doubt::OtherName { authority }) if identifiers.is_empty() => unchecked(&format!(
            "\"{authority}\" certifies the seal for the organisation {certified:.60}, but the credential does not give its issuer's identifier, so it could not be checked whether they are the same."
        )),
        Err(Doubt::OtherName { authority }) => {
            let detail = format!(
                "\"{authority}\" certifies the seal for an organisation ({certified:.60}) that is not the issuer named in the credential"
            );
            (Check::fail(CheckId::Controller, Code::ControllerMismatch, &detail).found(), false)
        }
        Err(Doubt::Withdrawn { authority }) => {
            let detail = format!("\"{authority}\" has withdrawn the certificate of the seal");
            (Check::fail(CheckId::Controller, Code::KeyRevoked, &detail).found(), false)
        }
        Err(Doubt::NotAsked { authority }) => {
            let detail = format!(
                "\"{authority}\" certifies that the seal belongs to {issuer}, but it could not be checked whether the authority has withdrawn the certificate"
            );
            (Check::new(CheckId::Controller, CheckStatus::Warning, Code::CertificateUnconfirmed, &detail).found(), true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::documents::Documents;
    use crate::verify::keys::authorities::{Authorities, Authority};
    use crate::verify::keys::test_certificates::{Made, TODAY, authority, key, leaf, today};
    use base64::engine::general_purpose::STANDARD;
    use p256::ecdsa::Signature;
    use p256::ecdsa::signature::Signer;
    use serde_json::json;

    /// A seal's certificate: its holder is the organisation VATXX-1.
    fn certificate() -> Made {
        Made { name: "2.5.4.97=VATXX-1,O=Example College,C=XX", ..leaf() }
    }

    /// A second organisation, with another key.
    fn other() -> Made {
        Made { name: "2.5.4.97=VATXX-2,O=Example Registry,C=XX", key: key(2), ..leaf() }
    }

    fn sealed(payload: &str, seals: &[Made], edit: impl Fn(&mut Value)) -> ReceivedCredential {
        let seal = |made: &Made| {
            let header = json!({ "alg": "ES256", "b64": false, "crit": ["b64", "sigT"], "sigT": "2025-02-12T00:00:00Z", "x5c": [STANDARD.encode(made.der())] });
            let protected = URL_SAFE_NO_PAD.encode(header.to_string());
            let signature: Signature = made.key.sign(format!("{protected}.{payload}").as_bytes());
            json!({ "protected": protected, "signature": URL_SAFE_NO_PAD.encode(signature.to_bytes()) })
        };
        let mut container = json!({ "payload": payload, "signatures": seals.iter().map(seal).collect::<Vec<_>>() });
        edit(&mut container);
        let document: Value = serde_json::from_str(container["payload"].as_str().unwrap()).unwrap();
        ReceivedCredential {
            name: "diploma.json".into(),
            containers: Vec::new(),
            media_type: "application/jose+json".into(),
            bytes: container.to_string().into_bytes(),
            document: Document::Json(document.into()),
            presentation: None,
        }
    }

    fn issued_by(identifiers: Value) -> String {
        let mut issuer = json!({ "id": "urn:epass:org:1", "type": "Organisation" });
        for (member, value) in identifiers.as_object().unwrap() {
            issuer[member] = value.clone();
        }
        json!({ "type": ["VerifiableCredential", "EuropeanDigitalCredential"], "issuer": issuer }).to_string()
    }

    fn by_the_college() -> String {
        issued_by(json!({ "eIDASIdentifier": { "notation": "VATXX-1" } }))
    }

    /// With and without the authority that certifies [`leaf`] in the policy.
    async fn opened(received: &ReceivedCredential, is_authority_known: bool) -> SecuredDocument {
        let entry = Authority { name: "Example Trust".to_owned(), certificate: authority().pem() };
        let known = if is_authority_known { vec![entry] } else { Vec::new() };
        let documents = Documents::with_provided(Default::default(), None);
        let keys = KeyResolver::new(documents, today()).with_authorities(Authorities::new(&known).unwrap());
        open(received, &keys, today()).await.unwrap()
    }

    fn verdict(secured: &SecuredDocument, id: CheckId) -> (CheckStatus, Code) {
        let check = secured.checks.iter().find(|check| check.id == id).unwrap();
        (check.status, check.code)
    }

    #[tokio::test]
    async fn without_an_authority_a_fitting_seal_proves_the_content_but_not_who_sealed_it() {
        let secured = opened(&sealed(&by_the_college(), &[certificate()], |_| {}), false).await;
        assert_eq!(verdict(&secured, CheckId::Proof).0, CheckStatus::Pass);
        assert_eq!(verdict(&secured, CheckId::Controller), (CheckStatus::CouldNotCheck, Code::SealChainUnchecked));
        assert_eq!(secured.issuer_id, None);
    }

    #[tokio::test]
    async fn an_authority_of_the_policy_shows_that_the_seal_is_the_issuers() {
        let second = issued_by(json!({ "registration": [{ "notation": "X" }, { "notation": "VATXX-1" }] }));
        for payload in [by_the_college(), second] {
            for seals in [vec![certificate()], vec![certificate(), other()], vec![other(), certificate()]] {
                let secured = opened(&sealed(&payload, &seals, |_| {}), true).await;
                assert_eq!(verdict(&secured, CheckId::Controller).0, CheckStatus::Pass);
                assert_eq!(secured.issuer_id.as_deref(), Some("VATXX-1"));
            }
        }
    }

    #[tokio::test]
    async fn a_seal_of_somebody_else_of_a_stranger_or_of_another_time_never_binds_the_issuer() {
        let mismatch = (CheckStatus::Fail, Code::ControllerMismatch);
        let unchecked = (CheckStatus::CouldNotCheck, Code::SealChainUnchecked);
        let college = by_the_college();
        let unnamed = issued_by(json!({}));
        // The name alone says nothing, nor does an identifier outside the certificate's own attribute for it.
        let namesake = Made { name: "O=Example College,C=XX", ..leaf() };
        let double = Made { name: "2.5.4.97=VATXX-2,2.5.4.97=VATXX-1,C=XX", ..leaf() };
        for (payload, made, expected) in [
            (&college, other(), mismatch),
            (&college, namesake, mismatch),
            (&college, double, mismatch),
            (&unnamed, certificate(), unchecked),
            (&college, Made { signer: key(2), ..certificate() }, unchecked),
            (&college, Made { issuer: "CN=Elsewhere", ..certificate() }, unchecked),
            (&college, Made { window: (TODAY - 9, TODAY - 1), ..certificate() }, unchecked),
            (&college, Made { window: (TODAY + 1, TODAY + 9), ..certificate() }, unchecked),
        ] {
            let secured = opened(&sealed(payload, std::slice::from_ref(&made), |_| {}), true).await;
            assert_eq!(verdict(&secured, CheckId::Controller), expected, "{}", made.name);
            assert_eq!(secured.issuer_id, None);
        }
    }

    #[tokio::test]
    async fn changed_content_or_a_second_copy_of_it_is_refused() {
        let edited = by_the_college().replace("org:1", "org:2");
        let changed = sealed(&by_the_college(), &[certificate()], |container| container["payload"] = json!(edited));
        let secured = opened(&changed, true).await;
        assert_eq!(verdict(&secured, CheckId::Proof), (CheckStatus::Fail, Code::SignatureInvalid));
        let mut second = sealed(&by_the_college(), &[certificate()], |_| {});
        second.document = Document::Json(json!({ "issuer": "urn:y" }).into());
        let secured = opened(&second, true).await;
        assert_eq!(verdict(&secured, CheckId::Proof), (CheckStatus::Fail, Code::SealInvalid));
        assert_eq!(secured.issuer_id, None);
    }

    #[tokio::test]
    async fn broken_certificates_end_in_a_verdict() {
        let whole = certificate().der();
        for end in (0..whole.len()).step_by(7) {
            let header = json!({ "alg": "ES256", "x5c": [STANDARD.encode(&whole[..end])] });
            let protected = URL_SAFE_NO_PAD.encode(header.to_string());
            let broken = sealed(&by_the_college(), &[certificate()], |container| {
                container["signatures"][0]["protected"] = json!(protected);
            });
            let secured = opened(&broken, true).await;
            assert_eq!(verdict(&secured, CheckId::Proof), (CheckStatus::Fail, Code::CertificateInvalid));
        }
    }
}
