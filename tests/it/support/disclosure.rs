//! Makes ecdsa-sd-2023 derived proofs, as an issuer and a holder would together (Data Integrity ECDSA Cryptosuites 1.0 §3.5).

use super::tokens::TestKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use serde_json::{Value, json};
use skillgate::jsonld::{Contexts, Edition, HashAlgorithm, canonicalize, expand};
use std::collections::BTreeMap;

fn canonical_lines(document: &Value) -> Vec<String> {
    let expansion = expand(document, &Contexts::built_in(), Edition::default(), None).unwrap();
    let document = canonicalize(expansion.dataset, HashAlgorithm::Sha256).unwrap().document();
    document.lines().map(|line| format!("{line}\n")).collect()
}

/// The line with each blank node under the label that the issuer gave it.
fn relabelled(line: &str, labels: &BTreeMap<u32, Vec<u8>>) -> String {
    let label = |word: &str| {
        let number = word.strip_prefix("_:c14n")?.parse().ok()?;
        Some(format!("_:u{}", URL_SAFE_NO_PAD.encode(labels.get(&number)?)))
    };
    let words: Vec<String> = line.trim_end().split(' ').map(|word| label(word).unwrap_or_else(|| word.to_owned())).collect();
    format!("{}\n", words.join(" "))
}

/// `credential` with a derived proof; `is_mandatory` says of each statement whether the issuer demands that it be shown.
pub fn derived(credential: &Value, issuer: &TestKey, is_mandatory: impl Fn(&str) -> bool) -> Value {
    let method = format!("{0}#{1}", issuer.did_key(), issuer.did_key().trim_start_matches("did:key:"));
    let mut proof = json!({"type": "DataIntegrityProof", "cryptosuite": "ecdsa-sd-2023", "created": "2025-01-01T00:00:00Z",
        "verificationMethod": method, "proofPurpose": "assertionMethod"});
    let mut options = proof.clone();
    options["@context"] = credential["@context"].clone();
    let digest = |lines: &[String]| HashAlgorithm::Sha256.digest(lines.concat().as_bytes());
    let canonical = canonical_lines(credential);
    let numbers = (0..100).filter(|number| canonical.iter().any(|line| line.contains(&format!("_:c14n{number} "))));
    let labels: BTreeMap<u32, Vec<u8>> = numbers.map(|number| (number, vec![number as u8 ^ 0x5A; 32])).collect();
    let mut lines: Vec<String> = canonical.iter().map(|line| relabelled(line, &labels)).collect();
    lines.sort();
    let (mandatory, chosen): (Vec<_>, Vec<_>) = lines.iter().cloned().enumerate().partition(|(_, line)| is_mandatory(line));
    let of_mandatory: Vec<String> = mandatory.iter().map(|(_, line)| line.clone()).collect();

    let once = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let public = [&[0x80, 0x24][..], once.verifying_key().to_encoded_point(true).as_bytes()].concat();
    let once = TestKey::P256(once);
    let base = issuer.sign(&[digest(&canonical_lines(&options)), public.clone(), digest(&of_mandatory)].concat());
    let signatures = chosen.iter().map(|(_, line)| Cbor::Bytes(once.sign(line.as_bytes()))).collect();
    let components = Cbor::Array(vec![
        Cbor::Bytes(base),
        Cbor::Bytes(public),
        Cbor::Array(signatures),
        Cbor::Map(labels.into_iter().map(|(number, label)| (number.into(), Cbor::Bytes(label))).collect()),
        Cbor::Array(mandatory.iter().map(|(index, _)| Cbor::from(*index as u64)).collect()),
    ]);
    let mut bytes = vec![0xD9, 0x5D, 0x01];
    ciborium::into_writer(&components, &mut bytes).unwrap();
    proof["proofValue"] = json!(format!("u{}", URL_SAFE_NO_PAD.encode(bytes)));
    let mut signed = credential.clone();
    signed["proof"] = proof;
    signed
}
