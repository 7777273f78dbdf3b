//! The CBOR form of derived proofs.
//! Comes in: a `proofValue`. Goes out: its components, each with the expected type and size.
//! Must not know: the meaning of the components.

use crate::model::code::Code;
use crate::verify::securing::proof::problem::ProofProblem;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value;

/// Longest proof value; a longer value is refused unread.
const MAX_TEXT: usize = 256 * 1024;
/// Deepest CBOR nesting; the format needs three levels.
const MAX_NESTING: usize = 8;

/// Reads the five components of a derived proof in order.
pub struct Components(std::vec::IntoIter<Value>);

fn malformed() -> ProofProblem {
    ProofProblem::malformed("the proof's value is not a derived proof".to_owned())
}

impl Components {
    /// `derived` and `base`: the last byte of the two headers `d9 5d ..`.
    pub fn read(value: &str, derived: u8, base: u8) -> Result<Self, ProofProblem> {
        let text = value.strip_prefix('u').filter(|text| text.len() <= MAX_TEXT).ok_or_else(malformed)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
        let body = match bytes.as_slice() {
            [0xd9, 0x5d, header, body @ ..] if *header == derived => body,
            [0xd9, 0x5d, header, ..] if *header == base => {
                let detail = "this copy of the credential is meant for its holder only".to_owned();
                return Err(ProofProblem::new(Code::BaseProof, detail));
            }
            [0xd9, 0x5d, ..] => {
                return Err(ProofProblem::new(
                    Code::UnsupportedProof,
                    "the signature uses a feature that the gateway does not support".to_owned(),
                ));
            }
            _ => return Err(malformed()),
        };
        match ciborium::de::from_reader_with_recursion_limit::<Value, _>(body, MAX_NESTING) {
            Ok(Value::Array(components)) if components.len() == 5 => Ok(Self(components.into_iter())),
            _ => Err(malformed()),
        }
    }

    fn next(&mut self) -> Result<Value, ProofProblem> {
        self.0.next().ok_or_else(malformed)
    }

    pub fn bytes(&mut self) -> Result<Vec<u8>, ProofProblem> {
        bytes(self.next()?)
    }

    /// Bytes, or null.
    pub fn optional_bytes(&mut self) -> Result<Vec<u8>, ProofProblem> {
        match self.next()? {
            Value::Null => Ok(Vec::new()),
            other => bytes(other),
        }
    }

    pub fn list_of_bytes(&mut self) -> Result<Vec<Vec<u8>>, ProofProblem> {
        match self.next()? {
            Value::Array(items) => items.into_iter().map(bytes).collect(),
            _ => Err(malformed()),
        }
    }

    pub fn indexes(&mut self) -> Result<Vec<usize>, ProofProblem> {
        match self.next()? {
            Value::Array(items) => items.into_iter().map(|item| index(&item)).collect(),
            _ => Err(malformed()),
        }
    }

    /// A map from canonical blank node numbers to other labels; each number appears once.
    pub fn label_map<T>(&mut self, read: impl Fn(Value) -> Result<T, ProofProblem>) -> Result<Vec<(u32, T)>, ProofProblem> {
        let Value::Map(entries) = self.next()? else { return Err(malformed()) };
        let mut labels: Vec<(u32, T)> = Vec::with_capacity(entries.len());
        for (number, label) in entries {
            let number = u32::try_from(index(&number)?).map_err(|_| malformed())?;
            labels.push((number, read(label)?));
        }
        labels.sort_by_key(|(number, _)| *number);
        if labels.windows(2).any(|pair| pair[0].0 == pair[1].0) { Err(malformed()) } else { Ok(labels) }
    }
}

pub fn bytes(value: Value) -> Result<Vec<u8>, ProofProblem> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        // Typed arrays (RFC 8746), as some encoders write byte strings.
        Value::Tag(64, inner) => inner.into_bytes().map_err(|_| malformed()),
        _ => Err(malformed()),
    }
}

pub fn index(value: &Value) -> Result<usize, ProofProblem> {
    value.as_integer().and_then(|number| usize::try_from(number).ok()).ok_or_else(malformed)
}
