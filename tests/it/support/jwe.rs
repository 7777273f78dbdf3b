//! What a wallet does to encrypt an answer: ECDH-ES on P-256 and A256GCM (RFC 7518 §4.6), written for the tests alone.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use p256::{EncodedPoint, ProjectivePoint, PublicKey, SecretKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// `jwk`: the key in the request's metadata.
pub fn encrypt(jwk: &Value, plain: &Value) -> String {
    let coordinate =
        |name: &str| -> [u8; 32] { URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap().try_into().unwrap() };
    let point = EncodedPoint::from_affine_coordinates(&coordinate("x").into(), &coordinate("y").into(), false);
    let theirs = PublicKey::from_encoded_point(&point).unwrap();
    let own = SecretKey::random(&mut rand::rngs::OsRng);
    let shared = (ProjectivePoint::from(*theirs.as_affine()) * *own.to_nonzero_scalar()).to_affine().x();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = own.public_key().to_encoded_point(false);
    let header = json!({"alg": "ECDH-ES", "enc": "A256GCM", "kid": jwk["kid"],
        "epk": {"kty": "EC", "crv": "P-256", "x": encode(public.x().unwrap()), "y": encode(public.y().unwrap())}});
    let header = encode(header.to_string().as_bytes());
    let length = |bytes: &[u8]| (bytes.len() as u32).to_be_bytes();
    let info = [&length(b"A256GCM")[..], b"A256GCM", &length(b""), &length(b""), &256u32.to_be_bytes()].concat();
    let key = Sha256::digest([&1u32.to_be_bytes()[..], &shared, &info].concat());
    let payload = plain.to_string();
    let payload = Payload { msg: payload.as_bytes(), aad: header.as_bytes() };
    let sealed = Aes256Gcm::new(&key).encrypt(&Nonce::from([7; 12]), payload).unwrap();
    let (ciphertext, tag) = sealed.split_at(sealed.len() - 16);
    format!("{header}..{}.{}.{}", encode(&[7; 12]), encode(ciphertext), encode(tag))
}
