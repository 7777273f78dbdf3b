//! The bytes that a proof signs.
//! Comes in: the document, the proof, the contexts. Goes out: the message and, for developers, its intermediate values.
//! Must not know: keys beyond their curve, verdicts.

use super::integrity::Seen;
use super::options::{ProofOptions, Suite};
use super::problem::ProofProblem;
use crate::document::members::entries;
use crate::jsonld::notes::Notes;
use crate::jsonld::{self, Canonical, Contexts, Edition, Expansion, HashAlgorithm};
use crate::model::code::Code;
use serde_json::{Map, Value, json};

/// The signed message.
pub struct Message {
    pub bytes: Vec<u8>,
    /// The intermediate values, if requested.
    pub explain: Option<Value>,
    pub seen: Seen,
}

/// The inputs of one proof.
pub struct Input<'a> {
    pub document: &'a Map<String, Value>,
    pub options: &'a ProofOptions<'a>,
    /// The earlier proofs of a chain that this proof covers.
    pub previous: Vec<&'a Value>,
    pub contexts: &'a Contexts,
    pub edition: Edition,
    pub hash: HashAlgorithm,
    /// Whether the intermediate values are requested.
    pub explain: bool,
}

impl Input<'_> {
    /// The document that the proof covers: without proofs, or with the proofs that it builds on (VC Data Integrity 1.0 §4.5).
    fn unsecured(&self) -> Map<String, Value> {
        let mut document = self.document.clone();
        document.remove("proof");
        if !self.previous.is_empty() {
            document.insert("proof".to_owned(), Value::Array(self.previous.iter().map(|proof| (*proof).clone()).collect()));
        }
        document
    }

    /// The proof without its signature, under the document's contexts.
    fn configuration(&self) -> Map<String, Value> {
        let mut configuration = self.options.members.clone();
        for signature in ["proofValue", "jws", "signatureValue"] {
            configuration.remove(signature);
        }
        // A proof of an older suite often has its own context, which is read after the document's contexts.
        let of_document: Vec<&Value> = entries(self.document.get("@context")).collect();
        let further = entries(self.options.members.get("@context")).filter(|own| !of_document.contains(own));
        let contexts = of_document.iter().copied().chain(further).cloned().collect();
        configuration.insert("@context".to_owned(), Value::Array(contexts));
        configuration
    }

    /// [`Input::configuration`] as canonical RDF.
    pub fn canonical_configuration(&self) -> Result<(Canonical, Notes), ProofProblem> {
        let configuration = Value::Object(self.configuration());
        self.canonical(jsonld::expand(&configuration, self.contexts, self.edition, None)?)
    }

    /// [`Input::unsecured`] as canonical RDF.
    pub fn canonical_document(&self) -> Result<(Canonical, Notes), ProofProblem> {
        let expansion = match self.previous.is_empty() {
            true => jsonld::expand_without("proof", self.document, self.contexts, self.edition)?,
            false => jsonld::expand(&Value::Object(self.unsecured()), self.contexts, self.edition, None)?,
        };
        self.canonical(expansion)
    }

    fn canonical(&self, expansion: Expansion) -> Result<(Canonical, Notes), ProofProblem> {
        let canonical = jsonld::canonicalize(expansion.dataset, self.hash).map_err(jsonld::JsonLdError::from)?;
        Ok((canonical, expansion.notes))
    }

    pub fn message(&self) -> Result<Message, ProofProblem> {
        match self.options.suite {
            Suite::Jcs(_) => self.jcs_message(),
            _ => self.rdf_message(),
        }
    }

    fn rdf_message(&self) -> Result<Message, ProofProblem> {
        let (configuration, proof_notes) = self.canonical_configuration()?;
        if configuration.lines.is_empty() {
            return Err(ProofProblem::malformed("the signature does not cover its own options".to_owned()));
        }
        let (document, notes) = self.canonical_document()?;
        let hashes = (configuration.digest(self.hash), document.digest(self.hash));
        let message = self.hashed(hashes, || (configuration.document(), document.document()));
        Ok(Message { seen: Seen { notes: Some(notes), proof_notes: Some(proof_notes), disclosure: None }, ..message })
    }

    /// eddsa-jcs-2022 and ecdsa-jcs-2019: the JSON itself is signed.
    fn jcs_message(&self) -> Result<Message, ProofProblem> {
        let mut configuration = self.options.members.clone();
        configuration.remove("proofValue");
        let mut document = self.unsecured();
        if let Some(signed) = self.options.members.get("@context") {
            if !starts_with(self.document.get("@context"), signed) {
                let detail = "the document's vocabularies differ from the signed vocabularies".to_owned();
                return Err(ProofProblem::new(Code::ProofMalformed, detail));
            }
            document.insert("@context".to_owned(), signed.clone());
        }
        let spell = |value: Map<String, Value>| jsonld::jcs::canonical(&Value::Object(value));
        let (configuration, document) = (spell(configuration), spell(document));
        let hashes = (self.hash.digest(configuration.as_bytes()), self.hash.digest(document.as_bytes()));
        Ok(self.hashed(hashes, || (configuration, document)))
    }

    /// The signed bytes: the hash of the proof's options, then the hash of the document. `texts`: both texts before hashing.
    fn hashed(
        &self,
        (configuration_hash, document_hash): (Vec<u8>, Vec<u8>),
        texts: impl FnOnce() -> (String, String),
    ) -> Message {
        let explain = self.explain.then(|| {
            let (configuration, document) = texts();
            json!({
                "canonical_proof_options": configuration,
                "canonical_document": document,
                "proof_options_hash": hex::encode(&configuration_hash),
                "document_hash": hex::encode(&document_hash),
            })
        });
        Message { bytes: [configuration_hash, document_hash].concat(), explain, seen: Seen::default() }
    }
}

/// Whether the document's contexts begin with those of the proof.
fn starts_with(document: Option<&Value>, signed: &Value) -> bool {
    let mut of_document = entries(document);
    document.is_some() && entries(Some(signed)).all(|entry| of_document.next() == Some(entry))
}
