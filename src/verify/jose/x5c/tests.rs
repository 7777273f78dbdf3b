//! Chains made by the test: an authority, the leaf that it certifies, and what can be wrong with either.

use super::*;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use serde_json::json;
use std::time::Duration;
use x509_cert::TbsCertificate;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::{BitString, GeneralizedTime, OctetString};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsages;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

struct Made {
    name: &'static str,
    issuer: &'static str,
    key: SigningKey,
    signer: SigningKey,
    /// First and last day, as days since 1970.
    window: (u64, u64),
    is_authority: bool,
    usage: Option<KeyUsages>,
}

/// 2026-06-01
const TODAY: u64 = 20_605;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

fn authority() -> Made {
    let (name, issuer, window) = ("CN=Authority", "CN=Authority", (TODAY - 900, TODAY + 900));
    Made { name, issuer, key: key(9), signer: key(9), window, is_authority: true, usage: Some(KeyUsages::KeyCertSign) }
}

fn leaf() -> Made {
    let (name, issuer, window) = ("CN=Example College", "CN=Authority", (TODAY - 90, TODAY + 90));
    Made { name, issuer, key: key(1), signer: key(9), window, is_authority: false, usage: Some(KeyUsages::DigitalSignature) }
}

impl Made {
    fn encoded(&self) -> String {
        let algorithm = AlgorithmIdentifierOwned { oid: ECDSA_SHA256.parse().unwrap(), parameters: None };
        let time =
            |days: u64| Time::GeneralTime(GeneralizedTime::from_unix_duration(Duration::from_secs(days * 86_400)).unwrap());
        let extension =
            |oid, value: Vec<u8>| Extension { extn_id: oid, critical: true, extn_value: OctetString::new(value).unwrap() };
        let constraints = BasicConstraints { ca: self.is_authority, path_len_constraint: None };
        let mut extensions = vec![extension(BasicConstraints::OID, constraints.to_der().unwrap())];
        if let Some(usage) = self.usage {
            extensions.push(extension(KeyUsage::OID, KeyUsage(usage.into()).to_der().unwrap()));
        }
        let spki = self.key.verifying_key().to_public_key_der().unwrap();
        let tbs_certificate = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&[1]).unwrap(),
            signature: algorithm.clone(),
            issuer: self.issuer.parse::<Name>().unwrap(),
            validity: Validity { not_before: time(self.window.0), not_after: time(self.window.1) },
            subject: self.name.parse::<Name>().unwrap(),
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(spki.as_bytes()).unwrap(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        };
        let signature: Signature = self.signer.sign(&tbs_certificate.to_der().unwrap());
        let signature = BitString::from_bytes(signature.to_der().as_bytes()).unwrap();
        STANDARD.encode(Certificate { tbs_certificate, signature_algorithm: algorithm, signature }.to_der().unwrap())
    }
}

fn read_value(x5c: Value) -> Result<Option<Certified>, Check> {
    let at = DateTime::from_timestamp(i64::try_from(TODAY * 86_400).unwrap(), 0).unwrap();
    read(&Map::from_iter([("x5c".to_owned(), x5c)]), at)
}

fn read_chain(chain: &[Made]) -> Result<Option<Certified>, Check> {
    read_value(chain.iter().map(Made::encoded).collect())
}

#[test]
fn the_key_of_the_first_certificate_is_meant() {
    let certified = read_chain(&[leaf(), authority()]).unwrap().unwrap();
    assert_eq!(certified.key, PublicKey::P256(Box::new(*key(1).verifying_key())));
    assert_eq!(certified.lapsed, None);
    assert!(read(&Map::new(), DateTime::UNIX_EPOCH).unwrap().is_none());
}

#[test]
fn a_certificate_counts_only_in_its_time() {
    let code = |chain: &[Made]| read_chain(chain).unwrap().unwrap().lapsed.map(|check| check.code).unwrap_or_default();
    let window = |window| Made { window, ..leaf() };
    assert_eq!(code(&[window((TODAY + 1, TODAY + 9)), authority()]), "certificate_not_yet_valid");
    assert_eq!(code(&[window((TODAY - 9, TODAY - 1)), authority()]), "key_expired");
    assert_eq!(code(&[leaf(), Made { window: (TODAY - 9, TODAY - 1), ..authority() }]), "key_expired");
}

#[test]
fn certificates_that_do_not_certify_one_another_are_refused() {
    let cases = [
        ("signed by another key", vec![Made { signer: key(2), ..leaf() }, authority()]),
        ("of another issuer", vec![Made { issuer: "CN=Somebody", ..leaf() }, authority()]),
        ("certified by no authority", vec![leaf(), Made { is_authority: false, ..authority() }]),
        ("certified by a key for other things", vec![leaf(), Made { usage: Some(KeyUsages::CRLSign), ..authority() }]),
        ("not for signing", vec![Made { usage: Some(KeyUsages::KeyAgreement), ..leaf() }, authority()]),
    ];
    for (name, chain) in cases {
        let check = read_chain(&chain).unwrap_err();
        assert_eq!((check.id, check.code.as_str()), (CheckId::Proof, "certificate_invalid"), "{name}");
    }
}

#[test]
fn what_is_no_chain_of_certificates_is_refused() {
    let many = vec![leaf().encoded(); MAX_CERTIFICATES + 1];
    for x5c in [json!("x"), json!([]), json!([5]), json!(["!"]), json!(["AAAA"]), json!(many)] {
        assert!(read_value(x5c.clone()).is_err(), "{x5c:.60}");
    }
}
