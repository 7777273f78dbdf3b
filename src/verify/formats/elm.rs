//! European Digital Credentials (ELM 3): the JAdES seal around a credential.
//! Comes in: the sealed file. Goes out: whether the seal matches the content. The sealing certificate's authority is not checked,
//! and the report says so.
//! Must not know: the credential's content.

use crate::document::{Limits, json};
use crate::model::code::Code;
use crate::model::credential::{Document, Format, ReceivedCredential, Securing};
use crate::model::report::{Check, CheckId};
use crate::verify::SecuredDocument;
use crate::verify::checks::validity;
use crate::verify::keys::PublicKey;
use crate::verify::securing::proof::signature;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::Value;

const ASK: &str = "Ask the candidate for the credential as it was downloaded from the issuer or from Europass.";
/// Header extensions of JAdES baseline seals that need no processing to check the signature itself (ETSI TS 119 182-1).
const UNDERSTOOD: [&str; 8] = ["b64", "sigT", "adoTst", "sigPl", "sigPId", "srCms", "srAts", "x5t#o"];

/// The seal's verdict for a sealed document; `None` for every other file.
pub(crate) fn open(received: &ReceivedCredential, at: DateTime<Utc>) -> Option<SecuredDocument> {
    let Document::Json(content) = &received.document else { return None };
    if received.media_type != "application/jose+json" {
        return None;
    }
    let container = json::parse(&received.bytes, &Limits::default()).ok()?;
    let (proof, controller) = match check(&container, content) {
        Ok(certificate) => (
            Check::pass(CheckId::Proof, "The seal matches the content: nothing was changed after sealing."),
            chain(&certificate, at),
        ),
        Err(problem) => (problem, Check::not_applicable(CheckId::Controller, "Not checked, because the seal does not match.")),
    };
    let checks = vec![
        Check::pass(CheckId::Format, format!("The file is a sealed {}.", Format::Elm3.title())),
        Check::not_applicable(CheckId::Context, "The seal covers the file's text, so vocabularies do not matter."),
        proof,
        controller,
        Check::pass(CheckId::Integrity, "The seal covers everything that was read from the file."),
        validity::check(content, None, at),
    ];
    Some(SecuredDocument {
        format: Format::Elm3,
        secured_with: Securing::VcJwt,
        json: Some(content.clone()),
        issuer_id: None,
        checks,
    })
}

/// The parts of the sealing certificate that are read.
struct Certificate {
    public_key: Vec<u8>,
    not_before: Option<DateTime<Utc>>,
    not_after: Option<DateTime<Utc>>,
}

/// Every signature of the container must match the content that is read.
fn check(container: &Value, content: &Value) -> Result<Certificate, Check> {
    let broken = |detail: &str| Check::fail(CheckId::Proof, Code::SealInvalid, format!("The seal is broken: {detail}."));
    let payload = container["payload"].as_str().ok_or_else(|| broken("it holds no content"))?;
    // The content must be read from the bytes under the seal, not from a second copy.
    let sealed = json::parse(payload.as_bytes(), &Limits::default()).ok();
    if sealed.as_ref() != Some(content) {
        return Err(broken("the content is not the one that was sealed"));
    }
    let signatures: Vec<&Value> = match &container["signatures"] {
        Value::Array(items) if !items.is_empty() && items.len() <= 8 => items.iter().collect(),
        Value::Null => vec![container],
        _ => return Err(broken("it holds no signature")),
    };
    let mut last = None;
    for signature in signatures {
        last = Some(check_one(signature, payload)?);
    }
    last.ok_or_else(|| broken("it holds no signature"))
}

fn check_one(seal: &Value, payload: &str) -> Result<Certificate, Check> {
    let broken = |detail: &str| Check::fail(CheckId::Proof, Code::SealInvalid, format!("The seal is broken: {detail}."));
    let protected = seal["protected"].as_str().ok_or_else(|| broken("its header is missing"))?;
    let header = URL_SAFE_NO_PAD.decode(protected).ok().and_then(|bytes| json::parse(&bytes, &Limits::default()).ok());
    let header = header.ok_or_else(|| broken("its header can't be read"))?;
    let critical = header["crit"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(unknown) = critical.iter().filter_map(Value::as_str).find(|name| !UNDERSTOOD.contains(name)) {
        let message = format!("The seal uses an extension ({unknown:.40}) that the gateway does not know.");
        return Err(Check::could_not_check(CheckId::Proof, Code::SealUnsupported, message));
    }
    let leaf = header["x5c"][0].as_str().ok_or_else(|| {
        Check::could_not_check(CheckId::Proof, Code::SealUnsupported, "The seal does not carry its certificate.")
    })?;
    let der = STANDARD.decode(leaf.trim()).map_err(|_| broken("its certificate can't be read"))?;
    let certificate = read_certificate(&der).ok_or_else(|| broken("its certificate can't be read"))?;
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", wrapped(&STANDARD.encode(&certificate.public_key)));
    let key = PublicKey::from_pem(&pem).map_err(|_| broken("its certificate holds no usable key"))?;
    let value = seal["signature"]
        .as_str()
        .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
        .ok_or_else(|| broken("its signature can't be read"))?;
    let is_encoded = header["b64"].as_bool() != Some(false);
    let covered = if is_encoded { URL_SAFE_NO_PAD.encode(payload) } else { payload.to_owned() };
    let message = format!("{protected}.{covered}");
    let algorithm = header["alg"].as_str().unwrap_or_default();
    signature::jose(algorithm, &key, message.as_bytes(), &value).map_err(|_| {
        Check::fail(
            CheckId::Proof,
            Code::SignatureInvalid,
            "The seal does not match the content: the content was changed after sealing.",
        )
        .next(ASK)
    })?;
    Ok(certificate)
}

fn wrapped(text: &str) -> String {
    text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>().join("\n")
}

/// The certificate's chain and qualification are not checked; its period of validity is reported.
fn chain(certificate: &Certificate, at: DateTime<Utc>) -> Check {
    let message = match (certificate.not_before, certificate.not_after) {
        (_, Some(until)) if until < at => {
            "The seal's certificate has expired. It could not be checked who owns the certificate, or whether it was valid when the seal was made."
        }
        (Some(from), _) if from > at => "The seal's certificate is not valid yet.",
        _ => "It could not be checked who owns the certificate that made the seal.",
    };
    Check::could_not_check(CheckId::Controller, Code::SealChainUnchecked, message)
}

/// One DER element: tag, content, rest.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0usize, |length, digit| (length << 8) | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// RFC 5280 §4.1: version?, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo.
fn read_certificate(der: &[u8]) -> Option<Certificate> {
    let (0x30, certificate, _) = element(der)? else { return None };
    let (0x30, mut rest, _) = element(certificate)? else { return None };
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (0x30, window, rest) = element(rest)? else { return None };
    let (_, _, rest) = element(rest)?;
    let (0x30, _, after) = element(rest)? else { return None };
    let public_key = rest.get(..rest.len() - after.len())?.to_vec();
    let (from_tag, from, window) = element(window)?;
    let (until_tag, until, _) = element(window)?;
    Some(Certificate { public_key, not_before: time(from_tag, from), not_after: time(until_tag, until) })
}

/// UTCTime (two-digit years, RFC 5280 §4.1.2.5.1) or GeneralizedTime.
fn time(tag: u8, bytes: &[u8]) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('Z')?;
    let full = match tag {
        0x17 => format!("{}{text}", if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" }),
        0x18 => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%S").ok().map(|moment| moment.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::report::CheckStatus;
    use ed25519_dalek::{Signer, SigningKey};
    use serde_json::json;

    /// A certificate with the fields that are read, made by hand; its own signature is not looked at.
    fn certificate(key: &SigningKey) -> Vec<u8> {
        fn der(tag: u8, content: &[u8]) -> Vec<u8> {
            let mut out = vec![tag];
            match content.len() {
                short @ 0..=127 => out.push(short as u8),
                long => out.extend([0x82, (long >> 8) as u8, long as u8]),
            }
            out.extend(content);
            out
        }
        let algorithm = der(0x30, &der(0x06, &[0x2b, 0x65, 0x70]));
        let bits = der(0x03, &[&[0u8], key.verifying_key().as_bytes().as_slice()].concat());
        let spki = der(0x30, &[algorithm.clone(), bits].concat());
        let window = der(0x30, &[der(0x17, b"240101000000Z"), der(0x17, b"250501000000Z")].concat());
        let body =
            [der(0xa0, &der(0x02, &[2])), der(0x02, &[1]), algorithm.clone(), der(0x30, &[]), window, der(0x30, &[]), spki]
                .concat();
        der(0x30, &[der(0x30, &body), algorithm, der(0x03, &[0])].concat())
    }

    fn sealed(payload: &str, edit: impl Fn(&mut Value)) -> ReceivedCredential {
        let key = SigningKey::from_bytes(&[3; 32]);
        let header = json!({ "alg": "EdDSA", "b64": false, "crit": ["b64", "sigT"], "sigT": "2025-02-12T00:00:00Z", "x5c": [STANDARD.encode(certificate(&key))] });
        let protected = URL_SAFE_NO_PAD.encode(header.to_string());
        let signature = URL_SAFE_NO_PAD.encode(key.sign(format!("{protected}.{payload}").as_bytes()).to_bytes());
        let mut container = json!({ "payload": payload, "signatures": [{ "protected": protected, "signature": signature }] });
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

    fn status(received: &ReceivedCredential, id: CheckId) -> (CheckStatus, Code) {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let secured = open(received, at).unwrap();
        let check = secured.checks.into_iter().find(|check| check.id == id).unwrap();
        (check.status, check.code)
    }

    const PAYLOAD: &str = "{\"type\":[\"VerifiableCredential\",\"EuropeanDigitalCredential\"],\"issuer\":{\"id\":\"urn:x\"}}";

    #[test]
    fn a_fitting_seal_proves_the_content_but_not_who_sealed_it() {
        let received = sealed(PAYLOAD, |_| {});
        assert_eq!(status(&received, CheckId::Proof).0, CheckStatus::Pass);
        assert_eq!(status(&received, CheckId::Controller), (CheckStatus::CouldNotCheck, Code::SealChainUnchecked));
    }

    #[test]
    fn changed_content_or_a_second_copy_of_it_is_refused() {
        let changed = sealed(PAYLOAD, |container| container["payload"] = json!(PAYLOAD.replace("urn:x", "urn:y")));
        assert_eq!(status(&changed, CheckId::Proof), (CheckStatus::Fail, Code::SignatureInvalid));
        let mut second = sealed(PAYLOAD, |_| {});
        second.document = Document::Json(json!({ "issuer": "urn:y" }).into());
        assert_eq!(status(&second, CheckId::Proof), (CheckStatus::Fail, Code::SealInvalid));
    }

    #[test]
    fn broken_certificates_end_in_a_verdict() {
        for end in 0..certificate(&SigningKey::from_bytes(&[3; 32])).len() {
            let whole = certificate(&SigningKey::from_bytes(&[3; 32]));
            assert!(read_certificate(&whole[..end]).is_none());
        }
        assert!(read_certificate(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_none());
    }
}
