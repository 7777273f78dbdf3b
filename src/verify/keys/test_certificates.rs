//! Certificates and lists of withdrawn ones, made by tests: an authority, the leaf that it certifies, and whatever may be wrong with them.

use chrono::{DateTime, Utc};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use std::time::Duration;
use x509_cert::certificate::Version;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::der::asn1::{BitString, GeneralizedTime, Ia5String, OctetString};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{BasicConstraints, CrlDistributionPoints, CrlNumber, KeyUsage, KeyUsages, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate};

/// 2026-06-01
pub const TODAY: u64 = 20_605;
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";

/// A certificate before it is made.
#[derive(Clone)]
pub struct Made {
    pub name: &'static str,
    pub issuer: &'static str,
    pub key: SigningKey,
    pub signer: SigningKey,
    /// First and last day, as days since 1970.
    pub window: (u64, u64),
    pub is_authority: bool,
    pub usage: Option<KeyUsages>,
    pub uris: &'static [&'static str],
    pub hosts: &'static [&'static str],
    /// Where its authority lists what it has withdrawn.
    pub list: Option<&'static str>,
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

pub fn today() -> DateTime<Utc> {
    DateTime::from_timestamp(i64::try_from(TODAY * 86_400).unwrap(), 0).unwrap()
}

/// Has key 9.
pub fn authority() -> Made {
    Made {
        name: "CN=Authority",
        issuer: "CN=Authority",
        key: key(9),
        signer: key(9),
        window: (TODAY - 900, TODAY + 900),
        is_authority: true,
        usage: Some(KeyUsages::KeyCertSign),
        uris: &[],
        hosts: &[],
        list: None,
    }
}

/// Has key 1; certified by [`authority`].
pub fn leaf() -> Made {
    Made {
        name: "CN=Example College",
        key: key(1),
        window: (TODAY - 90, TODAY + 90),
        is_authority: false,
        usage: Some(KeyUsages::DigitalSignature),
        ..authority()
    }
}

fn time(days: u64) -> Time {
    Time::GeneralTime(GeneralizedTime::from_unix_duration(Duration::from_secs(days * 86_400)).unwrap())
}

fn extension(oid: x509_cert::der::oid::ObjectIdentifier, critical: bool, value: &impl Encode) -> Extension {
    Extension { extn_id: oid, critical, extn_value: OctetString::new(value.to_der().unwrap()).unwrap() }
}

fn algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: ECDSA_SHA256.parse().unwrap(), parameters: None }
}

fn sign(signer: &SigningKey, message: &[u8]) -> BitString {
    let signature: Signature = signer.sign(message);
    BitString::from_bytes(signature.to_der().as_bytes()).unwrap()
}

impl Made {
    pub fn der(&self) -> Vec<u8> {
        let text = |text: &str| Ia5String::new(text).unwrap();
        let constraints = BasicConstraints { ca: self.is_authority, path_len_constraint: None };
        let mut extensions = vec![extension(BasicConstraints::OID, true, &constraints)];
        if let Some(usage) = self.usage {
            extensions.push(extension(KeyUsage::OID, true, &KeyUsage(usage.into())));
        }
        let uris = self.uris.iter().map(|uri| GeneralName::UniformResourceIdentifier(text(uri)));
        let names: Vec<GeneralName> = uris.chain(self.hosts.iter().map(|host| GeneralName::DnsName(text(host)))).collect();
        if !names.is_empty() {
            extensions.push(extension(SubjectAltName::OID, false, &SubjectAltName(names)));
        }
        if let Some(address) = self.list {
            let name = DistributionPointName::FullName(vec![GeneralName::UniformResourceIdentifier(text(address))]);
            let point = DistributionPoint { distribution_point: Some(name), reasons: None, crl_issuer: None };
            extensions.push(extension(CrlDistributionPoints::OID, false, &CrlDistributionPoints(vec![point])));
        }
        let spki = self.key.verifying_key().to_public_key_der().unwrap();
        let tbs_certificate = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&[1]).unwrap(),
            signature: algorithm(),
            issuer: self.issuer.parse::<Name>().unwrap(),
            validity: Validity { not_before: time(self.window.0), not_after: time(self.window.1) },
            subject: self.name.parse::<Name>().unwrap(),
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(spki.as_bytes()).unwrap(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        };
        let signature = sign(&self.signer, &tbs_certificate.to_der().unwrap());
        Certificate { tbs_certificate, signature_algorithm: algorithm(), signature }.to_der().unwrap()
    }

    pub fn pem(&self) -> String {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(self.der());
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }

    /// What this authority has withdrawn, as of some days: every certificate there is, or none.
    pub fn withdrawn(&self, all: bool, window: (u64, u64)) -> Vec<u8> {
        let entry = RevokedCert {
            serial_number: SerialNumber::new(&[1]).unwrap(),
            revocation_date: time(window.0),
            crl_entry_extensions: None,
        };
        let tbs_cert_list = TbsCertList {
            version: Version::V2,
            signature: algorithm(),
            issuer: self.name.parse::<Name>().unwrap(),
            this_update: time(window.0),
            next_update: Some(time(window.1)),
            revoked_certificates: all.then(|| vec![entry]),
            crl_extensions: Some(vec![extension(
                CrlNumber::OID,
                false,
                &CrlNumber(x509_cert::der::asn1::Uint::new(&[1]).unwrap()),
            )]),
        };
        let signature = sign(&self.key, &tbs_cert_list.to_der().unwrap());
        CertificateList { tbs_cert_list, signature_algorithm: algorithm(), signature }.to_der().unwrap()
    }
}
