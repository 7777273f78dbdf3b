//! Freshly signed badges of an invented institution, for newcomers and for tests.
//! Comes in: a moment and a person's address. Goes out: files, signed with keys that exist only for this run.
//! Must not know: verification. The verifying code shares only JSON-LD with this room.

pub mod badge;
pub mod bake;
pub mod picture;
pub mod set;
pub mod sign;
pub mod status_list;

pub use badge::{Badge, Institution};
pub use set::{EMAIL, SampleFile, files};
pub use sign::{DataIntegrity, KeyKind, SigningKey};

/// The reason why a sample can't be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    #[error("the sample has no canonical form: {0}")]
    Canonical(#[from] crate::jsonld::JsonLdError),
    #[error("the sample could not be packed: {0}")]
    Packing(#[from] std::io::Error),
    #[error("the archive could not be written: {0}")]
    Archive(#[from] zip::result::ZipError),
}
