//! `relatedResource`: documents that a credential pins by their digest (VCDM 2.0, §5.3).
//! Comes in: the covered document. Goes out: an `integrity` check when a digest could be compared; else nothing.
//! Must not know: the documents' content. Only documents that were provided are compared; no document is fetched for its digest.

use crate::document::members::each;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, Finding};
use crate::verify::documents::Documents;
use crate::verify::keys::forms::decode_multibase;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};
use ssi_multicodec::MultiEncoded;
use subtle::ConstantTimeEq;

const MAX_RESOURCES: usize = 32;

/// `Some` only for a fault.
pub(crate) async fn check(document: &Value, documents: &Documents) -> Option<Check> {
    for (number, resource) in each(&document["relatedResource"]).take(MAX_RESOURCES).enumerate() {
        let pointer = format!("/relatedResource/{number}");
        let Some(id) = resource["id"].as_str() else { continue };
        if !documents.is_provided(id) {
            continue;
        }
        let Ok(fetched) = documents.get(id, "*/*").await else { continue };
        if !matches(resource, &fetched.bytes) {
            let message = "A document that the credential refers to differs from the document that the issuer signed for.";
            return Some(Check::fail(CheckId::Integrity, Code::RelatedResourceMismatch, message).finding(
                Finding::new(Code::RelatedResourceMismatch, "The digest does not match the document.").at(pointer.as_str()),
            ));
        }
    }
    if each(&document["relatedResource"]).nth(MAX_RESOURCES).is_some() {
        let message = "The credential refers to more documents than the gateway checks.";
        let finding =
            Finding::new(Code::RelatedResourceTooMany, format!("Only the first {MAX_RESOURCES} documents were checked."))
                .at("/relatedResource");
        return Some(Check::warning(CheckId::Integrity, Code::RelatedResourceTooMany, message).finding(finding));
    }
    None
}

/// At least one digest must be given, and every given digest must match.
fn matches(resource: &Value, bytes: &[u8]) -> bool {
    let sri: Vec<&str> = each(&resource["digestSRI"]).filter_map(Value::as_str).collect();
    let multibase: Vec<&str> = each(&resource["digestMultibase"]).filter_map(Value::as_str).collect();
    !(sri.is_empty() && multibase.is_empty())
        && sri.iter().all(|text| fits_sri(text, bytes))
        && multibase.iter().all(|text| fits_multihash(text, bytes))
}

/// `sha384-<base64>`. Of several digests, separated by spaces, one must match (Subresource Integrity).
fn fits_sri(text: &str, bytes: &[u8]) -> bool {
    text.split_ascii_whitespace().any(|one| {
        let Some((algorithm, encoded)) = one.split_once('-') else { return false };
        let encoded = encoded.split('?').next().unwrap_or_default();
        let Ok(expected) = STANDARD.decode(encoded) else { return false };
        let actual = match algorithm {
            "sha256" => Sha256::digest(bytes).to_vec(),
            "sha384" => Sha384::digest(bytes).to_vec(),
            "sha512" => Sha512::digest(bytes).to_vec(),
            _ => return false,
        };
        actual.ct_eq(&expected).into()
    })
}

/// Multibase of a multihash.
fn fits_multihash(text: &str, bytes: &[u8]) -> bool {
    let Ok(decoded) = decode_multibase(text) else { return false };
    let Ok(encoded) = MultiEncoded::new(&decoded) else { return false };
    // The hash's code, then the digest's length in bytes, then the digest.
    let (actual, expected) = match encoded.parts() {
        (ssi_multicodec::SHA2_256, [32, digest @ ..]) => (Sha256::digest(bytes).to_vec(), digest),
        (ssi_multicodec::SHA2_384, [48, digest @ ..]) => (Sha384::digest(bytes).to_vec(), digest),
        (ssi_multicodec::SHA2_512, [64, digest @ ..]) => (Sha512::digest(bytes).to_vec(), digest),
        _ => return false,
    };
    actual.ct_eq(expected).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::documents::Provided;
    use serde_json::json;
    use std::collections::HashMap;

    fn documents() -> Documents {
        Documents::with_provided(
            HashMap::from([("https://example.org/a".to_owned(), Provided::Content(b"hello".to_vec().into()))]),
            None,
        )
    }

    #[tokio::test]
    async fn documents_beyond_the_bound_are_not_passed_over_in_silence() {
        let referring = |count: usize| json!({ "relatedResource": vec![json!({ "id": "https://example.org/b" }); count] });
        assert!(check(&referring(MAX_RESOURCES), &documents()).await.is_none());
        let check = check(&referring(MAX_RESOURCES + 1), &documents()).await.unwrap();
        assert_eq!(check.code, Code::RelatedResourceTooMany);
    }

    #[tokio::test]
    async fn digests_of_both_kinds_are_compared_and_unavailable_documents_left_alone() {
        let sri = format!("sha384-{}", STANDARD.encode(Sha384::digest(b"hello")));
        let multihash = format!("z{}", bs58::encode([&[0x12u8, 0x20][..], &Sha256::digest(b"hello")[..]].concat()).into_string());
        let good = json!({ "relatedResource": [{ "id": "https://example.org/a", "digestSRI": sri, "digestMultibase": multihash }, { "id": "https://example.org/b", "digestSRI": "sha256-x" }] });
        assert!(check(&good, &documents()).await.is_none());
        for wrong in [json!({ "digestSRI": "sha256-AAAA" }), json!({ "digestMultibase": "zAAAA" }), json!({})] {
            let mut resource = wrong;
            resource["id"] = json!("https://example.org/a");
            let check = check(&json!({ "relatedResource": resource }), &documents()).await.unwrap();
            assert_eq!(check.code, Code::RelatedResourceMismatch);
        }
    }
}
