//! One proof: key, message, signature.
//! Comes in: a proof's options and the document. Goes out: the key that verified, or the problem.
//! Must not know: other proofs, the expected signer.

use super::hashing::{Input, Message};
use super::integrity::{self, Seen};
use super::options::{Curve, ProofOptions, Suite};
use super::problem::ProofProblem;
use super::signature::{self, SignatureError};
use super::{ProofRequest, selective};
use crate::jsonld::{Edition, HashAlgorithm};
use crate::verify::keys::{KeyError, PublicKey, ResolvedKey, did};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// A proof whose signature matches.
pub struct Verified {
    pub key: ResolvedKey,
    pub created: Option<DateTime<Utc>>,
    /// The edition of the contexts with which the signature matched.
    pub edition: Edition,
    /// Only on request.
    pub explain: Option<Value>,
    pub seen: Seen,
}

/// A proof that was not accepted, with its key if the key was found.
pub struct Failure {
    pub problem: ProofProblem,
    pub key: Option<ResolvedKey>,
    pub created: Option<DateTime<Utc>>,
    pub explain: Option<Value>,
    pub seen: Seen,
}

pub async fn verify(
    document: &Map<String, Value>,
    options: &ProofOptions<'_>,
    previous: Vec<&Value>,
    request: &ProofRequest<'_>,
) -> Result<Verified, Failure> {
    let created = options.created;
    let input = |edition, hash| Input {
        document,
        options,
        previous: previous.clone(),
        contexts: request.contexts,
        edition,
        hash,
        explain: request.explain,
    };
    let attempt_with = |key: &PublicKey| {
        let hash = match (key, options.suite) {
            (PublicKey::P384(_), Suite::Rdfc(Curve::Nist) | Suite::Jcs(Curve::Nist)) => HashAlgorithm::Sha384,
            _ => HashAlgorithm::Sha256,
        };
        let editions = match options.suite {
            Suite::Jcs(_) => 1,
            _ => request.contexts.editions(integrity::context_urls(document).into_iter()),
        };
        let mut first_failure = None;
        for edition in (0..editions).map(Edition) {
            match attempt(&input(edition, hash), key) {
                Ok((explain, seen)) => return Ok((edition, explain, seen)),
                Err(failure) => first_failure = first_failure.or(Some(failure)),
            }
        }
        Err(first_failure.unwrap_or_else(|| (ProofProblem::mismatch(), None, Seen::default())))
    };
    let key = match request.keys.resolve(options.verification_method, request.purpose, created).await {
        Ok(key) => key,
        Err(error) => {
            // Faults of the document itself are visible without the key.
            let message = input(Edition::default(), HashAlgorithm::Sha256).message();
            let (problem, seen) = match message {
                Ok(message) => (without_key(error, options.verification_method, attempt_with), message.seen),
                Err(problem) => (problem, Seen::default()),
            };
            return Err(Failure { problem, key: None, created, explain: None, seen });
        }
    };
    match attempt_with(&key.key) {
        Ok((edition, explain, seen)) => Ok(Verified { key, created, edition, explain, seen }),
        Err((problem, explain, seen)) => Err(Failure { problem, key: Some(key), created, explain, seen }),
    }
}

/// The problem when the document with the key is not available. When the method's name contains a key, a signature that does not
/// match that key is a failure. A match proves nothing, because anybody can write such a name.
fn without_key<T>(
    error: KeyError,
    verification_method: &str,
    attempt_with: impl Fn(&PublicKey) -> Result<T, AttemptFailure>,
) -> ProofProblem {
    let spelled = match error {
        KeyError::Unavailable(_) => did::fragment(verification_method).and_then(|name| PublicKey::from_multikey(name).ok()),
        KeyError::Invalid(_) | KeyError::Unsupported(_) => None,
    };
    match spelled.map(|key| attempt_with(&key)) {
        Some(Err((problem, ..))) if problem.code == ProofProblem::mismatch().code => {
            let detail = "the signature does not match the key in its own key name".to_owned();
            ProofProblem { detail, ..problem }
        }
        _ => error.into(),
    }
}

type AttemptFailure = (ProofProblem, Option<Value>, Seen);

fn attempt(input: &Input<'_>, key: &PublicKey) -> Result<(Option<Value>, Seen), AttemptFailure> {
    let options = input.options;
    let plain = |problem: ProofProblem| (problem, None, Seen::default());
    if options.suite.is_selective() {
        return selective::attempt(input, key).map_err(plain);
    }
    let Message { bytes, explain, seen } = input.message().map_err(plain)?;
    let checked = match options.suite {
        Suite::Rdfc(curve) | Suite::Jcs(curve) => {
            let value = decode_base58(options.value).map_err(plain)?;
            match curve {
                Curve::Ed25519 => signature::ed25519(key, &bytes, &value),
                Curve::Nist if matches!(key, PublicKey::Secp256k1(_)) => Err(SignatureError::WrongKey),
                Curve::Nist => signature::ecdsa(key, &bytes, &value),
            }
        }
        Suite::DetachedJws(algorithms) => detached_jws(options.value, algorithms, key, &bytes).map_err(plain)?,
        Suite::EcdsaSd | Suite::Bbs => Err(SignatureError::Malformed),
    };
    match checked {
        Ok(()) => {
            let named = |message| json!({"verification_method": options.verification_method, "message": message});
            Ok((explain.map(named), seen))
        }
        Err(SignatureError::Mismatch) => Err((ProofProblem::mismatch(), explain, seen)),
        Err(error) => Err((ProofProblem::malformed(error.to_string()), explain, seen)),
    }
}

/// Multibase base58btc (Controlled Identifiers 1.0 §2.4), at most the length of the longest signature.
fn decode_base58(value: &str) -> Result<Vec<u8>, ProofProblem> {
    let digits = value.strip_prefix('z').filter(|digits| digits.len() <= 200);
    let decoded = digits.and_then(|digits| bs58::decode(digits).into_vec().ok());
    decoded.ok_or_else(|| ProofProblem::malformed("the proof's value is not a signature in base58".to_owned()))
}

/// A JWS with an unencoded, detached payload (RFC 7797), as the suites before Data Integrity use it.
fn detached_jws(
    jws: &str,
    algorithms: &[&str],
    key: &PublicKey,
    payload: &[u8],
) -> Result<Result<(), SignatureError>, ProofProblem> {
    let malformed = |what: &str| ProofProblem::malformed(format!("the proof's jws {what}"));
    let mut parts = jws.split('.');
    let (Some(header), Some(""), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(malformed("is not a detached signature"));
    };
    let bytes = URL_SAFE_NO_PAD.decode(header).map_err(|_| malformed("has a broken header"))?;
    let members: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| malformed("has a broken header"))?;
    let unencoded = members.get("b64") == Some(&Value::Bool(false)) && members.get("crit") == Some(&json!(["b64"]));
    let known = members.keys().all(|name| matches!(name.as_str(), "alg" | "b64" | "crit" | "typ" | "kid"));
    if !unencoded || !known {
        return Err(malformed("has a header that is not allowed here"));
    }
    let algorithm = members.get("alg").and_then(Value::as_str).filter(|algorithm| algorithms.contains(algorithm));
    let algorithm = algorithm.ok_or_else(|| malformed("uses an algorithm that is not allowed here"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| malformed("has a broken signature"))?;
    let signed = [header.as_bytes(), b".", payload].concat();
    Ok(signature::jose(algorithm, key, &signed, &signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonld::{self, Contexts};
    use crate::model::code::Code;
    use crate::model::report::{Check, CheckStatus};
    use crate::verify::documents::Documents;
    use crate::verify::keys::{KeyResolver, Purpose};
    use ed25519_dalek::{Signer, SigningKey};

    const ISSUER: &str = "https://example.org/issuers/1";

    fn multikey(key: &SigningKey) -> String {
        format!("z{}", bs58::encode([&[0xed, 0x01], key.verifying_key().as_bytes().as_slice()].concat()).into_string())
    }

    /// Signed with `key` (eddsa-jcs-2022), by a method of an issuer whose document is not available.
    fn signed(key: &SigningKey, method_name: &str) -> Value {
        signed_by(key, &format!("{ISSUER}#{method_name}"))
    }

    fn signed_by(key: &SigningKey, method: &str) -> Value {
        let mut document = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
            "issuer": ISSUER, "credentialSubject": {"id": "did:example:ada"}});
        let mut proof = json!({"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod",
            "verificationMethod": method});
        let digest = |value: &Value| HashAlgorithm::Sha256.digest(jsonld::jcs::canonical(value).as_bytes());
        let signature = key.sign(&[digest(&proof), digest(&document)].concat());
        proof["proofValue"] = json!(format!("z{}", bs58::encode(signature.to_bytes()).into_string()));
        document["proof"] = proof;
        document
    }

    async fn checked(document: &Value) -> (Check, Check) {
        let at = "2026-06-01T00:00:00Z".parse().unwrap();
        let (contexts, keys) = (Contexts::built_in(), KeyResolver::new(Documents::default(), at));
        let (challenge, domain) = (None, None);
        let purpose = Purpose::AssertionMethod;
        let request = ProofRequest { contexts: &contexts, keys: &keys, purpose, at, challenge, domain, explain: false };
        let verdict = crate::verify::securing::proof::verify(document, Some(ISSUER), &request).await;
        assert_eq!(verdict.proven_controller, None);
        (verdict.proof, verdict.controller)
    }

    #[tokio::test]
    async fn a_key_spelled_in_a_methods_name_never_confirms_a_signature() {
        let key = SigningKey::from_bytes(&[1; 32]);
        for name in [multikey(&key), "key-1".to_owned(), "z6Mk".to_owned()] {
            let (proof, controller) = checked(&signed(&key, &name)).await;
            assert_eq!((proof.status, proof.code), (CheckStatus::CouldNotCheck, Code::KeyUnavailable), "{name}");
            assert_ne!(controller.status, CheckStatus::Pass, "{name}");
        }
    }

    #[tokio::test]
    async fn a_key_spelled_in_a_methods_name_contradicts_what_another_key_or_hand_made() {
        let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let mut tampered = signed(&key, &multikey(&key));
        tampered["credentialSubject"]["id"] = json!("did:example:mallory");
        for document in [signed(&key, &multikey(&other)), tampered] {
            let (proof, _) = checked(&document).await;
            assert_eq!((proof.status, proof.code), (CheckStatus::Fail, Code::SignatureInvalid), "{}", proof.message);
        }
    }

    #[tokio::test]
    async fn a_key_of_another_did_is_not_the_issuers_even_when_its_document_is_not_to_be_had() {
        let key = SigningKey::from_bytes(&[1; 32]);
        for method in ["did:example:other#key-1", "did:web:other.example.org#key-1"] {
            let (proof, controller) = checked(&signed_by(&key, method)).await;
            assert_eq!(proof.status, CheckStatus::CouldNotCheck, "{method}");
            assert_eq!((controller.status, controller.code), (CheckStatus::Fail, Code::ControllerMismatch), "{method}");
        }
        let (_, controller) = checked(&signed_by(&key, "https://keys.example.org/1#key-1")).await;
        assert_ne!(controller.status, CheckStatus::Fail, "a web address may hold the issuer's key");
    }
}
