//! The certificates in a token's header (`x5c`, RFC 7515 §4.1.6): their key, and the faults of the chain.
//! Comes in: a header and the moment. Goes out: the key of the first certificate.
//! Must not know: issuers, trust. No root is trusted here, so a chain proves only that a token is whole; `authorities` finds the owner.

use super::authorities::{self, Doubt, Holder};
use super::{KeyError, KeyResolver, PublicKey};
use crate::model::code::Code;
use crate::model::report::{Check, CheckId, CheckStatus};
use crate::verify::securing::proof::signature;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use rsa::signature::Verifier;
use serde_json::{Map, Value};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName};

/// The longest chain: a leaf, intermediates and a root. Honest chains are shorter.
const MAX_CERTIFICATES: usize = 8;
const MAX_CERTIFICATE_BYTES: usize = 16 << 10;

const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const ECDSA_SHA384: &str = "1.2.840.10045.4.3.3";
const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
const ED25519: &str = "1.3.101.112";

/// The key of a chain's first certificate, with the chain.
#[derive(Debug)]
pub struct Certified {
    pub key: PublicKey,
    /// The failed check, when a certificate of the chain is not valid at this moment.
    pub lapsed: Option<Check>,
    /// The certificates in DER, the key's own first.
    pub chain: Vec<Vec<u8>>,
}

/// `None` without certificates, and for a key of an unsupported kind.
///
/// # Errors
/// The failed check, when the chain is broken.
pub fn read(header: &Map<String, Value>, at: DateTime<Utc>) -> Result<Option<Certified>, Check> {
    let Some(value) = header.get("x5c") else { return Ok(None) };
    let (encoded, chain) =
        certificates(value).ok_or_else(|| broken("the certificates that came with the token can't be read"))?;
    let Some(leaf) = chain.first() else { return Ok(None) };
    let key = match key_of(leaf) {
        Ok(key) => key,
        Err(KeyError::Unsupported(_)) => return Ok(None),
        Err(_) => return Err(broken("the certificate that came with the token holds no usable key")),
    };
    if key_usage(leaf).is_some_and(|usage| !usage.digital_signature() && !usage.non_repudiation()) {
        return Err(broken("the certificate that came with the token is not meant for signing"));
    }
    for pair in chain.windows(2) {
        if let [below, above] = pair
            && !certifies(above, below)
        {
            return Err(broken("the certificates that came with the token do not certify one another"));
        }
    }
    Ok(Some(Certified { key, lapsed: chain.iter().find_map(|certificate| lapsed(certificate, at)), chain: encoded }))
}

/// The `controller` check by the policy's authorities; `None` when the chain leads to none of the authorities.
///
/// Codes: `controller_mismatch`, `key_revoked` (fail); `certificate_unconfirmed` (warning).
pub async fn controller(certified: &Certified, issuer: &str, keys: &KeyResolver, at: DateTime<Utc>) -> Option<Check> {
    let check = match keys.authorities.vouch(&certified.chain, Holder::Issuer(issuer), at, &keys.documents).await {
        Err(Doubt::Nobody) => return None,
        Ok(authority) => {
            Check::pass(CheckId::Controller, format!("\"{authority}\" certifies that the key belongs to {issuer:.200}."))
        }
        Err(Doubt::OtherName { authority }) => {
            let detail = format!("\"{authority}\" certifies the key for someone other than the named issuer, {issuer:.200}");
            Check::fail(CheckId::Controller, Code::ControllerMismatch, &detail).found()
        }
        Err(Doubt::Withdrawn { authority }) => {
            let detail = format!("\"{authority}\" has withdrawn the certificate of the key that signed this document");
            Check::fail(CheckId::Controller, Code::KeyRevoked, &detail).found()
        }
        Err(Doubt::NotAsked { authority }) => {
            let detail = format!(
                "\"{authority}\" certifies that the key belongs to {issuer:.200}, but it could not be checked whether the authority has withdrawn the certificate"
            );
            Check::new(CheckId::Controller, CheckStatus::Warning, Code::CertificateUnconfirmed, &detail).found()
        }
    };
    Some(check)
}

/// The owner that the key's certificate names: a URI, a host (as an https URL), or else the distinguished name of its subject
/// (RFC 4514). Only an authority can confirm this name.
pub fn subject(certified: &Certified) -> Option<String> {
    let leaf = Certificate::from_der(certified.chain.first()?).ok()?;
    let alternatives = leaf.tbs_certificate.get::<SubjectAltName>().ok()?.map(|(_, names)| names.0).unwrap_or_default();
    let uri = alternatives.iter().find_map(|name| match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
        _ => None,
    });
    let host = || {
        alternatives.iter().find_map(|name| match name {
            GeneralName::DnsName(host) if !host.as_str().starts_with('*') => Some(format!("https://{}", host.as_str())),
            _ => None,
        })
    };
    let name = || Some(leaf.tbs_certificate.subject.to_string()).filter(|name| !name.is_empty());
    uri.or_else(host).or_else(name)
}

/// The identifier of the organisation that the key's certificate names. Only an authority can confirm this identifier.
pub fn organisation(certified: &Certified) -> Option<String> {
    authorities::organisation(&Certificate::from_der(certified.chain.first()?).ok()?)
}

fn broken(detail: &str) -> Check {
    Check::fail(CheckId::Proof, Code::CertificateInvalid, detail).found()
}

fn certificates(value: &Value) -> Option<(Vec<Vec<u8>>, Vec<Certificate>)> {
    let all = value.as_array().filter(|all| (1..=MAX_CERTIFICATES).contains(&all.len()))?;
    let read = |text: &Value| {
        let der = STANDARD.decode(text.as_str()?).ok().filter(|der| der.len() <= MAX_CERTIFICATE_BYTES)?;
        let certificate = Certificate::from_der(&der).ok()?;
        Some((der, certificate))
    };
    all.iter().map(read).collect()
}

fn key_of(certificate: &Certificate) -> Result<PublicKey, KeyError> {
    let der = certificate.tbs_certificate.subject_public_key_info.to_der();
    PublicKey::from_spki(&der.map_err(|_| KeyError::Invalid("the certificate's key is broken".to_owned()))?)
}

fn key_usage(certificate: &Certificate) -> Option<KeyUsage> {
    certificate.tbs_certificate.get::<KeyUsage>().ok()?.map(|(_, usage)| usage)
}

/// RFC 5280 §6.1.3 (a)(1) and (4), §6.1.4 (k) and (n). A signature of an unsupported kind is no fault: no verdict depends on it.
fn certifies(above: &Certificate, below: &Certificate) -> bool {
    if above.tbs_certificate.subject != below.tbs_certificate.issuer {
        return false;
    }
    let is_authority = matches!(above.tbs_certificate.get::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca);
    if !is_authority || key_usage(above).is_some_and(|usage| !usage.key_cert_sign()) {
        return false;
    }
    let (Ok(key), Ok(message), Some(signature)) = (key_of(above), below.tbs_certificate.to_der(), below.signature.as_bytes())
    else {
        return true;
    };
    let algorithm = below.signature_algorithm.oid.to_string();
    signature_fits(&algorithm, &key, &message, signature).unwrap_or(true)
}

/// `None` for an unsupported kind of signature.
fn signature_fits(algorithm: &str, key: &PublicKey, message: &[u8], signed: &[u8]) -> Option<bool> {
    let fits = match (algorithm, key) {
        (ECDSA_SHA256, PublicKey::P256(key)) => {
            p256::ecdsa::Signature::from_der(signed).is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }
        (ECDSA_SHA384, PublicKey::P384(key)) => {
            p384::ecdsa::Signature::from_der(signed).is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }
        (RSA_SHA256, PublicKey::Rsa(_)) => signature::jose("RS256", key, message, signed).is_ok(),
        (ED25519, PublicKey::Ed25519(_)) => signature::ed25519(key, message, signed).is_ok(),
        (ECDSA_SHA256, PublicKey::Rsa(_) | PublicKey::Ed25519(_))
        | (ECDSA_SHA384, PublicKey::Rsa(_) | PublicKey::Ed25519(_))
        | (RSA_SHA256, PublicKey::P256(_) | PublicKey::P384(_) | PublicKey::Ed25519(_))
        | (ED25519, PublicKey::P256(_) | PublicKey::P384(_) | PublicKey::Rsa(_)) => false,
        _ => return None,
    };
    Some(fits)
}

/// RFC 5280 §6.1.3 (a)(2).
fn lapsed(certificate: &Certificate, at: DateTime<Utc>) -> Option<Check> {
    let window = &certificate.tbs_certificate.validity;
    let now = u64::try_from(at.timestamp()).unwrap_or(0);
    if now < window.not_before.to_unix_duration().as_secs() {
        let detail = "the certificate of the key that signed this is not valid yet";
        return Some(Check::fail(CheckId::Controller, Code::CertificateNotYetValid, detail).found());
    }
    if now > window.not_after.to_unix_duration().as_secs() {
        let detail = "the certificate of the key that signed this has expired";
        return Some(Check::fail(CheckId::Controller, Code::KeyExpired, detail).found());
    }
    None
}

#[cfg(test)]
mod tests;
