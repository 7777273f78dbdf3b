//! Keys and signatures: Data Integrity (eddsa-rdfc-2022) and VC-JWT (EdDSA, ES256).
//! Comes in: an unsigned credential. Goes out: the signed credential. Keys are random and never written anywhere.

use super::SampleError;
use crate::jsonld::{self, Contexts, Edition, HashAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use ed25519_dalek::Signer as _;
use serde_json::{Map, Value, json};

/// Multicodec prefixes of public keys (varint): ed25519-pub, p256-pub.
const ED25519_PREFIX: &[u8] = &[0xED, 0x01];
const P256_PREFIX: &[u8] = &[0x80, 0x24];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Ed25519,
    P256,
}

/// A private key with its did:key identity.
pub struct SigningKey {
    secret: Secret,
    multibase: String,
}

enum Secret {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(Box<p256::ecdsa::SigningKey>),
}

impl SigningKey {
    pub fn generate(kind: KeyKind) -> Self {
        let mut random = rand::rngs::OsRng;
        let (secret, public) = match kind {
            KeyKind::Ed25519 => {
                let key = ed25519_dalek::SigningKey::generate(&mut random);
                let public = [ED25519_PREFIX, key.verifying_key().as_bytes()].concat();
                (Secret::Ed25519(Box::new(key)), public)
            }
            KeyKind::P256 => {
                let key = p256::ecdsa::SigningKey::random(&mut random);
                let point = key.verifying_key().to_encoded_point(true);
                (Secret::P256(Box::new(key)), [P256_PREFIX, point.as_bytes()].concat())
            }
        };
        Self { secret, multibase: format!("z{}", bs58::encode(public).into_string()) }
    }

    /// `did:key:z…`
    pub fn did(&self) -> String {
        format!("did:key:{}", self.multibase)
    }

    /// `did:key:z…#z…`
    pub fn verification_method(&self) -> String {
        format!("{}#{}", self.did(), self.multibase)
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            Secret::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Secret::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.secret {
            Secret::Ed25519(_) => "EdDSA",
            Secret::P256(_) => "ES256",
        }
    }
}

/// The members of a proof beside the signature.
#[derive(Clone, Debug)]
pub struct DataIntegrity {
    pub created: DateTime<Utc>,
    /// `assertionMethod` for credentials, `authentication` for presentations.
    pub purpose: &'static str,
    pub challenge: Option<String>,
    pub domain: Option<String>,
}

impl DataIntegrity {
    pub fn assertion(created: DateTime<Utc>) -> Self {
        Self { created, purpose: "assertionMethod", challenge: None, domain: None }
    }

    /// Adds an eddsa-rdfc-2022 proof (VC Data Integrity EdDSA Cryptosuites 1.0 §3.2.1). The key must be an Ed25519 key.
    pub fn sign(&self, document: &Value, key: &SigningKey) -> Result<Value, SampleError> {
        let mut options = Map::new();
        options.insert("type".to_owned(), json!("DataIntegrityProof"));
        options.insert("cryptosuite".to_owned(), json!("eddsa-rdfc-2022"));
        options.insert("created".to_owned(), json!(self.created.to_rfc3339_opts(SecondsFormat::Secs, true)));
        options.insert("verificationMethod".to_owned(), json!(key.verification_method()));
        options.insert("proofPurpose".to_owned(), json!(self.purpose));
        for (name, value) in [("challenge", &self.challenge), ("domain", &self.domain)] {
            if let Some(value) = value {
                options.insert(name.to_owned(), json!(value));
            }
        }
        let mut configuration = options.clone();
        configuration.insert("@context".to_owned(), document.get("@context").cloned().unwrap_or_default());
        let message = [digest(&Value::Object(configuration))?, digest(document)?].concat();
        let signature = format!("z{}", bs58::encode(key.sign(&message)).into_string());
        options.insert("proofValue".to_owned(), json!(signature));
        let mut signed = document.clone();
        if let Some(object) = signed.as_object_mut() {
            object.insert("proof".to_owned(), Value::Object(options));
        }
        Ok(signed)
    }
}

fn digest(document: &Value) -> Result<Vec<u8>, SampleError> {
    let dataset = jsonld::to_rdf(document, &Contexts::built_in(), Edition::default())?;
    let canonical = jsonld::canonicalize(dataset, HashAlgorithm::Sha256).map_err(jsonld::JsonLdError::from)?;
    Ok(canonical.digest(HashAlgorithm::Sha256))
}

/// A VC-JWT (Open Badges 3.0 §8.2.4): the credential with its registered claims beside it.
pub fn vc_jwt(credential: &Value, key: &SigningKey) -> String {
    let mut claims = credential.as_object().cloned().unwrap_or_default();
    let seconds = |value: Option<&Value>| {
        let moment = DateTime::parse_from_rfc3339(value?.as_str()?).ok()?;
        Some(json!(moment.timestamp()))
    };
    let issuer = credential.get("issuer").map(|issuer| issuer.get("id").unwrap_or(issuer)).cloned();
    let registered = [
        ("iss", issuer),
        ("jti", credential.get("id").cloned()),
        ("sub", credential.pointer("/credentialSubject/id").cloned()),
        ("nbf", seconds(credential.get("validFrom"))),
        ("exp", seconds(credential.get("validUntil"))),
    ];
    for (name, value) in registered {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    }
    jws(&json!({"typ": "JWT"}), &Value::Object(claims), key)
}

/// A compact JWS over JSON claims; `alg` and `kid` are added to the header.
pub fn jws(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let mut header = header.as_object().cloned().unwrap_or_default();
    header.insert("alg".to_owned(), json!(key.algorithm()));
    header.insert("kid".to_owned(), json!(key.verification_method()));
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&Value::Object(header)), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(message.as_bytes()));
    format!("{message}.{signature}")
}
