//! JSON-LD to canonical RDF: the only place that knows either.
//! Comes in: a JSON document and the contexts that may be used. Goes out: canonical N-Quads, or a reason why there are none.
//! Must not know: proofs, keys, issuers, or the network (no context is ever fetched).

pub mod canonical;
pub mod contexts;
pub mod dataset;
pub mod jcs;
mod to_rdf;

pub use canonical::{Canonical, HashAlgorithm, TooComplex, canonicalize};
pub use contexts::{Contexts, Edition};
pub use to_rdf::to_rdf;

/// Why a document has no RDF form that could be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonLdError {
    /// The document needs a context that is neither built in nor added.
    #[error("the context {0} is not known, and contexts are never fetched")]
    UnknownContext(String),
    /// The document breaks JSON-LD, or would lose data on the way to RDF. `code` is stable.
    #[error("{detail}")]
    Invalid { code: &'static str, pointer: String, detail: String },
    #[error(transparent)]
    TooComplex(#[from] TooComplex),
}

impl JsonLdError {
    pub(crate) fn invalid(code: &'static str, pointer: &str, detail: &str) -> Self {
        Self::Invalid { code, pointer: pointer.to_owned(), detail: detail.to_owned() }
    }
}
