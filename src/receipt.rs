//! Receipts: the signed result of a verification, as evidence for another party.
//! Comes in: a report and its inputs. Goes out: a compact JWS; and the reverse. Receipts of a tenant form a chain.
//! Must not know: the storage of receipts and of the key.

use crate::document::cose::Sign1;
use crate::document::members::each;
use crate::document::{Limits, json};
use crate::jsonld::{Contexts, Edition};
use crate::model::code::Code;
use crate::model::erasure::Erasure;
use crate::model::report::{CheckStatus, Outcome, PolicyRef, VerificationReport};
use crate::verify::keys::PublicKey;
use crate::verify::securing::compact_jws::{CompactJws, JwsError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
pub use ed25519_dalek::SigningKey;
use ed25519_dalek::{Signer, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::json as object;
use sha2::{Digest, Sha256};

/// `typ` of the token.
const TYPE: &str = "skillgate-receipt+jwt";
const ERASURE_TYPE: &str = "skillgate-erasure+jwt";
const VERSION: u32 = 1;

/// Media type of a signed receipt or certificate.
pub const MEDIA_TYPE: &str = "application/jose";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    #[error("this is not a receipt")]
    NotAReceipt,
    #[error("the receipt was changed, or another gateway signed it")]
    NotGenuine,
    #[error("receipt {0} does not follow the previous receipt")]
    BrokenChain(usize),
    #[error("the receipt could not be made")]
    Failed,
}

/// A check in a receipt, without text and personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    pub id: String,
    pub status: CheckStatus,
    pub code: Code,
}

/// The version of a status list that the check read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListVersion {
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// The content of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub version: u32,
    /// The public address of the gateway that made the receipt.
    pub iss: String,
    /// The credential's id in the gateway.
    pub credential_id: String,
    /// Lower-case hex SHA-256 of the bytes as received.
    pub input_sha256: String,
    pub outcome: Outcome,
    pub checks: Vec<CheckResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// Context address → lower-case hex SHA-256 of the used content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status_lists: Vec<ListVersion>,
    pub verified_at: DateTime<Utc>,
    /// Place in the tenant's chain, from 1.
    pub number: u64,
    /// Lower-case hex SHA-256 of the previous receipt; absent for the first receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_sha256: Option<String>,
}

/// The place of a new receipt in its tenant's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEnd {
    pub number: u64,
    /// [`fingerprint`] of the last receipt.
    pub sha256: String,
}

/// The inputs of a receipt besides the report.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    pub gateway: &'a str,
    pub credential_id: &'a str,
    pub input_sha256: &'a str,
    pub contexts: Vec<(String, String)>,
    /// The tenant's last receipt; `None` for the first receipt.
    pub previous: Option<ChainEnd>,
}

impl Receipt {
    pub fn new(report: &VerificationReport, subject: Subject<'_>) -> Self {
        let name = |id: &crate::model::report::CheckId| {
            serde_json::to_value(id).ok().and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default()
        };
        let checks = report
            .checks
            .iter()
            .map(|check| CheckResult { id: name(&check.id), status: check.status, code: check.code })
            .collect();
        let lists = report.checks.iter().filter_map(|check| check.explain.as_ref()?["lists"].as_array()).flatten();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let status_lists = lists
            .filter_map(|list| {
                Some(ListVersion { url: text(&list["url"])?, sha256: text(&list["sha256"]), etag: text(&list["etag"]) })
            })
            .collect();
        Self {
            version: VERSION,
            iss: subject.gateway.to_owned(),
            credential_id: subject.credential_id.to_owned(),
            input_sha256: subject.input_sha256.to_owned(),
            outcome: report.outcome,
            checks,
            policy: report.policy.clone(),
            contexts: subject.contexts,
            status_lists,
            verified_at: report.verified_at,
            number: subject.previous.as_ref().map_or(1, |previous| previous.number + 1),
            previous_sha256: subject.previous.map(|previous| previous.sha256),
        }
    }

    /// Compact JWS, EdDSA; the header names the key by its thumbprint (RFC 7638).
    pub fn sign(&self, key: &SigningKey) -> Result<String, ReceiptError> {
        signed(TYPE, self, key)
    }
}

/// A certificate of erasure as it stood at a moment. It names nobody: only references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureCertificate {
    pub version: u32,
    /// The public address of the gateway that made the certificate.
    pub iss: String,
    pub issued_at: DateTime<Utc>,
    pub erasure: Erasure,
}

impl ErasureCertificate {
    pub fn new(gateway: &str, erasure: Erasure, now: DateTime<Utc>) -> Self {
        Self { version: VERSION, iss: gateway.to_owned(), issued_at: now, erasure }
    }

    /// Compact JWS, as of a receipt.
    pub fn sign(&self, key: &SigningKey) -> Result<String, ReceiptError> {
        signed(ERASURE_TYPE, self, key)
    }
}

fn signed<T: Serialize>(kind: &str, content: &T, key: &SigningKey) -> Result<String, ReceiptError> {
    let header = object!({ "alg": "EdDSA", "typ": kind, "kid": thumbprint(&key.verifying_key()) });
    let payload = serde_json_canonicalizer::to_vec(content).map_err(|_| ReceiptError::Failed)?;
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.sign(input.as_bytes());
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
}

/// Checks one receipt with the gateway's public key.
pub fn verify(token: &str, key: &PublicKey) -> Result<Receipt, ReceiptError> {
    let receipt: Receipt = genuine(TYPE, token, key)?;
    (receipt.version == VERSION).then_some(receipt).ok_or(ReceiptError::NotAReceipt)
}

/// Checks a certificate of erasure with the gateway's public key.
pub fn verify_erasure(token: &str, key: &PublicKey) -> Result<ErasureCertificate, ReceiptError> {
    let certificate: ErasureCertificate = genuine(ERASURE_TYPE, token, key)?;
    (certificate.version == VERSION).then_some(certificate).ok_or(ReceiptError::NotAReceipt)
}

fn genuine<T: serde::de::DeserializeOwned>(kind: &str, token: &str, key: &PublicKey) -> Result<T, ReceiptError> {
    let jws = CompactJws::parse(token).map_err(|_| ReceiptError::NotAReceipt)?;
    if jws.header["typ"].as_str() != Some(kind) {
        return Err(ReceiptError::NotAReceipt);
    }
    jws.verify(key).map_err(|error| match error {
        JwsError::Malformed => ReceiptError::NotAReceipt,
        _ => ReceiptError::NotGenuine,
    })?;
    serde_json::from_slice(&jws.payload).map_err(|_| ReceiptError::NotAReceipt)
}

/// Checks several receipts of one tenant, oldest first: each must be genuine and follow the previous receipt.
pub fn verify_chain(tokens: &[&str], key: &PublicKey) -> Result<Vec<Receipt>, ReceiptError> {
    let mut receipts: Vec<Receipt> = Vec::with_capacity(tokens.len());
    let mut previous: Option<(u64, String)> = None;
    for (position, token) in tokens.iter().enumerate() {
        let receipt = verify(token, key)?;
        let follows = match &previous {
            // The first given receipt need not be the tenant's first receipt.
            None => receipt.number == 1 && receipt.previous_sha256.is_none() || receipt.previous_sha256.is_some(),
            Some((number, sha256)) => receipt.number == number + 1 && receipt.previous_sha256.as_ref() == Some(sha256),
        };
        if !follows {
            return Err(ReceiptError::BrokenChain(position + 1));
        }
        previous = Some((receipt.number, fingerprint(token)));
        receipts.push(receipt);
    }
    Ok(receipts)
}

/// Lower-case hex SHA-256 of a receipt; the next receipt holds it as `previous_sha256`.
pub fn fingerprint(token: &str) -> String {
    hex::encode(Sha256::digest(token.trim().as_bytes()))
}

/// The gateway's public key as a JSON Web Key, for checking receipts.
pub fn public_jwk(key: &VerifyingKey) -> Value {
    object!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key.as_bytes()), "kid": thumbprint(key), "use": "sig", "alg": "EdDSA" })
}

/// Name of the sealed setting with the signing key.
pub const KEY_SETTING: &str = "receipt-signing-key";

/// A new signing key as text, for storage.
pub fn fresh_key() -> String {
    hex::encode(SigningKey::generate(&mut rand::rngs::OsRng).to_bytes())
}

/// Reads a key that [`fresh_key`] made.
pub fn read_key(text: &str) -> Option<SigningKey> {
    let bytes: [u8; 32] = hex::decode(text).ok()?.try_into().ok()?;
    Some(SigningKey::from_bytes(&bytes))
}

/// The contexts that a credential names, each with the digest of every known content for its address.
pub fn contexts_of(credential: &[u8], contexts: &Contexts) -> Vec<(String, String)> {
    let document = match std::str::from_utf8(credential).map(str::trim) {
        Ok(text) if text.starts_with('{') => json::parse(credential, &Limits::default()).ok(),
        Ok(text) => CompactJws::parse(text.split('~').next().unwrap_or_default()).and_then(|token| token.json()).ok(),
        Err(_) => Sign1::read(credential).and_then(|message| json::parse(message.payload, &Limits::default()).ok()),
    };
    let Some(document) = document else { return Vec::new() };
    let named = each(&document["@context"]).chain(each(&document["vc"]["@context"])).filter_map(Value::as_str);
    let mut found = Vec::new();
    for url in named.take(16) {
        for edition in 0..contexts.editions(std::iter::once(url)) {
            let Some(content) = contexts.get(url, Edition(edition)) else { continue };
            let Ok(canonical) = serde_json_canonicalizer::to_vec(content) else { continue };
            found.push((url.to_owned(), hex::encode(Sha256::digest(canonical))));
        }
    }
    found
}

fn thumbprint(key: &VerifyingKey) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(key.as_bytes()));
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::credential::{Format, Securing};
    use crate::model::report::{Check, CheckId};

    fn report() -> VerificationReport {
        let mut status = Check::pass(CheckId::Status, "fine");
        status.explain = Some(object!({ "lists": [{ "url": "https://example.org/l", "sha256": "ab", "etag": null }] }));
        VerificationReport {
            format: Format::OpenBadges3,
            secured_with: Securing::DataIntegrity,
            outcome: Outcome::Attention,
            checks: vec![
                Check::warning(CheckId::Recipient, Code::RecipientUnbound, "says nothing about ada@example.org"),
                status,
            ],
            verified_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            issuer_id: None,
            issuer_name: None,
            policy: None,
            nested: Vec::new(),
        }
    }

    fn subject(previous: Option<&str>, number: u64) -> Subject<'static> {
        let previous = previous.map(|token| ChainEnd { number, sha256: fingerprint(token) });
        Subject { gateway: "https://gate.example.org", credential_id: "c1", input_sha256: "00", contexts: Vec::new(), previous }
    }

    fn public(key: &SigningKey) -> PublicKey {
        PublicKey::from_jwk(&public_jwk(&key.verifying_key())).unwrap()
    }

    #[test]
    fn a_receipt_keeps_codes_and_list_versions_but_no_text() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let token = Receipt::new(&report(), subject(None, 0)).sign(&key).unwrap();
        let receipt = verify(&token, &public(&key)).unwrap();
        assert_eq!(receipt.checks[0].code, Code::RecipientUnbound);
        assert_eq!(receipt.status_lists[0].sha256.as_deref(), Some("ab"));
        assert!(!serde_json::to_string(&receipt).unwrap().contains('@'));
    }

    #[test]
    fn any_change_or_another_key_is_noticed() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let token = Receipt::new(&report(), subject(None, 0)).sign(&key).unwrap();
        assert_eq!(verify(&token, &public(&SigningKey::from_bytes(&[2; 32]))), Err(ReceiptError::NotGenuine));
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, payload) = head.split_once('.').unwrap();
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap().replace("attention", "accepted");
        let forged = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(text));
        assert_eq!(verify(&forged, &public(&key)), Err(ReceiptError::NotGenuine));
        assert_eq!(verify("not a receipt", &public(&key)), Err(ReceiptError::NotAReceipt));
    }

    #[test]
    fn a_missing_or_exchanged_receipt_breaks_the_chain() {
        let key = SigningKey::from_bytes(&[1; 32]);
        let sign = |previous: Option<&str>, number| Receipt::new(&report(), subject(previous, number)).sign(&key).unwrap();
        let first = sign(None, 0);
        let second = sign(Some(&first), 1);
        let third = sign(Some(&second), 2);
        let check = |tokens: &[&str]| verify_chain(tokens, &public(&key)).map(|receipts| receipts.len());
        assert_eq!(check(&[&first, &second, &third]), Ok(3));
        assert_eq!(check(&[&second, &third]), Ok(2));
        assert_eq!(check(&[&first, &third]), Err(ReceiptError::BrokenChain(2)));
        assert_eq!(check(&[&first, &second, &second]), Err(ReceiptError::BrokenChain(3)));
    }
}
