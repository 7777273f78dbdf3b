//! JSON-LD to canonical RDF: the only place that knows either.
//! Comes in: a JSON document and the contexts that may be used. Goes out: canonical N-Quads, or a reason why there are none.
//! Must not know: proofs, keys, issuers, or the network (no context is ever fetched).

pub mod contexts;

pub use contexts::Contexts;
