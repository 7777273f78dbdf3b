//! Logs of did:webvh identifiers as their owners make them, and as a forger would.

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PLACEHOLDER: &str = "{SCID}";

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn multikey(seed: u8) -> String {
    format!("z{}", bs58::encode([&[0xed, 1], key(seed).verifying_key().as_bytes().as_slice()].concat()).into_string())
}

fn canonical(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).unwrap()
}

pub fn hash(text: &str) -> String {
    bs58::encode([&[0x12u8, 0x20][..], &Sha256::digest(text)[..]].concat()).into_string()
}

/// An `eddsa-jcs-2022` proof by the did:key of `seed`.
pub fn proof(document: &Value, seed: u8) -> Value {
    let id = multikey(seed);
    let mut proof = json!({"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod",
        "created": "2026-01-01T00:00:00Z", "verificationMethod": format!("did:key:{id}#{id}")});
    let message = [Sha256::digest(canonical(&proof)), Sha256::digest(canonical(document))].concat();
    proof["proofValue"] = json!(format!("z{}", bs58::encode(key(seed).sign(&message).to_bytes()).into_string()));
    proof
}

/// A log that grows entry by entry.
#[derive(Clone)]
pub struct Log {
    pub scid: String,
    pub did: String,
    pub entries: Vec<Value>,
}

impl Log {
    /// The first entry, of 2026-01-01. `place`: what follows the hash in the identifier. The document lists the key `issuing`, and the log
    /// may be changed by the key `updating`; `more` is added to the parameters.
    pub fn start(place: &str, issuing: u8, updating: u8, more: Value) -> Self {
        let mut parameters = json!({"method": "did:webvh:1.0", "scid": PLACEHOLDER, "updateKeys": [multikey(updating)]});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let entry = json!({"versionId": PLACEHOLDER, "versionTime": "2026-01-01T00:00:00Z", "parameters": parameters,
            "state": document(&format!("did:webvh:{PLACEHOLDER}:{place}"), issuing)});
        let scid = hash(&canonical(&entry));
        let mut entry: Value = serde_json::from_str(&entry.to_string().replace(PLACEHOLDER, &scid)).unwrap();
        finish(&mut entry, 1, updating);
        Self { did: format!("did:webvh:{scid}:{place}"), scid, entries: vec![entry] }
    }

    /// One more entry on the first day of `month`, signed with the key `updating`.
    pub fn then(mut self, month: u8, parameters: Value, state: Value, updating: u8) -> Self {
        let mut entry = json!({"versionId": self.entries.last().unwrap()["versionId"], "versionTime": format!("2026-{month:02}-01T00:00:00Z"),
            "parameters": parameters, "state": state});
        finish(&mut entry, self.entries.len() + 1, updating);
        self.entries.push(entry);
        self
    }

    pub fn issuing(&self, seed: u8) -> Value {
        document(&self.did, seed)
    }

    pub fn text(&self) -> String {
        self.entries.iter().map(|entry| format!("{entry}\n")).collect()
    }

    pub fn version(&self, number: usize) -> Value {
        self.entries[number - 1]["versionId"].clone()
    }

    /// The file of witnesses in which each of `seeds` confirms everything up to entry `number`.
    pub fn witnessed(&self, number: usize, seeds: &[u8]) -> Value {
        let seen = json!({"versionId": self.version(number)});
        json!([{"versionId": self.version(number), "proof": seeds.iter().map(|seed| proof(&seen, *seed)).collect::<Vec<_>>()}])
    }
}

/// Gives an entry its hash and its signature.
pub fn finish(entry: &mut Value, number: usize, updating: u8) {
    entry.as_object_mut().unwrap().remove("proof");
    if number == 1 {
        entry["versionId"] = entry["parameters"]["scid"].clone();
    }
    entry["versionId"] = json!(format!("{number}-{}", hash(&canonical(entry))));
    entry["proof"] = json!([proof(entry, updating)]);
}

/// A document that lists one key, `#key-1`.
pub fn document(did: &str, seed: u8) -> Value {
    json!({"@context": ["https://www.w3.org/ns/did/v1"], "id": did, "assertionMethod": [format!("{did}#key-1")],
        "verificationMethod": [{"id": format!("{did}#key-1"), "type": "Multikey", "controller": did, "publicKeyMultibase": multikey(seed)}]})
}
