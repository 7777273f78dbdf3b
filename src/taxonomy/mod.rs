//! Taxonomies: ESCO, O*NET, an employer's own catalogue. Comes in: official downloads. Goes out: compiled catalogues that concepts are
//! found in by address, by name and by likeness. Must not know: credentials, tenants, the database. Nothing of third parties is shipped.

pub mod build;
pub mod bundle;
pub mod catalogue;
pub mod embedding;
pub mod import;
pub mod lexical;
pub mod library;
pub mod packed;
pub mod take_in;
pub mod unbuild;
pub mod words;

pub use catalogue::Catalogue;
pub use library::{Library, Taxonomies};
