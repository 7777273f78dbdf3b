//! JSON-LD to canonical RDF: the only place that knows JSON-LD and RDF.
//! Comes in: a JSON document and the known contexts. Goes out: canonical N-Quads, or the reason why there is no canonical form.
//! Must not know: proofs, keys, issuers, the network (no context is ever fetched).

pub mod canonical;
mod context;
pub mod contexts;
pub mod dataset;
pub mod digests;
mod expand;
pub mod jcs;
pub mod notes;
#[cfg(test)]
mod tests;
pub mod vocabulary;

pub use canonical::{Canonical, HashAlgorithm, TooComplex, canonicalize};
pub use contexts::{Contexts, Edition};
pub use expand::{Expansion, expand, expand_without};

use crate::model::code::Code;
use notes::Path;

/// The quads of a document. [`expand`] also reports the values that did not become quads.
pub fn to_rdf(document: &serde_json::Value, contexts: &Contexts, edition: Edition) -> Result<dataset::Dataset, JsonLdError> {
    expand(document, contexts, edition, None).map(|expansion| expansion.dataset)
}

/// The reason why a document has no trustworthy RDF form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonLdError {
    /// The document uses a context that is neither built in nor added.
    #[error("the gateway does not know the context {0} and never fetches contexts")]
    UnknownContext(String),
    /// The document breaks JSON-LD. `code` is stable and follows the error codes of JSON-LD API §9.6.
    #[error("{detail}")]
    Invalid { code: Code, pointer: String, detail: String },
    #[error(transparent)]
    TooComplex(#[from] TooComplex),
}

impl JsonLdError {
    /// Adds the place, unless the error has a place.
    fn at(self, path: &Path<'_>) -> Self {
        match self {
            Self::Invalid { code, pointer, detail } if pointer.is_empty() => {
                Self::Invalid { code, pointer: path.pointer(), detail }
            }
            other => other,
        }
    }
}
