//! `relatedResource`: documents that a credential pins by their digest (VCDM 2.0, §5.3).
//! Comes in: the covered document. Goes out: an `integrity` check when a digest could be compared, else nothing.
//! Must not know: the documents' content. Only provided documents are compared, and contexts whose published digests are
//! known; no document is fetched for its digest.

use crate::document::members::each;
use crate::jsonld::digests;
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus, Finding};
use crate::verify::documents::Documents;
use crate::verify::keys::forms::decode_multibase;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};
use ssi_multicodec::MultiEncoded;

const MAX_RESOURCES: usize = 32;

/// `Some` only for a fault.
pub(crate) async fn check(document: &Value, documents: &Documents) -> Option<Check> {
    for (number, resource) in each(&document["relatedResource"]).take(MAX_RESOURCES).enumerate() {
        let pointer = format!("/relatedResource/{number}");
        let Some(id) = resource["id"].as_str() else { continue };
        if !documents.is_provided(id) {
            match against_published(resource, id) {
                None | Some(CheckStatus::Pass) => continue,
                Some(status) => return Some(other_edition(status, &pointer)),
            }
        }
        let Ok(fetched) = documents.get(id, "*/*").await else { continue };
        let digest = |algorithm: Algorithm| vec![algorithm.digest(&fetched.bytes)];
        if !matches(resource, &digest) {
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

/// Compares a built-in context with its published digests. `None`: the context is not built in.
fn against_published(resource: &Value, id: &str) -> Option<CheckStatus> {
    let first = digests::of(id).next()?;
    let known = |algorithm: Algorithm| {
        digests::of(id).filter_map(|published| hex::decode(published.digests[algorithm as usize]).ok()).collect()
    };
    Some(match (matches(resource, &known), first.is_fixed) {
        (true, _) => CheckStatus::Pass,
        (false, true) => CheckStatus::Fail,
        // Publishers replaced some contexts under the same address, so the issuer may have used an edition that the gateway does not know.
        (false, false) => CheckStatus::Warning,
    })
}

fn other_edition(status: CheckStatus, pointer: &str) -> Check {
    let message = match status {
        CheckStatus::Fail => "The credential states a digest for its vocabulary that belongs to another document.",
        _ => "The credential requires an edition of a vocabulary that the gateway does not know.",
    };
    let finding =
        Finding::new(Code::RelatedResourceMismatch, "The digest matches no published edition of the vocabulary.").at(pointer);
    Check::new(CheckId::Integrity, status, Code::RelatedResourceMismatch, message).finding(finding)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }
}

/// The digests that a document may have, one per edition.
type Digests<'a> = &'a dyn Fn(Algorithm) -> Vec<Vec<u8>>;

/// At least one digest must be given, and every given digest must match.
fn matches(resource: &Value, digests: Digests<'_>) -> bool {
    let sri: Vec<&str> = each(&resource["digestSRI"]).filter_map(Value::as_str).collect();
    let multibase: Vec<&str> = each(&resource["digestMultibase"]).filter_map(Value::as_str).collect();
    !(sri.is_empty() && multibase.is_empty())
        && sri.iter().all(|text| fits_sri(text, digests))
        && multibase.iter().all(|text| fits_multihash(text, digests))
}

/// Whether the bytes are those that a text of Subresource Integrity pins.
pub(super) fn is_pinned(text: &str, bytes: &[u8]) -> bool {
    fits_sri(text, &|algorithm| vec![algorithm.digest(bytes)])
}

/// `sha384-<base64>`. Of several digests, separated by spaces, one must match (Subresource Integrity).
fn fits_sri(text: &str, digests: Digests<'_>) -> bool {
    text.split_ascii_whitespace().any(|one| {
        let Some((algorithm, encoded)) = one.split_once('-') else { return false };
        let encoded = encoded.split('?').next().unwrap_or_default();
        let Ok(expected) = STANDARD.decode(encoded) else { return false };
        let algorithm = match algorithm {
            "sha256" => Algorithm::Sha256,
            "sha384" => Algorithm::Sha384,
            "sha512" => Algorithm::Sha512,
            _ => return false,
        };
        digests(algorithm).contains(&expected)
    })
}

/// Multibase of a multihash.
fn fits_multihash(text: &str, digests: Digests<'_>) -> bool {
    let Ok(decoded) = decode_multibase(text) else { return false };
    let Ok(encoded) = MultiEncoded::new(&decoded) else { return false };
    // The hash's code, then the digest's length in bytes, then the digest.
    let (algorithm, expected) = match encoded.parts() {
        (ssi_multicodec::SHA2_256, [32, digest @ ..]) => (Algorithm::Sha256, digest),
        (ssi_multicodec::SHA2_384, [48, digest @ ..]) => (Algorithm::Sha384, digest),
        (ssi_multicodec::SHA2_512, [64, digest @ ..]) => (Algorithm::Sha512, digest),
        _ => return false,
    };
    digests(algorithm).iter().any(|digest| digest == expected)
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
    async fn a_built_in_vocabulary_is_held_against_the_digest_that_it_was_published_with() {
        let model = "https://www.w3.org/ns/credentials/v2";
        let right = hex::decode("59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734").unwrap();
        let pinned = |id: &str, digest: &[u8]| {
            let sri = format!("sha256-{}", STANDARD.encode(digest));
            json!({ "relatedResource": { "id": id, "digestSRI": sri } })
        };
        assert!(check(&pinned(model, &right), &documents()).await.is_none());
        let other = check(&pinned(model, &[7; 32]), &documents()).await.unwrap();
        assert_eq!((other.status, other.code), (CheckStatus::Fail, Code::RelatedResourceMismatch));
        // This address has had several contents.
        let badge = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
        let unknown = check(&pinned(badge, &[7; 32]), &documents()).await.unwrap();
        assert_eq!((unknown.status, unknown.code), (CheckStatus::Warning, Code::RelatedResourceMismatch));
        for published in digests::of(badge) {
            let digest = hex::decode(published.digests[0]).unwrap();
            assert!(check(&pinned(badge, &digest), &documents()).await.is_none());
        }
        assert!(check(&pinned("https://vocabulary.example.org/v1", &[7; 32]), &documents()).await.is_none(), "not at hand");
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
