//! People and issuers for tests: keys made on the spot, credentials and presentations signed with eddsa-jcs-2022.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub struct Actor {
    pub did: String,
    key: SigningKey,
}

impl Actor {
    pub fn new() -> Self {
        let key = SigningKey::generate(&mut rand::rngs::OsRng);
        let multikey = [&[0xed, 0x01][..], key.verifying_key().as_bytes()].concat();
        Self { did: format!("did:key:z{}", bs58::encode(multikey).into_string()), key }
    }

    fn method(&self) -> String {
        format!("{}#{}", self.did, self.did.trim_start_matches("did:key:"))
    }

    /// Adds a Data Integrity proof; `extra` goes into it (challenge, domain).
    pub fn sign(&self, mut document: Value, purpose: &str, extra: Value) -> Value {
        let mut proof = json!({"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "created": "2026-03-01T11:59:00Z",
            "verificationMethod": self.method(), "proofPurpose": purpose, "@context": document["@context"]});
        for (name, value) in extra.as_object().unwrap() {
            proof[name] = value.clone();
        }
        let hash = |value: &Value| Sha256::digest(serde_json_canonicalizer::to_vec(value).unwrap());
        let input = [hash(&proof), hash(&document)].concat();
        proof["proofValue"] = json!(format!("z{}", bs58::encode(self.key.sign(&input).to_bytes()).into_string()));
        document["proof"] = proof;
        document
    }

    /// A badge issued by this actor, valid from the given moment.
    pub fn badge(&self, subject: &str, id: &str, valid_from: &str) -> Value {
        let credential = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
            "id": id, "type": ["VerifiableCredential", "OpenBadgeCredential"], "name": "Rust web services",
            "issuer": {"id": self.did, "type": ["Profile"], "name": "Example Polytechnic"}, "validFrom": valid_from,
            "credentialSubject": {"id": subject, "type": ["AchievementSubject"], "achievement": {
                "id": "https://issuer.example/achievements/rust", "type": ["Achievement"], "name": "Rust web services",
                "description": "Builds services.", "criteria": {"narrative": "Passes the exam."}}}});
        self.sign(credential, "assertionMethod", json!({}))
    }

    /// A presentation of this actor.
    pub fn present(&self, credentials: &[Value], challenge: &str, domain: &str) -> Value {
        let presentation = json!({"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
            "holder": self.did, "verifiableCredential": credentials});
        self.sign(presentation, "authentication", json!({"challenge": challenge, "domain": domain}))
    }

    pub fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes())})
    }

    /// An SD-JWT credential issued by this actor, its holder's name disclosed, ending before the key binding.
    pub fn sd_jwt(&self, holder: &Actor, vct: &str) -> String {
        let disclosure = URL_SAFE_NO_PAD.encode(r#"["2GLC42sKQveCfGfryNRN9w","given_name","Ada"]"#);
        let claims = json!({"iss": self.did, "iat": 1_767_225_600, "vct": vct, "cnf": {"jwk": holder.jwk()}, "_sd_alg": "sha-256",
            "skill": "Rust web services", "_sd": [URL_SAFE_NO_PAD.encode(Sha256::digest(&disclosure))]});
        format!("{}~{disclosure}~", self.jwt(json!({"typ": "dc+sd-jwt"}), &claims))
    }

    /// Signs an SD-JWT credential over to a verifier (RFC 9901 §4.3).
    pub fn bind(&self, sd_jwt: &str, nonce: &str, audience: &str) -> String {
        self.bind_at(sd_jwt, nonce, audience, 1_772_366_340)
    }

    /// [`Actor::bind`], dated `iat` in seconds.
    pub fn bind_at(&self, sd_jwt: &str, nonce: &str, audience: &str, iat: i64) -> String {
        let claims =
            json!({"iat": iat, "nonce": nonce, "aud": audience, "sd_hash": URL_SAFE_NO_PAD.encode(Sha256::digest(sd_jwt))});
        format!("{sd_jwt}{}", self.jwt(json!({"typ": "kb+jwt"}), &claims))
    }

    /// A JWT signed by this actor (EdDSA).
    pub fn jwt(&self, header: Value, claims: &Value) -> String {
        let mut header = header;
        header["alg"] = json!("EdDSA");
        header["kid"] = json!(self.method());
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(claims));
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(self.key.sign(input.as_bytes()).to_bytes()))
    }
}

pub fn tampered(mut credential: Value) -> Value {
    credential["credentialSubject"]["achievement"]["description"] = json!("Builds everything.");
    credential
}
