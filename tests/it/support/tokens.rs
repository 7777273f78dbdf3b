//! Signs tokens of every supported algorithm with keys that are made at run time or from a seed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use rsa::signature::{SignatureEncoding, Signer as _};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Making an RSA key takes a while, so all tests share one.
static RSA: LazyLock<rsa::RsaPrivateKey> =
    LazyLock::new(|| rsa::RsaPrivateKey::new(&mut rand::rngs::OsRng, 2048).expect("an RSA key can be made"));

const OB: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
pub const V2: &str = "https://www.w3.org/ns/credentials/v2";

/// A badge in data model 2.0 as the payload of a token of `issuer`.
pub fn badge(issuer: &str) -> Value {
    json!({
        "@context": [V2, OB], "id": "urn:uuid:11111111-1111-4111-8111-111111111111",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": issuer, "type": ["Profile"], "name": "Example College"},
        "validFrom": "2026-01-01T00:00:00Z", "name": "Welding",
        "credentialSubject": {"id": "did:example:ada", "type": ["AchievementSubject"],
            "achievement": {"id": "urn:uuid:22222222-2222-4222-8222-222222222222", "type": ["Achievement"], "name": "Welding",
                "description": "Can weld.", "criteria": {"narrative": "Weld."}}},
        "iss": issuer, "sub": "did:example:ada", "jti": "urn:uuid:11111111-1111-4111-8111-111111111111", "nbf": 1_767_225_600
    })
}

/// A file of the chain made out to gw.example.org, for the years 2026 (from November) to 2081.
pub fn request_signing(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/request-signing/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The key of that chain, and its certificates as a token's header holds them.
pub fn certified() -> (TestKey, Vec<String>) {
    use p256::pkcs8::DecodePrivateKey;
    let body = |block: &str| block.split("-----END").next().unwrap().split_whitespace().collect::<String>();
    let chain = request_signing("chain.pem");
    let key = p256::ecdsa::SigningKey::from_pkcs8_pem(&request_signing("key.pem")).unwrap();
    (TestKey::P256(key), chain.split("-----BEGIN CERTIFICATE-----").skip(1).map(body).collect())
}

/// A key and the algorithm that it signs with.
pub enum TestKey {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(Box<p521::ecdsa::SigningKey>),
    Secp256k1(k256::ecdsa::SigningKey),
    Rsa { pss: bool, bits: u16 },
}

fn rsa_signature<D>(pss: bool, message: &[u8]) -> Vec<u8>
where
    D: sha2::Digest + sha2::digest::FixedOutputReset + rsa::pkcs8::AssociatedOid,
{
    use rsa::signature::RandomizedSigner;
    match pss {
        false => rsa::pkcs1v15::SigningKey::<D>::new(RSA.clone()).sign(message).to_vec(),
        true => rsa::pss::SigningKey::<D>::new(RSA.clone()).sign_with_rng(&mut rand::rngs::OsRng, message).to_vec(),
    }
}

impl TestKey {
    pub fn ed25519(seed: u8) -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
    }

    /// One key of every kind.
    pub fn all() -> Vec<Self> {
        [
            Self::ed25519(1),
            Self::P256(p256::ecdsa::SigningKey::from_slice(&[2; 32]).unwrap()),
            Self::P384(p384::ecdsa::SigningKey::from_slice(&[3; 48]).unwrap()),
            Self::P521(Box::new(p521::ecdsa::SigningKey::from_slice(&[[0; 1].as_slice(), &[5; 65]].concat()).unwrap())),
            Self::Secp256k1(k256::ecdsa::SigningKey::from_slice(&[4; 32]).unwrap()),
        ]
        .into_iter()
        .chain([256, 384, 512].into_iter().flat_map(|bits| [false, true].map(|pss| Self::Rsa { pss, bits })))
        .collect()
    }

    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::P384(_) => "ES384",
            Self::Secp256k1(_) => "ES256K",
            Self::P521(_) => "ES512",
            Self::Rsa { pss: false, bits: 256 } => "RS256",
            Self::Rsa { pss: false, bits: 384 } => "RS384",
            Self::Rsa { pss: false, .. } => "RS512",
            Self::Rsa { pss: true, bits: 256 } => "PS256",
            Self::Rsa { pss: true, bits: 384 } => "PS384",
            Self::Rsa { pss: true, .. } => "PS512",
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Secp256k1(key) => {
                let signature: k256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::P521(key) => {
                let signature: p521::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Self::Rsa { pss, bits: 256 } => rsa_signature::<sha2::Sha256>(*pss, message),
            Self::Rsa { pss, bits: 384 } => rsa_signature::<sha2::Sha384>(*pss, message),
            Self::Rsa { pss, .. } => rsa_signature::<sha2::Sha512>(*pss, message),
        }
    }

    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Ed25519(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(key.verifying_key().as_bytes())}),
            Self::P256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                json!({"kty": "EC", "crv": "P-256", "x": text(point.x().unwrap()), "y": text(point.y().unwrap())})
            }
            Self::P384(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                json!({"kty": "EC", "crv": "P-384", "x": text(point.x().unwrap()), "y": text(point.y().unwrap())})
            }
            Self::Secp256k1(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                json!({"kty": "EC", "crv": "secp256k1", "x": text(point.x().unwrap()), "y": text(point.y().unwrap())})
            }
            Self::P521(key) => {
                let point = p521::ecdsa::VerifyingKey::from(key.as_ref()).to_encoded_point(false);
                json!({"kty": "EC", "crv": "P-521", "x": text(point.x().unwrap()), "y": text(point.y().unwrap())})
            }
            Self::Rsa { .. } => json!({"kty": "RSA", "n": text(&RSA.n().to_bytes_be()), "e": text(&RSA.e().to_bytes_be())}),
        }
    }

    /// The key in an identifier of its own, in the form that Data Integrity uses (Ed25519 and P-256).
    pub fn did_key(&self) -> String {
        let (prefix, key) = match self {
            Self::Ed25519(key) => ([0xED, 0x01], key.verifying_key().as_bytes().to_vec()),
            Self::P256(key) => ([0x80, 0x24], key.verifying_key().to_encoded_point(true).as_bytes().to_vec()),
            _ => panic!("no such form is needed"),
        };
        format!("did:key:z{}", bs58::encode([&prefix[..], &key].concat()).into_string())
    }

    /// The key as an identifier of its own.
    pub fn did_jwk(&self) -> String {
        format!("did:jwk:{}", URL_SAFE_NO_PAD.encode(self.jwk().to_string()))
    }

    /// A compact JWS; `header` is completed with the algorithm when it names none.
    pub fn token(&self, mut header: Value, payload: &Value) -> String {
        if header.get("alg").is_none() {
            header["alg"] = json!(self.algorithm());
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// The algorithm's number in COSE.
    pub fn cose_algorithm(&self) -> i64 {
        match self {
            Self::Ed25519(_) => -8,
            Self::P256(_) => -7,
            Self::P384(_) => -35,
            Self::Secp256k1(_) => -47,
            Self::P521(_) => -36,
            Self::Rsa { pss: false, bits } => -256 - i64::from(bits / 128 - 1),
            Self::Rsa { pss: true, bits } => -36 - i64::from(bits / 128 - 1),
        }
    }

    /// A COSE_Sign1 message with exactly these headers.
    pub fn cose(&self, protected: Vec<(Cbor, Cbor)>, unprotected: Vec<(Cbor, Cbor)>, payload: &Value) -> Vec<u8> {
        let encode = |value: &Cbor| {
            let mut bytes = Vec::new();
            ciborium::into_writer(value, &mut bytes).unwrap();
            bytes
        };
        let bytes = |bytes: Vec<u8>| Cbor::Bytes(bytes);
        let (protected, payload) = (encode(&Cbor::Map(protected)), payload.to_string().into_bytes());
        let covered = vec![Cbor::from("Signature1"), bytes(protected.clone()), bytes(Vec::new()), bytes(payload.clone())];
        let signature = self.sign(&encode(&Cbor::Array(covered)));
        let parts = vec![bytes(protected), Cbor::Map(unprotected), bytes(payload), bytes(signature)];
        encode(&Cbor::Tag(18, Box::new(Cbor::Array(parts))))
    }
}
