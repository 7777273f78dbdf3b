//! Signed request objects with `x509_san_dns:`, `x509_hash:` or `verifier_attestation:`: the deployment's certificate or attestation, and
//! its key, ES256. Comes in: PEM texts and a JWT. Goes out: a signer that is known to fit the gateway, and request objects (RFC 9101).

use super::attestation::Attestation;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    #[error("the certificate file holds no PEM certificate, or a broken one")]
    NoCertificate,
    #[error("the certificates are not in order: the host's own comes first, then each one's issuer")]
    Order,
    #[error("the key file holds no P-256 private key in PEM form")]
    NoKey,
    #[error("the certificate does not name {0} as one of its hosts")]
    OtherHost(String),
    #[error("the key does not belong to the certificate or to the attestation")]
    OtherKey,
    #[error("the verifier attestation can't be used: {0}")]
    Attestation(String),
}

/// How long before its end a certificate or an attestation is pointed out.
const NOTICE: Duration = Duration::days(30);

/// Signs request objects. Cheap to clone.
#[derive(Clone)]
pub struct RequestSigner {
    /// When the attestation or the first certificate of the chain runs out.
    pub expires: DateTime<Utc>,
    key: SigningKey,
    identity: Identity,
}

/// What tells wallets who signs.
#[derive(Clone)]
enum Identity {
    Certificate {
        /// The host name in the certificate: the gateway's own.
        host: String,
        /// Base64 DER, leaf first.
        chain: Vec<String>,
        /// Base64url SHA-256 of the leaf.
        leaf_hash: String,
        name: CertificateName,
    },
    Attestation(Attestation),
}

/// By which of its properties a certificate is the client id of the requests that it signs (OpenID4VP 1.0 §5.9.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateName {
    /// Its host name: `x509_san_dns`.
    #[default]
    X509SanDns,
    /// Its hash: `x509_hash`, as the high-assurance profile (HAIP 1.0) wants it.
    X509Hash,
}

impl RequestSigner {
    /// `host`: the gateway's host name, which the certificate must hold among its DNS names.
    pub fn from_pem(certificate_pem: &str, key_pem: &str, host: &str) -> Result<Self, SignerError> {
        let chain = certificates(certificate_pem).ok_or(SignerError::NoCertificate)?;
        let (leaf_bytes, leaf) = chain.first().ok_or(SignerError::NoCertificate)?;
        let in_order = chain.windows(2).all(|pair| match pair {
            [(_, below), (_, above)] => below.tbs_certificate.issuer == above.tbs_certificate.subject,
            _ => true,
        });
        if !in_order {
            return Err(SignerError::Order);
        }
        let secret = secret_key(key_pem)?;
        if !names(leaf, host) {
            return Err(SignerError::OtherHost(host.to_owned()));
        }
        let certified = leaf.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
        if p256::PublicKey::from_sec1_bytes(certified).ok() != Some(secret.public_key()) {
            return Err(SignerError::OtherKey);
        }
        let leaf_hash = URL_SAFE_NO_PAD.encode(Sha256::digest(leaf_bytes));
        let expires =
            chain.iter().filter_map(|(_, certificate)| not_after(certificate)).min().ok_or(SignerError::NoCertificate)?;
        // A wallet has its trust anchors already; the profiles forbid to send one along.
        let sent = chain.iter().enumerate().filter(|(place, (_, certificate))| *place == 0 || !is_anchor(certificate));
        let chain = sent.map(|(_, (der, _))| STANDARD.encode(der)).collect();
        let identity = Identity::Certificate { host: host.to_owned(), chain, leaf_hash, name: CertificateName::default() };
        Ok(Self { expires, key: SigningKey::from(secret), identity })
    }

    /// `attestation`: the JWT in which a third party names the public key of `key_pem`.
    pub fn attested(attestation: &str, key_pem: &str) -> Result<Self, SignerError> {
        let secret = secret_key(key_pem)?;
        let attestation = Attestation::read(attestation, &secret.public_key())?;
        Ok(Self { expires: attestation.expires, key: SigningKey::from(secret), identity: Identity::Attestation(attestation) })
    }

    /// The signer, known to wallets by another property of its certificate.
    pub fn named_by(mut self, wanted: CertificateName) -> Self {
        if let Identity::Certificate { name, .. } = &mut self.identity {
            *name = wanted;
        }
        self
    }

    /// The client id of the requests that it signs (OpenID4VP 1.0 §5.9.3).
    pub fn client_id(&self) -> String {
        match &self.identity {
            Identity::Certificate { host, name: CertificateName::X509SanDns, .. } => format!("x509_san_dns:{host}"),
            Identity::Certificate { leaf_hash, name: CertificateName::X509Hash, .. } => format!("x509_hash:{leaf_hash}"),
            Identity::Attestation(attestation) => format!("verifier_attestation:{}", attestation.subject),
        }
    }

    /// What the operator calls it: the certificate or the attestation.
    pub fn kind(&self) -> &'static str {
        match self.identity {
            Identity::Certificate { .. } => "certificate",
            Identity::Attestation(_) => "attestation",
        }
    }

    /// The host or the name that it stands for.
    pub fn stands_for(&self) -> &str {
        match &self.identity {
            Identity::Certificate { host, .. } => host,
            Identity::Attestation(attestation) => &attestation.subject,
        }
    }

    /// A notice for the operator when the end of the certificate or of the attestation is near or past.
    pub fn notice(&self, now: DateTime<Utc>) -> Option<String> {
        let (kind, day) = (self.kind(), self.expires.format("%Y-%m-%d"));
        match self.expires - now {
            left if left <= Duration::zero() => {
                Some(format!("the {kind} for signed requests expired on {day}: wallets refuse them until it is renewed"))
            }
            left if left <= NOTICE => Some(format!("the {kind} for signed requests expires on {day}: renew it before then")),
            _ => None,
        }
    }

    /// A signed request object.
    pub fn sign(&self, members: &Map<String, Value>) -> String {
        let mut header = json!({"alg": "ES256", "typ": "oauth-authz-req+jwt"});
        match &self.identity {
            Identity::Certificate { chain, .. } => header["x5c"] = json!(chain),
            Identity::Attestation(attestation) => header["jwt"] = json!(attestation.jwt),
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(&Value::Object(members.clone())));
        let signature: Signature = self.key.sign(input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

fn secret_key(pem: &str) -> Result<p256::SecretKey, SignerError> {
    p256::SecretKey::from_pkcs8_pem(pem).or_else(|_| p256::SecretKey::from_sec1_pem(pem)).map_err(|_| SignerError::NoKey)
}

/// Every certificate in the file, as bytes and read; text around them is allowed. `None` when one is broken.
fn certificates(pem: &str) -> Option<Vec<(Vec<u8>, Certificate)>> {
    let block = |part: &str| {
        let (body, _) = part.split_once("-----END CERTIFICATE-----")?;
        let der = STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()?;
        let certificate = Certificate::from_der(&der).ok()?;
        Some((der, certificate))
    };
    pem.split("-----BEGIN CERTIFICATE-----").skip(1).map(block).collect()
}

/// Whether the host is one of the certificate's DNS names, letter by letter: wallets take no wildcard here.
fn names(certificate: &Certificate, host: &str) -> bool {
    let Ok(Some((_, alternatives))) = certificate.tbs_certificate.get::<SubjectAltName>() else { return false };
    alternatives.0.iter().any(|name| matches!(name, GeneralName::DnsName(name) if name.as_str().eq_ignore_ascii_case(host)))
}

fn not_after(certificate: &Certificate) -> Option<DateTime<Utc>> {
    let seconds = certificate.tbs_certificate.validity.not_after.to_unix_duration().as_secs();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)
}

fn is_anchor(certificate: &Certificate) -> bool {
    certificate.tbs_certificate.issuer == certificate.tbs_certificate.subject
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::Verifier;
    use p256::pkcs8::{EncodePrivateKey, LineEnding};

    /// The host's certificate, its issuer, and the root above: made with `openssl` for `gw.example.org` and `*.example.net`.
    fn chain() -> String {
        fixture("chain.pem")
    }

    fn key() -> String {
        fixture("key.pem")
    }

    fn fixture(name: &str) -> String {
        std::fs::read_to_string(format!("{}/tests/fixtures/request-signing/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn refused(certificates: &str, key: &str, host: &str) -> SignerError {
        RequestSigner::from_pem(certificates, key, host).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_request_object_is_signed_with_the_chain_below_the_anchor_in_its_header() {
        let signer = RequestSigner::from_pem(&chain(), &key(), "GW.example.org").unwrap();
        let object = signer.sign(&Map::from_iter([("nonce".to_owned(), json!("n"))]));
        let (input, signature) = object.rsplit_once('.').unwrap();
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap()).unwrap();
        let chain: Vec<Certificate> = header["x5c"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| Certificate::from_der(&STANDARD.decode(item.as_str().unwrap()).unwrap()).unwrap())
            .collect();
        assert_eq!(chain.len(), 2, "the root stays at home");
        assert_eq!(chain[0].tbs_certificate.issuer, chain[1].tbs_certificate.subject);
        let point = chain[0].tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        p256::ecdsa::VerifyingKey::from_sec1_bytes(point).unwrap().verify(input.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn a_certificate_is_known_by_its_host_or_by_its_hash() {
        let signer = RequestSigner::from_pem(&chain(), &key(), "gw.example.org").unwrap();
        assert_eq!(signer.client_id(), "x509_san_dns:gw.example.org");
        let (leaf, _) = certificates(&chain()).unwrap().remove(0);
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(leaf));
        assert_eq!(signer.named_by(CertificateName::X509Hash).client_id(), format!("x509_hash:{hash}"));
    }

    #[test]
    fn the_end_of_the_certificate_is_pointed_out_a_month_before_it() {
        let signer = RequestSigner::from_pem(&chain(), &key(), "gw.example.org").unwrap();
        let notice = |days: i64| signer.notice(signer.expires + Duration::days(days)).unwrap_or_default();
        assert_eq!(notice(-31), "");
        assert!(notice(-29).contains("expires on 20"), "{}", notice(-29));
        assert!(notice(1).contains("expired on 20"), "{}", notice(1));
    }

    #[test]
    fn text_around_the_certificates_is_allowed_and_a_leaf_may_stand_alone() {
        let chain = chain();
        let leaf = chain.split_inclusive("-----END CERTIFICATE-----").next().unwrap();
        let signer = RequestSigner::from_pem(&format!("subject=CN = gw\n{leaf}\n\n"), &key(), "gw.example.org").unwrap();
        let object = signer.sign(&Map::new());
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(object.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!(header["x5c"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_certificate_of_another_host_or_key_is_refused_at_the_start() {
        let other = p256::SecretKey::random(&mut rand::rngs::OsRng).to_pkcs8_pem(LineEnding::LF).unwrap();
        for host in ["w.example.org", "a.example.net", "*.example.net.org", "example.org", ""] {
            assert_eq!(refused(&chain(), &key(), host), SignerError::OtherHost(host.to_owned()));
        }
        assert_eq!(refused(&chain(), &other, "gw.example.org"), SignerError::OtherKey);
        assert_eq!(refused(&chain(), "x", "gw.example.org"), SignerError::NoKey);
    }

    #[test]
    fn broken_missing_and_disordered_certificates_are_told_apart() {
        assert_eq!(refused("", &key(), "gw.example.org"), SignerError::NoCertificate);
        assert_eq!(refused(&chain().replace("MII", "MIJ"), &key(), "gw.example.org"), SignerError::NoCertificate);
        let chain = chain();
        let parts: Vec<&str> = chain.split_inclusive("-----END CERTIFICATE-----").collect();
        let reversed = [parts[0], parts[2], parts[1]].concat();
        assert_eq!(refused(&reversed, &key(), "gw.example.org"), SignerError::Order);
    }
}
