//! Credentials that their holder may show in part: what an issuer signs, and the derived proof of what a holder shows of it
//! (Data Integrity ECDSA Cryptosuites 1.0 §3.5, Data Integrity BBS Cryptosuites 1.0 §3.4).

use super::range::{DISCLOSER, Range};
use super::tokens::TestKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use serde_json::{Value, json};
use skillgate::jsonld::{Contexts, Edition, HashAlgorithm, canonicalize, expand};
use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};
use zkryptium::bbsplus::ciphersuites::Bls12381Sha256;
use zkryptium::keys::pair::KeyPair;
use zkryptium::schemes::algorithms::BBSplus;
use zkryptium::schemes::generics::{PoKSignature, Signature};

type Bbs = BBSplus<Bls12381Sha256>;

/// What the holder of a derived proof in bbs-2023 was asked to bind it to.
pub const PRESENTATION_HEADER: &[u8] = b"nonce";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    EcdsaSd,
    Bbs,
}

impl Suite {
    pub const ALL: [Self; 2] = [Self::EcdsaSd, Self::Bbs];

    /// What is said of a proof that does not fit the document.
    pub fn mismatch(self) -> &'static str {
        match self {
            Self::EcdsaSd => "signature_invalid",
            Self::Bbs => "bbs_edition",
        }
    }

    fn bbs_key() -> KeyPair<Bbs> {
        KeyPair::generate(&[7; 32], None, None).unwrap()
    }

    pub fn bbs_multikey() -> String {
        let key = Self::bbs_key().public_key().to_bytes();
        format!("z{}", bs58::encode([&[0xEB, 0x01][..], &key].concat()).into_string())
    }

    /// Cryptosuite, name of the key, last byte of the header of derived proofs.
    fn parameters(self) -> (&'static str, &'static str, u8) {
        match self {
            Self::EcdsaSd => ("ecdsa-sd-2023", "key", 0x01),
            Self::Bbs => ("bbs-2023", "bbs", 0x03),
        }
    }

    /// The issuer's labels for blank nodes, as they are written in the statements.
    fn labels(self, count: usize) -> Vec<String> {
        match self {
            Self::EcdsaSd => (0..count).map(|number| format!("u{}", URL_SAFE_NO_PAD.encode([number as u8 ^ 0x5A; 32]))).collect(),
            _ => (0..count).rev().map(|number| format!("b{number}")).collect(),
        }
    }

    /// A label as a derived proof holds it.
    fn encoded(self, label: &str) -> Cbor {
        match self {
            Self::EcdsaSd => Cbor::Bytes(URL_SAFE_NO_PAD.decode(&label[1..]).unwrap()),
            _ => Cbor::from(label[1..].parse::<u64>().unwrap()),
        }
    }
}

/// A credential as its issuer hands it to its holder.
pub struct Issued {
    suite: Suite,
    /// The proof without its value.
    options: Value,
    labels: Vec<String>,
    /// Of each, whether it is always shown.
    statements: Vec<(String, bool)>,
    /// The hashes that the issuer signs first.
    header: Vec<u8>,
    /// In bbs-2023: what the issuer signed, which takes long to make.
    bbs_signature: OnceLock<[u8; 80]>,
}

impl Issued {
    /// `is_mandatory` says of each statement whether the issuer demands that it be shown.
    pub fn new(suite: Suite, credential: &Value, is_mandatory: impl Fn(&str) -> bool) -> Self {
        let (cryptosuite, key, _) = suite.parameters();
        let options = json!({"type": "DataIntegrityProof", "cryptosuite": cryptosuite, "created": "2025-01-01T00:00:00Z",
            "verificationMethod": format!("{DISCLOSER}#{key}"), "proofPurpose": "assertionMethod"});
        let lines = canonical_lines(credential).unwrap();
        let labels = suite.labels(blank_nodes(&lines));
        let mut lines: Vec<String> = lines.iter().map(|line| relabelled(line, &labels).unwrap()).collect();
        lines.sort();
        let statements: Vec<(String, bool)> = lines.into_iter().map(|line| (line.clone(), is_mandatory(&line))).collect();
        let mut configuration = options.clone();
        configuration["@context"] = credential["@context"].clone();
        let mandatory: Vec<String> = statements.iter().filter(|(_, always)| *always).map(|(line, _)| line.clone()).collect();
        let header = [digest(&canonical_lines(&configuration).unwrap()), digest(&mandatory)].concat();
        Self { suite, options, labels, statements, header, bbs_signature: OnceLock::new() }
    }

    /// `shown`, a part of the credential, with the derived proof that its holder makes for it; `None` when something is shown
    /// that was not signed.
    pub fn disclose(&self, shown: &Value) -> Option<Value> {
        let lines = canonical_lines(shown)?;
        let mut labels = Vec::new();
        if !self.fits(&lines, blank_nodes(&lines), &mut labels) {
            return None;
        }
        let mut lines: Vec<String> = lines.iter().map(|line| relabelled(line, &labels).unwrap()).collect();
        lines.sort();
        let always: BTreeSet<&str> =
            self.statements.iter().filter(|(_, always)| *always).map(|(line, _)| line.as_str()).collect();
        let mandatory = lines.iter().enumerate().filter(|(_, line)| always.contains(line.as_str()));
        let mandatory = Cbor::Array(mandatory.map(|(index, _)| Cbor::from(index as u64)).collect());
        let numbered = labels.iter().enumerate();
        let label_map =
            Cbor::Map(numbered.map(|(number, label)| (Cbor::from(number as u64), self.suite.encoded(label))).collect());
        let selectable: Vec<&String> = self.statements.iter().filter(|(_, always)| !always).map(|(line, _)| line).collect();
        let chosen = selectable.iter().enumerate().filter(|(_, line)| lines.contains(line));
        let chosen: Vec<usize> = chosen.map(|(index, _)| index).collect();
        let components = match self.suite {
            Suite::EcdsaSd => {
                let shown: Vec<&String> = chosen.iter().map(|index| selectable[*index]).collect();
                let (base, public, signatures) = self.ecdsa(&shown);
                vec![base, public, signatures, label_map, mandatory]
            }
            _ => {
                let messages: Vec<Vec<u8>> = selectable.iter().map(|line| line.as_bytes().to_vec()).collect();
                let indexes = Cbor::Array(chosen.iter().map(|index| Cbor::from(*index as u64)).collect());
                let header = Cbor::Bytes(PRESENTATION_HEADER.to_vec());
                vec![Cbor::Bytes(self.bbs(&messages, &chosen)), label_map, mandatory, indexes, header]
            }
        };
        let mut signed = shown.clone();
        signed["proof"] = self.options.clone();
        signed["proof"]["proofValue"] = json!(encoded(self.suite, components));
        Some(signed)
    }

    /// Finds under which of the issuer's labels every line is one of the statements.
    fn fits(&self, lines: &[String], count: usize, labels: &mut Vec<String>) -> bool {
        if labels.len() == count {
            return lines.iter().all(|line| self.is_statement(line, labels));
        }
        let next = format!("_:c14n{} ", labels.len());
        let about_next: Vec<&String> = lines.iter().filter(|line| line.contains(&next)).collect();
        for label in self.labels.iter().filter(|label| !labels.contains(label)).cloned().collect::<Vec<_>>() {
            labels.push(label);
            if about_next.iter().all(|line| self.is_statement(line, labels)) && self.fits(lines, count, labels) {
                return true;
            }
            labels.pop();
        }
        false
    }

    /// Whether the line, under these labels, was signed; a line whose labels are not all known yet may have been.
    fn is_statement(&self, line: &str, labels: &[String]) -> bool {
        let place = |line: &String| self.statements.binary_search_by(|(statement, _)| statement.cmp(line));
        relabelled(line, labels).is_none_or(|line| place(&line).is_ok())
    }

    /// The issuer's signature, the key made for this credential, a signature for each chosen statement.
    fn ecdsa(&self, chosen: &[&String]) -> (Cbor, Cbor, Cbor) {
        let once = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let public = [&[0x80, 0x24][..], once.verifying_key().to_encoded_point(true).as_bytes()].concat();
        let once = TestKey::P256(once);
        let (options, mandatory) = self.header.split_at(32);
        let base = Range::token_key().sign(&[options, &public, mandatory].concat());
        let signatures = chosen.iter().map(|line| Cbor::Bytes(once.sign(line.as_bytes()))).collect();
        (Cbor::Bytes(base), Cbor::Bytes(public), Cbor::Array(signatures))
    }

    fn bbs(&self, messages: &[Vec<u8>], chosen: &[usize]) -> Vec<u8> {
        let keys = Suite::bbs_key();
        let (header, key) = (Some(self.header.as_slice()), keys.public_key());
        let sign = || Signature::<Bbs>::sign(Some(messages), keys.private_key(), key, header).unwrap().to_bytes();
        let signature = *self.bbs_signature.get_or_init(sign);
        let bound_to = Some(PRESENTATION_HEADER);
        PoKSignature::<Bbs>::proof_gen(key, &signature, header, bound_to, Some(messages), Some(chosen)).unwrap().to_bytes()
    }
}

/// The document with the five components of its derived proof changed.
pub fn with_components(suite: Suite, document: &Value, edit: impl FnOnce(&mut Vec<Cbor>)) -> Value {
    let value = document["proof"]["proofValue"].as_str().unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(&value[1..]).unwrap();
    let Cbor::Array(mut components) = ciborium::from_reader(&bytes[3..]).unwrap() else { panic!("five components") };
    edit(&mut components);
    let mut edited = document.clone();
    edited["proof"]["proofValue"] = json!(encoded(suite, components));
    edited
}

fn encoded(suite: Suite, components: Vec<Cbor>) -> String {
    let mut bytes = vec![0xD9, 0x5D, suite.parameters().2];
    ciborium::into_writer(&Cbor::Array(components), &mut bytes).unwrap();
    format!("u{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn canonical_lines(document: &Value) -> Option<Vec<String>> {
    static CONTEXTS: LazyLock<Contexts> = LazyLock::new(Contexts::built_in);
    let expansion = expand(document, &CONTEXTS, Edition::default(), None).ok()?;
    let document = canonicalize(expansion.dataset, HashAlgorithm::Sha256).ok()?.document();
    Some(document.lines().map(|line| format!("{line}\n")).collect())
}

fn digest(lines: &[String]) -> Vec<u8> {
    HashAlgorithm::Sha256.digest(lines.concat().as_bytes())
}

fn blank_nodes(lines: &[String]) -> usize {
    (0..100).take_while(|number| lines.iter().any(|line| line.contains(&format!("_:c14n{number} ")))).count()
}

/// The line with each blank node under its label; `None` while one has none.
fn relabelled(line: &str, labels: &[String]) -> Option<String> {
    let label = |word: &str| match word.strip_prefix("_:c14n").map(|number| number.parse::<usize>().unwrap()) {
        Some(number) => Some(format!("_:{}", labels.get(number)?)),
        None => Some(word.to_owned()),
    };
    let words: Option<Vec<String>> = line.trim_end().split(' ').map(label).collect();
    Some(format!("{}\n", words?.join(" ")))
}
