//! Signed request objects with `x509_san_dns:`: the deployment's certificate and key, ES256.
//! Comes in: PEM texts. Goes out: a signer that is known to fit the gateway's host name, and request objects (RFC 9101).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use serde_json::{Map, Value, json};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    #[error("the certificate file holds no PEM certificate")]
    NoCertificate,
    #[error("the key file holds no P-256 private key in PEM form")]
    NoKey,
    #[error("the certificate does not name {0} as one of its hosts")]
    OtherHost(String),
    #[error("the key does not belong to the certificate")]
    OtherKey,
}

/// Signs request objects. Cheap to clone.
#[derive(Clone)]
pub struct RequestSigner {
    /// The host name in the certificate: the gateway's own.
    pub host: String,
    key: SigningKey,
    /// Base64 DER, leaf first.
    chain: Vec<String>,
}

impl RequestSigner {
    /// `host`: the gateway's host name, which the certificate must hold among its DNS names.
    pub fn from_pem(certificate_pem: &str, key_pem: &str, host: &str) -> Result<Self, SignerError> {
        let chain = certificates(certificate_pem);
        let leaf = chain.first().ok_or(SignerError::NoCertificate)?;
        let secret = p256::SecretKey::from_pkcs8_pem(key_pem)
            .or_else(|_| p256::SecretKey::from_sec1_pem(key_pem))
            .map_err(|_| SignerError::NoKey)?;
        let key = SigningKey::from(secret);
        // Both are found as they stand in the DER: a dNSName is context tag 2, the public key an uncompressed point.
        let name = [&[0x82, u8::try_from(host.len()).unwrap_or(u8::MAX)], host.as_bytes()].concat();
        if !holds(leaf, &name) {
            return Err(SignerError::OtherHost(host.to_owned()));
        }
        if !holds(leaf, key.verifying_key().to_encoded_point(false).as_bytes()) {
            return Err(SignerError::OtherKey);
        }
        let chain = chain.iter().map(|der| STANDARD.encode(der)).collect();
        Ok(Self { host: host.to_owned(), key, chain })
    }

    /// A signed request object.
    pub fn sign(&self, members: &Map<String, Value>) -> String {
        let header = json!({"alg": "ES256", "typ": "oauth-authz-req+jwt", "x5c": self.chain});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(&Value::Object(members.clone())));
        let signature: Signature = self.key.sign(input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

fn certificates(pem: &str) -> Vec<Vec<u8>> {
    let block = |part: &str| {
        let (body, _) = part.split_once("-----END CERTIFICATE-----")?;
        STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()
    };
    pem.split("-----BEGIN CERTIFICATE-----").skip(1).filter_map(block).collect()
}

fn holds(der: &[u8], part: &[u8]) -> bool {
    der.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::Verifier;
    use p256::pkcs8::{EncodePrivateKey, LineEnding};

    /// Not a whole certificate: only the two parts of one that the signer looks for.
    fn pem_for(key: &p256::SecretKey, host: &str) -> String {
        let point = SigningKey::from(key.clone()).verifying_key().to_encoded_point(false);
        let der = [&[0x82, host.len() as u8], host.as_bytes(), point.as_bytes()].concat();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
    }

    #[test]
    fn a_request_object_is_signed_with_the_chain_in_its_header() {
        let key = p256::SecretKey::random(&mut rand::rngs::OsRng);
        let key_pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
        let signer = RequestSigner::from_pem(&pem_for(&key, "gw.example"), &key_pem, "gw.example").unwrap();
        let object = signer.sign(&Map::from_iter([("nonce".to_owned(), json!("n"))]));
        let (input, signature) = object.rsplit_once('.').unwrap();
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        SigningKey::from(key).verifying_key().verify(input.as_bytes(), &signature).unwrap();
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!(header["x5c"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_certificate_of_another_host_or_key_is_refused_at_the_start() {
        let key = p256::SecretKey::random(&mut rand::rngs::OsRng);
        let other = p256::SecretKey::random(&mut rand::rngs::OsRng).to_pkcs8_pem(LineEnding::LF).unwrap();
        let key_pem = key.to_pkcs8_pem(LineEnding::LF).unwrap();
        let pem = pem_for(&key, "gw.example");
        let error = |pem: &str, key: &str, host: &str| RequestSigner::from_pem(pem, key, host).map(|_| ()).unwrap_err();
        assert_eq!(error(&pem, &key_pem, "w.example"), SignerError::OtherHost("w.example".to_owned()));
        assert_eq!(error(&pem, &other, "gw.example"), SignerError::OtherKey);
        assert_eq!(error("", &key_pem, "gw.example"), SignerError::NoCertificate);
        assert_eq!(error(&pem, "x", "gw.example"), SignerError::NoKey);
    }
}
